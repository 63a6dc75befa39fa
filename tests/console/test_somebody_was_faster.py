"""Two people are at the same request: nothing that one of them types or clicks for it decides another."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import Page, expect

from answerable.domain.clock import now
from answerable.store import clauses
from tests.actions.bank import RULES
from tests.api.shop import Shop
from tests.console.conftest import Office
from tests.walks.company import Company, Rep

PEOPLE = (("Ines Carvalho", "84.00"), ("Otto Lind", "60.00"), ("Lia Sommer", "70.00"))
FASTER = re.compile(r"It is decided already: Leo Sand declined it on .+ at .+ UTC\. The reason: It was used\.")


@pytest.fixture
def company(shop: Shop) -> Company:
    """Its doors: the office is in this company."""
    return shop.company


async def asked_by_three(shop: Shop) -> list[str]:
    """Three requests wait; gives the conversations."""
    askers = [await shop.asker(name) for name, _ in PEOPLE]
    for asker, (_, amount) in zip(askers, PEOPLE, strict=True):
        await shop.agent_asks(asker, amount)
    return [asker.conversation for asker in askers]


async def declines_the_first(leo: Rep) -> None:
    first = (await leo.get("/api/approvals"))["items"][0]["approval"]["id"]
    assert (await leo.post(f"/api/approvals/{first}/decline", {"reason": "It was used."})).status_code == 200


def decisions_sent_from(page: Page) -> list[str]:
    """What is decided in this window, from now on."""
    sent: list[str] = []
    page.on("request", lambda it: sent.append(it.url) if re.search("/(approve|decline)$", it.url) else None)
    return sent


async def test_what_is_typed_for_a_request_that_somebody_else_decides_stays_with_it_and_decides_nothing(
    shop: Shop, office: Office
) -> None:
    await asked_by_three(shop)
    leo = await shop.company.rep("Leo Sand")
    maya = await office.maya()
    page = maya.page
    sent = decisions_sent_from(page)
    await maya.open("/approvals")
    cards = page.get_by_role("list", name="Waiting for approval").locator("> li")
    await cards.first.get_by_role("button", name="Decline").click()
    why = cards.first.get_by_label("Why is it declined")
    await page.keyboard.type("It was a part")

    await declines_the_first(leo)
    await expect(cards.first).to_contain_text(FASTER)
    await page.keyboard.type(" and just a duplicate, as agreed")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="2 requests wait for you.")).to_be_visible()
    await expect(cards).to_have_count(3)
    await expect(why).to_be_focused()
    await expect(why).to_have_value("It was a part and just a duplicate, as agreed")
    await expect(cards.first).to_contain_text("What you wrote is not sent.")
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "the shell stays where it is"
    await expect(page.get_by_role("status").filter(has_text=FASTER)).to_have_count(1)
    await maya.picture("approval-somebody-was-faster")
    assert sent == []

    await page.keyboard.press("Escape")
    await expect(cards).to_have_count(2)
    await expect(cards.first).to_be_focused()
    await page.keyboard.press("a")
    await page.keyboard.press("d")
    await expect(page.get_by_label("Why is it declined")).to_have_count(0)
    await page.keyboard.press("j")
    await expect(cards.first.get_by_role("region")).to_be_focused()
    await page.keyboard.press("a")
    await expect(cards).to_have_count(1)
    assert [str(each) for _, each in shop.bank.refunds.values()] == ["60.00 EUR"]
    assert len(sent) == 1


async def test_where_one_stands_stays_until_one_goes_on(shop: Shop, office: Office) -> None:
    await asked_by_three(shop)
    leo = await shop.company.rep("Leo Sand")
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    cards = page.get_by_role("list", name="Waiting for approval").locator("> li")
    await page.keyboard.press("j")
    await cards.first.get_by_role("button", name="Change amount").focus()

    await declines_the_first(leo)
    await expect(cards.first.get_by_role("region", name="Declined")).to_be_focused()
    await expect(cards.first).to_contain_text(FASTER)
    await page.keyboard.press("a")
    await page.keyboard.press("j")

    await expect(cards).to_have_count(2)
    await expect(cards.first.get_by_role("region", name="Your approval is needed")).to_be_focused()
    assert shop.bank.refunds == {}


async def test_nothing_moves_under_a_hand(shop: Shop, office: Office) -> None:
    await asked_by_three(shop)
    leo = await shop.company.rep("Leo Sand")
    maya = await office.maya()
    page = maya.page
    sent = decisions_sent_from(page)
    await maya.open("/approvals")
    cards = page.get_by_role("list", name="Waiting for approval").locator("> li")
    await cards.nth(1).get_by_role("button", name="Approve").hover()

    await declines_the_first(leo)
    await expect(cards.first).to_contain_text(FASTER)
    await expect(cards).to_have_count(3)
    await page.mouse.move(2, 2)
    await expect(cards).to_have_count(2)

    place = await cards.first.get_by_role("button", name="Approve").bounding_box()
    assert place is not None
    await page.mouse.click(place["x"] + 8, place["y"] + 8)
    await expect(cards).to_have_count(1)
    place = await cards.first.get_by_role("button", name="Approve").bounding_box()
    assert place is not None
    await page.mouse.move(place["x"] + 8, place["y"] + 8)
    await page.mouse.down(click_count=2)
    await page.mouse.up(click_count=2)
    await page.keyboard.press("d")
    await expect(page.get_by_label("Why is it declined")).to_be_focused()
    assert len(sent) == 1, "the second click of two was for the request before"


async def test_what_is_typed_in_a_conversation_stays_there_too(shop: Shop, office: Office) -> None:
    conversation, *_ = await asked_by_three(shop)
    leo = await shop.company.rep("Leo Sand")
    maya = await office.maya()
    page = maya.page
    sent = decisions_sent_from(page)
    await maya.open(f"/inbox/all/{conversation}")
    card = page.get_by_role("region", name=re.compile("€84.00 for Ines"))
    await expect(card.get_by_role("button", name="Approve")).to_be_visible()
    await page.locator("body").press("a")
    await page.locator("body").press("v")
    await expect(card).to_be_focused()
    await page.keyboard.press("d")
    await page.keyboard.type("It was a part")

    await declines_the_first(leo)
    await expect(card).to_contain_text(FASTER)
    await page.keyboard.type(", take it easy")
    await expect(card.get_by_label("Why is it declined")).to_be_focused()
    await expect(card.get_by_label("Why is it declined")).to_have_value("It was a part, take it easy")
    await maya.picture("approval-somebody-was-faster-in-conversation")
    await card.get_by_role("button", name="Put it away").click()

    await expect(page.get_by_role("link", name=re.compile("Refund charge €84.00 Declined"))).to_be_visible()
    assert sent == []


async def test_a_reason_that_comes_too_late_is_not_lost(shop: Shop, office: Office) -> None:
    await asked_by_three(shop)
    leo = await shop.company.rep("Leo Sand")
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    cards = page.get_by_role("list", name="Waiting for approval").locator("> li")
    await cards.first.get_by_role("button", name="Decline").click()
    await page.keyboard.type("It was a part")
    await page.route("**/api/events*", lambda route: route.abort())

    async def be_late(route: object) -> None:
        await declines_the_first(leo)
        await route.continue_()  # type: ignore[attr-defined]

    await page.route("**/decline", be_late)
    await page.keyboard.press("Enter")

    await expect(page.get_by_label("Notices")).to_contain_text(FASTER)
    await expect(cards.first).to_contain_text(FASTER)
    await expect(cards.first.get_by_label("Why is it declined")).to_have_value("It was a part")
    await cards.first.get_by_role("button", name="Put it away").click()
    await expect(cards).to_have_count(2)


async def test_a_rule_that_wants_others_by_now_leaves_what_was_written(shop: Shop, office: Office) -> None:
    await asked_by_three(shop)
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    card = page.get_by_role("list", name="Waiting for approval").locator("> li").first
    await card.get_by_role("button", name="Change amount").click()
    await page.keyboard.type("50")
    by_leads = replace(RULES[-1], id="R-8", above={})
    await shop.company.house.store.write(clauses.put, [*RULES, by_leads], now())
    await shop.agent_asks(await shop.asker("Paul Berg"), "55.00")

    await expect(card).to_contain_text("This needs the role 'lead'; yours is 'rep'.")
    await expect(card.get_by_label("Amount in EUR")).to_have_value("50")
    await expect(card.get_by_label("Amount in EUR")).to_be_focused()
    await card.get_by_role("button", name="Put it away").click()
    await expect(card.get_by_label("Amount in EUR")).to_have_count(0)


async def test_who_clicks_twice_takes_it_back_once(shop: Shop, office: Office) -> None:
    await shop.agent_asks(await shop.asker(), "20.00")
    maya = await office.maya()
    page = maya.page
    sent: list[str] = []
    page.on("request", lambda it: sent.append(it.url) if it.url.endswith("/undo") else None)
    await maya.open("/actions")
    row = page.get_by_role("table").locator("tbody tr")
    await row.get_by_role("button", name="Take back").click()

    await page.get_by_role("button", name="Take it back").dblclick(no_wait_after=True)

    await expect(page.get_by_label("Notices")).to_contain_text("Refund charge €20.00 is taken back.")
    await expect(row).to_contain_text("Taken back")
    await expect(page.get_by_label("Notices")).not_to_contain_text("already")
    assert len(sent) == 1
