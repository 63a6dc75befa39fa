"""A store of each kind, a bank to act on, and the demo company with its back office."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

from answerable.actions.boundary import Boundary
from answerable.store import Store
from answerable_demo.back_office.seed import seed
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast
from tests.actions.bank import Bank, Clock
from tests.actions.company import Office, desk_at, running_office

# Judged by what they find, not by how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The test runs once on SQLite and once on PostgreSQL."""
    with Store(database_url) as opened:
        yield opened


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A back office's database that was filled once, on the day before the clock's; copy it."""
    file = tmp_path_factory.mktemp("back_office") / "filled.db"
    database = Database(file)
    with database.write() as db:
        seed(db, the_cast(), today=date(2026, 11, 22), number=2025)
    database.close()
    return file


@pytest.fixture
async def office(filled_file: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[Office]:
    """The back office, over real HTTP."""
    async with running_office(filled_file, tmp_path, clock) as running:
        yield running


@pytest.fixture
async def desk(store: Store, office: Office, clock: Clock) -> Boundary:
    """The boundary as the demo company has it."""
    return await desk_at(store, office, clock)
