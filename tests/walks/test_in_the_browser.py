"""The whole first conversation in a real browser: the customer's page on one side, the rep's console on the other."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from answerable.inference.embedders import Embedder
from tests.walks.company import PASSWORD, Company, open_company, skip_unless_built

PICTURES = Path(__file__).parents[2] / "test-artefacts" / "walk"
HOST_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Acme</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Invoices</h1><p>Two of them.</p></main><answerable-chat></answerable-chat>
<script type="module" src="/widget/answerable.js"></script></body></html>"""
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


@pytest.fixture
async def open_for_browsers(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> AsyncIterator[Company]:
    """The company with a page of its own that has the chat on it."""
    skip_unless_built("console", "widget")
    async with open_company(tmp_path, sqlite_url, embedder=embedder) as company:
        yield company


async def customers_page(company: Company, browser: Browser, size: str, scheme: Literal["light", "dark"]) -> Page:
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    await context.route("**/shop", lambda route: route.fulfill(body=HOST_PAGE, content_type="text/html"))
    page = await context.new_page()
    await page.goto(f"{company.address}/shop")
    await page.get_by_role("button", name="help").first.click()
    return page


async def console_page(company: Company, browser: Browser, size: str, scheme: Literal["light", "dark"]) -> Page:
    maya = await company.rep("Maya Okafor")
    width, height = SIZES[size]
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = await context.new_page()
    await page.goto(f"{company.address}/console/")
    await page.get_by_label("E-mail").fill(maya.me["email"])
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nobody waits for a person")).to_be_visible()
    return page


async def ask(page: Page, text: str) -> None:
    box = page.get_by_role("textbox")
    await box.fill(text)
    await box.press("Enter")


async def without_violation(page: Page, name: str) -> None:
    await page.screenshot(path=PICTURES / f"{name}.png")
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


async def test_the_help_centre_is_set_in_its_own_letters_and_shows_our_sign(
    open_for_browsers: Company, browser: Browser
) -> None:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{open_for_browsers.address}/help/refunds-to-your-card")

    loaded = "document.fonts.ready.then(fonts => [...fonts].filter(f => f.status == 'loaded').map(f => f.family))"
    families = {family.strip('"') for family in await page.evaluate(loaded)}
    sign = await page.request.get(f"{open_for_browsers.address}/favicon.ico")
    licences = await page.request.get(f"{open_for_browsers.address}/console/licences.md")

    assert families == {"Newsreader Variable", "Geist Variable"}
    assert "SIL OPEN FONT LICENSE" in await licences.text(), "letters are passed on with their licence"
    assert all(url.startswith(open_for_browsers.address) for url in asked), "no font comes from another site"
    assert (sign.status, sign.headers["content-type"]) == (200, "image/x-icon")
    assert (await sign.body())[:4] == b"\x00\x00\x01\x00"
    await context.close()


@pytest.mark.parametrize(
    ("size", "scheme"), [("desktop", "light"), ("desktop", "dark"), ("phone", "light"), ("phone", "dark")]
)
async def test_ask_read_the_source_be_handed_over_and_talk_to_a_person(
    open_for_browsers: Company, browser: Browser, size: str, scheme: Literal["light", "dark"]
) -> None:
    company = open_for_browsers
    PICTURES.mkdir(parents=True, exist_ok=True)
    look = f"{size}-{scheme}"
    rep = await console_page(company, browser, size, scheme)
    customer = await customers_page(company, browser, size, scheme)

    await ask(customer, "How long does a refund take to reach my card?")
    said = customer.get_by_role("log")
    await expect(said.get_by_text("3 to 5 business days").first).to_be_visible(timeout=20_000)
    await expect(said.get_by_role("button", name="Refunds to your card").first).to_be_visible()
    await without_violation(customer, f"customer-answered-{look}")

    await ask(customer, "Which llama breeds may I insure with you?")
    await expect(said.get_by_text("passing this on to a colleague").first).to_be_visible(timeout=20_000)

    row = rep.get_by_text("How long does a refund take to reach my card?").first
    await expect(row).to_be_visible(timeout=20_000)
    await row.click()
    await expect(rep.get_by_text("Which llama breeds").first).to_be_visible()
    await without_violation(rep, f"rep-handed-over-{look}")
    await rep.get_by_role("button", name="Take over").first.click()
    await rep.get_by_role("textbox", name="Reply").fill("None, I am afraid.")
    await rep.get_by_role("button", name="Send").click()

    await expect(said.get_by_text("None, I am afraid.").first).to_be_visible(timeout=20_000)
    await expect(customer.get_by_text("Maya").first).to_be_visible()
    await without_violation(customer, f"customer-with-maya-{look}")
    await without_violation(rep, f"rep-replied-{look}")
