"""Something an agent can do in the world: what is allowed, what was asked for, what became of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from answerable.domain.money import Money
from answerable.domain.people import Role

Effect = Literal["reads", "writes", "moves_money"]
"""What an action does to the world outside. Only what reads may be done again at will."""

CallState = Literal[
    "refused",
    "awaiting_customer",
    "awaiting_approval",
    "declined",
    "expired",
    "ready",
    "sent",
    "unknown",
    "done",
    "failed",
    "undone",
]
"""Refused: a rule forbade it; nothing was sent. Awaiting customer: they are asked whether they want exactly this.
Awaiting approval: a person must decide. Declined, expired: the customer or the person said no, or nothing. Ready: it
may be sent. Sent: the outside system is being asked. Unknown: it was asked, and what came of it is not known. Done: it
happened, with a receipt. Failed: it surely did not. Undone: it was taken back."""

ENDED: frozenset[CallState] = frozenset({"refused", "declined", "expired", "done", "failed", "undone"})
"""Nothing more happens by itself."""

OPEN: frozenset[CallState] = frozenset({"awaiting_approval", "ready", "sent", "unknown"})
"""What becomes of it is not known yet, and the customer waits for it."""

MAY_HAVE_HAPPENED: frozenset[CallState] = frozenset({"ready", "sent", "unknown", "done", "undone"})
"""These count against limits: the effect is there, or can no longer be excluded."""

STILL_COUNTS: frozenset[CallState] = frozenset({"awaiting_approval", "ready", "sent", "unknown", "done"})
"""The same wish is this call, and no other one."""

MAY_STILL_HAPPEN: frozenset[CallState] = frozenset({"ready", "sent", "unknown"})
"""It is allowed, and its effect may come at any time, however long ago it was asked for."""

ApprovalState = Literal["open", "approved", "declined", "refused", "expired"]
"""Refused: a person approved it when a rule forbade it by then. Nobody declined it."""

ClauseEffect = Literal["allows", "forbids", "needs_approval"]


@dataclass(frozen=True, slots=True)
class Check:
    """One typed condition of a clause on one fact. Exactly one of the comparisons is given."""

    fact: str
    equals: str | bool | None = None
    at_most: float | None = None
    at_least: float | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """A rule of a policy, in words for people and in checks for code."""

    id: str
    policy: str
    title: str
    says: str
    """The rule in words, as it is shown and cited."""
    effect: ClauseEffect
    applies_to: tuple[str, ...]
    """Names of actions."""
    when: tuple[Check, ...]
    """It speaks of calls for which all of these hold; of every call if there are none."""
    above: dict[str, str]
    """Only of amounts above these, by currency; an amount in another currency counts as above."""
    approver_role: Role
    four_eyes: bool
    """Whether two people must approve."""
    from_moment: datetime
    to_moment: datetime | None
    """In force from the one, up to and without the other."""
    fixed_amount: bool = False
    """Whether a person may approve only all of what was asked for: of calls that it speaks of, or, if it forbids, of
    all that it would rule on."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a clause says of a call."""

    clause_id: str
    title: str
    says: str
    effect: ClauseEffect
    holds: bool
    """Whether the clause speaks of this call."""
    unknown: tuple[str, ...] = ()
    """Facts that it needs and that could not be had."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of an action."""

    reference: str
    """The name of what was made outside, such as a refund's id."""
    summary: str
    """One sentence that may be told to the customer."""
    content: dict[str, Any]
    """JSON: the action's result."""
    at: datetime
    summaries: dict[str, str] = field(default_factory=dict)
    """The summary in other languages, by their code, where the action speaks them."""

    def summary_in(self, code: str) -> str:
        """The summary in that language, or else as it is."""
        return self.summaries.get(code, self.summary)


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One request to do one thing, once."""

    id: str
    """Also the idempotency key that the outside system gets."""
    key: str
    """Names the request inside: the same again is the same call."""
    conversation_id: str
    customer_id: str
    turn_id: str | None
    run_id: str | None
    requested_by: str
    """`agent`, or a rep's id."""
    action: str
    effect: Effect
    arguments: dict[str, Any]
    """JSON, valid for the action's types."""
    likeness: str
    """Calls with the same effect have the same: action, customer and arguments."""
    money: Money | None
    """What it moves."""
    state: CallState
    clause_id: str | None
    """The clause that allowed or forbade it."""
    reason: str
    """Why it is in this state, in one sentence for a rep."""
    facts: dict[str, Any]
    verdicts: tuple[Verdict, ...]
    receipt: Receipt | None
    undone_by: str | None
    attempts: int
    """How often the outside system was asked to do it; always under the same key."""
    created_at: datetime
    changed_at: datetime
    sent_at: datetime | None
    look_at: datetime | None
    """When it must be looked at again, if nobody does before."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said when a call went on; it is kept in the call's record."""

    agreed: str | None = None
    """What shows that the customer wants exactly this: the words that they said yes to."""
    why: str | None = None
    """Why a person decided for less, or for nothing: the customer is told."""
    note: str | None = None
    """What a person says to colleagues only."""
    approved_as: Role | None = None
    """The role in which a person approved."""


SILENT = Said()


@dataclass(frozen=True, slots=True)
class Change:
    """That a person approved less than was asked for."""

    by: str
    """A rep's id."""
    before: Money
    after: Money
    why: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """What a person said to colleagues when they decided."""

    by: str
    """A rep's id."""
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """That the customer wanted exactly this."""

    to: str
    """What they said yes to, or which step of a procedure they had answered with which words."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """What people must decide about a call."""

    id: str
    call_id: str
    state: ApprovalState
    clause_id: str
    role: Role
    """The least role of whoever decides."""
    needed: int
    """So many different people must approve."""
    approved_by: tuple[str, ...]
    """Those who count: whoever approved before a rule wanted a higher role stands in the record only."""
    decided_by: str | None
    reason: str | None
    """Why it was declined or changed."""
    asked_at: datetime
    expires_at: datetime
    decided_at: datetime | None
