"""The company's pages: complete in themselves, friendly to a strict content policy, and true."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import answerable_demo
from answerable_demo.back_office.catalogue import ADD_ONS, PLANS

PAGES = sorted(answerable_demo.SITE.glob("*.html"))
SERVED_BY_THE_PROGRAM = {"/widget/answerable.js", "/help"}


class _Elements(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _name(page: Path) -> str:
    return page.stem


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_everything_a_page_loads_or_links_to_is_there(page: Path) -> None:
    for tag, attributes in _Elements(page).found:
        target = attributes.get("src") or (attributes.get("href") if tag in ("a", "link") else None)
        if target is None or target.startswith("#") or target in SERVED_BY_THE_PROGRAM:
            continue
        assert ":" not in target, "nothing comes from elsewhere"
        assert (page.parent / (target if target != "./" else "index.html")).is_file(), target


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_needs_no_inline_script_or_style_and_carries_the_chat(page: Path) -> None:
    elements = _Elements(page).found
    tags = [tag for tag, _ in elements]

    assert "style" not in tags
    assert all(attributes.get("src") for tag, attributes in elements if tag == "script")
    assert not any(name == "style" or name.startswith("on") for _, attributes in elements for name in attributes)
    assert tags.count("answerable-chat") == 1
    assert not re.search(r"url\(|@import", (page.parent / "site.css").read_text())


def test_the_invoice_page_shows_what_ines_was_charged_and_asks_why() -> None:
    elements = _Elements(answerable_demo.SITE / "invoice.html").found
    text = (answerable_demo.SITE / "invoice.html").read_text()

    assert "Why was I charged twice?" in [attributes.get("data-answerable-ask") for _, attributes in elements]
    assert all(words in text for words in ("INV-2025-0317", "Visa ending 4242", "09:14:07", "09:14:48", "€84.00"))


def test_the_pricing_page_says_what_the_back_office_charges() -> None:
    text = (answerable_demo.SITE / "pricing.html").read_text()

    for code in ("solo", "team", "business"):
        cents = PLANS[code].monthly_cents
        assert f"€{cents['EUR'] // 100} <span>a month" in text
        assert f"£{cents['GBP'] // 100}, ${cents['USD'] // 100}, or €{cents['EUR'] // 10:,} a year" in text
    assert all(f">€{item.cents['EUR'] // 100}</td>" in text for item in ADD_ONS.values())
