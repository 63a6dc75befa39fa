"""Reading the clauses of a policy from the head of its file.

    effective_from: 2026-01-01          # and effective_to; a clause may give its own
    clauses:
      - id: R-12
        title: A person approves larger refunds
        says: Refunds over €50.00 need a person.
        effect: needs_approval
        actions: [refund_charge]
        above: {EUR: "50.00"}
      - id: R-17
        title: Open disputes
        says: While a bank dispute about a charge is open, the charge is not refunded.
        effect: forbids
        actions: [refund_charge]
        when: [{fact: is_disputed, equals: true}]

A clause without an effect is for people only, and so has no actions, conditions or amounts.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

import msgspec

from answerable.domain.actions import Check, Clause
from answerable.domain.errors import Fault, Faulty, Invalid
from answerable.domain.money import money
from answerable.domain.page_heads import Path, in_words

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
_FOR_CODE = ("effect", "actions", "when", "above")
# Whatever else stands in a head is for people, or for the article that it is.
_OF_HEADS = ("effective_from", "effective_to", "clauses")
MISSPELT_LIKENESS_MIN = 0.8
"""From this likeness on (difflib's ratio, 0 to 1) a field's name is taken for a misspelt one."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""From when on a clause holds that does not say so."""


class _Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fact: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    equals: str | bool | None = None
    at_most: float | None = None
    at_least: float | None = None


class _Clause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
    title: Words
    says: Words
    effect: Literal["allows", "forbids", "needs_approval"]
    actions: tuple[str, ...] = ()
    when: tuple[_Check, ...] = ()
    above: dict[str, str] = {}
    approver_role: Literal["rep", "builder", "lead", "admin"] = "rep"
    four_eyes: bool = False
    fixed_amount: bool = False
    effective_from: Any = None
    effective_to: Any = None


def clauses_of(
    file: str,
    head: Mapping[str, Any],
    actions: Iterable[str],
    *,
    policy: str | None = None,
    line: Callable[[Path], int] = lambda _: 1,
) -> list[Clause]:
    """The clauses for code in a policy's head; `line` gives where a part of it stands.

    A head without an id is named `policy`, or else as its file.

    Raises Faulty, with all that cannot be meant.
    """
    known, found, faults = set(actions), [], []

    def wrong(says: str, path: Path) -> None:
        faults.append(Fault(file, line(path), says))

    span: dict[str, datetime] = {}
    for name in ("effective_from", "effective_to"):
        try:
            if head.get(name) is not None:
                span[name] = _moment(head[name])
        except Invalid as error:
            wrong(str(error), (name,))
    for says, path in _slips(head):
        wrong(says, path)
    listed = head.get("clauses") or ()
    if not isinstance(listed, list | tuple):
        wrong("clauses: This is a list: each clause begins with a dash.", ("clauses",))
        listed = ()
    for place, content in enumerate(listed):
        if isinstance(content, Mapping) and "effect" not in content:
            if told := [str(name) for name in content if _is_like(name, _FOR_CODE)]:
                named, says = content.get("id", place + 1), " and ".join(told)
                wrong(
                    f"The clause {named} has {says} and no effect, so that nothing would check it.", ("clauses", place)
                )
            continue
        try:
            found.append(_clause(str(head.get("id") or policy or file), msgspec.convert(content, _Clause), span, known))
        except msgspec.ValidationError as error:
            says, inner = in_words(error, _Clause)
            wrong(says, ("clauses", place, *inner))
        except Invalid as error:
            wrong(str(error), ("clauses", place))
    if faults:
        raise Faulty(*faults)
    return found


def _slips(head: Mapping[str, Any]) -> list[tuple[str, Path]]:
    """What stands beside the fields that are read and was meant to be read."""
    misspelt = [str(name) for name in head if name not in _OF_HEADS and _is_like(name, _OF_HEADS)]
    there_are = f"There is no such field; there are {', '.join(_OF_HEADS)}."
    misplaced = _misplaced({name: part for name, part in head.items() if name != "clauses"})
    return [(f"{name}: {there_are}", (name,)) for name in misspelt] + [
        ("This has an effect and is none of the clauses, so that nothing would check it.", path) for path in misplaced
    ]


def _is_like(name: Any, names: tuple[str, ...]) -> bool:
    """Whether it is one of the names, or taken for a misspelt one."""
    return bool(difflib.get_close_matches(str(name).lower(), names, 1, MISSPELT_LIKENESS_MIN))


def _misplaced(part: Any, path: Path = ()) -> list[Path]:
    """Where something stands that would be a clause if it stood among them."""
    if isinstance(part, Mapping):
        own = [path] if "effect" in part else []
        return own + [found for name, each in part.items() for found in _misplaced(each, (*path, str(name)))]
    if isinstance(part, list | tuple):
        return [found for place, each in enumerate(part) for found in _misplaced(each, (*path, place))]
    return []


def _clause(policy: str, read: _Clause, span: Mapping[str, datetime], known: set[str]) -> Clause:
    unknown = [each for each in read.actions if each not in known]
    if unknown or not read.actions:
        named = f"names actions that are not there: {', '.join(unknown)}" if unknown else "names no action"
        raise Invalid(f"The clause {read.id} {named}.")
    for check in read.when:
        comparisons = [check.equals is not None, check.at_most is not None or check.at_least is not None]
        if sum(comparisons) != 1:
            raise Invalid(f"The clause {read.id} must compare {check.fact} either for being equal or with a number.")
    if (read.approver_role != "rep" or read.four_eyes) and read.effect != "needs_approval":
        raise Invalid(f"The clause {read.id} names who approves, and its effect is not needs_approval.")
    if read.above and read.effect == "allows":
        raise Invalid(f"The clause {read.id} allows what is above an amount. Let it allow, and another one forbid.")
    for currency, amount in read.above.items():
        money(amount, currency)
    begins = _moment(read.effective_from) if read.effective_from is not None else span.get("effective_from", ALWAYS)
    ends = _moment(read.effective_to) if read.effective_to is not None else span.get("effective_to")
    if ends is not None and ends <= begins:
        raise Invalid(f"The clause {read.id} ends before it begins, so that it never holds.")
    return Clause(
        id=read.id,
        policy=policy,
        title=read.title,
        says=read.says,
        effect=read.effect,
        applies_to=read.actions,
        when=tuple(Check(each.fact, each.equals, each.at_most, each.at_least) for each in read.when),
        above=dict(read.above),
        approver_role=read.approver_role,
        four_eyes=read.four_eyes,
        fixed_amount=read.fixed_amount,
        from_moment=begins,
        to_moment=ends,
    )


def _moment(given: Any) -> datetime:
    """The moment itself, or the beginning of a day, in UTC. Raises Invalid for what is neither."""
    try:
        day = datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        day = None
    if isinstance(day, datetime):
        return day if day.tzinfo else day.replace(tzinfo=UTC)
    if isinstance(day, date):
        return datetime.combine(day, time(), UTC)
    raise Invalid(f"{given!r:.60} is no day. Write it as 2026-01-01, or 2026-01-01T12:00:00Z.")
