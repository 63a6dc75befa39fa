"""Writing invoices, putting one right, and sending it to its customer."""

import hashlib
import hmac
import secrets
from datetime import date, timedelta

from sqlalchemy import Connection, insert, select, update

from answerable_demo.back_office import reading
from answerable_demo.back_office import tables as t
from answerable_demo.back_office.calendar import add_months, utc_text
from answerable_demo.back_office.catalogue import vat_for
from answerable_demo.back_office.errors import conflict, not_found
from answerable_demo.back_office.ids import new_id
from answerable_demo.back_office.pdf import credit_note_pdf, invoice_pdf
from answerable_demo.back_office.reading import AnyRow
from answerable_demo.back_office.refunding import Doing, add_credit_note, give_back, next_number
from answerable_demo.back_office.shapes import Invoice, Link, Mail, NewMail, Order, Refund, Reissued

LINK_WORKS = timedelta(hours=1)
SECONDS_DIGITS_MAX = 12


def bill_plan_change(
    db: Connection, customer: AnyRow, doing: Doing, *, text: str, net_cents: int, period: tuple[date, date]
) -> str:
    """Write an invoice over the difference, charge it at once, and give its number."""
    if customer.method_brand is None:
        raise conflict("no_payment_method", "There is no card or bank account that the difference could be charged to.")
    treatment = vat_for(customer.country, customer.vat_id)
    number, today = next_number(db, "INV", doing.now.year), doing.now.date().isoformat()
    total = net_cents + treatment.vat_cents(net_cents)
    db.execute(
        insert(t.invoices).values(
            number=number,
            customer_id=customer.id,
            kind="plan_change",
            issued_on=today,
            supplied_on=today,
            period_start=period[0].isoformat(),
            period_end=period[1].isoformat(),
            currency=customer.currency,
            net_cents=net_cents,
            vat_rate=str(treatment.rate),
            vat_cents=total - net_cents,
            total_cents=total,
            status="paid",
            vat_note=treatment.note,
            customer_vat_id=customer.vat_id,
        )
    )
    line = {"position": 1, "description": text, "quantity": 1, "unit_cents": net_cents}
    db.execute(insert(t.invoice_lines).values(invoice_number=number, **line))
    db.execute(
        insert(t.charges).values(
            id=new_id("ch"),
            invoice_number=number,
            customer_id=customer.id,
            cents=total,
            currency=customer.currency,
            status="succeeded",
            method_brand=customer.method_brand,
            method_last4=customer.method_last4,
            method_country=customer.method_country,
            at=utc_text(doing.now),
        )
    )
    return number


def reissue(db: Connection, number: str, doing: Doing) -> Reissued:
    """Take an invoice back and write it again with the customer's present VAT ID; VAT not due is refunded."""
    old = reading.the_row(db, t.invoices, number, f"invoice {number}")
    customer = reading.the_row(db, t.customers, old.customer_id, "such customer")
    treatment = vat_for(customer.country, customer.vat_id)
    _refuse_to_reissue(old, customer, doing)
    new_number = next_number(db, "INV", doing.now.year)
    vat_cents = treatment.vat_cents(old.net_cents)
    values = dict(old._mapping) | {
        "number": new_number,
        "replaces": number,
        "issued_on": doing.now.date().isoformat(),
        "vat_rate": str(treatment.rate),
        "vat_cents": vat_cents,
        "total_cents": old.net_cents + vat_cents,
        "vat_note": treatment.note,
        "customer_vat_id": customer.vat_id,
    }
    db.execute(insert(t.invoices).values(**values))
    for line in reading.rows_of(db, t.invoice_lines, t.invoice_lines.c.invoice_number == number):
        db.execute(insert(t.invoice_lines).values(**dict(line._mapping) | {"invoice_number": new_number}))
    db.execute(update(t.invoices).where(t.invoices.c.number == number).values(status="credited"))
    refund = _refund_vat(db, number, old.total_cents - old.net_cents - vat_cents, doing)
    note = _note_over(db, number, old, refund, doing)
    new = reading.the_row(db, t.invoices, new_number, "such invoice")
    return Reissued(
        invoice=reading.invoice(db, new),
        credit_note=reading.credit_note(db, reading.the_row(db, t.credit_notes, note, "such credit note")),
        refund=refund,
    )


def _refuse_to_reissue(old: AnyRow, customer: AnyRow, doing: Doing) -> None:
    if old.status != "paid":
        raise conflict("not_paid", f"Invoice {old.number} is {old.status}; only a paid invoice can be reissued.")
    if old.issued_on < add_months(doing.now.date(), -12).isoformat():
        raise conflict("too_old", f"Invoice {old.number} is older than 12 months.")
    if old.customer_vat_id == customer.vat_id:
        raise conflict("nothing_to_correct", f"Invoice {old.number} already shows the customer's present VAT ID.")


def _refund_vat(db: Connection, number: str, cents: int, doing: Doing) -> Refund | None:
    paid = select(t.charges).where(t.charges.c.invoice_number == number, t.charges.c.status == "succeeded")
    charge = db.execute(paid.order_by(t.charges.c.at)).first()
    if charge is None or cents <= 0 or charge.is_disputed or charge.cents - charge.refunded_cents < cents:
        return None
    return give_back(db, charge, cents, "vat_correction", doing)


def _note_over(db: Connection, number: str, old: AnyRow, refund: Refund | None, doing: Doing) -> str:
    """The credit note of the refund covers the VAT; a second one covers the rest, so that the old invoice is nought."""
    notes = reading.rows_of(db, t.credit_notes, t.credit_notes.c.invoice_number == number)
    already = sum(row.cents for row in notes if not reading.credit_note(db, row).is_void)
    rest = old.total_cents - already
    if rest <= 0:
        return (refund.credit_note if refund else None) or ""
    return add_credit_note(
        db, number, doing, refund_id=None, cents=rest, currency=old.currency, reason="vat_correction"
    )


def send(db: Connection, number: str, wanted: NewMail, doing: Doing) -> Mail:
    """Send an invoice (or its newest credit note) to the customer's own address, and to no other."""
    invoice = reading.the_row(db, t.invoices, number, f"invoice {number}")
    customer = reading.the_row(db, t.customers, invoice.customer_id, "such customer")
    known = reading.customer(customer)
    what, attachment = f"Invoice {number}", f"{number}.pdf"
    pdf = invoice_pdf(reading.invoice(db, invoice), known)
    if wanted.credit_note:
        notes = reading.rows_of(db, t.credit_notes, t.credit_notes.c.invoice_number == number, newest_by="number")
        if not notes:
            raise not_found(f"credit note for invoice {number}")
        what, attachment = f"Credit note {notes[0].number} for invoice {number}", f"{notes[0].number}.pdf"
        pdf = credit_note_pdf(reading.credit_note(db, notes[0]), known)
    mail_id = new_id("mail")
    db.execute(
        insert(t.mails).values(
            id=mail_id,
            customer_id=customer.id,
            address=customer.email,
            subject=what,
            attachment=attachment,
            at=utc_text(doing.now),
        )
    )
    db.execute(insert(t.mail_files).values(mail_id=mail_id, content=pdf))
    return reading.mail(reading.the_row(db, t.mails, mail_id, "such mail"))


def sent_file(db: Connection, mail_id: str) -> tuple[bytes, str]:
    """What was attached to a mail, and its name."""
    mail = reading.the_row(db, t.mails, mail_id, f"mail {mail_id}")
    return reading.the_row(db, t.mail_files, mail_id, f"attachment of mail {mail_id}").content, mail.attachment


def link(db: Connection, number: str, doing: Doing) -> Link:
    """An address for one PDF that works without a key, for an hour."""
    reading.the_row(db, t.invoices, number, f"invoice {number}")
    expires = doing.now + LINK_WORKS
    seconds = int(expires.timestamp())
    token = f"{number}.{seconds}.{_signature(number, seconds, doing)}"
    return Link(path=f"/files/{token}", expires_at=utc_text(expires))


def linked_invoice(db: Connection, token: str, doing: Doing) -> Invoice:
    """The invoice of a link that we have signed and that has not expired."""
    number, _, rest = token.partition(".")
    seconds, _, signature = rest.partition(".")
    is_number = seconds.isascii() and seconds.isdigit() and len(seconds) <= SECONDS_DIGITS_MAX
    if (
        not is_number
        or not secrets.compare_digest(signature.encode(), _signature(number, int(seconds), doing).encode())
        or int(seconds) < doing.now.timestamp()
    ):
        raise not_found("such file, or the link has expired")
    return reading.invoice(db, reading.the_row(db, t.invoices, number, f"invoice {number}"))


def _signature(number: str, seconds: int, doing: Doing) -> str:
    return hmac.new(doing.secret, f"invoice {number} until {seconds}".encode(), hashlib.sha256).hexdigest()


def cancel_order(db: Connection, order_id: str) -> Order:
    """Cancel an order whose parcel has not left; nothing has been charged for it yet."""
    order = reading.the_row(db, t.orders, order_id, f"order {order_id}")
    if order.status != "processing":
        raise conflict("already_shipped", f"Order {order_id} is {order.status} and cannot be cancelled any more.")
    db.execute(update(t.orders).where(t.orders.c.id == order_id).values(status="cancelled"))
    db.execute(update(t.invoices).where(t.invoices.c.number == order.invoice_number).values(status="void"))
    return reading.order(db, reading.the_row(db, t.orders, order_id, "such order"))
