"""One tool of an MCP server: what the boundary fills in, what is sent, and what is believed of the answer."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from answerable.actions.declaring import Doing, NotDone
from answerable.actions.mcp.pins import Definition
from answerable.actions.mcp.schemas import Judge, properties, required
from answerable.actions.mcp.ways import Unreadable, Way
from answerable.domain.errors import Invalid

log = logging.getLogger(__name__)

ANSWER_BYTES_MAX = 64 * 1024
REFUSAL_CHARACTERS_MAX = 300
REFUSED = "The system that this is done in refused it."
UNFIT = "What was asked for does not fit the system that this is done in."
NOBODY = "We do not know you in the system that this is done in."

Answer = Any
"""What a tool answered, as data: its structured content; without one `{"text": …}`, or what the text says as JSON."""

By = Literal["email", "outside_id", "id"]
"""The customer's proved address, their name in the host's system, or ours."""


class Refused(NotDone):
    """The tool answered that it failed. That nothing was done is only its word for it."""


@dataclass(frozen=True, slots=True)
class CustomerArgument:
    """The argument that says for whom it is done. The boundary fills it in; nobody who asks can see or set it."""

    argument: str
    by: By = "email"


@dataclass(frozen=True, slots=True)
class Tool:
    """A pinned tool, with what the boundary fills in."""

    server: str
    way: Callable[[Mapping[str, str]], Way]
    """How its server is reached, by the settings."""
    reached_within: float
    pinned: Definition
    customer: CustomerArgument | None
    key: str | None
    key_in_meta: str | None
    dry_run: str | None
    fixed: Mapping[str, Any]
    text_is_json: bool
    refusal: Callable[[str], str] | None
    takes: Judge = field(init=False, repr=False, compare=False)
    gives: Judge | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Raises Invalid for what the tool does not have, and for two that fill in the same."""
        for what, schema in (("takes", self.pinned.input_schema), ("gives", self.pinned.output_schema)):
            try:
                object.__setattr__(self, what, Judge(schema) if schema is not None else None)
            except Invalid as error:
                raise self.wrong(f"cannot be used. {error}") from error
        names = self._filled_in
        if len(set(names)) < len(names):
            raise self.wrong("has one argument that is filled in twice.")
        self.must_have(names)

    @property
    def filled_in(self) -> set[str]:
        """The arguments that nobody who asks can set."""
        return set(self._filled_in)

    @property
    def has_key(self) -> bool:
        """Whether it is told the idempotency key."""
        return self.key is not None or self.key_in_meta is not None

    def must_have(self, names: list[str]) -> None:
        """Raises Invalid for a name that is no argument of the tool."""
        missing = next((each for each in names if each not in properties(self.pinned.input_schema)), None)
        if missing is not None:
            raise self.wrong(f"has no argument {missing!r:.80}.")

    def wrong(self, what: str) -> Invalid:
        """The sentence that says so of this tool."""
        return Invalid(f"The tool {self.pinned.name} of the MCP server {self.server} {what}")

    def missing(self, given: set[str]) -> str | None:
        """An argument that it must be given, and is not."""
        return next(iter(sorted(required(self.pinned.input_schema) - given - self.filled_in)), None)

    def arguments(self, doing: Doing, given: Mapping[str, Any]) -> dict[str, Any]:
        """All that is sent: what was asked for, and what the boundary fills in. Raises NotDone if it does not fit."""
        if self.filled_in & set(given):
            raise NotDone("This argument is filled in by nobody who asks.")
        whole = {**given, **self.fixed, **self._whose(doing)}
        if self.key is not None:
            whole[self.key] = doing.key
        if self.dry_run is not None:
            whole[self.dry_run] = doing.dry_run
        elif doing.dry_run and self.has_key:
            raise NotDone("This cannot be tried out.")
        fault = self.takes.fault(whole)
        if fault is not None:
            log.info("What was to be sent to %s does not fit: %s.", self.pinned.name, fault.place)
            # What the boundary fills in is for nobody who asks: neither its value nor its name.
            raise NotDone(f"{UNFIT[:-1]}: {fault.place}." if fault.argument in given else UNFIT)
        return whole

    async def ask(self, doing: Doing, given: Mapping[str, Any] | None = None) -> Answer:
        """What the tool answers.

        Raises NotDone if surely nothing was sent, Refused if the tool says that it failed. Anything else that is raised
        means that what became of it is not known.
        """
        # The SDK is read when it is needed, and not for who only declares.
        from answerable.actions.mcp.speaking import ask

        arguments = self.arguments(doing, given or {})
        meta = {self.key_in_meta: doing.key} if self.key_in_meta is not None else {}
        reply = await ask(self.way(doing.settings), self.pinned, arguments, meta)
        if reply.is_error:
            said = "".join(each if each.isprintable() else " " for each in reply.text[: 2 * REFUSAL_CHARACTERS_MAX])
            # How much it said, and not what: it may repeat what it was sent, and tell of other customers.
            length = len(reply.text)
            log.warning("%s of %s refused %s in %d letters.", self.pinned.name, self.server, doing.key, length)
            raise Refused(self.refusal(said)[:REFUSAL_CHARACTERS_MAX] if self.refusal is not None else REFUSED)
        return self._read(reply.structured, reply.text)

    @property
    def _filled_in(self) -> list[str]:
        named = [self.customer.argument if self.customer is not None else None, self.key, self.dry_run]
        return [*(each for each in named if each is not None), *self.fixed]

    def _whose(self, doing: Doing) -> dict[str, str]:
        if self.customer is None:
            return {}
        name = getattr(doing.customer, self.customer.by)
        if not name:
            raise NotDone(NOBODY)
        return {self.customer.argument: str(name)}

    def _read(self, structured: Any, text: str) -> Answer:
        """The answer, if it is what was pinned. Raises Unreadable."""
        if structured is None and self.text_is_json:
            try:
                structured = msgspec.json.decode(text)
            except (msgspec.DecodeError, RecursionError) as error:
                raise Unreadable("Its text is not JSON.") from error
        if structured is None and self.gives is not None:
            raise Unreadable("It answered without the structured content that it promises.")
        answer = structured if structured is not None else {"text": text}
        content = msgspec.json.encode(answer)
        if len(content) > ANSWER_BYTES_MAX:
            raise Unreadable(f"Its answer has more than {ANSWER_BYTES_MAX // 1024} kB.")
        if b"\\u0000" in content:
            # PostgreSQL keeps no text with it.
            raise Unreadable("Its answer holds a sign that cannot be kept.")
        # What is no JSON, such as NaN, is none any more.
        answer = msgspec.json.decode(content)
        fault = self.gives.fault(answer) if self.gives is not None else None
        if fault is not None:
            raise Unreadable(f"Its answer does not fit what it promises: {fault.place}.")
        return answer
