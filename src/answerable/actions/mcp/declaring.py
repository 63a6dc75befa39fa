"""Declaring a tool of an MCP server as an action.

    refund_order = mcp_action(
        create_refund,
        told,
        name="refund_order",
        says="Gives money back for an order of the customer.",
        arguments={"order_id": "The order, as find_orders gives it."},
        money=MoneyArguments("amount", currency="currency"),
        effect="moves_money",
        identity="verified",
        limits=Limits(per_call={"EUR": "200.00"}, per_customer_a_day={"EUR": "250.00"}, per_day={"EUR": "2000.00"}),
        facts=facts_about,
        look_up=refund_made,
        simulate=imagined,
    )

It is declared by `action` like any other, so that nothing of the boundary is different. What a model can see and set
are the `arguments`, in the declaration's own words: the customer, the key, and what is fixed are filled in when it is
sent. Nothing that a server says of its tools is shown to a model.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, get_type_hints

import msgspec

from answerable.actions.declaring import (
    IDENTITIES,
    Action,
    Amount,
    Doing,
    Limits,
    NotDone,
    action,
    faults_of_function,
    is_timeout,
)
from answerable.actions.mcp.schemas import Unfit, properties, record, required, said
from answerable.actions.mcp.tools import Answer, Refused, Tool
from answerable.domain.actions import Effect
from answerable.domain.errors import Invalid
from answerable.domain.money import Money
from answerable.domain.people import Identity

AMOUNT = "amount"
"""What models and people call the money that a call moves, whatever the tool calls it."""

WrittenAs = Literal["decimal", "number", "units"]
"""How a tool takes 84 euros: "84.00", 84.0, or 8400."""


@dataclass(frozen=True, slots=True)
class MoneyArguments:
    """The tool's arguments that say how much it moves. Who asks gives one amount with its currency."""

    amount: str
    currency: str | None = None
    """The argument for the currency; without one it only moves `only`."""
    only: str | None = None
    """The currency of a tool that knows no other."""
    written_as: WrittenAs = "decimal"

    def arguments(self, moves: Money) -> dict[str, Any]:
        """It as the tool takes it. Raises ValueError for a currency that the tool does not know."""
        if self.only is not None and moves.currency != self.only:
            raise ValueError(f"Only {self.only} can be moved here")
        written: Any = f"{moves.amount}"
        if self.written_as == "number":
            written = float(moves.amount)
        elif self.written_as == "units":
            written = moves.units
        return {self.amount: written, **({self.currency: moves.currency} if self.currency is not None else {})}


def mcp_action(
    tool: Tool,
    told: Callable[[Any, Answer], Any],
    *,
    name: str,
    says: str,
    arguments: Mapping[str, str],
    effect: Effect,
    identity: Identity,
    money: MoneyArguments | None = None,
    limits: Limits | None = None,
    facts: Callable[[Doing, Any], Awaitable[Mapping[str, Any]]] | None = None,
    look_up: Callable[[Doing, Any], Awaitable[Any | None]] | None = None,
    undo: Callable[[Doing, Any, Any], Awaitable[Any]] | None = None,
    undo_within: timedelta | None = None,
    simulate: Callable[[Doing, Any], Any] | None = None,
    timeout_seconds: float = 15.0,
    repeats_within: timedelta = timedelta(hours=24),
    approval_expires_after: timedelta = timedelta(hours=24),
    asks: Mapping[str, str] | None = None,
) -> Action:
    """Declares a pinned tool as an action.

    `told` makes the action's result, a record with a `reference` and a `summary`, from what was asked for and what the
    tool answered. `arguments` are those that who asks may give, each with words of our own. The rest is as `action` has
    it. Raises Invalid, with the action's name, for a declaration that leaves something open.
    """
    _check_kinds(name, arguments, money, {"told": told, "facts": facts})
    _check(name, tool, set(arguments), money, effect=effect, identity=identity, has_facts=facts is not None)
    if is_timeout(timeout_seconds) and timeout_seconds <= tool.reached_within:
        raise _fault(
            name, f"needs a time-out of more than the {tool.reached_within:g} s in which its server is reached."
        )
    wanted = _wanted(name, tool, arguments, money)
    result = get_type_hints(told).get("return")
    if result is None:
        raise _fault(name, "needs the type that `told` returns, so that it can be checked and kept.")

    def given(asked: Any) -> dict[str, Any]:
        return _given(tool, money, asked)

    async def run(doing: Doing, asked: Any) -> Any:
        try:
            answer = await tool.ask(doing, given(asked))
        except Refused:
            if look_up is None:
                raise
            # A tool also says that it failed where it failed after it had acted: what its key says is believed.
            found = await _confirmed(look_up, doing, asked)
            if found is None:
                raise
            return found
        return told(asked, answer)

    async def known(doing: Doing, asked: Any) -> Mapping[str, Any]:
        tool.arguments(doing, given(asked))
        return await facts(doing, asked) if facts is not None else {}

    run.__name__, run.__doc__ = name, says
    run.__annotations__ = {"doing": Doing, "asked": wanted, "return": result}
    return action(
        effect=effect,
        identity=identity,
        limits=limits,
        facts=known,
        money=_money if money is not None else None,
        look_up=look_up,
        undo=undo,
        undo_within=undo_within,
        simulate=simulate,
        timeout_seconds=timeout_seconds,
        repeats_within=repeats_within,
        approval_expires_after=approval_expires_after,
        has_dry_run=tool.dry_run is not None,
        asks=asks,
    )(run)


async def _confirmed(look_up: Callable[[Doing, Any], Awaitable[Any | None]], doing: Doing, asked: Any) -> Any | None:
    """What was done under the key. That it cannot be looked up now says nothing of what was done."""
    try:
        return await look_up(doing, asked)
    except NotDone as error:
        raise ConnectionError("It failed, and whether it had done anything cannot be looked up.") from error


def _fault(name: str, what: str) -> Invalid:
    return Invalid(f"The action {name} {what}")


def _check_kinds(name: str, arguments: Any, money: Any, functions: Mapping[str, Any]) -> None:
    """Raises Invalid for what is of the wrong kind, and for functions that cannot be called as they will be."""
    if not isinstance(arguments, Mapping) or not all(isinstance(each, str) for each in arguments.values()):
        raise _fault(name, "needs `arguments` by name, each with words of yours: {'order_id': 'The order.'}.")
    if money is not None and not isinstance(money, MoneyArguments):
        raise _fault(name, "needs `money` to be MoneyArguments(…): which arguments say how much it moves.")
    # Those that the boundary is not given itself; `action` looks at the others.
    wrong = next((each for of, function in functions.items() for each in faults_of_function(of, function)), None)
    if wrong is not None:
        raise _fault(name, wrong)


def _check(
    name: str,
    tool: Tool,
    asked_for: set[str],
    money: MoneyArguments | None,
    *,
    effect: Effect,
    identity: Identity,
    has_facts: bool,
) -> None:
    """Raises Invalid for what would be open only with a tool of somebody else's making."""
    paid = {each for each in (money.amount, money.currency) if each is not None} if money is not None else set()
    tool.must_have(sorted(asked_for | paid))
    both = sorted((asked_for & paid) | ((asked_for | paid) & tool.filled_in))
    if both:
        raise _fault(name, f"lets who asks set {both[0]!r}, which is filled in.")
    missing = tool.missing(asked_for | paid)
    if missing is not None:
        raise _fault(name, f"does not say where the tool's argument {missing!r} comes from.")
    if effect != "reads" and not tool.has_key:
        raise _fault(
            name, "changes something, so that the tool must be told the idempotency key: `key` or `key_in_meta`."
        )
    if tool.customer is None and identity != "anonymous" and not has_facts:
        raise _fault(
            name,
            "says neither which argument is the customer (`customer`), nor by which facts it is known whose the thing "
            "is (`facts`).",
        )
    if tool.customer is not None and IDENTITIES.index(identity) < IDENTITIES.index("verified"):
        raise _fault(name, "is done for the customer whom an argument names, so that they must be verified.")
    if money is not None:
        if (money.currency is None) == (money.only is None):
            raise _fault(name, "must say either which argument is the currency, or the only one that there is.")
        if AMOUNT in asked_for:
            raise _fault(name, f"has {AMOUNT!r} twice: as an argument, and as the money that it moves.")


def _wanted(name: str, tool: Tool, arguments: Mapping[str, str], money: MoneyArguments | None) -> type[msgspec.Struct]:
    """The record that the action takes; one that the tool's own schema forbids cannot be made."""
    schema = tool.pinned.input_schema

    def check(asked: Any) -> None:
        try:
            sent = _given(tool, money, asked)
        except Invalid as error:
            raise ValueError(str(error)) from error
        for argument, value in sent.items():
            fault = tool.takes.fault(value, properties(schema)[argument])
            if fault is not None:
                raise ValueError(f"{argument}: {fault.said}")

    kind = "".join(part.capitalize() for part in name.split("_")) + "Wanted"
    try:
        return record(kind, schema, schema, arguments, more={AMOUNT: Amount} if money else {}, check=check)
    except Unfit as error:
        raise _fault(
            name,
            f"takes an argument that cannot be offered to a model ({error}). Leave it out, fix it with `fixed`, or "
            "write a function of your own.",
        ) from error


def _given(tool: Tool, money: MoneyArguments | None, asked: Any) -> dict[str, Any]:
    """What was asked for, as the tool takes it. Raises ValueError, or Invalid for what is no money."""
    plain = msgspec.to_builtins(asked)
    moves = plain.pop(AMOUNT, None) if money is not None else None
    schema = tool.pinned.input_schema
    given: dict[str, Any] = said(plain, {"properties": properties(schema), "required": list(required(schema))}, schema)
    return {**given, **(money.arguments(asked.amount.money) if money is not None and moves is not None else {})}


def _money(asked: Any) -> Money | None:
    moves: Money = asked.amount.money
    return moves
