"""Every route of the back office."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, HeaderParameter, RequestBody
from sqlalchemy import Connection, Table, select

from answerable_demo.back_office import incidents, invoicing, reading, refunding, subscribing
from answerable_demo.back_office import tables as t
from answerable_demo.back_office.calendar import utc_text
from answerable_demo.back_office.faults import Faults, FaultSwitch
from answerable_demo.back_office.once import Answer, once, rehearse, what_was_done
from answerable_demo.back_office.pdf import credit_note_pdf, invoice_pdf
from answerable_demo.back_office.refunding import Doing
from answerable_demo.back_office.shapes import (
    Cancellation,
    Catalogue,
    Charge,
    Component,
    CreditNote,
    Customer,
    Health,
    Incident,
    IncidentSubscription,
    Invoice,
    KeyRecord,
    Link,
    Mail,
    NewCancellation,
    NewIncident,
    NewIncidentSubscription,
    NewIncidentUpdate,
    NewMail,
    NewPlan,
    NewRefund,
    Nothing,
    Order,
    Payout,
    PlanChange,
    Refund,
    Reissued,
    Subscription,
    Usage,
)

Key = Annotated[str | None, HeaderParameter(name="Idempotency-Key", required=False)]
Result = TypeVar("Result", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every route needs."""

    database: t.Database
    clock: Callable[[], datetime]
    faults: FaultSwitch
    secret: bytes
    """What links are signed with."""

    def doing(self, key: str | None = None) -> Doing:
        """What is done now, under that key."""
        return Doing(self.clock(), key, self.secret)

    def act(
        self, request: str, key: str | None, kind: type[Result], work: Callable[[Connection, Doing], Result]
    ) -> Response[Result]:
        """Do it once, and say whether it was now or before."""
        doing = self.doing(key)
        return _response(once(self.database, request, doing, kind, lambda db: work(db, doing)))

    def try_out(self, work: Callable[[Connection, Doing], Result]) -> Response[Result]:
        """Say what would come of it."""
        doing = self.doing()
        return _response(rehearse(self.database, lambda db: work(db, doing)))


def _response(answer: Answer[Result]) -> Response[Result]:
    if answer.is_dry_run:
        return Response(answer.result, status_code=200, headers={"Dry-Run": "true"})
    return Response(answer.result, status_code=201, headers={"Idempotency-Replayed": str(answer.is_repeated).lower()})


def _request(path: str, body: msgspec.Struct) -> str:
    return f"POST {path}\n{msgspec.json.encode(body).decode()}"


def _pdf(content: bytes, name: str) -> Response[bytes]:
    disposition = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, media_type="application/pdf", headers=disposition)


# Reading.


@get("/health", sync_to_thread=True, opt={"exclude_from_auth": True}, tags=["Service"])
def health(desk: NamedDependency[Desk]) -> Health:
    """Whether it lives, and how it was filled."""
    with desk.database.read() as db:
        facts = {row.name: row.value for row in db.execute(select(t.facts))}
    return Health(status="ok", now=utc_text(desk.clock()), seed=int(facts["seed"]), seeded_on=facts["today"])


@get("/catalogue", sync_to_thread=False, tags=["Plans"])
def get_catalogue() -> Catalogue:
    """Plans and add-ons with their prices."""
    return reading.catalogue()


@get("/customers", sync_to_thread=True, tags=["Customers"])
def find_customers(desk: NamedDependency[Desk], email: FromQuery[str | None] = None) -> list[Customer]:
    """All customers, or the one with that e-mail address."""
    query = select(t.customers).order_by(t.customers.c.id)
    if email is not None:
        query = query.where(t.customers.c.email == email.strip().lower())
    with desk.database.read() as db:
        return [reading.customer(row) for row in db.execute(query)]


@get("/customers/{customer_id:str}", sync_to_thread=True, tags=["Customers"])
def get_customer(desk: NamedDependency[Desk], customer_id: FromPath[str]) -> Customer:
    """One customer."""
    with desk.database.read() as db:
        return reading.customer(reading.the_row(db, t.customers, customer_id, f"customer {customer_id}"))


@get("/customers/{customer_id:str}/subscription", sync_to_thread=True, tags=["Plans"])
def get_subscription_of(desk: NamedDependency[Desk], customer_id: FromPath[str]) -> Subscription:
    """The plan that a customer has."""
    with desk.database.read() as db:
        reading.the_row(db, t.customers, customer_id, f"customer {customer_id}")
        row = db.execute(select(t.subscriptions).where(t.subscriptions.c.customer_id == customer_id)).one()
        return reading.subscription(row)


@get("/customers/{customer_id:str}/usage", sync_to_thread=True, tags=["Customers"])
def get_usage_of(desk: NamedDependency[Desk], customer_id: FromPath[str]) -> Usage:
    """What a customer does with Ledgerly."""
    with desk.database.read() as db:
        reading.the_row(db, t.customers, customer_id, f"customer {customer_id}")
        day = db.execute(select(t.usage.c.last_finalised_on).where(t.usage.c.customer_id == customer_id)).scalar()
        return Usage(customer_id=customer_id, last_finalised_on=day)


@get("/orders", sync_to_thread=True, tags=["Orders"])
def find_orders(desk: NamedDependency[Desk], customer_id: FromQuery[str | None] = None) -> list[Order]:
    """Orders, newest first."""
    with desk.database.read() as db:
        return [reading.order(db, row) for row in _newest(db, t.orders, customer_id, "ordered_at")]


@get("/orders/{order_id:str}", sync_to_thread=True, tags=["Orders"])
def get_order(desk: NamedDependency[Desk], order_id: FromPath[str]) -> Order:
    """One order."""
    with desk.database.read() as db:
        return reading.order(db, reading.the_row(db, t.orders, order_id, f"order {order_id}"))


@get("/invoices", sync_to_thread=True, tags=["Invoices"])
def find_invoices(
    desk: NamedDependency[Desk], customer_id: FromQuery[str | None] = None, limit: FromQuery[int] = 50
) -> list[Invoice]:
    """Invoices, newest first."""
    with desk.database.read() as db:
        rows = _newest(db, t.invoices, customer_id, "number")[: max(0, min(limit, 500))]
        return [reading.invoice(db, row) for row in rows]


@get("/invoices/{number:str}", sync_to_thread=True, tags=["Invoices"])
def get_invoice(desk: NamedDependency[Desk], number: FromPath[str]) -> Invoice:
    """One invoice with its lines, charges and credit notes."""
    with desk.database.read() as db:
        return reading.invoice(db, reading.the_row(db, t.invoices, number, f"invoice {number}"))


@get("/invoices/{number:str}/pdf", sync_to_thread=True, tags=["Invoices"], media_type="application/pdf")
def get_invoice_pdf(desk: NamedDependency[Desk], number: FromPath[str]) -> Response[bytes]:
    """One invoice as a PDF."""
    with desk.database.read() as db:
        invoice = reading.invoice(db, reading.the_row(db, t.invoices, number, f"invoice {number}"))
        return _pdf(invoice_pdf(invoice, _customer_of(db, invoice.customer_id)), number)


@get("/credit-notes/{number:str}", sync_to_thread=True, tags=["Invoices"])
def get_credit_note(desk: NamedDependency[Desk], number: FromPath[str]) -> CreditNote:
    """One credit note."""
    with desk.database.read() as db:
        return reading.credit_note(db, reading.the_row(db, t.credit_notes, number, f"credit note {number}"))


@get("/credit-notes/{number:str}/pdf", sync_to_thread=True, tags=["Invoices"], media_type="application/pdf")
def get_credit_note_pdf(desk: NamedDependency[Desk], number: FromPath[str]) -> Response[bytes]:
    """One credit note as a PDF."""
    with desk.database.read() as db:
        note = reading.credit_note(db, reading.the_row(db, t.credit_notes, number, f"credit note {number}"))
        invoice = reading.the_row(db, t.invoices, note.invoice_number, "such invoice")
        return _pdf(credit_note_pdf(note, _customer_of(db, invoice.customer_id)), number)


@get("/files/{token:str}", sync_to_thread=True, tags=["Invoices"], opt={"exclude_from_auth": True})
def get_linked_file(desk: NamedDependency[Desk], token: FromPath[str]) -> Response[bytes]:
    """The PDF behind a link; needs no key, because the link is one."""
    with desk.database.read() as db:
        invoice = invoicing.linked_invoice(db, token, desk.doing())
        return _pdf(invoice_pdf(invoice, _customer_of(db, invoice.customer_id)), invoice.number)


@get("/charges", sync_to_thread=True, tags=["Charges and refunds"])
def find_charges(
    desk: NamedDependency[Desk],
    customer_id: FromQuery[str | None] = None,
    invoice: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
) -> list[Charge]:
    """Charges, newest first."""
    with desk.database.read() as db:
        rows = _newest(db, t.charges, customer_id, "at")
    fits = (row for row in rows if invoice in (None, row.invoice_number) and status in (None, row.status))
    return [reading.charge(row) for row in fits]


@get("/charges/{charge_id:str}", sync_to_thread=True, tags=["Charges and refunds"])
def get_charge(desk: NamedDependency[Desk], charge_id: FromPath[str]) -> Charge:
    """One charge, with what of it can still be refunded."""
    with desk.database.read() as db:
        return reading.charge(reading.the_row(db, t.charges, charge_id, f"charge {charge_id}"))


@get("/refunds", sync_to_thread=True, tags=["Charges and refunds"])
def find_refunds(
    desk: NamedDependency[Desk],
    customer_id: FromQuery[str | None] = None,
    charge_id: FromQuery[str | None] = None,
    idempotency_key: FromQuery[str | None] = None,
) -> list[Refund]:
    """Refunds, newest first."""
    with desk.database.read() as db:
        rows = _newest(db, t.refunds, customer_id, "created_at")
        fits = (
            row for row in rows if charge_id in (None, row.charge_id) and idempotency_key in (None, row.idempotency_key)
        )
        return [reading.refund(db, row, desk.clock()) for row in fits]


@get("/refunds/{refund_id:str}", sync_to_thread=True, tags=["Charges and refunds"])
def get_refund(desk: NamedDependency[Desk], refund_id: FromPath[str]) -> Refund:
    """One refund."""
    with desk.database.read() as db:
        row = reading.the_row(db, t.refunds, refund_id, f"refund {refund_id}")
        return reading.refund(db, row, desk.clock())


@get("/payouts", sync_to_thread=True, tags=["Payouts"])
def find_payouts(desk: NamedDependency[Desk], customer_id: FromQuery[str]) -> list[Payout]:
    """The payouts of a customer, newest first."""
    with desk.database.read() as db:
        return [reading.payout(row) for row in _newest(db, t.payouts, customer_id, "scheduled_for")]


@get("/mails", sync_to_thread=True, tags=["Service"])
def find_mails(desk: NamedDependency[Desk], customer_id: FromQuery[str | None] = None) -> list[Mail]:
    """The mails that were sent, newest first."""
    with desk.database.read() as db:
        return [reading.mail(row) for row in _newest(db, t.mails, customer_id, "at")]


@get("/mails/{mail_id:str}/attachment", sync_to_thread=True, tags=["Service"], media_type="application/pdf")
def get_attachment(desk: NamedDependency[Desk], mail_id: FromPath[str]) -> Response[bytes]:
    """The file that was sent with a mail."""
    with desk.database.read() as db:
        content, name = invoicing.sent_file(db, mail_id)
    return _pdf(content, name.removesuffix(".pdf"))


@get("/incidents", sync_to_thread=True, tags=["Incidents"])
def find_incidents(
    desk: NamedDependency[Desk], only_open: FromQuery[bool] = False, component: FromQuery[Component | None] = None
) -> list[Incident]:
    """Incidents, newest first."""
    with desk.database.read() as db:
        return incidents.find(db, only_open=only_open, component=component)


@get("/incidents/{incident_id:str}", sync_to_thread=True, tags=["Incidents"])
def get_incident(desk: NamedDependency[Desk], incident_id: FromPath[str]) -> Incident:
    """One incident with all that was said about it."""
    with desk.database.read() as db:
        return reading.incident(db, reading.the_row(db, t.incidents, incident_id, f"incident {incident_id}"))


@get("/idempotency-keys/{key:str}", sync_to_thread=True, tags=["Service"])
def get_idempotency_key(desk: NamedDependency[Desk], key: FromPath[str]) -> KeyRecord:
    """What was done under a key. After a time-out this tells whether it happened; 404 means that it did not."""
    with desk.database.read() as db:
        return what_was_done(db, key)


# Acting. Each needs an Idempotency-Key, except a dry run.


@post("/refunds", sync_to_thread=True, tags=["Charges and refunds"])
def add_refund(
    desk: NamedDependency[Desk],
    data: RequestBody[NewRefund],
    idempotency_key: Key = None,
    dry_run: FromQuery[bool] = False,
) -> Response[Refund]:
    """Give back a charge or a part of it."""

    def work(db: Connection, doing: Doing) -> Refund:
        return refunding.refund(db, data, doing)

    if dry_run:
        return desk.try_out(work)
    return desk.act(_request("/refunds", data), idempotency_key, Refund, work)


@post("/refunds/{refund_id:str}/cancel", sync_to_thread=True, tags=["Charges and refunds"])
def cancel_refund(
    desk: NamedDependency[Desk], refund_id: FromPath[str], idempotency_key: Key = None
) -> Response[Refund]:
    """Stop a refund that has not left yet."""
    request = _request(f"/refunds/{refund_id}/cancel", Nothing())
    return desk.act(request, idempotency_key, Refund, lambda db, doing: refunding.cancel(db, refund_id, doing))


@post("/subscriptions/{subscription_id:str}/change", sync_to_thread=True, tags=["Plans"])
def change_plan(
    desk: NamedDependency[Desk],
    subscription_id: FromPath[str],
    data: RequestBody[NewPlan],
    idempotency_key: Key = None,
    dry_run: FromQuery[bool] = False,
) -> Response[PlanChange]:
    """Change plan or interval; a bigger plan at once, a smaller one with the next period."""

    def work(db: Connection, doing: Doing) -> PlanChange:
        return subscribing.change_plan(db, subscription_id, data, doing)

    if dry_run:
        return desk.try_out(work)
    request = _request(f"/subscriptions/{subscription_id}/change", data)
    return desk.act(request, idempotency_key, PlanChange, work)


@post("/subscriptions/{subscription_id:str}/cancel", sync_to_thread=True, tags=["Plans"])
def cancel_subscription(
    desk: NamedDependency[Desk],
    subscription_id: FromPath[str],
    data: RequestBody[NewCancellation],
    idempotency_key: Key = None,
    dry_run: FromQuery[bool] = False,
) -> Response[Cancellation]:
    """Cancel with the end of the period; or withdraw, within the legal window."""

    def work(db: Connection, doing: Doing) -> Cancellation:
        return subscribing.cancel(db, subscription_id, data, doing)

    if dry_run:
        return desk.try_out(work)
    request = _request(f"/subscriptions/{subscription_id}/cancel", data)
    return desk.act(request, idempotency_key, Cancellation, work)


@post("/subscriptions/{subscription_id:str}/keep", sync_to_thread=True, tags=["Plans"])
def keep_subscription(
    desk: NamedDependency[Desk], subscription_id: FromPath[str], idempotency_key: Key = None
) -> Response[Subscription]:
    """Take a cancellation back, or a change of plan that has not started."""
    request = _request(f"/subscriptions/{subscription_id}/keep", Nothing())
    return desk.act(
        request, idempotency_key, Subscription, lambda db, doing: subscribing.keep(db, subscription_id, doing)
    )


@post("/subscriptions/{subscription_id:str}/resume", sync_to_thread=True, tags=["Plans"])
def resume_subscription(
    desk: NamedDependency[Desk], subscription_id: FromPath[str], idempotency_key: Key = None
) -> Response[Subscription]:
    """Take a cancellation back, up to the last day; a waiting change of plan is left alone."""
    request = _request(f"/subscriptions/{subscription_id}/resume", Nothing())
    return desk.act(
        request, idempotency_key, Subscription, lambda db, doing: subscribing.resume(db, subscription_id, doing)
    )


@post("/plan-changes/{change_id:str}/take-back", sync_to_thread=True, tags=["Plans"])
def take_back_plan_change(
    desk: NamedDependency[Desk], change_id: FromPath[str], idempotency_key: Key = None
) -> Response[Subscription]:
    """Undo a change of plan within 24 hours; what was charged for it is given back."""
    request = _request(f"/plan-changes/{change_id}/take-back", Nothing())
    return desk.act(
        request, idempotency_key, Subscription, lambda db, doing: subscribing.take_back_change(db, change_id, doing)
    )


@post("/orders/{order_id:str}/cancel", sync_to_thread=True, tags=["Orders"])
def cancel_order(desk: NamedDependency[Desk], order_id: FromPath[str], idempotency_key: Key = None) -> Response[Order]:
    """Cancel an order whose parcel has not left."""
    request = _request(f"/orders/{order_id}/cancel", Nothing())
    return desk.act(request, idempotency_key, Order, lambda db, _doing: invoicing.cancel_order(db, order_id))


@post("/invoices/{number:str}/send", sync_to_thread=True, tags=["Invoices"])
def send_invoice(
    desk: NamedDependency[Desk], number: FromPath[str], data: RequestBody[NewMail], idempotency_key: Key = None
) -> Response[Mail]:
    """Send an invoice to the customer's own address."""
    request = _request(f"/invoices/{number}/send", data)
    return desk.act(request, idempotency_key, Mail, lambda db, doing: invoicing.send(db, number, data, doing))


@post("/invoices/{number:str}/link", sync_to_thread=True, tags=["Invoices"])
def add_link(desk: NamedDependency[Desk], number: FromPath[str], idempotency_key: Key = None) -> Response[Link]:
    """A link to the PDF that works without a key for an hour."""
    request = _request(f"/invoices/{number}/link", Nothing())
    return desk.act(request, idempotency_key, Link, lambda db, doing: invoicing.link(db, number, doing))


@post("/invoices/{number:str}/reissue", sync_to_thread=True, tags=["Invoices"])
def reissue_invoice(
    desk: NamedDependency[Desk], number: FromPath[str], idempotency_key: Key = None, dry_run: FromQuery[bool] = False
) -> Response[Reissued]:
    """Write an invoice again with the customer's present VAT ID."""

    def work(db: Connection, doing: Doing) -> Reissued:
        return invoicing.reissue(db, number, doing)

    if dry_run:
        return desk.try_out(work)
    return desk.act(_request(f"/invoices/{number}/reissue", Nothing()), idempotency_key, Reissued, work)


@post("/incidents", sync_to_thread=True, tags=["Incidents"])
def open_incident(
    desk: NamedDependency[Desk], data: RequestBody[NewIncident], idempotency_key: Key = None
) -> Response[Incident]:
    """Say that something has stopped working."""
    request = _request("/incidents", data)
    return desk.act(request, idempotency_key, Incident, lambda db, doing: incidents.open_one(db, data, doing))


@post("/incidents/{incident_id:str}/updates", sync_to_thread=True, tags=["Incidents"])
def update_incident(
    desk: NamedDependency[Desk],
    incident_id: FromPath[str],
    data: RequestBody[NewIncidentUpdate],
    idempotency_key: Key = None,
) -> Response[Incident]:
    """Say how it goes on."""
    request = _request(f"/incidents/{incident_id}/updates", data)
    return desk.act(
        request, idempotency_key, Incident, lambda db, doing: incidents.add_update(db, incident_id, data, doing)
    )


@post("/incidents/{incident_id:str}/subscriptions", sync_to_thread=True, tags=["Incidents"])
def subscribe_to_incident(
    desk: NamedDependency[Desk],
    incident_id: FromPath[str],
    data: RequestBody[NewIncidentSubscription],
    idempotency_key: Key = None,
) -> Response[IncidentSubscription]:
    """Tell a customer about each change of an incident."""
    request = _request(f"/incidents/{incident_id}/subscriptions", data)

    def work(db: Connection, doing: Doing) -> IncidentSubscription:
        return incidents.subscribe(db, incident_id, data, doing)

    return desk.act(request, idempotency_key, IncidentSubscription, work)


@delete("/incident-subscriptions/{subscription_id:str}", sync_to_thread=True, tags=["Incidents"])
def unsubscribe_from_incident(desk: NamedDependency[Desk], subscription_id: FromPath[str]) -> None:
    """Stop telling them."""
    with desk.database.write() as db:
        incidents.unsubscribe(db, subscription_id)


# Faults on demand.


@get("/faults", sync_to_thread=False, tags=["Faults"])
def get_faults(desk: NamedDependency[Desk]) -> Faults:
    """The faults in force."""
    return desk.faults.faults


@put("/faults", sync_to_thread=False, tags=["Faults"])
def put_faults(desk: NamedDependency[Desk], data: RequestBody[Faults]) -> Faults:
    """Put faults in force, in place of all others; an empty list ends them."""
    desk.faults.put(data)
    return data


def _newest(db: Connection, table: Table, customer_id: str | None, by: str) -> list[reading.AnyRow]:
    where = [] if customer_id is None else [table.c.customer_id == customer_id]
    return list(reading.rows_of(db, table, *where, newest_by=by))


def _customer_of(db: Connection, customer_id: str) -> Customer:
    return reading.customer(reading.the_row(db, t.customers, customer_id, "such customer"))


ROUTES: list[HTTPRouteHandler] = [
    health,
    get_catalogue,
    find_customers,
    get_customer,
    get_subscription_of,
    get_usage_of,
    find_orders,
    get_order,
    find_invoices,
    get_invoice,
    get_invoice_pdf,
    get_credit_note,
    get_credit_note_pdf,
    get_linked_file,
    find_charges,
    get_charge,
    find_refunds,
    get_refund,
    find_payouts,
    find_mails,
    get_attachment,
    find_incidents,
    get_incident,
    get_idempotency_key,
    add_refund,
    cancel_refund,
    change_plan,
    cancel_subscription,
    keep_subscription,
    resume_subscription,
    take_back_plan_change,
    cancel_order,
    send_invoice,
    add_link,
    reissue_invoice,
    open_incident,
    update_incident,
    subscribe_to_incident,
    unsubscribe_from_incident,
    get_faults,
    put_faults,
]
