"""Tells customers what became of an action that was still open when they were last told of it; each outcome once."""

import asyncio
import logging

from sqlalchemy import Connection

from answerable.agents.outcomes import outcome_in_words
from answerable.conversations.keeping import keep_message, tell
from answerable.domain.actions import ActionCall
from answerable.domain.clock import now
from answerable.domain.conversations import Decision
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
    # Whoever tells of the same conversation at the same time waits here, and then finds it told.
    conversation = conversations.by_id(db, call.conversation_id, for_update=True)
    if conversation is None or not actions.is_to_tell(db, call.id):
        return False
    at = now()
    actions.tell(db, {call.id: call.state})
    episode = conversations.last_episode(db, conversation.id)
    said = [each.text for each in messages.of_episode(db, episode.id) if each.author == "customer"]
    decision = Decision("act", None, call.reason)
    message = keep_message(
        db,
        conversation.id,
        episode.id,
        "agent",
        outcome_in_words(call, said="\n".join(said)),
        at,
        run_id=call.run_id,
        decision=decision,
    )
    messages.put_out(db, message, conversation.surface, "delivered", at)
    tell(db, conversations.change(db, conversation.id, at), at, message)
    return True
