"""Doing a call: claimed by one, sent under its key, and what came of it kept before anybody is told."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from sqlalchemy import Connection

from answerable.actions.arguments import legible, read_again
from answerable.actions.asking import Claim, Wish
from answerable.actions.declaring import Action, NotDone, has_summaries
from answerable.actions.failing import where
from answerable.actions.ground import BOUNDARY, Claimed, Ground, is_identified, is_refused, not_identified
from answerable.actions.limits import over_limits, ruled
from answerable.actions.policies import Ruling
from answerable.domain.actions import ActionCall, Approval, CallState, Clause, Receipt
from answerable.domain.errors import Invalid
from answerable.domain.people import ROLES, Customer
from answerable.store import actions, conversations

log = logging.getLogger(__name__)

LOOK_AGAIN_MIN = timedelta(seconds=5)
LOOK_AGAIN_MAX = timedelta(minutes=10)

_DONE: CallState = "done"
_FAILED: CallState = "failed"
_UNKNOWN: CallState = "unknown"


class Sending:
    """Sends what is ready, once."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        """One for each customer and action for which something is sent in this process: others wait for theirs, and
        nothing in the database waits for them. Between processes, what is on its way is seen in the database."""

    async def perform(self, call_id: str) -> ActionCall:
        """Does a call that is ready; whoever else is at it, it is done by one of them."""
        return await self.go_on(await self._ground.known(call_id))

    async def go_on(self, call: ActionCall, ended: int | None = None) -> ActionCall:
        """The same with a call that was just looked at: before it is sent, it is read again.

        `ended`: how many other calls of its action had ended for the customer before its facts were read, if they were
        read just now.
        """
        if call.effect == "reads":
            return await self._send(call, ended)
        async with self._turn_of(call):
            return await self._send(call, ended)

    async def do(
        self, wish: Wish, decide: Callable[[Connection, Wish, Claim | None], ActionCall | Claimed]
    ) -> ActionCall:
        """Decides on a wish and does it, if it may be done; where nothing else is on its way, in one transaction."""
        turn = self._turn_of(wish.call) if wish.declared.effect != "reads" else asyncio.Lock()
        if turn.locked():
            # It is decided on now, and sent when the other one of this customer has ended.
            kept = await self._ground.store.write(decide, wish, None)
            assert isinstance(kept, ActionCall)
            return await self.go_on(kept, _ended(kept, wish)) if kept.state == "ready" else kept
        async with turn:
            kept = await self._ground.store.write(decide, wish, self._claim_new)
            if isinstance(kept, Claimed):
                return await self._do(kept)
            return await self._send(kept, _ended(kept, wish)) if kept.state == "ready" else kept

    def _turn_of(self, call: ActionCall) -> asyncio.Lock:
        return self._turns.setdefault((call.customer_id, call.action), asyncio.Lock())

    async def _send(self, call: ActionCall, ended: int | None) -> ActionCall:
        facts = None
        if call.state == "ready" and call.attempts == 0 and ended is None:
            # Somebody has thought about it meanwhile, and the world went on.
            facts, ended, call = await self._facts_again(call)
        if not self._is_due(call):
            return call
        claimed = await self._ground.store.write(self._claim, call.id, facts, ended)
        if claimed is None:
            call = await self._ground.known(call.id)
            # Another call of the customer has changed the world since: once more, with the facts as they are now.
            return await self._send(call, None) if self._is_due(call) else call
        return await self._do(claimed)

    async def _do(self, claimed: Claimed) -> ActionCall:
        call, declared, receipt = claimed.call, claimed.declared, None
        # From here on whatever goes wrong says nothing of what was done: it is looked up by its key.
        try:
            async with asyncio.timeout(declared.timeout_seconds):
                result = await declared.run(self._ground.doing(call.id, claimed.customer), claimed.wanted)
            receipt = receipt_of(declared, result, self._ground.clock())
            state, reason = _DONE, receipt.summary
        except NotDone as error:
            state, reason = _FAILED, str(error)
        except Exception as error:
            log.warning("The call %s (%s) ended in %s.", call.id, call.action, where(error))
            state, reason = (_FAILED if declared.effect == "reads" else _UNKNOWN), _in_words(error, declared)
        # If the program is stopped before this, whoever starts next finds the call sent, and looks it up.
        return await self._ground.store.write(self.settle_as, call.id, call.attempts, state, reason, receipt)

    def _is_due(self, call: ActionCall) -> bool:
        return call.state == "ready" and (call.look_at is None or call.look_at <= self._ground.clock())

    async def _facts_again(self, call: ActionCall) -> tuple[dict[str, Any] | None, int | None, ActionCall]:
        """The facts as they are now, and what had ended before; the call is refused if they stay out of reach."""
        declared = self._ground.declared.get(call.action)

        def look(db: Connection) -> tuple[Customer | None, int]:
            others = actions.others_sent(db, call.action, call.customer_id, but=call.id)
            return self._ground.who(db, call), others.ended

        customer, ended = await self._ground.store.read(look)
        if declared is None or customer is None:
            # The claim will say so.
            return None, ended, call
        try:
            wanted = read_again(declared, call)
        except Invalid:
            # The claim will say so.
            return None, ended, call
        facts, fault = await self._ground.facts(declared, self._ground.doing(call.id, customer), wanted)
        if fault is None:
            return facts, ended, call
        return None, ended, await self._ground.store.write(self._without_facts, call.id, declared, fault)

    def _without_facts(self, db: Connection, call_id: str, declared: Action, fault: str) -> ActionCall:
        actions.hold(db)
        call = actions.by_id(db, call_id)
        assert call is not None
        if call.state != "ready" or call.attempts:
            return call
        call = _later(call, declared, fault, self._ground.clock(), LOOK_AGAIN_MIN)
        actions.change(db, call, by=BOUNDARY)
        return call

    def _claim(self, db: Connection, call_id: str, facts: dict[str, Any] | None, ended: int | None) -> Claimed | None:
        """Turns a call from ready into sent; None if it is not ready, or must not be sent now, or ever.

        Whatever can fail because of its values fails here, before anything is sent.
        """
        actions.hold(db)
        call = actions.by_id(db, call_id)
        if call is None or call.state != "ready":
            return None
        at = self._ground.clock()
        declared, customer = self._ground.declared.get(call.action), self._ground.who(db, call)
        if declared is not None and customer is not None:
            held_back = _held_back(db, call, declared, ended, at)
            if held_back is not None:
                actions.change(db, held_back, by=BOUNDARY)
                return None
            try:
                wanted = read_again(declared, call)
            except Invalid as error:
                actions.change(db, _unreadable(call, declared, str(error), at), by=BOUNDARY)
                return None
        call = replace(call, facts=facts if facts is not None else call.facts, changed_at=at)
        clause_id = call.clause_id
        if declared is None or customer is None:
            stopped: str | None = "The action is not there any more."
        elif call.attempts:
            # It was allowed, and may have been done: asking again under its key is how to find out.
            stopped = None
        elif not _is_theirs(db, call):
            stopped = "The conversation belongs to somebody else by now. Whoever has it must ask for it."
        elif not is_identified(customer, declared):
            stopped = not_identified(customer, declared)
        else:
            call, ruling = ruled(db, call, at)
            stopped, clause_id = self._stopped_by_rules(db, call, ruling, declared, at)
        if stopped is not None or declared is None or customer is None:
            state: CallState = "unknown" if call.attempts else "refused"
            look_at = at + LOOK_AGAIN_MAX if call.attempts else None
            held = replace(call, state=state, reason=stopped or "", clause_id=clause_id, look_at=look_at)
            actions.change(db, held, by=BOUNDARY)
            return None
        sent = self._as_sent(call, declared, at)
        actions.change(db, sent, by=BOUNDARY)
        return Claimed(sent, declared, customer, wanted)

    def _claim_new(self, db: Connection, call: ActionCall, wish: Wish) -> Claimed | None:
        """The same with a call that was decided on in this very transaction: rules and limits were just asked."""
        at = self._ground.clock()
        if _held_back(db, call, wish.declared, wish.ended, at) is not None or not _is_theirs(db, call):
            return None
        with suppress(Invalid):
            wanted = read_again(wish.declared, call)
            return Claimed(self._as_sent(call, wish.declared, at), wish.declared, wish.customer, wanted)
        return None

    def _as_sent(self, call: ActionCall, declared: Action, at: datetime) -> ActionCall:
        waits = timedelta(seconds=declared.timeout_seconds) + self._ground.settle
        return replace(
            call,
            state="sent",
            attempts=call.attempts + 1,
            # Nothing is sent before it was asked for, even if the clock went back meanwhile: limits count from here.
            sent_at=max(at, call.created_at),
            changed_at=at,
            look_at=at + waits,
            reason="The outside system is being asked.",
        )

    def _stopped_by_rules(
        self, db: Connection, call: ActionCall, ruling: Ruling, declared: Action, at: datetime
    ) -> tuple[str | None, str | None]:
        """Why it must not be sent, and the clause that says so: one that was changed at noon holds at noon."""
        if is_refused(ruling, declared):
            return ruling.reason, ruling.clause.id if ruling.clause else None
        asks = ruling.approval if declared.effect != "reads" else None
        if asks is not None and not _was_approved_for(actions.approval_of(db, call.id), asks):
            return f"By now {asks.id} {asks.title} wants more people to decide than did.", asks.id
        return over_limits(db, call, declared, at), call.clause_id

    def settle_as(
        self, db: Connection, call_id: str, attempt: int, state: CallState, reason: str, receipt: Receipt | None
    ) -> ActionCall:
        """Keeps what became of an attempt. That it was done is true whenever it is learnt, and stays so."""
        actions.hold(db)
        call = actions.by_id(db, call_id)
        assert call is not None
        is_late = call.attempts != attempt or call.state not in ("sent", "unknown")
        if call.state in ("done", "undone") or (is_late and state != "done"):
            return call
        at = self._ground.clock()
        look_at = at + self._ground.settle if state == "unknown" else None
        settled = replace(call, state=state, reason=legible(reason), receipt=receipt, changed_at=at, look_at=look_at)
        actions.change(db, settled, by=BOUNDARY)
        return settled


def _ended(kept: ActionCall, wish: Wish) -> int | None:
    """What had ended before the facts of what was kept were read; not known if it is an older call for the same."""
    return wish.ended if kept.id == wish.call.id else None


def _held_back(
    db: Connection, call: ActionCall, declared: Action, ended: int | None, at: datetime
) -> ActionCall | None:
    """The call as it waits for another one that may still change the facts it was allowed by; None if none does.

    What two wishes for the same money are allowed by is true only until one of them is done. So of one customer one
    call of an action is on its way at a time, and the next one is ruled by facts that were read when it had ended.
    """
    if declared.effect == "reads" or declared.facts is None or call.attempts:
        return None
    others = actions.others_sent(db, call.action, call.customer_id, but=call.id)
    if others.on_their_way:
        reason = "It waits for another one of this customer, which is being done."
        return _later(call, declared, reason, at, LOOK_AGAIN_MIN)
    if others.ended != ended:
        reason = "Another one of this customer has ended since its facts were read; they are read again."
        return _later(call, declared, reason, at, timedelta(0))
    return None


def _unreadable(call: ActionCall, declared: Action, why: str, at: datetime) -> ActionCall:
    """The call as it waits for a program that takes its arguments; what may have been done stays unknown meanwhile."""
    if call.attempts:
        return replace(call, state="unknown", reason=why, changed_at=at, look_at=at + LOOK_AGAIN_MAX)
    return _later(call, declared, f"{why} Nothing was done.", at, LOOK_AGAIN_MIN)


def _later(call: ActionCall, declared: Action, why: str, at: datetime, pause: timedelta) -> ActionCall:
    """The call as it waits for what it needs; refused if it has waited for so long that nobody expects it any more."""
    if at - call.created_at > 2 * declared.approval_expires_after:
        return replace(call, state="refused", reason=why, changed_at=at, look_at=None)
    return replace(call, reason=why, changed_at=at, look_at=at + pause)


def receipt_of(declared: Action, result: Any, at: datetime) -> Receipt:
    """The receipt of a result. Raises if the action returned what its type forbids: then nothing is known."""
    content = legible(msgspec.to_builtins(msgspec.convert(msgspec.to_builtins(result), declared.result)))
    # The words for customers stand in the receipt; who builds upon the result needs none of them.
    spoken = content.pop("summaries") if "summaries" in content and has_summaries(declared.result) else {}
    receipt = Receipt(legible(str(result.reference)), legible(str(result.summary)), content, at, spoken)
    # What no database keeps is no receipt, and whoever has one can keep it.
    msgspec.json.encode(receipt)
    return receipt


def _is_theirs(db: Connection, call: ActionCall) -> bool:
    """Whether the conversation is still that of whoever asked: signing in may have given it to another customer."""
    conversation = conversations.by_id(db, call.conversation_id)
    return conversation is not None and conversation.customer_id == call.customer_id


def _was_approved_for(approval: Approval | None, asks: Clause) -> bool:
    """Whether people have decided what the clause wants people to decide."""
    if approval is None or approval.state != "approved":
        return False
    enough = len(approval.approved_by) >= (2 if asks.four_eyes else 1)
    return enough and ROLES.index(approval.role) >= ROLES.index(asks.approver_role)


def _in_words(error: Exception, declared: Action) -> str:
    what = "did not answer in time" if isinstance(error, TimeoutError) else "gave no answer that could be read"
    rest = "Nothing was changed by it." if declared.effect == "reads" else "What became of it is not known yet."
    return f"The outside system {what}. {rest}"
