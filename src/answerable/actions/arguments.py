"""Arguments of a call: read strictly, compared for being the same wish, and changed to less."""

import hashlib
from dataclasses import replace
from typing import Any

import msgspec

from answerable.actions.declaring import Action
from answerable.domain.actions import ActionCall
from answerable.domain.errors import Invalid
from answerable.domain.money import Money
from answerable.domain.page_heads import in_words, schema_at

ARGUMENTS_BYTES_MAX = 8 * 1024


def read_arguments(declared: Action, given: Any) -> Any:
    """What was asked for, as the action's record. Raises Invalid for whatever its type does not allow."""
    try:
        if isinstance(given, str | bytes):
            size, plain = len(given), msgspec.json.decode(given)
        else:
            plain = msgspec.to_builtins(given)
            size = len(msgspec.json.encode(plain))
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise Invalid(f"The arguments of {declared.name} are not JSON.") from error
    if size > ARGUMENTS_BYTES_MAX:
        raise Invalid(f"The arguments of {declared.name} are larger than {ARGUMENTS_BYTES_MAX // 1024} kB.")
    if any(not text.isprintable() for text in _texts(plain)):
        raise Invalid(f"The arguments of {declared.name} hold signs that cannot be printed.")
    try:
        return msgspec.convert(plain, declared.wanted, strict=True)
    except msgspec.ValidationError as error:
        raise Invalid(f"The arguments of {declared.name} are not right. {_said(error, declared)}") from error


def _said(error: msgspec.ValidationError, declared: Action) -> str:
    """Which of the arguments is wrong, and what it must be, also for people who know no regular expressions."""
    says, path = in_words(error, declared.wanted)
    wanted = schema_at(declared.wanted, path)
    if "regex" in says and (shape := wanted.get("description")):
        says = f"It does not have the form that is wanted: {shape}"
    place = ".".join(map(str, path))
    bare = says.removeprefix(f"{path[-1]}: ") if path else says
    return f"{place}: {bare}" if place else bare


def read_again(declared: Action, call: ActionCall) -> Any:
    """What a call asked for, as its action's record is by now. Raises Invalid if that does not take it any more."""
    try:
        return msgspec.convert(call.arguments, declared.wanted)
    except Exception as error:
        # A record of the workspace may check itself, and raise whatever it likes.
        raise Invalid(f"{call.action} takes other arguments by now.") from error


def legible(value: Any) -> Any:
    """Plain values as both databases keep them: what is no sign at all is shown as one that cannot be read."""
    if isinstance(value, str):
        return "".join("\ufffd" if sign == "\0" or "\ud800" <= sign <= "\udfff" else sign for sign in value)
    if isinstance(value, dict):
        return {legible(name): legible(each) for name, each in value.items()}
    return [legible(each) for each in value] if isinstance(value, list) else value


def _texts(plain: Any) -> list[str]:
    """All texts in it, found without recursion: what came in may be nested deeper than Python goes."""
    found, left = [], [plain]
    while left:
        part = left.pop()
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, dict):
            left += [*part, *part.values()]
        elif isinstance(part, list):
            left += part
    return found


def money_of(declared: Action, wanted: Any) -> Money | None:
    """What the call moves, if it moves anything. Raises Invalid for an amount of nought, or for what is no money."""
    if declared.money is None:
        return None
    moves = declared.money(wanted)
    if moves is None:
        return None
    if moves.units == 0:
        raise Invalid(f"{declared.name} moves at least {moves.unit} {moves.currency}.")
    return moves


def likeness(action: str, customer_id: str, arguments: Any) -> str:
    """The same for calls that wish for the same."""
    return hashlib.sha256(msgspec.json.encode([action, customer_id, arguments], order="sorted")).hexdigest()


def with_less(call: ActionCall, declared: Action, wanted: Any) -> ActionCall:
    """The call with other arguments. Raises Invalid for more than was asked for, or for something else."""
    moves = money_of(declared, wanted)
    if call.money is None or moves is None or moves.exceeds(call.money):
        raise Invalid("Only the amount can be changed, and only to less.")
    arguments = msgspec.to_builtins(wanted)
    if _likeness_without_amount(arguments, moves) != _likeness_without_amount(call.arguments, call.money):
        raise Invalid("Only the amount can be changed.")
    return replace(call, arguments=arguments, money=moves)


def _likeness_without_amount(arguments: Any, moves: Money) -> Any:
    """The arguments with the amount cut out, wherever it stands."""
    if isinstance(arguments, dict):
        if _is_amount(arguments):
            return moves.currency
        return {name: _likeness_without_amount(value, moves) for name, value in arguments.items()}
    return arguments


def with_amount(arguments: Any, amount: str) -> Any:
    """The arguments with another amount in place of theirs. Raises Invalid unless they hold exactly one."""
    if places_of_amounts(arguments) != 1:
        raise Invalid("The amount of this action cannot be changed. Decline it, and ask for less.")
    return _with_amount(arguments, amount)


def places_of_amounts(arguments: Any) -> int:
    """How many amounts of money the arguments hold."""
    if not isinstance(arguments, dict):
        return 0
    return 1 if _is_amount(arguments) else sum(places_of_amounts(value) for value in arguments.values())


def _with_amount(arguments: Any, amount: str) -> Any:
    if not isinstance(arguments, dict):
        return arguments
    if _is_amount(arguments):
        return {**arguments, "amount": amount}
    return {name: _with_amount(value, amount) for name, value in arguments.items()}


def _is_amount(value: dict[str, Any]) -> bool:
    return set(value) == {"amount", "currency"}
