"""The shop's server, once for all tests; what it has done is forgotten before each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from answerable.actions.mcp.pins import Definition
from answerable.actions.mcp.servers import Server
from answerable.actions.mcp.speaking import hung_up, tools_of
from answerable.store import Store
from tests.actions.bank import Clock
from tests.actions.mcp.shop import KEY, Counter, Running, declared_in, running_shop


@pytest.fixture(autouse=True)
async def nobody_is_left_on_the_line() -> AsyncIterator[None]:
    """What a test was too impatient for ends before the next one."""
    yield
    await hung_up()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture
def shop(server: Running) -> Running:
    server.forget()
    return server


@pytest.fixture
async def definitions(shop: Running, tmp_path: Path) -> list[Definition]:
    """What the server says of its tools."""
    return await tools_of(Server("shop", tmp_path / "none.json", url=shop.url).way({}))


@pytest.fixture
def once(sqlite_url: str) -> Iterator[Store]:
    """What is between the boundary and a server is the same on every database: one is enough."""
    with Store(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def counter(once: Store, shop: Running, definitions: list[Definition], clock: Clock, tmp_path: Path) -> Counter:
    folder = tmp_path / "actions"
    folder.mkdir()
    declared = declared_in(folder, definitions)
    opened = Counter(once, declared, {"shop_url": shop.url, "shop_key": KEY}, clock)
    await opened.open()
    return opened
