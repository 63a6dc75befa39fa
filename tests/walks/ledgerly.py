"""The demo company at work: its doors, its real back office over HTTP, and people at both ends in real browsers."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Locator, async_playwright, expect
from sqlalchemy import Connection, insert, select, update

import answerable_demo
from answerable.agents.figures import for_customer
from answerable.inference.embedders import Embedder
from answerable.knowledge.importers.folder import FolderImporter
from answerable.store.tables import action_calls, approvals
from answerable.wiring import import_sources
from answerable_demo.back_office import tables
from answerable_demo.back_office.seed import seed
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast
from tests.actions.company import Office, running_office
from tests.conftest import CHROMIUM, CHROMIUM_FLAGS
from tests.console.conftest import Office as Windows
from tests.console.conftest import Seat
from tests.people.host import Host
from tests.walks.company import Company, open_company
from tests.walks.test_signing_in import MailServer, mail_server, post

HOST_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Ledgerly</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body><main><h1>Invoices</h1></main><answerable-chat locale="en"{}></answerable-chat>
<script type="module" src="/widget/answerable.js"></script></body></html>"""
LONG = timedelta(days=2)
ARTICLES = (
    "charged-twice",
    "refund-times",
    "refunds-to-your-card",
    "payouts",
    "payout-delayed",
    "incidents-and-status",
    "invoices-for-your-subscription",
    "invoice-email-not-arriving",
    "plans-and-prices",
    "change-your-plan",
)
"""Enough of its help centre to be asked about; reading all of it takes longer than the walks."""

Size = Literal["desktop", "phone"]


@dataclass
class Chat:
    """A customer in front of the company's page, with the chat open."""

    seat: Seat
    key: str

    @property
    def log(self) -> Locator:
        return self.seat.page.get_by_role("log")

    @property
    def last(self) -> Locator:
        """What the agent said last."""
        return self.log.locator(".agent").last

    async def load(self, identity: str | None) -> None:
        """The page, as the company's server gives it to whoever is signed in."""
        page, said = self.seat.page, f' identity="{identity}"' if identity else ""
        await page.unroute_all()
        await page.route("**/shop", lambda route: route.fulfill(body=HOST_PAGE.format(said), content_type="text/html"))
        await page.goto(f"{self.seat.company.address}/shop")
        if not await page.get_by_role("dialog").is_visible():
            await page.get_by_role("button", name="help").first.click()

    async def sign_in(self, identity: str) -> None:
        """The page says who is in front of it from now on."""
        told = "token => document.querySelector('answerable-chat').setAttribute('identity', token)"
        await self.seat.page.evaluate(told, identity)

    async def says(self, text: str) -> None:
        box = self.seat.page.get_by_role("textbox")
        await box.fill(text)
        await box.press("Enter")

    async def reads(self, *texts: str) -> None:
        for text in texts:
            await expect(self.log).to_contain_text(text)

    async def asks(self, *turns: tuple[str, str]) -> None:
        """Says each, and reads what belongs to it before going on."""
        for said, read in turns:
            await self.says(said)
            await self.reads(read)


@dataclass
class Ledgerly:
    """The company, its back office, and where people sit."""

    company: Company
    office: Office
    books: Database
    """The back office's own database."""
    mail: MailServer
    windows: Windows

    def token(self, key: str, **other: Any) -> str:
        """What the company's server says of somebody of the cast."""
        known = the_cast().customer(key)
        claims: dict[str, Any] = {"name": known.name, "email": known.email, "email_verified": True, **other}
        return Host().token(f"ledgerly-{key}", **claims)

    async def customer(self, key: str, *, signed_in: bool = True, size: Size = "desktop", theme: Any = "light") -> Chat:
        """Somebody of the cast, or whoever says to be, in front of the page."""
        width, height = (1440, 900) if size == "desktop" else (390, 844)
        chat = Chat(await self.windows.seat(width=width, height=height, theme=theme), key)
        await chat.load(self.token(key) if signed_in else None)
        return chat

    async def maya(self, at: str = "/approvals", **size: Any) -> Seat:
        """A lead at the console."""
        maya = await self.windows.maya(role="lead", **size)
        await maya.open(at)
        return maya

    def rows(self, table: Any, **where: Any) -> list[dict[str, Any]]:
        """What the back office's database really has."""
        with self.books.read() as db:
            query = select(table).where(*(table.c[name] == value for name, value in where.items()))
            return [dict(row._mapping) for row in db.execute(query)]

    def refunded(self, key: str) -> list[str]:
        """The refunds of somebody that were made and not stopped."""
        made = self.rows(tables.refunds, customer_id=f"cus_{key}")
        return [f"{each['cents'] / 100:.2f} {each['currency']}" for each in made if each["status"] != "cancelled"]

    def charge_twice(self, key: str) -> str:
        """Their newest charge happened twice, within a minute. Gives what it was about."""
        (*_, newest) = sorted(self.rows(tables.charges, customer_id=f"cus_{key}"), key=lambda each: each["at"])
        later = newest["at"][:17] + ("31Z" if newest["at"][17:19] < "31" else "59Z")
        with self.books.write() as db:
            db.execute(insert(tables.charges).values(newest | {"id": f"ch_twice{key}", "at": later}))
        return f"{newest['cents'] / 100:.2f} {newest['currency']}"

    async def code(self) -> str:
        """The code in the newest letter that has arrived."""
        await self.company.house.proving.settle()
        return self.mail.code()

    async def let_pass(self) -> None:
        """Days go by: whatever waits for its time has waited long enough."""

        def long_ago(db: Connection) -> None:
            db.execute(update(approvals).where(approvals.c.state == "open").values(expires_at=_long_ago()))
            db.execute(update(action_calls).where(action_calls.c.look_at.is_not(None)).values(look_at=_long_ago()))

        await self.company.house.store.write(long_ago)
        await self.company.house.boundary.look_after()


def told(amount: str) -> str:
    """An amount as a customer reads it in English."""
    return for_customer(amount, "en")


def _others(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder).name == "knowledge" and name.removesuffix(".md") not in ARTICLES]


def _long_ago() -> datetime:
    return datetime.now(UTC) - LONG


@asynccontextmanager
async def open_ledgerly(folder: Path, embedder: Embedder, **given: Any) -> AsyncIterator[Ledgerly]:
    """The whole demo company on SQLite, filled today."""
    fill(folder / "filled.db")
    workspace = Path(shutil.copytree(answerable_demo.WORKSPACE, folder / "workspace", ignore=_others))
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(
            running_office(folder / "filled.db", folder, lambda: datetime.now(UTC))  # type: ignore[arg-type]
        )
        with (workspace / "answerable.toml").open("a") as settings:
            reached = "".join(f"{name} = '{value}'\n" for name, value in office.settings.items())
            settings.write(f"\n[actions]\n{reached}")
        mail = stack.enter_context(mail_server())
        url = f"sqlite:///{folder / 'answerable.db'}"
        company = await stack.enter_async_context(open_company(folder, url, embedder=embedder, **post(mail), **given))
        await import_sources(company.house, [FolderImporter(workspace / "policies")])
        books = Database(folder / "back_office.db")
        stack.callback(books.close)
        browser = await stack.enter_async_context(_browser())
        windows = Windows(company, browser, stack)
        yield Ledgerly(company, office, books, mail, windows)


def fill(file: Path) -> None:
    """A back office as it is today."""
    database = Database(file)
    with database.write() as db:
        seed(db, the_cast(), today=datetime.now(UTC).date(), number=2025)
    database.close()


@asynccontextmanager
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        await chromium.close()
