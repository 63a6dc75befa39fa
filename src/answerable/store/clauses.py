"""Queries about clauses: what each says, and from when to when."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Text, and_, bindparam, case, cast, func, insert, or_, select, update

from answerable.domain.actions import Clause
from answerable.store.tables import clauses

_MOMENTS = ("from_moment", "to_moment")
_OWN_END = "own_end"
"""Beside what a clause says: a version that was cut short for one that now comes later holds until then, not longer."""
_NO_MOMENT = datetime.min.replace(tzinfo=UTC)
_OWN = clauses.c
_AT = bindparam("at", type_=_OWN.from_moment.type)
_LAST_CHANGE = select(func.max(_OWN.created_at))
_LATER = case((_LAST_CHANGE.scalar_subquery() < _AT, _AT), else_=_LAST_CHANGE.scalar_subquery())
# What every call asks is put together once: building a statement costs more than running it.
_IN_FORCE, _IN_FORCE_NOW = (
    select(cast(_OWN.content, Text), _OWN.from_moment, _OWN.to_moment)
    .where(_OWN.from_moment <= moment, or_(_OWN.to_moment.is_(None), _OWN.to_moment > moment))
    .order_by(_OWN.id, _OWN.number)
    for moment in (_AT, _LATER)
)


def in_force(db: Connection, at: datetime) -> list[Clause]:
    """The clauses that held at a moment, by their ids."""
    return [_clause(*row) for row in db.execute(_IN_FORCE, {"at": at})]


def in_force_now(db: Connection, at: datetime) -> list[Clause]:
    """The clauses that hold now, by their ids; where the clock has gone back, still those that were put last."""
    return [_clause(*row) for row in db.execute(_IN_FORCE_NOW, {"at": at})]


def left_out(db: Connection, wanted: Iterable[Clause], at: datetime) -> list[Clause]:
    """The clauses that hold, or wait to, and are not among those that are wanted: to put these takes them away."""
    ids = {each.id for each in wanted}
    gone = _still_open(db, [row for row in _newest(db) if row.id not in ids], _not_before_the_last(db, at))
    return [_clause(msgspec.json.encode(row.content).decode(), row.from_moment, row.to_moment) for row in gone]


def put(db: Connection, wanted: Iterable[Clause], at: datetime) -> int:
    """From now on these are the clauses. Gives how many have changed; what held until now is kept as it was.

    A clause that is new, or not as it was, holds from its own moment or from now on, whichever is later; until then
    what held before does. One that is not among them any more holds until now. Where the clock has gone back, now is
    when they were last put.
    """
    at = _not_before_the_last(db, at)
    held = {row.id: row for row in _newest(db)}
    changed = 0
    for clause in wanted:
        before, begins = held.pop(clause.id, None), max(clause.from_moment, at)
        if before is not None:
            is_as_it_was = _says_the_same(before.content, clause) and before.to_moment == clause.to_moment
            if is_as_it_was and begins == max(before.from_moment, at):
                continue
            _make_way(db, clause.id, at, begins)
        changed += 1
        content = {**_content(clause), _OWN_END: clause.to_moment and clause.to_moment.isoformat()}
        _add(db, clause.id, before, content, (begins, clause.to_moment), at)
    for row in _still_open(db, held.values(), at):
        changed += 1
        _make_way(db, row.id, at, at)
        # That it was taken away is a version, too, and never in force.
        _add(db, row.id, row, row.content, (at, at), at)
    return changed


def _not_before_the_last(db: Connection, at: datetime) -> datetime:
    last: datetime | None = db.execute(_LAST_CHANGE).scalar()
    return max(at, last) if last is not None else at


def _still_open(db: Connection, newest: Iterable[Any], at: datetime) -> list[Any]:
    # Not only the newest version may hold on: one that ends before it begins leaves the one before it in force.
    open_ = set(db.execute(select(clauses.c.id).where(_is_open(at))).scalars())
    return [row for row in newest if row.id in open_]


def _add(
    db: Connection, clause_id: str, before: Any, content: Any, holds: tuple[datetime, datetime | None], at: datetime
) -> None:
    version = {"id": clause_id, "number": before.number + 1 if before is not None else 1, "content": content}
    db.execute(insert(clauses).values(**version, **dict(zip(_MOMENTS, holds, strict=True)), created_at=at))


def _make_way(db: Connection, clause_id: str, at: datetime, begins: datetime) -> None:
    """What holds does until the new version begins or its own end comes; a version that waits to begin never does."""
    rows = list(db.execute(select(clauses).where(_OWN.id == clause_id, _is_open(at))))
    waiting = {row.from_moment for row in rows if row.from_moment > at}
    for row in rows:
        own_end = _own_end(row, waiting)
        stays_until = begins if own_end is None else min(own_end, begins)
        ends = row.from_moment if row.from_moment > at else stays_until
        this = and_(_OWN.id == clause_id, _OWN.number == row.number)
        db.execute(update(clauses).where(this).values(to_moment=ends))


def _is_open(at: datetime) -> ColumnElement[bool]:
    return or_(_OWN.to_moment.is_(None), _OWN.to_moment > at)


def _own_end(row: Any, waiting: set[datetime]) -> datetime | None:
    """When a version ends by itself, whatever has cut it short meanwhile; None if it does not."""
    if _OWN_END in row.content:
        own_end = row.content[_OWN_END]
        return datetime.fromisoformat(own_end) if own_end is not None else None
    # Written down by an older program: where another version waits to begin, it is that which ends it.
    return None if row.to_moment in waiting else row.to_moment


def _newest(db: Connection) -> list[Any]:
    later = clauses.alias()
    query = select(clauses).outerjoin(later, and_(later.c.id == clauses.c.id, later.c.number > clauses.c.number))
    return list(db.execute(query.where(later.c.id.is_(None))))


def _says_the_same(content: dict[str, Any], clause: Clause) -> bool:
    # Read first: what an older program wrote down lacks what clauses can say by now.
    return _content(_read(msgspec.json.encode(content).decode())) == _content(clause)


def _content(clause: Clause) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(clause))
    return {name: value for name, value in content.items() if name not in _MOMENTS}


def _clause(content: str, from_moment: datetime, to_moment: datetime | None) -> Clause:
    return replace(_read(content), from_moment=from_moment, to_moment=to_moment)


@lru_cache(maxsize=1_000)
def _read(content: str) -> Clause:
    """A clause without its moments: reading the same anew for each call costs more than finding it."""
    return msgspec.convert({**msgspec.json.decode(content), **dict.fromkeys(_MOMENTS, _NO_MOMENT)}, Clause)
