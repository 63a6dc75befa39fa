"""Who asks and who works here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["rep", "builder", "lead", "admin"]
"""What a rep may do; each role may do all that the ones before it may."""

ROLES: tuple[Role, ...] = ("rep", "builder", "lead", "admin")

Identity = Literal["anonymous", "known", "verified", "stepped_up"]
"""How sure we are who a customer is: not at all, they told us, they proved it, or they did so again just now."""

ProofKind = Literal["signed", "address", "code"]
"""How a customer proved who they are. Signed: the host page's server says so. Address: with a code that was sent to the
address that they named. Code: with one that was sent to the address that the company knows them by."""

Purpose = Literal["address", "step_up"]
"""What a one-time code is for: proving an address, or proving again that it is still the same person."""

CodeState = Literal["open", "used", "spent", "replaced"]
"""Open: may still be used. Used: it proved something. Spent: too many wrong ones. Replaced: a newer one was sent."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who asks."""

    id: str
    name: str | None
    email: str | None
    identity: Identity
    """What is on record of them. What they have proved in a conversation, at a moment, `people.proven_in` says."""
    attributes: dict[str, str]
    """What the host page or a rep told us, such as plan or company; short texts only."""
    created_at: datetime
    outside_id: str | None = None
    """Their name in the host's system: whoever comes with it, signed, is this customer on any device."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a customer has proved, in one conversation and for a while, who they are."""

    id: str
    conversation_id: str
    customer_id: str
    kind: ProofKind
    email: str | None
    """The address that is proved by it, if one is."""
    by: str
    """The id of the host's key, or of the code."""
    proved_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code that was sent, or would have been, had there been an address."""

    id: str
    conversation_id: str
    customer_id: str
    purpose: Purpose
    address: str | None
    digest: str
    attempts: int
    state: CodeState
    came_from: str | None
    """A digest of the network address of who asked."""
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Rep:
    """A person who works here."""

    id: str
    name: str
    email: str
    role: Role
    active: bool
    created_at: datetime

    def may_act_as(self, role: Role) -> bool:
        """Whether this rep's role reaches at least to `role`."""
        return self.active and ROLES.index(self.role) >= ROLES.index(role)
