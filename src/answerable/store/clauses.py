"""Queries about clauses: what each says, and from when to when."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, insert, or_, select, update

from answerable.domain.actions import Clause
from answerable.store.tables import clauses

_MOMENTS = ("from_moment", "to_moment")


def in_force(db: Connection, at: datetime) -> list[Clause]:
    """The clauses that hold at a moment, by their ids."""
    own = clauses.c
    query = select(clauses).where(own.from_moment <= at, or_(own.to_moment.is_(None), own.to_moment > at))
    return [_clause(row) for row in db.execute(query.order_by(own.id, own.number))]


def put(db: Connection, wanted: Iterable[Clause], at: datetime) -> int:
    """From now on these are the clauses. Gives how many have changed; what held until now is kept as it was.

    A new clause holds from its own moment on, and one that is not as it was from then or from now on, whichever is
    later. One that is not among them any more holds until now.
    """
    held = {row.id: row for row in _newest(db)}
    changed = 0
    for clause in wanted:
        before = held.pop(clause.id, None)
        content = _content(clause)
        begins = clause.from_moment
        if before is not None:
            same_end = before.to_moment == clause.to_moment
            if before.content == content and same_end and not (begins > at and begins != before.from_moment):
                continue
            begins = max(begins, at)
            _end(db, clause.id, begins)
        changed += 1
        db.execute(
            insert(clauses).values(
                id=clause.id,
                number=before.number + 1 if before is not None else 1,
                content=content,
                from_moment=begins,
                to_moment=clause.to_moment,
                created_at=at,
            )
        )
    for row in held.values():
        if row.to_moment is None or row.to_moment > at:
            changed += 1
            _end(db, row.id, at)
    return changed


def _newest(db: Connection) -> list[Any]:
    later = clauses.alias()
    query = select(clauses).outerjoin(later, and_(later.c.id == clauses.c.id, later.c.number > clauses.c.number))
    return list(db.execute(query.where(later.c.id.is_(None))))


def _end(db: Connection, clause_id: str, at: datetime) -> None:
    own = clauses.c
    still = or_(own.to_moment.is_(None), own.to_moment > at)
    db.execute(update(clauses).where(own.id == clause_id, still).values(to_moment=at))


def _content(clause: Clause) -> dict[str, Any]:
    # As it comes back from the database, so that the two can be compared.
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(clause))
    return {name: value for name, value in content.items() if name not in _MOMENTS}


def _clause(row: Any) -> Clause:
    clause = msgspec.convert({**row.content, **dict.fromkeys(_MOMENTS, row.from_moment)}, Clause)
    return replace(clause, from_moment=row.from_moment, to_moment=row.to_moment)
