"""A filled back office, copied for each test, and a client that is allowed in."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest

from answerable_demo.back_office.app import create_app
from answerable_demo.back_office.seed import seed
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 10, 41, tzinfo=UTC)
TOKEN = "bo_test"


@pytest.fixture(scope="session")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that was filled once; copy it."""
    file = tmp_path_factory.mktemp("back_office") / "filled.db"
    database = Database(file)
    with database.write() as db:
        seed(db, the_cast(), today=TODAY, number=2025)
    database.close()
    return file


@pytest.fixture
def database(filled_file: Path, tmp_path: Path) -> Database:
    return Database(Path(shutil.copy(filled_file, tmp_path / "back_office.db")))


@pytest.fixture
async def office(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The back office, over HTTP."""
    async with client_for(database) as client:
        yield client
    database.close()


def client_for(database: Database) -> httpx.AsyncClient:
    """A client with the key."""
    app = create_app(database, token=TOKEN, clock=lambda: NOW)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://back-office", headers=headers)
