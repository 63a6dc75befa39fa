"""The demo company as the actions' tests have it: its back office over real HTTP, its declarations, its policies."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import yaml

import answerable_demo
from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action
from answerable.actions.loading import load_actions
from answerable.actions.policy_heads import clauses_of
from answerable.domain.actions import ActionCall, Clause
from answerable.domain.people import Customer, Identity
from answerable.store import Store, clauses, customers
from answerable_demo.back_office.app import create_app
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast
from tests.actions.bank import Clock, asker, prove

KEY = "bo_test"
Who = tuple[Customer, str]
"""A customer and their conversation."""


class Office:
    """A running back office and a way to see what it really did."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    @property
    def settings(self) -> dict[str, str]:
        """What the actions need to know to reach it."""
        return {"back_office_url": str(self.client.base_url), "back_office_key": KEY}

    async def fails(self, *faults: dict[str, Any]) -> None:
        """From now on these faults strike."""
        assert (await self.client.put("/faults", json={"faults": list(faults), "seed": 1})).status_code == 200

    async def at(self, path: str, **query: str) -> Any:
        """What is at that path."""
        return (await self.client.get(path, params=query)).raise_for_status().json()

    async def refunds(self, charge_id: str) -> list[Any]:
        """The refunds of a charge, newest first."""
        found: list[Any] = await self.at("/refunds", charge_id=charge_id)
        return found

    async def subscription(self, key: str) -> Any:
        """The subscription of somebody of the cast."""
        return await self.at(f"/customers/cus_{key}/subscription")

    async def everything_of(self, key: str) -> Any:
        """All that an action could have changed for somebody of the cast."""
        whose = {"customer_id": f"cus_{key}"}
        lists = ("/invoices", "/charges", "/refunds", "/mails", "/orders")
        return [await self.subscription(key), *[await self.at(path, **whose) for path in lists]]


class Serving(uvicorn.Server):
    """Says when it can be spoken to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.serves.set()


@asynccontextmanager
async def running_office(filled_file: Path, folder: Path, clock: Clock) -> AsyncIterator[Office]:
    """The back office over real HTTP, with a copy of a filled database; its clock is the test's."""
    database = Database(Path(shutil.copy(filled_file, folder / "back_office.db")))
    app = create_app(database, token=KEY, clock=clock)
    server = Serving(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await server.serves.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, verify=False) as client:
        yield Office(client)
    server.should_exit = True
    await serving
    database.close()


async def desk_at(store: Store, office: Office, clock: Clock) -> Boundary:
    """The boundary as the demo company has it: its own declarations, and every clause of its policies."""
    declared = load_actions(answerable_demo.WORKSPACE / "actions")
    await store.write(clauses.put, the_clauses(declared), clock())
    return Boundary(store, declared, settings=office.settings, clock=clock)


def the_clauses(declared: dict[str, Action]) -> list[Clause]:
    """Every clause for code of the demo company's policies."""
    found = []
    for page in sorted((answerable_demo.WORKSPACE / "policies").glob("*.md")):
        found += clauses_of(page.name, head_of(page), declared)
    return found


def head_of(page: Path) -> dict[str, Any]:
    """The head of a page."""
    head: dict[str, Any] = yaml.safe_load(page.read_text(encoding="utf-8").split("---\n")[1])
    return head


async def someone(store: Store, key: str, identity: Identity = "verified") -> Who:
    """Somebody of the cast who has proved who they are, and their conversation."""
    known = next(each for each in the_cast().customers if each.key == key)
    customer, conversation_id = await asker(store, key)
    named = replace(customer, email=known.email if identity != "anonymous" else None)
    named = replace(named, identity="known" if named.email else "anonymous")
    await store.write(customers.describe, named)
    await prove(store, named, conversation_id, identity)
    return named, conversation_id


async def ask(desk: Boundary, who: Who, action: str, arguments: Any, key: str = "t1") -> ActionCall:
    """Asks for an action as the agent would."""
    return await desk.request(Request(key, action, arguments, who[0].id, who[1], "agent", agreed="a test"))


async def told(desk: Boundary, who: Who, action: str, arguments: Any = None) -> dict[str, Any]:
    """What an action that reads gives."""
    call = await ask(desk, who, action, arguments or {}, key=f"{action}-{who[0].id}")
    assert call.receipt is not None, call.reason
    return call.receipt.content


async def newest_charge(desk: Boundary, who: Who) -> dict[str, Any]:
    """The arguments for refunding the newest of the customer's charges, whole."""
    charge = (await told(desk, who, "find_charges"))["charges"][0]
    return {"charge_id": charge["id"], "amount": charge["amount"]}
