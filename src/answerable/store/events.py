"""Queries about events: what happened, in the order in which it became visible."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from answerable.domain.live import Event, EventKind
from answerable.store.tables import events


def append(
    db: Connection, conversation_id: str, kind: EventKind, content: dict[str, Any], at: datetime, *, customer_sees: bool
) -> None:
    """Adds an event and wakes its listeners after the commit. Add events last: nobody else can until the commit."""
    append_all(db, conversation_id, [(kind, content, at, customer_sees)])


def append_all(
    db: Connection, conversation_id: str, rows: Sequence[tuple[EventKind, dict[str, Any], datetime, bool]]
) -> None:
    """Adds several events of one conversation, in their order."""
    if not rows:
        return
    db.info["lock"](db, "events")
    db.execute(
        insert(events),
        [
            {
                "conversation_id": conversation_id,
                "kind": kind,
                "content": content,
                "at": at,
                "customer_sees": customer_sees,
            }
            for kind, content, at, customer_sees in rows
        ],
    )
    db.info.setdefault("topics", set()).add(conversation_id)


def after(db: Connection, event_id: int, *, conversation_id: str | None, for_customer: bool, limit: int) -> list[Event]:
    """The events that came after one, oldest first: of one conversation or of all."""
    query = select(events).where(events.c.id > event_id).order_by(events.c.id).limit(limit)
    if conversation_id is not None:
        query = query.where(events.c.conversation_id == conversation_id)
    if for_customer:
        query = query.where(events.c.customer_sees)
    return [Event(**row._mapping) for row in db.execute(query)]


def last_id(db: Connection) -> int:
    """The id of the newest event, or 0."""
    return db.execute(select(func.max(events.c.id))).scalar() or 0


def forget_before(db: Connection, moment: datetime) -> int:
    """Drops events that no listener will ask for any more; messages and runs stay. Gives their number."""
    return db.execute(delete(events).where(events.c.at < moment)).rowcount
