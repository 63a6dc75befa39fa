"""The databases and the browser that tests are given."""

import psycopg
import pytest
from playwright.async_api import Browser


def test_each_test_gets_an_empty_database_of_its_own(new_postgres_url: str) -> None:
    with psycopg.connect(new_postgres_url) as connection:
        connection.execute("CREATE TABLE notes (body text)")


def test_nothing_is_left_from_another_test(new_postgres_url: str) -> None:
    with psycopg.connect(new_postgres_url) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM notes")


def test_a_test_with_a_database_runs_on_both_kinds(database_url: str, request: pytest.FixtureRequest) -> None:
    assert database_url.startswith("sqlite:///" if "sqlite" in request.node.name else "postgresql://")


async def test_the_browser_shows_a_page(browser: Browser) -> None:
    page = await browser.new_page()
    await page.set_content("<title>Hello</title>")

    assert await page.title() == "Hello"
