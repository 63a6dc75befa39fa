"""What every change of a conversation has in common: keeping a message, and telling those who listen."""

from dataclasses import replace
from datetime import datetime
from typing import Any

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
from answerable.store import conversations, events, messages, runs, turns

SUBJECT_CHARACTERS = 80
# A rep reads why a conversation waits in the list, whole: a sentence with the title of an article in it.
WHY_CHARACTERS = 200


def keep_message(
    db: Connection,
    conversation: Conversation,
    episode: Episode,
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
        conversation_id=conversation.id,
        episode_id=episode.id,
        number=messages.count(db, conversation.id) + 1,
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


def open_turn(db: Connection, conversation: Conversation, episode: Episode, at: datetime) -> Turn:
    """The turn that takes the customer's next message: the one that is open, or a new one."""
    found = turns.open_one(db, conversation.id)
    if found is not None:
        return found
    turn = Turn(
        id=new_id("trn"),
        conversation_id=conversation.id,
        episode_id=episode.id,
        number=turns.count(db, conversation.id) + 1,
        state="open",
        opened_at=at,
        ended_at=None,
    )
    turns.add(db, turn)
    return turn


def pass_turns(db: Connection, conversation: Conversation, at: datetime) -> None:
    """Takes the turn under way, and the one that waits, away from the agent: a person has them now."""
    if conversation.running_turn_id is not None:
        running = turns.by_id(db, conversation.running_turn_id)
        if running is not None:
            turns.end(db, running, "passed", at)
            # Its process may be dead, and nobody would come back to end it.
            runs.give_up(db, running.id, at)
    waiting = turns.open_one(db, conversation.id)
    if waiting is not None:
        turns.end(db, waiting, "passed", at)


def keep_handoff(
    db: Connection,
    conversation: Conversation,
    episode: Episode,
    at: datetime,
    *,
    reason: str,
    summary: str,
    tried: tuple[str, ...],
    question: str,
    run_id: str | None,
) -> None:
    """Gives the conversation to people."""
    conversations.add_handoff(
        db,
        Handoff(
            id=new_id("hnd"),
            conversation_id=conversation.id,
            episode_id=episode.id,
            run_id=run_id,
            reason=reason,
            summary=summary,
            tried=tried,
            question=question,
            created_at=at,
        ),
    )
    conversations.change(
        db,
        conversation.id,
        at,
        handled_by="rep",
        waiting_on="rep",
        assignee_id=None,
        why=shortened(reason, WHY_CHARACTERS),
    )


def tell(db: Connection, conversation_id: str, at: datetime, *kept: Message, changed: bool = True) -> None:
    """Tells listeners of new messages, and that the conversation has changed. Do this last."""
    rows: list[tuple[Any, dict[str, Any], datetime, bool]] = [
        ("message", msgspec.to_builtins(message), at, message.author != "note") for message in kept
    ]
    if changed:
        now_is = conversations.by_id(db, conversation_id)
        assert now_is is not None
        rows.append(("conversation", msgspec.to_builtins(now_is), at, True))
    events.append_all(db, conversation_id, rows)


def reopened(db: Connection, conversation: Conversation, at: datetime) -> tuple[Conversation, Episode]:
    """The conversation and the episode that a new message belongs to: a new episode if the last one is over."""
    episode = conversations.last_episode(db, conversation.id)
    if episode.resolved_at is None:
        return conversation, episode
    following = Episode(new_id("eps"), conversation.id, episode.number + 1, at, None, None)
    conversations.add_episode(db, following)
    conversations.change(
        db, conversation.id, at, status="open", handled_by="agent", waiting_on="agent", assignee_id=None, why=None
    )
    return (
        replace(
            conversation,
            status="open",
            handled_by="agent",
            waiting_on="agent",
            assignee_id=None,
            why=None,
            changed_at=at,
        ),
        following,
    )


def shortened(words: str, characters: int) -> str:
    """The first line of some words, cut at a word."""
    line = " ".join(words.split())
    if len(line) <= characters:
        return line
    cut = line[: characters - 1].rsplit(" ", 1)[0] if " " in line[: characters - 1] else line[: characters - 1]
    return f"{cut}…"
