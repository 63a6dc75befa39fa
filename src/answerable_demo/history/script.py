"""What happens in a past conversation, as plain records: who says what, and who does what."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["question", "outside", "person", "angry", "small_talk", "not_helped", "two_at_once", "known"]
Ending = Literal["resolve", "hand_back", "leave"]


@dataclass(frozen=True, slots=True)
class Says:
    """The customer says something and waits for the answer."""

    text: str
    helpful: bool | None = None
    """What the customer says of the agent's answer to it, if anything."""
    waits: bool = True
    """Whether the next thing happens only after the answer."""


@dataclass(frozen=True, slots=True)
class AsksForPerson:
    """The customer presses "Talk to a person"."""


@dataclass(frozen=True, slots=True)
class RepHandles:
    """A rep takes the conversation over, says something, and ends it in one of three ways."""

    rep_email: str
    text: str
    ending: Ending
    even_if_answered: bool = False
    """Otherwise only if the conversation has come to a person."""


Step = Says | AsksForPerson | RepHandles


@dataclass(frozen=True, slots=True)
class Script:
    """One past conversation."""

    id: str
    """Stays the same for the same seed, so that replaying twice adds nothing."""
    kind: Kind
    customer_key: str | None
    """Somebody of the cast; none for a visitor who did not say who they are."""
    language: str
    topic: str | None
    """The article that it is about."""
    page_title: str
    page_path: str
    steps: tuple[Step, ...]
