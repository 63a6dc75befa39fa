"""What readers of the help centre can rely on."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from litestar import Litestar
from litestar.testing import AsyncTestClient
from playwright.async_api import Browser, Page, Route, ViewportSize, expect

from answerable.domain.errors import NotFound
from answerable.domain.knowledge import Article
from answerable.surfaces.help.contents import choose_language, sections_of
from answerable.surfaces.help.markdown import html_of, plain
from answerable.surfaces.help.routes import HelpDoor, Hit, help_routes
from answerable.web.app import add_headers

ARTEFACTS = Path("test-artefacts/help")

TEXT = """# Refund times

A refund reaches your card within **3 to 5 business days**, see [the rules](../policies/refunds.md#late) or
[how to invite](invite.md), [nowhere](missing.md), [outside](https://x.example/).

## By way of payment

| Way | Days |
|---|---|
| Card | 3 to 5 |
| Bank | 10 |

1. Open `Billing`.
2. Wait.

<img src=x onerror=alert(1)> ![A picture](https://tracker.example/x.png) [click](javascript:alert(1))
"""


def article(key: str, title: str, text: str, *, section: str | None = "Billing", language: str = "en") -> Article:
    slug = key.replace("/", "-").replace(".", "-")
    return Article(
        id=f"art_{slug}",
        source_id="src_1",
        key=key,
        slug=slug,
        revision_id=f"rev_{slug}",
        revision=1,
        title=title,
        text=text,
        url=None,
        language=language,
        section=section,
        from_release=1,
        revised_at=datetime(2026, 3, 9, 12, tzinfo=UTC),
    )


ARTICLES = [
    article("knowledge/refunds.md", "Refund times", TEXT),
    article("policies/refunds.md", "Refund policy", "We refund.", section="Policies"),
    article("knowledge/invite.md", "Invite your team", "Open *People*.", section=None),
    article("knowledge/refunds.de.md", "Dauer von Erstattungen", "Drei bis fünf Werktage.", language="de"),
    *(article(f"knowledge/bill-{n}.md", f"Bill number {n}", "A bill.") for n in range(9)),
]


@dataclass(frozen=True)
class Passage:
    article_id: str
    text: str
    lexical: float = 1.0
    dense: float = 0.6


async def in_force() -> Sequence[Article]:
    return ARTICLES


async def by_slug(slug: str) -> Article:
    for each in ARTICLES:
        if each.slug == slug:
            return each
    raise NotFound("There is no such article.")


async def search(query: str) -> Sequence[Hit]:
    if query == "qqzz":
        # As the index does it: the least bad passages, however bad.
        return [Passage(each.id, each.text, lexical=0.0, dense=0.17) for each in ARTICLES]
    word = query.partition(" ")[0].casefold()
    return [Passage(each.id, each.text) for each in ARTICLES if word in each.text.casefold()]


@pytest.fixture
async def client() -> AsyncIterator[AsyncTestClient[Litestar]]:
    door = HelpDoor(company="Ledgerly", articles_in_force=in_force, article_by_slug=by_slug, search=search)
    app = Litestar([help_routes(door)], before_send=[add_headers])
    async with AsyncTestClient(app) as client:
        yield client


Client = AsyncTestClient[Litestar]


async def test_the_first_page_lists_the_articles_of_the_readers_language_by_section(client: Client) -> None:
    english = (await client.get("/help", headers={"Accept-Language": "en-GB,de;q=0.5"})).text
    german = (await client.get("/help", headers={"Accept-Language": "de-AT"})).text

    assert "Bill number 1" in english
    assert "Dauer von Erstattungen" not in english
    assert "All 10 articles" in english, "a long section is cut short, and can be opened"
    assert "Dauer von Erstattungen" in german
    assert 'lang="de"' in german


async def test_a_section_can_be_read_in_full(client: Client) -> None:
    page = (await client.get("/help", params={"section": "Billing", "lang": "en"})).text

    assert "Bill number 8" in page
    assert "Refund policy" not in page


async def test_an_article_shows_its_date_its_translation_and_what_is_related(client: Client) -> None:
    page = (await client.get("/help/knowledge-refunds-md")).text

    assert "Updated on 9 March 2026" in page
    assert '<link rel="alternate" hreflang="de" href="/help/knowledge-refunds-de-md">' in page
    assert page.count("<h1") == 1
    assert "<h2>By way of payment</h2>" in page


async def test_search_works_without_javascript(client: Client) -> None:
    found = (await client.get("/help", params={"q": "refund"})).text
    nothing = (await client.get("/help", params={"q": "<script>alert(1)</script>"})).text

    assert 'href="/help/knowledge-refunds-md"' in found
    assert "<script>alert" not in nothing
    assert "&lt;script&gt;alert" in nothing


async def test_what_only_happens_to_be_least_far_away_is_not_shown_as_found(client: Client) -> None:
    page = (await client.get("/help", params={"q": "qqzz"}, headers={"Accept-Language": "en"})).text

    assert "Nothing here answers that." in page
    assert "/help/knowledge-refunds-md" not in page


async def test_a_page_that_is_not_there_says_so(client: Client) -> None:
    missing = await client.get("/help/nowhere")

    assert missing.status_code == 404
    assert "This page is not here" in missing.text
    assert '<a href="/help?lang=en">Help centre</a>' in missing.text


async def test_pages_allow_nothing_but_their_own_files(client: Client) -> None:
    page = await client.get("/help")

    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "style=" not in page.text


def test_links_between_files_become_links_between_pages_and_the_rest_is_harmless() -> None:
    pages = {"../policies/refunds.md#late": "/help/refund-policy"}
    html = html_of(TEXT, "Refund times", pages.get)

    assert 'href="/help/refund-policy"' in html
    assert 'href="https://x.example/"' in html
    assert "missing.md" not in html
    assert "<img" not in html
    assert "tracker" not in html
    assert "A picture" in html
    assert "javascript:" not in html.replace("[click](javascript:alert(1))", "")
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_a_passage_is_shown_without_its_marks() -> None:
    assert plain("**Bold** and [a link](https://x.example).\n\nThen.", 80) == "Bold and a link. Then."
    assert plain("## When\n\nWithin a day.\n\n## How\n\nBy card.", 80) == "Within a day. By card."
    assert plain("## Only a heading", 80) == "Only a heading"
    assert plain("word " * 100, 20) == "word word word word …"


def test_items_and_cells_are_told_apart_in_an_excerpt() -> None:
    assert plain("You need:\n\n- a card\n- a name\n\nThen wait", 80) == "You need: a card · a name · Then wait"
    assert plain("1. Open it.\n2. Press *Save*\n   - twice\n3. Done", 80) == "Open it. Press Save · twice · Done"
    assert plain("| | Free | Team |\n|---|---|---|\n| Seats | 1 | 10 |", 80) == "Free · Team · Seats · 1 · 10"


def test_the_corner_of_a_table_heads_nothing() -> None:
    html = html_of("| | Free |\n|---|---|\n| Seats | 1 |", "Plans", lambda _: None)

    assert re.sub(r"\s", "", html).startswith(
        '<divclass="wide"tabindex="0"><table><thead><tr><td></td><th>Free</th></tr>'
    )


async def test_a_help_centre_without_articles_says_so_and_how_to_bring_some_in() -> None:
    async def nothing() -> Sequence[Article]:
        return []

    door = HelpDoor(company="Ledgerly", articles_in_force=nothing, article_by_slug=by_slug, search=search)
    async with AsyncTestClient(Litestar([help_routes(door)])) as client:
        english = (await client.get("/help", headers={"Accept-Language": "en"})).text
        german = (await client.get("/help", headers={"Accept-Language": "de"})).text

    assert "There are no articles yet." in english
    assert "<code>answerable import FOLDER</code>" in english
    assert "Noch gibt es keine Artikel." in german


def test_the_language_is_the_wanted_the_accepted_or_the_most_used() -> None:
    assert choose_language(["en", "de"], "de", "en") == "de"
    assert choose_language(["en", "de"], "xx", "fr, de-CH;q=0.8") == "de"
    assert choose_language(["en", "de"], None, "") == "en"
    assert choose_language([], None, "de") == "en"


def test_nothing_to_read_is_no_error() -> None:
    assert sections_of([], "en") == []
    assert replace(ARTICLES[0], text="").text == ""
    assert html_of("", "Empty", lambda _: None) == ""


DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_axe_finds_nothing(browser: Browser, client: Client, size: ViewportSize, dark: bool) -> None:
    context = await browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
    page = await context.new_page()

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix("http://help.test")
        response = await client.get(path)
        await route.fulfill(status=response.status_code, headers=dict(response.headers), body=response.content)

    await page.route("http://help.test/**", answer)
    name = f"{'phone' if size is PHONE else 'desktop'}-{'dark' if dark else 'light'}"
    for what, path in {
        "contents": "/help?lang=en",
        "section": "/help?section=Billing&lang=en",
        "article": "/help/knowledge-refunds-md",
        "found": "/help?q=refund&lang=en",
        "missing": "/help/nowhere",
    }.items():
        await page.goto(f"http://help.test{path}")
        await look(page, f"{name}-{what}")
    await page.get_by_role("searchbox").fill("refund")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("refund")
    await context.close()


async def look(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, "nothing sticks out to the side"
    found = await Axe().run(page)
    assert not found.response["violations"], found.generate_report()
