"""The back office gives back no more than it took, does a thing once per key, and refuses in plain words."""

import asyncio
import shutil
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from answerable_demo.back_office import refunding
from answerable_demo.back_office import tables as t
from answerable_demo.back_office.errors import Refused
from answerable_demo.back_office.money import money
from answerable_demo.back_office.once import once
from answerable_demo.back_office.refunding import Doing
from answerable_demo.back_office.shapes import NewRefund, Refund
from answerable_demo.back_office.tables import Database
from tests.demo.conftest import NOW

DUPLICATE = {"charge_id": "ch_fNq", "reason": "duplicate"}


def _euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


async def _act(office: httpx.AsyncClient, path: str, key: str | None, body: dict[str, Any] | None = None) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await office.post(path, json=body, headers=headers)


async def test_nobody_comes_in_without_the_key(office: httpx.AsyncClient) -> None:
    answer = await office.get("/customers", headers={"Authorization": "Bearer wrong"})

    assert (answer.status_code, answer.json()["type"]) == (401, "key_invalid")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_customer_is_found_by_e_mail(office: httpx.AsyncClient) -> None:
    found = (await office.get("/customers", params={"email": " Ines@StudioMare.example"})).json()
    nobody = (await office.get("/customers", params={"email": "nobody@nowhere.example"})).json()

    assert [customer["name"] for customer in found] == ["Ines Carvalho"]
    assert nobody == []


async def test_a_refund_is_made_once_and_leaves_a_credit_note(office: httpx.AsyncClient) -> None:
    first = await _act(office, "/refunds", "once", DUPLICATE)
    again = await _act(office, "/refunds", "once", DUPLICATE)
    invoice = (await office.get("/invoices/INV-2025-0317")).json()

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert (first.headers["idempotency-replayed"], again.headers["idempotency-replayed"]) == ("false", "true")
    assert [note["number"] for note in invoice["credit_notes"]] == [first.json()["credit_note"]]
    assert invoice["charges"][1]["refundable"] == _euros("0.00")
    assert (first.json()["expected_from"], first.json()["expected_by"]) == ("2026-11-25", "2026-11-27")


async def test_the_same_key_for_something_else_is_refused(office: httpx.AsyncClient) -> None:
    await _act(office, "/refunds", "once", DUPLICATE)
    other = await _act(office, "/refunds", "once", {**DUPLICATE, "charge_id": "ch_fN1"})

    assert (other.status_code, other.json()["type"]) == (422, "key_reused")


async def test_after_a_time_out_the_key_tells_what_happened(office: httpx.AsyncClient) -> None:
    before = await office.get("/idempotency-keys/lost")
    refund = (await _act(office, "/refunds", "lost", DUPLICATE)).json()
    after = (await office.get("/idempotency-keys/lost")).json()

    assert before.status_code == 404
    assert (after["request"], after["result"]) == ("POST /refunds", refund)


async def test_a_dry_run_keeps_nothing(office: httpx.AsyncClient) -> None:
    tried = await office.post("/refunds", json=DUPLICATE, params={"dry_run": True})

    assert (tried.status_code, tried.headers["dry-run"]) == (200, "true")
    assert tried.json()["amount"] == _euros("84.00")
    assert (await office.get("/refunds", params={"charge_id": "ch_fNq"})).json() == []


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({**DUPLICATE, "amount": _euros("84.01")}, 409, "too_much"),
        ({**DUPLICATE, "amount": _euros("0.00")}, 422, "nothing_to_refund"),
        ({**DUPLICATE, "amount": {"amount": "84.00", "currency": "USD"}}, 422, "currency_mismatch"),
        ({**DUPLICATE, "amount": _euros("-1.00")}, 400, "invalid"),
        ({**DUPLICATE, "amount": _euros("NaN")}, 400, "invalid"),
        ({**DUPLICATE, "amount": _euros("1e3")}, 400, "invalid"),
        ({**DUPLICATE, "amount": _euros("\u0668\u0664.\u0660\u0660")}, 400, "invalid"),
        ({**DUPLICATE, "amount": {"amount": 84.0, "currency": "EUR"}}, 400, "invalid"),
        ({**DUPLICATE, "reason": "because"}, 400, "invalid"),
        ({**DUPLICATE, "quantity": 2}, 400, "invalid"),
        ({**DUPLICATE, "charge_id": "ch_none"}, 404, "not_found"),
        ({**DUPLICATE, "charge_id": "re_x"}, 404, "not_found"),
        ({**DUPLICATE, "customer_id": "cus_tobias"}, 404, "not_found"),
    ],
)
async def test_a_refund_that_makes_no_sense_is_refused_and_nothing_is_kept(
    office: httpx.AsyncClient, body: dict[str, Any], status: int, kind: str
) -> None:
    refused = await _act(office, "/refunds", "key", body)

    assert (refused.status_code, refused.json()["type"]) == (status, kind)
    assert (await office.get("/refunds", params={"idempotency_key": "key"})).json() == []
    assert (await _act(office, "/refunds", "key", DUPLICATE)).status_code == 201, "the key is still free"


async def test_money_does_not_move_without_a_key(office: httpx.AsyncClient) -> None:
    refused = await _act(office, "/refunds", None, DUPLICATE)

    assert (refused.status_code, refused.json()["type"]) == (400, "key_missing")


async def test_a_disputed_or_failed_charge_is_not_refunded(office: httpx.AsyncClient) -> None:
    disputed = next(charge for charge in await _charges(office, "cus_giulia") if charge["is_disputed"])
    failed = next(charge for charge in await _charges(office, "cus_ioana") if charge["status"] == "failed")
    answers = [
        await _act(office, "/refunds", charge["id"], {"charge_id": charge["id"], "reason": "goodwill"})
        for charge in (disputed, failed)
    ]

    assert [answer.json()["type"] for answer in answers] == ["charge_disputed", "charge_failed"]


async def _charges(office: httpx.AsyncClient, customer_id: str) -> list[dict[str, Any]]:
    charges: list[dict[str, Any]] = (await office.get("/charges", params={"customer_id": customer_id})).json()
    return charges


requests = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.sampled_from(["ch_fN1", "ch_fNq"]),
        st.none() | st.integers(min_value=0, max_value=9000),
    ),
    max_size=10,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sequence=requests)
def test_no_sequence_of_refunds_gives_back_more_than_was_charged(
    filled_file: Path, sequence: list[tuple[str, str, int | None]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Database(Path(shutil.copy(filled_file, folder)))) as database:
        made: dict[str, Refund] = {}
        for key, charge_id, cents in sequence:
            amount = None if cents is None else money(cents, "EUR")
            wanted = NewRefund(charge_id=charge_id, reason="goodwill", amount=amount)
            with suppress(Refused):
                refund = _refund(database, key, wanted)
                assert made.setdefault(key, refund) == refund, "one key, one refund"
        _check_books(database, made)


def _refund(database: Database, key: str, wanted: NewRefund) -> Refund:
    doing = Doing(NOW, key)
    return once(database, repr(wanted), doing, Refund, lambda db: refunding.refund(db, wanted, doing)).result


def _check_books(database: Database, made: dict[str, Refund]) -> None:
    """Refunds, credit notes and what a charge says of itself agree, to the cent, with what was answered."""
    with database.read() as db:
        for charge_id in ("ch_fN1", "ch_fNq"):
            charge = db.execute(select(t.charges).where(t.charges.c.id == charge_id)).one()
            refunds = db.execute(select(t.refunds).where(t.refunds.c.charge_id == charge_id)).all()
            answered = {refund.id for refund in made.values() if refund.charge_id == charge_id}
            assert sum(refund.cents for refund in refunds) == charge.refunded_cents <= charge.cents
            assert {refund.id for refund in refunds} == answered
        notes = db.execute(select(t.credit_notes).where(t.credit_notes.c.invoice_number == "INV-2025-0317")).all()
        assert {note.refund_id for note in notes} == {refund.id for refund in made.values()}


async def test_the_same_request_many_times_at_once_makes_one_refund(office: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(_act(office, "/refunds", "same", DUPLICATE) for _ in range(12)))
    others = await asyncio.gather(*(_act(office, "/refunds", f"other{n}", DUPLICATE) for n in range(6)))

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert {answer.json()["type"] for answer in others} == {"already_refunded"}


async def test_a_bigger_plan_starts_now_and_costs_the_difference_by_the_day(office: httpx.AsyncClient) -> None:
    subscription = (await office.get("/customers/cus_siobhan/subscription")).json()
    assert (subscription["period_start"], subscription["period_end"]) == ("2026-11-05", "2026-12-05")
    changed = (
        await _act(office, "/subscriptions/sub_siobhan/change", "up", {"plan": "team", "interval": "monthly"})
    ).json()

    # Half of the month is left: half of 84 - 12 is 36, and Irish VAT of 23 % is added.
    assert changed["due_now"] == _euros("44.28")
    assert (changed["starts_on"], changed["subscription"]["plan"]) == ("2026-11-20", "team")
    invoice = (await office.get(f"/invoices/{changed['invoice_number']}")).json()
    assert (invoice["net"], invoice["charges"][0]["amount"]) == (_euros("36.00"), _euros("44.28"))


async def test_a_smaller_plan_waits_for_the_next_period_and_can_be_taken_back(office: httpx.AsyncClient) -> None:
    wanted = {"plan": "team", "interval": "monthly"}
    full = await _act(office, "/subscriptions/sub_marcus/change", "full", wanted)
    later = (await _act(office, "/subscriptions/sub_rohan/change", "down", wanted)).json()
    assert full.json()["type"] == later["type"] == "too_many_seats"

    wanted = {"plan": "solo", "interval": "yearly"}
    yearly = (await _act(office, "/subscriptions/sub_katrin/change", "yearly", wanted)).json()
    back = {"plan": "solo", "interval": "monthly"}
    monthly = (await _act(office, "/subscriptions/sub_katrin/change", "monthly", back)).json()
    kept = (await _act(office, "/subscriptions/sub_katrin/keep", "keep")).json()

    assert yearly["starts_on"] == "2026-11-20"
    assert (monthly["starts_on"], monthly["due_now"]["amount"]) == ("2027-11-20", "0.00")
    assert (kept["interval"], kept["next_interval"]) == ("yearly", None)


async def test_within_fourteen_days_a_withdrawal_gives_everything_back(office: httpx.AsyncClient) -> None:
    inside = await _act(office, "/subscriptions/sub_zoe/cancel", "zoe", {"withdraw": True})
    outside = await _act(office, "/subscriptions/sub_marta/cancel", "marta", {"withdraw": True})

    assert [refund["amount"]["amount"] for refund in inside.json()["refunds"]] == ["84.00"]
    assert inside.json()["subscription"]["status"] == "ended"
    assert (outside.status_code, outside.json()["type"]) == (409, "window_closed")


async def test_a_cancellation_ends_with_the_period_and_can_be_taken_back(office: httpx.AsyncClient) -> None:
    ending = (await _act(office, "/subscriptions/sub_ines/cancel", "end", {})).json()
    twice = await _act(office, "/subscriptions/sub_ines/cancel", "again", {})
    kept = (await _act(office, "/subscriptions/sub_ines/keep", "keep")).json()

    assert (ending["ends_on"], ending["refunds"]) == ("2026-12-03", [])
    assert twice.json()["type"] == "already_cancelled"
    assert (kept["status"], kept["cancels_on"]) == ("active", None)


async def test_an_invoice_without_vat_id_is_reissued_and_its_vat_given_back(office: httpx.AsyncClient) -> None:
    invoices = (await office.get("/invoices", params={"customer_id": "cus_tobias"})).json()
    wrong = [invoice["number"] for invoice in invoices if invoice["customer_vat_id"] is None]
    done = (await _act(office, f"/invoices/{wrong[0]}/reissue", "fix")).json()
    old = (await office.get(f"/invoices/{wrong[0]}")).json()
    again = await _act(office, f"/invoices/{wrong[0]}/reissue", "again")

    assert done["refund"]["amount"] == _euros("21.00")
    assert (done["invoice"]["total"], done["invoice"]["replaces"]) == (_euros("84.00"), wrong[0])
    assert (old["status"], old["replaced_by"]) == ("credited", done["invoice"]["number"])
    assert sum(float(note["amount"]["amount"]) for note in old["credit_notes"]) == 105.00
    assert again.json()["type"] == "not_paid"


async def test_an_invoice_is_sent_to_its_customer_and_read_by_a_link(office: httpx.AsyncClient) -> None:
    mail = (await _act(office, "/invoices/INV-2025-0317/send", "mail", {})).json()
    link = (await _act(office, "/invoices/INV-2025-0317/link", "link")).json()
    pdf = await office.get(link["path"], headers={"Authorization": ""})
    wrong = await office.get("/files/guessed", headers={"Authorization": ""})

    assert (mail["address"], mail["attachment"]) == ("ines@studiomare.example", "INV-2025-0317.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["content-type"] == "application/pdf"
    assert wrong.status_code == 404


async def test_every_invoice_of_the_cast_can_be_drawn(office: httpx.AsyncClient) -> None:
    invoices = (await office.get("/invoices", params={"limit": 500})).json()
    newest = {invoice["customer_id"]: invoice["number"] for invoice in reversed(invoices)}
    pages = [(await office.get(f"/invoices/{number}/pdf")).content for number in newest.values()]

    assert len(pages) >= 40
    assert all(page.startswith(b"%PDF-") and page.rstrip().endswith(b"%%EOF") for page in pages)


async def test_an_order_can_be_cancelled_until_its_parcel_leaves(office: httpx.AsyncClient) -> None:
    orders = (await office.get("/orders")).json()
    waiting = next(order for order in orders if order["status"] == "processing")
    shipped = next(order for order in orders if order["status"] == "shipped")
    answers = [await _act(office, f"/orders/{order['id']}/cancel", order["id"]) for order in (waiting, shipped)]

    assert answers[0].json()["status"] == "cancelled"
    assert answers[1].json()["type"] == "already_shipped"
    assert (await office.get(f"/invoices/{waiting['invoice_number']}")).json()["status"] == "void"


async def test_an_incident_is_opened_followed_and_resolved(office: httpx.AsyncClient) -> None:
    news = {"title": "API slow", "component": "api", "impact": "major", "text": "We see it."}
    incident = (await _act(office, "/incidents", "open", news)).json()
    path = f"/incidents/{incident['id']}/subscriptions"
    first = (await _act(office, path, "s1", {"customer_id": "cus_marcus"})).json()
    second = (await _act(office, path, "s2", {"customer_id": "cus_marcus"})).json()
    open_ones = (await office.get("/incidents", params={"only_open": True})).json()
    over = {"state": "resolved", "text": "It is over."}
    resolved = (await _act(office, f"/incidents/{incident['id']}/updates", "over", over)).json()

    assert first == second
    assert [each["component"] for each in open_ones] == ["api", "payouts"]
    assert [update["state"] for update in resolved["updates"]] == ["investigating", "resolved"]
    assert (await office.delete(f"/incident-subscriptions/{first['id']}")).status_code == 204


async def test_sofias_late_payout_is_explained_by_the_open_incident(office: httpx.AsyncClient) -> None:
    payouts = (await office.get("/payouts", params={"customer_id": "cus_sofia"})).json()

    assert (payouts[0]["status"], payouts[0]["reason"]) == ("scheduled", "delayed_by_incident")
    assert (await office.get("/incidents", params={"only_open": True})).json()[0]["component"] == "payouts"


async def test_the_api_describes_itself(office: httpx.AsyncClient) -> None:
    schema = (await office.get("/openapi/openapi.json")).json()

    assert schema["paths"]["/refunds"]["post"]["requestBody"]
    assert "Idempotency-Key" in str(schema["paths"]["/refunds"]["post"]["parameters"])
