"""Whether a customer has proved enough for an action, and if not, what they can do about it: in the program's words.

They sign in on the host's page, or get a one-time code by e-mail. Nothing that a model says proves anything.
"""

import asyncio
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from answerable.actions.declaring import IDENTITIES, Declaration
from answerable.agents.phrases import DEFAULT_LANGUAGE, Language, language, plain, words
from answerable.agents.world import Ways
from answerable.domain.people import Customer, Purpose
from answerable.people.proving import HIDDEN, Standing, address_in, has_code
from answerable.traces import Steps

_CLAUSE_END = re.compile(r"[.,;:!?…\n。，；：！？–—]+")


@dataclass(slots=True)
class Identifying:
    """Who the customer of one run is."""

    ways: Ways | None
    """None where nobody can prove anything."""
    ledger: Steps
    conversation_id: str
    code: str
    """The language."""
    said_before: tuple[str, ...] = ()
    """What the customer wrote before this turn."""
    _told: str | None = None
    """What they were told to do in this run: whatever else needs a proof, it is one question, and one code."""
    _parts: tuple[str, ...] = ()
    """What that consists of."""
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A model may ask for several things at a time."""

    async def is_enough(self, action: Declaration) -> bool:
        """Whether an action may be asked for, as far as it depends on who they are."""
        if action.identity == "anonymous" or self.ways is None:
            return True
        asked = {"action": action.name, "needs": action.identity}
        with self.ledger.step("policy", "Check identity", asked) as step:
            if not step.recorded:
                step.output = {"identity": (await self.ways.who(self.conversation_id)).identity}
                step.summary = f"{step.output['identity']}, {action.identity} is needed"
            return IDENTITIES.index(step.output["identity"]) >= IDENTITIES.index(action.identity)

    @property
    def has_run_out(self) -> bool:
        """Whether they cannot prove it for now: no further code is sent, and none that was sent counts."""
        return "no_more" in self._parts and "newest" not in self._parts

    @property
    def is_capped(self) -> bool:
        """Whether no further code is sent for now."""
        return "no_more" in self._parts

    @property
    def has_come_further(self) -> bool:
        """Whether they typed a code, or a new one was sent: that ends by itself, and is not asking in vain."""
        return "wrong" in self._parts or "new" in self._parts

    def asks_for_code(self, said: str) -> bool:
        """Whether the customer asks for a code once more, or says that none has come."""
        return asks_for_code(said, language(self.code))

    async def question(self, action: Declaration, said: str, *, is_again: bool) -> str | None:
        """What the customer is told to do; a code is on its way if they can get one. None if there is no way."""
        if self.ways is None:
            return None
        async with self._one_at_a_time:
            if self._told is None:
                self._told = await self._question(self.ways, action, said, is_again=is_again)
            return self._told

    async def _question(self, ways: Ways, action: Declaration, said: str, *, is_again: bool) -> str | None:
        with self.ledger.step("action", "Ask who it is", {"action": action.name, "is_again": is_again}) as step:
            if not step.recorded:
                # A run that is resumed goes on from what is known here, and the turn's key sends no second code.
                await self.ledger.flush()
                asked = await self._ask(ways, action, said, is_again=is_again)
                step.output = {"asked": asked, "address": (await ways.who(self.conversation_id)).email}
                step.summary = " ".join(asked) or "There is no way to prove it here."
            self._parts, address = tuple(step.output["asked"]), step.output["address"]
        words = _words(self.code)
        parts = [each if address or each != "sent_to" else "sent" for each in self._parts]
        return " ".join(words[each].replace("{address}", address or "") for each in parts) or None

    async def _ask(self, ways: Ways, action: Declaration, said: str, *, is_again: bool) -> list[str]:
        """The parts of the question; sends a code where it is known where to."""
        customer = await ways.who(self.conversation_id)
        steps_up = action.identity == "stepped_up" and customer.identity == "verified"
        if steps_up and not (ways.by_letter and customer.email):
            return []
        # A code proves an address only for those whom no host has ever signed in.
        can_get_code = ways.by_letter and customer.outside_id is None and action.identity != "stepped_up"
        standing: Standing = "none"
        if steps_up or can_get_code:
            purpose: Purpose = "step_up" if steps_up else "address"
            standing = await ways.standing(self.conversation_id, purpose, but_key=self._key)
        begins = self._begins(said, standing, is_again=is_again)
        if "newest" in begins:
            return begins
        if steps_up:
            return await self._send(ways, begins, standing, None)
        address = address_in(said) or self._address_of(customer, standing, is_again=is_again)
        if can_get_code and address is not None:
            return await self._send(ways, begins, standing, address)
        found = [name for name, there in (("sign_in", ways.by_host), ("address", can_get_code)) if there]
        return [*begins, *found] if found else []

    def _address_of(self, customer: Customer, standing: Standing, *, is_again: bool) -> str | None:
        """The address that a code goes to if this turn names none: another one goes where the one before went."""
        # Not as it is kept with the code: that has none if it went nowhere, and nobody may learn of it.
        named = (address for each in reversed(self.said_before) if (address := address_in(each)) is not None)
        told = address_in(customer.email or "")
        if is_again:
            return None if standing == "none" else next(named, told)
        return told

    def _begins(self, said: str, standing: Standing, *, is_again: bool) -> list[str]:
        """What comes of what they said; with "newest" if the code that they have is the one to type."""
        # A first wish may have somebody's number in it.
        has_typed = has_code(said) if is_again else HIDDEN in said
        if has_typed and standing == "good":
            # A new one would make the one worthless that they may be reading just now.
            return ["wrong", "newest"]
        if has_typed and standing == "over":
            return ["over"]
        wants_another = address_in(said) is not None or self.asks_for_code(said)
        if is_again and standing == "good" and not wants_another:
            return ["again", "newest"]
        return ["again" if is_again else "why"]

    async def _send(self, ways: Ways, begins: list[str], standing: Standing, address: str | None) -> list[str]:
        """Sends a code to an address, or to the one by which they are signed in, and tells what there is to say."""
        purpose: Purpose = "step_up" if address is None else "address"
        asked = await ways.ask_for_code(self.conversation_id, purpose, address=address, key=self._key)
        if asked.is_capped:
            return [*begins, "no_more", *(["newest"] if standing == "good" else [])]
        if standing in ("good", "over"):
            return ["new"] if begins == ["again"] else [*begins, "new"]
        sent = "sent_to" if address is None else "sent"
        return [sent] if begins == ["again"] else [*begins, sent]

    @property
    def _key(self) -> str:
        """The same however often the turn is begun anew."""
        return f"turn:{self.ledger.run.turn_id}"


def asks_for_code(said: str, spoken: Language) -> bool:
    """Whether a text asks for a code once more, or says that none has come: "Please send the invoice again" does not.

    Who names nothing ("I did not get it") means what is waited for.
    """
    clauses = [each for each in _CLAUSE_END.split(said) if any(map(str.isalpha, each))]
    return any(
        any(pattern.search(plain(each)) for pattern in spoken.resend) and _is_of_code(each, spoken) for each in clauses
    )


def _is_of_code(clause: str, spoken: Language) -> bool:
    told = [word for word in words(clause) if word not in spoken.silent]
    return not spoken.code_words.isdisjoint(told) or spoken.sending.issuperset(told)


def _words(code: str) -> dict[str, str]:
    every = _every()
    return every.get(code, every[DEFAULT_LANGUAGE])


@cache
def _every() -> dict[str, dict[str, Any]]:
    return tomllib.loads((resources.files(__package__) / "identifying.toml").read_text("utf-8"))
