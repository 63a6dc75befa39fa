"""The customer decides about what an agent would change for them: yes to exactly this, no, or nothing in time.

What an agent reads may have been written by anybody, and an agent may take it for the customer's wish. So nothing is
changed on an agent's word alone: the words of the question are the program's own, and so is the reading of the answer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from answerable.actions.arguments import read_arguments
from answerable.actions.asking import alike, decided
from answerable.actions.declaring import Action
from answerable.actions.ground import BOUNDARY, Ground, is_identified, not_identified
from answerable.domain.actions import SILENT, ActionCall, CallState, Said
from answerable.domain.errors import NotFound
from answerable.people import proven_in
from answerable.store import actions

CUSTOMER = "customer"
"""Who writes in the record what the customer decided."""
NOT_IN_TIME = "The customer did not say yes in time. Nothing was done."


class Agreeing:
    """Takes the customer's answer about a call, once."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def agree(self, call_id: str, *, question: str) -> ActionCall:
        """The customer said yes to that question: the call goes on, by the clauses and limits that hold now.

        One that does not wait for them any more is as far as it has come. Raises NotFound.
        """
        call = await self._ground.known(call_id)
        declared = self._ground.declared.get(call.action)
        if call.state != "awaiting_customer":
            return call
        said = Said(agreed=question)
        if declared is None:
            return await self._end(call_id, "refused", "The action is not there any more.", said=said)
        customer = await self._ground.store.read(proven_in, call.conversation_id, self._ground.clock())
        if customer is None or customer.id != call.customer_id:
            raise NotFound("There is no such conversation of this customer.")
        if not is_identified(customer, declared):
            return await self._end(call_id, "refused", not_identified(customer, declared), said=said)
        wanted = read_arguments(declared, call.arguments)
        facts, fault = await self._ground.facts(declared, self._ground.doing(call.id, customer), wanted)
        if fault is not None:
            return await self._end(call_id, "refused", fault, said=said)
        return await self._ground.store.write(self._agree, call_id, declared, facts, said)

    def _agree(
        self, db: Connection, call_id: str, declared: Action, facts: Mapping[str, Any], said: Said
    ) -> ActionCall:
        actions.hold(db)
        at = self._ground.clock()
        call = actions.by_id(db, call_id)
        assert call is not None
        if call.state != "awaiting_customer":
            return call
        if call.look_at is not None and call.look_at <= at:
            return self._ended(db, call, "expired", NOT_IN_TIME, by=BOUNDARY, said=said)
        other = alike(db, replace(call, created_at=at), declared)
        if other is not None:
            self._ended(db, call, "refused", f"The same was asked for already: {other.id}.", by=BOUNDARY, said=said)
            return other
        ruled, approval = decided(db, replace(call, facts=dict(facts), changed_at=at), declared, at)
        if ruled.state == "ready":
            ruled = replace(ruled, reason=f"The customer said yes to “{said.agreed}” {ruled.reason}")
        # What a rule refuses the customer has not refused; that they said yes is true all the same.
        by = BOUNDARY if ruled.state == "refused" else CUSTOMER
        actions.change(db, ruled, by=by, said=said)
        if approval is not None:
            actions.add_approval(db, approval)
        return ruled

    async def turn_down(self, call_id: str) -> ActionCall:
        """The customer said no. One that does not wait for them any more is as far as it has come. Raises NotFound."""
        await self._ground.known(call_id)
        return await self._end(call_id, "declined", "The customer said no. Nothing was done.", by=CUSTOMER)

    async def expire(self, call_id: str) -> ActionCall:
        """Ends a call to which the customer did not say yes in time, unless they have been asked again meanwhile."""
        return await self._ground.store.write(self._expire, call_id)

    def _expire(self, db: Connection, call_id: str) -> ActionCall:
        actions.hold(db)
        call = actions.by_id(db, call_id)
        assert call is not None
        if call.state != "awaiting_customer" or (call.look_at is not None and call.look_at > self._ground.clock()):
            return call
        return self._ended(db, call, "expired", NOT_IN_TIME, by=BOUNDARY)

    async def _end(
        self, call_id: str, state: CallState, reason: str, *, by: str = BOUNDARY, said: Said = SILENT
    ) -> ActionCall:
        def keep(db: Connection) -> ActionCall:
            actions.hold(db)
            call = actions.by_id(db, call_id)
            assert call is not None
            if call.state != "awaiting_customer":
                return call
            return self._ended(db, call, state, reason, by=by, said=said)

        return await self._ground.store.write(keep)

    def _ended(
        self, db: Connection, call: ActionCall, state: CallState, reason: str, *, by: str, said: Said = SILENT
    ) -> ActionCall:
        ended = replace(call, state=state, reason=reason, changed_at=self._ground.clock(), look_at=None)
        actions.change(db, ended, by=by, said=said)
        return ended
