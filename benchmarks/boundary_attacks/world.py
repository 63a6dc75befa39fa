"""What a round of attacks plays in: the demo company's back office, a till, a desk before both, and customers."""

import asyncio
import shutil
import sqlite3
import ssl
import threading
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import uvicorn
import yaml

import answerable_demo
from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action
from answerable.actions.loading import load_actions
from answerable.actions.policy_heads import clauses_of
from answerable.conversations import Arrival, receive
from answerable.domain.actions import ActionCall, Clause
from answerable.domain.errors import AnswerableError
from answerable.domain.ids import new_id
from answerable.domain.people import Identity, ProofKind, Rep, Role
from answerable.jobs import Jobs
from answerable.people import introduce
from answerable.store import Store, clauses, customers
from answerable_demo.back_office.app import create_app
from answerable_demo.back_office.seed import seed
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast
from benchmarks.boundary_attacks.diary import Asked, Asker, Diary, Yes, cents_in
from benchmarks.boundary_attacks.till import TILL_RULES, Till
from benchmarks.proving import prove
from tests.postgres import Postgres

KEY = "bo_attacked"
NOBODY = Asker("nobody", "nowhere", None, "anonymous")
_CERTIFICATES = ssl.create_default_context()


# Something to gain: six customers paid their largest charges twice, and so did the one who disputes a charge.
_MORE_DUPLICATES = """
    CREATE TEMP TABLE doubled AS
        SELECT * FROM (
            SELECT charges.*, row_number() OVER (PARTITION BY customer_id ORDER BY cents DESC, id) AS place
            FROM charges WHERE status = 'succeeded' AND refunded_cents = 0 AND (is_disputed OR customer_id IN (
                SELECT customer_id FROM charges WHERE status = 'succeeded'
                GROUP BY customer_id ORDER BY max(cents) DESC LIMIT 6))
        ) WHERE place <= 4 OR is_disputed;
    ALTER TABLE doubled DROP COLUMN place;
    UPDATE doubled SET id = id || 'x2', is_disputed = 0;
    INSERT INTO charges SELECT * FROM doubled;
    DROP TABLE doubled;
"""


class Clock:
    """The time, which can be moved."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        """The time as it is thought to be."""
        return datetime.now(UTC) + self.offset


@dataclass(slots=True)
class World:
    """What a round plays in."""

    office: Path
    """The back office's database."""
    till: Till
    store: Store
    processes: tuple[Boundary, Boundary]
    """What is asked of the one after the other, as if they were two processes."""
    clock: Clock
    declared: dict[str, Action]
    diary: Diary = field(default_factory=Diary)
    said: list[tuple[Asker, Any, str]] = field(default_factory=list)
    """Everything that came back to anybody: to whom, what they had written, and the words."""
    crashes: list[str] = field(default_factory=list)
    """Errors that nobody has named, where each is to have a defined end."""
    _turn: int = 0

    @property
    def boundary(self) -> Boundary:
        """One of them after the other."""
        self._turn += 1
        return self.processes[self._turn % 2]

    async def ask(
        self, who: Asker, key: Any, action: str, arguments: Any, by: str = "agent", *, as_if: str | None = None
    ) -> ActionCall | None:
        """What became of a wish; none if it was no call. `as_if`: the id of whom they pretend to be."""
        wanted = Request(key, action, arguments, as_if or who.id, who.conversation_id, by, agreed="the attack")
        asked = Asked(who, by, action, arguments, self.clock())
        try:
            call = await self.boundary.request(wanted)
        except AnswerableError as error:
            self.said.append((who, arguments, str(error)))
            return None
        except Exception as error:
            self.crashes.append(f"{action!r:.60} ended in {type(error).__name__}: {error!s:.100}")
            return None
        self.said.append((who, arguments, f"{call.reason}\n{call.receipt}"))
        self.diary.asked.setdefault(call.id, asked)
        return call

    async def say_yes(self, call: ActionCall, approval_id: str, decides: Rep, *, arguments: Any = None) -> None:
        """Somebody clicks on yes, whoever they are."""
        self.diary.yes[call.id].append(Yes(decides, self.clock(), cents_in(arguments)))
        await self.tried(self.boundary.approve(approval_id, decides, arguments=arguments, reason="It was used."))

    async def tried(self, work: Awaitable[Any]) -> None:
        """What somebody does, however it ends."""
        try:
            await work
        except AnswerableError as error:
            self.said.append((NOBODY, "", str(error)))
        except Exception as error:
            self.crashes.append(f"a decision ended in {type(error).__name__}: {error!s:.100}")

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What the back office's database holds, read past everybody."""
        with sqlite3.connect(f"file:{self.office}?mode=ro", uri=True) as db:
            db.row_factory = sqlite3.Row
            return db.execute(query, values).fetchall()


@dataclass(frozen=True, slots=True)
class Template:
    """What every round begins with."""

    office: Path
    desk: Path
    rules: tuple[Clause, ...]
    declared: dict[str, Action]
    port: int | None = None
    """Of the PostgreSQL whose database `desk` every desk is a copy of; none on SQLite."""


def made_template(folder: Path, port: int | None = None) -> Template:
    """Fills a back office and migrates a desk, once."""
    office, desk = folder / "office.db", folder / "desk.db"
    database = Database(office)
    with database.write() as db:
        seed(db, the_cast(), today=datetime.now(UTC).date() - timedelta(days=1), number=2025)
    database.close()
    with sqlite3.connect(office) as charges:
        charges.executescript(_MORE_DUPLICATES)
    charges.close()
    with Store(f"sqlite:///{desk}" if port is None else Postgres(port).url("desk")) as store:
        store.migrate()
    declared = load_actions(answerable_demo.WORKSPACE / "actions")
    rules: list[Clause] = []
    for page in sorted((answerable_demo.WORKSPACE / "policies").glob("*.md")):
        head = yaml.safe_load(page.read_text(encoding="utf-8").split("---\n")[1])
        rules += clauses_of(page.name, head, declared)
    return Template(office, desk, (*rules, *TILL_RULES), declared, port)


@contextmanager
def opened(template: Template, folder: Path) -> Iterator[World]:
    """A fresh world in that folder."""
    clock = Clock()
    office = folder / "office.db"
    shutil.copy(template.office, office)
    # Each client reads the certificates of all the world, for which it takes longer than for the rest of a call. Here
    # everything is on loopback.
    certificates = patch("httpx._transports.default.create_ssl_context", lambda **_: _CERTIFICATES)
    till = Till(folder / "till.db", clock)
    with certificates, serving(office, clock) as address, _desk(template, folder) as url, Store(url) as store:
        settings = {"back_office_url": address, "back_office_key": KEY}
        declared = {**template.declared, **till.actions()}
        one, other = (Boundary(store, declared, settings=settings, clock=clock, settle=timedelta(0)) for _ in range(2))
        yield World(office, till, store, (one, other), clock, declared)
    till.close()


@contextmanager
def _desk(template: Template, folder: Path) -> Iterator[str]:
    """Where a copy of the template's desk is."""
    if template.port is None:
        shutil.copy(template.desk, folder / "desk.db")
        yield f"sqlite:///{folder / 'desk.db'}"
        return
    with Postgres(template.port).database(new_id("world"), template="desk") as url:
        yield url


async def enforce(world: World, template: Template) -> None:
    """The demo company's clauses hold."""
    await world.store.write(clauses.put, template.rules, world.clock())


async def asker(world: World, email: str | None, identity: Identity) -> Asker:
    """A customer who has proved, or says, to have this address."""
    customer = replace((await introduce(world.store, name=None, email=None)).customer, email=email, identity=identity)
    await world.store.write(customers.describe, customer)
    received = await receive(world.store, cast(Jobs, _NobodyStarts()), Arrival(customer, "chat", "m1", "Hello."))
    kinds: dict[Identity, tuple[ProofKind, ...]] = {"verified": ("signed",), "stepped_up": ("signed", "code")}
    for kind in kinds.get(identity, ()):
        await prove(world.store, customer.id, received.conversation.id, email, kind=kind)
    return Asker(customer.id, received.conversation.id, email, identity)


def rep(name: str, role: Role, *, active: bool = True) -> Rep:
    """Somebody who works there."""
    return Rep(f"rep_{name}", name.title(), f"{name}@ledgerly.example", role, active, datetime(2025, 1, 1, tzinfo=UTC))


@contextmanager
def serving(office: Path, clock: Clock) -> Iterator[str]:
    """The back office on loopback, in a thread of its own."""
    database = Database(office)
    app = create_app(database, token=KEY, clock=clock)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    begun = threading.Event()
    started = server.startup

    async def startup(sockets: Any = None) -> None:
        await started(sockets)
        begun.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    begun.wait(60)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        database.close()


class _NobodyStarts:
    """Jobs that nobody starts: here only calls are made."""

    def start_soon(self, kind: str, subject: str) -> None:
        """Leaves it."""
