"""Finding invoices and giving them again, against the back office over real HTTP."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from answerable.actions.boundary import Boundary
from answerable.agents.outcomes import is_told_in, outcome_in_words
from answerable.domain.actions import ActionCall
from answerable.domain.errors import Invalid
from answerable.store import Store
from tests.actions.bank import Clock
from tests.actions.company import Office, ask, someone, told

BY_EMAIL = {"invoice_number": "INV-2025-0317", "by": "email"}
BY_LINK = {**BY_EMAIL, "by": "link"}


async def opened(link: str) -> httpx.Response:
    """What somebody without a key sees at an address."""
    async with httpx.AsyncClient() as anybody:
        return await anybody.get(link)


def link_of(call: ActionCall) -> str:
    """The link that a customer was given."""
    assert call.receipt is not None, call.reason
    return str(call.receipt.content["link"])


async def test_a_customer_sees_their_own_invoices_and_orders_newest_first(desk: Boundary, store: Store) -> None:
    siobhan = await someone(store, "siobhan")
    seen = await told(desk, siobhan, "find_invoices")

    numbers = [each["number"] for each in seen["invoices"]]
    assert numbers == sorted(numbers, reverse=True)
    assert {each["customer_id"] for each in [*seen["invoices"], *seen["orders"]]} == {"cus_siobhan"}
    assert [each["status"] for each in seen["orders"]] == ["processing"]
    assert numbers[0] in seen["summary"]


async def test_somebody_who_has_not_proved_who_they_are_sees_none(desk: Boundary, store: Store) -> None:
    stranger = await someone(store, "siobhan", "known")

    seen = await ask(desk, stranger, "find_invoices", {})
    sent = await ask(desk, stranger, "resend_invoice", BY_EMAIL, key="t2")

    assert [each.state for each in (seen, sent)] == ["refused", "refused"]
    assert seen.reason == "This needs a customer who is verified; this one is known."


async def test_an_invoice_goes_by_e_mail_to_the_address_on_file_as_the_real_pdf(
    desk: Boundary, store: Store, office: Office
) -> None:
    ines = await someone(store, "ines")
    call = await ask(desk, ines, "resend_invoice", BY_EMAIL)

    assert (call.state, call.clause_id) == ("done", "M-1"), call.reason
    assert call.receipt is not None
    assert call.receipt.summary == "The PDF of invoice INV-2025-0317 was sent by e-mail to ines@studiomare.example."
    assert outcome_in_words(call, code="de") == (
        "Die Rechnung INV-2025-0317 wurde als PDF per E-Mail an ines@studiomare.example geschickt."
    )
    assert is_told_in(outcome_in_words(call, code="fr"), call)
    assert "summaries" not in call.receipt.content, "who builds upon the result needs none of the words"
    (mail,) = await office.at("/mails", customer_id="cus_ines")
    attached = await office.client.get(f"/mails/{mail['id']}/attachment")
    assert (mail["id"], mail["address"]) == (call.receipt.reference, "ines@studiomare.example")
    assert attached.content.startswith(b"%PDF-")
    assert attached.content == (await office.client.get("/invoices/INV-2025-0317/pdf")).content


async def test_a_link_opens_the_pdf_for_an_hour_and_for_this_invoice_only(
    desk: Boundary, store: Store, office: Office, clock: Clock
) -> None:
    ines = await someone(store, "ines")
    other = (await told(desk, ines, "find_invoices"))["invoices"][0]["number"]
    call = await ask(desk, ines, "resend_invoice", BY_LINK)
    link = link_of(call)

    assert (await opened(link)).content == (await office.client.get("/invoices/INV-2025-0317/pdf")).content
    assert (await opened(link.replace("INV-2025-0317", other))).status_code == 404
    assert (await opened(link[:-1] + ("0" if link[-1] != "0" else "1"))).status_code == 404
    clock.forward(timedelta(hours=1, seconds=1))
    assert (await opened(link)).status_code == 404
    assert call.receipt is not None
    assert call.receipt.summary.endswith(f"can be opened until 2026-11-23 13:00:00 UTC at {link}")
    assert await office.at("/mails", customer_id="cus_ines") == []


@pytest.mark.parametrize("wanted", [BY_EMAIL, BY_LINK], ids=["email", "link"])
async def test_somebody_elses_invoice_looks_as_if_it_were_not_there(
    desk: Boundary, store: Store, office: Office, wanted: dict[str, str]
) -> None:
    claire = await someone(store, "claire")

    theirs = await ask(desk, claire, "resend_invoice", wanted, key="theirs")
    nobodys = await ask(desk, claire, "resend_invoice", {**wanted, "invoice_number": "INV-2019-9999"}, key="nobodys")

    assert (theirs.state, theirs.reason) == ("refused", "There is no invoice INV-2025-0317.")
    assert (nobodys.state, nobodys.reason) == ("refused", "There is no invoice INV-2019-9999.")
    assert theirs.facts == nobodys.facts == {}
    assert await office.at("/mails") == []


@pytest.mark.parametrize(
    "arguments",
    [
        {**BY_EMAIL, "invoice_number": "INV-2025-0317/pdf"},
        {**BY_EMAIL, "invoice_number": "../charges/ch_fNq"},
        {**BY_EMAIL, "by": "fax"},
        {**BY_EMAIL, "address": "thief@evil.example"},
        {**BY_EMAIL, "customer_id": "cus_ines"},
    ],
)
async def test_nobody_chooses_another_address_or_another_path(
    desk: Boundary, store: Store, arguments: dict[str, Any]
) -> None:
    ines = await someone(store, "ines")
    with pytest.raises(Invalid):
        await ask(desk, ines, "resend_invoice", arguments)


async def test_asked_twice_it_is_sent_once_and_asked_later_again(
    desk: Boundary, store: Store, office: Office, clock: Clock
) -> None:
    ines = await someone(store, "ines")
    first = await ask(desk, ines, "resend_invoice", BY_EMAIL)
    same = await ask(desk, ines, "resend_invoice", BY_EMAIL, key="t2")
    assert (same.id, len(await office.at("/mails"))) == (first.id, 1)

    clock.forward(timedelta(minutes=11))
    later = await ask(desk, ines, "resend_invoice", BY_EMAIL, key="t3")

    assert (later.state, len(await office.at("/mails"))) == ("done", 2)
