"""Queries about turns: which are open, running, done."""

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, func, insert, select, update

from answerable.domain.conversations import Turn
from answerable.store.tables import conversations, turns

_FIELDS = tuple(turns.c[name] for name in Turn.__slots__)

# What every turn asks is put together once: building a statement costs more than running it.
_ADD = insert(turns)
_BY_ID = select(*_FIELDS).where(turns.c.id == bindparam("wanted"))
_OPEN_ONE = select(*_FIELDS).where(turns.c.conversation_id == bindparam("wanted"), turns.c.state == "open")
_COUNT = select(func.count()).where(turns.c.conversation_id == bindparam("wanted"))
_START = update(turns).where(turns.c.id == bindparam("wanted")).values(state="running")
_IS_RUNNING = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(running_turn_id=bindparam("turn"))
)
_END = (
    update(turns)
    .where(turns.c.id == bindparam("wanted"), turns.c.ended_at.is_(None))
    .values(state=bindparam("new_state"), ended_at=bindparam("at"))
)
_RUNS_NO_MORE = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"), conversations.c.running_turn_id == bindparam("turn"))
    .values(running_turn_id=None)
)


def add(db: Connection, turn: Turn) -> None:
    """Opens a turn."""
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


def open_one(db: Connection, conversation_id: str) -> Turn | None:
    """The turn of a conversation that still takes messages."""
    row = db.execute(_OPEN_ONE, {"wanted": conversation_id}).one_or_none()
    return Turn(*row) if row else None


def count(db: Connection, conversation_id: str) -> int:
    """How many turns a conversation has had."""
    return db.execute(_COUNT, {"wanted": conversation_id}).scalar_one()


def start(db: Connection, turn: Turn) -> None:
    """The turn takes no more messages and is its conversation's running one."""
    db.execute(_START, {"wanted": turn.id})
    db.execute(_IS_RUNNING, {"conversation": turn.conversation_id, "turn": turn.id})


def end(db: Connection, turn: Turn, state: Literal["answered", "passed"], at: datetime) -> bool:
    """Ends a turn that is not ended; False if it was."""
    done = db.execute(_END, {"wanted": turn.id, "new_state": state, "at": at})
    if done.rowcount == 0:
        return False
    db.execute(_RUNS_NO_MORE, {"conversation": turn.conversation_id, "turn": turn.id})
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
