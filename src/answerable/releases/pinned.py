"""What a release pins of how the agent works, beside what it knows: `pinned_by(store, release)`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from answerable.domain.releases import AssetKind, Revision
from answerable.store import Store, assets
from answerable.store.assets import Revised

PINNED: tuple[AssetKind, ...] = ("instruction", "model", "procedure", "threshold")
"""The kinds of the workspace's files that a conversation keeps. Articles are imported, and searched as a release has
them; policies hold for everybody at once."""

_MODEL: tuple[AssetKind, ...] = ("model",)


@dataclass(frozen=True, slots=True)
class Pinned:
    """The revisions that a conversation on a release is answered by."""

    procedures_by_key: Mapping[str, Revision] = field(default_factory=dict)
    instructions: Revision | None = None
    """The company's own, for language models."""
    thresholds: Revision | None = None
    model: Revision | None = None

    @property
    def revision_ids(self) -> tuple[str, ...]:
        """Of all that is pinned, always in the same order."""
        every = (*self.procedures, self.instructions, self.thresholds, self.model)
        return tuple(each.id for each in every if each is not None)

    @property
    def procedures(self) -> tuple[Revision, ...]:
        """In the order of their keys."""
        return tuple(self.procedures_by_key.values())


def model_in(db: Connection, release: int) -> Revision | None:
    """The choice of a model in a release."""
    return next((each.revision for each in assets.in_release(db, _MODEL, release)), None)


async def pinned_by(store: Store, release: int) -> Pinned:
    """What a release pins. Once there is such a release this never changes."""
    return pinned_among(await store.read(assets.in_release, PINNED, release))


def pinned_among(found: Iterable[Revised]) -> Pinned:
    """What is pinned of all that a release has."""
    every = list(found)
    alone = {each.asset.kind: each.revision for each in every}
    return Pinned(
        {each.asset.key: each.revision for each in every if each.asset.kind == "procedure"},
        instructions=alone.get("instruction"),
        thresholds=alone.get("threshold"),
        model=alone.get("model"),
    )
