"""What comes next in a procedure: `begin(procedure)` and `follow(...)`. Pure: the same input gives the same output.

Nothing here touches the world. An action is named with its arguments, and whoever asked says what became of it. Every
argument comes from the procedure's file, from an answer, or from what an action found; a sentence about an effect is
said only from a receipt, and what cannot be filled in goes to a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from answerable.agents.agreeing import is_yes, question
from answerable.agents.identifying import not_understood
from answerable.agents.phrases import Language, plain, words
from answerable.agents.procedures.answers import Thing, leaves, legible, read_answer
from answerable.domain.actions import CallState
from answerable.domain.procedures import (
    Ask,
    Back,
    Branch,
    Call,
    CallResult,
    Condition,
    End,
    GoTo,
    HandOff,
    Need,
    Procedure,
    Say,
    Step,
    UnderWay,
    Waiting,
    words_in,
)
from answerable.knowledge.procedures.templates import Missing, at, fill, is_one_place, shown

STEPS_AT_ONCE_MAX = 200
PUT_ASIDE_MAX = 3
IN_VAIN_MAX = 2
ASIDES_MAX = 4
THINGS_MAX = 10
FIRST_WORDS_MAX = 500
# "No, I want my money back instead" is about another thing; "84 €" is an answer whatever it resembles.
ANSWER_WORDS_MAX = 4

# How a call can end that was made by somebody else or earlier, in the words that procedures know.
_AS_IF: Mapping[CallState, CallState] = {
    "ready": "unknown",
    "sent": "unknown",
    "declined": "refused",
    "expired": "refused",
    "undone": "failed",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """What the customer said in this turn."""

    text: str
    wants: str | None = None
    """The procedure that it asks for by itself, if it does."""
    is_question: bool = False
    wants_person: bool = False


@dataclass(frozen=True, slots=True)
class CallAction:
    """An action is to be called."""

    action: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AskCustomer:
    """The customer is to be asked."""

    question: str
    options: tuple[str, ...] = ()
    need: str = ""
    is_again: bool = False
    """Whether their answer was not understood."""


@dataclass(frozen=True, slots=True)
class Aside:
    """They asked something else: it is to be answered, and then the open question is asked again."""

    question: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    """A person takes over."""

    reason: str
    summary: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Everything is said and done."""


@dataclass(frozen=True, slots=True)
class Left:
    """The procedure is left without its end."""

    why: Literal["unwanted", "changed", "asides"]
    """The customer does not want it; the procedure's file has changed; or they ask about other things all the time."""


Next = CallAction | AskCustomer | Aside | HandOver | Ended | Left


@dataclass(frozen=True, slots=True)
class Followed:
    """What is to be done now, and how far the procedure has come."""

    next: Next
    said: tuple[str, ...] = ()
    """What is to be told before."""
    under_way: UnderWay | None = None
    """None if it is over."""


def begin(procedure: Procedure, first_words: str = "", *, is_asked_for: bool = True) -> UnderWay:
    """A procedure at its first step. If the customer has not asked for it themselves, they are asked first."""
    return UnderWay(
        procedure.id,
        procedure.revision,
        procedure.first,
        awaits="nothing" if is_asked_for else "agreement",
        first_words=legible(first_words)[:FIRST_WORDS_MAX],
    )


def follow(
    procedures: Mapping[str, Procedure],
    under_way: UnderWay,
    spoken: Language,
    *,
    heard: Heard | None = None,
    result: CallResult | None = None,
) -> Followed:
    """The next thing to do. `heard` is what the customer answered, `result` what became of the call that was asked for.

    Without the one that it waits for, the same is asked for once more.
    """
    procedure = procedures.get(under_way.procedure)
    if procedure is None or procedure.revision != under_way.revision:
        return Followed(Left("changed"))
    walk = _Walk(procedures, procedure, under_way, spoken)
    step = procedure.steps.get(under_way.step or "")
    if heard is not None and heard.wants_person:
        return walk.hand_over("The customer asks for a person.")
    if under_way.awaits == "agreement":
        return walk.agreed(heard)
    if under_way.awaits == "identity":
        return walk.identified(heard)
    if under_way.awaits == "answer" and isinstance(step, Ask) and heard is not None:
        return walk.answered(step, heard)
    if under_way.awaits == "result" and isinstance(step, Call) and result is not None:
        walk.take(step, result)
    return walk.go_on()


@dataclass(slots=True)
class _Walk:
    """One walk through the steps, up to the next thing that somebody else must do."""

    procedures: Mapping[str, Procedure]
    procedure: Procedure
    now: UnderWay
    spoken: Language
    said: list[str] = field(default_factory=list)

    # -- what came in ------------------------------------------------------------------------------------------------

    def take(self, step: Call, result: CallResult) -> None:
        """Keeps what became of a call, and goes where that leads."""
        state = _AS_IF.get(result.state, result.state)
        if state == "done" and not isinstance(result.content, Mapping):
            # Done, and nobody can say what: not a thing to build upon.
            state = "unknown"
        then = step.on[state] if state in step.on else step.on.get("else")
        results = {**self.now.results, step.result: replace(result, state=state)}
        self.now = replace(self.now, results=results, awaits="nothing", step=then, asked_in_vain=0)

    def agreed(self, heard: Heard | None) -> Followed:
        """Begins once the customer has said that they want it; whatever else they say leaves it."""
        if heard is None:
            return self._stop(AskCustomer(question([self.procedure.title], self.spoken.code), need="agreement"))
        if not is_yes(heard.text, self.spoken.code) and heard.wants != self.procedure.id:
            is_no = leaves(heard.text, self.spoken) or heard.text.strip().casefold() in self.spoken.no
            return Followed(Left("unwanted" if is_no else "asides"))
        self.now = replace(self.now, awaits="nothing")
        return self.go_on()

    def identified(self, heard: Heard | None) -> Followed:
        """Goes on where more had to be known of who the customer is; whoever asks something else is let go."""
        if heard is not None and (leaves(heard.text, self.spoken) or heard.text.strip().casefold() in self.spoken.no):
            return Followed(Left("unwanted"))
        if heard is not None and heard.is_question and heard.wants != self.now.procedure:
            return Followed(Left("asides"))
        self.now = replace(self.now, awaits="nothing")
        return self.go_on()

    def answered(self, step: Ask, heard: Heard) -> Followed:
        """Goes on with the answer to an open question, or with what was said instead."""
        need = self.procedure.needs[step.need]
        wants_other = heard.wants is not None and heard.wants not in self._open() and heard.wants in self.procedures
        is_long = len(words(heard.text)) > ANSWER_WORDS_MAX and not self._is_offered(step, heard.text)
        if wants_other and is_long and len(self.now.put_aside) < PUT_ASIDE_MAX:
            return self._switch(str(heard.wants), heard)
        if need.kind == "text" and (leaves(heard.text, self.spoken) or heard.is_question):
            value = None
        else:
            value = self._read(need, heard.text)
        if value is not None:
            self._keep(need, value, then=step.then)
            return self.go_on()
        return self._not_answered(step, heard, wants_other)

    def _not_answered(  # noqa: PLR0911  (one rule a line, the first that fits)
        self, step: Ask, heard: Heard, wants_other: bool
    ) -> Followed:
        if leaves(heard.text, self.spoken) or heard.text.strip().casefold() in self.spoken.no:
            return Followed(Left("unwanted"))
        if wants_other and len(self.now.put_aside) < PUT_ASIDE_MAX:
            return self._switch(str(heard.wants), heard)
        question = self._question(step, is_again=not heard.is_question)
        if isinstance(question, HandOver):
            return self._over(question)
        if heard.is_question:
            if self.now.asides >= ASIDES_MAX:
                return Followed(Left("asides"))
            self.now = replace(self.now, asides=self.now.asides + 1)
            return self._stop(Aside(question.question, question.options))
        self.now = replace(self.now, asked_in_vain=self.now.asked_in_vain + 1)
        if self.now.asked_in_vain >= IN_VAIN_MAX:
            return self.hand_over(f"The customer was asked for {step.need} twice, and the answers were not understood.")
        return self._stop(question)

    def _switch(self, wanted: str, heard: Heard) -> Followed:
        """Puts this procedure aside for the one that the customer asks for now."""
        self.now = replace(self.now, asked_in_vain=0, asides=0)
        self._put_aside(self.now.step)
        self._enter(wanted, first_words=heard.text)
        return self.go_on()

    def _open(self) -> set[str]:
        return {self.now.procedure, *(each.procedure for each in self.now.put_aside)}

    def _keep(self, need: Need, value: Any, *, then: str | None) -> None:
        slots = {**self.now.slots, need.name: value}
        self.now = replace(self.now, slots=slots, step=then, awaits="nothing", asked_in_vain=0, asides=0)

    # -- the steps ---------------------------------------------------------------------------------------------------

    def go_on(self) -> Followed:
        """Walks until somebody must do something."""
        for _ in range(STEPS_AT_ONCE_MAX):
            step = self.procedure.steps.get(self.now.step) if self.now.step is not None else None
            try:
                done = self._do(step)
            except Missing as missing:
                return self.hand_over(f"“{self.procedure.title}” needs something that is not there: {missing}.")
            if done is not None:
                return done
        return self.hand_over(f"“{self.procedure.title}” goes round in a circle.")

    def _do(self, step: Step | None) -> Followed | None:
        """Does one step; gives what must be done outside, if anything."""
        match step:
            case Call():
                self.now = replace(self.now, awaits="result")
                return self._stop(CallAction(step.action, self._filled(step.arguments)))
            case Ask():
                return self._ask(step)
            case Branch():
                value = self._look(step.fact, or_nothing=True)
                self._go(next((then for condition, then in step.cases if holds(condition, value)), step.otherwise))
            case Say():
                self._tell(step.words)
                self._go(step.then)
            case GoTo():
                return self._go_to(step)
            case Back():
                slots = {name: value for name, value in self.now.slots.items() if name not in step.forget}
                # What was written at the beginning is not the answer to being asked again.
                self.now = replace(self.now, slots=slots, step=step.step, first_words="")
            case HandOff():
                if step.words:
                    self._tell(step.words)
                return self.hand_over(fill(step.reason, self._look))
            case End() | None:
                return self._end()
        return None

    def _go(self, step: str | None) -> None:
        self.now = replace(self.now, step=step, awaits="nothing")

    def _tell(self, texts: Mapping[str, str]) -> None:
        self.said.append(fill(words_in(texts, self.spoken.code), self._look))

    def _ask(self, step: Ask) -> Followed | None:
        need = self.procedure.needs[step.need]
        if need.name in self.now.slots:
            self._go(step.then)
            return None
        things = self._things(need)
        if need.kind == "found" and not things:
            return self.hand_over(f"There is nothing to choose from for {need.name}.")
        value: Any = None
        if need.kind == "found" and need.take_only_one and len(things) == 1:
            value = dict(things[0].content)
        elif need.from_first_words and self.now.first_words:
            value = self._read(need, self.now.first_words)
        if value is not None:
            self._keep(need, value, then=step.then)
            return None
        question = self._question(step, is_again=False)
        self.now = replace(self.now, awaits="answer")
        return self._over(question) if isinstance(question, HandOver) else self._stop(question)

    def _go_to(self, step: GoTo) -> Followed | None:
        if step.procedure not in self.procedures or len(self.now.put_aside) >= 2 * PUT_ASIDE_MAX:
            return self.hand_over(f"“{self.procedure.title}” leads to {step.procedure}, which cannot be followed.")
        self._put_aside(step.then)
        self._enter(step.procedure, first_words="")
        return None

    def _put_aside(self, step: str | None) -> None:
        aside = Waiting(self.now.procedure, self.now.revision, step, self.now.slots, self.now.results)
        self.now = replace(self.now, put_aside=(*self.now.put_aside, aside))

    def _enter(self, wanted: str, *, first_words: str) -> None:
        self.procedure = self.procedures[wanted]
        self.now = replace(begin(self.procedure, first_words), put_aside=self.now.put_aside)

    def _end(self) -> Followed | None:
        """Comes back to what was put aside last; a procedure that has changed meanwhile is not gone on with."""
        *others, last = self.now.put_aside or (None,)
        procedure = self.procedures.get(last.procedure) if last is not None else None
        if last is None or procedure is None or procedure.revision != last.revision:
            return Followed(Ended(), tuple(self.said))
        self.procedure = procedure
        rest = tuple(each for each in others if each is not None)
        self.now = UnderWay(last.procedure, last.revision, last.step, last.slots, last.results, put_aside=rest)
        return None

    # -- what goes out -----------------------------------------------------------------------------------------------

    def _stop(self, then: Next) -> Followed:
        return Followed(then, tuple(self.said), self.now)

    def _over(self, hand_over: HandOver) -> Followed:
        return Followed(hand_over, tuple(self.said))

    def hand_over(self, reason: str) -> Followed:
        """Gives it to a person, with what is known so far."""
        return self._over(HandOver(reason, self._summary()))

    def _summary(self) -> str:
        parts = [f"Procedure: {self.procedure.title}."]
        for name, value in self.now.slots.items():
            need = self.procedure.needs.get(name)
            if need is not None:
                parts.append(f"{name}: {_in_words(need, value)}.")
        for name, result in self.now.results.items():
            told = result.summary or result.reason
            parts.append(f"{name}: {result.state}{f' ({shown(told)})' if result.state != 'done' and told else ''}.")
        return " ".join(parts)

    def _question(self, step: Ask, *, is_again: bool) -> AskCustomer | HandOver:
        need = self.procedure.needs[step.need]
        try:
            question = fill(words_in(need.ask, self.spoken.code), self._look)
            offered = [each.shown for each in self._things(need)[:THINGS_MAX]]
        except Missing as missing:
            return HandOver(f"The question for {need.name} cannot be asked: there is no {missing}.", self._summary())
        offered += [words_in(each.words, self.spoken.code) for each in need.options]
        if offered:
            offered.append(self.spoken.frame("something_else"))
        if is_again:
            question = f"{not_understood(self.spoken.code)} {question}"
        return AskCustomer(question, tuple(offered), need.name, is_again)

    def _is_offered(self, step: Ask, text: str) -> bool:
        """Whether it is one of the offered answers, word for word: then it is no other wish, however it sounds."""
        asked = self._question(step, is_again=False)
        return isinstance(asked, AskCustomer) and plain(text) in map(plain, asked.options)

    # -- what is known -----------------------------------------------------------------------------------------------

    def _read(self, need: Need, text: str) -> Any | None:
        whole = self._look(is_one_place(need.whole) or "", or_nothing=True) if need.whole else None
        return read_answer(
            need,
            text,
            self.spoken,
            things=self._things(need),
            currency=self._currency(need),
            whole=whole if isinstance(whole, Mapping) else None,
        )

    def _currency(self, need: Need) -> str | None:
        try:
            return fill(need.currency, self._look) or None
        except Missing:
            return None

    def _things(self, need: Need) -> tuple[Thing, ...]:
        """What may be chosen from, as it is shown. What cannot be shown cannot be chosen either."""
        listed = self._look(need.found, or_nothing=True) if need.kind == "found" else None
        found = []
        for each in listed if isinstance(listed, list) else ():
            try:
                if all(holds(only.condition, _at(each, only.field)) for only in need.where):
                    text = fill(need.shown, lambda path, each=each: at(each, path.split(".")))  # type: ignore[misc]
                    found.append(Thing(text, shown(at(each, need.id.split("."))), each))
            except Missing:
                continue
        return tuple(found)

    def _look(self, path: str, *, or_nothing: bool = False) -> Any:
        """What stands at a path of answers and results. Raises Missing, or gives None."""
        try:
            return self._found(path)
        except Missing:
            if or_nothing:
                return None
            raise Missing(path) from None

    def _found(self, path: str) -> Any:
        name, *rest = path.split(".")
        if name in self.now.slots:
            value = self.now.slots[name]
            need = self.procedure.needs.get(name)
            if not rest and need is not None and need.kind == "choice":
                return value
            return at(value, rest)
        if name not in self.now.results:
            raise Missing(name)
        result = self.now.results[name]
        match rest:
            case ["state"]:
                return result.state
            case ["summary"]:
                return at(result.summary or None, [])
            case ["reason"]:
                return at(result.reason or None, [])
            case _ if result.state == "done":
                return at(result.content, rest)
            case _:
                raise Missing(path)

    def _filled(self, arguments: Any) -> Any:
        """The arguments with their places filled: a place that stands alone keeps its type."""
        if isinstance(arguments, Mapping):
            return {name: self._filled(value) for name, value in arguments.items()}
        if isinstance(arguments, list):
            return [self._filled(value) for value in arguments]
        if not isinstance(arguments, str):
            return arguments
        path = is_one_place(arguments)
        return self._look(path) if path is not None else fill(arguments, self._look)


def holds(condition: Condition, value: Any) -> bool:
    """Whether a condition holds of a value; of what is not there, only that it is empty."""
    if condition.is_empty is not None:
        return (value is None or (isinstance(value, str | list | Mapping) and not value)) == condition.is_empty
    if condition.equals is not None:
        return value is not None and condition.equals in _spellings(value)
    number = _number(value)
    if number is None:
        return False
    if condition.at_most is not None:
        return number <= condition.at_most
    return condition.at_least is not None and number >= condition.at_least


def _spellings(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("yes", "true") if value else ("no", "false")
    return (str(value),)


def _number(value: Any) -> float | None:
    if isinstance(value, Mapping) and "amount" in value:
        value = value["amount"]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _at(each: Any, path: str) -> Any:
    try:
        return at(each, path.split("."))
    except Missing:
        return None


def _in_words(need: Need, value: Any) -> str:
    try:
        if need.kind == "found":
            return fill(need.shown, lambda path: at(value, path.split(".")))
        return shown(value)
    except Missing:
        return "?"
