"""Invoices and orders: finding them, and giving a customer the PDF of an invoice again."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal

import msgspec

from answerable.actions.declaring import Doing, Limits, Link, NotDone, action
from answerable_demo.back_office.shapes import Invoice, Mail, NewMail, Order
from answerable_demo.back_office.shapes import Link as SignedPath
from answerable_demo.back_office.shapes import Nothing as NoContent

from ._back_office import InvoiceNumber, Nothing, act, done_before, own_customer, read, words

NEWEST = 12
# Whoever names an invoice by its number may mean one of three years ago.
MOST = 36


class Invoices(msgspec.Struct, frozen=True):
    """What a customer has bought and what we have billed, newest first."""

    reference: str
    summary: str
    invoices: list[Invoice]
    orders: list[Order]


class ResendWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which invoice, and how it shall come."""

    invoice_number: InvoiceNumber
    by: Literal["email", "link"]
    """To the address on file, or as a link that works for an hour."""


class Resent(msgspec.Struct, frozen=True):
    """An invoice that its customer was given again."""

    reference: str
    summary: str
    by: Literal["email", "link"]
    address: str | None = None
    """The e-mail address that it went to."""
    link: Link | None = None
    """Where it can be opened."""
    summaries: dict[str, str] = {}
    """The summary in other languages."""


@action(effect="reads", identity="verified")
async def find_invoices(doing: Doing, wanted: Nothing) -> Invoices:
    """Lists the customer's newest invoices and orders, with what is paid, open or credited and where parcels are."""
    customer = await own_customer(doing)
    invoices = await read(doing, "/invoices", list[Invoice], customer_id=customer.id, limit=str(MOST))
    orders = (await read(doing, "/orders", list[Order], customer_id=customer.id))[:NEWEST]
    told = [f"{each.number} of {each.issued_on} over {words(each.total)} ({each.status})" for each in invoices[:NEWEST]]
    told += [f"order {each.id}, {each.name} ({each.status})" for each in orders]
    summary = f"The newest invoices and orders: {'; '.join(told)}." if told else "There are no invoices and no orders."
    return Invoices(customer.id, summary, invoices, orders)


async def facts_about(doing: Doing, wanted: ResendWanted) -> Mapping[str, Any]:
    """What the clauses about sending invoices need to know."""
    customer = await own_customer(doing)
    invoice = await _own_invoice(doing, customer.id, wanted.invoice_number)
    return {"by": wanted.by, "status": invoice.status, "is_own_invoice": True}


async def resent(doing: Doing, wanted: ResendWanted) -> Resent | None:
    """What came of an earlier request under the same key."""
    if wanted.by == "email":
        mail = await done_before(doing, Mail)
        return _mailed(wanted, mail) if mail is not None else None
    link = await done_before(doing, SignedPath)
    return _linked(doing, wanted, link) if link is not None else None


def imagined(doing: Doing, wanted: ResendWanted) -> Mapping[str, Any]:
    """What a replay is told."""
    summary = f"Invoice {wanted.invoice_number} would be given by {wanted.by}."
    return {"reference": "mail_simulated", "summary": summary, "by": wanted.by}


@action(
    effect="writes",
    identity="verified",
    limits=Limits(calls_per_customer_a_day=10, calls_per_day=1000),
    facts=facts_about,
    look_up=resent,
    simulate=imagined,
    timeout_seconds=15.0,
    # Whoever asks again after that has not found it.
    repeats_within=timedelta(minutes=10),
    asks={
        "en": "Send the invoice {invoice_number} again by {by}",
        "de": "Die Rechnung {invoice_number} noch einmal senden ({by})",
        "es": "Volver a enviar la factura {invoice_number} ({by})",
        "fr": "Renvoyer la facture {invoice_number} ({by})",
    },
)
async def resend_invoice(doing: Doing, wanted: ResendWanted) -> Resent:
    """Gives the customer the PDF of one invoice again: by e-mail to the address on file, or by a short-lived link."""
    customer = await own_customer(doing)
    invoice = await _own_invoice(doing, customer.id, wanted.invoice_number)
    if wanted.by == "email":
        return _mailed(wanted, await act(doing, f"/invoices/{invoice.number}/send", Mail, NewMail()))
    return _linked(doing, wanted, await act(doing, f"/invoices/{invoice.number}/link", SignedPath, NoContent()))


async def _own_invoice(doing: Doing, customer_id: str, number: str) -> Invoice:
    invoice = await read(doing, f"/invoices/{number}", Invoice)
    if invoice.customer_id != customer_id:
        # As the back office says it of one that does not exist.
        raise NotDone(f"There is no invoice {number}.")
    return invoice


def _mailed(wanted: ResendWanted, mail: Mail) -> Resent:
    number, address = wanted.invoice_number, mail.address
    summaries = {
        "de": f"Die Rechnung {number} wurde als PDF per E-Mail an {address} geschickt.",
        "es": f"La factura {number} se ha enviado en PDF por correo a {address}.",
        "fr": f"La facture {number} a été envoyée en PDF par e-mail à {address}.",
    }
    summary = f"The PDF of invoice {number} was sent by e-mail to {address}."
    return Resent(mail.id, summary, "email", address=address, summaries=summaries)


def _linked(doing: Doing, wanted: ResendWanted, link: SignedPath) -> Resent:
    # Customers may reach the back office under another address than we do.
    base = doing.settings.get("back_office_public_url") or doing.settings["back_office_url"]
    address = f"{base.rstrip('/')}{link.path}"
    until = link.expires_at.replace("T", " ").replace("Z", " UTC")
    number = wanted.invoice_number
    summaries = {
        "de": f"Das PDF der Rechnung {number} lässt sich bis {until} hier öffnen: {address}",
        "es": f"El PDF de la factura {number} se puede abrir hasta el {until} aquí: {address}",
        "fr": f"Le PDF de la facture {number} peut être ouvert jusqu'au {until} ici : {address}",
    }
    summary = f"The PDF of invoice {number} can be opened until {until} at {address}"
    return Resent(number, summary, "link", link=address, summaries=summaries)
