"""Rows of the database as the shapes of the API."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from answerable_demo.back_office import tables as t
from answerable_demo.back_office.calendar import utc_text
from answerable_demo.back_office.catalogue import ADD_ONS, PLANS
from answerable_demo.back_office.errors import not_found
from answerable_demo.back_office.money import money
from answerable_demo.back_office.shapes import (
    AddOn,
    Address,
    Catalogue,
    Charge,
    CreditNote,
    Customer,
    Incident,
    IncidentUpdate,
    Invoice,
    InvoiceLine,
    Mail,
    Order,
    PaymentMethod,
    Payout,
    Plan,
    PlanPrice,
    Refund,
    Subscription,
)
from answerable_demo.cast import Interval

WITHDRAWAL_DAYS = 14
# The bank fetches refunds twice an hour; until then one can be stopped.
REFUND_WAITS = timedelta(minutes=30)
INTERVALS: tuple[Interval, ...] = ("monthly", "yearly")

AnyRow = Row[Any]


def the_row(db: Connection, table: Table, key: str, what: str) -> AnyRow:
    """The row with that primary key, or the refusal that there is none."""
    column = next(iter(table.primary_key.columns))
    row = db.execute(select(table).where(column == key)).one_or_none()
    if row is None:
        raise not_found(what)
    return row


def rows_of(
    db: Connection, table: Table, *where: ColumnElement[bool], newest_by: str | None = None
) -> Sequence[AnyRow]:
    """The rows that fit, newest first if a column for it is named."""
    query = select(table).where(*where)
    return db.execute(query.order_by(table.c[newest_by].desc()) if newest_by else query).all()


def catalogue() -> Catalogue:
    """Everything that is sold."""
    plans = [
        Plan(
            code=plan.code,
            name=plan.name,
            seats=plan.seats,
            prices=[
                PlanPrice(interval=interval, price=money(plan.price_cents(interval, currency), currency))
                for interval in INTERVALS
                for currency in plan.monthly_cents
            ],
            retired_on=plan.retired_on.isoformat() if plan.retired_on else None,
        )
        for plan in PLANS.values()
    ]
    add_ons = [
        AddOn(
            code=item.code,
            name=item.name,
            prices=[money(cents, currency) for currency, cents in item.cents.items()],
            is_shipped=item.is_shipped,
        )
        for item in ADD_ONS.values()
    ]
    return Catalogue(plans=plans, add_ons=add_ons)


def customer(row: AnyRow) -> Customer:
    """A customer."""
    has_method = row.method_brand is not None
    return Customer(
        id=row.id,
        name=row.name,
        email=row.email,
        company=row.company,
        address=Address(street=row.street, postcode=row.postcode, city=row.city, country=row.country),
        locale=row.locale,
        currency=row.currency,
        vat_id=row.vat_id,
        payment_method=payment_method(row) if has_method else None,
        created_at=row.created_at,
    )


def payment_method(row: AnyRow) -> PaymentMethod:
    """The card or account on a customer or a charge."""
    return PaymentMethod(brand=row.method_brand, last4=row.method_last4, country=row.method_country)


def subscription(row: AnyRow) -> Subscription:
    """The plan that a customer has."""
    plan = PLANS[row.plan]
    return Subscription(
        id=row.id,
        customer_id=row.customer_id,
        plan=row.plan,
        interval=row.interval,
        price=money(plan.price_cents(row.interval, row.currency), row.currency),
        status=row.status,
        seats_used=row.seats_used,
        seats_included=plan.seats,
        started_on=row.started_on,
        period_start=row.period_start,
        period_end=row.period_end,
        can_withdraw_until=(date.fromisoformat(row.started_on) + timedelta(days=WITHDRAWAL_DAYS)).isoformat(),
        cancels_on=row.cancels_on,
        next_plan=row.next_plan,
        next_interval=row.next_interval,
    )


def order(db: Connection, row: AnyRow) -> Order:
    """Something bought once."""
    bill = the_row(db, t.invoices, row.invoice_number, "such invoice")
    return Order(
        id=row.id,
        customer_id=row.customer_id,
        item=row.item,
        name=ADD_ONS[row.item].name,
        quantity=row.quantity,
        total=money(bill.total_cents, bill.currency),
        status=row.status,
        tracking=row.tracking,
        invoice_number=row.invoice_number,
        ordered_at=row.ordered_at,
        shipped_at=row.shipped_at,
        delivered_at=row.delivered_at,
    )


def charge(row: AnyRow) -> Charge:
    """One attempt to take money."""
    refundable = row.cents - row.refunded_cents if row.status == "succeeded" and not row.is_disputed else 0
    return Charge(
        id=row.id,
        invoice_number=row.invoice_number,
        customer_id=row.customer_id,
        amount=money(row.cents, row.currency),
        refunded=money(row.refunded_cents, row.currency),
        refundable=money(refundable, row.currency),
        status=row.status,
        failure=row.failure,
        payment_method=payment_method(row),
        is_disputed=bool(row.is_disputed),
        at=row.at,
    )


def credit_note(db: Connection, row: AnyRow) -> CreditNote:
    """What takes an invoice back, whole or in part."""
    status = db.execute(select(t.refunds.c.status).where(t.refunds.c.id == row.refund_id)).scalar()
    return CreditNote(
        number=row.number,
        invoice_number=row.invoice_number,
        refund_id=row.refund_id,
        amount=money(row.cents, row.currency),
        reason=row.reason,
        issued_on=row.issued_on,
        is_void=status == "cancelled",
    )


def invoice(db: Connection, row: AnyRow) -> Invoice:
    """An invoice with its lines, charges and credit notes."""
    lines = db.execute(
        select(t.invoice_lines)
        .where(t.invoice_lines.c.invoice_number == row.number)
        .order_by(t.invoice_lines.c.position)
    )
    charges = db.execute(select(t.charges).where(t.charges.c.invoice_number == row.number).order_by(t.charges.c.at))
    notes = rows_of(db, t.credit_notes, t.credit_notes.c.invoice_number == row.number)
    replaced_by = db.execute(select(t.invoices.c.number).where(t.invoices.c.replaces == row.number)).scalar()
    return Invoice(
        number=row.number,
        customer_id=row.customer_id,
        kind=row.kind,
        status=row.status,
        issued_on=row.issued_on,
        supplied_on=row.supplied_on,
        period_start=row.period_start,
        period_end=row.period_end,
        lines=[
            InvoiceLine(
                description=line.description,
                quantity=line.quantity,
                unit_price=money(line.unit_cents, row.currency),
            )
            for line in lines
        ],
        net=money(row.net_cents, row.currency),
        vat_rate=row.vat_rate,
        vat=money(row.vat_cents, row.currency),
        total=money(row.total_cents, row.currency),
        vat_note=row.vat_note,
        customer_vat_id=row.customer_vat_id,
        charges=[charge(each) for each in charges],
        credit_notes=[credit_note(db, each) for each in notes],
        replaces=row.replaces,
        replaced_by=replaced_by,
    )


def leaves_at(row: AnyRow) -> datetime:
    """When a refund goes to the bank."""
    return datetime.fromisoformat(row.created_at) + REFUND_WAITS


def refund(db: Connection, row: AnyRow, now: datetime) -> Refund:
    """Money given back; it counts as done once the last day on which it was expected has passed."""
    paid = the_row(db, t.charges, row.charge_id, "such charge")
    note = db.execute(select(t.credit_notes.c.number).where(t.credit_notes.c.refund_id == row.id)).scalar()
    has_arrived = row.status == "done" or now.date().isoformat() > row.expected_by
    return Refund(
        id=row.id,
        charge_id=row.charge_id,
        invoice_number=paid.invoice_number,
        customer_id=row.customer_id,
        amount=money(row.cents, row.currency),
        reason=row.reason,
        note=row.note,
        status="cancelled" if row.status == "cancelled" else "done" if has_arrived else "on_its_way",
        payment_method=payment_method(paid),
        credit_note=note,
        expected_from=row.expected_from,
        expected_by=row.expected_by,
        leaves_at=utc_text(leaves_at(row)),
        idempotency_key=row.idempotency_key,
        created_at=row.created_at,
    )


def payout(row: AnyRow) -> Payout:
    """Money on its way to a customer's bank."""
    return Payout(
        id=row.id,
        customer_id=row.customer_id,
        amount=money(row.cents, row.currency),
        status=row.status,
        reason=row.reason,
        scheduled_for=row.scheduled_for,
        sent_at=row.sent_at,
    )


def incident(db: Connection, row: AnyRow) -> Incident:
    """An incident with all that was said about it, the oldest first."""
    updates = db.execute(
        select(t.incident_updates).where(t.incident_updates.c.incident_id == row.id).order_by(t.incident_updates.c.id)
    )
    return Incident(
        id=row.id,
        title=row.title,
        component=row.component,
        impact=row.impact,
        state=row.state,
        opened_at=row.opened_at,
        resolved_at=row.resolved_at,
        updates=[IncidentUpdate(state=each.state, text=each.text, at=each.at) for each in updates],
    )


def mail(row: AnyRow) -> Mail:
    """A mail that was sent."""
    return Mail(
        id=row.id,
        customer_id=row.customer_id,
        address=row.address,
        subject=row.subject,
        attachment=row.attachment,
        at=row.at,
    )
