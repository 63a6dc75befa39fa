"""Who may decide about a call, and who may take one back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from answerable.actions.declaring import Action
from answerable.domain.actions import ActionCall, Approval, Clause
from answerable.domain.errors import AnswerableError, Conflict, NotAllowed
from answerable.domain.people import ROLES, Rep, Role


def why_not_decide(
    rep: Rep, approval: Approval, call: ActionCall, at: datetime, names: Mapping[str, str]
) -> AnswerableError | None:
    """Why this rep may not decide, in a sentence for them; None if they may. `names` are the reps' names by id."""
    if approval.state == "expired" or (approval.state == "open" and approval.expires_at <= at):
        return Conflict(f"It has expired: nobody decided before {_moment(approval.expires_at)}. Nothing was done.")
    if approval.state != "open":
        return Conflict(_what_was_decided(approval, call, names))
    if not rep.may_act_as(approval.role):
        return NotAllowed(f"This needs the role '{approval.role}'; yours is '{rep.role}'.")
    if rep.id == call.requested_by:
        return NotAllowed("Who asks for something cannot approve it. Somebody else must decide.")
    if rep.id in approval.approved_by:
        return Conflict("You have approved it already; a second person must.")
    return None


def taken_over(approval: Approval, asks: Clause, roles: Mapping[str, Role]) -> Approval:
    """What people must decide once a clause wants more than when they were asked: a higher role, or more of them.

    It never becomes less. `roles`: in which each person approved before; who had too low a role does not count.
    """
    role = max(approval.role, asks.approver_role, key=ROLES.index)
    needed = max(approval.needed, 2 if asks.four_eyes else 1)
    if (role, needed) == (approval.role, approval.needed):
        return approval
    counts = approval.approved_by
    if role != approval.role:
        counts = tuple(each for each in counts if each in roles and ROLES.index(roles[each]) >= ROLES.index(role))
    return replace(approval, role=role, needed=needed, clause_id=asks.id, approved_by=counts)


def why_still(approval: Approval, asks: Clause | None, since: datetime) -> str | None:
    """Why people must decide more than the clauses of this moment want, which is `asks`; None if it is not more.

    `since`: when what they must decide was last raised.
    """
    needed, role = (2 if asks.four_eyes else 1, asks.approver_role) if asks is not None else (0, ROLES[0])
    if approval.needed <= needed and ROLES.index(approval.role) <= ROLES.index(role):
        return None
    people = "One person" if approval.needed == 1 else f"{approval.needed} people"
    whose = "" if approval.role == "rep" else f" of the role '{approval.role}'"
    return (
        f"{people}{whose} must approve: {approval.clause_id} wanted it on {_moment(since)}. "
        "The rules want less by now, but what waits never becomes easier to approve."
    )


def role_to_undo(approval: Approval | None) -> Role:
    """The least role of whoever takes a call back: what needed a lead to be done needs one to be undone."""
    return approval.role if approval is not None else "rep"


def undo_until(call: ActionCall, declared: Action | None) -> datetime | None:
    """Until when a call can be taken back; None if it cannot."""
    if declared is None or declared.undo is None or call.state != "done" or call.receipt is None:
        return None
    return call.receipt.at + (declared.undo_within or timedelta())


def _what_was_decided(approval: Approval, call: ActionCall, names: Mapping[str, str]) -> str:
    who = names.get(approval.decided_by or "", "The program")
    when = _moment(approval.decided_at) if approval.decided_at else "before"
    if approval.state == "approved":
        return f"It is decided already: {who} approved it on {when}."
    if approval.state == "refused":
        people = ", ".join(names.get(each, "Somebody") for each in approval.approved_by)
        return f"It is decided already: {people} approved it, and on {when} a rule forbade it. {call.reason}"
    return f"It is decided already: {who} declined it on {when}. The reason: {approval.reason}"


def _moment(at: datetime) -> str:
    return f"{at.day} {at:%B %Y at %H:%M} UTC"
