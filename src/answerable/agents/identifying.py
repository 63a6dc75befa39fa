"""Whether a customer has proved enough for an action, and if not, what they can do about it: in the program's words.

They sign in on the host's page, or get a one-time code by e-mail. Nothing that a model says proves anything.
"""

import asyncio
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from answerable.actions.declaring import IDENTITIES, Action
from answerable.agents.phrases import DEFAULT_LANGUAGE
from answerable.domain.clock import now
from answerable.domain.people import Customer
from answerable.people import Proving, proven_in
from answerable.people.proving import address_in
from answerable.store import Store
from answerable.traces import Ledger


@dataclass(frozen=True, slots=True)
class WaysIn:
    """How a customer can prove who they are here."""

    store: Store
    proving: Proving
    by_host: bool
    """Whether the host's page can sign somebody in."""
    by_letter: bool
    """Whether letters are sent."""


@dataclass(slots=True)
class Identifying:
    """Who the customer of one run is."""

    ways: WaysIn | None
    """None where nobody can prove anything."""
    ledger: Ledger
    conversation_id: str
    code: str
    """The language."""
    _told: str | None = None
    """What they were told to do in this run: whatever else needs a proof, it is one question, and one code."""
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A model may ask for several things at a time."""

    async def is_enough(self, action: Action) -> bool:
        """Whether an action may be asked for, as far as it depends on who they are."""
        if action.identity == "anonymous" or self.ways is None:
            return True
        asked = {"action": action.name, "needs": action.identity}
        with self.ledger.step("policy", "Check identity", asked) as step:
            if not step.recorded:
                step.output = {"identity": (await self._who(self.ways)).identity}
                step.summary = f"{step.output['identity']}, {action.identity} is needed"
            return IDENTITIES.index(step.output["identity"]) >= IDENTITIES.index(action.identity)

    async def question(self, action: Action, said: str, *, is_again: bool) -> str | None:
        """What the customer is told to do; a code is on its way if they can get one. None if there is no way."""
        if self.ways is None:
            return None
        async with self._one_at_a_time:
            if self._told is None:
                self._told = await self._question(self.ways, action, said, is_again=is_again)
            return self._told

    async def _question(self, ways: WaysIn, action: Action, said: str, *, is_again: bool) -> str | None:
        with self.ledger.step("action", "Ask who it is", {"action": action.name, "is_again": is_again}) as step:
            if not step.recorded:
                # A run that is resumed goes on from what is known here, and the turn's key sends no second code.
                await self.ledger.flush()
                step.output = await self._ask(ways, action, said, is_again=is_again)
                step.summary = " ".join(step.output) or "There is no way to prove it here."
            parts: list[str] = step.output
        words = _words(self.code)
        return " ".join(words[each] for each in parts) or None

    async def _ask(self, ways: WaysIn, action: Action, said: str, *, is_again: bool) -> list[str]:
        """The parts of the question; sends a code where it is known where to."""
        customer = await self._who(ways)
        begins = ["again" if is_again else "why"]
        if action.identity == "stepped_up" and customer.identity == "verified":
            if not (ways.by_letter and customer.email):
                return []
            await ways.proving.ask_for_code(self.conversation_id, key=self._key)
            return [*begins, "sent"]
        # A code proves an address only for those whom no host has ever signed in.
        can_get_code = ways.by_letter and customer.outside_id is None and action.identity != "stepped_up"
        address = address_in(said) or (None if is_again else address_in(customer.email or ""))
        if can_get_code and address is not None:
            await ways.proving.ask_for_code(self.conversation_id, "address", address=address, key=self._key)
            return ["sent"] if is_again else [*begins, "sent"]
        found = [name for name, there in (("sign_in", ways.by_host), ("address", can_get_code)) if there]
        return [*begins, *found] if found else []

    @property
    def _key(self) -> str:
        """The same however often the turn is begun anew."""
        return f"turn:{self.ledger.run.turn_id}"

    async def _who(self, ways: WaysIn) -> Customer:
        customer = await ways.store.read(proven_in, self.conversation_id, now())
        assert customer is not None
        return customer


def _words(code: str) -> dict[str, str]:
    every = _every()
    return every.get(code, every[DEFAULT_LANGUAGE])


@cache
def _every() -> dict[str, dict[str, Any]]:
    return tomllib.loads((resources.files(__package__) / "identifying.toml").read_text("utf-8"))
