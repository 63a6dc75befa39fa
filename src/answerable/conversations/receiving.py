"""Receiving: what a customer says is kept before it is acknowledged, once, whatever arrives twice."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from answerable.conversations.keeping import (
    SUBJECT_CHARACTERS,
    keep_handoff,
    keep_message,
    pass_turns,
    reopened,
    shortened,
    tell,
    tell_message,
    turn_for,
)
from answerable.domain.clock import now
from answerable.domain.conversations import Conversation, Episode, Message, Page, Surface, Turn
from answerable.domain.errors import Conflict, Invalid, TooMuch
from answerable.domain.ids import new_id
from answerable.domain.people import Customer
from answerable.jobs import Jobs
from answerable.people import Proving, Signed, conversation_for_customer, keep_signed, message_for_customer
from answerable.people.proving import Outcome, Taken, code_in
from answerable.releases.assigning import release_for
from answerable.store import Store, conversations, events, messages, turns
from answerable.store.messages import AlreadyArrived

MESSAGE_BYTES_MAX = 32 * 1024
OUTSIDE_ID_CHARACTERS_MAX = 200
# Letters, symbols and accents by name, and nothing to see: joiners and fillers of Hangul, of Khmer, of Mongolian and of
# Braille.
UNSEEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
ASKED_FOR_PERSON = "The customer asked for a person."
CODE_NOTES: dict[Outcome, str] = {
    "proved": "The customer typed the code that was sent to them.",
    "wrong": "The customer typed a code that is not the one that was sent.",
    "spent": "The customer typed too many wrong codes. A new one has to be sent.",
    "again": "The customer typed a code that was used or is over already.",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as a surface received it, in the customer's plain words."""

    customer: Customer
    surface: Surface
    outside_id: str
    """Names the message outside; the same again is the same message."""
    text: str
    conversation_id: str | None = None
    page: Page | None = None
    signed: Signed | None = None
    """Who the host says that it is, if it does."""
    came_from: str | None = None
    """A digest of the network address."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an arrival."""

    message: Message
    conversation: Conversation
    last_event_id: int
    turn_to_start: str | None
    """A turn that no run is under way for."""


async def receive(store: Store, jobs: Jobs, arrival: Arrival, proving: Proving | None = None) -> Received:
    """Keeps the message and sees to it that it is answered. Once this returns, nothing can lose it.

    A one-time code that was sent into the conversation is taken out by `proving`, and never kept in clear.

    Raises Invalid or TooMuch if the text cannot be kept, NotFound if the conversation is not this customer's, and
    Conflict if the outside id came with other words before.
    """
    text = readable(arrival.text)
    check_outside_id(arrival.outside_id)
    try:
        received = await store.write(_keep, arrival, text, proving)
    except AlreadyArrived:
        # Two of the same at the same time: the other one was kept, and this one finds it.
        received = await store.write(_keep, arrival, text, proving)
    if received.turn_to_start is not None:
        jobs.start_soon("answer_turn", received.turn_to_start)
    return received


async def ask_for_person(store: Store, customer: Customer, conversation_id: str) -> Conversation:
    """Gives the conversation to people at the customer's wish. Raises NotFound."""

    def hand_over(db: Connection) -> Conversation:
        conversation = conversation_for_customer(db, customer, conversation_id, for_update=True)
        at = now()
        if conversation.handled_by == "rep" and conversation.status == "open":
            return conversation
        conversation, episode = reopened(db, conversation, at)
        pass_turns(db, conversation, at)
        said = [message.text for message in messages.of_episode(db, episode.id) if message.author == "customer"]
        handed_over = keep_handoff(
            db,
            conversation.id,
            episode.id,
            at,
            reason=ASKED_FOR_PERSON,
            summary=f"{ASKED_FOR_PERSON} They wrote {len(said)} message{'' if len(said) == 1 else 's'} before.",
            tried=(),
            question=said[-1] if said else "",
            run_id=None,
        )
        note = keep_message(db, conversation.id, episode.id, "note", ASKED_FOR_PERSON, at)
        tell(db, handed_over, at, note)
        return handed_over

    return await store.write(hand_over)


async def rate(store: Store, customer: Customer, message_id: str, *, helpful: bool) -> Message:
    """Keeps whether a reply helped. Raises NotFound, or Invalid for a message that is no reply."""

    def keep(db: Connection, at: datetime) -> Message:
        message = message_for_customer(db, customer, message_id)
        if message.author not in ("agent", "rep"):
            raise Invalid("Only a reply can be rated.")
        messages.rate(db, message_id, helpful)
        rated = message_for_customer(db, customer, message_id)
        tell_message(db, rated, at)
        return rated

    return await store.write(keep, now())


def readable(text: str) -> str:
    """The text as it is kept. Raises Invalid if there is nothing to read in it, TooMuch if it is too long."""
    if len(text.encode("utf-8", "replace")) > MESSAGE_BYTES_MAX:
        raise TooMuch(
            f"The message is longer than {MESSAGE_BYTES_MAX // 1024} kB. Please shorten it; nothing was sent."
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Invalid("The message is not valid Unicode text. Please send plain text.") from error
    if any(ord(sign) < 32 and sign not in "\t\n\r" for sign in text):
        raise Invalid("The message holds binary data. Please send plain text.")
    if not any(_is_seen(sign) for sign in text):
        raise Invalid("The message is empty. Please write something.")
    return text


def _is_seen(sign: str) -> bool:
    """Whether it leaves a mark by itself: blanks, joiners, direction marks and variation selectors do not."""
    return unicodedata.category(sign)[0] not in "ZC" and sign not in UNSEEN_LETTERS and not _selects(sign)


def _selects(sign: str) -> bool:
    return "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"


def check_outside_id(outside_id: str) -> None:
    """Raises Invalid for a name that cannot be kept."""
    if not outside_id or len(outside_id) > OUTSIDE_ID_CHARACTERS_MAX or not outside_id.isprintable():
        raise Invalid(f"The Idempotency-Key must have 1 to {OUTSIDE_ID_CHARACTERS_MAX} printable characters.")


def _keep(db: Connection, arrival: Arrival, text: str, proving: Proving | None) -> Received:
    existing = (
        conversation_for_customer(db, arrival.customer, arrival.conversation_id, for_update=True)
        if arrival.conversation_id
        else None
    )
    # Not before the conversation is ours: whoever had it until then did what they did at an earlier time.
    at = now()
    before = messages.arrived(db, arrival.customer.id, arrival.outside_id)
    if before is not None:
        return _again(db, arrival, *before, text=text)
    taken = proving.take(db, existing, text, at) if proving is not None and existing else Taken(text, None)
    conversation, episode = reopened(db, existing, at) if existing else _opened(db, arrival, text, at)
    if arrival.signed is not None:
        keep_signed(db, conversation, arrival.signed, at)
    turn = turn_for(db, conversation, episode.id, at) if conversation.handled_by == "agent" else None
    message = keep_message(
        db,
        conversation.id,
        episode.id,
        "customer",
        taken.text,
        at,
        turn_id=turn.id if turn else None,
        outside_id=arrival.outside_id,
        page=arrival.page,
    )
    messages.arrive(db, message, author_id=arrival.customer.id, digest=_digest(arrival, taken.text))
    running = turn.id if turn is not None and turn.state == "running" else conversation.running_turn_id
    waiting_on = "rep" if turn is None else "agent"
    conversation = conversations.change(
        db, conversation.id, at, waiting_on=waiting_on, running_turn_id=running, came_from=arrival.came_from
    )
    notes = [_note_of(db, message, taken, at)] if taken.outcome is not None else []
    tell(db, conversation, at, message, *notes)
    return _received(db, conversation, message, turn)


def _note_of(db: Connection, message: Message, taken: Taken, at: datetime) -> Message:
    """For reps: what became of a code, which they cannot read themselves."""
    assert taken.outcome is not None
    words = CODE_NOTES[taken.outcome]
    return keep_message(db, message.conversation_id, message.episode_id, "note", words, at)


def _again(db: Connection, arrival: Arrival, message: Message, digest_before: str, *, text: str) -> Received:
    # A code that was taken out before is no longer known to be one.
    found = code_in(text)
    if digest_before not in (_digest(arrival, text), found and _digest(arrival, found.hidden)):
        raise Conflict("This Idempotency-Key came with another message before. Use a new one for each message.")
    conversation = conversation_for_customer(db, arrival.customer, message.conversation_id)
    return _received(db, conversation, message, turns.by_id(db, message.turn_id) if message.turn_id else None)


def _received(db: Connection, conversation: Conversation, message: Message, turn: Turn | None) -> Received:
    starts = turn.id if turn is not None and turn.state == "running" else None
    return Received(message, conversation, events.last_id(db), starts)


def _opened(db: Connection, arrival: Arrival, text: str, at: datetime) -> tuple[Conversation, Episode]:
    conversation_id = new_id("con")
    conversation = Conversation(
        id=conversation_id,
        customer_id=arrival.customer.id,
        surface=arrival.surface,
        subject=shortened(text, SUBJECT_CHARACTERS),
        status="open",
        handled_by="agent",
        waiting_on="agent",
        assignee_id=None,
        release=release_for(db, conversation_id),
        language=None,
        why=None,
        running_turn_id=None,
        opened_at=at,
        changed_at=at,
    )
    conversations.add(db, conversation)
    episode = Episode(new_id("eps"), conversation.id, 1, at, None, None)
    conversations.add_episode(db, episode)
    return conversation, episode


def _digest(arrival: Arrival, text: str) -> str:
    said = msgspec.json.encode([text, arrival.conversation_id])
    return hashlib.sha256(said).hexdigest()
