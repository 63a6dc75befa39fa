"""Procedures as tools of an agent: finding the one that a message asks for, and following it up to the next answer.

The follower is called here and not in a model: what it asks for is done at the boundary of actions under the run's own
eyes, its state is kept with the conversation where no model can change it, and each of its steps is in the trace.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

import msgspec

from answerable.actions.declaring import Declaration, links_in
from answerable.agents import agreeing
from answerable.agents.acting import Acting
from answerable.agents.identifying import Identifying
from answerable.agents.phrases import Language, plain
from answerable.agents.procedures.following import (
    FIRST_WORDS_MAX,
    Aside,
    AskCustomer,
    CallAction,
    Ended,
    Followed,
    HandOver,
    Heard,
    Left,
    begin,
    follow,
    hand_over,
)
from answerable.agents.procedures.handbooks import Handbook
from answerable.agents.procedures.matching import Match, is_clear_request, is_request
from answerable.agents.searching import Searching
from answerable.agents.turns import asks_something, wants_person
from answerable.domain.procedures import Call, CallResult, UnderWay
from answerable.traces import Steps

WISH_WORDS_MIN = 3
"""In fewer words nobody asks for another procedure while one is under way."""
Wish = Literal["none", "doubtful", "clear"]
"""How far a customer's words ask for a procedure. What is doubtful begins, and changes nothing before they agree."""
SAID_LETTERS_MAX = 4_000
AGREED_LETTERS_MAX = 500
IDENTITY: Literal["identity"] = "identity"
"""What a procedure waits for until more is known of who the customer is."""
UNPROVED_MAX = 4
"""So often they are asked who they are before a person takes over."""
NOT_PROVED = "The customer has not proved who they are."
NO_MORE_CODES = f"{NOT_PROVED} For now no further code can be sent to them."

_SENTENCE_END = re.compile(r"[.!?\n]+")


def read_under_way(content: Any) -> UnderWay | None:
    """How far a conversation's procedure has come, as it was kept; none if it cannot be read any more."""
    if content is None:
        return None
    try:
        return msgspec.convert(content, UnderWay)
    except msgspec.ValidationError:
        return None


@dataclass(slots=True)
class Following:
    """The procedure of one run."""

    handbook: Handbook
    ledger: Steps
    searching: Searching
    acting: Acting
    identifying: Identifying
    spoken: Language
    text: str
    """What the customer said in this turn."""
    under_way: UnderWay | None
    said: list[str] = field(default_factory=list)
    """What it tells the customer in this turn."""
    asked_for: str | None = None
    """What it asks the customer for at the end of this turn."""
    asks: str | None = None
    """Its question with its options, if it asks something."""
    is_aside: bool = False
    """Whether something else is to be answered before its question."""
    is_heard: bool = False
    """Whether what the customer said has been taken for an answer, here or to another question."""
    _at_once: asyncio.Lock = field(default_factory=asyncio.Lock)
    """A model may ask for two steps at a time."""
    _has_asked_who: bool = False
    _asks_beside: bool = False
    """Whether they asked something else beside the code that counts."""
    _found: dict[str, Wish] = field(default_factory=dict)
    """How far the procedures that were found by the customer's own words are wanted."""

    @property
    def state(self) -> dict[str, Any] | None:
        """What is kept with the conversation."""
        return msgspec.to_builtins(self.under_way) if self.under_way is not None else None

    @property
    def told(self) -> str:
        """All that it tells the customer in this turn."""
        return "\n\n".join(self.said)

    @property
    def _today(self) -> date:
        """The day of what the customer said: a run that is resumed after midnight reads "yesterday" as before."""
        return self.acting.asked.said[-1].created_at.date()

    @property
    def title(self) -> str:
        """Of the procedure that is under way."""
        procedure = self.handbook.procedures.get(self.under_way.procedure) if self.under_way is not None else None
        return procedure.title if procedure is not None else ""

    @property
    def awaits_agreement_to(self) -> str | None:
        """What the customer was asked whether they want it, if that is what a procedure waits for."""
        if self.under_way is None or self.under_way.awaits != "agreement":
            return None
        return self.under_way.offered or self.title

    async def find(self, query: str) -> str:
        """The procedure for what a customer wants, as JSON for a model."""
        match = await self._match(query)
        procedure = self.handbook.procedures.get(match["procedure"]) if match["is_wanted"] else None
        if procedure is None:
            return json.dumps({"procedure": None})
        if plain(query) in {plain(self.text), *map(plain, _SENTENCE_END.split(self.text))}:
            self._found[procedure.id] = _wish_of(match)
        told = {
            "id": procedure.id,
            "title": procedure.title,
            "when": procedure.when,
            "words": procedure.words,
            "may_promise": dict(procedure.may_promise),
            "is_sure": match["is_sure"],
            "is_open": await self._closed_by(begin(procedure)) is None,
        }
        return json.dumps({"procedure": told}, ensure_ascii=False)

    async def follow(self, wanted: str) -> str:
        """Goes on with the procedure under way, or begins the wanted one; gives what is to be done now, as JSON."""
        async with self._at_once:
            return await self._follow(wanted)

    async def _follow(self, wanted: str) -> str:
        begins = self.under_way is None
        if self.under_way is None:
            procedure = self.handbook.procedures.get(wanted)
            if procedure is None:
                return json.dumps({"error": "There is no such procedure. Ask find_procedure for its id."})
            words, wish = await self._words_of(wanted), await self._wish(wanted)
            self.under_way = begin(procedure, words, is_asked_for=wish != "none", is_doubtful=wish == "doubtful")
            heard = None
        else:
            heard = None if self.is_heard else await self._heard(self.under_way)
        self.is_heard = True
        before = self.under_way
        followed = self._step(heard=heard)
        if isinstance(followed.next, Aside) and before.awaits == IDENTITY:
            followed = await self._ask_who_again(before)
        # Who they are is asked before other questions, not after several have been answered.
        asks_first = isinstance(followed.next, AskCustomer) and (begins or before.awaits == IDENTITY)
        if asks_first and before.awaits != "agreement" and (action := await self._closed_by(before)) is not None:
            followed = await self._ask_who(action, before, begins=begins) or followed
        while isinstance(call := followed.next, CallAction):
            needed = self.acting.declared.get(call.action)
            if needed is not None and needed.effect != "reads" and self.under_way and self.under_way.is_doubtful:
                offered = agreeing.line(call.action, call.arguments, self.acting.declared, self.spoken.code)
                self.under_way = replace(self.under_way, awaits="agreement", offered=offered)
                followed = self._step()
            elif needed is not None and not await self.identifying.is_enough(needed):
                asked = await self._ask_who(needed, before, begins=begins)
                followed = asked or self._step(result=CallResult("refused", "", NOT_PROVED, None))
            else:
                followed = self._step(result=await self._call(call))
        if begins and isinstance(ask := followed.next, AskCustomer) and not (followed.said or is_request(self.text)):
            # Who tells of a trouble may be helped by an article at once, too.
            followed = replace(followed, next=Aside(ask.question, ask.options))
        # A code and a question in one message: the code counts, and the question is answered as well.
        self._asks_beside = heard is not None and heard.has_proved and heard.asks_beside(before.procedure)
        if self._asks_beside and isinstance(ask := followed.next, AskCustomer):
            followed = replace(followed, next=Aside(ask.question, ask.options))
        return self._told(followed)

    def _waiting_action(self, under_way: UnderWay) -> Declaration | None:
        """The action for which a procedure waits to know who the customer is."""
        procedure = self.handbook.procedures.get(under_way.procedure)
        if procedure is None:
            return None
        step = procedure.steps.get(under_way.step or "")
        first = next((each for each in procedure.steps.values() if isinstance(each, Call)), None)
        call = step if isinstance(step, Call) else first
        return self.acting.declared.get(call.action) if call is not None else None

    async def _ask_who_again(self, before: UnderWay) -> Followed:
        """Has what the customer asks in between answered; who they are is asked once more behind it."""
        action = self._waiting_action(before)
        asked = await self._ask_who(action, before, begins=False, is_aside=True) if action is not None else None
        if asked is None:
            self.under_way = None
            return Followed(Left("asides"))
        return asked

    async def _closed_by(self, under_way: UnderWay) -> Declaration | None:
        """The first call of a procedure, if more must be known for it of who the customer is."""
        procedure = self.handbook.procedures[under_way.procedure]
        calls = (each.action for each in procedure.steps.values() if isinstance(each, Call))
        action = self.acting.declared.get(next(calls, ""))
        return None if action is None or await self.identifying.is_enough(action) else action

    async def _ask_who(
        self, action: Declaration, before: UnderWay, *, begins: bool, is_aside: bool = False
    ) -> Followed | None:
        """Asks the customer to prove who they are; a person takes over if that is in vain. None if there is no way.

        `is_aside`: they asked something else, which is no asking in vain.
        """
        assert self.under_way is not None
        times = before.asked_in_vain if before.awaits == IDENTITY else 0
        question = await self.identifying.question(action, self.text, is_again=times > 0)
        if question is None:
            return None
        # However often a model follows the procedure in this turn, the customer is asked once.
        has_moved = is_aside or self._has_asked_who or (times > 0 and self.identifying.has_come_further)
        is_capped = self.identifying.is_capped
        is_in_vain = times >= (UNPROVED_MAX - 1 if is_capped else UNPROVED_MAX) and not has_moved
        if self.identifying.has_run_out or (is_in_vain and is_capped):
            self.said += [question] if question not in self.said else []
            return self._give_up(NO_MORE_CODES)
        if is_in_vain:
            return self._give_up(NOT_PROVED)
        asked_in_vain = times if has_moved else times + 1
        # The newest code may still come, once. Who asks for another one after this gets a person.
        asked_in_vain = max(asked_in_vain, UNPROVED_MAX - 1) if is_capped else asked_in_vain
        self._has_asked_who = True
        self.under_way = replace(self.under_way, awaits=IDENTITY, asked_in_vain=asked_in_vain)
        # What they wrote first may be a question that an article answers, if it does not ask for something to be done.
        is_aside = is_aside or (begins and not is_request(self.text))
        asked = Aside(question) if is_aside else AskCustomer(question, need=IDENTITY)
        return Followed(asked, tuple(self.said), self.under_way)

    def _give_up(self, reason: str) -> Followed:
        """Hands over to a person, with all that is known."""
        assert self.under_way is not None
        over = hand_over(self.handbook.procedures, self.under_way, self.spoken, reason)
        self.under_way = None
        return replace(over, said=tuple(self.said))

    def _step(self, *, heard: Heard | None = None, result: CallResult | None = None) -> Followed:
        """One walk through the steps. It is pure: a run that is resumed walks again, to the same place."""
        assert self.under_way is not None
        before = self.under_way
        asked = {"procedure": before.procedure, "step": before.step, "heard": heard, "result": result}
        with self.ledger.step("agent", "Follow procedure", msgspec.to_builtins(asked)) as step:
            followed = follow(
                self.handbook.procedures, before, self.spoken, heard=heard, result=result, today=self._today
            )
            step.output = {
                "next": {"do": type(followed.next).__name__, **msgspec.to_builtins(followed.next)},
                "said": list(followed.said),
                "under_way": msgspec.to_builtins(followed.under_way),
            }
            step.summary = f"{before.procedure}: {_in_words(followed)}"
        self.said += followed.said
        self.under_way = followed.under_way
        return followed

    async def _call(self, wanted: CallAction) -> CallResult:
        # Its steps are the workspace's, and its values the customer's own answers: it asks by itself where it must.
        agreed = self._answered_with(self.under_way) if self.under_way is not None else None
        arguments = json.dumps(wanted.arguments, ensure_ascii=False)
        told = json.loads(await self.acting.call(wanted.action, arguments, agreed=agreed))
        if "error" in told:
            # It was no call at all: nothing was kept or done.
            return CallResult("failed", "", str(told["error"]), None)
        declared = self.acting.declared.get(wanted.action)
        # A run that is resumed may find what it did before under an action that is gone by now.
        links = links_in(declared.result, told["result"]) if declared is not None else ()
        return CallResult(told["state"], told["summary"], told["reason"], told["result"], told["call_id"], links)

    def _answered_with(self, under_way: UnderWay) -> str:
        """Which step it is, and what the customer wrote to what, as it is kept with the call."""
        before = self.acting.asked.before
        asked = f" to “{before[-1].text[:AGREED_LETTERS_MAX]}”" if before else ""
        wrote = self.text[:AGREED_LETTERS_MAX]
        return f"{under_way.procedure}, step {under_way.step}: the customer wrote “{wrote}”{asked}."

    async def _wish(self, wanted: str) -> Wish:
        """How far the customer's own words ask for the procedure, and not only what a model has read elsewhere."""
        if wanted in self._found:
            return self._found[wanted]
        match = await self._match(self.text)
        return _wish_of(match) if match["procedure"] == wanted else "none"

    async def _words_of(self, wanted: str) -> str:
        """The words that ask for a procedure. In a long text, such as a mail that is passed on, most words do not."""
        if len(self.text) <= FIRST_WORDS_MAX:
            return self.text
        match = await self._match(self.text)
        return self._wish_in(match) if match["is_wanted"] and match["procedure"] == wanted else ""

    def _wish_in(self, match: dict[str, Any] | None) -> str:
        is_long = match is not None and len(self.text) > FIRST_WORDS_MAX
        return str(match.get("part", "")) if match is not None and is_long else self.text

    async def _heard(self, under_way: UnderWay) -> Heard:
        match = await self._match(self.text) if len(self.text.split()) >= WISH_WORDS_MIN else None
        return Heard(
            self.text,
            wish=self._wish_in(match),
            wants=match["procedure"] if match is not None and match["is_wanted"] else None,
            is_doubtful=match is not None and _wish_of(match) == "doubtful",
            is_question=asks_something(self.text, self.spoken),
            wants_person=wants_person(self.text, self.spoken),
            is_about_code=self.identifying.asks_for_code(self.text),
            has_proved=await self._has_proved(under_way),
        )

    async def _has_proved(self, under_way: UnderWay) -> bool:
        action = self._waiting_action(under_way) if under_way.awaits == IDENTITY else None
        return action is not None and await self.identifying.is_enough(action)

    async def _match(self, text: str) -> dict[str, Any]:
        with self.ledger.step("retrieval", "Find procedure", {"query": text}) as step:
            if not step.recorded:
                match = await asyncio.to_thread(self.handbook.matcher.find, text)
                step.output = msgspec.to_builtins(match or Match("", 0.0, 0.0, is_wanted=False, is_sure=False))
                wanted = match.procedure if match is not None and match.is_wanted else "none"
                step.summary = f"{wanted}, {match.clearness if match is not None else 0:.2f}"
            found: dict[str, Any] = step.output
        return found

    def _told(self, followed: Followed) -> str:
        """What a model reads; and the reply may rest on every word of it."""
        match followed.next:
            case AskCustomer() as ask:
                self.asked_for = ask.need
                told = {"do": "ask_customer", "question": ask.question, "options": list(ask.options)}
            case Aside() as aside:
                self.asked_for = IDENTITY if self.under_way and self.under_way.awaits == IDENTITY else None
                told = {"do": "answer_then_ask", "question": aside.question, "options": list(aside.options)}
            case HandOver() as over:
                told = {"do": "hand_off", "reason": over.reason, "summary": over.summary}
            case Left() as left:
                told = {"do": "leave", "why": left.why}
            case Ended():
                told = {"do": "answer_then_end" if self._asks_beside else "end"}
            case _:
                raise AssertionError(followed.next)
        told["say"] = self.told
        self.is_aside = isinstance(followed.next, Aside)
        if isinstance(followed.next, AskCustomer | Aside):
            options = [f"- {each}" for each in followed.next.options]
            self.asks = "\n".join([followed.next.question, "", *options]).strip()
        changed = any(each.has_changed_something for each in self.acting.outcomes.values())
        words = "\n".join([self.told, str(told.get("question", "")), *map(str, told.get("options", ()))])
        self.searching.add_outcome("procedure", words[:SAID_LETTERS_MAX], changed_something=changed)
        return json.dumps(told, ensure_ascii=False)


def _wish_of(match: Mapping[str, Any]) -> Wish:
    if not match["is_wanted"]:
        return "none"
    # What sounds like an example may be told of somebody else, or passed on: only a request is beyond doubt.
    return "clear" if is_clear_request(str(match.get("part", ""))) else "doubtful"


def _in_words(followed: Followed) -> str:
    match followed.next:
        case CallAction() as call:
            return f"calls {call.action}"
        case AskCustomer() as ask:
            return f"asks {'again ' if ask.is_again else ''}for {ask.need}"
        case Aside():
            return "lets something else be answered first"
        case HandOver() as over:
            return f"hands off. {over.reason}"
        case Left() as left:
            return f"is left ({left.why})"
        case _:
            return "is at its end"
