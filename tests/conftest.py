"""What tests of several rooms share: a database of each kind, an embedder, and a browser."""

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from ctypes.util import find_library
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from playwright.async_api import Browser, async_playwright

from answerable.inference.embedders import Embedder
from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.jobs import Jobs
from answerable.people import reps
from answerable.store import Store
from tests import migrated
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
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 8_000_000_000
_numbers = itertools.count(1)


def pytest_configure() -> None:
    """Temporary files stay in memory where there is room for them: no test has to survive a power cut."""
    if "TMPDIR" not in os.environ and _is_roomy():
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def _is_roomy() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    there = os.statvfs(MEMORY)
    # Tests start programs from their folders; some containers allow none here.
    if there.f_flag & os.ST_NOEXEC or there.f_bavail * there.f_frsize < MEMORY_BYTES_MIN:
        return False
    memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(memory["MemAvailable"].split()[0]) * 1024 >= MEMORY_BYTES_MIN


@pytest.fixture(scope="session", autouse=True)
def _passwords_are_kept_at_little_cost() -> Iterator[None]:
    """A hash that takes long is for those who steal the database; programs that tests start take the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reps, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        yield


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default one; loading it takes as long as many tests."""
    return MiniLmEmbedder()


@pytest.fixture(scope="session")
def postgres_or_reason() -> Iterator[Postgres | str]:
    """The server, started when the first test asks for it, or why there is none."""
    with ExitStack() as stack:
        try:
            server: Postgres | str = stack.enter_context(running_postgres())
        except PostgresMissing as missing:
            server = str(missing)
        yield server


@pytest.fixture(scope="session")
def postgres(postgres_or_reason: Postgres | str) -> Postgres:
    """The server; where there is none, the test is skipped and says why."""
    if isinstance(postgres_or_reason, str):
        pytest.skip(f"Not tested on PostgreSQL: {postgres_or_reason}.")
    return postgres_or_reason


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: Postgres) -> Iterator[str]:
    """The name of a database that was migrated once; copy it."""
    with postgres.database("with_tables") as url:
        with Store(url) as opened:
            opened.migrate()
            with ThreadPoolExecutor() as thread:
                thread.submit(asyncio.run, _launched(opened, url)).result()
        yield "with_tables"


async def _launched(store: Store, url: str) -> None:
    """Makes the tables of the jobs as well."""
    jobs = Jobs(store, url, {})
    await jobs.launch()
    await jobs.close()


@pytest.fixture
def new_postgres_url(postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database of the test's own, without any table."""
    with postgres.database(f"test_{next(_numbers)}") as url:
        yield url


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_with_tables: str) -> Iterator[str]:
    """A PostgreSQL database of the test's own, with its tables and nothing in them."""
    with postgres.database(f"test_{next(_numbers)}", template=postgres_with_tables) as url:
        yield url


@pytest.fixture
def new_sqlite_url(tmp_path: Path) -> str:
    """A SQLite database of the test's own, not there yet."""
    return f"sqlite:///{tmp_path / 'answerable.db'}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite database of the test's own, with its tables and nothing in them."""
    return migrated.copy_to(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def new_database_url(request: pytest.FixtureRequest) -> str:
    """A database without any table: the test runs once on SQLite and once on PostgreSQL."""
    url: str = request.getfixturevalue(f"new_{request.param}_url")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with its tables and nothing in them: the test runs once on SQLite and once on PostgreSQL."""
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
