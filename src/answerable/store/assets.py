"""Queries about assets and their revisions, as any release has them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from answerable.domain.releases import Asset, AssetKind, Difference, Release, Revision
from answerable.store.tables import assets, revisions


@dataclass(frozen=True, slots=True)
class Revised:
    """An asset, and one revision of it."""

    asset: Asset
    revision: Revision


def in_force_at(release: int) -> ColumnElement[bool]:
    """Revisions that a release has: a filter, not a copy."""
    return and_(
        revisions.c.from_release <= release, or_(revisions.c.to_release.is_(None), revisions.c.to_release > release)
    )


def add(db: Connection, asset: Asset) -> None:
    """Keeps a new asset."""
    db.execute(insert(assets).values({name: getattr(asset, name) for name in Asset.__slots__}))


def add_revision(db: Connection, revision: Revision) -> None:
    """Keeps a revision."""
    db.execute(insert(revisions).values({name: getattr(revision, name) for name in Revision.__slots__}))


def end_revision(db: Connection, revision_id: str, *, to_release: int) -> None:
    """From that release on the revision is no longer in force."""
    db.execute(update(revisions).where(revisions.c.id == revision_id).values(to_release=to_release))


def in_release(db: Connection, kinds: Collection[AssetKind], release: int) -> list[Revised]:
    """What a release has of some kinds, by kind and key."""
    query = (
        select(*(assets.c[name].label(f"asset_{name}") for name in Asset.__slots__), revisions)
        .join(revisions, revisions.c.asset_id == assets.c.id)
        .where(assets.c.kind.in_(kinds), in_force_at(release))
    )
    found = [_as_revised(row._mapping) for row in db.execute(query)]
    # The databases do not agree on which of two words comes first.
    return sorted(found, key=lambda each: (each.asset.kind, each.asset.key))


def last_numbers(db: Connection, kinds: Collection[AssetKind]) -> dict[tuple[AssetKind, str], tuple[str, int]]:
    """Every asset that there ever was of some kinds, by kind and key: its id and its last revision's number."""
    rows = db.execute(
        select(assets.c.kind, assets.c.key, assets.c.id, func.max(revisions.c.number).label("number"))
        .join(revisions, revisions.c.asset_id == assets.c.id)
        .where(assets.c.kind.in_(kinds))
        .group_by(assets.c.kind, assets.c.key, assets.c.id)
    )
    return {(row.kind, row.key): (row.id, row.number) for row in rows}


def differences_of(db: Connection, release: Release) -> list[Difference]:
    """What a release began and ended, one difference for each asset."""
    shown = (revisions.c.number, revisions.c.title, revisions.c.author, revisions.c.reason, revisions.c.from_release)
    of_release = or_(revisions.c.from_release == release.number, revisions.c.to_release == release.number)
    rows: dict[str, list[Any]] = {}
    query = select(assets.c.id, assets.c.kind, assets.c.key, *shown)
    for row in db.execute(query.join(revisions, revisions.c.asset_id == assets.c.id).where(of_release)):
        rows.setdefault(row.id, []).append(row)
    return [_as_difference(each, release) for each in rows.values()]


def _as_difference(rows: list[Any], release: Release) -> Difference:
    begun = next((row for row in rows if row.from_release == release.number), None)
    ended = next((row for row in rows if row.from_release != release.number), None)
    shown = begun or rows[0]
    return Difference(
        asset_id=shown.id,
        kind=shown.kind,
        key=shown.key,
        title=shown.title,
        before=ended.number if ended else None,
        after=begun.number if begun else None,
        # Whoever takes something away leaves no revision that could say so.
        author=begun.author if begun else release.author,
        reason=begun.reason if begun else release.reason,
    )


def revisions_of(db: Connection, asset_id: str) -> list[Revision]:
    """All versions of an asset, newest first."""
    query = select(revisions).where(revisions.c.asset_id == asset_id).order_by(revisions.c.number.desc())
    return [_as_revision(row._mapping) for row in db.execute(query)]


def _as_revised(row: Any) -> Revised:
    return Revised(Asset(**{name: row[f"asset_{name}"] for name in Asset.__slots__}), _as_revision(row))


def _as_revision(row: Any) -> Revision:
    content = {name: row[name] for name in Revision.__slots__}
    return Revision(**{**content, "keywords": tuple(row["keywords"])})
