"""Fills an empty back office from the cast: the same seed and the same day give the same rows."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from answerable_demo.back_office import tables
from answerable_demo.back_office.calendar import NUMBERS_A_DAY, add_business_days, add_months, first_number_of, utc_text
from answerable_demo.back_office.catalogue import ADD_ONS, PLANS, refund_business_days, vat_for
from answerable_demo.back_office.seed_incidents import seed_incidents
from answerable_demo.cast import Card, Cast, Customer

EARLIEST = date(2025, 1, 1)
"""Older invoices are in the archive, not here."""

MARCH_INVOICE_DAY = date(2025, 3, 3)
"""Ines was charged twice on this day; her invoice of that day is INV-2025-0317."""

_MONTHS_KEPT = 12
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

Row = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """An invoice before it has its number, with what happened to it."""

    customer: Customer
    kind: str
    day: date
    lines: list[tuple[str, int, int]]
    """Description, quantity, price of one in cents."""
    period: tuple[date, date] | None = None
    is_without_vat_id: bool = False
    status: str = "paid"
    charges: list[Row] = field(default_factory=list)
    refund_of_second_charge: bool = False
    order: Row | None = None

    @property
    def net_cents(self) -> int:
        """Before VAT."""
        return sum(quantity * cents for _, quantity, cents in self.lines)

    @property
    def vat_id(self) -> str | None:
        """As printed on the invoice."""
        return None if self.is_without_vat_id else self.customer.vat_id

    @property
    def total_cents(self) -> int:
        """With VAT."""
        return self.net_cents + vat_for(self.customer.country, self.vat_id).vat_cents(self.net_cents)


def seed(db: Connection, cast: Cast, *, today: date, number: int) -> None:
    """Write the whole cast into an empty database."""
    drafts: list[Draft] = []
    _insert_all(db, tables.customers, [_customer_row(customer, today) for customer in cast.customers])
    _insert_all(db, tables.subscriptions, [_subscription_row(customer, today) for customer in cast.customers])
    for customer in cast.customers:
        chance = random.Random(f"{number}:{customer.key}")  # noqa: S311 (nothing here is secret)
        drafts += _History(customer, today, chance).drafts()
    _write_invoices(db, drafts)
    for customer in cast.customers:
        _add_payouts(db, customer, today, random.Random(f"{number}:payouts:{customer.key}"))  # noqa: S311
    _insert_all(db, tables.usage, [_usage_row(customer, today, number) for customer in cast.customers])
    seed_incidents(db, today)
    db.execute(insert(tables.facts), [{"name": "seed", "value": str(number)}, {"name": "today", "value": str(today)}])


def is_empty(db: Connection) -> bool:
    """Whether nothing has been written yet."""
    return db.execute(select(func.count()).select_from(tables.facts)).scalar_one() == 0


def started_on(customer: Customer, today: date) -> date:
    """When the plan (or trial) of a customer started."""
    if customer.since is not None:
        return customer.since
    return today - timedelta(days=customer.started_days_ago or 0)


def current_period(customer: Customer, today: date) -> tuple[date, date]:
    """The paid period that `today` lies in: its first day, and the day after its last."""
    started, months = started_on(customer, today), 12 if customer.interval == "yearly" else 1
    index = 0
    while add_months(started, (index + 1) * months) <= today:
        index += 1
    return add_months(started, index * months), add_months(started, (index + 1) * months)


def _customer_row(customer: Customer, today: date) -> Row:
    card = customer.card
    return {
        "id": customer_id(customer),
        "name": customer.name,
        "email": customer.email,
        "company": customer.company,
        "street": customer.street,
        "postcode": customer.postcode,
        "city": customer.city,
        "country": customer.country,
        "locale": customer.locale,
        "currency": customer.currency,
        "vat_id": customer.vat_id,
        "method_brand": card.brand if card else None,
        "method_last4": card.last4 if card else None,
        "method_country": card.country if card else None,
        "created_at": _at(started_on(customer, today), 8, 0),
    }


def _subscription_row(customer: Customer, today: date) -> Row:
    started = started_on(customer, today)
    start, end = current_period(customer, today)
    status = "active"
    if "trial" in customer.story:
        status, start, end = "trialing", started, started + timedelta(days=14)
    elif "past_due" in customer.story:
        status = "past_due"
    elif "cancelled" in customer.story:
        status = "cancelling"
    return {
        "id": f"sub_{customer.key}",
        "customer_id": customer_id(customer),
        "plan": customer.plan,
        "interval": customer.interval,
        "currency": customer.currency,
        "status": status,
        "seats_used": customer.seats_used,
        "started_on": started.isoformat(),
        "period_start": start.isoformat(),
        "period_end": end.isoformat(),
        "cancels_on": end.isoformat() if status == "cancelling" else None,
    }


def _usage_row(customer: Customer, today: date, number: int) -> Row:
    """Everybody has worked lately, except whose story says that they have not since before the renewal."""
    chance = random.Random(f"{number}:usage:{customer.key}")  # noqa: S311 (nothing here is secret)
    day = today - timedelta(days=chance.randint(0, 6))
    if "yearly_unused" in customer.story:
        day = current_period(customer, today)[0] - timedelta(days=34)
    return {
        "customer_id": customer_id(customer),
        "last_finalised_on": max(day, started_on(customer, today)).isoformat(),
    }


def customer_id(customer: Customer) -> str:
    """The id of somebody of the cast in the back office."""
    return f"cus_{customer.key}"


class _History:
    """What one customer has bought and paid."""

    def __init__(self, customer: Customer, today: date, chance: random.Random) -> None:
        self.customer, self.today, self.chance = customer, today, chance
        self.story = set(customer.story)

    def drafts(self) -> list[Draft]:
        if self.customer.card is None:
            return []
        renewals = self._renewals()
        self._tell_story(renewals)
        drafts = renewals + self._plan_change() + self._orders()
        for draft in drafts:
            if not draft.charges and draft.status == "paid":
                draft.charges = [self._charge(draft)]
        return drafts

    def _renewals(self) -> list[Draft]:
        customer, months = self.customer, 12 if self.customer.interval == "yearly" else 1
        started = started_on(customer, self.today)
        earliest = EARLIEST if "duplicate_charge" in self.story else add_months(self.today, -_MONTHS_KEPT)
        drafts, index = [], 0
        while (day := add_months(started, index * months)) <= self.today:
            index += 1
            if day < earliest:
                continue
            period = (day, add_months(started, index * months))
            drafts.append(Draft(customer, "subscription", day, [self._plan_line(day)], period))
        return drafts

    def _plan_line(self, day: date) -> tuple[str, int, int]:
        customer = self.customer
        plan = PLANS["solo" if "upgraded" in self.story and day < self._upgrade_day() else customer.plan]
        when = f"{day:%B %Y}" if customer.interval == "monthly" else f"{day.year}/{(day.year + 1) % 100:02d}"
        return f"{plan.name} plan, {when}", 1, plan.price_cents(customer.interval, customer.currency)

    def _upgrade_day(self) -> date:
        start, _ = current_period(self.customer, self.today)
        return add_months(start, -5) + timedelta(days=10)

    def _plan_change(self) -> list[Draft]:
        if "upgraded" not in self.story:
            return []
        day, currency = self._upgrade_day(), self.customer.currency
        start, end = day - timedelta(days=10), add_months(day - timedelta(days=10), 1)
        difference = PLANS["team"].monthly_cents[currency] - PLANS["solo"].monthly_cents[currency]
        cents = difference * (end - day).days // (end - start).days
        return [Draft(self.customer, "plan_change", day, [("Change from Solo to Team", 1, cents)], (day, end))]

    def _tell_story(self, renewals: list[Draft]) -> None:
        if not renewals:
            return
        if "duplicate_charge" in self.story:
            self._charge_twice_in_march(next(draft for draft in renewals if draft.day == MARCH_INVOICE_DAY))
        if "duplicate_recent" in self.story:
            self._charge_twice(renewals[-1], seconds=63)
        if "refunded" in self.story:
            self._charge_twice(renewals[-8], seconds=88)
            renewals[-8].refund_of_second_charge = True
        if "vat_id_missing" in self.story:
            for draft in renewals[-3:]:
                draft.is_without_vat_id = True
        if "disputed" in self.story:
            renewals[-1].charges = [self._charge(renewals[-1]) | {"is_disputed": 1}]
        if "failed_then_paid" in self.story:
            draft = renewals[-5]
            failed = self._charge(draft) | {"status": "failed", "failure": "insufficient_funds"}
            draft.charges = [failed, self._charge(draft, days_later=3)]
        if "past_due" in self.story:
            self._leave_open(renewals[-1])

    def _charge_twice_in_march(self, draft: Draft) -> None:
        first = self._charge(draft) | {"id": "ch_fN1", "at": _at(draft.day, 9, 14, 7)}
        draft.charges = [first, first | {"id": "ch_fNq", "at": _at(draft.day, 9, 14, 48)}]

    def _charge_twice(self, draft: Draft, *, seconds: int) -> None:
        first = self._charge(draft) | {"at": _at(draft.day, 7, 31, 5)}
        later = datetime.combine(draft.day, time(7, 31, 5), UTC) + timedelta(seconds=seconds)
        draft.charges = [first, first | {"id": self._id("ch"), "at": utc_text(later)}]

    def _leave_open(self, draft: Draft) -> None:
        draft.status = "open"
        draft.charges = [
            self._charge(draft, days_later=days) | {"status": "failed", "failure": "expired_card"}
            for days in (0, 3, 5, 7)
            if draft.day + timedelta(days=days) <= self.today
        ]

    def _orders(self) -> list[Draft]:
        drafts = []
        for word, item in _ORDER_STORIES.items():
            if word in self.story:
                drafts.append(self._order(word, item))
        return drafts

    def _order(self, word: str, item: str) -> Draft:
        days_ago = _ORDER_DAYS_AGO.get(word) or self.chance.randint(40, 300)
        day, add_on = self.today - timedelta(days=days_ago), ADD_ONS[item]
        draft = Draft(self.customer, "order", day, [(add_on.name, 1, add_on.cents[self.customer.currency])])
        shipped = add_business_days(day, 1) if add_on.is_shipped else None
        delivered = add_business_days(day, 4) if add_on.is_shipped else None
        status = "delivered"
        if word == "card_reader_waiting":
            # A reader is charged when its parcel leaves.
            status, shipped, delivered, draft.status = "processing", None, None, "open"
        if word == "card_reader_lost":
            status, delivered = "shipped", None
        draft.order = {
            "customer_id": customer_id(self.customer),
            "item": item,
            "quantity": 1,
            "status": status,
            "tracking": f"PX{self.chance.randrange(10**9, 10**10)}IE" if shipped else None,
            "ordered_at": _at(day, 10, 5),
            "shipped_at": _at(shipped, 15, 30) if shipped else None,
            "delivered_at": _at(delivered, 11, 20) if delivered else None,
        }
        return draft

    def _charge(self, draft: Draft, *, days_later: int = 0) -> Row:
        card: Card = self.customer.card or Card("visa", "0000", "IE")
        day = draft.day + timedelta(days=days_later)
        return {
            "id": self._id("ch"),
            "customer_id": customer_id(self.customer),
            "cents": draft.total_cents,
            "refunded_cents": 0,
            "currency": self.customer.currency,
            "status": "succeeded",
            "failure": None,
            "method_brand": card.brand,
            "method_last4": card.last4,
            "method_country": card.country,
            "is_disputed": 0,
            "at": _at(day, self.chance.randint(6, 9), self.chance.randint(0, 59), self.chance.randint(0, 59)),
        }

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{''.join(self.chance.choices(_LETTERS, k=10))}"


_ORDER_STORIES = {
    "card_reader": "tap",
    "card_reader_new": "tap",
    "card_reader_lost": "tap",
    "card_reader_waiting": "tap",
    "onboarding": "onboarding",
    "data_import": "data_import",
    "sms_pack": "sms",
    "e_invoice_pack": "e_invoices",
}
_ORDER_DAYS_AGO = {"card_reader_new": 10, "card_reader_lost": 16, "card_reader_waiting": 1}


def _write_invoices(db: Connection, drafts: list[Draft]) -> None:
    drafts.sort(key=lambda draft: (draft.day, draft.customer.key, draft.kind))
    numbered = _numbered(drafts)
    _insert_all(db, tables.invoices, [_invoice_row(draft, number) for number, draft in numbered])
    _insert_all(db, tables.invoice_lines, [row for number, draft in numbered for row in _line_rows(draft, number)])
    charges = [charge | {"invoice_number": number} for number, draft in numbered for charge in draft.charges]
    _insert_all(db, tables.charges, charges)
    _insert_all(db, tables.orders, _order_rows(numbered))
    for number, draft in numbered:
        if draft.refund_of_second_charge:
            _write_old_refund(db, draft, number)


def _numbered(drafts: list[Draft]) -> list[tuple[str, Draft]]:
    taken: dict[date, int] = {}
    numbered = []
    for draft in drafts:
        rank = taken[draft.day] = taken.get(draft.day, -1) + 1
        if rank >= NUMBERS_A_DAY:
            raise ValueError(f"More invoices fall on {draft.day} than there are numbers for; move a customer's start.")
        numbered.append((f"INV-{draft.day.year}-{first_number_of(draft.day) + rank:04d}", draft))
    return numbered


def _invoice_row(draft: Draft, number: str) -> Row:
    treatment = vat_for(draft.customer.country, draft.vat_id)
    return {
        "number": number,
        "customer_id": customer_id(draft.customer),
        "kind": draft.kind,
        "issued_on": draft.day.isoformat(),
        "supplied_on": draft.day.isoformat(),
        "period_start": draft.period[0].isoformat() if draft.period else None,
        "period_end": draft.period[1].isoformat() if draft.period else None,
        "currency": draft.customer.currency,
        "net_cents": draft.net_cents,
        "vat_rate": str(treatment.rate),
        "vat_cents": draft.total_cents - draft.net_cents,
        "total_cents": draft.total_cents,
        "status": draft.status,
        "vat_note": treatment.note,
        "customer_vat_id": draft.vat_id,
    }


def _line_rows(draft: Draft, number: str) -> list[Row]:
    return [
        {"invoice_number": number, "position": position, "description": text, "quantity": quantity, "unit_cents": cents}
        for position, (text, quantity, cents) in enumerate(draft.lines, start=1)
    ]


def _order_rows(numbered: list[tuple[str, Draft]]) -> list[Row]:
    rows: list[Row] = []
    of_year: dict[int, int] = {}
    for number, draft in numbered:
        if draft.order is not None:
            count = of_year[draft.day.year] = of_year.get(draft.day.year, 0) + 1
            rows.append({"id": f"OR-{draft.day.year}-{count * 37:04d}", "invoice_number": number, **draft.order})
    return rows


def _write_old_refund(db: Connection, draft: Draft, number: str) -> None:
    charge = draft.charges[1]
    day = draft.day + timedelta(days=1)
    soonest, latest = refund_business_days(charge["method_brand"], charge["method_country"])
    refund_id = f"re_{charge['id'].removeprefix('ch_')}"
    amount = {"cents": charge["cents"], "currency": charge["currency"]}
    db.execute(
        insert(tables.refunds).values(
            id=refund_id,
            charge_id=charge["id"],
            customer_id=charge["customer_id"],
            reason="duplicate",
            status="done",
            expected_from=add_business_days(day, soonest).isoformat(),
            expected_by=add_business_days(day, latest).isoformat(),
            created_at=_at(day, 9, 40),
            **amount,
        )
    )
    db.execute(
        tables.charges.update().where(tables.charges.c.id == charge["id"]).values(refunded_cents=charge["cents"])
    )
    note = {"number": f"CN-{day.year}-0042", "invoice_number": number, "refund_id": refund_id, "reason": "duplicate"}
    db.execute(insert(tables.credit_notes).values(**note, issued_on=day.isoformat(), **amount))


_TAKES_PAYMENTS_ONLINE = ("sofia", "claire", "fiona", "bram", "dwayne")


def _add_payouts(db: Connection, customer: Customer, today: date, chance: random.Random) -> None:
    if customer.key not in _TAKES_PAYMENTS_ONLINE:
        return
    rows: list[Row] = []
    day = today - timedelta(days=28)
    while day < today:
        day = add_business_days(day, 1)
        if (
            day < today
            and chance.random() < 0.5
            and not ("payout_delayed" in customer.story and (today - day).days < 3)
        ):
            rows.append(_payout(customer, len(rows), cents=chance.randint(80_00, 2400_00), day=day))
    if "payout_delayed" in customer.story:
        due = today - timedelta(days=1)
        rows.append(_payout(customer, len(rows), cents=1284_50, day=due, delayed_by="delayed_by_incident"))
    _insert_all(db, tables.payouts, rows)


def _payout(customer: Customer, index: int, *, cents: int, day: date, delayed_by: str | None = None) -> Row:
    return {
        "id": f"po_{customer.key}_{index + 1:02d}",
        "customer_id": customer_id(customer),
        "cents": cents,
        "currency": customer.currency,
        "status": "scheduled" if delayed_by else "sent",
        "reason": delayed_by,
        "scheduled_for": day.isoformat(),
        "sent_at": _at(day, 5, 30) if delayed_by is None else None,
    }


def _insert_all(db: Connection, table: Table, rows: list[Row]) -> None:
    if rows:
        db.execute(insert(table), rows)


def _at(day: date, hour: int, minute: int, second: int = 0) -> str:
    return utc_text(datetime.combine(day, time(hour, minute, second), UTC))
