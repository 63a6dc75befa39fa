"""What the help centre says is complete, connected, and true, except where FLAWS.md says otherwise."""

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

import answerable_demo
from answerable_demo.back_office.catalogue import ADD_ONS, PLANS

KNOWLEDGE = sorted((answerable_demo.WORKSPACE / "knowledge").glob("*.md"))
POLICIES = sorted((answerable_demo.WORKSPACE / "policies").glob("*.md"))
FLAWS = (Path(answerable_demo.__file__).parent / "FLAWS.md").read_text()
SIGNS = {"€": "EUR", "£": "GBP", "$": "USD"}


def _name(page: Path) -> str:
    return page.stem


def _head(page: Path) -> dict[str, Any]:
    head = yaml.safe_load(page.read_text().split("---\n")[1])
    assert isinstance(head, dict)
    return head


def _body(page: Path) -> str:
    return page.read_text().split("---\n", 2)[2]


def _out_of_date() -> set[str]:
    rows = [line.split("|") for line in FLAWS.splitlines() if line.startswith("| out of date")]
    return {name for row in rows for name in re.findall(r"`([\w-]+)`", row[2])}


def test_there_are_about_sixty_articles_in_three_languages() -> None:
    languages = [_head(page)["lang"] for page in KNOWLEDGE]

    assert 45 <= len(KNOWLEDGE) <= 60
    assert {"en", "de", "es"} == set(languages)


@pytest.mark.parametrize("page", KNOWLEDGE, ids=_name)
def test_an_article_says_what_it_is(page: Path) -> None:
    head = _head(page)

    assert head.keys() >= {"title", "section", "lang", "updated", "keywords"}
    assert isinstance(head["updated"], date)
    assert isinstance(head["keywords"], list)
    assert f"# {head['title']}\n" in _body(page), "the heading is the title"
    assert 60 <= len(_body(page).split()) <= 700


@pytest.mark.parametrize("page", POLICIES, ids=_name)
def test_a_policy_says_since_when_it_holds_and_every_clause_has_words_for_people(page: Path) -> None:
    head = _head(page)

    assert head["id"] == page.stem
    assert isinstance(head["effective_from"], date)
    for clause in head["clauses"]:
        assert f"## {clause['id']} {clause['title']}\n" in _body(page)
        assert clause["says"].endswith(".")


@pytest.mark.parametrize("page", [*KNOWLEDGE, *POLICIES], ids=_name)
def test_links_between_articles_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", _body(page)):
        assert (page.parent / target).resolve().is_file(), target


@pytest.mark.parametrize("page", [page for page in KNOWLEDGE if "translation_of" in _head(page)], ids=_name)
def test_a_translation_names_its_original(page: Path) -> None:
    assert (page.parent / f"{_head(page)['translation_of']}.md").is_file()


def _prices_of(plan: str) -> set[str]:
    cents = PLANS[plan].monthly_cents
    return {
        f"{sign}{amount * months // 100:,}"
        for sign, currency in SIGNS.items()
        for months in (1, 10)
        for amount in (cents[currency],)  # type: ignore[index]
    }


@pytest.mark.parametrize("page", [page for page in KNOWLEDGE if page.stem not in _out_of_date()], ids=_name)
def test_what_is_said_of_plans_and_add_ons_costs_what_the_back_office_charges(page: Path) -> None:
    plan_prices = set[str]().union(*(_prices_of(plan) for plan in ("solo", "team", "business")))
    for price in re.findall(r"([€£$][\d,]+)(?: a month|\*\* a month| a year)", _body(page)):
        assert price in plan_prices, price
    for line in _body(page).splitlines():
        for item in ADD_ONS.values():
            if item.name.lower() in line.lower() and (price := re.search(r"€\d+", line)):
                assert price.group() == f"€{item.cents['EUR'] // 100}", line


def test_the_price_list_is_the_back_offices() -> None:
    text = (answerable_demo.WORKSPACE / "knowledge" / "plans-and-prices.md").read_text()
    rows = {cells[1].strip(): [cell.strip() for cell in cells[2:5]] for cells in _table_rows(text) if len(cells) > 4}

    for sign, currency in SIGNS.items():
        monthly = [PLANS[plan].monthly_cents[currency] for plan in ("solo", "team", "business")]  # type: ignore[index]
        assert rows[f"Per month, {currency}"] == [f"{sign}{cents // 100:,}" for cents in monthly]
        assert all(f"{sign}{cents // 10:,}" in text for cents in monthly), "a year costs ten months"
    for item in ADD_ONS.values():
        assert f"| €{item.cents['EUR'] // 100} |" in text


def _table_rows(text: str) -> list[list[str]]:
    return [line.split("|") for line in text.splitlines() if line.startswith("|")]


def test_the_flaws_are_there_and_named() -> None:
    named = {name for row in _table_rows(FLAWS)[2:] for name in re.findall(r"`([\w-]+)`", row[2])}
    texts = {page.stem: _body(page) for page in KNOWLEDGE}

    assert named <= set(texts)
    assert "5\u201310 business days" in texts["refund-times"]
    assert "3 to 5 business days" in texts["refunds-to-your-card"]
    assert _out_of_date() == {"plans-and-prices-2023"}
    assert "Starter" in texts["plans-and-prices-2023"]
    assert not any("Starter" in text for name, text in texts.items() if name not in _out_of_date())


def test_the_workspace_file_can_be_read_and_its_folders_are_there() -> None:
    table = tomllib.loads((answerable_demo.WORKSPACE / "answerable.toml").read_text())

    assert table["company"]["name"] == "Ledgerly"
    assert all((answerable_demo.WORKSPACE / source["path"]).is_dir() for source in table["sources"])
