"""What a release pins of how the agent works, beside what it knows: `pinned_by(store, release)`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from answerable.domain.releases import AssetKind, Revision
from answerable.store import Store, assets
from answerable.store.assets import Revised

PINNED: tuple[AssetKind, ...] = ("instruction", "procedure")
"""The kinds that stand in the workspace's files. Articles are imported, and searched as a release has them."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The revisions that a conversation on a release is answered by."""

    procedures_by_key: Mapping[str, Revision] = field(default_factory=dict)
    instructions: Revision | None = None
    """The company's own, for language models."""

    @property
    def procedures(self) -> tuple[Revision, ...]:
        """In the order of their keys."""
        return tuple(self.procedures_by_key.values())


async def pinned_by(store: Store, release: int) -> Pinned:
    """What a release pins. Once there is such a release this never changes."""
    return pinned_among(await store.read(assets.in_release, PINNED, release))


def pinned_among(found: Iterable[Revised]) -> Pinned:
    """What is pinned of all that a release has."""
    every = list(found)
    return Pinned(
        {each.asset.key: each.revision for each in every if each.asset.kind == "procedure"},
        next((each.revision for each in every if each.asset.kind == "instruction"), None),
    )
