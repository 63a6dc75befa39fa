"""Queries about the line of releases."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from answerable.domain.releases import Release
from answerable.store.tables import releases


def newest(db: Connection) -> int:
    """The number of the release in force; 0 before anything was published."""
    number: int = db.execute(select(func.max(releases.c.number))).scalar_one()
    return number


def hold(db: Connection) -> None:
    """Nobody else ships from here to the end of the transaction: what is in force stays so while it is compared."""
    db.info["lock"](db, "releases")


def ship(db: Connection, *, reason: str, author: str, at: datetime) -> Release:
    """Adds the next release and gives it. Two at once: one of them waits, then gets the number after."""
    hold(db)
    release = Release(newest(db) + 1, reason, author, at)
    db.execute(insert(releases).values({name: getattr(release, name) for name in Release.__slots__}))
    return release


def by_number(db: Connection, number: int) -> Release | None:
    """A release."""
    row = db.execute(select(releases).where(releases.c.number == number)).one_or_none()
    return Release(**row._mapping) if row else None


def line(db: Connection, limit: int) -> list[Release]:
    """The newest releases, newest first."""
    return [
        Release(**row._mapping) for row in db.execute(select(releases).order_by(releases.c.number.desc()).limit(limit))
    ]
