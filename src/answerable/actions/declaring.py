"""Declaring an action: a typed function, and beside it what it does, who may ask for it, and how much of it.

    @action(
        effect="moves_money",
        identity="verified",
        limits=Limits(per_call={"EUR": "500.00"}, per_customer_a_day={"EUR": "500.00"}, per_day={"EUR": "5000.00"}),
        facts=facts_about_the_charge,
        money=lambda wanted: wanted.amount,
        look_up=find_refund,
        simulate=imagine_refund,
    )
    async def refund_charge(call: Doing, wanted: RefundWanted) -> Refunded:
        \"\"\"Gives money back to the card that paid.\"\"\"

The function gets what was asked for as one frozen record, valid for its types, and the idempotency key that it must
pass on. It returns a record with a `reference` and a `summary`, and raises `NotDone` if surely nothing was done.
Whatever else goes wrong means that the outcome is unknown.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Annotated, Any, Protocol, get_args, get_type_hints

import msgspec

from answerable.domain.actions import Effect
from answerable.domain.errors import AnswerableError, Invalid
from answerable.domain.money import Money, money
from answerable.domain.people import Customer, Identity

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
EFFECTS: tuple[Effect, ...] = get_args(Effect)
IDENTITIES: tuple[Identity, ...] = ("anonymous", "known", "verified", "stepped_up")
TIMEOUT_SECONDS_MAX = 120.0
TIME_MAX = timedelta(days=36_525)
"""A hundred years: what is longer cannot be counted from any day that there is."""
# Nothing in it begins or ends a link, or anything else, where text is read as Markdown.
_LINK = r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~:/?#@!$&'+,;=%-]*)?$(?!\n)"
Link = Annotated[str, msgspec.Meta(pattern=_LINK, max_length=2_000)]
"""An address that the customer may open. Of all that an action returns only this is told as one: the function has made
it, and nobody outside."""

RUN_TAKES = ("the Doing", "what is wanted")
TAKEN_BY: Mapping[str, tuple[str, ...]] = {
    "facts": RUN_TAKES,
    "look_up": RUN_TAKES,
    "undo": (*RUN_TAKES, "what was done"),
    "simulate": RUN_TAKES,
    "money": ("what is wanted",),
    "told": ("what is wanted", "what the tool answered"),
}
"""What the functions beside an action, and beside a tool of an MCP server, are called with."""
PLAIN = ("money", "simulate", "told")
"""Those that nobody waits for: they ask nobody."""
_PLACE = re.compile(r"\{[^{}]*\}")


class NotDone(AnswerableError):
    """The outside system surely did nothing. The message says why, in a sentence that the customer may be told."""


class Outcome(Protocol):
    """What an action returns.

    It may have `summaries: dict[str, str]` as well: the summary in other languages, by their code. An address that the
    customer is to open is a field of the type `Link`.
    """

    @property
    def reference(self) -> str:
        """The name of what was made or found outside."""
        ...

    @property
    def summary(self) -> str:
        """One true sentence for the customer."""
        ...


@dataclass(frozen=True, slots=True)
class Doing:
    """What a function of an action needs to know besides its arguments."""

    key: str
    """The idempotency key: pass it on to the outside system."""
    customer: Customer
    settings: Mapping[str, str] = field(default_factory=dict)
    """What the workspace's `[actions]` and the environment say, such as an address and its key."""
    dry_run: bool = False
    """Whether it is only tried: nothing may be kept outside."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an action there may be. Amounts are given by currency; in one that is not named nothing moves.

    A day is the last 24 hours, so that nothing is gained by asking around midnight.
    """

    per_call: Mapping[str, str] = field(default_factory=dict)
    per_customer_a_day: Mapping[str, str] = field(default_factory=dict)
    per_day: Mapping[str, str] = field(default_factory=dict)
    """Of all customers together."""
    calls_per_customer_a_day: int | None = None
    calls_per_day: int | None = None


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money as an argument of an action: `{"amount": "84.00", "currency": "EUR"}`."""

    amount: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$", description="Such as 84.00.")]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217, such as EUR.")]

    def __post_init__(self) -> None:
        """Writes it as its currency is written: 20, 20.0 and 20.00 euros are one wish, and an action reads 20.00."""
        # What is no money stays as it came; whoever asks for the money is told.
        with suppress(Invalid):
            msgspec.structs.force_setattr(self, "amount", str(self.money.amount))

    @property
    def money(self) -> Money:
        """It as money. Raises Invalid for what is none."""
        return money(self.amount, self.currency)


Wanted = Any
"""An action's arguments: a record of the type that its function names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What an agent knows of an action: all of it but what does it."""

    name: str
    description: str
    """What models and people read of it."""
    effect: Effect
    identity: Identity
    wanted: type[Any]
    result: type[Any]
    asks: Mapping[str, str]
    """By language: what the customer is asked to say yes to, such as `Refund {amount} of charge {charge_id}`."""

    @property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema of the arguments, strict: all properties are required, none may be added."""
        parts: dict[str, Any]
        (schema,), parts = msgspec.json.schema_components([self.wanted], ref_template="#/$defs/{name}")
        whole: dict[str, Any] = {**parts[schema["$ref"].rpartition("/")[2]], "$defs": parts}
        strict: dict[str, Any] = _strict(whole)
        return strict


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Declaration):
    """Something that an agent can do, as it was declared."""

    limits: Limits
    run: Callable[[Doing, Wanted], Awaitable[Any]]
    facts: Callable[[Doing, Wanted], Awaitable[Mapping[str, Any]]] | None
    """Reads outside what clauses need to know. It must change nothing."""
    money: Callable[[Wanted], Money | None] | None
    """How much a call moves; none for one that moves nothing, such as a change to a cheaper plan."""
    look_up: Callable[[Doing, Wanted], Awaitable[Any | None]] | None
    """What came of an earlier request under the same key, or None if surely nothing did."""
    undo: Callable[[Doing, Wanted, Any], Awaitable[Any]] | None
    undo_within: timedelta | None
    simulate: Callable[[Doing, Wanted], Any] | None
    """What a replay is given where nothing was recorded."""
    timeout_seconds: float
    repeats_within: timedelta
    """The same asked for again within this time is the same call, not another one."""
    approval_expires_after: timedelta
    has_dry_run: bool

    @property
    def declaration(self) -> Declaration:
        """What an agent knows of it: there is nothing in it by which it could be done."""
        return Declaration(**{each.name: getattr(self, each.name) for each in fields(Declaration)})


Function = Callable[[Doing, Any], Awaitable[Any]]


def action(
    *,
    effect: Effect,
    identity: Identity,
    limits: Limits | None = None,
    facts: Callable[[Doing, Any], Awaitable[Mapping[str, Any]]] | None = None,
    money: Callable[[Any], Money | None] | None = None,
    look_up: Callable[[Doing, Any], Awaitable[Any | None]] | None = None,
    undo: Callable[[Doing, Any, Any], Awaitable[Any]] | None = None,
    undo_within: timedelta | None = None,
    simulate: Callable[[Doing, Any], Any] | None = None,
    timeout_seconds: float = 10.0,
    repeats_within: timedelta = timedelta(hours=24),
    approval_expires_after: timedelta = timedelta(hours=24),
    has_dry_run: bool = False,
    asks: Mapping[str, str] | None = None,
) -> Callable[[Function], Action]:
    """Declares an action. Raises Invalid, with the function's name, for a declaration that leaves something open."""

    def declare(function: Function) -> Action:
        hints = get_type_hints(function)
        places = list(inspect.signature(function).parameters)
        if len(places) != 2 or "return" not in hints or places[1] not in hints:
            raise Invalid(f"The action {function.__name__} must take a Doing and a record, and say what it returns.")
        declared = Action(
            name=function.__name__,
            description=inspect.cleandoc(function.__doc__ or ""),
            effect=effect,
            identity=identity,
            limits=limits or Limits(),
            wanted=hints[places[1]],
            result=hints["return"],
            run=function,
            facts=facts,
            money=money,
            look_up=look_up,
            undo=undo,
            undo_within=undo_within,
            simulate=simulate,
            timeout_seconds=timeout_seconds,
            repeats_within=repeats_within,
            approval_expires_after=approval_expires_after,
            has_dry_run=has_dry_run,
            asks=asks or {},
        )
        _check(declared)
        return declared

    return declare


def _check(declared: Action) -> None:
    """Raises Invalid for what would leave a question open when it matters."""
    wrong = next(iter(_faults(declared)), None)
    if wrong is not None:
        raise Invalid(f"The action {declared.name} {wrong}")


def _faults(declared: Action) -> list[str]:
    if declared.effect not in EFFECTS:
        return [f"needs an effect that is one of {', '.join(EFFECTS)}; it has {declared.effect!r}."]
    if declared.identity not in IDENTITIES:
        return [f"needs an identity that is one of {', '.join(IDENTITIES)}; it has {declared.identity!r}."]
    faults: list[str] = []
    if not NAME.fullmatch(declared.name):
        faults.append("needs a name of lower-case letters, digits and underscores.")
    if not declared.description:
        faults.append("needs a docstring: it is what models and people read of it.")
    if not (_is_frozen_record(declared.wanted) and _is_frozen_record(declared.result)):
        faults.append("takes and returns frozen msgspec.Struct records, so that both can be checked and kept.")
    elif not declared.wanted.__struct_config__.forbid_unknown_fields:
        faults.append("must refuse arguments that it does not know: forbid_unknown_fields=True.")
    else:
        faults += _faults_of_types(declared)
    faults += _faults_of_functions(declared) + _faults_of_times(declared) + _faults_of_limits(declared.limits)
    if not isinstance(declared.asks, Mapping) or not all(isinstance(each, str) for each in declared.asks.values()):
        faults.append("needs `asks` to be texts by language, such as {'en': 'Refund {amount} of {order_id}'}.")
    if faults:
        # What is of the wrong kind cannot be compared.
        return faults
    if declared.effect != "reads":
        faults += _faults_of_change(declared)
    return faults + (_money_faults(declared) if declared.effect == "moves_money" else _faults_without_money(declared))


def _faults_of_types(declared: Action) -> list[str]:
    """Arguments and results are shown to models and procedures as JSON Schema; not every type has one."""
    faults: list[str] = []
    for what, kind in (("an argument", declared.wanted), ("a result", declared.result)):
        try:
            msgspec.json.schema_components([kind])
        except (TypeError, ValueError, NameError) as error:
            why = str(error).splitlines()[-1].rstrip(".")
            faults.append(f"has {what} of a type that JSON has no schema for: {why}.")
    return faults


def _faults_of_times(declared: Action) -> list[str]:
    faults: list[str] = []
    if not is_timeout(declared.timeout_seconds):
        faults.append(
            f"needs a time-out `timeout_seconds` that is a number of seconds, more than 0 and at most "
            f"{TIMEOUT_SECONDS_MAX:.0f}; it has {declared.timeout_seconds!r:.40}."
        )
    times = {"repeats_within": declared.repeats_within, "approval_expires_after": declared.approval_expires_after}
    if declared.undo_within is not None:
        times["undo_within"] = declared.undo_within
    for name, time in times.items():
        if not isinstance(time, timedelta):
            faults.append(f"needs a timedelta in {name}, such as timedelta(hours=1); it has {time!r:.40}.")
        elif time <= timedelta(0):
            faults.append(f"needs a time of more than nothing in {name}.")
        elif time > TIME_MAX:
            faults.append(f"needs a time of at most {TIME_MAX.days} days in {name}: later days cannot be counted.")
    return faults


def is_timeout(seconds: Any) -> bool:
    """Whether a function can be given so many seconds."""
    return _is_number(seconds, int | float) and 0 < seconds <= TIMEOUT_SECONDS_MAX


def _is_number(value: Any, kind: Any) -> bool:
    # To Python, True is 1.
    return isinstance(value, kind) and not isinstance(value, bool)


def _faults_of_functions(declared: Action) -> list[str]:
    """What could only be found out when the first call of it is done, and is then not known."""
    faults: list[str] = []
    if not inspect.iscoroutinefunction(declared.run):
        faults.append("needs to be declared with `async def`.")
    elif not _takes(declared.run, RUN_TAKES):
        faults.append(f"needs to take {' and '.join(RUN_TAKES)} by their places.")
    for name, function in (
        ("facts", declared.facts),
        ("look_up", declared.look_up),
        ("undo", declared.undo),
        ("money", declared.money),
        ("simulate", declared.simulate),
    ):
        faults += faults_of_function(name, function)
    if _is_frozen_record(declared.result):
        kept = get_type_hints(declared.result)
        missing = [name for name in ("reference", "summary") if kept.get(name) is not str]
        if missing:
            faults.append(f"must return a record with a text {' and a text '.join(missing)}.")
    return faults


def faults_of_function(name: str, function: Any) -> list[str]:
    """What is wrong with one of the functions beside an action, if it is there: its kind, or what it takes."""
    if function is None:
        return []
    if not callable(function):
        return [f"needs a function `{name}`; it has {function!r:.40}."]
    takes = TAKEN_BY[name]
    if name in PLAIN and inspect.iscoroutinefunction(function):
        return [f"needs a function `{name}` declared with `def`, without `async`."]
    if name not in PLAIN and not inspect.iscoroutinefunction(function):
        return [f"needs a function `{name}` declared with `async def`."]
    if not _takes(function, takes):
        return [f"needs a function `{name}` that takes, by their places: {', '.join(takes)}."]
    return []


def _takes(function: Any, given: tuple[str, ...]) -> bool:
    """Whether a function can be called with so many things."""
    try:
        inspect.signature(function).bind(*given)
    except TypeError:
        return False
    except ValueError:
        # One that is built in does not tell.
        return True
    return True


def _faults_of_limits(limits: Limits) -> list[str]:
    if not isinstance(limits, Limits):
        return ["needs `limits` to be Limits(…), such as Limits(calls_per_day=100)."]
    faults: list[str] = []
    numbers = {"calls_per_customer_a_day": limits.calls_per_customer_a_day, "calls_per_day": limits.calls_per_day}
    for name, number in numbers.items():
        if number is not None and (not _is_number(number, int) or number < 1):
            faults.append(f"has the limit {name} of {number}: it is a whole number of 1 or more, or left out.")
    above: dict[str, tuple[str, Money]] = {}
    for name in ("per_day", "per_customer_a_day", "per_call"):
        amounts = getattr(limits, name)
        if not isinstance(amounts, Mapping) or not all(isinstance(each, str) for each in amounts):
            faults.append(f"needs amounts by currency in the limit {name}, such as {{'EUR': '50.00'}}.")
            continue
        for currency, amount in amounts.items():
            try:
                most = money(amount, currency)
            except Invalid as error:
                faults.append(f"has a limit {name} that is none. {error}")
                continue
            if most.units == 0:
                faults.append(
                    f"has a limit {name} of {most}, so that nothing could ever be done. Leave {currency} out."
                )
                continue
            wider = above.get(currency)
            if wider is not None and most.exceeds(wider[1]):
                faults.append(f"has a limit {name} of {most}, and {wider[0]} there may be only {wider[1]}.")
            above[currency] = (name, most)
    return faults


def has_summaries(result: type[Any]) -> bool:
    """Whether a result tells what was done in several languages: `summaries: dict[str, str] = {}`."""
    return any(
        each.name == "summaries" and each.type == dict[str, str] and not each.required
        for each in msgspec.structs.fields(result)
    )


def links_in(result: type[Any], content: Any) -> tuple[str, ...]:
    """The addresses in a result of this type that the customer may open: what its fields of the type `Link` hold."""
    fields = [each.encode_name for each in msgspec.structs.fields(result) if each.type in (Link, Link | None)]
    found = [content[name] for name in fields if content.get(name)] if isinstance(content, Mapping) else []
    # What was kept before the field was one may be anything.
    return tuple(each for each in found if isinstance(each, str) and re.search(_LINK, each))


def _is_frozen_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_config__.frozen


def _faults_of_change(declared: Action) -> list[str]:
    faults: list[str] = []
    if declared.identity == "anonymous":
        faults.append("changes something, so that somebody must be known to ask for it: identity 'known' or more.")
    if declared.look_up is None:
        faults.append("changes something, so that it needs `look_up`: what came of a request whose answer was lost.")
    if declared.simulate is None:
        faults.append("changes something, so that it needs `simulate`: replays must not touch the world.")
    faults += _faults_of_question(declared)
    if (declared.undo is None) != (declared.undo_within is None):
        faults.append("needs `undo` and `undo_within` together.")
    return faults


def _faults_of_question(declared: Action) -> list[str]:
    """What the customer says yes to must be all of it, in words that every customer can be asked in."""
    faults: list[str] = []
    if declared.asks and "en" not in declared.asks:
        faults.append("needs its question `asks` in English (en), for all who speak none of the others.")
    every = {f"{{{name}}}" for name in getattr(declared.wanted, "__struct_fields__", ())}
    for code, text in declared.asks.items():
        if set(_PLACE.findall(text)) != every:
            faults.append(f"must name each of its arguments, and nothing else, in its question `asks` ({code}).")
    return faults


def _money_faults(declared: Action) -> list[str]:
    faults: list[str] = []
    if IDENTITIES.index(declared.identity) < IDENTITIES.index("verified"):
        faults.append("moves money, so that whoever asks must be verified.")
    if declared.money is None:
        faults.append("moves money, so that it must say how much: `money`.")
    limits = declared.limits
    named = [limits.per_call, limits.per_customer_a_day, limits.per_day]
    if not all(named):
        faults.append("moves money, so that it needs a limit per call, per customer a day, and per day.")
    elif len({frozenset(each) for each in named}) > 1:
        faults.append("must give each of its limits in the same currencies.")
    return faults


def _faults_without_money(declared: Action) -> list[str]:
    faults: list[str] = []
    if declared.money is not None:
        faults.append("says with `money` how much it moves, so that its effect is 'moves_money'.")
    limits = declared.limits
    if limits.per_call or limits.per_customer_a_day or limits.per_day:
        faults.append(
            "has limits of money and moves none, so that nothing would keep them: its effect is 'moves_money'."
        )
    return faults


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: _strict(value) for name, value in schema.items()}
    if inner.get("type") == "object" and "properties" in inner:
        inner["required"] = list(inner["properties"])
        inner["additionalProperties"] = False
    return inner
