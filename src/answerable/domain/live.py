"""What happened, as listeners hear it: rows first, then a wake-up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

EventKind = Literal["message", "reply_part", "step", "run", "conversation", "action"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a conversation."""

    id: int
    """Grows with every event; a listener that was cut off says the last one that it saw."""
    conversation_id: str
    customer_sees: bool
    kind: EventKind
    content: dict[str, Any]
    at: datetime
