"""Queries about the processes that do the work, so that the living can take over from the dead."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from answerable.store.tables import workers


def add(db: Connection, worker_id: str, *, host: str, process: int, at: datetime) -> None:
    """Says that a worker has begun."""
    db.execute(insert(workers).values(id=worker_id, host=host, process=process, started_at=at, seen_at=at))


def seen(db: Connection, worker_id: str, at: datetime) -> bool:
    """Says that a worker is alive; False if others took it for dead and it must begin again under a new name."""
    return db.execute(update(workers).where(workers.c.id == worker_id).values(seen_at=at)).rowcount == 1


def others(db: Connection, worker_id: str) -> list[tuple[str, str, int, datetime]]:
    """Name, host, process and last sign of life of every other worker."""
    rows = db.execute(select(workers).where(workers.c.id != worker_id))
    return [(row.id, row.host, row.process, row.seen_at) for row in rows]


def claim(db: Connection, worker_id: str, *, seen_before: datetime, host: str, process: int, at: datetime) -> bool:
    """Puts a living process in the place of a dead worker, as long as its work is being taken over.

    False if somebody else was first, or if it has shown life since. Should the claimer die, it is found dead too.
    """
    done = db.execute(
        update(workers)
        .where(workers.c.id == worker_id, workers.c.seen_at == seen_before)
        .values(host=host, process=process, seen_at=at)
    )
    return done.rowcount == 1


def remove(db: Connection, worker_id: str) -> bool:
    """Takes a worker off the list; False if somebody else did."""
    return db.execute(delete(workers).where(workers.c.id == worker_id)).rowcount == 1
