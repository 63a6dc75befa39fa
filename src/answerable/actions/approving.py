"""People decide about a call: yes, yes to less, no, or nothing in time."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from answerable.actions.arguments import read_arguments, with_less
from answerable.actions.deciders import why_not_decide
from answerable.actions.ground import BOUNDARY, Ground
from answerable.actions.limits import over_limits
from answerable.actions.policies import rule
from answerable.domain.actions import ActionCall, Approval, CallState
from answerable.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from answerable.domain.people import Rep
from answerable.store import actions, clauses, reps

NOT_THERE = "The action is not there any more."


class Approving:
    """Takes each decision once, from whoever may decide."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def approve(
        self, approval_id: str, rep: Rep, *, arguments: Any = None, reason: str | None = None
    ) -> ActionCall:
        """A person says yes, with `arguments` to something smaller than was asked for.

        Raises NotFound, NotAllowed (the role, or the requester), Invalid, and Conflict if it is decided or has expired.
        """
        changed = None
        if arguments is not None:
            call = await self._call_of(approval_id)
            declared = self._ground.declared.get(call.action)
            if declared is None:
                raise Conflict(NOT_THERE)
            changed = read_arguments(declared, arguments)
        return await self._ground.store.write(self._approve, approval_id, rep, changed, reason)

    async def decline(self, approval_id: str, rep: Rep, *, reason: str) -> ActionCall:
        """A person says no. Raises NotFound, NotAllowed, Invalid without a reason, Conflict."""
        if not reason.strip():
            raise Invalid("Say why it is declined: the customer is told, and others learn from it.")
        return await self._ground.store.write(self._decline, approval_id, rep, reason)

    async def _call_of(self, approval_id: str) -> ActionCall:
        def look(db: Connection) -> ActionCall:
            approval = actions.approval_by_id(db, approval_id)
            call = actions.by_id(db, approval.call_id) if approval is not None else None
            if call is None:
                raise NotFound("There is no such approval.")
            return call

        return await self._ground.store.read(look)

    def _open(self, db: Connection, approval_id: str, rep: Rep) -> tuple[Approval, ActionCall]:
        actions.hold(db)
        approval = actions.approval_by_id(db, approval_id)
        call = actions.by_id(db, approval.call_id) if approval is not None else None
        if approval is None or call is None:
            raise NotFound("There is no such approval.")
        why_not = why_not_decide(rep, approval, call, self._ground.clock(), reps.names(db))
        if why_not is not None:
            raise why_not
        return approval, call

    def _approve(self, db: Connection, approval_id: str, rep: Rep, changed: Any, reason: str | None) -> ActionCall:
        approval, call = self._open(db, approval_id, rep)
        declared = self._ground.declared.get(call.action)
        if declared is None:
            raise Conflict(NOT_THERE)
        at = self._ground.clock()
        if changed is not None:
            # Whoever approved more of it before agreed to less as well.
            call = with_less(call, declared, changed)
        ruling = rule(clauses.in_force_now(db, at), call.action, call.facts, call.money)
        call = replace(call, verdicts=ruling.verdicts, changed_at=at)
        if not ruling.is_allowed:
            return self._end(
                db,
                replace(call, clause_id=ruling.clause.id if ruling.clause else None),
                approval,
                "refused",
                ruling.reason,
                by=rep.id,
            )
        if ruling.approval is not None and not rep.may_act_as(ruling.approval.approver_role):
            raise NotAllowed(f"By now this needs the role '{ruling.approval.approver_role}'; yours is '{rep.role}'.")
        over = over_limits(db, call, declared, at)
        if over is not None:
            return self._end(db, call, approval, "refused", over, by=rep.id)
        needed = max(approval.needed, 2 if ruling.approval is not None and ruling.approval.four_eyes else 1)
        approval = replace(
            approval, approved_by=(*approval.approved_by, rep.id), needed=needed, reason=reason or approval.reason
        )
        if len(approval.approved_by) < needed:
            actions.change_approval(db, approval)
            call = replace(call, reason=f"{rep.name} approved it; one more person must.")
            actions.change(db, call, by=rep.id)
            return call
        actions.change_approval(db, replace(approval, state="approved", decided_by=rep.id, decided_at=at))
        call = replace(call, state="ready", reason=f"{rep.name} approved it.", look_at=at)
        actions.change(db, call, by=rep.id)
        return call

    def _decline(self, db: Connection, approval_id: str, rep: Rep, reason: str) -> ActionCall:
        approval, call = self._open(db, approval_id, rep)
        return self._end(db, call, replace(approval, reason=reason), "declined", reason, by=rep.id)

    def _end(
        self, db: Connection, call: ActionCall, approval: Approval, state: CallState, reason: str, *, by: str
    ) -> ActionCall:
        """Nothing will be done: the call ends, and with it what people were asked."""
        at = self._ground.clock()
        decided = replace(approval, state="expired" if state == "expired" else "declined", decided_by=by, decided_at=at)
        actions.change_approval(db, decided)
        ended = replace(call, state=state, reason=reason, changed_at=at, look_at=None)
        actions.change(db, ended, by=by)
        return ended

    def expire(self, db: Connection, call_id: str) -> ActionCall:
        """Ends a call about which nobody decided in time."""
        actions.hold(db)
        call, approval = actions.by_id(db, call_id), actions.approval_of(db, call_id)
        assert call is not None
        if call.state != "awaiting_approval" or approval is None or approval.expires_at > self._ground.clock():
            return call
        return self._end(db, call, approval, "expired", "Nobody decided in time. Nothing was done.", by=BOUNDARY)
