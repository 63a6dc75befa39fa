"""Asking for an action: whether it is a call at all, and whether clauses and limits let it be done, or want people."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from answerable.actions.arguments import likeness, money_of, read_arguments
from answerable.actions.declaring import Action
from answerable.actions.ground import BOUNDARY, Claimed, Ground, is_identified, is_refused, not_identified
from answerable.actions.limits import over_limits, ruled
from answerable.actions.policies import Ruling
from answerable.domain.actions import SILENT, ActionCall, Approval, Said
from answerable.domain.errors import Conflict, Invalid, NotFound
from answerable.domain.ids import new_id
from answerable.domain.money import Money
from answerable.domain.people import Customer
from answerable.people import proven_in
from answerable.store import actions

KEY_CHARACTERS_MAX = 200
AGENT = "agent"
AGREE_WITHIN = timedelta(hours=1)
"""For so long a yes counts."""
WAITS = "It waits for the customer's own yes."
ASKED_AGAIN = "The customer is asked again. It waits for their own yes."
ASKED_CHARACTERS_MAX = 2_000
"""Nobody reads more than that before a yes, and what they have not read they have not agreed to."""
TOO_LONG = (
    f"This is too long to be read before a yes: it may have {ASKED_CHARACTERS_MAX:,} characters. Nothing was done."
)


@dataclass(frozen=True, slots=True)
class Request:
    """One wish for one action, as a turn or a rep has it."""

    key: str
    """The same again is the same call: name the turn and the place in it."""
    action: str
    arguments: Any
    """As it came: anything."""
    customer_id: str
    conversation_id: str
    requested_by: str
    """`agent`, or a rep's id."""
    turn_id: str | None = None
    run_id: str | None = None
    agreed: str | None = None
    """What shows that the customer wants exactly this, such as a step of a procedure that they have answered. Without
    it, what an agent would change waits for their yes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A call on which is yet to be decided, with all that is known of it."""

    call: ActionCall
    """As it will be if nothing speaks against it."""
    declared: Action
    customer: Customer
    ended: int
    """How many other calls of its action had ended for the customer before its facts were read."""
    needs_yes: bool
    """Whether the customer must say yes first."""
    said: Said


Claim = Callable[[Connection, ActionCall, Wish], Claimed | None]
"""Turns a call that is ready into one that is sent, in the same transaction; None if it must wait."""


class Asking:
    """Keeps wishes as calls that are refused, wait for people, or are ready."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def read(self, request: Request) -> Wish | ActionCall:
        """What is to be decided on. If there is nothing to decide, the call: refused, or as far as an old one has come.

        Raises Invalid if it is no call at all: an unknown action, arguments that its types forbid, or a key that
        cannot be kept. Then nothing was kept or done.
        """
        declared = self._ground.declared.get(request.action)
        if declared is None:
            raise Invalid(f"There is no action {request.action!r:.80}.")
        if not request.key or len(request.key) > KEY_CHARACTERS_MAX:
            raise Invalid(f"The key of a call has 1 to {KEY_CHARACTERS_MAX} characters.")
        answered, customer, ended = await self._ground.store.read(self._looked_at, request)
        if answered is not None:
            return _again(answered, request.action, request.conversation_id)
        wanted = read_arguments(declared, request.arguments)
        moves = money_of(declared, wanted)
        if customer is None or customer.id != request.customer_id:
            raise NotFound("There is no such conversation of this customer.")
        call = new_call(request, declared, wanted, moves, self._ground.clock())
        if not is_identified(customer, declared):
            refused = replace(call, state="refused", reason=not_identified(customer, declared))
            return await self._ground.store.write(self._refuse, refused)
        needs_yes = request.requested_by == AGENT and request.agreed is None and declared.effect != "reads"
        if needs_yes and len(msgspec.json.encode(call.arguments).decode()) > ASKED_CHARACTERS_MAX:
            unaskable = replace(call, state="refused", reason=TOO_LONG)
            return await self._ground.store.write(self._refuse_unless_alike, unaskable, declared)
        facts, fault = await self._ground.facts(declared, self._ground.doing(call.id, customer), wanted)
        if fault is not None:
            unknowable = replace(call, state="refused", reason=fault)
            return await self._ground.store.write(self._refuse_unless_alike, unknowable, declared)
        return Wish(replace(call, facts=facts), declared, customer, ended, needs_yes, Said(agreed=request.agreed))

    def _looked_at(self, db: Connection, request: Request) -> tuple[actions.Answered | None, Customer | None, int]:
        """What its key was answered with, who asks, and how many calls of this kind had ended for them by now."""
        customer = proven_in(db, request.conversation_id, self._ground.clock())
        answered = actions.by_key(db, request.key)
        if answered is not None or customer is None or self._ground.declared[request.action].effect == "reads":
            return answered, customer, 0
        return None, customer, actions.others_sent(db, request.action, customer.id, but="").ended

    def decide(self, db: Connection, wish: Wish, claim: Claim | None) -> ActionCall | Claimed:
        """Keeps the call as clauses and limits have it at this moment; one that is allowed is claimed if it can be.

        That it was allowed and that it is sent are then kept together: before anything is sent, as ever.
        """
        actions.hold(db)
        call, declared = wish.call, wish.declared
        before = _before(db, call) or _alike(db, call, declared)
        if before is None and wish.needs_yes:
            before = _asked_about(db, call)
        if before is not None:
            return before
        ruled, approval = decided(db, call, declared, self._ground.clock())
        if wish.needs_yes and ruled.state != "refused":
            waiting = replace(call, state="awaiting_customer", reason=WAITS, look_at=call.created_at + AGREE_WITHIN)
            return self._keep_new(db, waiting, None)
        claimed = claim(db, ruled, wish) if claim is not None and ruled.state == "ready" else None
        if claimed is not None:
            actions.add_sent(db, ruled, claimed.call, by=call.requested_by, sent_by=BOUNDARY, said=wish.said)
            return claimed
        return self._keep_new(db, ruled, approval, wish.said)

    def _refuse(self, db: Connection, call: ActionCall) -> ActionCall:
        actions.hold(db)
        return _before(db, call) or self._keep_new(db, call, None)

    def _refuse_unless_alike(self, db: Connection, call: ActionCall, declared: Action) -> ActionCall:
        """The same wish may be why its facts are out of reach by now, such as a plan that is the customer's already."""
        actions.hold(db)
        return _before(db, call) or _alike(db, call, declared) or self._keep_new(db, call, None)

    def _keep_new(self, db: Connection, call: ActionCall, approval: Approval | None, said: Said = SILENT) -> ActionCall:
        # Who asked stands in the call; what a rule refuses at once they have not refused.
        actions.add(db, call, by=BOUNDARY if call.state == "refused" else call.requested_by, said=said)
        if approval is not None:
            actions.add_approval(db, approval)
        return call


def _before(db: Connection, call: ActionCall) -> ActionCall | None:
    """What its key was answered with, by whoever was first."""
    answered = actions.by_key(db, call.key)
    return _again(answered, call.action, call.conversation_id) if answered is not None else None


def decided(db: Connection, call: ActionCall, declared: Action, at: datetime) -> tuple[ActionCall, Approval | None]:
    """The call as clauses and limits have it: refused, ready, or waiting for people, with what they are asked."""
    call, ruling = ruled(db, call, at)
    call = replace(call, verdicts=ruling.verdicts, clause_id=ruling.clause.id if ruling.clause else None, look_at=None)
    if is_refused(ruling, declared):
        return replace(call, state="refused", reason=ruling.reason), None
    over = over_limits(db, call, declared, at)
    if over is not None:
        return replace(call, state="refused", reason=over), None
    if declared.effect != "reads" and ruling.approval is not None:
        return _ask_people(call, declared, ruling, at)
    return replace(call, state="ready", reason=ruling.reason, look_at=at), None


def alike(db: Connection, call: ActionCall, declared: Action) -> ActionCall | None:
    """The same wish, if it was made a short while ago and has not come to nothing."""
    if declared.effect == "reads":
        return None
    return actions.alike(db, call.likeness, call.created_at - declared.repeats_within)


def _alike(db: Connection, call: ActionCall, declared: Action) -> ActionCall | None:
    """What was made of the same wish a short while ago; then that is what the key gets.

    For ever: were the key forgotten, and came the earlier call to nothing, the same delivery once more would act.
    """
    before = alike(db, call, declared)
    if before is not None:
        actions.add_key(db, call.key, before, call.conversation_id, call.created_at)
    return before


def _asked_about(db: Connection, call: ActionCall) -> ActionCall | None:
    """The same wish of this conversation, if it waits for the customer's yes; then that is what the key gets.

    They are asked again, so that from now on their yes counts for as long as after the first question.
    """
    before = actions.asked_about(db, call.likeness, call.conversation_id)
    if before is None:
        return None
    actions.add_key(db, call.key, before, call.conversation_id, call.created_at)
    look_at = call.created_at + AGREE_WITHIN
    if before.look_at is not None and before.look_at >= look_at:
        return before
    renewed = replace(before, reason=ASKED_AGAIN, changed_at=call.created_at, look_at=look_at)
    actions.change(db, renewed, by=call.requested_by)
    return renewed


def _again(answered: actions.Answered, action: str, conversation_id: str) -> ActionCall:
    """The same key again: the same call, as far as it has come by now. Raises Conflict if it is another's key."""
    if (answered.call.action, answered.conversation_id) != (action, conversation_id):
        raise Conflict("This key belongs to another call.")
    return answered.call


def new_call(request: Request, declared: Action, wanted: Any, moves: Money | None, at: datetime) -> ActionCall:
    """A wish as a call, before anything was looked at."""
    arguments = msgspec.to_builtins(wanted)
    return ActionCall(
        id=new_id("act"),
        key=request.key,
        conversation_id=request.conversation_id,
        customer_id=request.customer_id,
        turn_id=request.turn_id,
        run_id=request.run_id,
        requested_by=request.requested_by,
        action=declared.name,
        effect=declared.effect,
        arguments=arguments,
        likeness=likeness(declared.name, request.customer_id, arguments),
        money=moves,
        state="ready",
        clause_id=None,
        reason="",
        facts={},
        verdicts=(),
        receipt=None,
        undone_by=None,
        attempts=0,
        created_at=at,
        changed_at=at,
        sent_at=None,
        look_at=None,
    )


def _ask_people(call: ActionCall, declared: Action, ruling: Ruling, at: datetime) -> tuple[ActionCall, Approval]:
    asks = ruling.approval
    assert asks is not None
    expires_at = at + declared.approval_expires_after
    approval = Approval(
        id=new_id("apr"),
        call_id=call.id,
        state="open",
        clause_id=asks.id,
        role=asks.approver_role,
        needed=2 if asks.four_eyes else 1,
        approved_by=(),
        decided_by=None,
        reason=None,
        asked_at=at,
        expires_at=expires_at,
        decided_at=None,
    )
    reason = f"{asks.id} {asks.title}: {asks.says}"
    return replace(call, state="awaiting_approval", reason=reason, look_at=expires_at), approval
