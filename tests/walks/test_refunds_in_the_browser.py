"""Money back, from the customer's first words to the back office's books, with a rep at the console beside it."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, expect

from answerable.inference.embedders import Embedder
from tests.console.conftest import Seat
from tests.walks.ledgerly import Chat, Ledgerly, open_ledgerly, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

TWICE = "I was charged twice, please give it back"
SURE = "Shall I ask for the whole"
WAITS = "A colleague looks at a refund of this size first"
NOT_KNOWN = "got no answer in time, so I do not know yet whether it went through"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ledgerly(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> AsyncIterator[Ledgerly]:
    """One company for all of these: each walk has a customer of its own."""
    async with open_ledgerly(tmp_path_factory.mktemp("ledgerly"), embedder) as opened:
        yield opened
        assert opened.windows.troubles() == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def maya(ledgerly: Ledgerly) -> Seat:
    """A lead, who sees what comes in."""
    return await ledgerly.maya()


async def asked(chat: Chat, *, until: str) -> None:
    """The customer asks for one of two charges, and says yes to it."""
    await chat.asks((TWICE, SURE), ("yes", until))


def card(maya: Seat, whose: str) -> Locator:
    return maya.page.get_by_role("region", name=re.compile(f"Your approval is needed: .* for {whose}"))


async def test_a_refund_under_the_limit_is_made_at_once(ledgerly: Ledgerly, maya: Seat) -> None:
    amount = ledgerly.charge_twice("katrin")
    katrin = await ledgerly.customer("katrin")

    await katrin.asks((TWICE, SURE))
    assert ledgerly.refunded("katrin") == [], "it was not said yes to"
    await katrin.asks(("yes", f"{told(amount)} will be back on the Visa card ending in 4471"))
    await katrin.seat.picture("walk-refund-made")

    assert ledgerly.refunded("katrin") == [amount]
    await maya.open("/actions")
    await expect(maya.page.get_by_role("table").locator("tbody tr").first).to_contain_text("Done")
    await maya.picture("walk-actions")


async def test_over_the_limit_a_rep_approves_and_the_customer_reads_it(ledgerly: Ledgerly, maya: Seat) -> None:
    ines = await ledgerly.customer("ines")
    await maya.open("/approvals")
    await asked(ines, until=f"{WAITS}: €84.00 for INV-2025-0317")
    await expect(card(maya, "Ines Carvalho")).to_contain_text("€84.00")
    await maya.picture("walk-approval")
    await ines.seat.picture("walk-waits-for-approval")
    assert ledgerly.refunded("ines") == []

    await card(maya, "Ines Carvalho").get_by_role("button", name="Approve").click()

    await ines.reads("€84.00 will be back on the Visa card ending in 4242")
    await expect(maya.page.get_by_text("Refund charge €84.00: done.").last).to_be_visible()
    assert ledgerly.refunded("ines") == ["84.00 EUR"]
    await ines.seat.picture("walk-approved")


async def test_over_the_limit_a_rep_gives_less_and_the_customer_reads_how_much_and_why(
    ledgerly: Ledgerly, maya: Seat
) -> None:
    ledgerly.charge_twice("tobias")
    tobias = await ledgerly.customer("tobias", size="phone", theme="dark")
    await maya.open("/approvals")
    await asked(tobias, until=WAITS)

    await card(maya, "Tobias Lindqvist").get_by_role("button", name="Change amount").click()
    await card(maya, "Tobias Lindqvist").get_by_label("Amount in EUR").fill("20")
    await card(maya, "Tobias Lindqvist").get_by_label("Why").fill("One of them was credited.")
    await card(maya, "Tobias Lindqvist").get_by_role("button", name="Approve €20.00").click()

    await tobias.reads("A colleague has decided about this. One of them was credited. €20.00 will be back on the")
    assert ledgerly.refunded("tobias") == ["20.00 EUR"]
    await tobias.seat.picture("walk-changed")


async def test_over_the_limit_a_rep_declines_and_the_customer_reads_why(ledgerly: Ledgerly, maya: Seat) -> None:
    ledgerly.charge_twice("mehmet")
    mehmet = await ledgerly.customer("mehmet", theme="dark")
    await maya.open("/approvals")
    await asked(mehmet, until=WAITS)

    await card(maya, "Mehmet").get_by_role("button", name="Decline").click()
    await card(maya, "Mehmet").get_by_label("Why is it declined").fill("The second charge is a seat.")
    await maya.page.keyboard.press("Enter")

    await mehmet.reads("A colleague has decided that this cannot be done. The second charge is a seat.")
    assert ledgerly.refunded("mehmet") == []
    await mehmet.seat.picture("walk-declined")


async def test_over_the_limit_nobody_decides_and_the_customer_reads_that_nothing_was_done(
    ledgerly: Ledgerly, maya: Seat
) -> None:
    ledgerly.charge_twice("sofia")
    sofia = await ledgerly.customer("sofia")
    await maya.open("/approvals")
    await asked(sofia, until=WAITS)
    await expect(card(maya, "Sofia Petrova")).to_be_visible()

    await ledgerly.let_pass()

    await expect(card(maya, "Sofia Petrova")).to_have_count(0)
    await sofia.reads("Nobody could decide about this in time, so nothing was done.")
    assert ledgerly.refunded("sofia") == []
    await sofia.seat.picture("walk-expired")


async def test_who_asks_in_two_windows_gets_one_refund_and_reads_the_same_in_both(ledgerly: Ledgerly) -> None:
    amount = ledgerly.charge_twice("carmen")
    laptop, phone = await ledgerly.customer("carmen"), await ledgerly.customer("carmen", size="phone")
    await laptop.asks((TWICE, SURE))
    await phone.asks((TWICE, SURE))

    await laptop.says("yes")
    await phone.says("yes")

    for window in (laptop, phone):
        await window.reads(f"{told(amount)} will be back on the")
    assert ledgerly.refunded("carmen") == [amount]


async def test_a_refund_whose_answer_is_lost_is_made_once_and_told_as_far_as_it_is_known(
    ledgerly: Ledgerly, maya: Seat
) -> None:
    amount = ledgerly.charge_twice("hanna")
    hanna = await ledgerly.customer("hanna")
    await ledgerly.office.fails({"kind": "cut", "when": "after", "route": "POST /refunds", "times": 1})

    await asked(hanna, until=NOT_KNOWN)
    assert ledgerly.refunded("hanna") == [amount], "it was made, and the answer got lost"
    await hanna.seat.picture("walk-not-known")
    await expect(hanna.log).not_to_contain_text("will be back")
    await ledgerly.let_pass()

    await hanna.reads(f"{told(amount)} will be back on the")
    assert ledgerly.refunded("hanna") == [amount]
    await hanna.seat.picture("walk-known")


async def test_what_a_rep_takes_back_the_customer_reads(ledgerly: Ledgerly, maya: Seat) -> None:
    amount = ledgerly.charge_twice("yuki")
    yuki = await ledgerly.customer("yuki")
    await asked(yuki, until=f"{told(amount)} will be back on the")
    assert ledgerly.refunded("yuki") == [amount]

    await maya.open("/actions")
    row = maya.page.get_by_role("table").locator("tbody tr").filter(has_text="Yuki Tanabe").filter(has_text="Refund")
    await row.get_by_role("button", name="Take back").click()
    await maya.picture("walk-take-back")
    await maya.page.get_by_role("button", name="Take it back").click()

    await expect(row).to_contain_text("Taken back")
    assert ledgerly.refunded("yuki") == []
    await yuki.reads(f"A colleague has taken this back, and it no longer holds: “{told(amount)} will be back on the")
    await yuki.seat.picture("walk-taken-back")
