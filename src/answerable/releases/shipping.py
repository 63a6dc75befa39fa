"""Shipping what has changed in the workspace's files, all of it as one release: `ship_files`."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.domain.releases import Asset, AssetKind, Release, Revision, Way
from answerable.releases.workspace import AssetFile
from answerable.store import Store, assets, releases
from answerable.store.assets import Revised

AUTHOR = "Answerable"
TITLES_TOLD_MAX = 10

_WORDS: Mapping[AssetKind, str] = {"procedure": "Procedures", "instruction": "Instructions"}


@dataclass(frozen=True, slots=True)
class _Difference:
    """What is in force of an asset, beside what stands in its file."""

    before: Revised | None
    file: AssetFile | None

    @property
    def way(self) -> Way:
        if self.before is None:
            return "added"
        return "removed" if self.file is None else "changed"

    @property
    def kind(self) -> AssetKind:
        return self.file.kind if self.file is not None else self._held.asset.kind

    @property
    def title(self) -> str:
        return self.file.title if self.file is not None else self._held.revision.title

    @property
    def _held(self) -> Revised:
        assert self.before is not None
        return self.before


async def ship_files(store: Store, files: Sequence[AssetFile], *, kinds: Collection[AssetKind]) -> Release | None:
    """Ships one release, after which these files are in force and no others of their kinds; None if they are already.

    Two processes that start at once ship it once: the second one waits, and then finds nothing to do.
    """
    return await store.write(_ship, files, kinds)


def _ship(db: Connection, files: Sequence[AssetFile], kinds: Collection[AssetKind]) -> Release | None:
    releases.hold(db)
    found = _differences(assets.in_release(db, kinds, releases.newest(db)), files)
    if not found:
        return None
    release = releases.ship(db, reason=_in_words(found), author=AUTHOR, at=now())
    known = assets.last_numbers(db, kinds)
    for each in found:
        if each.before is not None:
            assets.end_revision(db, each.before.revision.id, to_release=release.number)
        if each.file is not None:
            asset_id, number = known.get((each.file.kind, each.file.key)) or _new_asset(db, each.file, release)
            assets.add_revision(db, _revision(each.file, asset_id, number + 1, release))
    return release


def _differences(in_force: Iterable[Revised], files: Sequence[AssetFile]) -> list[_Difference]:
    before = {(each.asset.kind, each.asset.key): each for each in in_force}
    there = {(each.kind, each.key): each for each in files}
    differences = [_Difference(before.get(place), file) for place, file in there.items()]
    gone = [_Difference(held, None) for place, held in before.items() if place not in there]
    return [each for each in differences if not _is_in_force(each)] + gone


def _is_in_force(each: _Difference) -> bool:
    return each.before is not None and each.file is not None and each.before.revision.digest == _digest(each.file)


def _new_asset(db: Connection, file: AssetFile, release: Release) -> tuple[str, int]:
    asset = Asset(new_id("ast"), file.kind, file.key, release.created_at)
    assets.add(db, asset)
    return asset.id, 0


def _revision(file: AssetFile, asset_id: str, number: int, release: Release) -> Revision:
    return Revision(
        id=new_id("rev"),
        asset_id=asset_id,
        number=number,
        title=file.title,
        text=file.text,
        digest=_digest(file),
        author=release.author,
        reason=release.reason,
        from_release=release.number,
        to_release=None,
        created_at=release.created_at,
    )


def _digest(file: AssetFile) -> str:
    return hashlib.sha256(file.text.encode()).hexdigest()


def _in_words(found: Sequence[_Difference]) -> str:
    """Why there is a release, as a rep reads it: “Procedures changed in the workspace: Refund a charge.”"""
    ways: tuple[Way, ...] = ("added", "changed", "removed")
    told = [(kind, way, [e.title for e in found if (e.kind, e.way) == (kind, way)]) for kind in _WORDS for way in ways]
    return " ".join(_sentence(kind, way, titles) for kind, way, titles in told if titles)


def _sentence(kind: AssetKind, way: Way, titles: Sequence[str]) -> str:
    sentence = f"{_WORDS[kind]} {way} {'from' if way == 'removed' else 'in'} the workspace"
    if kind == "instruction":
        # There is one file of them.
        return f"{sentence}."
    more = [f"and {len(titles) - TITLES_TOLD_MAX} more"] if len(titles) > TITLES_TOLD_MAX else []
    return f"{sentence}: {', '.join([*titles[:TITLES_TOLD_MAX], *more])}."
