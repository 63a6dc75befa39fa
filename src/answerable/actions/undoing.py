"""Taking back what was done, within its window."""

import asyncio
import logging
from dataclasses import replace
from weakref import WeakValueDictionary

import msgspec
from sqlalchemy import Connection

from answerable.actions.arguments import read_again
from answerable.actions.declaring import NotDone
from answerable.actions.failing import where
from answerable.actions.ground import Ground
from answerable.domain.actions import ActionCall
from answerable.domain.errors import Conflict, Invalid, NotAllowed, Unavailable
from answerable.domain.people import Rep
from answerable.store import actions

log = logging.getLogger(__name__)


class Undoing:
    """Takes calls back; outside it happens once, however often it is asked for."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def undo(self, call_id: str, rep: Rep) -> ActionCall:
        """Takes back what was done, within its window.

        Raises NotAllowed for who does not work here any more, NotFound, Conflict if it cannot be, NotDone if outside it
        is refused, Unavailable if that is not known.
        """
        if not rep.may_act_as("rep"):
            raise NotAllowed(f"{rep.name} does not work here any more.")
        # Whoever clicks at the same time finds it taken back; from another process it goes out under the same key.
        async with self._turns.setdefault(call_id, asyncio.Lock()):
            return await self._undo(call_id, rep)

    async def _undo(self, call_id: str, rep: Rep) -> ActionCall:
        call = await self._ground.known(call_id)
        declared = self._ground.declared.get(call.action)
        customer = await self._ground.store.read(self._ground.who, call)
        if declared is None or customer is None or declared.undo is None or declared.undo_within is None:
            raise Conflict("This cannot be taken back.")
        if call.state == "undone":
            raise Conflict("It was taken back already.")
        if call.state != "done" or call.receipt is None:
            raise Conflict("Only what was done can be taken back.")
        if self._ground.clock() - call.receipt.at > declared.undo_within:
            raise Conflict("The time in which it could be taken back is over.")
        try:
            wanted = read_again(declared, call)
            result = msgspec.convert(call.receipt.content, declared.result)
        except (Invalid, msgspec.ValidationError) as error:
            raise Conflict("This cannot be taken back here: the action is another one by now.") from error
        try:
            async with asyncio.timeout(declared.timeout_seconds):
                await declared.undo(self._ground.doing(f"{call.id}-undo", customer), wanted, result)
        except NotDone:
            raise
        except Exception as error:
            log.warning("Taking back the call %s ended in %s.", call.id, where(error))
            raise Unavailable("Whether it was taken back is not known. Try again: it cannot happen twice.") from error
        return await self._ground.store.write(self._keep_undone, call_id, rep)

    def _keep_undone(self, db: Connection, call_id: str, rep: Rep) -> ActionCall:
        actions.hold(db)
        call = actions.by_id(db, call_id)
        assert call is not None
        if call.state == "undone":
            return call
        reason = f"{rep.name} took it back."
        undone = replace(call, state="undone", undone_by=rep.id, reason=reason, changed_at=self._ground.clock())
        actions.change(db, undone, by=rep.id)
        actions.tell_again(db, call_id)
        return undone
