"""A store of each kind, a host that signs, and a post office that keeps what is sent."""

from collections.abc import Iterator

import pytest

from answerable.store import Store
from tests.people.host import Clock, Host, PostOffice


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The test runs once on SQLite and once on PostgreSQL."""
    with Store(database_url) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def post() -> PostOffice:
    return PostOffice()
