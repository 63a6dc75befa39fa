"""Queries about the line of releases."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from answerable.domain.knowledge import Release
from answerable.store.tables import releases


def newest(db: Connection) -> int:
    """The number of the release in force; 0 before anything was published."""
    number: int = db.execute(select(func.max(releases.c.number))).scalar_one()
    return number


def ship(db: Connection, *, reason: str, author: str, at: datetime) -> int:
    """Adds the next release and gives its number. Two at once: one of them waits, then gets the number after."""
    db.info["lock"](db, "releases")
    number = newest(db) + 1
    db.execute(insert(releases).values(number=number, reason=reason, author=author, created_at=at))
    return number


def line(db: Connection, limit: int) -> list[Release]:
    """The newest releases, newest first."""
    return [
        Release(**row._mapping) for row in db.execute(select(releases).order_by(releases.c.number.desc()).limit(limit))
    ]
