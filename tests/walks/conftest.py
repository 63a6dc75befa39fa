"""The company, open on a database of each kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from answerable.inference.embedders import Embedder
from tests.walks.company import Company, open_company


@pytest.fixture
async def company(tmp_path: Path, database_url: str, embedder: Embedder) -> AsyncIterator[Company]:
    """Open for business, once on SQLite and once on PostgreSQL."""
    async with open_company(tmp_path, database_url, embedder=embedder) as opened:
        yield opened
