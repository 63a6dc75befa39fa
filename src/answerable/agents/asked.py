"""What an agent is asked, and what whoever answers must be able to do."""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from answerable.domain.conversations import Conversation, Message, Reply
from answerable.domain.people import Customer
from answerable.traces import Steps


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn, as the agent is asked to answer it."""

    customer: Customer
    conversation: Conversation
    said: tuple[Message, ...]
    """What the customer said since the last reply."""
    before: tuple[Message, ...]
    """What was said before in this episode, notes left out."""

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """The customer's mail addresses, which may be named to them."""
        return (self.customer.email,) if self.customer.email else ()


class Say(Protocol):
    """Takes a sentence of the reply that has passed the guards, while the rest is still being written."""

    def __call__(self, index: int, text: str) -> None:
        """`index` counts from 0; the same index again replaces what was said."""
        ...


class Answers(Protocol):
    """Whoever answers turns."""

    def model_in(self, db: Connection, release: int) -> str:
        """The model that a release answers on."""
        ...

    async def answer(self, asked: Asked, ledger: Steps, say: Say) -> Reply:
        """The reply to a turn. Raises AnswerableError if it cannot get one; the conversation is then handed off."""
        ...

    def apology(self, asked: Asked, reason: str) -> Reply:
        """What is said when no reply could be had: the conversation goes to a person."""
        ...
