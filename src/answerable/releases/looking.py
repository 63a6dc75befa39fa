"""What a release has otherwise than another, asset by asset: `release_in_full(store, number, before=…)`."""

from dataclasses import dataclass

from sqlalchemy import Connection

from answerable.domain.errors import NotFound
from answerable.domain.releases import Difference, Release
from answerable.store import Store, assets, releases
from answerable.store.assets import Revised


@dataclass(frozen=True, slots=True)
class ReleaseInFull:
    """A release, and all that it changed."""

    release: Release
    before: int
    """The release that it is compared with."""
    differences: list[Difference]
    """By kind and title."""


async def release_in_full(store: Store, number: int, *, before: int | None = None) -> ReleaseInFull:
    """A release with what it has otherwise than another; without one, than the one before it, or its base.

    Raises NotFound.
    """

    def look(db: Connection) -> ReleaseInFull:
        release = _release(db, number)
        other = releases.before(db, release) if before is None else _release(db, before).number
        found = assets.differing(db, other, number).values()
        differences = [_difference(was, has, release) for was, has in found]
        return ReleaseInFull(
            release, other, sorted(differences, key=lambda each: (each.kind, each.title.casefold(), each.key))
        )

    return await store.read(look)


def _release(db: Connection, number: int) -> Release:
    release = releases.by_number(db, number)
    if release is None:
        raise NotFound(f"There is no release {number}.")
    return release


def _difference(was: Revised | None, has: Revised | None, release: Release) -> Difference:
    shown = has or was
    assert shown is not None
    return Difference(
        asset_id=shown.asset.id,
        kind=shown.asset.kind,
        key=shown.asset.key,
        title=shown.revision.title,
        before=was.revision.number if was is not None else None,
        after=has.revision.number if has is not None else None,
        # Whoever takes something away leaves no revision that could say so.
        author=has.revision.author if has is not None else release.author,
        reason=has.revision.reason if has is not None else release.reason,
    )
