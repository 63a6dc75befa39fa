"""Shipping what has changed in the workspace's files, all of it as one release: `ship_files`."""

import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.domain.releases import Asset, AssetKind, Release, Revision, Way
from answerable.releases.workspace import AssetFile
from answerable.store import Store, assets, releases
from answerable.store.assets import Revised

log = logging.getLogger(__name__)

AUTHOR = "Answerable"
TITLES_TOLD_MAX = 10
CHANGED_ON_BOTH_SIDES = (
    "“%s” was changed by a person in the console or through the API, and its file in the workspace has changed as "
    "well. The person's version stays in force. `answerable export` writes it into files."
)

_WORDS: Mapping[AssetKind, str] = {
    "procedure": "Procedures",
    "policy": "Policies",
    "instruction": "Instructions",
    "threshold": "Thresholds",
    "model": "Model settings",
}
_ALONE = ("instruction", "threshold", "model")
"""There is one file of each."""


@dataclass(frozen=True, slots=True)
class _Difference:
    """What is in force of an asset, beside what stands in its file."""

    asset: Asset | None
    before: Revised | None
    file: AssetFile | None

    @property
    def digest(self) -> str | None:
        """Of what stands in the file."""
        return _digest(self.file) if self.file is not None else None

    @property
    def is_done_already(self) -> bool:
        """Whether a person has made the same of it."""
        return self._in_force == self.digest

    @property
    def is_also_a_persons(self) -> bool:
        """Whether a person has made something else of it than what was last taken from the file."""
        return self.asset is not None and self._in_force != self.asset.source_digest

    @property
    def way(self) -> Way:
        if self.before is None:
            return "added"
        return "removed" if self.file is None else "changed"

    @property
    def kind(self) -> AssetKind:
        return self.file.kind if self.file is not None else self._asset.kind

    @property
    def title(self) -> str:
        if self.file is not None:
            return self.file.title
        return self.before.revision.title if self.before is not None else self._asset.key

    @property
    def _in_force(self) -> str | None:
        return self.before.revision.digest if self.before is not None else None

    @property
    def _asset(self) -> Asset:
        assert self.asset is not None
        return self.asset


async def ship_files(store: Store, files: Sequence[AssetFile], *, kinds: Collection[AssetKind]) -> Release | None:
    """Ships one release with all that has changed in these files since they were last read; None if nothing has.

    What a person has changed meanwhile stays as it is; where its file has changed, too, the log says so.

    Two processes that start at once ship it once: the second one waits, and then finds nothing to do.
    """
    return await store.write(ship_in, files, kinds)


def ship_in(db: Connection, files: Sequence[AssetFile], kinds: Collection[AssetKind]) -> Release | None:
    """The same in the caller's transaction."""
    releases.hold(db)
    found = _differences(assets.of_kinds(db, kinds), assets.in_release(db, kinds, releases.newest(db)), files)
    for each in found:
        if each.is_done_already and each.asset is not None:
            assets.take_from_source(db, each.asset.id, each.digest)
        elif each.is_also_a_persons:
            log.warning(CHANGED_ON_BOTH_SIDES, each.title)
    wanted = [each for each in found if not each.is_done_already and not each.is_also_a_persons]
    if not wanted:
        return None
    is_first = "procedure" in kinds and not assets.were_ever(db, kinds)
    release = releases.ship(db, reason=_in_words(wanted), author=AUTHOR, at=now())
    for each in wanted:
        if each.before is not None:
            assets.end_revision(db, each.before.revision.id, to_release=release.number)
        asset = each.asset or _new_asset(db, each, release)
        if each.file is not None:
            number = assets.last_number(db, asset.id) + 1
            assets.add_revision(db, _revision(each.file, asset.id, number, release))
        assets.take_from_source(db, asset.id, each.digest)
    if is_first:
        # Conversations that an older program opened, which had these without releases.
        releases.send_on(db, [n for n in releases.on_line_after(db, -1) if n != release.number], to=release.number)
    return release


def _differences(known: Iterable[Asset], in_force: Iterable[Revised], files: Sequence[AssetFile]) -> list[_Difference]:
    """What stands otherwise in the files than when they were last read."""
    by_place = {(each.kind, each.key): each for each in known}
    before = {(each.asset.kind, each.asset.key): each for each in in_force}
    there = {(each.kind, each.key): each for each in files}
    places = [*there, *(place for place in by_place if place not in there)]
    found = [_Difference(by_place.get(place), before.get(place), there.get(place)) for place in places]
    return [each for each in found if each.digest != (each.asset.source_digest if each.asset is not None else None)]


def _new_asset(db: Connection, each: _Difference, release: Release) -> Asset:
    assert each.file is not None
    asset = Asset(new_id("ast"), each.file.kind, each.file.key, release.created_at)
    assets.add(db, asset)
    return asset


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
    if kind in _ALONE:
        return f"{sentence}."
    more = [f"and {len(titles) - TITLES_TOLD_MAX} more"] if len(titles) > TITLES_TOLD_MAX else []
    return f"{sentence}: {', '.join([*titles[:TITLES_TOLD_MAX], *more])}."
