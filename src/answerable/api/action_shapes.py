"""What goes in and out of the reps' door about actions, as JSON."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from answerable.api.shapes import CustomerCard, MoneyCard
from answerable.domain.actions import ApprovalState, CallState, ClauseEffect, Effect
from answerable.domain.people import Identity, Role

Note = Annotated[str, Meta(max_length=2_000, description="For colleagues only: the customer never reads it.")]


class Who(Struct, frozen=True, kw_only=True):
    """Who did something: the AI agent, a rep, or the program by itself."""

    kind: Literal["agent", "customer", "rep", "program"]
    id: str | None
    name: str


class Fact(Struct, frozen=True, kw_only=True):
    """A name and a value, in words."""

    name: str
    value: str


class ClauseCheck(Struct, frozen=True, kw_only=True):
    """What a clause of a policy said of a call."""

    clause_id: str
    title: str
    says: str
    effect: ClauseEffect
    holds: bool
    """Whether it speaks of this call."""
    outcome: Literal["allows", "forbids", "needs_a_person", "does_not_apply"]
    unknown: list[str]
    """Facts that it needs and that could not be had, in words."""


class ReceiptCard(Struct, frozen=True, kw_only=True):
    """What came of an action."""

    reference: str
    summary: str
    at: datetime


class AmountChange(Struct, frozen=True, kw_only=True):
    """That a person approved less than was asked for, or than another person had approved."""

    by: Who
    before: MoneyCard
    after: MoneyCard
    reason: str | None
    """As the customer is told."""
    at: datetime


class NoteCard(Struct, frozen=True, kw_only=True):
    """What a person told their colleagues when they decided; the customer never reads it."""

    by: Who
    text: str
    at: datetime


class AgreementCard(Struct, frozen=True, kw_only=True):
    """What shows that the customer wanted exactly this."""

    by: Who
    to: str
    """What they said yes to, or which step of a procedure they had answered with which words."""
    at: datetime


class ApprovalRow(Struct, frozen=True, kw_only=True):
    """What people decided, or must decide, in short."""

    id: str
    state: ApprovalState
    clause_id: str
    role: Role
    needed: int
    approved_by: list[Who]
    """Those who count; if it was refused, those who had approved it when a rule forbade it."""
    decided_by: Who | None
    """Who brought it to an end: the program, if it has expired or a rule forbade it."""
    reason: str | None
    """Why it is less, or nothing: as the customer is told."""
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None


class ActionRow(Struct, frozen=True, kw_only=True):
    """One request to do one thing, in a list."""

    id: str
    conversation_id: str
    subject: str
    """Of the conversation."""
    customer: CustomerCard
    run_id: str | None
    turn_id: str | None
    requested_by: Who
    action: str
    title: str
    """The action, in words."""
    effect: Effect
    money: MoneyCard | None
    changes: list[AmountChange]
    """How people made the amount smaller, in order; the first one's `before` is what was asked for."""
    notes: list[NoteCard]
    """What whoever decided told their colleagues, in order."""
    state: CallState
    reason: str
    """Why it is in this state."""
    clause_id: str | None
    approval: ApprovalRow | None
    receipt: ReceiptCard | None
    undone_by: Who | None
    undo_until: datetime | None
    """Until when it can be taken back; none if it cannot."""
    undo_role: Role
    """The least role of whoever takes it back."""
    created_at: datetime
    changed_at: datetime


class ActionCalls(Struct, frozen=True, kw_only=True):
    """A page of calls, newest first; `next` goes into `?cursor=`."""

    items: list[ActionRow]
    next: str | None


class Rule(Struct, frozen=True, kw_only=True):
    """The clause that decided, or that wants a person."""

    clause_id: str
    title: str
    says: str


class Evidence(Struct, frozen=True, kw_only=True):
    """Something the customer said before it was asked for."""

    message_id: str
    text: str
    created_at: datetime


class ApprovalCard(Struct, frozen=True, kw_only=True):
    """All that whoever decides needs to see."""

    call: ActionRow
    approval: ApprovalRow
    description: str
    """What the action does."""
    arguments: list[Fact]
    facts: list[Fact]
    checks: list[ClauseCheck]
    """What the clauses say of it; as long as it waits, those of this moment."""
    rule: Rule | None
    evidence: list[Evidence]
    can_change: bool
    """Whether a smaller amount can be approved."""
    why_not_change: str | None
    """Why it cannot, in a sentence that names the clause; none if it can, or no money is moved."""
    may_decide: bool
    why_not: str | None
    """Why you may not decide, in a sentence."""
    may_approve: bool
    """Whether you may decide, and all of it can be approved as the rules are now."""
    forbidden: str | None
    """The clause that forbids it by now, with its words: whoever approved it would only see it refused."""
    why_still: str | None
    """Why it takes more people, or a higher role, than the rules want by now: what waits never becomes easier."""


class Approvals(Struct, frozen=True, kw_only=True):
    """A page of approvals; `next` goes into `?cursor=`."""

    items: list[ApprovalCard]
    next: str | None


class Approve(Struct, frozen=True, kw_only=True):
    """Yes; with `amount`, to less than was asked for, which needs a reason.

    What a clause refuses of less is refused with status 400 and a sentence that names it. Then nothing is decided.
    """

    amount: Annotated[str, Meta(max_length=20, description="Digits and a point, such as 50.00.")] | None = None
    reason: (
        Annotated[
            str,
            Meta(max_length=2_000, description="Why it is less: the customer is told. Of all of it, it is a note."),
        ]
        | None
    ) = None
    note: Note | None = None


class Decline(Struct, frozen=True, kw_only=True):
    """No, and why."""

    reason: Annotated[str, Meta(max_length=2_000, description="Why: the customer is told.")]
    note: Note | None = None


class RecordEntry(Struct, frozen=True, kw_only=True):
    """One line of a call's record; none is ever changed or deleted."""

    number: int
    state: CallState
    by: Who
    reason: str
    money: MoneyCard | None
    """How much it moves from here on; none as well in a record from before this was kept."""
    agreed: str | None
    """What the customer agreed to here."""
    why: str | None
    """What a person says of deciding for less, or nothing: the customer is told."""
    note: str | None
    """What a person says to colleagues."""
    at: datetime


class ActionDetail(Struct, frozen=True, kw_only=True):
    """A call with all that is known of it."""

    call: ActionRow
    description: str
    arguments: list[Fact]
    facts: list[Fact]
    checks: list[ClauseCheck]
    rule: Rule | None
    evidence: list[Evidence]
    agreed: AgreementCard | None
    """What shows that the customer wanted exactly this; none if nothing had to."""
    record: list[RecordEntry]
    attempts: int
    result: Any
    """JSON: what the action gave, as it was."""
    may_undo: bool


class NewAction(Struct, frozen=True, kw_only=True):
    """An action that a rep asks for. The `Idempotency-Key` header makes a resend harmless."""

    action: Annotated[str, Meta(max_length=64)]
    arguments: dict[str, Any]


class TriedApproval(Struct, frozen=True, kw_only=True):
    """Whom it would wait for."""

    clause_id: str
    role: Role
    needed: int


class TriedAction(Struct, frozen=True, kw_only=True):
    """What would become of an action if it were asked for now. Nothing is kept, and nothing is done."""

    title: str
    money: MoneyCard | None
    state: Literal["refused", "failed", "awaiting_approval", "ready"]
    """`failed`: the outside system would refuse it. `ready`: it would be done at once."""
    reason: str
    clause_id: str | None
    facts: list[Fact]
    checks: list[ClauseCheck]
    approval: TriedApproval | None
    would: str | None
    """What the outside system says of it, in words for the customer; none if it cannot be tried."""
    before: ActionRow | None
    """The same wish, made a short while ago: asking again gives that one."""


class ActionLimits(Struct, frozen=True, kw_only=True):
    """How much of an action there may be; amounts by currency."""

    per_call: dict[str, str]
    per_customer_a_day: dict[str, str]
    per_day: dict[str, str]
    calls_per_customer_a_day: int | None
    calls_per_day: int | None


class DeclaredAction(Struct, frozen=True, kw_only=True):
    """Something that can be done."""

    name: str
    title: str
    description: str
    effect: Effect
    identity: Identity
    """What the customer must have proved."""
    limits: ActionLimits
    parameters: dict[str, Any]
    """JSON Schema of the arguments."""
    undo_within_seconds: int | None


class WebhookRow(Struct, frozen=True, kw_only=True):
    """How it goes with an address that hears of what happens to actions."""

    url: str
    waiting: int
    delivered: int
    """In the last 30 days, like `given_up`."""
    given_up: int
    last_error: str | None
