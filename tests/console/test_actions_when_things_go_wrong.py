"""Screens of actions when the server fails, is slow or says no, and when what was typed makes no sense."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.api.shop import Shop
from tests.console.conftest import Office, Seat
from tests.walks.company import Company

REFUSED = {"title": "Not allowed", "detail": "This needs the role 'admin'.", "status": 403}
FAILED = "The server could not do this. Try again in a moment."


@pytest.fixture
def company(shop: Shop) -> Company:
    """Its doors: the office is in this company."""
    return shop.company


async def fail(page: Page, path: str, *, status: int) -> None:
    """From now on such a request fails: with that status, or, for 0, because nobody answers."""

    async def answer(route: Route) -> None:
        if status == 0:
            await route.abort()
        elif status == 403:
            await route.fulfill(status=403, json=REFUSED)
        else:
            await route.fulfill(status=status, body="<html>Internal Server Error</html>")

    await page.route(re.compile(path), answer)


async def changed(page: Page, path: str, change: Any) -> None:
    """From now on such an answer arrives changed."""

    async def answer(route: Route) -> None:
        response = await route.fetch()
        content = await response.json()
        change(content)
        await route.fulfill(response=response, json=content)

    await page.route(re.compile(path), answer)


async def act(maya: Seat, conversation: str) -> Any:
    """The tab in which a refund can be asked for, in a conversation that Maya has."""
    await maya.open(f"/inbox/all/{conversation}?panel=act")
    panel = maya.page.get_by_role("tabpanel", name="Act")
    await panel.get_by_role("button", name="Take over").click()
    await panel.get_by_label("What shall be done?").select_option(label="Refund charge")
    return panel


async def test_a_decision_that_fails_is_said_in_its_card_and_nothing_is_lost(shop: Shop, office: Office) -> None:
    await shop.agent_asks(await shop.asker(), "84.00")
    maya = await office.maya(role="lead")
    page = maya.page
    await maya.open("/approvals")
    card = page.get_by_role("region", name="Your approval is needed")
    decline, why = card.get_by_role("button", name="Decline"), card.get_by_label("Why is it declined")

    await decline.click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(decline).to_be_focused()
    await decline.click()
    await why.fill("It was used for a month.")
    for status, says in ((500, FAILED), (403, "This needs the role 'admin'."), (0, "Answerable cannot be reached.")):
        await fail(page, "/decline$", status=status)
        await decline.click()
        await expect(card.get_by_role("alert")).to_contain_text(says)
        await expect(decline).to_be_focused()
        await maya.picture(f"decline-fails-{status}")
        await page.unroute_all()
    await expect(why).to_have_value("It was used for a month.")

    may_go = asyncio.Event()

    async def wait(route: Route) -> None:
        await may_go.wait()
        await route.continue_()

    await page.route("**/decline", wait)
    await decline.click()
    await expect(decline).to_be_disabled()
    await expect(card.get_by_role("button", name="Cancel")).to_be_disabled()
    await expect(card.get_by_role("alert")).to_have_count(0)
    may_go.set()
    await expect(card).to_have_count(0)


async def test_whoever_decided_goes_on_with_the_next_request(shop: Shop, office: Office) -> None:
    for name, amount in (("Ines Carvalho", "84.00"), ("Otto Lind", "60.00")):
        await shop.agent_asks(await shop.asker(name), amount)
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    cards = page.get_by_role("list", name="Waiting for approval").locator("> li")
    await expect(cards).to_have_count(2)

    await cards.first.get_by_role("button", name="Approve").click()
    await expect(cards).to_have_count(1)
    await expect(cards).to_be_focused()
    await page.keyboard.press("j")
    await page.keyboard.press("a")

    await expect(page.get_by_role("heading", name="Nobody waits for an approval.")).to_be_focused()
    assert len(shop.bank.refunds) == 2


async def test_an_amount_that_is_none_or_could_be_two_is_not_sent(shop: Shop, office: Office) -> None:
    ines = await shop.asker()
    await shop.agent_asks(ines, "120.00")
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    card = page.get_by_role("region", name="Your approval is needed")
    await card.get_by_role("button", name="Change amount").click()
    wrong = {"1,000": "EUR has 2 decimals", "20.001": "EUR has 2 decimals", "much": "Only digits and one point"}
    for typed, why in wrong.items():
        await card.get_by_label("Amount in EUR").fill(typed)
        await expect(card.get_by_role("button", name="Approve less")).to_be_disabled()
        await expect(card.get_by_role("status")).to_contain_text(why)

    panel = await act(maya, ines.conversation)
    await panel.get_by_label("Charge id").fill(ines.charge)
    amount = panel.get_by_role("textbox", name="Amount")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/actions/try") else None)
    for typed in ("much", "1,000", "-5", "20.001"):
        await amount.fill(typed)
        await panel.get_by_role("button", name="What would happen?").click()
        await expect(panel.get_by_role("alert")).to_have_text(f"Amount: “{typed}” is no amount. Write it like 1084.00.")
        await expect(amount).to_be_focused()
    await maya.picture("act-no-amount")
    assert sent == []
    await amount.fill("20,5")
    await panel.get_by_role("button", name="What would happen?").click()
    await expect(panel.get_by_role("button", name="Do it: Refund charge €20.50")).to_be_visible()


async def test_what_would_happen_is_told_of_what_stands_in_the_form_and_read_before_it_is_done(
    shop: Shop, office: Office
) -> None:
    ines = await shop.asker()
    maya = await office.maya()
    page = maya.page
    panel = await act(maya, ines.conversation)
    await panel.get_by_label("Charge id").fill(ines.charge)
    amount, would = panel.get_by_role("textbox", name="Amount"), panel.get_by_role("status", name="What would happen")
    may_go = asyncio.Event()

    async def wait(route: Route) -> None:
        await may_go.wait()
        await route.continue_()

    await page.route("**/actions/try", wait)
    await amount.fill("20")
    await panel.get_by_role("button", name="What would happen?").click()
    await expect(panel.get_by_role("button", name="What would happen?")).to_be_disabled()
    await amount.fill("40")
    may_go.set()

    await expect(panel.get_by_role("button", name="What would happen?")).to_be_enabled()
    await expect(would).to_have_count(0)
    await amount.press("Enter")
    await expect(would).to_contain_text("Refund charge €40.00")
    await amount.press("Enter")
    await amount.press("Enter")
    await expect(panel.get_by_role("button", name="Do it: Refund charge €40.00")).to_be_enabled()
    assert shop.bank.asked == [], "it was tried, and nothing was done"

    for status, says in ((500, FAILED), (0, "Answerable cannot be reached.")):
        await fail(page, r"/conversations/\w+/actions$", status=status)
        await panel.get_by_role("button", name="Do it").click()
        await expect(panel.get_by_role("alert")).to_contain_text(says)
        await page.unroute_all()
    await maya.picture("act-fails")
    await panel.get_by_role("button", name="Do it").click()
    await expect(panel.get_by_role("status", name="What became of it")).to_contain_text("Done")
    assert [str(each) for _, each in shop.bank.refunds.values()] == ["40.00 EUR"]


async def test_where_nothing_is_declared_the_tab_says_so(shop: Shop, office: Office) -> None:
    ines = await shop.asker()
    maya = await office.maya()
    page = maya.page
    await page.route("**/api/actions/declared", lambda route: route.fulfill(json=[]))
    await maya.open(f"/inbox/all/{ines.conversation}?panel=act")
    await page.get_by_role("tabpanel", name="Act").get_by_role("button", name="Take over").click()
    await expect(page.get_by_role("heading", name="There is nothing to ask for")).to_be_visible()
    await maya.picture("act-nothing-declared")


@pytest.mark.parametrize(
    ("path", "what"), [(r"/api/approvals/apr_\w+$", "approval"), (r"/api/actions\?", "list of actions")]
)
async def test_a_conversation_says_that_its_actions_could_not_be_read(
    shop: Shop, office: Office, path: str, what: str
) -> None:
    ines = await shop.asker()
    await shop.agent_asks(ines, "84.00")
    maya = await office.maya(width=390, height=844, theme="dark")
    page = maya.page
    for status, says in ((500, FAILED), (403, "This needs the role 'admin'.")):
        await fail(page, path, status=status)
        await maya.open(f"/inbox/all/{ines.conversation}")
        failed = page.get_by_role("alert").filter(has_text=f"Could not load this {what}")
        await expect(failed).to_contain_text(says)
        await expect(page.locator(".skeleton")).to_have_count(0)
        await maya.picture(f"thread-without-{what.replace(' ', '-')}-{status}")
        await page.unroute_all()

    await failed.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("region", name="Your approval is needed")).to_be_visible()


async def test_taking_back_that_fails_is_said_in_the_dialog_and_afterwards_one_is_where_one_was(
    shop: Shop, office: Office
) -> None:
    await shop.agent_asks(await shop.asker(), "20.00")
    maya = await office.maya(role="lead")
    page = maya.page
    await maya.open("/actions")
    row = page.get_by_role("table").locator("tbody tr")
    await row.get_by_role("button", name="Take back").click()
    dialog = page.get_by_role("dialog", name="Take it back?")
    for status, says in ((500, FAILED), (403, "This needs the role 'admin'."), (0, "Answerable cannot be reached.")):
        await fail(page, "/undo$", status=status)
        await dialog.get_by_role("button", name="Take it back").click()
        await expect(dialog.get_by_role("alert")).to_contain_text(says)
        await expect(dialog.get_by_role("button", name="Take it back")).to_be_focused()
        await page.unroute_all()
    await maya.picture("take-back-fails")

    await dialog.get_by_role("button", name="Take it back").click()
    await expect(row).to_contain_text("Taken back")
    await expect(row.get_by_role("link", name="Refund charge")).to_be_focused()
    assert shop.bank.refunds == {}


@pytest.mark.parametrize(("path", "route"), [("/actions", r"/api/actions\?"), ("/approvals", r"/api/approvals\?")])
async def test_rows_that_do_not_come_are_missed_in_words(shop: Shop, office: Office, path: str, route: str) -> None:
    await shop.agent_asks(await shop.asker(), "84.00")
    maya = await office.maya()
    page = maya.page
    await changed(page, route, lambda page: page.update(next="the_rest"))
    await fail(page, rf"{route}.*cursor=the_rest", status=503)
    await maya.open(path)

    await page.get_by_role("button", name="Show more").click()
    await expect(page.get_by_role("alert")).to_have_text(f"{FAILED} It is tried again by itself.")
    await maya.picture(f"no-more{path.replace('/', '-')}")
    await fail(page, rf"{route}.*cursor=the_rest", status=403)
    await expect(page.get_by_role("alert")).to_have_text("This needs the role 'admin'.")
    await expect(page.get_by_role("button", name="Show more")).to_be_enabled()


async def test_a_filter_by_what_is_no_longer_declared_shows_what_it_is(shop: Shop, office: Office) -> None:
    maya = await office.maya()
    await maya.open("/actions?action=send_parcel&days=90")
    await expect(maya.page.get_by_role("heading", name="Nothing found")).to_be_visible()
    await expect(maya.page.get_by_label("Action", exact=True)).to_have_value("send_parcel")
    await expect(maya.page.get_by_label("Period")).to_have_value("90")


async def test_while_approvals_are_loaded_no_heading_is_empty(shop: Shop, office: Office) -> None:
    maya = await office.maya()
    await maya.page.route(re.compile(r"/api/approvals\?"), lambda route: asyncio.sleep(0))
    await maya.open("/approvals")
    await expect(maya.page.get_by_text("Loading approvals")).to_be_attached()
    await maya.picture("approvals-loading")
    assert all(await maya.page.get_by_role("heading").all_inner_texts())


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_what_is_long_can_be_read_on_a_phone(shop: Shop, office: Office, theme: str) -> None:
    ines, otto = await shop.asker(says="The second charge is not mine. " * 30), await shop.asker("Otto Lind")
    call, declined = await shop.agent_asks(ines, "84.00"), await shop.agent_asks(otto, "84.00")
    lena = await shop.company.rep("Lena Vogt", "lead")
    (approval,) = [
        each["approval"]["id"]
        for each in (await lena.get("/api/approvals"))["items"]
        if each["call"]["id"] == declined.id
    ]
    await lena.post(f"/api/approvals/{approval}/decline", {"reason": "It was used for a month. " * 40})
    maya = await office.maya(width=390, height=844, theme=theme)
    page = maya.page

    await maya.open("/approvals")
    await page.get_by_role("figure").locator("blockquote").focus()
    await page.keyboard.press("End")
    await expect(page.get_by_role("figure").locator("blockquote")).not_to_have_js_property("scrollTop", 0)
    await maya.picture("approval-long")
    await maya.open("/actions")
    why = page.get_by_role("table").get_by_text("It was used for a month.")
    await expect(why).to_be_visible()
    assert await why.evaluate("it => it.clientHeight") < 80, "the other rows are not far below"
    await maya.picture("actions-long")

    def lengthen(detail: dict[str, Any]) -> None:
        detail["call"].update(title="Refund the charge of a subscription that was renewed by mistake")
        detail["call"]["money"].update(amount="1234567.00")

    await changed(page, rf"/api/actions/{call.id}", lengthen)
    await maya.open(f"/actions/{call.id}")
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_contain_text("€1,234,567.00")
    assert await heading.evaluate("it => it.scrollWidth <= it.clientWidth"), "its amount is not cut off"
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await maya.picture("action-long")


async def test_what_only_an_admin_may_approve_is_said_in_grammar(shop: Shop, office: Office) -> None:
    await shop.agent_asks(await shop.asker(), "84.00")
    maya = await office.maya()

    def for_admins(page: dict[str, Any]) -> None:
        (card,) = page["items"]
        card.update(may_decide=False, why_not="This needs the role 'admin'.")
        card["approval"].update(role="admin")

    await changed(maya.page, r"/api/approvals\?", for_admins)
    await maya.open("/approvals")
    await expect(maya.page.get_by_role("region", name="The approval of an admin is needed")).to_be_visible()
