"""Incidents: what does not work at the moment, and being told how it goes on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from answerable.actions.declaring import Doing, Limits, action
from answerable_demo.back_office.shapes import Component, Incident, IncidentSubscription, NewIncidentSubscription

from ._back_office import act, clock_of, done_before, own_customer, read, take_away

IncidentId = Annotated[str, msgspec.Meta(pattern=r"^INC-[0-9]{1,6}$", description="As find_incidents gives it.")]
# What was over before is of no use to somebody who asks why something does not work now.
RECENT = timedelta(days=2)


class IncidentsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which incidents."""

    component: Component | None = None
    """Only those of this part of Ledgerly; of every part if it is null."""


class Incidents(msgspec.Struct, frozen=True):
    """Incidents that are open or were over a short while ago, newest first."""

    reference: str
    summary: str
    is_anything_open: bool
    incidents: list[Incident]


class SubscriptionWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer wants to be told about."""

    incident_id: IncidentId


class Subscribed(msgspec.Struct, frozen=True):
    """A customer who is told about an incident."""

    reference: str
    summary: str
    subscription: IncidentSubscription
    summaries: dict[str, str] = {}
    """The summary in other languages."""


@action(effect="reads", identity="anonymous")
async def find_incidents(doing: Doing, wanted: IncidentsWanted) -> Incidents:
    """Tells what does not work at the moment, or did not in the last two days, as the public status page does."""
    query = {"component": wanted.component} if wanted.component is not None else {}
    found = await read(doing, "/incidents", list[Incident], **query)
    since = await clock_of(doing) - RECENT
    recent = [each for each in found if each.resolved_at is None or datetime.fromisoformat(each.resolved_at) >= since]
    is_open = any(each.state != "resolved" for each in recent)
    told = " ".join(f"{each.id} {each.title} ({each.state}): {each.updates[-1].text}" for each in recent)
    return Incidents("incidents", told or "No incident is known.", is_open, recent)


async def facts_about(doing: Doing, wanted: SubscriptionWanted) -> Mapping[str, Any]:
    """What the clauses about incidents need to know."""
    await own_customer(doing)
    incident = await read(doing, f"/incidents/{wanted.incident_id}", Incident)
    return {"is_over": incident.state == "resolved", "component": incident.component}


async def subscribed(doing: Doing, wanted: SubscriptionWanted) -> Subscribed | None:
    """What came of an earlier request under the same key."""
    found = await done_before(doing, IncidentSubscription)
    return _told(doing, found) if found is not None else None


async def unsubscribe(doing: Doing, wanted: SubscriptionWanted, made: Subscribed) -> None:
    """Nothing more is written to the customer about it."""
    await take_away(doing, f"/incident-subscriptions/{made.subscription.id}")


def imagined(doing: Doing, wanted: SubscriptionWanted) -> Mapping[str, Any]:
    """What a replay is told."""
    content = {"id": "is_simulated", "incident_id": wanted.incident_id, "customer_id": "nobody", "created_at": ""}
    summary = f"An e-mail would come for each change of {wanted.incident_id}."
    return {"reference": "is_simulated", "summary": summary, "subscription": content}


@action(
    effect="writes",
    # Who only says to have an address must not have mails sent to it.
    identity="verified",
    limits=Limits(calls_per_customer_a_day=10, calls_per_day=5000),
    facts=facts_about,
    look_up=subscribed,
    undo=unsubscribe,
    undo_within=timedelta(days=30),
    simulate=imagined,
    repeats_within=timedelta(minutes=10),
    asks={
        "en": "Send you an e-mail for each change of the incident {incident_id}",
        "de": "Ihnen zu jeder Änderung der Störung {incident_id} eine E-Mail senden",
        "es": "Enviarle un correo con cada cambio de la incidencia {incident_id}",
        "fr": "Vous envoyer un e-mail à chaque évolution de l'incident {incident_id}",
    },
)
async def subscribe_to_incident(doing: Doing, wanted: SubscriptionWanted) -> Subscribed:
    """Has an e-mail sent to the customer's address on file for each change of an incident, until it is resolved."""
    customer = await own_customer(doing)
    new = NewIncidentSubscription(customer_id=customer.id)
    path = f"/incidents/{wanted.incident_id}/subscriptions"
    return _told(doing, await act(doing, path, IncidentSubscription, new))


def _told(doing: Doing, made: IncidentSubscription) -> Subscribed:
    email, incident = doing.customer.email, made.incident_id
    summaries = {
        "de": f"Zu jeder Änderung der Störung {incident} geht eine E-Mail an {email}.",
        "es": f"Con cada cambio de la incidencia {incident} se enviará un correo a {email}.",
        "fr": f"À chaque évolution de l'incident {incident}, un e-mail est envoyé à {email}.",
    }
    summary = f"An e-mail goes to {email} with each change of {incident}."
    return Subscribed(made.id, summary, made, summaries)
