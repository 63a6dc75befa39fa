"""People decide about a call: yes, yes to less, no, or nothing in time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection

from answerable.actions.arguments import read_arguments, with_less
from answerable.actions.deciders import taken_over, why_not_decide
from answerable.actions.declaring import Action
from answerable.actions.ground import BOUNDARY, Ground
from answerable.actions.limits import over_limits, ruled
from answerable.actions.policies import fixing
from answerable.actions.recorded import has_approved, has_declined, roles_in, words_of
from answerable.domain.actions import SILENT, ActionCall, Approval, Said
from answerable.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from answerable.domain.people import Customer, Rep
from answerable.store import actions, clauses, reps

NOT_THERE = "The action is not there any more."
STILL_WAITS = "Nothing is decided: it still waits."


@dataclass(frozen=True, slots=True)
class _Yes:
    """What a person says who approves."""

    rep: Rep
    arguments: Any
    """What they approve, as it came; none for all of it."""
    words: str | None
    """All that they say with it."""


@dataclass(frozen=True, slots=True)
class _Less:
    """Less than was asked for, and what clauses need to know of it."""

    wanted: Any
    facts: Mapping[str, Any]


class Approving:
    """Takes each decision once, from whoever may decide."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def approve(
        self,
        approval_id: str,
        rep: Rep,
        *,
        arguments: Any = None,
        reason: str | None = None,
        note: str | None = None,
    ) -> ActionCall:
        """A person says yes, with `arguments` to something smaller than was asked for. Saying it twice is saying it.

        Raises NotFound, NotAllowed (the role, or the requester), Conflict if it is decided or has expired, and Invalid
        for what is not less, less without a reason, or what a clause refuses of less: then nothing is decided.
        """
        yes = _Yes(rep, arguments, words_of(reason, note))
        said_before = await self._ground.store.write(self._look_again, approval_id, yes)
        if said_before is not None:
            return said_before
        less = await self._less(approval_id, yes, reason) if arguments is not None else None
        # Who approves all of it has nothing to explain to the customer.
        said = Said(why=reason, note=note) if less is not None else Said(note=yes.words)
        said = replace(said, approved_as=rep.role)
        return await self._ground.store.write(self._approve, approval_id, yes, less, said)

    async def decline(self, approval_id: str, rep: Rep, *, reason: str, note: str | None = None) -> ActionCall:
        """A person says no. Raises NotFound, NotAllowed, Invalid without a reason, Conflict."""
        if not reason.strip():
            raise Invalid("Say why it is declined: the customer is told, and others learn from it.")
        return await self._ground.store.write(self._decline, approval_id, rep, Said(why=reason, note=note))

    async def _less(self, approval_id: str, yes: _Yes, reason: str | None) -> _Less | None:
        """The smaller wish with its own facts, which need not be those of what was asked for; None if it is the same.

        Raises what deciding would, before anything is read outside; Invalid if it is not less, if nobody says why, or
        if its facts cannot be had.
        """

        def look(db: Connection) -> tuple[ActionCall, Customer | None]:
            _, call = self._waiting(db, approval_id, yes.rep)
            return call, self._ground.who(db, call)

        call, customer = await self._ground.store.read(look)
        declared = self._ground.declared.get(call.action)
        if declared is None or customer is None:
            raise Conflict(NOT_THERE)
        wanted = read_arguments(declared, yes.arguments)
        smaller = with_less(call, declared, wanted)
        if smaller.money == call.money:
            return None
        if not (reason or "").strip():
            raise Invalid(f"Say why it is less: the customer is told. {STILL_WAITS}")
        facts, fault = await self._ground.facts(declared, self._ground.doing(call.id, customer), wanted)
        if fault is not None:
            raise Invalid(f"{smaller.money} cannot be approved. {fault} {STILL_WAITS}")
        return _Less(wanted, facts)

    def _asked(self, db: Connection, approval_id: str) -> tuple[Approval, ActionCall]:
        """What people were asked, and about what. Raises NotFound."""
        approval = actions.approval_by_id(db, approval_id)
        call = actions.by_id(db, approval.call_id) if approval is not None else None
        if approval is None or call is None:
            raise NotFound("There is no such approval.")
        return approval, call

    def _waiting(self, db: Connection, approval_id: str, rep: Rep) -> tuple[Approval, ActionCall]:
        """What this person may decide on. Raises NotFound, NotAllowed, Conflict."""
        approval, call = self._asked(db, approval_id)
        why_not = why_not_decide(rep, approval, call, self._ground.clock(), reps.names(db))
        if why_not is not None:
            raise why_not
        return approval, call

    def _said_before(self, db: Connection, approval_id: str, yes: _Yes) -> ActionCall | None:
        """The call, if this person has said exactly this of it before: whoever clicks twice has decided once."""
        approval, call = self._asked(db, approval_id)
        declared = self._ground.declared.get(call.action)
        if yes.rep.id not in approval.approved_by or declared is None:
            return None
        wanted = yes.arguments
        if wanted is not None:
            wanted = msgspec.to_builtins(read_arguments(declared, wanted))
        return call if has_approved(actions.record(db, call.id), yes.rep.id, wanted, yes.words) else None

    def _look_again(self, db: Connection, approval_id: str, yes: _Yes) -> ActionCall | None:
        """Has as many people asked as the clauses of this moment want; gives the call if this one has said so before.

        It is kept whatever becomes of this decision: the next one to look at it sees whom it waits for. Whether this
        one has said so is asked afterwards: what they said in too low a role does not count any more.
        """
        actions.hold(db)
        approval, call = self._asked(db, approval_id)
        why_not = why_not_decide(yes.rep, approval, call, self._ground.clock(), reps.names(db))
        if isinstance(why_not, NotAllowed):
            raise why_not
        self._ask_as_of_now(db, approval, call)
        return self._said_before(db, approval_id, yes)

    def _ask_as_of_now(self, db: Connection, approval: Approval, call: ActionCall) -> None:
        at = self._ground.clock()
        if approval.state != "open" or approval.expires_at <= at:
            return
        call, ruling = ruled(db, call, at)
        asks = ruling.approval
        if asks is None:
            return
        raised = taken_over(approval, asks, roles_in(actions.record(db, call.id)))
        if raised == approval:
            return
        actions.change_approval(db, raised)
        names = reps.names(db)
        gone = ", ".join(names.get(each, "Somebody") for each in approval.approved_by if each not in raised.approved_by)
        reason = f"By now {asks.id} {asks.title}: {asks.says}"
        if gone:
            reason += f" That {gone} approved it does not count: it needs the role '{raised.role}'."
        actions.change(db, replace(call, verdicts=ruling.verdicts, reason=reason, changed_at=at), by=BOUNDARY)

    def _approve(self, db: Connection, approval_id: str, yes: _Yes, less: _Less | None, said: Said) -> ActionCall:
        actions.hold(db)
        said_before = self._said_before(db, approval_id, yes)
        if said_before is not None:
            return said_before
        rep = yes.rep
        approval, asked = self._waiting(db, approval_id, rep)
        declared = self._ground.declared.get(asked.action)
        if declared is None:
            raise Conflict(NOT_THERE)
        at = self._ground.clock()
        call = self._lessened(db, asked, declared, less) if less is not None else asked
        call, ruling = ruled(db, call, at)
        call = replace(call, verdicts=ruling.verdicts, changed_at=at)
        if ruling.approval is not None:
            approval = taken_over(approval, ruling.approval, roles_in(actions.record(db, call.id)))
        if not rep.may_act_as(approval.role):
            raise NotAllowed(f"By now this needs the role '{approval.role}'; yours is '{rep.role}'.")
        forbidden = over_limits(db, call, declared, at) if ruling.is_allowed else ruling.reason
        if forbidden is not None and less is not None:
            raise Invalid(f"{call.money} cannot be approved. {forbidden} {STILL_WAITS}")
        # Whoever approved more of it before agreed to less as well.
        approval = replace(approval, approved_by=(*approval.approved_by, rep.id), reason=said.why or approval.reason)
        if forbidden is not None:
            # That they approved it is as true as that it is refused.
            actions.change(db, replace(call, reason=f"{rep.name} approved it."), by=rep.id, said=said)
            if not ruling.is_allowed:
                call = replace(call, clause_id=ruling.clause.id if ruling.clause else None)
            return self._end(db, call, approval, "refused", forbidden, decides=BOUNDARY, said=SILENT)
        what = f"{call.money} of {asked.money}" if call.money != asked.money else "it"
        if len(approval.approved_by) < approval.needed:
            actions.change_approval(db, approval)
            call = replace(call, reason=f"{rep.name} approved {what}; one more person must.")
        else:
            actions.change_approval(db, replace(approval, state="approved", decided_by=rep.id, decided_at=at))
            call = replace(call, state="ready", reason=f"{rep.name} approved {what}.", look_at=at)
        actions.change(db, call, by=rep.id, said=said)
        return call

    def _lessened(self, db: Connection, call: ActionCall, declared: Action, less: _Less) -> ActionCall:
        """The call with less in it. Raises Invalid if it is not less by now, or a clause wants all of it or nothing."""
        fixed = fixing(clauses.in_force_now(db, self._ground.clock()), call.action, call.facts, call.money)
        if fixed is not None:
            raise Invalid(f"The amount cannot be changed. {fixed.id} {fixed.title}: {fixed.says} {STILL_WAITS}")
        return replace(with_less(call, declared, less.wanted), facts=dict(less.facts))

    def _decline(self, db: Connection, approval_id: str, rep: Rep, said: Said) -> ActionCall:
        actions.hold(db)
        approval, call = self._asked(db, approval_id)
        if has_declined(actions.record(db, call.id), rep.id, words_of(said.why, said.note)):
            return call
        approval, call = self._waiting(db, approval_id, rep)
        assert said.why is not None
        approval = replace(approval, reason=said.why)
        return self._end(db, call, approval, "declined", said.why, decides=rep.id, said=said)

    def _end(
        self,
        db: Connection,
        call: ActionCall,
        approval: Approval,
        state: Literal["declined", "refused", "expired"],
        reason: str,
        *,
        decides: str,
        said: Said,
    ) -> ActionCall:
        """Nothing will be done: the call ends, and with it what people were asked."""
        at = self._ground.clock()
        actions.change_approval(db, replace(approval, state=state, decided_by=decides, decided_at=at))
        ended = replace(call, state=state, reason=reason, changed_at=at, look_at=None)
        actions.change(db, ended, by=decides, said=said)
        return ended

    def expire(self, db: Connection, call_id: str) -> ActionCall:
        """Ends a call about which nobody decided in time."""
        actions.hold(db)
        call, approval = actions.by_id(db, call_id), actions.approval_of(db, call_id)
        assert call is not None
        if call.state != "awaiting_approval" or approval is None or approval.expires_at > self._ground.clock():
            return call
        late = "Nobody decided in time. Nothing was done."
        return self._end(db, call, approval, "expired", late, decides=BOUNDARY, said=SILENT)
