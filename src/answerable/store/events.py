"""Queries about events: what happened, in the order in which it became visible.

They are written at the end of the unit of work that they come from, all at once: until the commit nobody else can.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select

from answerable.domain.live import Event, EventKind
from answerable.store.live import EVERYTHING, wake_after_commit
from answerable.store.tables import events

_FIELDS = tuple(events.c[name] for name in Event.__slots__)

# What every turn asks is put together once: building a statement costs more than running it.
_APPEND = insert(events)
_LAST_ID = select(func.max(events.c.id))
_WAITING = "events that wait for the end of the unit"


@cache
def _after(of_one_conversation: bool, for_customer: bool) -> Select[Any]:
    query = select(*_FIELDS).where(events.c.id > bindparam("after")).order_by(events.c.id).limit(bindparam("most"))
    if of_one_conversation:
        query = query.where(events.c.conversation_id == bindparam("conversation"))
    return query.where(events.c.customer_sees) if for_customer else query


def append(
    db: Connection, conversation_id: str, kind: EventKind, content: dict[str, Any], at: datetime, *, customer_sees: bool
) -> None:
    """Adds an event at the end of the unit of work, and wakes its listeners after the commit."""
    append_all(db, conversation_id, [(kind, content, at, customer_sees)])


def append_all(
    db: Connection, conversation_id: str, rows: Sequence[tuple[EventKind, dict[str, Any], datetime, bool]]
) -> None:
    """Adds several events of one conversation, in their order, like `append`."""
    waiting = db.info.setdefault(_WAITING, [])
    for kind, content, at, customer_sees in rows:
        row = {"conversation_id": conversation_id, "kind": kind, "content": content, "at": at}
        waiting.append({**row, "customer_sees": customer_sees})
        # What customers do not see wakes only those who follow everything: a stream that finds nothing costs a query.
        wake_after_commit(db, conversation_id if customer_sees else EVERYTHING)


def write_waiting(db: Connection) -> None:
    """Writes what was appended so far."""
    waiting = db.info.pop(_WAITING, None)
    if waiting:
        db.info["lock"](db, "events")
        db.execute(_APPEND, waiting)


def drop_waiting(db: Connection) -> None:
    """Forgets what was appended and is not written: the unit of work failed, and its connection will serve others."""
    if not db.invalidated:
        db.info.pop(_WAITING, None)


def after(db: Connection, event_id: int, *, conversation_id: str | None, for_customer: bool, limit: int) -> list[Event]:
    """The events that came after one, oldest first: of one conversation or of all."""
    asked = {"after": event_id, "most": limit, "conversation": conversation_id}
    return [Event(*row) for row in db.execute(_after(conversation_id is not None, for_customer), asked)]


def last_id(db: Connection) -> int:
    """The id of the newest event, those of this unit of work included, or 0."""
    write_waiting(db)
    return db.execute(_LAST_ID).scalar() or 0


def forget_before(db: Connection, moment: datetime, *, limit: int) -> int:
    """Drops the oldest events, at most `limit`, if they are older than the moment. Gives how many were dropped."""
    oldest = select(events.c.id).order_by(events.c.id).limit(limit)
    return db.execute(delete(events).where(events.c.id.in_(oldest), events.c.at < moment)).rowcount
