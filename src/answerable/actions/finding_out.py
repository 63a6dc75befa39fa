"""Finding out what became of a call that did not come back: looked up outside by its key, never guessed."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection

from answerable.actions.arguments import read_again
from answerable.actions.failing import where
from answerable.actions.ground import BOUNDARY, Ground
from answerable.actions.sending import LOOK_AGAIN_MAX, LOOK_AGAIN_MIN, Sending, receipt_of
from answerable.domain.actions import ActionCall
from answerable.store import actions

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 5


class FindingOut:
    """Looks up what is not known, and sends again only what surely did not happen."""

    def __init__(self, ground: Ground, sending: Sending) -> None:
        self._ground = ground
        self._sending = sending

    async def reconcile(self, call_id: str) -> ActionCall:
        """Looks up outside what became of a call, by its key."""
        call = await self._ground.known(call_id)
        declared = self._ground.declared.get(call.action)
        customer = await self._ground.store.read(self._ground.who, call)
        if call.effect == "reads":
            reason = "It was cut off. Nothing was changed by it."
            return await self._ground.store.write(
                self._sending.settle_as, call_id, call.attempts, "failed", reason, None
            )
        if call.state not in ("sent", "unknown") or declared is None or declared.look_up is None or customer is None:
            return await self._ground.store.write(self._look_again, call_id)
        try:
            wanted = read_again(declared, call)
            async with asyncio.timeout(declared.timeout_seconds):
                found = await declared.look_up(self._ground.doing(call.id, customer), wanted)
            receipt = receipt_of(declared, found, self._ground.clock()) if found is not None else None
        except Exception as error:
            log.warning("The call %s could not be looked up: %s.", call.id, where(error))
            return await self._ground.store.write(self._look_again, call_id)
        if receipt is not None:
            return await self._ground.store.write(
                self._sending.settle_as, call_id, call.attempts, "done", receipt.summary, receipt
            )
        after = await self._ground.store.write(self._not_done, call_id, call.attempts)
        return await self._sending.perform(after.id) if after.state == "ready" else after

    def _not_done(self, db: Connection, call_id: str, attempts: int) -> ActionCall:
        """It surely was not done: once a request can no longer be on its way, it is sent again under the same key."""
        actions.hold(db)
        call = actions.by_id(db, call_id)
        assert call is not None
        if call.state not in ("sent", "unknown") or call.attempts != attempts:
            return call
        at = self._ground.clock()
        declared = self._ground.declared[call.action]
        assert call.sent_at is not None
        # A clock that went backwards makes it wait longer, never less.
        if at < call.sent_at + timedelta(seconds=declared.timeout_seconds) + self._ground.settle:
            return self._look_again(db, call_id)
        if call.attempts >= ATTEMPTS_MAX:
            reason = f"The outside system did nothing, however often it was asked ({call.attempts} times)."
            after = replace(call, state="failed", reason=reason, changed_at=at, look_at=None)
        else:
            after = replace(
                call, state="ready", reason="It was not done; it is asked for again.", changed_at=at, look_at=at
            )
        actions.change(db, after, by=BOUNDARY)
        return after

    def _look_again(self, db: Connection, call_id: str) -> ActionCall:
        """Nothing is known yet: later, and later each time."""
        actions.hold(db)
        call = actions.by_id(db, call_id)
        assert call is not None
        if call.state not in ("sent", "unknown"):
            return call
        at = self._ground.clock()
        waited = at - (call.sent_at or at)
        pause = min(max(waited, LOOK_AGAIN_MIN), LOOK_AGAIN_MAX)
        after = replace(
            call, state="unknown", reason="What became of it is not known yet.", changed_at=at, look_at=at + pause
        )
        actions.change(db, after, by=BOUNDARY)
        return after
