"""What all parts of the boundary stand on: the store, the declared actions, their settings and a clock."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from answerable.actions.arguments import legible
from answerable.actions.declaring import IDENTITIES, Action, Doing, NotDone
from answerable.actions.failing import where
from answerable.actions.policies import Ruling
from answerable.domain.actions import ActionCall
from answerable.domain.errors import NotFound
from answerable.domain.people import Customer
from answerable.people import proven
from answerable.store import Store, actions

log = logging.getLogger(__name__)

BOUNDARY = "boundary"
"""Who writes in the record what nobody in particular did."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The store, the actions by their names, and what they need to know."""

    store: Store
    declared: Mapping[str, Action]
    settings: Mapping[str, str]
    clock: Callable[[], datetime]
    settle: timedelta
    """After its time-out a request may still be on its way outside for so long."""

    def doing(self, key: str, customer: Customer) -> Doing:
        """What a function of an action is given."""
        return Doing(key, customer, self.settings)

    async def known(self, call_id: str) -> ActionCall:
        """The call of that name. Raises NotFound."""
        call = await self.store.read(actions.by_id, call_id)
        if call is None:
            raise NotFound("There is no such call.")
        return call

    def who(self, db: Connection, call: ActionCall) -> Customer | None:
        """The customer of a call as they had proved themselves to be, in its conversation, when they asked for it.

        That somebody decides tomorrow on what was asked for today needs no second proof of who asked.
        """
        return proven(db, call.conversation_id, call.customer_id, call.created_at)

    async def facts(self, declared: Action, doing: Doing, wanted: Any) -> tuple[dict[str, Any], str | None]:
        """What clauses need to know, or the sentence that says why it could not be had."""
        if declared.facts is None:
            return {}, None
        try:
            async with asyncio.timeout(declared.timeout_seconds):
                found = msgspec.to_builtins(dict(await declared.facts(doing, wanted)))
            facts: dict[str, Any] = {**legible(found), "identity": doing.customer.identity}
            msgspec.json.encode(facts)
        except NotDone as error:
            return {}, legible(str(error))
        except TimeoutError:
            return {}, "What has to be known first could not be found out in time. Nothing was done."
        except Exception as error:
            log.warning("The facts for %s could not be read: %s.", declared.name, where(error))
            return {}, "What has to be known first could not be found out. Nothing was done."
        return facts, None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A call that is this one's to send, with all that it takes."""

    call: ActionCall
    declared: Action
    customer: Customer
    wanted: Any


def is_identified(customer: Customer, declared: Action) -> bool:
    """Whether the customer has proved enough for the action."""
    return IDENTITIES.index(customer.identity) >= IDENTITIES.index(declared.identity)


def not_identified(customer: Customer, declared: Action) -> str:
    """That they have not, in a sentence."""
    return f"This needs a customer who is {declared.identity}; this one is {customer.identity}."


def is_refused(ruling: Ruling, declared: Action) -> bool:
    """Looking something up needs no clause that allows it; everything else does."""
    return not ruling.is_allowed and (declared.effect != "reads" or ruling.clause is not None)
