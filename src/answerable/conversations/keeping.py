"""What every change of a conversation has in common: keeping a message, and telling those who listen."""

from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from answerable.domain.conversations import (
    Author,
    Citation,
    Conversation,
    Decision,
    Episode,
    Handoff,
    Message,
    Page,
    Turn,
)
from answerable.domain.ids import new_id
from answerable.releases.assigning import release_for
from answerable.store import conversations, events, messages, runs, turns

SUBJECT_CHARACTERS = 80
# A rep reads why a conversation waits in the list, whole: a sentence with the title of an article in it.
WHY_CHARACTERS = 200


def keep_message(
    db: Connection,
    conversation_id: str,
    episode_id: str,
    author: Author,
    text: str,
    at: datetime,
    *,
    rep_id: str | None = None,
    turn_id: str | None = None,
    run_id: str | None = None,
    outside_id: str | None = None,
    decision: Decision | None = None,
    citations: tuple[Citation, ...] = (),
    page: Page | None = None,
) -> Message:
    """Adds a message to the end of its conversation."""
    message = Message(
        id=new_id("msg"),
        conversation_id=conversation_id,
        episode_id=episode_id,
        number=messages.count(db, conversation_id, author, text, run_id),
        author=author,
        rep_id=rep_id,
        text=text,
        turn_id=turn_id,
        run_id=run_id,
        outside_id=outside_id,
        decision=decision,
        citations=citations,
        page=page,
        helpful=None,
        created_at=at,
    )
    messages.add(db, message)
    return message


def turn_for(db: Connection, conversation: Conversation, episode_id: str, at: datetime) -> Turn:
    """The turn that takes the customer's next message: the one that waits for the running one to end, or a new one.

    If none is running the new one runs at once; the caller makes it the conversation's running one.
    """
    newest = turns.newest(db, conversation.id)
    if newest is not None and newest.state == "open":
        return newest
    turn = Turn(
        id=new_id("trn"),
        conversation_id=conversation.id,
        episode_id=episode_id,
        number=newest.number + 1 if newest is not None else 1,
        state="running" if conversation.running_turn_id is None else "open",
        opened_at=at,
        ended_at=None,
    )
    turns.add(db, turn)
    return turn


def waiting_turn(db: Connection, conversation_id: str) -> Turn | None:
    """The turn that gathers messages while another one runs."""
    newest = turns.newest(db, conversation_id)
    return newest if newest is not None and newest.state == "open" else None


def pass_turns(db: Connection, conversation: Conversation, at: datetime) -> None:
    """Takes the turn under way, and the one that waits, away from the agent: a person has them now."""
    waiting = waiting_turn(db, conversation.id)
    if waiting is not None:
        turns.end(db, waiting.id, "passed", at)
    running = conversation.running_turn_id
    if running is not None:
        turns.end(db, running, "passed", at)
        # Its process may be dead, and nobody would come back to end it.
        runs.give_up(db, running, at)
        conversations.change(db, conversation.id, at, running_turn_id=None)


def keep_handoff(
    db: Connection,
    conversation_id: str,
    episode_id: str,
    at: datetime,
    *,
    reason: str,
    summary: str,
    tried: tuple[str, ...],
    question: str,
    run_id: str | None,
) -> Conversation:
    """Gives the conversation to people; no turn of it runs any more."""
    conversations.add_handoff(
        db,
        Handoff(
            id=new_id("hnd"),
            conversation_id=conversation_id,
            episode_id=episode_id,
            run_id=run_id,
            reason=reason,
            summary=summary,
            tried=tried,
            question=question,
            created_at=at,
        ),
    )
    return conversations.change(
        db,
        conversation_id,
        at,
        handled_by="rep",
        waiting_on="rep",
        assignee_id=None,
        running_turn_id=None,
        procedure=None,
        why=shortened(reason, WHY_CHARACTERS),
    )


def tell(db: Connection, conversation: Conversation, at: datetime, *kept: Message) -> None:
    """Tells listeners of new messages, and of the conversation as it is now."""
    for message in kept:
        tell_message(db, message, at)
    # What was found out about a customer on the way is nobody's but the agent's.
    content = msgspec.to_builtins(replace(conversation, procedure=None))
    events.append(db, conversation.id, "conversation", content, at, customer_sees=True)


def tell_message(db: Connection, message: Message, at: datetime) -> None:
    """Tells listeners of a message that is new, or not as it was."""
    sees = message.author != "note"
    events.append(db, message.conversation_id, "message", msgspec.to_builtins(message), at, customer_sees=sees)


def reopened(db: Connection, conversation: Conversation, at: datetime) -> tuple[Conversation, Episode]:
    """The conversation and the episode that a new message belongs to: a new episode if the last one is over.

    A new episode gets a release as a new conversation would.
    """
    episode = conversations.last_episode(db, conversation.id)
    if episode.resolved_at is None:
        return conversation, episode
    following = Episode(new_id("eps"), conversation.id, episode.number + 1, at, None, None)
    conversations.add_episode(db, following)
    opened = conversations.change(
        db,
        conversation.id,
        at,
        status="open",
        handled_by="agent",
        waiting_on="agent",
        assignee_id=None,
        why=None,
        release=release_for(db, conversation.id),
    )
    return opened, following


def shortened(words: str, characters: int) -> str:
    """The first line of some words, cut at a word."""
    line = " ".join(words.split())
    if len(line) <= characters:
        return line
    cut = line[: characters - 1].rsplit(" ", 1)[0] if " " in line[: characters - 1] else line[: characters - 1]
    return f"{cut}…"
