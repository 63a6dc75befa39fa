"""Giving money back: never more than was taken, never in another currency."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Integer, cast, func, insert, select, update

from answerable_demo.back_office import reading
from answerable_demo.back_office import tables as t
from answerable_demo.back_office.calendar import add_business_days, utc_text
from answerable_demo.back_office.catalogue import refund_business_days
from answerable_demo.back_office.errors import conflict, invalid, not_found
from answerable_demo.back_office.ids import new_id
from answerable_demo.back_office.money import cents_of, money
from answerable_demo.back_office.reading import AnyRow
from answerable_demo.back_office.shapes import NewRefund, Refund

# Two charges of the same amount for one invoice this close together are one too many.
DUPLICATE_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Doing:
    """When something is done, and under which key."""

    now: datetime
    key: str | None
    secret: bytes = b""
    """What links are signed with."""


def refund(db: Connection, wanted: NewRefund, doing: Doing) -> Refund:
    """Give back a charge or a part of it, with its credit note."""
    charge = reading.the_row(db, t.charges, wanted.charge_id, f"charge {wanted.charge_id}")
    if wanted.customer_id is not None and wanted.customer_id != charge.customer_id:
        raise not_found(f"charge {wanted.charge_id}")
    left = charge.cents - charge.refunded_cents
    cents = left if wanted.amount is None else cents_of(wanted.amount)
    _refuse_what_cannot_be(charge, wanted, cents, left)
    if wanted.reason == "duplicate" and not _is_duplicate(db, charge):
        raise conflict("not_a_duplicate", f"No other charge that we kept is for the same as charge {charge.id}.")
    return give_back(db, charge, cents, wanted.reason, doing, note=wanted.note)


def _refuse_what_cannot_be(charge: AnyRow, wanted: NewRefund, cents: int, left: int) -> None:
    if charge.status != "succeeded":
        raise conflict("charge_failed", f"Charge {charge.id} did not succeed: there is nothing to give back.")
    if charge.is_disputed:
        raise conflict("charge_disputed", f"The bank is deciding on a dispute about charge {charge.id}.")
    if wanted.amount is not None and wanted.amount.currency != charge.currency:
        raise invalid("currency_mismatch", f"Charge {charge.id} is in {charge.currency}.")
    if left == 0:
        raise conflict("already_refunded", f"Charge {charge.id} has been refunded in full.")
    if cents == 0:
        raise invalid("nothing_to_refund", "A refund is at least 0.01.")
    if cents > left:
        rest = money(left, charge.currency)
        raise conflict("too_much", f"At most {rest.amount} {rest.currency} of charge {charge.id} can be refunded.")


def _is_duplicate(db: Connection, charge: AnyRow) -> bool:
    """Whether another charge for the same invoice and amount is kept whole: of two, only one is given back."""
    own, at = t.charges.c, datetime.fromisoformat(charge.at)
    same = (own.invoice_number == charge.invoice_number) & (own.cents == charge.cents) & (own.id != charge.id)
    kept = (own.status == "succeeded") & (own.refunded_cents == 0) & (own.is_disputed == 0)
    others = reading.rows_of(db, t.charges, same & kept)
    return any(abs(datetime.fromisoformat(other.at) - at) <= DUPLICATE_WITHIN for other in others)


def cancel(db: Connection, refund_id: str, doing: Doing) -> Refund:
    """Stop a refund that has not left yet: the charge is as it was, and the credit note is void."""
    row = reading.the_row(db, t.refunds, refund_id, f"refund {refund_id}")
    if row.status == "cancelled":
        raise conflict("already_cancelled", f"Refund {refund_id} has been cancelled already.")
    if doing.now >= reading.leaves_at(row):
        raise conflict("already_left", f"Refund {refund_id} is with the bank and cannot be cancelled any more.")
    db.execute(update(t.refunds).where(t.refunds.c.id == refund_id).values(status="cancelled"))
    left = t.charges.c.refunded_cents - row.cents
    db.execute(update(t.charges).where(t.charges.c.id == row.charge_id).values(refunded_cents=left))
    return reading.refund(db, reading.the_row(db, t.refunds, refund_id, "such refund"), doing.now)


def give_back(
    db: Connection, charge: AnyRow, cents: int, reason: str, doing: Doing, *, note: str | None = None
) -> Refund:
    """Write the refund and its credit note. The caller has made sure that the charge has so much left."""
    soonest, latest = refund_business_days(charge.method_brand, charge.method_country)
    today, refund_id = doing.now.date(), new_id("re")
    amount = {"cents": cents, "currency": charge.currency, "reason": reason}
    db.execute(
        insert(t.refunds).values(
            id=refund_id,
            charge_id=charge.id,
            customer_id=charge.customer_id,
            note=note,
            status="on_its_way",
            idempotency_key=doing.key,
            expected_from=add_business_days(today, soonest).isoformat(),
            expected_by=add_business_days(today, latest).isoformat(),
            created_at=utc_text(doing.now),
            **amount,
        )
    )
    taken = t.charges.c.refunded_cents + cents
    db.execute(update(t.charges).where(t.charges.c.id == charge.id).values(refunded_cents=taken))
    add_credit_note(db, charge.invoice_number, doing, refund_id=refund_id, **amount)
    return reading.refund(db, reading.the_row(db, t.refunds, refund_id, "such refund"), doing.now)


def add_credit_note(
    db: Connection,
    invoice_number: str,
    doing: Doing,
    *,
    refund_id: str | None,
    cents: int,
    currency: str,
    reason: str,
) -> str:
    """Write a credit note under the next number of its own sequence."""
    number = next_number(db, "CN", doing.now.year)
    db.execute(
        insert(t.credit_notes).values(
            number=number,
            invoice_number=invoice_number,
            refund_id=refund_id,
            cents=cents,
            currency=currency,
            reason=reason,
            issued_on=doing.now.date().isoformat(),
        )
    )
    return number


def next_number(db: Connection, prefix: str, year: int) -> str:
    """The number after the highest one of that year."""
    column = t.credit_notes.c.number if prefix == "CN" else t.invoices.c.number
    start = f"{prefix}-{year}-"
    digits = cast(func.substr(column, len(start) + 1), Integer)
    last = db.execute(select(func.max(digits)).where(column.startswith(start, autoescape=True))).scalar()
    return f"{start}{(last or 0) + 1:04d}"
