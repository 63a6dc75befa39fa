"""Queries about assets and their revisions, as any release has them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, not_, or_, select, update

from answerable.domain.releases import Asset, AssetKind, Revision
from answerable.store.tables import assets, overlays, releases, revisions


@dataclass(frozen=True, slots=True)
class Revised:
    """An asset, and one revision of it."""

    asset: Asset
    revision: Revision


def in_force_at(release: int) -> ColumnElement[bool]:
    """Revisions that a release has, on the line or beside it: a filter, not a copy."""
    its = releases.alias()
    base = func.coalesce(select(its.c.base).where(its.c.number == release).scalar_subquery(), release)
    covered = exists().where(overlays.c.release == release, overlays.c.asset_id == revisions.c.asset_id)
    laid_over = exists().where(overlays.c.release == release, overlays.c.revision_id == revisions.c.id)
    on_the_line = and_(
        revisions.c.from_release.is_not(None),
        revisions.c.from_release <= base,
        or_(revisions.c.to_release.is_(None), revisions.c.to_release > base),
    )
    return or_(and_(on_the_line, not_(covered)), laid_over)


def in_force_now() -> ColumnElement[bool]:
    """Revisions that the newest release of the line has."""
    return and_(revisions.c.from_release.is_not(None), revisions.c.to_release.is_(None))


def add(db: Connection, asset: Asset) -> None:
    """Keeps a new asset."""
    db.execute(insert(assets).values({name: getattr(asset, name) for name in Asset.__slots__}))


def by_id(db: Connection, asset_id: str) -> Asset | None:
    """An asset."""
    row = db.execute(select(assets).where(assets.c.id == asset_id)).one_or_none()
    return Asset(**row._mapping) if row else None


def by_key(db: Connection, kind: AssetKind, key: str) -> Asset | None:
    """An asset by what makes it the same one next time."""
    row = db.execute(select(assets).where(assets.c.kind == kind, assets.c.key == key)).one_or_none()
    return Asset(**row._mapping) if row else None


def take_from_source(db: Connection, asset_id: str, digest: str | None) -> None:
    """Keeps what an asset's file or site had when it was taken from there; none if it was gone."""
    db.execute(update(assets).where(assets.c.id == asset_id).values(source_digest=digest))


def add_revision(db: Connection, revision: Revision) -> None:
    """Keeps a revision."""
    db.execute(insert(revisions).values({name: getattr(revision, name) for name in Revision.__slots__}))


def begin_revision(db: Connection, revision_id: str, *, from_release: int) -> None:
    """From that release on the revision is in force."""
    db.execute(update(revisions).where(revisions.c.id == revision_id).values(from_release=from_release))


def end_revision(db: Connection, revision_id: str, *, to_release: int) -> None:
    """From that release on the revision is no longer in force."""
    db.execute(update(revisions).where(revisions.c.id == revision_id).values(to_release=to_release))


def in_release(db: Connection, kinds: Collection[AssetKind], release: int) -> list[Revised]:
    """What a release has of some kinds, by kind and key."""
    found = _revised(db, assets.c.kind.in_(kinds), in_force_at(release))
    # The databases do not agree on which of two words comes first.
    return sorted(found, key=lambda each: (each.asset.kind, each.asset.key))


def one_in_release(db: Connection, asset_id: str, release: int) -> Revised | None:
    """What a release has of an asset."""
    return next(iter(_revised(db, assets.c.id == asset_id, in_force_at(release))), None)


def of_kinds(db: Connection, kinds: Collection[AssetKind]) -> list[Asset]:
    """Every asset that there ever was of some kinds."""
    return [Asset(**row._mapping) for row in db.execute(select(assets).where(assets.c.kind.in_(kinds)))]


def were_ever(db: Connection, kinds: Collection[AssetKind]) -> bool:
    """Whether there ever was an asset of some kinds."""
    return db.execute(select(exists().where(assets.c.kind.in_(kinds)))).scalar_one()


def last_number(db: Connection, asset_id: str) -> int:
    """The number of the newest revision of an asset, shipped or not; 0 if there is none."""
    newest = select(func.max(revisions.c.number)).where(revisions.c.asset_id == asset_id)
    return db.execute(newest).scalar_one() or 0


def revision(db: Connection, revision_id: str) -> Revision | None:
    """A revision."""
    row = db.execute(select(revisions).where(revisions.c.id == revision_id)).one_or_none()
    return _as_revision(row._mapping) if row else None


def differing(db: Connection, before: int, after: int) -> dict[str, tuple[Revised | None, Revised | None]]:
    """What two releases do not have alike: the revision that each has, by the asset's id."""
    was, now = in_force_at(before), in_force_at(after)
    found: dict[str, tuple[Revised | None, Revised | None]] = {}
    for each in _revised(db, was, not_(now)):
        found[each.asset.id] = (each, None)
    for each in _revised(db, now, not_(was)):
        found[each.asset.id] = (found.get(each.asset.id, (None, None))[0], each)
    return found


def _revised(db: Connection, *wanted: ColumnElement[bool]) -> list[Revised]:
    query = (
        select(*(assets.c[name].label(f"asset_{name}") for name in Asset.__slots__), revisions)
        .join(revisions, revisions.c.asset_id == assets.c.id)
        .where(*wanted)
    )
    return [_as_revised(row._mapping) for row in db.execute(query)]


def revisions_of(db: Connection, asset_id: str) -> list[Revision]:
    """All versions of an asset, newest first."""
    query = select(revisions).where(revisions.c.asset_id == asset_id).order_by(revisions.c.number.desc())
    return [_as_revision(row._mapping) for row in db.execute(query)]


def _as_revised(row: Any) -> Revised:
    return Revised(Asset(**{name: row[f"asset_{name}"] for name in Asset.__slots__}), _as_revision(row))


def _as_revision(row: Any) -> Revision:
    content = {name: row[name] for name in Revision.__slots__}
    return Revision(**{**content, "keywords": tuple(row["keywords"])})
