"""Queries about releases: the one line of them, those beside it, and where conversations go on."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, func, insert, or_, select, update

from answerable.domain.releases import Release
from answerable.store.tables import overlays, releases

_OWN = releases.c
# What every opened conversation asks is put together once.
_NEWEST = select(func.max(_OWN.number)).where(_OWN.base.is_(None))


def newest(db: Connection) -> int:
    """The number of the release in force; 0 before anything was published."""
    number: int = db.execute(_NEWEST).scalar_one()
    return number


def hold(db: Connection) -> None:
    """Nobody else ships from here to the end of the transaction: what is in force stays so while it is compared."""
    db.info["lock"](db, "releases")


def ship(
    db: Connection, *, reason: str, author: str, at: datetime, urgent: bool = False, candidate_id: str | None = None
) -> Release:
    """Adds the next release of the line and gives it. Two at once: one of them waits, then gets a number after."""
    hold(db)
    release = Release(_next(db), reason, author, at, candidate_id=candidate_id, urgent=urgent)
    _add(db, release)
    return release


def seal(
    db: Connection,
    *,
    base: int,
    laid_over: Iterable[tuple[str, str | None]],
    reason: str,
    author: str,
    at: datetime,
    candidate_id: str | None = None,
) -> Release:
    """Adds a release beside the line: its base, but for each asset of `laid_over` another revision, or none."""
    hold(db)
    release = Release(_next(db), reason, author, at, base=base, candidate_id=candidate_id)
    _add(db, release)
    rows = [
        {"release": release.number, "asset_id": asset_id, "revision_id": revision_id}
        for asset_id, revision_id in laid_over
    ]
    if rows:
        db.execute(insert(overlays), rows)
    return release


def laid_over(db: Connection, release: int) -> dict[str, str | None]:
    """What a release beside the line has in place of its base's, by asset: a revision's id, or none."""
    rows = db.execute(select(overlays.c.asset_id, overlays.c.revision_id).where(overlays.c.release == release))
    return {row.asset_id: row.revision_id for row in rows}


def send_on(db: Connection, numbers: Collection[int], *, to: int) -> None:
    """Conversations on these releases, and those sent on to these before, go on with another from their next turn."""
    moved = or_(_OWN.number.in_(numbers), _OWN.goes_on_with.in_(numbers))
    db.execute(update(releases).where(moved, _OWN.number != to).values(goes_on_with=to))


def goes_on_with(db: Connection, number: int) -> int:
    """The release with which a conversation on that one begins its next turn: mostly the same."""
    found: int | None = db.execute(select(_OWN.goes_on_with).where(_OWN.number == number)).scalar_one_or_none()
    return number if found is None else found


def by_number(db: Connection, number: int) -> Release | None:
    """A release."""
    row = db.execute(select(releases).where(_OWN.number == number)).one_or_none()
    return Release(**row._mapping) if row else None


def before(db: Connection, release: Release) -> int:
    """What a release is compared with: its base, or the one before it on the line; itself for the first."""
    if release.base is not None:
        return release.base
    found: int | None = db.execute(_NEWEST.where(_OWN.number < release.number)).scalar_one()
    return release.number if found is None else found


def line(db: Connection, limit: int) -> list[Release]:
    """The newest releases of the line, newest first."""
    query = select(releases).where(_OWN.base.is_(None)).order_by(_OWN.number.desc()).limit(limit)
    return [Release(**row._mapping) for row in db.execute(query)]


def on_line_after(db: Connection, number: int) -> list[int]:
    """The releases of the line after one, oldest first."""
    query = select(_OWN.number).where(_OWN.base.is_(None), _OWN.number > number)
    return list(db.execute(query.order_by(_OWN.number)).scalars())


def beside_line(db: Connection) -> list[int]:
    """The numbers of all releases beside the line."""
    return list(db.execute(select(_OWN.number).where(_OWN.base.is_not(None))).scalars())


def _next(db: Connection) -> int:
    last: int = db.execute(select(func.max(_OWN.number))).scalar_one()
    return last + 1


def _add(db: Connection, release: Release) -> None:
    db.execute(insert(releases).values({name: getattr(release, name) for name in Release.__slots__}))
