"""What happens to actions, told to other programs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

WebhookKind = Literal[
    "approval.requested", "approval.decided", "action.done", "action.failed", "action.unknown", "action.undone"
]
"""What can be heard of."""

DeliveryState = Literal["waiting", "delivered", "given_up"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one address."""

    id: str
    """Also the message's name outside: the same however often it is sent."""
    url: str
    record_id: int
    """The entry of the record that it tells of."""
    kind: WebhookKind
    body: str
    """JSON, to the byte as it is signed and sent."""
    state: DeliveryState
    attempts: int
    error: str | None
    """Why it has not arrived the last time."""
    created_at: datetime
    next_at: datetime | None
    """When it may be sent, or sent again."""
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Traffic:
    """How it goes with an address."""

    waiting: int
    delivered: int
    given_up: int
    last_error: str | None
