"""Trying a wish out: what would become of it now. Nothing is kept, and nothing is done."""

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from answerable.actions.arguments import money_of, read_arguments
from answerable.actions.asking import Request, alike, decided, new_call
from answerable.actions.declaring import Action, NotDone
from answerable.actions.failing import where
from answerable.actions.ground import Ground, is_identified, not_identified
from answerable.domain.actions import ActionCall, Approval
from answerable.domain.errors import Invalid, NotFound
from answerable.domain.people import Customer
from answerable.people import proven_in

log = logging.getLogger(__name__)

NOT_TRIED = "What the outside system would say could not be found out."


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of a wish."""

    call: ActionCall
    """As it would be kept: refused, ready, or waiting for people; failed if the outside system would refuse it."""
    approval: Approval | None = None
    """What people would be asked."""
    would: str | None = None
    """What the outside system says of it; none if it was not asked."""
    before: ActionCall | None = None
    """The same wish, made a short while ago: asking again gives that one."""


class Trying:
    """Looks at wishes as asking for them would, by the same rules and the same facts."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def try_out(self, request: Request) -> Tried:
        """What would become of it. Raises Invalid if it is no call at all, NotFound without the conversation."""
        declared = self._ground.declared.get(request.action)
        if declared is None:
            raise Invalid(f"There is no action {request.action!r:.80}.")
        at = self._ground.clock()
        customer = await self._ground.store.read(proven_in, request.conversation_id, at)
        wanted = read_arguments(declared, request.arguments)
        moves = money_of(declared, wanted)
        if customer is None or customer.id != request.customer_id:
            raise NotFound("There is no such conversation of this customer.")
        call = new_call(request, declared, wanted, moves, at)
        if not is_identified(customer, declared):
            return Tried(replace(call, state="refused", reason=not_identified(customer, declared)))
        facts, fault = await self._ground.facts(declared, self._ground.doing(call.id, customer), wanted)
        if fault is not None:
            return Tried(replace(call, state="refused", reason=fault))
        tried = await self._ground.store.read(self._look, replace(call, facts=facts), declared, at)
        if tried.call.state == "refused" or not declared.has_dry_run:
            return tried
        return await self._run_dry(tried, declared, customer, wanted)

    def _look(self, db: Connection, call: ActionCall, declared: Action, at: datetime) -> Tried:
        before = alike(db, call, declared)
        ruled, approval = decided(db, call, declared, at)
        return Tried(ruled, approval, before=before)

    async def _run_dry(self, tried: Tried, declared: Action, customer: Customer, wanted: Any) -> Tried:
        doing = replace(self._ground.doing(tried.call.id, customer), dry_run=True)
        try:
            async with asyncio.timeout(declared.timeout_seconds):
                return replace(tried, would=str((await declared.run(doing, wanted)).summary))
        except NotDone as error:
            return replace(tried, call=replace(tried.call, state="failed", reason=str(error)))
        except Exception as error:
            log.warning("A dry run of %s ended in %s.", declared.name, where(error))
            return replace(tried, would=NOT_TRIED)
