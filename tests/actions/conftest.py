"""A store of each kind, and a bank to act on."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from answerable.store import Store
from tests.actions.bank import Bank, Clock

# Judged by what they find, not by how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The test runs once on SQLite and once on PostgreSQL."""
    with Store(database_url) as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def clock() -> Clock:
    return Clock()
