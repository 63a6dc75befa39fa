"""How much of an action there may be, counted from what may have happened."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from answerable.actions.declaring import Action
from answerable.actions.policies import MOVED_BEFORE, Ruling, rule
from answerable.domain.actions import ActionCall
from answerable.domain.money import money
from answerable.store import actions, clauses

DAY = timedelta(days=1)


def ruled(db: Connection, call: ActionCall, at: datetime) -> tuple[ActionCall, Ruling]:
    """What the clauses in force say of the call, together with what went before it; the call with that fact."""
    call = with_moved_before(db, call, at)
    return call, rule(clauses.in_force_now(db, at), call.action, call.facts, call.money)


def with_moved_before(db: Connection, call: ActionCall, at: datetime) -> ActionCall:
    """The call with the fact by which clauses about amounts count it together with what went before it.

    That is what the action may have moved for the customer in the last 24 hours with no person having approved it:
    nothing is gained by asking for parts.
    """
    facts = {name: value for name, value in call.facts.items() if name != MOVED_BEFORE}
    before = actions.moved_unseen(db, call, min(at, call.created_at) - DAY)
    if before is not None and before.units:
        facts[MOVED_BEFORE] = {"amount": str(before.amount), "currency": before.currency}
    return replace(call, facts=facts)


def over_limits(db: Connection, call: ActionCall, declared: Action, at: datetime) -> str | None:
    """Which limit the call would pass, in a sentence; None if it passes none."""
    limits, moves = declared.limits, call.money
    if moves is None and limits.calls_per_customer_a_day is None and limits.calls_per_day is None:
        return None
    currency = moves.currency if moves is not None else None
    since = min(at, call.created_at) - DAY
    taken = actions.taken(db, call.action, since, customer_id=call.customer_id, currency=currency, but=call.id)
    for whose, calls, units, amounts, number in (
        (
            *("of one customer ", taken.customer_calls, taken.customer_units),
            *(limits.per_customer_a_day, limits.calls_per_customer_a_day),
        ),
        ("", taken.calls, taken.units, limits.per_day, limits.calls_per_day),
    ):
        if number is not None and calls >= number:
            return f"There may be {number} calls {whose}in 24 hours."
        if moves is None:
            continue
        if moves.currency not in amounts or moves.currency not in limits.per_call:
            return f"Nothing is moved in {moves.currency}: no limit is given for it."
        most = money(amounts[moves.currency], moves.currency)
        if units + moves.units > most.units:
            return f"All calls {whose}in 24 hours may move {most} together."
    if moves is not None and moves.exceeds(money(limits.per_call[moves.currency], moves.currency)):
        return f"One call may move {limits.per_call[moves.currency]} {moves.currency}."
    return None
