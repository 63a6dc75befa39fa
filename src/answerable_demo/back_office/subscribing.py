"""Changing and ending a subscription."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import Connection, insert, select, update

from answerable_demo.back_office import reading
from answerable_demo.back_office import tables as t
from answerable_demo.back_office.calendar import add_months, utc_text
from answerable_demo.back_office.catalogue import PLAN_ORDER, PLANS, vat_for
from answerable_demo.back_office.errors import conflict, invalid
from answerable_demo.back_office.ids import new_id
from answerable_demo.back_office.invoicing import bill_plan_change
from answerable_demo.back_office.money import cents_of, money
from answerable_demo.back_office.reading import WITHDRAWAL_DAYS, AnyRow
from answerable_demo.back_office.refunding import Doing, give_back
from answerable_demo.back_office.shapes import Cancellation, NewCancellation, NewPlan, PlanChange, Subscription
from answerable_demo.back_office.shapes import Money as Price
from answerable_demo.cast import Currency

TAKE_BACK_WITHIN = timedelta(hours=24)
# What a change of plan changes of a subscription, and what taking it back restores.
CHANGED = ("plan", "interval", "period_start", "period_end", "next_plan", "next_interval")


@dataclass(frozen=True, slots=True)
class Terms:
    """When a change of plan starts, and what is due for it."""

    starts_on: date
    net_cents: int
    period: tuple[date, date]


def change_plan(db: Connection, subscription_id: str, wanted: NewPlan, doing: Doing) -> PlanChange:
    """A bigger plan starts at once and its difference is charged; a smaller one starts with the next period."""
    row = _changeable(db, subscription_id)
    terms, today = _terms(row, wanted, doing.now.date()), doing.now.date()
    customer = reading.the_row(db, t.customers, row.customer_id, "such customer")
    if terms.starts_on > today:
        _set(db, row, next_plan=wanted.plan, next_interval=wanted.interval)
        number, due = None, 0
        _must_be_agreed(wanted.due_now, due, row.currency)
    else:
        text = f"Change from {PLANS[row.plan].name} {row.interval} to {PLANS[wanted.plan].name} {wanted.interval}"
        due = terms.net_cents + vat_for(customer.country, customer.vat_id).vat_cents(terms.net_cents)
        _must_be_agreed(wanted.due_now, due, row.currency)
        number = bill_plan_change(db, customer, doing, text=text, net_cents=terms.net_cents, period=terms.period)
        start, end = (day.isoformat() for day in terms.period)
        if row.interval == wanted.interval:
            start = row.period_start
        new = {"plan": wanted.plan, "interval": wanted.interval, "next_plan": None, "next_interval": None}
        _set(db, row, period_start=start, period_end=end, **new)
    change_id = _remember(db, row, number, doing)
    return PlanChange(
        id=change_id,
        subscription=reading.subscription(_row(db, subscription_id)),
        starts_on=terms.starts_on.isoformat(),
        due_now=money(due, row.currency),
        invoice_number=number,
        take_back_until=utc_text(doing.now + TAKE_BACK_WITHIN),
    )


def take_back_change(db: Connection, change_id: str, doing: Doing) -> Subscription:
    """Undo a change of plan within its time: the plan and its period are as they were, and its charge is given back."""
    change = reading.the_row(db, t.plan_changes, change_id, f"change of plan {change_id}")
    row = _row(db, change.subscription_id)
    if change.taken_back_at is not None:
        raise conflict("already_taken_back", f"The change {change_id} has been taken back already.")
    if doing.now > datetime.fromisoformat(change.created_at) + TAKE_BACK_WITHIN:
        raise conflict("too_late", "A change of plan can be taken back within 24 hours.")
    if _state(row) != change.after or row.status != "active":
        raise conflict("changed_since", f"Subscription {row.id} has changed since; look at what it is now.")
    before = msgspec.json.decode(change.before, type=dict[str, str | None])
    if row.seats_used > PLANS[str(before["plan"])].seats:
        raise conflict("too_many_seats", f"{row.seats_used} seats are in use; the plan before has fewer.")
    _give_back_charges_of(db, change.invoice_number, doing)
    _set(db, row, **before)
    own = t.plan_changes
    db.execute(update(own).where(own.c.id == change_id).values(taken_back_at=utc_text(doing.now)))
    return reading.subscription(_row(db, row.id))


def _give_back_charges_of(db: Connection, invoice_number: str | None, doing: Doing) -> None:
    for charge in reading.rows_of(db, t.charges, t.charges.c.invoice_number == invoice_number):
        if charge.is_disputed:
            raise conflict("charge_disputed", f"The bank is deciding on a dispute about charge {charge.id}.")
        if charge.cents > charge.refunded_cents:
            give_back(db, charge, charge.cents - charge.refunded_cents, "change_taken_back", doing)


def _remember(db: Connection, before: AnyRow, invoice_number: str | None, doing: Doing) -> str:
    """Keep what the subscription was, so that the change can be taken back."""
    values = {"before": _state(before), "after": _state(_row(db, before.id)), "invoice_number": invoice_number}
    change_id = new_id("pc")
    row = {"id": change_id, "subscription_id": before.id, "created_at": utc_text(doing.now)}
    db.execute(insert(t.plan_changes).values(**row, **values))
    return change_id


def _state(row: AnyRow) -> str:
    return msgspec.json.encode({name: getattr(row, name) for name in CHANGED}).decode()


def _must_be_agreed(agreed: Price | None, cents: int, currency: Currency) -> None:
    if agreed is not None and (agreed.currency, cents_of(agreed)) != (currency, cents):
        now = money(cents, currency)
        raise conflict("amount_changed", f"It is {now.amount} {now.currency} now, which is not what was agreed to.")


def cancel(db: Connection, subscription_id: str, wanted: NewCancellation, doing: Doing) -> Cancellation:
    """End a subscription with its period, or, within the legal window, now and with everything given back."""
    row = _row(db, subscription_id)
    if row.status == "ended":
        raise conflict("already_ended", f"Subscription {subscription_id} has ended.")
    today = doing.now.date()
    if wanted.withdraw:
        return _withdraw(db, row, today, wanted.money_back, doing)
    _must_be_agreed(wanted.money_back, 0, row.currency)
    if row.status == "cancelling":
        raise conflict("already_cancelled", f"Subscription {subscription_id} already ends on {row.cancels_on}.")
    _set(db, row, status="cancelling", cancels_on=row.period_end)
    ended = reading.subscription(_row(db, subscription_id))
    return Cancellation(subscription=ended, ends_on=row.period_end, refunds=[])


def keep(db: Connection, subscription_id: str, doing: Doing) -> Subscription:
    """Take back a cancellation, up to the last day, or a change of plan that has not started."""
    row = _row(db, subscription_id)
    if row.status == "cancelling" and doing.now.date().isoformat() < row.cancels_on:
        _set(db, row, status="active", cancels_on=None)
    elif row.status == "active" and row.next_plan is not None:
        _set(db, row, next_plan=None, next_interval=None)
    else:
        raise conflict("nothing_to_take_back", f"Subscription {subscription_id} neither ends nor changes.")
    return reading.subscription(_row(db, subscription_id))


def resume(db: Connection, subscription_id: str, doing: Doing) -> Subscription:
    """Take back a cancellation, up to the last day; nothing else is touched."""
    row = _row(db, subscription_id)
    if row.status == "ended" or (row.cancels_on or "9999") <= doing.now.date().isoformat():
        raise conflict("already_ended", f"Subscription {subscription_id} has ended and cannot be resumed.")
    if row.status != "cancelling":
        raise conflict("nothing_to_take_back", f"Subscription {subscription_id} is not being cancelled.")
    _set(db, row, status="active", cancels_on=None)
    return reading.subscription(_row(db, subscription_id))


def _withdraw(db: Connection, row: AnyRow, today: date, agreed: Price | None, doing: Doing) -> Cancellation:
    last_day = date.fromisoformat(row.started_on) + timedelta(days=WITHDRAWAL_DAYS)
    if today > last_day:
        raise conflict("window_closed", f"The legal window of {WITHDRAWAL_DAYS} days closed on {last_day}.")
    paid = _paid_for_plan(db, row.customer_id)
    _must_be_agreed(agreed, sum(charge.cents - charge.refunded_cents for charge in paid), row.currency)
    refunds = [give_back(db, charge, charge.cents - charge.refunded_cents, "withdrawal", doing) for charge in paid]
    _set(db, row, status="ended", cancels_on=today.isoformat(), period_end=today.isoformat())
    ended = reading.subscription(_row(db, row.id))
    return Cancellation(subscription=ended, ends_on=today.isoformat(), refunds=refunds)


def _paid_for_plan(db: Connection, customer_id: str) -> list[AnyRow]:
    query = (
        select(t.charges)
        .join(t.invoices, t.invoices.c.number == t.charges.c.invoice_number)
        .where(t.charges.c.customer_id == customer_id, t.charges.c.status == "succeeded")
        .where(t.invoices.c.kind != "order", t.charges.c.refunded_cents < t.charges.c.cents)
        .where(t.charges.c.is_disputed == 0)
    )
    return list(db.execute(query))


def _changeable(db: Connection, subscription_id: str) -> AnyRow:
    row = _row(db, subscription_id)
    if row.status != "active":
        raise conflict("not_active", f"Subscription {subscription_id} is {row.status}; its plan cannot be changed now.")
    return row


def _terms(row: AnyRow, wanted: NewPlan, today: date) -> Terms:
    """What a change means, counted by the day."""
    if (row.plan, row.interval) == (wanted.plan, wanted.interval):
        raise conflict("nothing_to_change", "The subscription already has this plan.")
    start, end = date.fromisoformat(row.period_start), date.fromisoformat(row.period_end)
    is_smaller = PLAN_ORDER.index(wanted.plan) < PLAN_ORDER.index(row.plan)
    is_bigger = PLAN_ORDER.index(wanted.plan) > PLAN_ORDER.index(row.plan)
    old, new = (PLANS[code] for code in (row.plan, wanted.plan))
    if is_smaller and row.seats_used > new.seats:
        raise conflict("too_many_seats", f"{row.seats_used} seats are in use; {new.name} has {new.seats}.")
    if is_bigger and (row.interval, wanted.interval) == ("yearly", "monthly"):
        raise invalid("one_at_a_time", "Change the plan now; the interval can change at the end of the year.")
    if is_smaller or (row.interval, wanted.interval) == ("yearly", "monthly"):
        return Terms(end, 0, (start, end))
    days, days_left = (end - start).days, max((end - today).days, 0)
    old_price = old.price_cents(row.interval, row.currency)
    if row.interval == wanted.interval:
        difference = new.price_cents(wanted.interval, row.currency) - old_price
        return Terms(today, _share(difference, days_left, days), (today, end))
    unused = _share(old_price, days_left, days)
    return Terms(today, new.price_cents("yearly", row.currency) - unused, (today, add_months(today, 12)))


def _share(cents: int, days_left: int, days: int) -> int:
    """That part of an amount, to the nearest cent, and at least one: a charge cannot be nought."""
    return max((2 * cents * days_left + days) // (2 * days), 1)


def _row(db: Connection, subscription_id: str) -> AnyRow:
    return reading.the_row(db, t.subscriptions, subscription_id, f"subscription {subscription_id}")


def _set(db: Connection, row: AnyRow, **values: str | None) -> None:
    db.execute(update(t.subscriptions).where(t.subscriptions.c.id == row.id).values(**values))
