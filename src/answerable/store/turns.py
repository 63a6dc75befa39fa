"""Queries about turns: which are open, running, done."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, insert, select, update

from answerable.domain.conversations import Turn
from answerable.store.tables import conversations, turns

_FIELDS = tuple(turns.c[name] for name in Turn.__slots__)

# What every turn asks is put together once: building a statement costs more than running it.
_ADD = insert(turns)
_BY_ID = select(*_FIELDS).where(turns.c.id == bindparam("wanted"))
_NEWEST = (
    select(*_FIELDS).where(turns.c.conversation_id == bindparam("wanted")).order_by(turns.c.number.desc()).limit(1)
)
_START = update(turns).where(turns.c.id == bindparam("wanted")).values(state="running")
_END = (
    update(turns)
    .where(turns.c.id == bindparam("wanted"), turns.c.ended_at.is_(None))
    .values(state=bindparam("new_state"), ended_at=bindparam("at"))
)


def add(db: Connection, turn: Turn) -> None:
    """Keeps a new turn."""
    db.execute(
        _ADD,
        {
            "id": turn.id,
            "conversation_id": turn.conversation_id,
            "episode_id": turn.episode_id,
            "number": turn.number,
            "state": turn.state,
            "opened_at": turn.opened_at,
        },
    )


def by_id(db: Connection, turn_id: str) -> Turn | None:
    """The turn of that name."""
    row = db.execute(_BY_ID, {"wanted": turn_id}).one_or_none()
    return Turn(*row) if row else None


def newest(db: Connection, conversation_id: str) -> Turn | None:
    """The newest turn of a conversation: the one that still takes messages, if there is one."""
    row = db.execute(_NEWEST, {"wanted": conversation_id}).one_or_none()
    return Turn(*row) if row else None


def start(db: Connection, turn_id: str) -> None:
    """The turn takes no more messages; its conversation must name it as the running one."""
    db.execute(_START, {"wanted": turn_id})


def end(db: Connection, turn_id: str, state: Literal["answered", "passed"], at: datetime) -> None:
    """Ends a turn if it has not ended; its conversation must not name it as the running one any more."""
    db.execute(_END, {"wanted": turn_id, "new_state": state, "at": at})


def unfinished(db: Connection) -> list[str]:
    """The turns that should be running, oldest first: after a crash each of them needs a worker."""
    rows = db.execute(
        select(turns.c.id)
        .join(conversations, conversations.c.running_turn_id == turns.c.id)
        .where(turns.c.ended_at.is_(None), conversations.c.running_turn_id.is_not(None))
        .order_by(turns.c.opened_at, turns.c.id)
    )
    return [row.id for row in rows]
