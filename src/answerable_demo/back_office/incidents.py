"""Incidents, and who wants to be told about them."""

from sqlalchemy import Connection, Integer, cast, delete, func, insert, select, update

from answerable_demo.back_office import reading
from answerable_demo.back_office import tables as t
from answerable_demo.back_office.calendar import utc_text
from answerable_demo.back_office.errors import conflict
from answerable_demo.back_office.ids import new_id
from answerable_demo.back_office.reading import AnyRow
from answerable_demo.back_office.refunding import Doing
from answerable_demo.back_office.shapes import (
    Incident,
    IncidentSubscription,
    NewIncident,
    NewIncidentSubscription,
    NewIncidentUpdate,
)


def find(db: Connection, *, only_open: bool, component: str | None) -> list[Incident]:
    """Incidents, newest first."""
    query = select(t.incidents).order_by(t.incidents.c.opened_at.desc())
    if only_open:
        query = query.where(t.incidents.c.state != "resolved")
    if component is not None:
        query = query.where(t.incidents.c.component == component)
    return [reading.incident(db, row) for row in db.execute(query).all()]


def open_one(db: Connection, wanted: NewIncident, doing: Doing) -> Incident:
    """Say that something has stopped working."""
    last = db.execute(select(func.max(cast(func.substr(t.incidents.c.id, 5), Integer)))).scalar() or 0
    incident_id = f"INC-{last + 1}"
    row = {"title": wanted.title, "component": wanted.component, "impact": wanted.impact}
    values = {"id": incident_id, "state": "investigating", "opened_at": utc_text(doing.now), **row}
    db.execute(insert(t.incidents).values(**values))
    _say(db, incident_id, "investigating", wanted.text, doing)
    return _incident(db, incident_id)


def add_update(db: Connection, incident_id: str, news: NewIncidentUpdate, doing: Doing) -> Incident:
    """Say how it goes on."""
    row = reading.the_row(db, t.incidents, incident_id, f"incident {incident_id}")
    if row.state == "resolved":
        raise conflict("already_resolved", f"Incident {incident_id} is over; open a new one.")
    resolved_at = utc_text(doing.now) if news.state == "resolved" else None
    db.execute(
        update(t.incidents).where(t.incidents.c.id == incident_id).values(state=news.state, resolved_at=resolved_at)
    )
    _say(db, incident_id, news.state, news.text, doing)
    _write_to_subscribers(db, row, news.state, doing)
    return _incident(db, incident_id)


def _write_to_subscribers(db: Connection, incident: AnyRow, state: str, doing: Doing) -> None:
    own = t.incident_subscriptions.c
    query = select(t.customers).join(t.incident_subscriptions, own.customer_id == t.customers.c.id)
    for customer in db.execute(query.where(own.incident_id == incident.id)).all():
        subject = f"{incident.id} {incident.title}: {state}"
        values = {"customer_id": customer.id, "address": customer.email, "subject": subject}
        db.execute(insert(t.mails).values(id=new_id("mail"), at=utc_text(doing.now), **values))


def subscribe(db: Connection, incident_id: str, wanted: NewIncidentSubscription, doing: Doing) -> IncidentSubscription:
    """Tell a customer about each change; a second time changes nothing."""
    incident = reading.the_row(db, t.incidents, incident_id, f"incident {incident_id}")
    reading.the_row(db, t.customers, wanted.customer_id, f"customer {wanted.customer_id}")
    if incident.state == "resolved":
        raise conflict("already_resolved", f"Incident {incident_id} is over.")
    there = (t.incident_subscriptions.c.incident_id == incident_id) & (
        t.incident_subscriptions.c.customer_id == wanted.customer_id
    )
    row = db.execute(select(t.incident_subscriptions).where(there)).one_or_none()
    if row is None:
        values = {"incident_id": incident_id, "customer_id": wanted.customer_id, "created_at": utc_text(doing.now)}
        db.execute(insert(t.incident_subscriptions).values(id=new_id("is"), **values))
        row = db.execute(select(t.incident_subscriptions).where(there)).one()
    return IncidentSubscription(**row._mapping)


def unsubscribe(db: Connection, subscription_id: str) -> None:
    """Stop telling them."""
    row = reading.the_row(db, t.incident_subscriptions, subscription_id, f"subscription {subscription_id}")
    db.execute(delete(t.incident_subscriptions).where(t.incident_subscriptions.c.id == row.id))


def _say(db: Connection, incident_id: str, state: str, text: str, doing: Doing) -> None:
    values = {"incident_id": incident_id, "state": state, "text": text, "at": utc_text(doing.now)}
    db.execute(insert(t.incident_updates).values(**values))


def _incident(db: Connection, incident_id: str) -> Incident:
    return reading.incident(db, reading.the_row(db, t.incidents, incident_id, f"incident {incident_id}"))
