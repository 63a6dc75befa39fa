"""Incidents, and being told about them, against the back office over real HTTP."""

from datetime import timedelta

import pytest

from answerable.actions.boundary import Boundary
from answerable.domain.errors import Unavailable
from answerable.store import Store
from tests.actions.bank import Clock, rep
from tests.actions.company import Office, ask, someone, told

THE_OPEN_ONE = {"incident_id": "INC-15"}


async def test_whoever_asks_is_told_what_does_not_work(desk: Boundary, store: Store) -> None:
    stranger = await someone(store, "sofia", "anonymous")
    everything = await told(desk, stranger, "find_incidents")
    call = await ask(desk, stranger, "find_incidents", {"component": "api"}, key="api")

    assert everything["is_anything_open"]
    assert [each["id"] for each in everything["incidents"]] == ["INC-15"]
    assert everything["summary"].startswith("INC-15 Payouts to some banks are late (identified): A partner bank")
    assert call.receipt is not None
    assert call.receipt.summary == "No incident is known."


async def test_what_is_over_is_told_for_two_days(desk: Boundary, store: Store, office: Office, clock: Clock) -> None:
    sofia = await someone(store, "sofia")
    over = {"state": "resolved", "text": "All payouts have left."}
    await office.client.post("/incidents/INC-15/updates", json=over, headers={"Idempotency-Key": "over"})
    soon = await ask(desk, sofia, "find_incidents", {}, key="soon")
    clock.forward(timedelta(days=2, seconds=1))
    late = await ask(desk, sofia, "find_incidents", {}, key="late")

    assert soon.receipt is not None
    assert late.receipt is not None
    assert (soon.receipt.content["is_anything_open"], len(soon.receipt.content["incidents"])) == (False, 1)
    assert late.receipt.content["incidents"] == []


async def test_who_subscribes_gets_a_mail_for_each_change_until_they_unsubscribe(
    desk: Boundary, store: Store, office: Office
) -> None:
    sofia = await someone(store, "sofia", "verified")
    call = await ask(desk, sofia, "subscribe_to_incident", THE_OPEN_ONE)
    assert (call.state, call.clause_id) == ("done", "M-2"), call.reason
    assert call.receipt is not None
    news = {"state": "monitoring", "text": "It looks better."}
    await office.client.post("/incidents/INC-15/updates", json=news, headers={"Idempotency-Key": "news"})
    (mail,) = await office.at("/mails", customer_id="cus_sofia")

    assert call.receipt.summary == f"An e-mail goes to {sofia[0].email} with each change of INC-15."
    assert (mail["address"], mail["subject"]) == (
        sofia[0].email,
        "INC-15 Payouts to some banks are late: monitoring",
    )

    assert (await desk.undo(call.id, rep("maya"))).state == "undone"
    await office.client.post("/incidents/INC-15/updates", json=news, headers={"Idempotency-Key": "more"})
    assert len(await office.at("/mails", customer_id="cus_sofia")) == 1


async def test_unsubscribing_whose_answer_is_lost_can_be_done_again(
    desk: Boundary, store: Store, office: Office
) -> None:
    sofia = await someone(store, "sofia", "verified")
    call = await ask(desk, sofia, "subscribe_to_incident", THE_OPEN_ONE)
    await office.fails({"kind": "fail", "route": "DELETE *", "when": "after", "times": 1})

    with pytest.raises(Unavailable):
        await desk.undo(call.id, rep("maya"))
    assert (await desk.undo(call.id, rep("maya"))).state == "undone"


async def test_nobody_subscribes_to_what_is_over_or_by_only_saying_who_they_are(
    desk: Boundary, store: Store, office: Office
) -> None:
    sofia = await someone(store, "sofia", "verified")
    stranger = await someone(store, "claire", "known")

    over = await ask(desk, sofia, "subscribe_to_incident", {"incident_id": "INC-8"}, key="over")
    unknown = await ask(desk, sofia, "subscribe_to_incident", {"incident_id": "INC-999"}, key="unknown")
    said = await ask(desk, stranger, "subscribe_to_incident", THE_OPEN_ONE, key="said")

    assert (over.state, over.clause_id) == ("refused", "M-3")
    assert (unknown.state, unknown.reason) == ("refused", "There is no incident INC-999.")
    assert said.reason == "This needs a customer who is verified; this one is known."
