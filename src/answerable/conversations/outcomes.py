"""Tells customers what became of an action that was still open when they were last told of it; each outcome once."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from answerable.actions.recorded import changes_in
from answerable.agents.outcomes import as_sentence, ended_in_words, is_told_in, outcome_in_words
from answerable.agents.phrases import language_of
from answerable.conversations.keeping import keep_message, tell
from answerable.domain.actions import ActionCall
from answerable.domain.clock import now
from answerable.domain.conversations import Conversation, Decision, Message
from answerable.store import Store, actions, conversations, messages

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
AT_ONCE_MAX = 100


async def tell_outcomes(store: Store) -> int:
    """Tells all outcomes that customers await. Gives how many; any process may do this at any time."""
    waiting = await store.read(actions.to_tell, AT_ONCE_MAX)
    return sum([await store.write(_tell, call) for call in waiting])


async def tell_outcomes_for_ever(store: Store) -> None:
    """Tells outcomes as they come, until cancelled."""
    while True:
        try:
            await tell_outcomes(store)
        except Exception:
            log.exception("Outcomes of actions could not be told; the next try follows in %s s.", LOOK_SECONDS)
        await asyncio.sleep(LOOK_SECONDS)


def _tell(db: Connection, call: ActionCall) -> bool:
    # Whoever tells of the same conversations at the same time waits here, and then finds it told.
    held = [conversations.by_id(db, each, for_update=True) for each in actions.asked_in(db, call.id)]
    if not actions.is_to_tell(db, call.id):
        return False
    # Meanwhile it may have been taken back.
    call = actions.by_id(db, call.id) or call
    at = now()
    actions.tell(db, {call.id: call.state})
    # Why people gave less is told, whoever of them did; what they say of all of it is for colleagues.
    said = [change.why for change in changes_in(actions.record(db, call.id)) if change.why]
    why = " ".join(as_sentence(each) for each in dict.fromkeys(said)) or None
    for conversation in held:
        if conversation is not None:
            _tell_in(db, conversation, call, why, at)
    return True


def _tell_in(db: Connection, conversation: Conversation, call: ActionCall, why: str | None, at: datetime) -> None:
    episode = conversations.last_episode(db, conversation.id)
    before = messages.of_episode(db, episode.id)
    if _has_told(before, call):
        # This conversation's own turn has told it; another one still waited.
        return
    said = [each.text for each in before if each.author == "customer"]
    # Where a person has the conversation, there is none to ask for.
    in_words = ended_in_words if conversation.handled_by == "agent" else outcome_in_words
    message = keep_message(
        db,
        conversation.id,
        episode.id,
        "agent",
        in_words(call, code=language_of("\n".join(said)), why=why),
        at,
        # A run belongs to its own conversation.
        run_id=call.run_id if conversation.id == call.conversation_id else None,
        decision=Decision("act", None, call.reason),
    )
    messages.put_out(db, message, conversation.surface, "delivered", at)
    tell(db, conversations.change(db, conversation.id, at), at, message)


def _has_told(said: Sequence[Message], call: ActionCall) -> bool:
    """Whether the agent has told since it was done that it was: the same words from before are of another call."""
    if call.state != "done" or call.receipt is None:
        return False
    since = call.receipt.at
    return any(each.author == "agent" and each.created_at >= since and is_told_in(each.text, call) for each in said)
