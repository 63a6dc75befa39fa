"""Somebody decides about refunds at the console: as they come in, on whatever screen, and afterwards."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from answerable.domain.clock import now
from answerable.domain.money import money
from answerable.store import clauses
from tests.actions.bank import RULES, WHOLE_ONLY
from tests.api.shop import Shop
from tests.console.conftest import Office
from tests.walks.company import Company


@pytest.fixture
def company(shop: Shop) -> Company:
    """Its doors: the office is in this company."""
    return shop.company


async def test_a_request_comes_in_live_and_is_approved_changed_declined_or_expires(shop: Shop, office: Office) -> None:
    maya = await office.maya(role="lead")
    page = maya.page
    await maya.open("/approvals")
    await expect(page.get_by_role("heading", name="Nothing waits for a person")).to_be_visible()
    await maya.picture("approvals-empty")
    ines, otto = (
        await shop.asker(says="My card was charged twice for March. My money back, please."),
        await shop.asker("Otto Lind"),
    )
    nour, lia = await shop.asker("נור كريم"), await shop.asker("Lia Sommer")

    await shop.agent_asks(ines, "84.00")
    card = page.get_by_role("region", name="Your approval is needed")
    await expect(card).to_contain_text("€84.00")
    await shop.agent_asks(otto, "120.00")
    await shop.agent_asks(nour, "60.00")
    expired = await shop.agent_asks(lia, "55.00")
    await expect(page.get_by_role("heading", name="4 requests wait for you.")).to_be_visible()
    await expect(page.get_by_role("link", name="Approvals 4 for you to decide")).to_be_visible()
    await expect(card.first).to_contain_text("My card was charged twice")
    await expect(card.first).to_contain_text("What R-3 says. (R-3 wants a person)")
    await expect(card.first).to_contain_text(re.compile(r"2[34] h left"))
    await maya.picture("approvals")

    await card.first.get_by_role("button", name="Approve Refund charge €84.00").click()
    await expect(
        page.get_by_text("Refund charge €84.00: done. Receipt: “84.00 EUR are on their way.”", exact=True).last
    ).to_be_visible()
    await expect(card).to_have_count(3)
    await card.first.get_by_role("button", name="Change amount").click()
    for typed, why in (
        ("130", "That is more than was asked for: less than €120.00."),
        ("120", "Less than €120.00: that is all of it."),
        ("99.999", "EUR has 2 decimals: write it like 120.00."),
        ("0.001", "EUR has 2 decimals: write it like 120.00."),
        ("0", "It must be more than nothing."),
        *((each, "Only digits and one point") for each in ("-5", "abc", "1.234,50", "€60", "")),
    ):
        await card.first.get_by_label("Amount in EUR").fill(typed)
        await expect(card.first.get_by_role("status")).to_contain_text(why)
        await expect(card.first.get_by_role("button", name="Approve less")).to_be_disabled()
    await card.first.get_by_label("Amount in EUR").fill("100,00")
    await expect(card.first.get_by_role("status")).to_have_text("Say why it is less: the customer is told.")
    await expect(card.first.get_by_role("button", name="Approve €100.00")).to_be_disabled()
    await card.first.get_by_label("Why").fill("The rest was used.")
    await maya.picture("approvals-change")
    await card.first.get_by_role("button", name="Approve €100.00").click()
    await expect(card).to_have_count(2)
    await card.first.get_by_role("button", name="Decline").click()
    await expect(card.first.get_by_role("button", name="Decline")).to_be_disabled()
    await card.first.get_by_label("Why is it declined").fill("It was used for a month.")
    await maya.picture("approvals-decline")
    await page.keyboard.press("Enter")
    await expect(card).to_have_count(1)
    await page.mouse.move(2, 2)
    await shop.let_expire(expired)
    await expect(page.get_by_role("heading", name="Nothing waits for a person")).to_be_visible()

    await page.get_by_role("link", name="Decided", exact=True).click()
    decisions = page.get_by_role("list", name="Decisions").get_by_role("listitem")
    await expect(decisions).to_have_count(4)
    await expect(page.get_by_text("Nobody decided in time")).to_be_visible()
    await expect(page.get_by_text("Maya Okafor declined: It was used for a month.")).to_be_visible()
    await maya.picture("approvals-decided")
    assert sorted(str(each) for _, each in shop.bank.refunds.values()) == ["100.00 EUR", "84.00 EUR"]


async def test_the_card_stands_in_the_conversation_and_a_late_click_hears_who_was_first(
    shop: Shop, office: Office
) -> None:
    ines = await shop.asker()
    tom = await shop.company.rep("Tom Berg")
    maya = await office.maya()
    page = maya.page
    await shop.agent_asks(ines, "84.00")
    row = page.get_by_role("link", name=re.compile("Waits for approval: Refund charge €84.00"))
    await row.click()
    card = page.get_by_role("region", name="Your approval is needed")
    await expect(card).to_contain_text("€84.00")
    await maya.picture("approval-in-conversation")

    approval = (await tom.get("/api/approvals"))["items"][0]["approval"]["id"]
    await page.route("**/api/events*", lambda route: route.abort())

    async def be_late(route: Any) -> None:
        await tom.post(f"/api/approvals/{approval}/approve", {})
        await route.continue_()

    await page.route("**/approve", be_late)
    await page.locator("body").press("v")
    await page.keyboard.press("a")

    await expect(page.get_by_label("Notices")).to_contain_text("It is decided already: Tom Berg approved it on")
    await page.get_by_role("button", name="Put it away").click()
    await expect(page.get_by_role("link", name=re.compile("Refund charge €84.00 Done"))).to_be_visible()
    assert len(shop.bank.refunds) == 1


async def test_who_asked_may_not_approve_and_two_others_must(shop: Shop, office: Office) -> None:
    ines = await shop.asker()
    maya = await office.maya(role="lead")
    others = [await shop.company.rep("Lena Vogt", "lead"), await shop.company.rep("Paul Sand", "lead")]
    page = maya.page
    await maya.open(f"/inbox/all/{ines.conversation}")
    await page.get_by_role("button", name="Take over").first.click()
    await expect(page.get_by_role("button", name="Hand back")).to_be_visible()
    cookies = {cookie["name"]: cookie["value"] for cookie in await page.context.cookies()}
    asked = await page.request.post(
        f"{shop.company.address}/api/conversations/{ines.conversation}/actions",
        data={
            "action": "refund_charge",
            "arguments": {"charge_id": ines.charge, "amount": {"amount": "180.00", "currency": "EUR"}},
        },
        headers={"x-csrftoken": cookies["csrftoken"], "Idempotency-Key": "one"},
    )
    assert asked.status == 200, await asked.text()

    card = page.get_by_role("region", name="The approval of a lead is needed")
    await expect(card).to_contain_text("Who asks for something cannot approve it.")
    await expect(card.get_by_role("button")).to_have_count(0)
    await maya.picture("approval-of-others")
    approval = (await others[0].get("/api/approvals"))["items"][0]["approval"]["id"]
    await others[0].post(f"/api/approvals/{approval}/approve", {})
    await expect(card).to_contain_text("2 people must approve; Lena Vogt did already.")
    await others[1].post(f"/api/approvals/{approval}/approve", {})

    await expect(page.get_by_role("link", name=re.compile("Refund charge €180.00 Done"))).to_be_visible()


@pytest.mark.parametrize(("width", "height", "theme"), [(1440, 900, "light"), (390, 844, "dark")])
async def test_a_rep_sees_what_an_action_would_come_to_and_then_asks_for_it(
    shop: Shop, office: Office, width: int, height: int, theme: str
) -> None:
    ines = await shop.asker()
    maya = await office.maya(width=width, height=height, theme=theme)
    page = maya.page
    await maya.open(f"/inbox/all/{ines.conversation}?panel=act")
    panel = page.get_by_role("tabpanel", name="Act")
    await expect(panel).to_contain_text("Only who has the conversation may")
    await panel.get_by_role("button", name="Take over").click()
    await panel.get_by_label("What shall be done?").select_option(label="Refund charge")
    await panel.get_by_label("Charge id").fill(ines.charge)
    amount, would = panel.get_by_role("textbox", name="Amount"), panel.get_by_role("status", name="What would happen")

    await amount.fill("84")
    await panel.get_by_role("button", name="What would happen?").click()
    await expect(would).to_contain_text("It would wait for a rep other than you")
    await expect(would).to_contain_text("What R-3 says. (R-3 wants a person)")
    await maya.picture("act-would-wait")
    await amount.fill("20")
    await expect(would).to_have_count(0)
    await panel.get_by_role("button", name="What would happen?").click()
    await expect(would).to_contain_text("It would be done at once")
    await expect(would).to_contain_text("Nothing has been done yet.")
    await maya.picture("act-would-be-done")
    assert shop.bank.asked == []

    await panel.get_by_role("button", name="Do it: Refund charge €20.00").click()
    await expect(panel.get_by_role("status", name="What became of it")).to_contain_text("Done")
    assert [str(each) for _, each in shop.bank.refunds.values()] == ["20.00 EUR"]
    await panel.get_by_role("button", name="What would happen?").click()
    await expect(would).to_contain_text("The same was asked for already")
    await amount.fill("84")
    await panel.get_by_role("button", name="What would happen?").click()
    await panel.get_by_role("button", name="Ask for the approval").click()
    await expect(panel.get_by_role("status", name="What became of it")).to_contain_text("Waits for approval")
    await maya.picture("act-waits")
    shop.bank.is_disputed = True
    await amount.fill("10")
    await panel.get_by_role("button", name="What would happen?").click()
    await expect(would).to_contain_text("It would be refused")
    await expect(would.get_by_text("What R-2 says.")).to_have_count(1)
    await expect(panel.get_by_role("button", name="Do it")).to_have_count(0)
    await maya.picture("act-would-be-refused")

    await maya.open(f"/inbox/all/{ines.conversation}")
    card = page.get_by_role("region", name="An approval is needed")
    await expect(card).to_contain_text("Who asks for something cannot approve it.")


async def test_all_actions_are_listed_narrowed_carried_away_and_taken_back(shop: Shop, office: Office) -> None:
    ines, otto = await shop.asker(), await shop.asker("Otto Lind")
    maya = await office.maya(role="lead")
    page = maya.page
    await maya.open("/actions")
    await expect(page.get_by_role("heading", name="Nothing has been asked for yet")).to_be_visible()
    await maya.open("/actions/act_of_nobody")
    await expect(page.get_by_role("heading", name="This action is not here")).to_be_visible()
    await page.locator(".way-on").get_by_role("link", name="All actions").click()
    await shop.agent_asks(ines, "20.00")
    await shop.agent_asks(otto, "84.00")
    shop.bank.faults = ["lost_before"]
    await shop.agent_asks(otto, "30.00")
    shop.bank.is_disputed = True
    await shop.agent_asks(otto, "10.00")

    rows = page.get_by_role("table").locator("tbody tr")
    await expect(rows).to_have_count(4)
    await expect(rows.last).to_contain_text("Done")
    await expect(page.get_by_role("table")).to_contain_text("waits for a rep")
    await maya.picture("actions")
    await page.get_by_label("State").select_option(label="Refused")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Refused")
    await page.get_by_label("State").select_option(label="All states")
    await expect(rows).to_have_count(4)
    await page.get_by_role("button", name="Only clause R-2").click()
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name=re.compile("Clause R-2 ?, remove this filter")).click()
    await page.get_by_label("Search customers").fill("otto")
    await expect(rows).to_have_count(3)
    async with page.expect_download() as begun:
        await page.get_by_role("link", name="Export as CSV").click()
    download = await begun.value
    assert re.fullmatch(r"actions-.*\.csv", download.suggested_filename)
    assert len(Path(await download.path()).read_text(encoding="utf-8-sig").splitlines()) == 4
    await page.get_by_label("Search customers").fill("")
    await expect(rows).to_have_count(4)

    await rows.last.get_by_role("button", name="Take back").click()
    await expect(page.get_by_role("dialog", name="Take it back?")).to_contain_text(
        "Refund charge €20.00 for Ines Carvalho"
    )
    await maya.picture("actions-take-back")
    await page.get_by_role("button", name="Take it back").click()
    await expect(rows.last).to_contain_text("Taken back")
    await expect(rows.last.get_by_role("button", name="Take back")).to_have_count(0)
    assert "20.00 EUR" not in [str(each) for _, each in shop.bank.refunds.values()]

    await rows.last.get_by_role("link", name="Refund charge").click()
    await expect(page.get_by_role("heading", name="Record")).to_be_visible()
    await expect(page.locator(".record li")).to_have_count(4)
    await maya.picture("action")


async def test_the_second_of_two_sees_what_the_first_one_changed_and_so_does_the_record(
    shop: Shop, office: Office
) -> None:
    ines, lena = await shop.asker(), await shop.company.rep("Lena Vogt", "lead")
    call = await shop.agent_asks(ines, "180.00")
    maya = await office.maya(role="lead")
    page = maya.page
    await maya.open("/approvals")
    card = page.get_by_role("region", name="Your approval is needed")
    await expect(card).to_contain_text("€180.00")

    approval = (await lena.get("/api/approvals"))["items"][0]["approval"]["id"]
    less = {"amount": "170.00", "reason": "A part was used.", "note": "Third time this year."}
    await lena.post(f"/api/approvals/{approval}/approve", less)

    changed = "Lena Vogt approved €170.00 of €180.00: A part was used."
    await expect(card).to_contain_text("€170.00 asked for: €180.00")
    await expect(card.get_by_role("list", name="What people changed and noted")).to_contain_text(changed)
    await expect(card).to_contain_text("Lena Vogt to colleagues: Third time this year.")
    await maya.picture("approval-changed")
    await card.get_by_role("button", name="Approve").click()
    await expect(page.get_by_label("Notices")).to_contain_text("Refund charge €170.00: done.")
    await maya.open("/actions")
    await expect(page.get_by_role("table").locator("tbody tr")).to_contain_text("€170.00asked for: €180.00")
    await maya.picture("actions-changed")
    await maya.open(f"/actions/{call.id}")
    await expect(page.get_by_role("list", name="What people changed and noted")).to_contain_text(changed)
    await expect(page.locator(".record")).to_contain_text("The customer is told: A part was used.")
    await expect(page.get_by_role("region", name="What was asked for")).to_contain_text("Amount€170.00")
    await maya.picture("action-changed")
    await maya.open("/approvals/decided")
    await expect(page.get_by_role("list", name="Decisions")).to_contain_text("asked for: €180.00")
    await maya.picture("approvals-decided-changed")


async def test_an_amount_that_a_clause_refuses_is_refused_in_the_card_and_nothing_is_decided(
    shop: Shop, office: Office
) -> None:
    ines = await shop.asker()
    await shop.company.house.store.write(clauses.put, [*RULES, WHOLE_ONLY], now())
    shop.bank.charges[ines.charge] = ("ines@example.com", money("84.00", "EUR"))
    await shop.agent_asks(ines, "84.00")
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    card = page.get_by_role("region", name="Your approval is needed")

    await card.get_by_role("button", name="Change amount").click()
    await card.get_by_label("Amount in EUR").fill("50")
    await card.get_by_label("Why").fill("Half of it was used.")
    await card.get_by_role("button", name="Approve €50.00").click()
    await expect(card.get_by_role("alert")).to_contain_text("50.00 EUR cannot be approved. R-5")
    await expect(card.get_by_role("alert")).to_contain_text("Nothing is decided: it still waits.")
    await expect(card.get_by_label("Amount in EUR")).to_have_value("50")
    await maya.picture("approval-change-refused")
    await card.get_by_role("button", name="Cancel").click()
    await expect(card.get_by_role("alert")).to_have_count(0)

    await card.get_by_role("button", name="Approve").click()
    await expect(card).to_have_count(0)
    assert [str(each) for _, each in shop.bank.refunds.values()] == ["84.00 EUR"]


async def test_where_a_clause_fixes_the_amount_no_other_is_offered_and_it_says_why(shop: Shop, office: Office) -> None:
    ines = await shop.asker()
    fixed = replace(WHOLE_ONLY, fixed_amount=True)
    await shop.company.house.store.write(clauses.put, [*RULES, fixed], now())
    shop.bank.charges[ines.charge] = ("ines@example.com", money("84.00", "EUR"))
    await shop.agent_asks(ines, "84.00")
    maya = await office.maya()
    await maya.open("/approvals")
    card = maya.page.get_by_role("region", name="Your approval is needed")

    await expect(card).to_contain_text("It is this amount or nothing. R-5 Clause R-5")
    await expect(card.get_by_role("button", name="Approve")).to_be_visible()
    await expect(card.get_by_role("button", name="Change amount")).to_have_count(0)
    await maya.picture("approval-fixed-amount")


async def test_whoever_decides_reads_what_was_said_without_leaving(shop: Shop, office: Office) -> None:
    ines = await shop.asker(says="My card was charged twice for March. My money back, please.")
    for answer in ("The second one.", "In March.", "To the same card.", "yes"):
        await ines.customer.ask(answer, conversation=ines.conversation)
    await shop.agent_asks(ines, "84.00")
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    card = page.get_by_role("region", name="Your approval is needed")

    await expect(card.get_by_role("figure")).to_contain_text("My card was charged twice for March")
    said = card.get_by_role("list", name="What was said with Ines Carvalho")
    await expect(said).to_have_count(0)
    await card.get_by_text("Read the conversation so far").click()
    await expect(said.get_by_role("listitem").first).to_contain_text("My card was charged twice for March")
    await expect(said).to_contain_text("AI agent")
    await expect(said.get_by_role("listitem").last).to_be_in_viewport()
    await maya.picture("approval-what-was-said")


async def test_what_a_clause_forbids_by_now_is_not_offered_and_nobody_is_said_to_have_declined_it(
    shop: Shop, office: Office
) -> None:
    ines, otto = await shop.asker(), await shop.asker("Otto Lind")
    await shop.agent_asks(ines, "84.00")
    maya = await office.maya()
    page = maya.page
    await maya.open("/approvals")
    card = page.get_by_role("region", name="Your approval is needed")
    await expect(card.get_by_role("button", name="Approve")).to_be_visible()
    forbids = replace(RULES[1], id="R-9", when=())
    await shop.company.house.store.write(clauses.put, [*RULES, forbids], now())

    await card.get_by_role("button", name="Approve").click()
    await expect(page.get_by_label("Notices")).to_contain_text("Refund charge €84.00: refused. R-9")
    await page.get_by_role("link", name="Decided", exact=True).click()
    decisions = page.get_by_role("list", name="Decisions")
    await expect(decisions).to_contain_text("Maya Okafor approved, and a rule forbade it by then: R-9")
    await expect(decisions).not_to_contain_text("declined")
    await maya.picture("approval-forbidden-decided")
    await shop.company.house.store.write(clauses.put, RULES, now())
    await shop.agent_asks(otto, "84.00")
    await shop.company.house.store.write(clauses.put, [*RULES, forbids], now())

    await page.get_by_role("link", name="Waiting", exact=True).click()
    await expect(card).to_contain_text("By now a rule forbids it. R-9 Clause R-2: What R-2 says.")
    await expect(card.get_by_role("button", name="Approve")).to_have_count(0)
    await expect(card.get_by_role("button", name="Decline")).to_be_visible()
    await maya.picture("approval-forbidden")


async def test_a_double_click_is_one_decision_and_no_fault(shop: Shop, office: Office) -> None:
    ines = await shop.asker()
    await shop.agent_asks(ines, "84.00")
    maya = await office.maya()
    page = maya.page
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/approve") else None)
    await maya.open("/approvals")
    card = page.get_by_role("region", name="Your approval is needed")

    await card.get_by_role("button", name="Approve").evaluate("it => { it.click(); it.click(); }")

    await expect(page.get_by_label("Notices")).to_contain_text("Refund charge €84.00: done.")
    await expect(card).to_have_count(0)
    await expect(page.get_by_label("Notices")).not_to_contain_text("decided already")
    assert len(sent) == len(shop.bank.refunds) == 1


async def test_a_refusal_is_shown_as_one_wherever_it_is_shown(shop: Shop, office: Office) -> None:
    ines, otto = await shop.asker(), await shop.asker("Otto Lind")
    await shop.agent_asks(otto, "84.00")
    maya = await office.maya(role="lead")
    page = maya.page
    await maya.open("/approvals")
    shop.bank.is_disputed = True
    await shop.agent_asks(ines, "10.00")
    await page.get_by_role("region", name="Your approval is needed").get_by_role("button", name="Approve").click()

    notice = page.get_by_label("Notices").locator(".notice")
    await expect(notice).to_contain_text("Refund charge €84.00: refused. R-2")
    await expect(notice.locator(".good")).to_have_count(0)
    await maya.picture("approval-refused")
    await page.get_by_role("link", name="Decided", exact=True).click()
    await expect(page.get_by_role("list", name="Decisions")).to_contain_text(
        re.compile("Maya Okafor approved; then it was refused before it was sent: R-2 .*What R-2 says")
    )
    await maya.open("/actions?state=refused")
    rows = page.get_by_role("table").locator("tbody tr")
    await expect(rows).to_have_count(2)
    for row in await rows.all():
        await expect(row.get_by_role("button", name="Only clause R-2")).to_be_visible()
        await expect(row.locator(".state")).to_contain_text("R-2")
    await maya.picture("actions-refused")


@pytest.mark.parametrize(("width", "height", "theme"), [(390, 844, "light"), (390, 844, "dark"), (1440, 900, "dark")])
async def test_approvals_and_actions_fit_on_any_screen(
    shop: Shop, office: Office, width: int, height: int, theme: str
) -> None:
    ines, otto = await shop.asker(), await shop.asker("Maximiliane Freifrau von Hohenstein-Sonnenberg")
    await shop.agent_asks(ines, "84.00")
    await shop.agent_asks(otto, "180.00")
    await shop.agent_asks(otto, "20.00")
    maya = await office.maya(width=width, height=height, theme=theme)
    page = maya.page

    await maya.open("/approvals")
    await expect(page.get_by_role("region", name="Your approval is needed")).to_be_visible()
    await expect(page.get_by_text("This needs the role 'lead'")).to_be_visible()
    await maya.picture("approvals-all")
    await maya.open("/actions")
    await expect(page.get_by_role("table")).to_contain_text("Waits for approval")
    await maya.picture("actions-all")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await maya.open(f"/inbox/needs-you/{ines.conversation}")
    await expect(page.get_by_role("region", name="Your approval is needed")).to_be_visible()
    await maya.picture("approval-in-thread")
    await maya.open(f"/inbox/all/{otto.conversation}")
    line = page.get_by_role("link", name=re.compile("Refund charge €20.00 Done"))
    why = line.get_by_text("Receipt: “20.00 EUR are on their way.”")
    assert await why.evaluate("it => it.scrollWidth <= it.clientWidth"), "why it is so is not cut off"
    await maya.picture("action-line-in-thread")
