"""The demo company's refunds, from its own declarations and policies, against its back office over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import yaml

import answerable_demo
from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.loading import load_actions
from answerable.actions.policy_heads import clauses_of
from answerable.domain.actions import ActionCall
from answerable.domain.clock import now
from answerable.domain.people import Customer
from answerable.store import Store, actions, clauses, customers
from answerable_demo.back_office.app import create_app
from answerable_demo.back_office.seed import seed
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast
from tests.actions.bank import Clock, asker, prove, rep

KEY = "bo_test"


class Office:
    """A running back office and a way to see what it really did."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def fails(self, *faults: dict[str, Any]) -> None:
        assert (await self.client.put("/faults", json={"faults": list(faults), "seed": 1})).status_code == 200

    async def refunds(self, charge_id: str) -> list[Any]:
        found: list[Any] = (await self.client.get("/refunds", params={"charge_id": charge_id})).json()
        return found


class Serving(uvicorn.Server):
    """Says when it can be spoken to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serves = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.serves.set()


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    database = Database(tmp_path / "back_office.db")
    with database.write() as db:
        seed(db, the_cast(), today=datetime.now(UTC).date() - timedelta(days=1), number=2025)
    app = create_app(database, token=KEY, clock=now)
    server = Serving(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await server.serves.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        yield Office(client)
    server.should_exit = True
    await serving
    database.close()


@pytest.fixture
async def desk(store: Store, office: Office, clock: Clock) -> Boundary:
    """The boundary as the demo company has it."""
    declared = load_actions(answerable_demo.WORKSPACE / "actions")
    page = (answerable_demo.WORKSPACE / "policies" / "refund-policy.md").read_text(encoding="utf-8")
    head = yaml.safe_load(page.split("---\n")[1])
    await store.write(clauses.put, clauses_of("refund-policy.md", head, declared), clock())
    settings = {"back_office_url": str(office.client.base_url), "back_office_key": KEY}
    return Boundary(store, declared, settings=settings, clock=clock)


async def someone(store: Store, name: str) -> tuple[Customer, str]:
    """A customer of the cast who has proved who they are, and their conversation."""
    known = next(each for each in the_cast().customers if each.name == name)
    customer, conversation_id = await asker(store, name)
    proved = replace(customer, email=known.email)
    await store.write(customers.describe, proved)
    await prove(store, proved, conversation_id, "verified")
    return proved, conversation_id


async def ask(desk: Boundary, who: tuple[Customer, str], action: str, arguments: Any, key: str = "t1") -> ActionCall:
    return await desk.request(Request(key, action, arguments, who[0].id, who[1], "agent"))


async def duplicate_of(desk: Boundary, who: tuple[Customer, str]) -> dict[str, Any]:
    """The arguments for refunding the newest of the customer's charges, whole."""
    found = await ask(desk, who, "find_charges", {}, key=f"find-{who[0].id}")
    assert found.receipt is not None
    charge = found.receipt.content["charges"][0]
    return {"charge_id": charge["id"], "amount": charge["amount"]}


async def test_a_duplicate_charge_below_the_limit_is_given_back_and_told_truthfully(
    desk: Boundary, store: Store, office: Office
) -> None:
    claire = await someone(store, "Claire Dubois")
    wanted = await duplicate_of(desk, claire)

    call = await ask(desk, claire, "refund_charge", wanted)

    assert (call.state, call.clause_id) == ("done", "R-11"), call.reason
    (refund,) = await office.refunds(wanted["charge_id"])
    assert call.receipt is not None
    assert refund["id"] == call.receipt.reference
    assert call.receipt.summary.startswith(f"{refund['amount']['amount']} EUR will be back on your ")
    assert refund["idempotency_key"] == call.id


async def test_a_larger_one_waits_for_a_person(desk: Boundary, store: Store, office: Office) -> None:
    ines = await someone(store, "Ines Carvalho")
    wanted = {"charge_id": "ch_fNq", "amount": {"amount": "84.00", "currency": "EUR"}}
    call = await ask(desk, ines, "refund_charge", wanted)
    assert (call.state, await office.refunds("ch_fNq")) == ("awaiting_approval", [])
    assert call.reason.startswith("R-12 A person approves larger refunds")

    approval = await store.read(actions.approval_of, call.id)
    assert approval is not None
    after = await desk.approve(approval.id, rep("maya"))

    assert (after.state, len(await office.refunds("ch_fNq"))) == ("done", 1)


async def test_a_charge_that_nothing_allows_to_give_back_stays(desk: Boundary, store: Store, office: Office) -> None:
    marta = await someone(store, "Marta Nowak")
    wanted = await duplicate_of(desk, marta)

    call = await ask(desk, marta, "refund_charge", wanted)

    assert (call.state, await office.refunds(wanted["charge_id"])) == ("refused", [])
    assert call.reason == "No clause of a policy allows this."


async def test_a_disputed_charge_is_refused_by_its_clause(desk: Boundary, store: Store) -> None:
    giulia = await someone(store, "Giulia Ferrante")
    wanted = await duplicate_of(desk, giulia)

    call = await ask(desk, giulia, "refund_charge", wanted)

    assert call.state == "refused"
    assert "R-17" in [each.clause_id for each in call.verdicts if each.holds]


async def test_somebody_elses_charge_is_not_there(desk: Boundary, store: Store, office: Office) -> None:
    claire = await someone(store, "Claire Dubois")
    wanted = {"charge_id": "ch_fNq", "amount": {"amount": "84.00", "currency": "EUR"}}

    call = await ask(desk, claire, "refund_charge", wanted)

    assert (call.state, call.reason) == ("refused", "There is no charge ch_fNq.")
    assert await office.refunds("ch_fNq") == []


@pytest.mark.parametrize("kind", ["fail", "cut", "html", "nonsense", "truncated"])
async def test_a_back_office_that_acts_and_does_not_say_so_gives_back_once(
    desk: Boundary, store: Store, office: Office, clock: Clock, kind: str
) -> None:
    claire = await someone(store, "Claire Dubois")
    wanted = await duplicate_of(desk, claire)
    await office.fails({"kind": kind, "route": "POST /refunds", "when": "after", "times": 1})

    call = await ask(desk, claire, "refund_charge", wanted)
    assert (call.state, call.receipt) == ("unknown", None)
    again = await ask(desk, claire, "refund_charge", wanted, key="t2")
    clock.forward(timedelta(minutes=1))
    (found,) = await desk.look_after()

    assert (again.id, again.state) == (call.id, "unknown")
    assert (found.state, len(await office.refunds(wanted["charge_id"]))) == ("done", 1)


@pytest.mark.parametrize("kind", ["fail", "cut", "html", "nonsense", "truncated"])
async def test_a_back_office_that_neither_acts_nor_says_so_is_asked_again_under_the_same_key(
    desk: Boundary, store: Store, office: Office, clock: Clock, kind: str
) -> None:
    claire = await someone(store, "Claire Dubois")
    wanted = await duplicate_of(desk, claire)
    await office.fails({"kind": kind, "route": "POST /refunds", "when": "before", "times": 1})

    call = await ask(desk, claire, "refund_charge", wanted)
    clock.forward(timedelta(minutes=2))
    await desk.look_after()
    known = await store.read(actions.by_id, call.id)

    assert known is not None
    (refund,) = await office.refunds(wanted["charge_id"])
    assert (known.state, known.attempts, refund["idempotency_key"]) == ("done", 2, call.id)


async def test_a_back_office_that_is_away_changes_nothing_and_says_so(desk: Boundary, store: Store) -> None:
    claire = await someone(store, "Claire Dubois")
    wanted = await duplicate_of(desk, claire)
    away = Boundary(
        store,
        desk.declared,
        settings={"back_office_url": "http://127.0.0.1:9", "back_office_key": KEY},
        clock=now,
    )

    call = await ask(away, claire, "refund_charge", wanted)

    assert call.state == "refused"
    assert call.reason == "Our billing system cannot be reached at the moment. Nothing was changed."


def test_every_clause_of_the_demo_can_be_read() -> None:
    declared = load_actions(answerable_demo.WORKSPACE / "actions")
    for page in sorted((answerable_demo.WORKSPACE / "policies").glob("*.md")):
        head = yaml.safe_load(page.read_text(encoding="utf-8").split("---\n")[1])
        for each in clauses_of(page.name, head, declared):
            assert each.from_moment.date() >= date(2025, 1, 1)
