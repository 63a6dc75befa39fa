"""Queries about what was told to a collector of traces: up to when, by whom, and which runs since then.

Runs become visible in another order than they ended in, by what their transactions take and by how the clocks of two
machines differ. So the place stays behind by `LATE_MAX`, and what was sent since then is kept by run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Update, exists, func, insert, select, update

from answerable.store.tables import runs, trace_places, traces_sent

LATE_MAX = timedelta(hours=1)
# Who gave a run up is not always who was at it, and that process writes what it did a moment later.
SETTLED = timedelta(seconds=10)

_PLACE = trace_places.c
_SENT = traces_sent.c


@dataclass(frozen=True, slots=True)
class TracePlace:
    """Where the telling of a collector is."""

    since: datetime
    """What ended before has been told."""
    attempts: int
    """How often it has failed since it last went well."""


def hold(db: Connection, url: str, *, holder: str, at: datetime, until: datetime) -> TracePlace | None:
    """Takes the collector for this process until a moment; None if another has it, or if it is not yet time.

    A new collector hears of what ends from now on.
    """
    db.info["lock"](db, "traces")
    row = db.execute(select(trace_places).where(_PLACE.url == url)).one_or_none()
    if row is None:
        db.execute(insert(trace_places).values(url=url, since=at, attempts=0, next_at=at, sent=0, given_up=0))
    elif row.next_at > at or (row.holder not in (None, holder) and row.held_until > at):
        return None
    db.execute(_of(url).values(holder=holder, held_until=until))
    return TracePlace(row.since, row.attempts) if row else TracePlace(at, 0)


def waiting(db: Connection, url: str, *, since: datetime, at: datetime, limit: int) -> list[tuple[str, datetime]]:
    """The runs that the collector has not heard of, with the time at which they ended, in that order."""
    told = exists().where(_SENT.url == url, _SENT.run_id == runs.c.id)
    query = select(runs.c.id, runs.c.ended_at).where(runs.c.ended_at >= since, runs.c.ended_at <= at - SETTLED, ~told)
    return [(row.id, row.ended_at) for row in db.execute(query.order_by(runs.c.ended_at, runs.c.id).limit(limit))]


def keep_told(
    db: Connection, url: str, told: Sequence[tuple[str, datetime]], *, arrived: bool, holder: str, until: datetime
) -> TracePlace | None:
    """These runs, the oldest that waited, are not told again. Gives the place as it is now, held until a later moment;
    None if another process has the collector by now.
    """
    db.info["lock"](db, "traces")
    names = [name for name, _ in told]
    query = select(_SENT.run_id).where(_SENT.url == url, _SENT.run_id.in_(names))
    known = set(db.execute(query).scalars())
    fresh = [{"url": url, "run_id": name, "ended_at": ended_at} for name, ended_at in told if name not in known]
    if fresh:
        db.execute(insert(traces_sent), fresh)
    counted = _PLACE.sent if arrived else _PLACE.given_up
    db.execute(_of(url).values({counted: counted + len(fresh), _PLACE.attempts: 0}))
    if db.execute(_of(url).where(_PLACE.holder == holder).values(held_until=until)).rowcount == 0:
        return None
    return TracePlace(_move(db, url, told[-1][1]), 0)


def fail(db: Connection, url: str, *, holder: str, next_at: datetime) -> None:
    """The collector is let go, and not asked before a moment."""
    mine = _of(url).where(_PLACE.holder == holder)
    db.execute(mine.values(holder=None, attempts=_PLACE.attempts + 1, next_at=next_at))


def let_go(db: Connection, url: str, *, holder: str, at: datetime) -> None:
    """All has been told: the place moves on, and what is behind it is forgotten."""
    db.info["lock"](db, "traces")
    mine = _of(url).where(_PLACE.holder == holder)
    if db.execute(mine.values(holder=None)).rowcount == 1:
        _move(db, url, at)


def numbers(db: Connection, url: str) -> tuple[int, int, int]:
    """How many runs have arrived, how many were given up, and how many wait."""
    place = db.execute(select(trace_places).where(_PLACE.url == url)).one_or_none()
    if place is None:
        return 0, 0, 0
    told = exists().where(_SENT.url == url, _SENT.run_id == runs.c.id)
    query = select(func.count()).select_from(runs).where(runs.c.ended_at >= place.since, ~told)
    return place.sent, place.given_up, db.execute(query).scalar_one()


def _move(db: Connection, url: str, told_until: datetime) -> datetime:
    """Follows what was told, at a distance, and forgets what lies behind. Gives the place."""
    place = told_until - LATE_MAX
    db.execute(_of(url).where(_PLACE.since < place).values(since=place))
    since: datetime = db.execute(select(_PLACE.since).where(_PLACE.url == url)).scalar_one()
    db.execute(traces_sent.delete().where(_SENT.url == url, _SENT.ended_at < since))
    return since


def _of(url: str) -> Update:
    return update(trace_places).where(_PLACE.url == url)
