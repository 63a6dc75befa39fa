"""What comes next in a procedure: `begin(procedure)` and `follow(...)`. Pure: the same input gives the same output.

Nothing here touches the world. An action is named with its arguments, and whoever asked says what became of it. Every
argument comes from the procedure's file, from an answer, or from what an action found; a sentence about an effect is
said only from a receipt, and what cannot be filled in goes to a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from answerable.agents.agreeing import is_no, is_yes
from answerable.agents.agreeing import question as question_of
from answerable.agents.phrases import Language, words
from answerable.agents.procedures.answers import Leaving, leaves, legible, read_answer, read_which, read_yes_no
from answerable.agents.procedures.asking import Question, Why, question
from answerable.agents.procedures.knowing import Known, holds
from answerable.agents.procedures.picking import Picked
from answerable.domain.actions import STILL_COUNTS, CallState
from answerable.domain.procedures import (
    Ask,
    Back,
    Branch,
    Call,
    CallResult,
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
from answerable.knowledge.procedures.templates import Missing, is_one_place
from answerable.people.proving import HIDDEN

STEPS_AT_ONCE_MAX = 200
PUT_ASIDE_MAX = 3
IN_VAIN_MAX = 2
ASIDES_MAX = 4
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
    wish: str = ""
    """The words of it that ask for what is wanted."""
    wants: str | None = None
    """The procedure that it asks for by itself, if it does."""
    is_doubtful: bool = False
    """Whether it may mean something else."""
    is_question: bool = False
    wants_person: bool = False
    is_about_code: bool = False
    """Whether it is about the code by which they are to prove who they are."""
    has_proved: bool = False
    """Whether they have proved by now who they are, as far as it was waited for."""

    def asks_beside(self, procedure: str) -> bool:
        """Whether it asks something that is about neither the procedure nor the code."""
        return self.is_question and not self.is_about_code and self.wants != procedure


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
    """Empty where it is not the procedure's own: who they are is asked by whoever follows it."""
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
    """The customer does not want it; there is no such procedure in their release; or they ask about other things."""


Next = CallAction | AskCustomer | Aside | HandOver | Ended | Left


@dataclass(frozen=True, slots=True)
class Followed:
    """What is to be done now, and how far the procedure has come."""

    next: Next
    said: tuple[str, ...] = ()
    """What is to be told before."""
    under_way: UnderWay | None = None
    """None if it is over."""


def begin(
    procedure: Procedure, first_words: str = "", *, is_asked_for: bool = True, is_doubtful: bool = False
) -> UnderWay:
    """A procedure at its first step. If the customer has not asked for it themselves, they are asked first."""
    return UnderWay(
        procedure.id,
        procedure.revision,
        procedure.first,
        awaits="nothing" if is_asked_for else "agreement",
        first_words=legible(first_words)[:FIRST_WORDS_MAX],
        is_doubtful=is_doubtful,
    )


def follow(  # noqa: PLR0911  (one rule a line, the first that fits)
    procedures: Mapping[str, Procedure],
    under_way: UnderWay,
    spoken: Language,
    *,
    heard: Heard | None = None,
    result: CallResult | None = None,
    today: date | None = None,
) -> Followed:
    """The next thing to do. `heard` is what the customer answered, `result` what became of the call that was asked for.

    Without the one that it waits for, the same is asked for once more. `today` is the customer's "yesterday" counted
    from; without it such words are not understood.
    """
    procedure = procedures.get(under_way.procedure)
    if procedure is None or procedure.revision != under_way.revision:
        return Followed(Left("changed"))
    walk = _Walk(procedures, procedure, under_way, spoken, today)
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
        return walk.called(step, result)
    return walk.go_on()


def hand_over(procedures: Mapping[str, Procedure], under_way: UnderWay, spoken: Language, reason: str) -> Followed:
    """Gives a procedure to a person where it stands, with what is known so far."""
    return _Walk(procedures, procedures[under_way.procedure], under_way, spoken).hand_over(reason)


@dataclass(slots=True)
class _Walk:
    """One walk through the steps, up to the next thing that somebody else must do."""

    procedures: Mapping[str, Procedure]
    procedure: Procedure
    now: UnderWay
    spoken: Language
    today: date | None = None
    said: list[str] = field(default_factory=list)

    @property
    def _known(self) -> Known:
        return Known(self.procedure, self.now, self.spoken)

    # -- what came in ------------------------------------------------------------------------------------------------

    def called(self, step: Call, result: CallResult) -> Followed:
        """Keeps what became of a call, and goes where that leads."""
        state = _AS_IF.get(result.state, result.state)
        if state == "done" and not isinstance(result.content, Mapping):
            # Done, and nobody can say what: not a thing to build upon.
            state = "unknown"
        results = {**self.now.results, step.result: replace(result, state=state)}
        self.now = replace(self.now, results=results, awaits="nothing", asked_in_vain=0)
        known = state if state in step.on else "else"
        if known not in step.on:
            # The action has been changed since the procedure was shipped: then it could not end so.
            return self.hand_over(f"“{self.procedure.title}” does not say what to do if {step.action} is {state}.")
        self.now = replace(self.now, step=step.on[known])
        return self.go_on()

    def agreed(self, heard: Heard | None) -> Followed:
        """Goes on once the customer has said that they want it, or with what they want instead; all else leaves it."""
        asked = question_of([self.now.offered or self.procedure.title], self.spoken.code)
        if heard is None:
            return self._stop(AskCustomer(asked, need="agreement"))
        if heard.wants is not None and heard.wants in self.procedures and heard.wants != self.procedure.id:
            self._enter(heard.wants, first_words=heard.wish, is_doubtful=heard.is_doubtful)
            return self.go_on()
        if is_yes(heard.text, self.spoken.code) or heard.wants == self.procedure.id:
            self.now = replace(self.now, awaits="nothing", asked_in_vain=0, asides=0, offered="", is_doubtful=False)
            return self.go_on()
        if self._leaves(heard.text) == "yes" or is_no(heard.text, self.spoken.code):
            return Followed(Left("unwanted"))
        return self._not_agreed(heard, asked)

    def _not_agreed(self, heard: Heard, asked: str) -> Followed:
        """Puts the question once more, behind the answer to what they ask meanwhile; not for ever."""
        if heard.is_question and self.now.asides < ASIDES_MAX:
            self.now = replace(self.now, asides=self.now.asides + 1)
            return self._stop(Aside(asked))
        if not heard.is_question and self.now.asked_in_vain + 1 < IN_VAIN_MAX:
            self.now = replace(self.now, asked_in_vain=self.now.asked_in_vain + 1)
            return self._stop(AskCustomer(asked, need="agreement", is_again=True))
        return Followed(Left("asides"))

    def identified(self, heard: Heard | None) -> Followed:
        """Goes on where more had to be known of who the customer is; who asks something else first gets an answer."""
        is_no = heard is not None and heard.text.strip().casefold() in self.spoken.no
        if heard is not None and (is_no or self._leaves(heard.text) == "yes"):
            return Followed(Left("unwanted"))
        if heard is not None and heard.asks_beside(self.now.procedure) and not heard.has_proved:
            if self.now.asides >= ASIDES_MAX:
                return Followed(Left("asides"))
            self.now = replace(self.now, asides=self.now.asides + 1)
            return self._stop(Aside(""))
        self.now = replace(self.now, awaits="nothing")
        return self.go_on()

    def answered(self, step: Ask, heard: Heard) -> Followed:  # noqa: PLR0911  (one rule a line, the first that fits)
        """Goes on with the answer to an open question, or with what was said instead."""
        need = self.procedure.needs[step.need]
        if (no_answer := self._no_answer(step, need, heard)) is not None:
            return no_answer
        wants_other = heard.wants is not None and heard.wants not in self._open() and heard.wants in self.procedures
        is_long = len(words(heard.text)) > ANSWER_WORDS_MAX and not self._is_offered(need, heard.text)
        if wants_other and is_long and len(self.now.put_aside) < PUT_ASIDE_MAX:
            return self._switch(str(heard.wants), heard)
        if is_long and heard.wants == self.now.procedure and self._says_otherwise(heard.wish):
            # They say once more what they want, and it is not what was understood before.
            self._enter(self.now.procedure, first_words=heard.wish, is_doubtful=heard.is_doubtful)
            return self.go_on()
        if need.kind == "text" and heard.is_question:
            return self._not_answered(step, heard, wants_other)
        if need.kind == "found" and (picked := self._pick(need, heard.text)) is not None:
            return self._picked(step, need, picked)
        value = self._read(need, heard.text)
        if value is not None:
            return self._go_on_with(need, value, step)
        return self._not_answered(step, heard, wants_other)

    def _no_answer(self, step: Ask, need: Need, heard: Heard) -> Followed | None:
        """What to do about what answers no question, whatever kind of answer it wants."""
        if HIDDEN in heard.text:
            # A code that comes late proves something, or nothing; it is no amount, no name and no address.
            return self._ask_again(step, "not_understood")
        leaving = "no" if self._is_offered(need, heard.text) else self._leaves(heard.text, step)
        if leaving == "doubtful":
            return self._ask_again(step, "not_understood")
        return Followed(Left("unwanted")) if leaving == "yes" else None

    def _leaves(self, text: str, step: Ask | None = None) -> Leaving:
        """Whether the customer wants out. What the procedure itself is about is no way out of it."""
        about = [self.procedure.title]
        if step is not None and isinstance(asked := self._question(step), Question):
            about += [asked.words, *asked.options]
        return leaves(text, self.spoken, about=about)

    def _picked(self, step: Ask, need: Need, picked: Picked) -> Followed:
        """Goes on with the one of a list that was meant, or asks again among those that fit."""
        if len(picked.things) == 1:
            return self._go_on_with(need, dict(picked.things[0].content), step)
        if not picked.things:
            return self._ask_again(step, "unknown" if picked.unknown else "none", picked.unknown)
        fit = tuple(each.id for each in picked.things)
        if len(fit) < len(self._known.offered(need)):
            # It has come nearer to the one that is meant.
            self.now = replace(self.now, narrowed=fit, asked_in_vain=0)
            return self._ask_of(step, "several")
        return self._ask_again(step, "several")

    def _go_on_with(self, need: Need, answer: Any, step: Ask) -> Followed:
        self._keep(need, answer, then=step.then)
        self.now = replace(self.now, is_doubtful=False)
        return self.go_on()

    def _not_answered(self, step: Ask, heard: Heard, wants_other: bool) -> Followed:
        if self._leaves(heard.text, step) == "yes" or heard.text.strip().casefold() in self.spoken.no:
            return Followed(Left("unwanted"))
        if wants_other and len(self.now.put_aside) < PUT_ASIDE_MAX:
            return self._switch(str(heard.wants), heard)
        if not heard.is_question:
            return self._ask_again(step, "not_understood")
        asked = self._question(step)
        if isinstance(asked, HandOver):
            return self._over(asked)
        if self.now.asides >= ASIDES_MAX:
            return Followed(Left("asides"))
        self.now = replace(self.now, asides=self.now.asides + 1)
        return self._stop(Aside(asked.words, asked.options))

    def _ask_again(self, step: Ask, why: Why, name: str = "") -> Followed:
        """Asks once more; whoever has been asked in vain twice gets a person."""
        self.now = replace(self.now, asked_in_vain=self.now.asked_in_vain + 1)
        if self.now.asked_in_vain >= IN_VAIN_MAX:
            return self.hand_over(f"The customer was asked for {step.need} twice, and the answers were not understood.")
        return self._ask_of(step, why, name)

    def _ask_of(self, step: Ask, why: Why | None = None, name: str = "") -> Followed:
        asked = self._question(step, why, name)
        if isinstance(asked, HandOver):
            return self._over(asked)
        self.now = replace(self.now, awaits="answer")
        is_again = why not in (None, "several")
        return self._stop(AskCustomer(asked.words, asked.options, step.need, is_again))

    def _switch(self, wanted: str, heard: Heard) -> Followed:
        """Puts this procedure aside for the one that the customer asks for now."""
        self.now = replace(self.now, asked_in_vain=0, asides=0)
        self._put_aside(self.now.step)
        self._enter(wanted, first_words=heard.wish, is_doubtful=heard.is_doubtful)
        return self.go_on()

    def _says_otherwise(self, wish: str) -> bool:
        """Whether a wish names something else than was taken from their first words."""
        read = [(each.name, self._read(each, wish)) for each in self.procedure.needs.values() if each.from_first_words]
        slots = self.now.slots
        return any(value is not None and name in slots and slots[name] != value for name, value in read)

    def _open(self) -> set[str]:
        return {self.now.procedure, *(each.procedure for each in self.now.put_aside)}

    def _keep(self, need: Need, value: Any, *, then: str | None) -> None:
        slots = {**self.now.slots, need.name: value}
        self.now = replace(self.now, slots=slots, step=then, awaits="nothing", asked_in_vain=0, asides=0, narrowed=())

    # -- the steps ---------------------------------------------------------------------------------------------------

    def go_on(self) -> Followed:
        """Walks until somebody must do something."""
        for _ in range(STEPS_AT_ONCE_MAX):
            self._take_defaults()
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
                return self._stop(CallAction(step.action, self._known.arguments(step.arguments)))
            case Ask():
                return self._ask(step)
            case Branch():
                value = self._known.look(step.fact, or_nothing=True)
                self._go(next((then for condition, then in step.cases if holds(condition, value)), step.otherwise))
            case Say():
                self._tell(step.words)
                self._go(step.then)
            case GoTo():
                return self._go_to(step)
            case Back():
                slots = {name: value for name, value in self.now.slots.items() if name not in step.forget}
                # What was written at the beginning is not the answer to being asked again.
                self.now = replace(self.now, slots=slots, step=step.step, first_words="", narrowed=())
            case HandOff():
                if step.words:
                    self._tell(step.words)
                return self.hand_over(self._known.noted(step.reason))
            case End() | None:
                return self._end()
        return None

    def _go(self, step: str | None) -> None:
        self.now = replace(self.now, step=step, awaits="nothing")

    def _tell(self, texts: Mapping[str, str]) -> None:
        self.said.append(self._known.told(words_in(texts, self.spoken.code)))

    def _ask(self, step: Ask) -> Followed | None:
        need = self.procedure.needs[step.need]
        if need.name in self.now.slots:
            self._go(step.then)
            return None
        things = self._known.things(need)
        if need.kind == "found" and not things:
            return self.hand_over(f"There is nothing to choose from for {need.name}.")
        value: Any = None
        why: Why | None = None
        name = ""
        if need.kind == "found" and need.take_only_one and len(things) == 1:
            value = dict(things[0].content)
        elif need.from_first_words and self.now.first_words:
            value = self._read(need, self.now.first_words)
            if value is None and (picked := self._pick(need, self.now.first_words, seen=0)) is not None:
                why, name = self._narrow(picked), picked.unknown
        if value is not None:
            self._keep(need, value, then=step.then)
            return None
        return self._ask_of(step, why, name)

    def _take_defaults(self) -> None:
        """What is never asked for holds from the beginning, as the first words have it or by default."""
        unset = [each for each in self.procedure.needs.values() if each.default and each.name not in self.now.slots]
        if unset:
            values = {each.name: self._read(each, self.now.first_words) or each.default for each in unset}
            self.now = replace(self.now, slots={**self.now.slots, **values})

    def _narrow(self, picked: Picked) -> Why | None:
        """What is said of a list that the first words speak of, though they do not tell which one is meant."""
        if picked.unknown:
            return "unknown"
        if not picked.things:
            # They may speak of something else: "I signed up last week".
            return None
        self.now = replace(self.now, narrowed=tuple(each.id for each in picked.things))
        return "several"

    def _go_to(self, step: GoTo) -> Followed | None:
        if step.procedure not in self.procedures or len(self.now.put_aside) >= 2 * PUT_ASIDE_MAX:
            return self.hand_over(f"“{self.procedure.title}” leads to {step.procedure}, which cannot be followed.")
        self._put_aside(step.then)
        self._enter(step.procedure, first_words="", is_doubtful=self.now.is_doubtful)
        return None

    def _put_aside(self, step: str | None) -> None:
        aside = Waiting(self.now.procedure, self.now.revision, step, self.now.slots, self.now.results)
        self.now = replace(self.now, put_aside=(*self.now.put_aside, aside))

    def _enter(self, wanted: str, *, first_words: str, is_doubtful: bool) -> None:
        self.procedure = self.procedures[wanted]
        begun = begin(self.procedure, first_words, is_doubtful=is_doubtful)
        self.now = replace(begun, put_aside=self.now.put_aside)

    def _end(self) -> Followed | None:
        """Comes back to what was put aside last; a procedure that has changed meanwhile is not gone on with."""
        *others, last = self.now.put_aside or (None,)
        procedure = self.procedures.get(last.procedure) if last is not None else None
        if last is None or procedure is None or procedure.revision != last.revision:
            return Followed(Ended(), tuple(self.said))
        if self._is_for_the_same(last, procedure):
            self.now = replace(self.now, put_aside=self.now.put_aside[:-1])
            return self._end()
        self.procedure = procedure
        rest = tuple(each for each in others if each is not None)
        self.now = UnderWay(last.procedure, last.revision, last.step, last.slots, last.results, put_aside=rest)
        return None

    def _is_for_the_same(self, aside: Waiting, other: Procedure) -> bool:
        """Whether what was put aside waits for its first answer, to do what has been done or is on its way by now.

        Who wanted money back, and then said that it was charged twice, is not asked once more which charge it is.
        """
        is_answered = any(name in other.needs and not other.needs[name].default for name in aside.slots)
        if is_answered or not isinstance(other.steps.get(aside.step or ""), Ask):
            return False
        calls = (each for each in self.procedure.steps.values() if isinstance(each, Call))
        done = {
            each.action
            for each in calls
            if each.result in self.now.results and self.now.results[each.result].state in STILL_COUNTS
        }
        return not done.isdisjoint(other.may_promise)

    # -- what goes out -----------------------------------------------------------------------------------------------

    def _stop(self, then: Next) -> Followed:
        return Followed(then, tuple(self.said), self.now)

    def _over(self, hand_over: HandOver) -> Followed:
        return Followed(hand_over, tuple(self.said))

    def hand_over(self, reason: str) -> Followed:
        """Gives it to a person, with what is known so far."""
        return self._over(HandOver(reason, self._known.summary()))

    def _question(self, step: Ask, why: Why | None = None, name: str = "") -> Question | HandOver:
        need = self.procedure.needs[step.need]
        try:
            return question(self._known, need, why=why, name=name)
        except Missing as missing:
            reason = f"The question for {need.name} cannot be asked: there is no {missing}."
            return HandOver(reason, self._known.summary())

    def _is_offered(self, need: Need, text: str) -> bool:
        """Whether it is one of the offered answers: then it is no other wish, however it sounds."""
        try:
            return question(self._known, need).offers(text)
        except Missing:
            return False

    def _read(self, need: Need, text: str) -> Any | None:
        if need.kind == "found":
            picked = self._pick(need, text, seen=0)
            return dict(picked.things[0].content) if picked is not None and len(picked.things) == 1 else None
        known = self._known
        whole = known.look(is_one_place(need.whole) or "", or_nothing=True) if need.whole else None
        return read_answer(
            need,
            text,
            self.spoken,
            currency=known.currency(need),
            whole=whole if isinstance(whole, Mapping) else None,
        )

    def _pick(self, need: Need, text: str, *, seen: int | None = None) -> Picked | None:
        """Which of a list is meant: of those that the customer sees, or else of all."""
        known = self._known
        offered, things = known.offered(need), known.things(need)
        if seen == 0:
            return read_which(need, things, text, self.spoken, today=self.today)
        if len(offered) == 1 and read_yes_no(text, self.spoken):
            return Picked(offered)
        among = read_which(need, offered, text, self.spoken, seen=len(offered), today=self.today)
        if (among is not None and among.things) or len(offered) == len(things):
            return among
        return read_which(need, things, text, self.spoken, seen=len(offered), today=self.today) or among
