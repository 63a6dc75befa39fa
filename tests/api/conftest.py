"""The shop, open on a database of each kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from answerable.inference.embedders import Embedder
from tests.api.shop import Shop, open_shop


@pytest.fixture
async def shop(tmp_path: Path, database_url: str, embedder: Embedder) -> AsyncIterator[Shop]:
    """Open, once on SQLite and once on PostgreSQL."""
    async with open_shop(tmp_path, database_url, embedder=embedder) as opened:
        yield opened
