"""From calls and approvals to what goes through the reps' door."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from answerable.actions.agreeing import CUSTOMER
from answerable.actions.arguments import places_of_amounts
from answerable.actions.deciders import role_to_undo, undo_until, why_not_decide
from answerable.actions.declaring import Action
from answerable.actions.looking import Looked, Seen
from answerable.actions.trying import Tried
from answerable.api.action_shapes import (
    ActionDetail,
    ActionLimits,
    ActionRow,
    AgreementCard,
    AmountChange,
    ApprovalCard,
    ApprovalRow,
    ClauseCheck,
    DeclaredAction,
    Evidence,
    Fact,
    NoteCard,
    ReceiptCard,
    RecordEntry,
    Rule,
    TriedAction,
    TriedApproval,
    Who,
)
from answerable.api.plain_words import pairs, title_of
from answerable.api.shapes import MoneyCard
from answerable.api.showing import customer_card, money_card
from answerable.domain.actions import Agreement, Approval, Change, Note, Receipt, Verdict
from answerable.domain.people import Rep

Declared = Mapping[str, Action]
OUTCOMES: dict[str, Literal["allows", "forbids", "needs_a_person"]] = {
    "allows": "allows",
    "forbids": "forbids",
    "needs_approval": "needs_a_person",
}


def who(by: str, names: Mapping[str, str]) -> Who:
    """Who did something, by what the record calls them."""
    if by == "agent":
        return Who(kind="agent", id=None, name="AI agent")
    if by == CUSTOMER:
        return Who(kind="customer", id=None, name="The customer")
    if by in names:
        return Who(kind="rep", id=by, name=names[by])
    return Who(kind="program", id=None, name="Answerable")


def approval_row(approval: Approval, names: Mapping[str, str]) -> ApprovalRow:
    """What people decided, or must decide."""
    return ApprovalRow(
        id=approval.id,
        state=approval.state,
        clause_id=approval.clause_id,
        role=approval.role,
        needed=approval.needed,
        approved_by=[who(each, names) for each in approval.approved_by],
        decided_by=who(approval.decided_by, names) if approval.decided_by else None,
        reason=approval.reason,
        asked_at=approval.asked_at,
        expires_at=approval.expires_at,
        decided_at=approval.decided_at,
    )


def action_row(seen: Seen, declared: Declared) -> ActionRow:
    """A call in a list."""
    call, names = seen.call, seen.names
    return ActionRow(
        id=call.id,
        conversation_id=call.conversation_id,
        subject=seen.subject,
        customer=customer_card(seen.customer),
        run_id=call.run_id,
        turn_id=call.turn_id,
        requested_by=who(call.requested_by, names),
        action=call.action,
        title=title_of(call.action),
        effect=call.effect,
        money=money_card(call.money),
        changes=[_change(each, names) for each in seen.changes],
        notes=[_note(each, names) for each in seen.notes],
        state=call.state,
        reason=call.reason,
        clause_id=call.clause_id,
        approval=approval_row(seen.approval, names) if seen.approval else None,
        receipt=_receipt(call.receipt),
        undone_by=who(call.undone_by, names) if call.undone_by else None,
        undo_until=undo_until(call, declared.get(call.action)),
        undo_role=role_to_undo(seen.approval),
        created_at=call.created_at,
        changed_at=call.changed_at,
    )


def approval_card(looked: Looked, declared: Declared, rep: Rep, at: datetime) -> ApprovalCard:
    """All that whoever decides needs to see."""
    seen = looked.seen
    call, approval = seen.call, seen.approval
    assert approval is not None
    why_not = why_not_decide(rep, approval, call, at, seen.names)
    why_not_change = _why_not_change(looked)
    return ApprovalCard(
        call=action_row(seen, declared),
        approval=approval_row(approval, seen.names),
        description=_description(call.action, declared),
        arguments=[Fact(name=name, value=value) for name, value in pairs(call.arguments)],
        facts=[Fact(name=name, value=value) for name, value in pairs(call.facts)],
        checks=[_check(each) for each in call.verdicts],
        rule=_rule(looked),
        evidence=_evidence(looked),
        can_change=call.money is not None and why_not_change is None,
        why_not_change=why_not_change,
        may_decide=why_not is None,
        why_not=str(why_not) if why_not else None,
        may_approve=why_not is None and looked.forbidden is None,
        forbidden=looked.forbidden,
        why_still=looked.why_still,
    )


def action_detail(looked: Looked, declared: Declared, rep: Rep, at: datetime) -> ActionDetail:
    """A call with all that is known of it."""
    seen = looked.seen
    row = action_row(seen, declared)
    return ActionDetail(
        call=row,
        description=_description(seen.call.action, declared),
        arguments=[Fact(name=name, value=value) for name, value in pairs(seen.call.arguments)],
        facts=[Fact(name=name, value=value) for name, value in pairs(seen.call.facts)],
        checks=[_check(each) for each in seen.call.verdicts],
        rule=_rule(looked),
        evidence=_evidence(looked),
        agreed=_agreement(looked.agreed) if looked.agreed else None,
        record=[
            RecordEntry(
                number=number,
                state=each["state"],
                by=who(each["by"], seen.names),
                reason=each["reason"],
                money=MoneyCard(**moved) if (moved := each["content"].get("money")) else None,
                agreed=each["content"].get("agreed"),
                why=each["content"].get("why"),
                note=each["content"].get("note"),
                at=each["at"],
            )
            for number, each in enumerate(looked.record, start=1)
        ],
        attempts=seen.call.attempts,
        result=seen.call.receipt.content if seen.call.receipt else None,
        may_undo=row.undo_until is not None and at <= row.undo_until and rep.may_act_as(row.undo_role),
    )


def tried_card(tried: Tried, before: ActionRow | None) -> TriedAction:
    """What would become of a wish."""
    call, approval = tried.call, tried.approval
    assert call.state in ("refused", "failed", "awaiting_approval", "ready")
    return TriedAction(
        title=title_of(call.action),
        money=money_card(call.money),
        state=call.state,
        reason=call.reason,
        clause_id=call.clause_id,
        facts=[Fact(name=name, value=value) for name, value in pairs(call.facts)],
        checks=[_check(each) for each in call.verdicts],
        approval=TriedApproval(clause_id=approval.clause_id, role=approval.role, needed=approval.needed)
        if approval
        else None,
        would=tried.would,
        before=before,
    )


def declared_card(action: Action) -> DeclaredAction:
    """Something that can be done."""
    limits = action.limits
    return DeclaredAction(
        name=action.name,
        title=title_of(action.name),
        description=action.description,
        effect=action.effect,
        identity=action.identity,
        limits=ActionLimits(
            per_call=dict(limits.per_call),
            per_customer_a_day=dict(limits.per_customer_a_day),
            per_day=dict(limits.per_day),
            calls_per_customer_a_day=limits.calls_per_customer_a_day,
            calls_per_day=limits.calls_per_day,
        ),
        parameters=action.parameters,
        undo_within_seconds=int(action.undo_within.total_seconds()) if action.undo_within else None,
    )


def _why_not_change(looked: Looked) -> str | None:
    moves, fixed = looked.seen.call.money, looked.fixed_by
    if moves is None:
        return None
    if fixed is not None:
        return f"It is this amount or nothing. {fixed.id} {fixed.title}: {fixed.says}"
    if places_of_amounts(looked.seen.call.arguments) != 1:
        return "Its arguments do not hold one amount that could be made smaller."
    return None if moves.units > 1 else "There is no smaller amount."


def _change(change: Change, names: Mapping[str, str]) -> AmountChange:
    before, after = (
        MoneyCard(amount=str(each.amount), currency=each.currency) for each in (change.before, change.after)
    )
    return AmountChange(by=who(change.by, names), before=before, after=after, reason=change.why, at=change.at)


def _note(note: Note, names: Mapping[str, str]) -> NoteCard:
    return NoteCard(by=who(note.by, names), text=note.text, at=note.at)


def _agreement(agreement: Agreement) -> AgreementCard:
    return AgreementCard(by=who(CUSTOMER, {}), to=agreement.to, at=agreement.at)


def _description(name: str, declared: Declared) -> str:
    action = declared.get(name)
    return action.description if action else "This action is not there any more."


def _check(verdict: Verdict) -> ClauseCheck:
    return ClauseCheck(
        clause_id=verdict.clause_id,
        title=verdict.title,
        says=verdict.says,
        effect=verdict.effect,
        holds=verdict.holds,
        outcome=OUTCOMES[verdict.effect] if verdict.holds else "does_not_apply",
        unknown=[title_of(each) for each in verdict.unknown],
    )


def _rule(looked: Looked) -> Rule | None:
    clause = looked.clause
    return Rule(clause_id=clause.id, title=clause.title, says=clause.says) if clause else None


def _evidence(looked: Looked) -> list[Evidence]:
    return [Evidence(message_id=each.id, text=each.text, created_at=each.created_at) for each in looked.evidence]


def _receipt(receipt: Receipt | None) -> ReceiptCard | None:
    return ReceiptCard(reference=receipt.reference, summary=receipt.summary, at=receipt.at) if receipt else None
