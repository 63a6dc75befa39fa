"""Queries about turns: which are open, running, done."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from answerable.domain.conversations import Turn
from answerable.store.tables import conversations, turns


def add(db: Connection, turn: Turn) -> None:
    """Opens a turn."""
    db.execute(
        insert(turns).values(
            id=turn.id,
            conversation_id=turn.conversation_id,
            episode_id=turn.episode_id,
            number=turn.number,
            state=turn.state,
            opened_at=turn.opened_at,
        )
    )


def by_id(db: Connection, turn_id: str) -> Turn | None:
    """The turn of that name."""
    row = db.execute(select(turns).where(turns.c.id == turn_id)).one_or_none()
    return Turn(**row._mapping) if row else None


def open_one(db: Connection, conversation_id: str) -> Turn | None:
    """The turn of a conversation that still takes messages."""
    row = db.execute(
        select(turns).where(turns.c.conversation_id == conversation_id, turns.c.state == "open")
    ).one_or_none()
    return Turn(**row._mapping) if row else None


def count(db: Connection, conversation_id: str) -> int:
    """How many turns a conversation has had."""
    return db.execute(select(func.count()).where(turns.c.conversation_id == conversation_id)).scalar_one()


def start(db: Connection, turn: Turn) -> None:
    """The turn takes no more messages and is its conversation's running one."""
    db.execute(update(turns).where(turns.c.id == turn.id).values(state="running"))
    db.execute(update(conversations).where(conversations.c.id == turn.conversation_id).values(running_turn_id=turn.id))


def end(db: Connection, turn: Turn, state: Literal["answered", "passed"], at: datetime) -> bool:
    """Ends a turn that is not ended; False if it was."""
    done = db.execute(
        update(turns).where(turns.c.id == turn.id, turns.c.ended_at.is_(None)).values(state=state, ended_at=at)
    )
    if done.rowcount == 0:
        return False
    db.execute(
        update(conversations)
        .where(conversations.c.id == turn.conversation_id, conversations.c.running_turn_id == turn.id)
        .values(running_turn_id=None)
    )
    return True


def unfinished(db: Connection) -> list[str]:
    """The turns that should be running, oldest first: after a crash each of them needs a worker."""
    rows = db.execute(
        select(turns.c.id)
        .join(conversations, conversations.c.running_turn_id == turns.c.id)
        .where(turns.c.ended_at.is_(None), conversations.c.running_turn_id.is_not(None))
        .order_by(turns.c.opened_at, turns.c.id)
    )
    return [row.id for row in rows]
