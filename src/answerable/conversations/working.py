"""What reps do with a conversation: take it over, reply, hand it back, resolve it, assign it."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from answerable.agents.turns import is_courtesy
from answerable.conversations.keeping import keep_message, pass_turns, reopened, tell, turn_for
from answerable.conversations.receiving import check_outside_id, readable
from answerable.domain.clock import now
from answerable.domain.conversations import Conversation, Episode, Message
from answerable.domain.errors import Conflict, NotFound
from answerable.domain.people import Rep
from answerable.jobs import Jobs
from answerable.people import conversation_for_rep
from answerable.store import Store, conversations, messages, reps
from answerable.store.messages import AlreadyArrived

T = TypeVar("T")

NOT_YOURS = "{name} has this conversation. Take it over first if you want to reply."
RESOLVED = "This conversation is resolved. It opens again when the customer writes, or when you reply."


async def take_over(store: Store, rep: Rep, conversation_id: str) -> None:
    """The rep has it from now on; a reply that the agent was writing is not sent. Raises NotFound."""

    def take(db: Connection, conversation: Conversation, at: datetime) -> None:
        if conversation.handled_by == "rep" and conversation.assignee_id == rep.id and conversation.status == "open":
            return
        taken, note = _take(db, rep, conversation, at)
        tell(db, taken, at, note)

    await _change(store, rep, conversation_id, take)


async def reply(store: Store, rep: Rep, conversation_id: str, *, text: str, outside_id: str, resolve: bool) -> Message:
    """Says something to the customer, and takes the conversation if nobody has it.

    Raises NotFound, Invalid, TooMuch, and Conflict if another rep has it.
    """
    words = readable(text)
    check_outside_id(outside_id)
    digest = hashlib.sha256(msgspec.json.encode([words, conversation_id])).hexdigest()

    def say(db: Connection, conversation: Conversation, at: datetime) -> Message:
        before = messages.arrived(db, rep.id, outside_id)
        if before is not None and before[1] != digest:
            raise Conflict("This Idempotency-Key came with another reply before. Use a new one for each reply.")
        if before is not None:
            return before[0]
        if conversation.handled_by == "rep" and conversation.assignee_id not in (None, rep.id):
            raise Conflict(NOT_YOURS.format(name=reps.names(db).get(conversation.assignee_id or "", "Another rep")))
        kept: list[Message] = []
        if conversation.handled_by == "agent" or conversation.assignee_id is None or conversation.status == "resolved":
            _, note = _take(db, rep, conversation, at)
            kept.append(note)
        episode = conversations.last_episode(db, conversation.id)
        message = keep_message(db, conversation.id, episode.id, "rep", words, at, rep_id=rep.id, outside_id=outside_id)
        messages.arrive(db, message, author_id=rep.id, digest=digest)
        messages.put_out(db, message, conversation.surface, "delivered", at)
        if resolve:
            changed = _closed(db, episode, rep, at)
        else:
            changed = conversations.change(db, conversation.id, at, waiting_on="customer", why=None)
        tell(db, changed, at, *kept, message)
        return message

    try:
        return await _change(store, rep, conversation_id, say)
    except AlreadyArrived:
        return await _change(store, rep, conversation_id, say)


async def hand_back(store: Store, jobs: Jobs, rep: Rep, conversation_id: str) -> None:
    """The agent has it again, and answers what nobody has seen to yet. Raises NotFound, Conflict."""

    def give(db: Connection, conversation: Conversation, at: datetime) -> str | None:
        if conversation.status == "resolved":
            raise Conflict(RESOLVED)
        if conversation.handled_by == "agent":
            return None
        episode = conversations.last_episode(db, conversation.id)
        said = messages.of_episode(db, episode.id)
        left_open = _left_open(said)
        started = None
        if left_open:
            turn = turn_for(db, conversation, episode.id, at)
            messages.move_to_turn(db, [message.id for message in left_open], turn.id)
            started = turn.id
        changed = conversations.change(
            db,
            conversation.id,
            at,
            handled_by="agent",
            assignee_id=None,
            why=None,
            waiting_on="agent" if left_open else "customer",
            running_turn_id=started,
        )
        words = f"{rep.name} handed it back to the AI agent."
        tell(db, changed, at, keep_message(db, conversation.id, episode.id, "note", words, at))
        return started

    turn_id = await _change(store, rep, conversation_id, give)
    if turn_id is not None:
        jobs.start_soon("answer_turn", turn_id)


async def resolve(store: Store, rep: Rep, conversation_id: str) -> None:
    """Closes the episode. Raises NotFound."""

    def close(db: Connection, conversation: Conversation, at: datetime) -> None:
        if conversation.status == "resolved":
            return
        pass_turns(db, conversation, at)
        episode = conversations.last_episode(db, conversation.id)
        changed = _closed(db, episode, rep, at)
        note = keep_message(db, conversation.id, episode.id, "note", f"{rep.name} resolved it.", at)
        tell(db, changed, at, note)

    await _change(store, rep, conversation_id, close)


async def assign(store: Store, rep: Rep, conversation_id: str, to_rep_id: str | None) -> None:
    """Gives the conversation to a particular rep, or to whoever is free. Raises NotFound, Conflict."""

    def give(db: Connection, conversation: Conversation, at: datetime) -> None:
        to = reps.by_id(db, to_rep_id) if to_rep_id else None
        if to_rep_id and (to is None or not to.active):
            raise NotFound("There is no such rep.")
        if conversation.status == "resolved":
            raise Conflict(RESOLVED)
        if conversation.handled_by == "rep" and conversation.assignee_id == to_rep_id:
            return
        pass_turns(db, conversation, at)
        waits = conversation.waiting_on if conversation.handled_by == "rep" else "rep"
        changed = conversations.change(
            db, conversation.id, at, handled_by="rep", assignee_id=to_rep_id, waiting_on=waits
        )
        words = f"{rep.name} assigned it to {to.name}." if to else f"{rep.name} gave it back to everybody."
        episode = conversations.last_episode(db, conversation.id)
        tell(db, changed, at, keep_message(db, conversation.id, episode.id, "note", words, at))

    await _change(store, rep, conversation_id, give)


async def _change(
    store: Store, rep: Rep, conversation_id: str, change: Callable[[Connection, Conversation, datetime], T]
) -> T:
    def on_conversation(db: Connection) -> T:
        conversation = conversation_for_rep(db, rep, conversation_id, for_update=True)
        return change(db, conversation, now())

    return await store.write(on_conversation)


def _take(db: Connection, rep: Rep, conversation: Conversation, at: datetime) -> tuple[Conversation, Message]:
    """Gives the conversation to the rep; gives it as it is then, and the note that the caller tells listeners of."""
    conversation, episode = reopened(db, conversation, at)
    pass_turns(db, conversation, at)
    waits = "rep" if _unanswered(messages.of_episode(db, episode.id)) else conversation.waiting_on
    taken = conversations.change(
        db,
        conversation.id,
        at,
        handled_by="rep",
        assignee_id=rep.id,
        waiting_on="rep" if waits == "agent" else waits,
    )
    return taken, keep_message(db, conversation.id, episode.id, "note", f"{rep.name} took over.", at)


def _unanswered(said: list[Message]) -> list[Message]:
    """What the customer said since the last reply."""
    since: list[Message] = []
    for message in said:
        if message.author == "customer":
            since.append(message)
        elif message.author == "rep" or (
            message.author == "agent" and message.decision is not None and message.decision.kind != "hand_off"
        ):
            since = []
    return since


def _left_open(said: list[Message]) -> list[Message]:
    """What an agent that gets a conversation back has to answer: what nobody has answered.

    It is not there to answer thanks that were meant for the rep. What it had passed on itself it tries again: if nobody
    has said anything since, it is still owed to the customer, and what it passes on again waits for people again.
    """
    return [message for message in _unanswered(said) if not is_courtesy(message.text)]


def _closed(db: Connection, episode: Episode, rep: Rep, at: datetime) -> Conversation:
    """Ends the episode, and with it whatever the agent was about."""
    conversations.resolve_episode(db, episode.id, rep.id, at)
    return conversations.change(
        db, episode.conversation_id, at, status="resolved", waiting_on="nobody", why=None, procedure=None
    )
