"""What a release pins of how the agent works, beside what it knows: `pinned_by(store, release)`."""

from dataclasses import dataclass

from answerable.domain.releases import AssetKind, Revision
from answerable.store import Store, assets

PINNED: tuple[AssetKind, ...] = ("instruction", "procedure")
"""The kinds that stand in the workspace's files. Articles are imported, and searched as a release has them."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The revisions that a conversation on a release is answered by."""

    procedures: tuple[Revision, ...] = ()
    instructions: Revision | None = None
    """The company's own, for language models."""


async def pinned_by(store: Store, release: int) -> Pinned:
    """What a release pins. Once it is shipped this never changes."""
    found = await store.read(assets.in_release, PINNED, release)
    return Pinned(
        tuple(each.revision for each in found if each.asset.kind == "procedure"),
        next((each.revision for each in found if each.asset.kind == "instruction"), None),
    )
