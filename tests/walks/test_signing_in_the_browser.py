"""The widget in a real browser, on a page that says who is in front of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from answerable.inference.embedders import Embedder
from answerable.people import identity_of
from tests.people.host import Host
from tests.walks.company import Company, open_company, skip_unless_built

HOST_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Acme</title></head>
<body><main><h1>Invoices</h1></main><answerable-chat{}></answerable-chat>
<script type="module" src="/widget/answerable.js"></script></body></html>"""
ELSEWHERE = "not the secret of the host, though it is just as long, or even somewhat longer"


@pytest.fixture
async def company(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> AsyncIterator[Company]:
    """The company, with a page of its own that has the chat on it."""
    skip_unless_built("widget")
    async with open_company(tmp_path, sqlite_url, embedder=embedder) as opened:
        yield opened


ANSWERS = {"How long do refunds take?": "3 to 5 business days", "How do I add my VAT ID?": "Enter your VAT ID"}


class Visit:
    """One browser, whose page is loaded again for whoever is signed in by now."""

    def __init__(self, company: Company, page: Page) -> None:
        self.company, self.page = company, page
        self.token: str | None = None
        self.warnings: list[str] = []
        page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        self.warnings.append(message.text)

    async def load(self, token: str | None) -> None:
        said = f' identity="{token}"' if token is not None else ""
        await self.page.unroute_all()
        await self.page.route(
            "**/shop", lambda route: route.fulfill(body=HOST_PAGE.format(said), content_type="text/html")
        )
        await self.page.goto(f"{self.company.address}/shop")
        if not await self.page.get_by_role("dialog").is_visible():
            await self.page.get_by_role("button", name="help").first.click()

    async def set(self, token: str | None) -> None:
        change = "(token) => { const e = document.querySelector('answerable-chat');"
        change += " token ? e.setAttribute('identity', token) : e.removeAttribute('identity') }"
        await self.page.evaluate(change, token)

    async def ask(self, text: str) -> None:
        box = self.page.get_by_role("textbox")
        await box.fill(text)
        await box.press("Enter")
        # Its own answer: the one before it is still there.
        await expect(self.page.get_by_text(ANSWERS[text]).last).to_be_visible()


async def visit(company: Company, browser: Browser) -> Visit:
    page = await (await browser.new_context(viewport={"width": 1200, "height": 900})).new_page()
    return Visit(company, page)


async def test_a_visitor_signs_in_goes_on_and_leaves_nothing_when_signing_out(
    company: Company, browser: Browser
) -> None:
    host = Host()
    ines = await visit(company, browser)
    await ines.load(None)
    await ines.ask("How long do refunds take?")

    await ines.set(host.token())
    await expect(ines.page.get_by_text("How long do refunds take?")).to_be_visible()
    await ines.ask("How do I add my VAT ID?")
    rep = await company.admin()
    (row,) = (await rep.get("/api/inbox", view="all"))["items"]
    assert row["customer"]["name"] == "Ines Carvalho"
    assert await identity_of(company.house.store, row["id"]) == "verified"

    await ines.page.get_by_role("textbox").fill("half a word")
    await ines.set(host.token(exp=int(host.at.timestamp()) + 1200))
    await expect(ines.page.get_by_role("textbox")).to_be_focused()
    await expect(ines.page.get_by_text("How do I add my VAT ID?").first).to_be_visible()

    await ines.set(None)
    await expect(ines.page.get_by_text("How long do refunds take?")).to_have_count(0)
    await ines.load(None)
    await expect(ines.page.get_by_text("How long do refunds take?")).to_have_count(0)
    await ines.load(host.token("u_2", name="Bram"))
    await expect(ines.page.get_by_text("How long do refunds take?")).to_have_count(0)
    await expect(ines.page.get_by_text("Your conversations")).to_have_count(0)


async def test_the_same_person_on_another_device_has_the_same_conversations(company: Company, browser: Browser) -> None:
    host = Host()
    laptop, phone = await visit(company, browser), await visit(company, browser)
    await laptop.load(host.token())
    await laptop.ask("How long do refunds take?")

    await phone.load(host.token())

    await phone.page.get_by_role("button", name="How long do refunds take?").click()
    await expect(phone.page.get_by_text("3 to 5 business days").first).to_be_visible()


async def test_a_token_that_is_not_believed_is_told_to_the_developer_and_the_chat_goes_on(
    company: Company, browser: Browser
) -> None:
    host = Host()
    visitor = await visit(company, browser)
    await visitor.load(host.token(key=ELSEWHERE))
    await visitor.page.evaluate("Answerable('on', 'identity', () => { window.asked = true })")

    await visitor.ask("How long do refunds take?")

    assert any("The identity token was not signed" in each for each in visitor.warnings)
    (row,) = (await (await company.admin()).get("/api/inbox", view="all"))["items"]
    assert row["customer"]["identity"] == "anonymous"
    await visitor.set(host.token())
    await visitor.ask("How do I add my VAT ID?")
    (row,) = (await (await company.admin()).get("/api/inbox", view="all"))["items"]
    assert (row["id"], row["customer"]["name"]) == (row["id"], "Ines Carvalho")
