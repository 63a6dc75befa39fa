"""The actions as tools of an agent: a wish goes to the boundary, and what came of it comes back as evidence."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from answerable.actions.asking import Request
from answerable.actions.declaring import Declaration
from answerable.agents import agreeing
from answerable.agents.asked import Asked
from answerable.agents.identifying import Identifying
from answerable.agents.outcomes import outcome_in_words, urged_in_words
from answerable.agents.phrases import DEFAULT_LANGUAGE, language
from answerable.agents.searching import Searching
from answerable.agents.urging import is_urge
from answerable.agents.world import Acts
from answerable.domain.actions import OPEN, STILL_COUNTS, ActionCall, CallState, Effect
from answerable.domain.errors import AnswerableError
from answerable.domain.runs import SpanState
from answerable.traces import Steps

CALLS_MAX = 12
"""More calls than that in one turn are a model that runs in circles."""

_SHOWN_AS: dict[CallState, SpanState] = {"done": "done", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call, as the model is told and a replay reads."""

    call_id: str
    action: str
    effect: Effect
    state: CallState
    summary: str
    """What the customer may be told, in their language; what was done, in the words of its receipt."""
    reason: str
    """Why it is in this state, in one sentence for a rep."""
    result: dict[str, Any] | None
    """What the action gave."""

    @property
    def has_changed_something(self) -> bool:
        """Whether it did something in the world."""
        return self.effect != "reads" and self.state == "done"


@dataclass(frozen=True, slots=True)
class Answered:
    """A call about which the customer was asked, and what came of it once they had answered."""

    arguments: dict[str, Any]
    outcome: Outcome


@dataclass(slots=True)
class Acting:
    """The action calls of one run."""

    acts: Acts
    declared: Mapping[str, Declaration]
    ledger: Steps
    asked: Asked
    searching: Searching
    identifying: Identifying
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """By the call's id."""
    _calls: int = 0

    async def take_answer(self) -> list[tuple[Answered, str]]:
        """What came of the calls that the customer was asked about, if this turn answers that question by yes or no.

        Whoever says yes to nothing while something is under way is told how far that has come. Each with the JSON that
        a model reads of it.
        """
        answer = agreeing.says(self.asked)
        if answer is None:
            return await self._urged()
        put = self.asked.before[-1].text
        with self.ledger.step("action", "Customer answers", {"question": put, "answer": answer}) as step:
            if not step.recorded:
                await self.ledger.flush()
                answered = [await self._answered(call, yes=answer == "yes") for call in await self._named_in(put)]
                step.summary = f"{answer}: {' '.join(each.outcome.reason for each in answered) or 'nothing waits'}"
                step.output = msgspec.to_builtins(answered)
            taken = msgspec.convert(step.output, list[Answered])
        return [(each, self._take(each.outcome)) for each in taken]

    async def _urged(self) -> list[tuple[Answered, str]]:
        """The calls that are under way, if the customer only urges them: nothing is asked for a second time."""
        said = "\n".join(message.text for message in self.asked.said)
        if self.asked.conversation.procedure is not None or not is_urge(said, language(self._spoken)):
            return []
        with self.ledger.step("action", "Customer urges", {"said": said}) as step:
            if not step.recorded:
                open_ones = [
                    each for each in await self.acts.calls_of(self.asked.conversation.id) if each.state in OPEN
                ]
                urged = [
                    Answered(
                        each.arguments, replace(self._outcome_of(each), summary=urged_in_words(each, code=self._spoken))
                    )
                    for each in open_ones
                ]
                step.summary = " ".join(each.outcome.reason for each in urged) or "nothing is under way"
                step.output = msgspec.to_builtins(urged)
            taken = msgspec.convert(step.output, list[Answered])
        return [(each, self._take(each.outcome)) for each in taken]

    async def call(self, action: str, arguments: str, *, agreed: str | None = None) -> str:
        """Asks for an action; gives what came of it as JSON for the model, or the sentence that says what is wrong.

        `agreed` is what shows that the customer wants exactly this; without it they are asked before anything changes.
        """
        self._calls += 1
        if self._calls > CALLS_MAX:
            return _fault(f"There may be {CALLS_MAX} calls in one turn. Tell the customer how far it has come.")
        key = self._key(action, arguments)
        try:
            outcome = await self._with_way_in(await self._outcome(action, arguments, key, agreed))
        except AnswerableError as error:
            return _fault(str(error))
        return self._take(outcome)

    @property
    def question(self) -> str | None:
        """What the customer must be asked at the end of this turn: whether they want all that waits for their yes."""
        waiting = [each.summary for each in self.outcomes.values() if each.state == "awaiting_customer"]
        return agreeing.question(waiting, self._spoken) if waiting else None

    @property
    def told(self) -> dict[str, CallState]:
        """How far each call that should change something has come, as the customer is told by this turn's reply."""
        return {each.call_id: each.state for each in self.outcomes.values() if each.effect != "reads"}

    @property
    def to_tell(self) -> tuple[str, ...]:
        """What was done or is on its way, as the customer is told it."""
        return tuple(dict.fromkeys(each.summary for each in self._changes if each.state in STILL_COUNTS))

    @property
    def came_to_nothing(self) -> bool:
        """Whether anything that was asked for is neither done nor on its way."""
        return any(each.state not in STILL_COUNTS for each in self._changes)

    @property
    def _changes(self) -> list[Outcome]:
        return [each for each in self.outcomes.values() if each.effect != "reads"]

    @property
    def in_words(self) -> str:
        """What was asked for and how far it has come, in one sentence for a rep."""
        return " ".join(_in_words(each) for each in self.outcomes.values())

    @property
    def _spoken(self) -> str:
        """The language: also of a customer who only answers "2" now."""
        return self.identifying.code

    async def _named_in(self, put: str) -> tuple[ActionCall, ...]:
        calls = await self.acts.calls_of(self.asked.conversation.id)
        return agreeing.named_in(put, calls, self.declared)

    async def _answered(self, call: ActionCall, *, yes: bool) -> Answered:
        line = agreeing.line_of(call, self.declared, DEFAULT_LANGUAGE)
        try:
            went_on = await (self.acts.agree(call.id, question=line) if yes else self.acts.turn_down(call.id))
        except AnswerableError as error:
            # What else they said yes to goes on.
            sentence = str(error)
            refused = replace(self._outcome_of(call), state="refused", reason=sentence, summary=sentence)
            return Answered(call.arguments, refused)
        self._show_rules(went_on)
        outcome = self._outcome_of(went_on)
        if went_on.state in ("declined", "expired"):
            outcome = replace(outcome, summary=agreeing.dropped(self._spoken))
        return Answered(went_on.arguments, outcome)

    def _take(self, outcome: Outcome) -> str:
        """Lets the reply rest on an outcome; gives it as JSON for a model."""
        self.outcomes[outcome.call_id] = outcome
        # A model may write a day as it reads it in the result, or as the customer is told it.
        told = dict.fromkeys([outcome.summary, str((outcome.result or {}).get("summary", ""))])
        number = self.searching.add_outcome(
            outcome.call_id, "\n".join(filter(None, told)), changed_something=outcome.has_changed_something
        )
        return json.dumps({**msgspec.to_builtins(outcome), "number": number}, ensure_ascii=False)

    async def _with_way_in(self, outcome: Outcome) -> Outcome:
        """What was refused because it is not known who asks is told with what they can do about that."""
        declared = self.declared.get(outcome.action)
        if outcome.state != "refused" or declared is None or await self.identifying.is_enough(declared):
            return outcome
        said = "\n".join(message.text for message in self.asked.said)
        way_in = await self.identifying.question(declared, said, is_again=False)
        return replace(outcome, summary=way_in or outcome.summary)

    async def _outcome(self, action: str, arguments: str, key: str, agreed: str | None) -> Outcome:
        asked = {"action": action, "arguments": _readable(arguments), "key": key}
        with self.ledger.step("action", action.replace("_", " ").capitalize(), asked) as step:
            if not step.recorded:
                # A run that is cut off after this must go on the same way, not ask the model once more.
                await self.ledger.flush()
                call = await self.acts.request(self._request(action, arguments, key, agreed))
                self._show_rules(call)
                step.state = _SHOWN_AS.get(call.state, "held")
                step.summary = f"{call.state.replace('_', ' ')}: {call.reason}"
                step.output = msgspec.to_builtins(self._outcome_of(call))
            return msgspec.convert(step.output, Outcome)

    def _outcome_of(self, call: ActionCall) -> Outcome:
        return Outcome(
            call_id=call.id,
            action=call.action,
            effect=call.effect,
            state=call.state,
            summary=(
                agreeing.line_of(call, self.declared, self._spoken)
                if call.state == "awaiting_customer"
                else outcome_in_words(call, code=self._spoken)
            ),
            reason=call.reason,
            result=call.receipt.content if call.receipt is not None and call.state == "done" else None,
        )

    def _show_rules(self, call: ActionCall) -> None:
        if not call.verdicts:
            return
        with self.ledger.step("policy", "Check policy", {"call_id": call.id, "facts": call.facts}) as step:
            step.output = msgspec.to_builtins(call.verdicts)
            holding = [f"{each.clause_id} {each.effect.replace('_', ' ')}" for each in call.verdicts if each.holds]
            if call.effect != "reads" and not any(each.holds and each.effect == "allows" for each in call.verdicts):
                holding.append("no clause allows it")
            step.summary = ", ".join(holding) or "no clause speaks of it"

    def _request(self, action: str, arguments: str, key: str, agreed: str | None) -> Request:
        run = self.ledger.run
        return Request(
            key=key,
            action=action,
            arguments=arguments or "{}",
            customer_id=self.asked.customer.id,
            conversation_id=self.asked.conversation.id,
            requested_by="agent",
            turn_id=run.turn_id,
            run_id=run.id,
            agreed=agreed,
        )

    def _key(self, action: str, arguments: str) -> str:
        """The same for the same call in the same place of the turn, however often the turn is begun anew."""
        wish = hashlib.sha256(f"{action}\n{arguments}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return f"{self.ledger.run.turn_id}/{self._calls}/{wish}"


def _readable(arguments: str) -> Any:
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        return arguments[:2_000]


def _in_words(outcome: Outcome) -> str:
    # A receipt's sentence is written for the customer: whoever reads "your card" in the console shall see that.
    reason = f"done. Receipt: “{outcome.reason}”" if outcome.state == "done" else outcome.reason
    return f"{outcome.action.replace('_', ' ').capitalize()}: {reason}"


def _fault(sentence: str) -> str:
    return json.dumps({"error": sentence}, ensure_ascii=False)
