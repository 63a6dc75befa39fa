"""A world that is connected to nothing: whatever is asked of it, a replay has left its recording.

It holds no action, no mail server and no database: there is nothing in a replay by which it could touch the world.
"""

from collections.abc import AsyncIterator
from typing import Any, NoReturn

from agents import Model, ModelResponse
from agents.items import TResponseStreamEvent

from answerable.actions.asking import Request
from answerable.agents.world import World
from answerable.domain.actions import ActionCall
from answerable.domain.people import Customer, Purpose
from answerable.knowledge.library import FoundPassages
from answerable.people.proving import CodeAsked, Standing
from answerable.traces.replaying import LeftRecording


class NoActs:
    """Does nothing, whatever is asked for."""

    async def request(self, request: Request) -> ActionCall:
        """Raises LeftRecording."""
        _leave(f"the action {request.action}")

    async def agree(self, call_id: str, *, question: str) -> ActionCall:
        """Raises LeftRecording."""
        _leave(f"the customer's yes to {call_id}")

    async def turn_down(self, call_id: str) -> ActionCall:
        """Raises LeftRecording."""
        _leave(f"the customer's no to {call_id}")

    async def calls_of(self, conversation_id: str) -> list[ActionCall]:
        """Raises LeftRecording."""
        _leave(f"the calls of {conversation_id}")


class NoWays:
    """Proves nothing and sends nothing."""

    by_host = False
    by_letter = False

    async def who(self, conversation_id: str) -> Customer:
        """Raises LeftRecording."""
        _leave(f"who the customer of {conversation_id} has proved to be")

    async def standing(self, conversation_id: str, purpose: Purpose, *, but_key: str) -> Standing:
        """Raises LeftRecording."""
        _leave(f"the code of {conversation_id}")

    async def ask_for_code(self, conversation_id: str, purpose: Purpose, *, address: str | None, key: str) -> CodeAsked:
        """Raises LeftRecording."""
        _leave(f"a code for {conversation_id}")


class NoLibrary:
    """Finds nothing."""

    async def search(self, query: str, *, release: int, limit: int, history: tuple[str, ...]) -> FoundPassages:
        """Raises LeftRecording."""
        _leave("what is known")


class NoModel(Model):
    """Answers nothing."""

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        """Raises LeftRecording."""
        _leave("an answer of the model")

    async def stream_response(self, *args: Any, **kwargs: Any) -> AsyncIterator[TResponseStreamEvent]:
        """Raises LeftRecording."""
        _leave("an answer of the model")
        yield  # pragma: no cover


def nowhere() -> World:
    """A world without any connection."""
    return World(NoActs(), NoWays())


def _leave(what: str) -> NoReturn:
    raise LeftRecording(f"A replay has no way to ask for {what}, and it is not recorded.")
