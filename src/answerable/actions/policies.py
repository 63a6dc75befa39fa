"""What the clauses in force say of a call: data decides, and an unknown fact never decides in its favour."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from answerable.domain.actions import Check, Clause, Verdict
from answerable.domain.money import Money
from answerable.domain.people import ROLES

MOVED_BEFORE = "moved_in_24_hours_unseen"
"""The fact that says what the action may have moved for the customer in the last 24 hours with nobody approving it."""
NOTHING_ALLOWS = "No clause of a policy allows this."


@dataclass(frozen=True, slots=True)
class Ruling:
    """What all clauses together say of a call."""

    is_allowed: bool
    clause: Clause | None
    """The one that forbids it, or that allows it; none if nothing allows it."""
    reason: str
    """For a rep, in one sentence."""
    approval: Clause | None
    """The strictest of those that want a person to decide."""
    verdicts: tuple[Verdict, ...]


def rule(clauses: Iterable[Clause], action: str, facts: Mapping[str, Any], money: Money | None) -> Ruling:
    """Rules on a call of an action, as its facts are.

    One clause that forbids is enough, whatever others allow; without one that allows nothing is done. Where a fact is
    missing, a clause that would allow does not, one that would forbid does, and one that wants a person gets one.
    """
    own = sorted((each for each in clauses if action in each.applies_to), key=lambda each: each.id)
    judged = [(each, _judge(each, facts, money)) for each in own]
    verdicts = tuple(verdict for _, verdict in judged)
    holding = [clause for clause, verdict in judged if verdict.holds]
    forbids = next((each for each in holding if each.effect == "forbids"), None)
    if forbids is not None:
        return Ruling(False, forbids, f"{forbids.id} {forbids.title}: {forbids.says}", None, verdicts)
    allows = next((each for each in holding if each.effect == "allows"), None)
    if allows is None:
        return Ruling(False, None, NOTHING_ALLOWS, None, verdicts)
    wanted = [each for each in holding if each.effect == "needs_approval"]
    approval = max(wanted, key=_strictness) if wanted else None
    return Ruling(True, allows, f"{allows.id} {allows.title}: {allows.says}", approval, verdicts)


def fixing(clauses: Iterable[Clause], action: str, facts: Mapping[str, Any], money: Money | None) -> Clause | None:
    """The clause by which a person may approve all of what was asked for or nothing; None if less will do.

    One that forbids would rule on less as well, so that it need not speak of what was asked for.
    """
    own = sorted(
        (each for each in clauses if each.fixed_amount and action in each.applies_to), key=lambda each: each.id
    )
    return next((each for each in own if each.effect == "forbids" or _judge(each, facts, money).holds), None)


def _judge(clause: Clause, facts: Mapping[str, Any], money: Money | None) -> Verdict:
    missing = tuple(each.fact for each in clause.when if each.fact not in facts or _is_nothing(facts[each.fact]))
    if missing:
        holds = clause.effect != "allows"
    else:
        holds = all(_holds(each, facts[each.fact], clause) for each in clause.when)
    if holds and clause.above:
        holds = _is_above(clause, facts, money)
    return Verdict(clause.id, clause.title, clause.says, clause.effect, holds, missing)


def _holds(check: Check, fact: Any, clause: Clause) -> bool:
    if check.equals is not None:
        # Not `==` alone: to Python 1 is True.
        return type(fact) is type(check.equals) and bool(fact == check.equals)
    number = _number(fact)
    if number is None:
        # A fact of another kind than the clause is about decides nothing in the call's favour.
        return clause.effect != "allows"
    if check.at_most is not None and number > Decimal(str(check.at_most)):
        return False
    return check.at_least is None or number >= Decimal(str(check.at_least))


def _is_above(clause: Clause, facts: Mapping[str, Any], money: Money | None) -> bool:
    """Whether the amount is above the clause's, together with what went before it."""
    if money is None or money.currency not in clause.above:
        # Unknown is above: a person looks at it.
        return clause.effect != "allows"
    before = facts.get(MOVED_BEFORE)
    together = money.amount + (Decimal(before["amount"]) if before is not None else 0)
    return together > Decimal(clause.above[money.currency])


def _number(fact: Any) -> Decimal | None:
    if isinstance(fact, bool) or not isinstance(fact, int | float | str | Decimal):
        return None
    if isinstance(fact, str) and not fact.isascii():
        return None
    try:
        number = Decimal(str(fact))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_nothing(fact: Any) -> bool:
    return fact is None or (isinstance(fact, float) and math.isnan(fact))


def _strictness(clause: Clause) -> tuple[int, bool, str]:
    return ROLES.index(clause.approver_role), clause.four_eyes, clause.id
