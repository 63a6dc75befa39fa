"""Who asks and who works here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["rep", "builder", "lead", "admin"]
"""What a rep may do; each role may do all that the ones before it may."""

ROLES: tuple[Role, ...] = ("rep", "builder", "lead", "admin")

Identity = Literal["anonymous", "known", "verified", "stepped_up"]
"""How sure we are who a customer is: not at all, they told us, or they proved it."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who asks."""

    id: str
    name: str | None
    email: str | None
    identity: Identity
    attributes: dict[str, str]
    """What the host page or a rep told us, such as plan or company; short texts only."""
    created_at: datetime


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
