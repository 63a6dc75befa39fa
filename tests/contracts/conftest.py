"""A store of each kind, migrated and closed again."""

from collections.abc import Iterator

import pytest

from answerable.store import Store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The test runs once on SQLite and once on PostgreSQL."""
    with Store(database_url) as opened:
        yield opened
