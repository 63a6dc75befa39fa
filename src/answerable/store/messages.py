"""Queries about messages, their arrival and their delivery."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from answerable.domain.conversations import Author, Citation, Decision, Message, OutboxState, Page, Surface, Turn
from answerable.domain.errors import Conflict
from answerable.store.tables import arrivals, conversations, messages, outbox

LAST_TEXT_CHARACTERS = 200
# Nobody decides by what was said longer ago; a conversation that goes on for ever must not cost more with each turn.
EPISODE_MESSAGES_MAX = 200

# What every turn asks is put together once: building a statement costs more than running it.
_ADD = insert(messages)
_COUNT = (
    update(conversations)
    .where(conversations.c.id == bindparam("wanted"))
    .values(message_count=conversations.c.message_count + 1)
    .returning(conversations.c.message_count)
)
_OF_EPISODE = (
    select(messages)
    .where(messages.c.episode_id == bindparam("wanted"))
    .order_by(messages.c.number.desc())
    .limit(bindparam("most"))
)
_ARRIVED = select(messages, arrivals.c.digest.label("arrival_digest")).join(
    arrivals,
    and_(
        arrivals.c.message_id == messages.c.id,
        arrivals.c.author_id == bindparam("author"),
        arrivals.c.outside_id == bindparam("outside"),
    ),
)
_ARRIVE = insert(arrivals)
_PUT_OUT = insert(outbox)


class AlreadyArrived(Conflict):
    """Another transaction kept the same arrival first; the whole transaction must be tried again."""


def add(db: Connection, message: Message) -> None:
    """Keeps a message; `count` has given its number."""
    db.execute(
        _ADD,
        {
            "id": message.id,
            "conversation_id": message.conversation_id,
            "episode_id": message.episode_id,
            "number": message.number,
            "author": message.author,
            "rep_id": message.rep_id,
            "text": message.text,
            "turn_id": message.turn_id,
            "run_id": message.run_id,
            "outside_id": message.outside_id,
            "decision": msgspec.to_builtins(message.decision),
            "citations": msgspec.to_builtins(message.citations),
            "page": msgspec.to_builtins(message.page),
            "helpful": message.helpful,
            "created_at": message.created_at,
        },
    )


def count(db: Connection, conversation_id: str, author: Author, text: str, run_id: str | None) -> int:
    """The number of the message that the conversation gets now; the lists show its words, unless it is a note."""
    shown: dict[str, Any] = {}
    if author != "note":
        shown = {"last_text": text[:LAST_TEXT_CHARACTERS], "last_author": author}
    if run_id is not None:
        shown["last_run_id"] = run_id
    number: int = db.execute(_COUNT, {**shown, "wanted": conversation_id}).scalar_one()
    return number


def by_id(db: Connection, message_id: str) -> Message | None:
    """The message of that name."""
    row = db.execute(select(messages).where(messages.c.id == message_id)).one_or_none()
    return _message(row) if row else None


def of_conversation(db: Connection, conversation_id: str, *, before: int | None, limit: int) -> list[Message]:
    """The newest messages, in order, at most `limit`; with `before`, of those whose number is smaller."""
    query = select(messages).where(messages.c.conversation_id == conversation_id)
    if before is not None:
        query = query.where(messages.c.number < before)
    newest = [_message(row) for row in db.execute(query.order_by(messages.c.number.desc()).limit(limit))]
    return newest[::-1]


def of_episode(db: Connection, episode_id: str) -> list[Message]:
    """The newest messages of one stretch of a conversation, in order, at most `EPISODE_MESSAGES_MAX`."""
    newest = db.execute(_OF_EPISODE, {"wanted": episode_id, "most": EPISODE_MESSAGES_MAX})
    return [_message(row) for row in newest][::-1]


def asked_in(db: Connection, turn: Turn) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """What the customer said in a turn, and what was said before it in its episode, notes left out."""
    told = [message for message in of_episode(db, turn.episode_id) if message.author != "note"]
    said = tuple(message for message in told if message.turn_id == turn.id and message.author == "customer")
    return said, tuple(message for message in told if said and message.number < said[0].number)


def said_by_customer(db: Connection, conversation_id: str, *, until: datetime, limit: int) -> list[Message]:
    """What the customer said last, up to a moment, in order."""
    own = messages.c
    query = select(messages).where(
        own.conversation_id == conversation_id, own.author == "customer", own.created_at <= until
    )
    return [_message(row) for row in db.execute(query.order_by(own.number.desc()).limit(limit))][::-1]


def of_turn(db: Connection, conversation_id: str, turn_id: str) -> list[Message]:
    """What the customer said in a turn of a conversation, and what they were told, in order."""
    query = select(messages).where(messages.c.conversation_id == conversation_id, messages.c.turn_id == turn_id)
    return [_message(row) for row in db.execute(query.order_by(messages.c.number))]


def reply_to(db: Connection, turn_id: str) -> Message | None:
    """The agent's reply to a turn, if it is there."""
    row = db.execute(select(messages).where(messages.c.turn_id == turn_id, messages.c.author == "agent")).one_or_none()
    return _message(row) if row else None


def arrived(db: Connection, author_id: str, outside_id: str) -> tuple[Message, str] | None:
    """The message that came from this author under this outside id, and the digest of what it said."""
    row = db.execute(_ARRIVED, {"author": author_id, "outside": outside_id}).one_or_none()
    return (_message(row), row.arrival_digest) if row else None


def arrive(db: Connection, message: Message, *, author_id: str, digest: str) -> None:
    """Keeps that the message has arrived under its outside id. Raises AlreadyArrived if it has."""
    try:
        db.execute(
            _ARRIVE,
            {"author_id": author_id, "outside_id": message.outside_id, "message_id": message.id, "digest": digest},
        )
    except IntegrityError as error:
        raise AlreadyArrived("The same message arrived at the same time.") from error


def move_to_turn(db: Connection, message_ids: list[str], turn_id: str) -> None:
    """Makes messages part of another turn."""
    db.execute(update(messages).where(messages.c.id.in_(message_ids)).values(turn_id=turn_id))


def rate(db: Connection, message_id: str, helpful: bool) -> None:
    """Keeps what the customer said of a reply."""
    db.execute(update(messages).where(messages.c.id == message_id).values(helpful=helpful))


def put_out(db: Connection, message: Message, surface: Surface, state: OutboxState, at: datetime | None) -> None:
    """Puts a reply into the outbox of its surface."""
    put = {"message_id": message.id, "surface": surface, "state": state, "attempts": 0, "delivered_at": at}
    db.execute(_PUT_OUT, put)


def _message(row: Any) -> Message:
    return Message(
        id=row.id,
        conversation_id=row.conversation_id,
        episode_id=row.episode_id,
        number=row.number,
        author=row.author,
        rep_id=row.rep_id,
        text=row.text,
        turn_id=row.turn_id,
        run_id=row.run_id,
        outside_id=row.outside_id,
        decision=msgspec.convert(row.decision, Decision | None),
        citations=msgspec.convert(row.citations, tuple[Citation, ...]),
        page=msgspec.convert(row.page, Page | None),
        helpful=row.helpful,
        created_at=row.created_at,
    )
