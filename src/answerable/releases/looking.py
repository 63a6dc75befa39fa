"""What a release changed, asset by asset: `release_in_full(store, number)`."""

from dataclasses import dataclass

from sqlalchemy import Connection

from answerable.domain.errors import NotFound
from answerable.domain.releases import Difference, Release
from answerable.store import Store, assets, releases


@dataclass(frozen=True, slots=True)
class ReleaseInFull:
    """A release, and all that it changed."""

    release: Release
    differences: list[Difference]
    """By kind and title."""


async def release_in_full(store: Store, number: int) -> ReleaseInFull:
    """A release with what it changed against the one before. Raises NotFound."""

    def look(db: Connection) -> ReleaseInFull:
        release = releases.by_number(db, number)
        if release is None:
            raise NotFound("There is no such release.")
        found = assets.differences_of(db, release)
        return ReleaseInFull(release, sorted(found, key=lambda each: (each.kind, each.title.casefold(), each.key)))

    return await store.read(look)
