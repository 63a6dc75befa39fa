"""How a kind of request is handled, step by step: procedures as they were written, and one that is under way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from answerable.domain.actions import CallState, Effect

NeedKind = Literal["text", "money", "date", "choice", "yes_no", "id", "found"]
"""What an answer must be: words, an amount, a day, one of a list, yes or no, what fits a pattern, or one of what an
action found."""

ANY_LANGUAGE = "*"
"""Of words that were written without saying in which language."""

Words = Mapping[str, str]
"""The same words by language."""


def words_in(words: Words, language: str) -> str:
    """The words in a language, or else in the one that everybody gets."""
    return words.get(language) or words.get(ANY_LANGUAGE) or words.get("en") or next(iter(words.values()))


@dataclass(frozen=True, slots=True)
class Option:
    """One of a list to choose from."""

    value: str
    words: Words
    also: tuple[str, ...] = ()
    """What customers call it besides."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a fact is compared with. Exactly one comparison is given."""

    equals: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    is_empty: bool | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of the things that were found may be chosen."""

    field: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Mark:
    """What is said beside those of a list of which something holds."""

    which: Filter
    words: Words


@dataclass(frozen=True, slots=True)
class Need:
    """Something that only the customer knows, and how they are asked for it."""

    name: str
    line: int
    kind: NeedKind
    ask: Words
    options: tuple[Option, ...] = ()
    default: str = ""
    """The option that holds unless the customer's first words name another; then they are not asked."""
    pattern: str = ""
    currency: str = ""
    """A template: which currency is meant where none is said."""
    whole: str = ""
    """A template: what "all of it" stands for."""
    found: str = ""
    """Where the list stands that is chosen from: `charges.charges`."""
    id: str = ""
    """The field that names one of them."""
    shown: str = ""
    """A template over the fields of one of them."""
    where: tuple[Filter, ...] = ()
    marks: tuple[Mark, ...] = ()
    take_only_one: bool = False
    """Whether the customer is not asked where there is only one."""
    from_first_words: bool = False
    """Whether it is read from what the customer wrote at the beginning, if it stands there beyond doubt."""


@dataclass(frozen=True, slots=True)
class Call:
    """Do an action, and go on by what became of it."""

    name: str
    line: int
    action: str
    arguments: Mapping[str, Any]
    """Templates, as deep as the action's arguments."""
    result: str
    """What later steps call it."""
    on: Mapping[str, str | None]
    """The next step by the state of the call; the state `else` is every other one."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for something that is needed and not known yet."""

    name: str
    line: int
    need: str
    then: str | None


@dataclass(frozen=True, slots=True)
class Branch:
    """Go on by what is known."""

    name: str
    line: int
    fact: str
    cases: tuple[tuple[Condition, str | None], ...]
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the customer something."""

    name: str
    line: int
    words: Words
    then: str | None


@dataclass(frozen=True, slots=True)
class GoTo:
    """Follow another procedure, and come back."""

    name: str
    line: int
    procedure: str
    then: str | None


@dataclass(frozen=True, slots=True)
class Back:
    """Go back to an earlier step, to ask again."""

    name: str
    line: int
    step: str
    forget: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HandOff:
    """Give the conversation to a person."""

    name: str
    line: int
    reason: str
    """A template, for a rep."""
    words: Words
    """What the customer is told before they hear that a person takes over; may be empty."""


@dataclass(frozen=True, slots=True)
class End:
    """The procedure is over; one that went to it goes on."""

    name: str
    line: int
    note: str


Step = Call | Ask | Branch | Say | GoTo | Back | HandOff | End


@dataclass(frozen=True, slots=True)
class Procedure:
    """How a kind of request is handled: typed steps for code, words for people and language models."""

    id: str
    title: str
    file: str
    revision: str
    """Changes with every change of the file."""
    when: str
    examples: tuple[str, ...]
    not_examples: tuple[str, ...]
    needs: Mapping[str, Need]
    steps: Mapping[str, Step]
    """By name, in the order of the file."""
    first: str
    may_promise: Mapping[str, str]
    """By action: what may be said of its effect once its receipt is there."""
    words: str
    """Markdown."""
    source: str
    """All of its file."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Where the parts of the head stand in the file."""


@dataclass(frozen=True, slots=True)
class ActionShape:
    """What a procedure must know of an action."""

    name: str
    effect: Effect
    parameters: Mapping[str, Any]
    """JSON Schema of its arguments."""
    result: Mapping[str, Any]
    """JSON Schema of what it gives."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a procedure is told of a call."""

    state: CallState
    summary: str
    """One true sentence for the customer."""
    reason: str
    content: Any
    """JSON: the action's result; none if nothing was done."""
    call_id: str | None = None
    links: tuple[str, ...] = ()
    """The addresses in it that the customer may open."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A procedure that another one, or the customer, has put aside."""

    procedure: str
    revision: str
    step: str | None
    """Where it goes on; none at its end."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, CallResult] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """How far a procedure has come. It is kept with the conversation, as JSON."""

    procedure: str
    revision: str
    step: str | None
    slots: Mapping[str, Any] = field(default_factory=dict)
    """What the customer has said, as JSON, by the need that it answers."""
    results: Mapping[str, CallResult] = field(default_factory=dict)
    awaits: Literal["nothing", "agreement", "answer", "result", "identity"] = "nothing"
    put_aside: tuple[Waiting, ...] = ()
    """The last one is gone back to first."""
    asked_in_vain: int = 0
    asides: int = 0
    """How often the customer asked something else instead of answering."""
    first_words: str = ""
    """What the customer wrote when it began."""
    narrowed: tuple[str, ...] = ()
    """The few of a list, by their ids, that fit what the customer has said of the one they mean."""
    offered: str = ""
    """What the customer is asked whether they want it, in one line; the procedure's title if it is not known closer."""
    is_doubtful: bool = False
    """Whether the customer may have meant something else: before anything is changed they are asked whether they want
    it. An answer of theirs to one of its questions ends the doubt."""
