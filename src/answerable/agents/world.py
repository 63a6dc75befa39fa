"""What an agent reaches outside itself: asking for actions, and ways for a customer to prove who they are.

All else that a run needs it has in itself: the release's knowledge and procedures, its model, its ledger. A run that is
answered live reaches the boundary of actions and the mail server through here; one that is replayed reaches a world in
which nothing is connected to anything.
"""

from dataclasses import dataclass
from typing import Protocol

from answerable.actions.asking import Request
from answerable.domain.actions import ActionCall
from answerable.domain.people import Customer, Purpose
from answerable.people.proving import CodeAsked, Standing


class Acts(Protocol):
    """Does what is asked for, if it may be done."""

    async def request(self, request: Request) -> ActionCall:
        """What became of a wish. Raises Invalid if it is no call at all."""
        ...

    async def agree(self, call_id: str, *, question: str) -> ActionCall:
        """The customer said yes to that question. Raises NotFound."""
        ...

    async def turn_down(self, call_id: str) -> ActionCall:
        """The customer said no. Raises NotFound."""
        ...

    async def calls_of(self, conversation_id: str) -> list[ActionCall]:
        """The calls of a conversation, oldest first."""
        ...


class Ways(Protocol):
    """How a customer can prove who they are."""

    @property
    def by_host(self) -> bool:
        """Whether the host's page can sign somebody in."""
        ...

    @property
    def by_letter(self) -> bool:
        """Whether letters are sent."""
        ...

    async def who(self, conversation_id: str) -> Customer:
        """The customer of a conversation, with what they have proved in it."""
        ...

    async def standing(self, conversation_id: str, purpose: Purpose, *, but_key: str) -> Standing:
        """How the code stands that was asked for last; that with the key does not count."""
        ...

    async def ask_for_code(self, conversation_id: str, purpose: Purpose, *, address: str | None, key: str) -> CodeAsked:
        """Sends a code, if there is somebody to send it to; once for a key."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """Where a run acts."""

    acts: Acts
    ways: Ways | None
    """None where nobody can prove anything."""
