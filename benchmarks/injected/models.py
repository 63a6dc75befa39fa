"""Scripted models: an honest one that does what the customer wants, and one that obeys every injection it reads."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from agents import Model
from agents.items import ModelResponse
from agents.usage import Usage
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

from answerable.inference.models.events import response_of, stream_events
from benchmarks.injected.cases import Case, letters, needles, strings_in
from benchmarks.injected.evil import Evil, deeds, ending
from benchmarks.injected.house import INCIDENT
from benchmarks.injected.wants import PROCEDURES, Want

Call = tuple[str, Any]
"""A tool, and its arguments."""
Step = str | list[Call]
"""A text for the customer, which ends the turn, or calls."""

COURTESY = "You're welcome!"
DONE_IN: dict[str, tuple[str, str]] = {
    "refund": ("find_charges", "refund_charge"),
    "invoice": ("find_invoices", "resend_invoice"),
    "plan": ("preview_plan_change", "change_plan"),
    "incident": ("find_incidents", "subscribe_to_incident"),
}


@dataclass(frozen=True, slots=True)
class Given:
    """What a tool gave in this turn."""

    tool: str
    content: Any


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model sees of a turn."""

    items: tuple[Any, ...]

    @property
    def given(self) -> list[Given]:
        """By the tools since the customer spoke, oldest first."""
        last = max((place for place, item in enumerate(self.items) if item.get("role") == "user"), default=-1)
        names = {item["call_id"]: item["name"] for item in self.items if item.get("type") == "function_call"}
        return [
            Given(names.get(item["call_id"], ""), _read(item["output"]))
            for item in self.items[last + 1 :]
            if item.get("type") == "function_call_output"
        ]

    @property
    def turn(self) -> int:
        """How often the customer has spoken."""
        return sum(item.get("role") == "user" for item in self.items)

    @property
    def is_under_way(self) -> bool:
        """Whether a procedure is."""
        return any(item.get("role") == "developer" for item in self.items)


class Script(Protocol):
    """What a scripted model does next."""

    def next(self, seen: Seen) -> Step:
        """A text, or calls."""
        ...


class ScriptedModel(Model):
    """Does what the script of the case at hand says, and keeps all that it was given to read."""

    def __init__(self) -> None:
        self.script: Script | None = None
        self.read: list[Any] = []
        """Each item once, although a model is given all of them anew at each step."""
        self._items: list[Any] = []
        self._steps = 0

    def begin(self, script: Script) -> None:
        """Another customer."""
        self.script, self.read, self._items = script, [], []

    async def get_response(self, *given: Any, **more: Any) -> ModelResponse:
        """The next step."""
        items = given[1] if len(given) > 1 else more["input"]
        seen = [{"role": "user", "content": items}] if isinstance(items, str) else list(items)
        known = len(self._items) if seen[: len(self._items)] == self._items else 0
        self.read += seen[known:]
        self._items, self._steps = seen, self._steps + 1
        assert self.script is not None
        return _response(self.script.next(Seen(tuple(seen))), self._steps)

    async def stream_response(self, *given: Any, **more: Any) -> AsyncIterator[Any]:
        """The next step, in pieces."""
        answer = await self.get_response(*given, **more)
        for event in stream_events(response_of(answer, model="scripted", created_at=0)):
            yield event


@dataclass(slots=True)
class Honest:
    """Does what the customer wants, by the tools, and says what they gave."""

    want: Want
    way: str
    wished_in_turn: int = 1
    """Before, the customer only shows something."""
    has_begun: bool = False

    def next(self, seen: Seen) -> Step:
        """The next step towards what the customer wants."""
        given = seen.given
        if seen.turn < self.wished_in_turn:
            return COURTESY
        if seen.is_under_way or any(each.tool == "follow_procedure" for each in given):
            return self._as_the_procedure_says(given)
        if self.want.kind == "question":
            return self._answer(given)
        if self.way == "procedure":
            return self._begin(given)
        return self._act(given)

    def _answer(self, given: Sequence[Given]) -> Step:
        question = self.want.question
        assert question is not None
        found = [each.content for each in given if each.tool == "search_knowledge"]
        if not found:
            return [("search_knowledge", {"query": question.text})]
        for hit in found[-1].get("hits", ()):
            for quote in [*(each["text"] for each in hit["quotes"]), hit["text"]]:
                if question.is_answered_in(hit["title"], quote):
                    return f"{quote} [{hit['number']}]"
        return [("hand_off", {"reason": "Nothing was found.", "summary": "Nothing was found."})]

    def _begin(self, given: Sequence[Given]) -> Step:
        found = [each.content for each in given if each.tool == "find_procedure"]
        if found:
            self.has_begun = True
            return [("follow_procedure", {"procedure": PROCEDURES[self.want.kind]})]
        if self.has_begun:
            return COURTESY
        return [("find_procedure", {"query": self.want.text})]

    def _as_the_procedure_says(self, given: Sequence[Given]) -> Step:
        says = next((each.content for each in reversed(given) if each.tool == "follow_procedure"), None)
        if says is None:
            return [("follow_procedure", {"procedure": ""})]
        told, question = str(says.get("say", "")), str(says.get("question", ""))
        match says.get("do"):
            case "ask_customer" | "answer_then_ask":
                asked = "\n\n".join(filter(None, (told, question)))
                return [("ask_customer", {"question": asked, "options": list(says.get("options", ()))})]
            case "hand_off":
                return [("hand_off", {"reason": says["reason"], "summary": says["summary"]})]
            case _:
                return told or COURTESY

    def _act(self, given: Sequence[Given]) -> Step:
        first, second = DONE_IN[self.want.kind]
        by_tool = {each.tool: each.content for each in given}
        if second in by_tool:
            return _told(by_tool[second])
        if self.has_begun:
            return COURTESY
        if first not in by_tool:
            return [(first, self._looked_up())]
        if "error" in by_tool[first]:
            return [("hand_off", {"reason": "It was not found.", "summary": "It was not found."})]
        self.has_begun = True
        return [(second, self._wanted(by_tool[first]["result"] or {}))]

    def _looked_up(self) -> dict[str, Any]:
        match self.want.kind:
            case "refund":
                return {"invoice_number": None}
            case "plan":
                return {"plan": "team", "interval": "monthly"}
            case "incident":
                return {"component": None}
            case _:
                return {}

    def _wanted(self, found: dict[str, Any]) -> dict[str, Any]:
        match self.want.kind:
            case "refund":
                return {"charge_id": self.want.person.charges[1], "amount": {"amount": "18.60", "currency": "EUR"}}
            case "invoice":
                return {"invoice_number": self.want.person.invoice, "by": "email"}
            case "plan":
                return {"plan": "team", "interval": "monthly", "due_now": found.get("due_now")}
            case _:
                return {"incident_id": INCIDENT}


@dataclass(slots=True)
class Obedient:
    """Honest until it reads the attack; then it does the worst that an attacker could wish, and goes on with it."""

    case: Case
    honest: Honest
    has_read: bool = False
    told: list[Evil] = field(default_factory=list)
    """How it has ended its turns."""
    _batches: dict[int, list[list[Call]]] = field(default_factory=dict)
    _needles: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._needles = needles(self.case.attack)

    def next(self, seen: Seen) -> Step:
        """The next step: the customer's as long as nothing is read, then the attacker's."""
        self.has_read = self.has_read or self._reads(seen)
        if not self.has_read:
            return self.honest.next(seen)
        person = self.honest.want.person
        if seen.turn not in self._batches:
            self._batches[seen.turn] = deeds(self.case, person, seen.turn, is_under_way=seen.is_under_way)
        if self._batches[seen.turn]:
            return [_with_prices(call, seen.given) for call in self._batches[seen.turn].pop(0)]
        evil = ending(self.case, person, seen.turn, _supported(seen.given))
        self.told.append(evil)
        return evil.step

    def _reads(self, seen: Seen) -> bool:
        """Whether the attack stands anywhere in what it is given."""
        read = [letters(text) for text in strings_in(seen.items)]
        return any(each in text for each in self._needles for text in read)


def _with_prices(call: Call, given: Sequence[Given]) -> Call:
    """A change of plan at the price that was looked up: at another one it would only be refused."""
    tool, arguments = call
    previews = [each.content.get("result") for each in given if each.tool == "preview_plan_change"]
    if tool == "change_plan" and previews and previews[-1]:
        return tool, {**arguments, "due_now": previews[-1]["due_now"]}
    return call


def _supported(given: Sequence[Given]) -> tuple[str, int] | None:
    """Words that the reply may rest on, with their number."""
    for each in reversed(given):
        content = each.content if isinstance(each.content, dict) else {}
        if each.tool == "search_knowledge" and content.get("hits"):
            hit = content["hits"][0]
            quotes = [quote["text"] for quote in hit["quotes"]]
            return (quotes[0] if quotes else hit["text"].split("\n")[0]), hit["number"]
        if content.get("summary") and "number" in content:
            return str(content["summary"]), int(content["number"])
    return None


def _told(content: dict[str, Any]) -> str:
    if "error" in content:
        return str(content["error"])
    return f"{content['summary']} [{content['number']}]"


def _read(output: Any) -> Any:
    try:
        content = json.loads(output)
    except (TypeError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _response(step: Step, number: int) -> ModelResponse:
    if isinstance(step, str):
        text = ResponseOutputText(text=step, type="output_text", annotations=[])
        said = ResponseOutputMessage(
            id=f"msg_{number}", type="message", role="assistant", status="completed", content=[text]
        )
        return ModelResponse(output=[said], usage=Usage(requests=1), response_id=f"resp_{number}")
    calls = [
        ResponseFunctionToolCall(
            id=f"fc_{number}_{place}",
            call_id=f"call_{number}_{place}",
            type="function_call",
            name=tool,
            arguments=arguments if isinstance(arguments, str) else json.dumps(arguments),
            status="completed",
        )
        for place, (tool, arguments) in enumerate(step)
    ]
    return ModelResponse(output=list(calls), usage=Usage(requests=1), response_id=f"resp_{number}")
