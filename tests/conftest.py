"""What tests of several rooms share: a database of each kind, and a browser."""

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from ctypes.util import find_library
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.postgres import Postgres, PostgresMissing, running_postgres

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_or_reason() -> Iterator[Postgres | str]:
    """The server, started when the first test asks for it, or why there is none."""
    with ExitStack() as stack:
        try:
            server: Postgres | str = stack.enter_context(running_postgres())
        except PostgresMissing as missing:
            server = str(missing)
        yield server


@pytest.fixture
def postgres_url(postgres_or_reason: Postgres | str) -> Iterator[str]:
    """A fresh, empty PostgreSQL database."""
    if isinstance(postgres_or_reason, str):
        pytest.skip(f"Not tested on PostgreSQL: {postgres_or_reason}.")
    with postgres_or_reason.database(f"test_{os.getpid()}_{next(_numbers)}") as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A fresh SQLite database, not there yet."""
    return f"sqlite:///{tmp_path / 'answerable.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, empty database: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, driven by Playwright's async API; never one that a tool downloaded."""
    if not CHROMIUM.exists():
        pytest.skip(f"Not tried in a browser: {CHROMIUM} is not installed (Debian: `apt install chromium`).")
    if find_library("atomic") is None:
        pytest.skip("Not tried in a browser: Playwright's driver needs libatomic (Debian: `apt install libatomic1`).")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        await chromium.close()
