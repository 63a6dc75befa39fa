"""What customers can rely on, tried in a browser against the whole program."""

import json
from typing import Any

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Request, Response, ViewportSize, expect

from tests.widget.conftest import ARTEFACTS, DESKTOP, PHONE, Host, Rep, Service, Visit
from tests.widget.line import Line

ANSWER = "3 to 5 business days"


async def open_help(page: Page) -> None:
    await page.get_by_role("button", name="Open help").click()
    await expect(page.get_by_role("dialog", name="Ledgerly help")).to_be_visible()


def is_kept(answer: Response) -> bool:
    """Whether the server says of a message that it has it."""
    return answer.request.method == "POST" and answer.url.endswith("/chat/messages")


async def ask(page: Page, text: str) -> None:
    await page.get_by_role("textbox").fill(text)
    await page.keyboard.press("Enter")


async def kept(page: Page, service: Service) -> list[dict[str, Any]]:
    """The messages of all of the visitor's conversations, as the server has them."""
    entries = await page.evaluate("Object.entries(localStorage)")
    token = next(json.loads(value)["token"] for name, value in entries if name.endswith(":key"))
    messages: list[dict[str, Any]] = []
    async with httpx.AsyncClient(base_url=service.address, headers={"Authorization": f"Bearer {token}"}) as client:
        for row in (await client.get("/chat/conversations")).json():
            messages += (await client.get(f"/chat/conversations/{row['id']}")).json()["messages"]
    return messages


def said(messages: list[dict[str, Any]]) -> list[str]:
    return [message["text"] for message in messages if message["author"] == "customer"]


async def conversation_id(page: Page) -> str:
    """The one that is shown, as soon as the server has given it an id."""
    # A polled function would need `eval`, which the page's policy forbids.
    await expect(page.locator("answerable-chat .mine")).not_to_have_count(0)
    await expect(page.locator("answerable-chat .mine .small")).to_have_count(0)
    shown = "Object.entries(localStorage).find(([name]) => name.endsWith(':thread'))[1]"
    return str(json.loads(await page.evaluate(shown)))


async def shoot(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=ARTEFACTS / f"{name}.png")


async def test_a_question_is_answered_with_its_source(visit: Visit) -> None:
    page = await visit()
    await open_help(page)
    await expect(page.get_by_text("About this page")).to_be_visible()
    await expect(page.get_by_text("You are talking to an AI").first).to_be_visible()

    await page.get_by_role("button", name="How long do refunds take?").click()

    await expect(page.get_by_role("log")).to_contain_text(ANSWER)
    await expect(page.get_by_role("link", name="Refund times")).to_have_attribute("rel", "noreferrer")
    await page.get_by_role("button", name="Source 1: Refund times").first.click()
    await expect(page.locator("blockquote")).to_contain_text("after it was approved")
    await page.get_by_role("button", name="Yes").click()
    await expect(page.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "true")
    assert ANSWER in await page.get_by_role("status").inner_text(), "announced to a screen reader"


async def test_the_pages_own_element_asks(visit: Visit) -> None:
    page = await visit()

    await page.get_by_role("button", name="Explain this charge").click()

    await expect(page.get_by_role("log")).to_contain_text("refunded within a day")
    heard = await page.evaluate("heard.map(([name]) => name)")
    assert heard[0] == "open"
    assert "message" in heard


async def test_only_title_and_path_of_the_page_are_sent(visit: Visit) -> None:
    page = await visit("/billing/invoices?token=secret#also-secret")
    sent: list[str] = []

    def hear(request: Request) -> None:
        sent.append(request.url + (request.post_data or "") + json.dumps(request.headers))

    page.on("request", hear)
    await open_help(page)
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)

    assert any('"path":"/billing/invoices"' in each for each in sent)
    assert not [each for each in sent if "secret" in each]


async def test_a_cut_connection_is_taken_up_again(visit: Visit, line: Line, rep: Rep) -> None:
    page = await visit(line=line)
    await open_help(page)
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)

    line.cut()
    await expect(page.get_by_text("Reconnecting…")).to_be_visible()
    for _ in range(3):
        await page.wait_for_event("requestfailed")
    conversation = await conversation_id(page)
    await rep.take_over(conversation)
    await rep.reply(conversation, "I am *here*.")
    line.mend()

    # The visitor looks at it: the wait is five seconds at most, however long the outage was.
    await expect(page.get_by_text("Reconnecting…")).to_have_count(0, timeout=8_000)
    await expect(page.get_by_role("log").get_by_text("I am here.")).to_have_count(1)
    await expect(page.get_by_role("log").get_by_text(ANSWER)).to_have_count(1)


async def test_what_is_said_without_a_network_is_sent_once_and_in_order(visit: Visit, service: Service) -> None:
    page = await visit()
    await open_help(page)
    await page.context.set_offline(True)
    await ask(page, "How long do refunds take?")
    await ask(page, "And how do I invite my team?")
    await expect(page.get_by_text("Waiting to send")).to_have_count(2)
    await shoot(page, "offline")

    await page.context.set_offline(False)

    await expect(page.get_by_role("log")).to_contain_text(ANSWER)
    await expect(page.get_by_text("Waiting to send")).to_have_count(0)
    assert said(await kept(page, service)) == ["How long do refunds take?", "And how do I invite my team?"]


async def test_what_could_not_be_fetched_without_a_network_comes_with_it(visit: Visit) -> None:
    page = await visit()
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Open help").click()
    await expect(page.get_by_role("dialog", name="Ask a question")).to_be_visible()

    await page.context.set_offline(False)

    await expect(page.get_by_role("dialog", name="Ledgerly help")).to_be_visible()
    await expect(page.get_by_role("heading", name="Hello, what can Ledgerly do for you?")).to_be_visible()
    await expect(page.get_by_role("button", name="Why was I charged twice?")).to_be_visible()


async def test_the_way_back_leads_to_the_top(visit: Visit) -> None:
    page = await visit(size={"width": 1440, "height": 420})
    await open_help(page)
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_role("log").get_by_text(ANSWER)).to_be_visible()

    await page.get_by_role("button", name="Back").click()

    await expect(page.get_by_role("heading", name="Hello, what can Ledgerly do for you?")).to_be_in_viewport(ratio=1)


async def test_a_message_whose_acknowledgement_was_lost_is_there_once(
    visit: Visit, line: Line, service: Service
) -> None:
    page = await visit(line=line)
    await open_help(page)
    await ask(page, "How do I invite my team?")
    await expect(page.get_by_role("log")).to_contain_text("Choose a role")

    line.swallow_answers()
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_text("Try again")).to_be_visible()
    line.mend()
    await page.reload()

    await expect(page.get_by_role("group", name="Did this answer it?")).to_have_count(2, timeout=20_000)
    await expect(page.get_by_text("Waiting to send")).to_have_count(0)
    assert said(await kept(page, service)) == ["How do I invite my team?", "How long do refunds take?"]


async def test_what_waits_survives_a_new_page(visit: Visit, line: Line, service: Service) -> None:
    page = await visit(line=line)
    await open_help(page)
    line.cut()
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_text("Waiting to send")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("Waiting to send")).to_be_visible()

    line.mend()

    await expect(page.get_by_role("log")).to_contain_text(ANSWER, timeout=20_000)
    assert said(await kept(page, service)) == ["How long do refunds take?"]


async def test_hostile_words_stay_words(visit: Visit, rep: Rep) -> None:
    hostile = '<img src=x onerror="window.hacked=1"> [click](javascript:window.hacked=1) <b>bold</b> **strong**'
    page = await visit()
    await open_help(page)
    await ask(page, hostile)
    await expect(page.get_by_role("log").get_by_text(hostile)).to_be_visible()
    await expect(page.get_by_text("Looking it up…")).to_have_count(0)
    conversation = await conversation_id(page)
    await rep.take_over(conversation)
    await rep.reply(conversation, hostile)

    await expect(page.locator("answerable-chat .rep strong")).to_have_text("strong")
    words = page.locator("answerable-chat .rep .words")
    await expect(words).to_contain_text('<img src=x onerror="window.hacked=1"> [click](javascript:window.hacked=1)')
    assert await page.locator("answerable-chat :is(img, b, script, a[href^=javascript])").count() == 0
    assert await page.evaluate("window.hacked") is None


async def test_a_person_is_asked_for_and_named(visit: Visit, rep: Rep) -> None:
    page = await visit()
    await open_help(page)
    await page.get_by_role("button", name="Talk to a person").click()
    await expect(page.get_by_role("textbox", name="What is it about?")).to_be_focused()
    await ask(page, "My books do not add up")
    here = page.get_by_role("log").get_by_text("A person will answer here.")
    await expect(here).to_be_visible()

    conversation = await conversation_id(page)
    first_name = await rep.take_over(conversation)
    await rep.reply(conversation, "Let us **see**.\nOne moment.")
    await expect(here).to_have_count(0)

    await expect(page.get_by_text(f"{first_name} is answering")).to_be_visible()
    said_by_rep = page.locator("answerable-chat .rep .words p")
    assert await said_by_rep.inner_text() == "Let us see.\nOne moment.", "as the rep wrote it, in two lines"
    await shoot(page, "rep")
    for number in range(8):
        # What came after the end would be for the agent again.
        async with page.expect_response(is_kept):
            await ask(page, f"Line {number} of what I see there")
    await expect(here).to_be_visible()
    await shoot(page, "with-people")
    await rep.resolve(conversation)
    again = page.get_by_role("button", name="Start a new one")
    await expect(again).to_be_visible()
    await expect(here).to_have_count(0)
    below, foot = await again.bounding_box(), await page.locator("answerable-chat .foot").bounding_box()
    assert below
    assert foot
    await expect(page.get_by_text(f"{first_name} is answering")).to_have_count(0)
    assert below["y"] + below["height"] <= foot["y"], "nothing of it lies behind the field"
    await shoot(page, "resolved")
    await again.click()
    await expect(page.get_by_role("heading", name="Hello, what can Ledgerly do for you?")).to_be_visible()
    await expect(page.get_by_role("button", name="My books do not add up")).to_be_visible()


async def test_a_reply_that_nobody_looks_at_is_counted(visit: Visit, rep: Rep) -> None:
    page = await visit()
    await open_help(page)
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)
    await page.get_by_role("button", name="Close").click()
    conversation = await conversation_id(page)
    await rep.take_over(conversation)
    await rep.reply(conversation, "Hello.")

    await expect(page.get_by_role("button", name="Open help (1)")).to_be_visible()
    await page.reload()
    await page.get_by_role("button", name="Open help (1)").click()
    await expect(page.get_by_role("log")).to_contain_text("Hello.")
    await page.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("button", name="Open help", exact=True)).to_be_focused()


async def test_two_tabs_show_the_same_conversation(visit: Visit, host: Host) -> None:
    page = await visit()
    other = await page.context.new_page()
    await other.goto(f"{host.address}/pricing")
    await open_help(page)
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)

    await open_help(other)

    await expect(other.get_by_role("log")).to_contain_text(ANSWER)
    await ask(other, "How do I invite my team?")
    await expect(page.get_by_role("log")).to_contain_text("Choose a role")


async def test_the_next_visitor_at_this_browser_sees_nothing_of_the_last(visit: Visit) -> None:
    page = await visit()
    await page.evaluate("Answerable('identify', {name: 'Omar', email: 'omar@acme.example', attributes: {seats: 4}})")
    await open_help(page)
    await ask(page, "How long do refunds take?")
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)
    await page.reload()
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)
    assert await page.evaluate("document.activeElement === document.body"), "an open panel takes no focus by itself"

    await page.evaluate("Answerable('identify', null)")

    await expect(page.get_by_role("heading", name="Hello, what can Ledgerly do for you?")).to_be_visible()
    await expect(page.get_by_text("Your conversations")).to_have_count(0)
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_a_message_that_is_too_long_is_not_sent(visit: Visit) -> None:
    page = await visit()
    await open_help(page)
    await ask(page, "ä" * 17_000)

    await expect(page.get_by_role("alert")).to_have_text("Too long: at most 32 kB.")
    assert len(await page.get_by_role("textbox").input_value()) == 17_000


async def test_everything_can_be_done_with_the_keyboard(visit: Visit) -> None:
    page = await visit()
    await page.get_by_role("button", name="Explain this charge").focus()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Open help")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox")).to_be_focused()
    await page.keyboard.type("How long do refunds take?")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)
    for name in ("No", "Yes"):
        for _ in range(8):
            await page.keyboard.press("Shift+Tab")
            if await page.locator("answerable-chat :focus").inner_text() == name:
                break
        await expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="Yes")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_role("button", name="Yes")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("button", name="Open help")).to_be_focused()


async def test_another_language_and_right_to_left_words(visit: Visit) -> None:
    page = await visit()
    await page.evaluate("Answerable('locale', 'de')")
    await page.get_by_role("button", name="Hilfe öffnen").click()
    await ask(page, "كم من الوقت يستغرق استرداد الأموال؟")

    words = page.get_by_role("log").get_by_text("كم من الوقت")
    await expect(words).to_have_css("direction", "rtl")
    # Once somebody has it, there is no button for that any more: what stays are the words of the page's language.
    await expect(page.get_by_role("textbox", name="Nachricht schreiben")).to_be_visible()
    await expect(page.get_by_role("button", name="Schließen")).to_be_visible()
    await shoot(page, "german-and-arabic")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(visit: Visit, size: ViewportSize, dark: bool) -> None:
    name = f"{'phone' if size is PHONE else 'desktop'}-{'dark' if dark else 'light'}"
    page = await visit(size=size, dark=dark)
    await expect(page.get_by_role("button", name="Open help")).to_be_visible()
    await look(page, f"{name}-closed")
    await open_help(page)
    await expect(page.get_by_text("About this page")).to_be_visible()
    await look(page, f"{name}-home")
    await page.get_by_role("button", name="How long do refunds take?").click()
    await expect(page.get_by_role("log")).to_contain_text(ANSWER)
    await look(page, f"{name}-answer")
    await page.get_by_role("button", name="Source 1: Refund times").first.click()
    await page.get_by_role("button", name="No", exact=True).click()
    await expect(page.get_by_role("button", name="No", exact=True)).to_have_attribute("aria-pressed", "true")
    await look(page, f"{name}-quote")


async def look(page: Page, name: str) -> None:
    await shoot(page, name)
    found = await Axe().run(page)
    assert not found.response["violations"], found.generate_report()
