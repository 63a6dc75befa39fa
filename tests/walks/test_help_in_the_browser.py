"""What else gets done in the chat: proving who one is, an invoice again, news of an outage."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import expect

from answerable.inference.embedders import Embedder
from answerable_demo.back_office import tables
from tests.walks.ledgerly import Ledgerly, open_ledgerly, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

TWICE = "I was charged twice, please give it back"
NONE = "Among the charges that I see for you, there is none too many"
SURE = "Shall I ask for the whole"
WHO = "To do this I first need to be sure who you are. Please sign in on this page and then write to me here."
CODE = "With the e-mail address of your account, typed here, I can send you a code."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ledgerly(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> AsyncIterator[Ledgerly]:
    """One company for all of these: each walk has a customer of its own."""
    async with open_ledgerly(tmp_path_factory.mktemp("ledgerly"), embedder) as opened:
        yield opened
        assert opened.windows.troubles() == []


async def test_who_is_not_known_is_refused_signs_in_and_goes_on(ledgerly: Ledgerly) -> None:
    amount = ledgerly.charge_twice("katrin")
    katrin = await ledgerly.customer("katrin", signed_in=False)

    await katrin.asks((TWICE, WHO), ("I am Katrin Vogel", "I still cannot tell who you are"))
    await katrin.seat.picture("walk-who-are-you")
    await expect(katrin.log).not_to_contain_text(SURE)
    await katrin.sign_in(ledgerly.token("katrin"))
    await katrin.asks(("Now I am signed in", SURE), ("yes", f"{told(amount)} will be back"))

    assert ledgerly.refunded("katrin") == [amount]


async def test_who_reads_the_mail_of_an_account_is_its_customer(ledgerly: Ledgerly) -> None:
    amount = ledgerly.charge_twice("hanna")
    hanna = await ledgerly.customer("hanna", signed_in=False, size="phone", theme="dark")

    await hanna.asks((TWICE, CODE), ("hanna@papierowa.example", "six digits are on their way to it"))
    await hanna.asks(("000000", "That is not the code."))
    await hanna.seat.picture("walk-code")
    await hanna.asks((await ledgerly.code(), SURE))
    await expect(hanna.log).to_contain_text("••••••")
    await hanna.asks(("yes", f"{told(amount)} will be back"))

    assert ledgerly.refunded("hanna") == [amount]


async def test_somebody_elses_charge_is_as_if_it_were_not_there(ledgerly: Ledgerly) -> None:
    ledgerly.charge_twice("carmen")
    stranger = await ledgerly.customer("leonie")

    await stranger.asks((TWICE, NONE), ("ch_twicecarmen", "I find no ch_twicecarmen among yours."))

    assert ledgerly.refunded("carmen") == ledgerly.refunded("leonie") == []


async def test_a_general_question_of_somebody_unknown_is_answered(ledgerly: Ledgerly) -> None:
    visitor = await ledgerly.customer("katrin", signed_in=False)

    await visitor.asks(("How long does a refund take to reach my card?", "business days"))

    await expect(visitor.log).not_to_contain_text("who you are")


async def test_an_invoice_is_sent_again_to_the_address_on_file(ledgerly: Ledgerly) -> None:
    ines = await ledgerly.customer("ines")
    before = ledgerly.rows(tables.mails, customer_id="cus_ines")

    await ines.says("Please send me the invoice INV-2025-0317 again")
    await ines.reads("The PDF of invoice INV-2025-0317 was sent by e-mail to ines@studiomare.example.")
    await ines.seat.picture("walk-invoice-sent")

    (mail,) = ledgerly.rows(tables.mails, customer_id="cus_ines")[len(before) :]
    pdf = await ledgerly.office.client.get(f"/mails/{mail['id']}/attachment")
    assert pdf.content.startswith(b"%PDF")
    maya = await ledgerly.maya("/actions")
    await expect(maya.page.get_by_role("table").locator("tbody tr").first).to_contain_text("Resend invoice")


async def test_who_asks_for_a_link_to_an_invoice_opens_it_from_the_chat(ledgerly: Ledgerly) -> None:
    ines = await ledgerly.customer("ines", size="phone")
    mails = ledgerly.rows(tables.mails, customer_id="cus_ines")

    await ines.says("Can you give me a link to the invoice INV-2025-0317?")
    await ines.reads("The PDF of invoice INV-2025-0317 can be opened until")
    await ines.seat.picture("walk-invoice-link")

    address = await ines.log.get_by_role("link", name=re.compile("http")).last.get_attribute("href")
    assert address is not None
    pdf = await ledgerly.office.client.get(address)
    assert pdf.content.startswith(b"%PDF")
    assert ledgerly.rows(tables.mails, customer_id="cus_ines") == mails


async def test_an_outage_changes_what_is_answered_about_it(ledgerly: Ledgerly) -> None:
    over = {"state": "resolved", "text": "All payouts have left."}
    await ledgerly.office.client.post("/incidents/INC-15/updates", json=over, headers={"Idempotency-Key": "over"})
    related = ("The app does not load for anybody here", "The website is very slow today", "Ledgerly is down")
    for question in related:
        before = await ledgerly.customer("sofia")
        await before.asks((question, "No incident is known at the moment."))

    news = {"title": "The web app does not load", "component": "web_app", "impact": "major", "text": "We see it."}
    await ledgerly.office.client.post("/incidents", json=news, headers={"Idempotency-Key": "outage"})

    for question in related:
        during = await ledgerly.customer("sofia", size="phone")
        await during.asks((question, "The web app does not load (investigating): We see it."))
        await expect(during.log).not_to_contain_text("No incident is known")
    await during.seat.picture("walk-outage")
    await during.asks(
        ("yes", "Shall I have an e-mail sent to you"),
        ("yes please", "An e-mail goes to sofia@petrovafilm.example with each change of"),
    )
    assert len(ledgerly.rows(tables.incident_subscriptions, customer_id="cus_sofia")) == 1


async def test_a_rep_sends_a_code_and_the_customer_proves_again_who_they_are(ledgerly: Ledgerly) -> None:
    tobias = await ledgerly.customer("tobias")
    await tobias.asks(("How long does a refund take to reach my card?", "business days"))
    maya = await ledgerly.maya("/inbox/all")
    await maya.page.get_by_role("link", name=re.compile("Tobias Lindqvist")).first.click()
    await expect(maya.page.locator(".customer-line")).to_contain_text("proved who they are")
    await maya.page.get_by_role("tab", name="Customer").click()

    await maya.page.get_by_role("button", name="Send a code").click()
    await expect(maya.page.get_by_text(re.compile("A code is on its way to tobias@")).last).to_be_visible()
    await maya.picture("walk-send-a-code")
    await tobias.says(await ledgerly.code())

    await expect(maya.page.locator(".customer-line")).to_contain_text("signed in and proved again")
    await expect(maya.page.get_by_text("The customer typed the code that was sent to them.")).to_be_visible()
    await expect(tobias.log).to_contain_text("••••••")


async def test_what_is_offered_can_be_clicked_and_chosen_by_the_keyboard(ledgerly: Ledgerly) -> None:
    phone = await ledgerly.customer("leonie", size="phone", theme="dark")
    await phone.asks(("I want to upgrade to Business", "monthly or yearly?"))
    yearly = phone.log.get_by_role("button", name="Yearly")
    await expect(yearly).to_be_visible()
    await phone.seat.picture("walk-options-phone")
    box = await yearly.bounding_box()
    assert box is not None
    assert box["height"] >= 24, "big enough for a finger"
    assert box["x"] + box["width"] <= 390

    await yearly.click()

    await phone.reads("From today you would have Business, paid yearly.")
    await expect(phone.log.get_by_role("button", name="Yearly")).to_have_count(0)
    await expect(phone.log).to_contain_text("Something else")
    await phone.asks(("no", "your plan stays as it is"))

    desk = await ledgerly.customer("leonie")
    await desk.asks(("I want to upgrade to Team", "monthly or yearly?"))
    await desk.seat.picture("walk-options")
    await desk.asks(("How long does a refund take to reach my card?", "business days"))
    await expect(desk.log.get_by_role("group", name="Did this answer it?").last).to_be_visible()
    await expect(desk.log.get_by_role("button", name="Yearly")).to_be_visible()
    await desk.seat.picture("walk-options-behind-an-answer")
    await desk.log.get_by_role("button", name="Something else").focus()
    await desk.seat.page.keyboard.press("Enter")
    await desk.reads("All right.")
