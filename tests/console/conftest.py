"""The company, open on SQLite, and people in front of its console."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from answerable.inference.embedders import Embedder
from tests.api.shop import Shop, open_shop
from tests.walks.company import PASSWORD, Company, Customer, open_company, skip_unless_built

ARTEFACTS = Path(__file__).parents[2] / "test-artefacts" / "console"
# A refused request is told by the browser itself; the tests that refuse one look at what the screen makes of it.
TOLD_BY_THE_BROWSER = re.compile(r"Failed to load resource|net::ERR_")
PATIENCE_MS = 20_000

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture
async def company(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> AsyncIterator[Company]:
    """Open for business, with its console built."""
    skip_unless_built("console")
    async with open_company(tmp_path, sqlite_url, embedder=embedder) as opened:
        yield opened


@pytest.fixture
async def shop(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> AsyncIterator[Shop]:
    """The company that gives money back, with its console built."""
    skip_unless_built("console")
    async with open_shop(tmp_path, sqlite_url, embedder=embedder) as opened:
        yield opened


@dataclass
class Seat:
    """A browser window with the console in it, and everything that went wrong in it."""

    page: Page
    company: Company
    name: str
    troubles: list[str] = field(default_factory=list)

    @property
    def is_phone(self) -> bool:
        size = self.page.viewport_size
        return size is not None and size["width"] < 900

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.company.address}/console{path}")

    async def picture(self, what: str) -> None:
        """Looked at by people, and by axe: what it finds is trouble."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        await self.page.wait_for_timeout(0)
        await self.page.screenshot(path=ARTEFACTS / f"{what}-{self.name}.png")
        for violation in (await Axe().run(self.page)).response["violations"]:
            where = [node["target"] for node in violation["nodes"]]
            self.troubles.append(f"{what}: {violation['id']}: {violation['help']} at {where}")

    def write_down(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not TOLD_BY_THE_BROWSER.search(message.text):
            self.troubles.append(message.text)


class Office:
    """Where reps sit down; afterwards, nothing may have gone wrong at any seat."""

    def __init__(self, company: Company, browser: Browser, windows: AsyncExitStack) -> None:
        self.company = company
        self._browser = browser
        self._windows = windows
        self._seats: list[Seat] = []
        self._knows_maya = False

    async def seat(self, *, width: int = 1440, height: int = 900, theme: Any = "light") -> Seat:
        """A window in which nobody has signed in."""
        context = await self._windows.enter_async_context(
            await self._browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,
                reduced_motion="reduce",
                locale="en-GB",
            )
        )
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        seat = Seat(page, self.company, f"{width}-{theme}")
        page.on("console", seat.write_down)
        page.on("pageerror", lambda error: seat.troubles.append(str(error)))
        self._seats.append(seat)
        return seat

    async def maya(self, *, role: Any = "rep", **size: Any) -> Seat:
        """Maya, signed in with her password."""
        seat = await self.seat(**size)
        await self.sign_in(seat, role=role)
        return seat

    async def sign_in(self, seat: Seat, *, role: Any = "rep") -> None:
        """Maya sits down."""
        if not self._knows_maya:
            await self.company.rep("Maya Okafor", role)
            self._knows_maya = True
        await seat.open("/sign-in")
        await seat.page.get_by_label("E-mail").fill("maya@ledgerly.example")
        await seat.page.get_by_label("Password").fill(PASSWORD)
        await seat.page.get_by_role("button", name="Sign in").click()
        await expect(seat.page).to_have_url(re.compile("/console/inbox/needs-you"))

    def troubles(self) -> list[str]:
        return [f"{seat.name}: {trouble}" for seat in self._seats for trouble in seat.troubles]


@pytest.fixture
async def office(company: Company, browser: Browser) -> AsyncIterator[Office]:
    async with AsyncExitStack() as windows:
        office = Office(company, browser, windows)
        yield office
        assert office.troubles() == []


@pytest.fixture
async def ines(company: Company) -> Customer:
    """A customer in the chat."""
    return await company.customer("Ines Carvalho")
