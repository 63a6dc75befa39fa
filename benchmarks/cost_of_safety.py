"""What the boundary of actions adds to a call: `benchmarks/cost_of_safety.py --database sqlite --database postgres`.

The same function of the same action is called directly and through the boundary, by turns, in one run. It acts on a
small company's system over HTTP on loopback. Measured is from the request until the call is done and kept, and what of
that is which step; once at an empty desk, and once at one that has done many calls in the last 24 hours, which limits
must count.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
from _serving import database, percentile, table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action, Amount, Doing, Limits, action
from answerable.conversations import Arrival, receive
from answerable.domain.actions import ActionCall, Check, Clause
from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.domain.people import Customer
from answerable.jobs import Jobs
from answerable.people import introduce
from answerable.store import Store, actions, clauses, customers
from benchmarks.proving import prove
from benchmarks.tau2_world.outside import Outside, served

WARM_UP_CALLS = 20
AT_ONCE = 500
MUCH = {"EUR": "100000000.00"}
STEPS = {
    "_looked_at": "is it known?",
    "facts": "facts",
    "decide": "decide and claim",
    "run": "the action",
    "settle_as": "settle",
}


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refund."""

    charge_id: str
    amount: Amount


class Refunded(msgspec.Struct, frozen=True):
    """A refund that was made."""

    reference: str
    summary: str


class Till:
    """A company's system with one tool."""

    def __init__(self, rows: dict[str, dict[str, Any]]) -> None:
        self.rows = rows
        self.does: Mapping[str, Callable[..., Any]] = {"refund": self.refund}

    def refund(self, charge_id: str, amount: dict[str, str]) -> str:
        """Gives money back."""
        self.rows["refunds"][charge_id] = amount
        return f"re_{charge_id}"


class Clocked:
    """A store that keeps how long each step takes. What the boundary asks of a store is read and write."""

    def __init__(self, store: Store, spent: dict[str, float]) -> None:
        self._store = store
        self._spent = spent

    async def read(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Reads, and looks at the clock."""
        return await self._clocked(self._store.read, work, *arguments)

    async def write(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Writes, and looks at the clock."""
        return await self._clocked(self._store.write, work, *arguments)

    async def _clocked(self, do: Callable[..., Any], work: Callable[..., Any], *arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return await do(work, *arguments)
        finally:
            self._spent[STEPS.get(work.__name__, work.__name__)] += time.perf_counter() - begin


def refunding(client: httpx.AsyncClient) -> Action:
    """The action, with a fact that is read outside as real ones are."""

    async def facts(doing: Doing, wanted: Wanted) -> Mapping[str, Any]:
        answered = await client.get("/customers/c1")
        return {"days_since_charge": answered.json()["days"]}

    async def look_up(doing: Doing, wanted: Wanted) -> Refunded | None:
        return None

    @action(
        effect="moves_money",
        identity="verified",
        limits=Limits(per_call=MUCH, per_customer_a_day=MUCH, per_day=MUCH, calls_per_customer_a_day=10_000_000),
        facts=facts,
        money=lambda wanted: wanted.amount.money,
        look_up=look_up,
        simulate=lambda doing, wanted: None,
    )
    async def refund_charge(doing: Doing, wanted: Wanted) -> Refunded:
        """Gives money back."""
        content = msgspec.to_builtins(wanted)
        answered = await client.post("/tools/refund", json=content, headers={"Idempotency-Key": doing.key})
        return Refunded(answered.json(), f"{wanted.amount.money} are on their way.")

    return refund_charge


def rules() -> list[Clause]:
    """As many as a real policy has for one action."""
    old = datetime(2024, 1, 1, tzinfo=UTC)
    allows = Clause("R-1", "p", "Soon", "Within 14 days.", "allows", ("refund_charge",),
                    (Check("days_since_charge", at_most=14),), {}, "rep", False, old, None)  # fmt: skip
    others = [replace(allows, id=f"R-{n}", effect="forbids", when=(Check("days_since_charge", at_least=90 + n),))
              for n in range(2, 6)]  # fmt: skip
    return [allows, *others, replace(allows, id="R-9", effect="needs_approval", when=(), above={"EUR": "5000.00"})]


async def customer_of(store: Store) -> tuple[Customer, str]:
    """A verified customer and their conversation."""
    introduced = await introduce(store, name=None, email=None)
    proved = replace(introduced.customer, identity="verified", email=f"{introduced.customer.id}@example.com")
    await store.write(customers.describe, proved)
    received = await receive(store, cast(Jobs, _NobodyStarts()), Arrival(proved, "chat", "m1", "My money, please."))
    await prove(store, proved.id, received.conversation.id, proved.email)
    return proved, received.conversation.id


async def fill(store: Store, pattern: ActionCall, count: int) -> None:
    """So many more calls like this one, done within the last day."""
    at = now() - timedelta(hours=1)

    def add(db: Any, many: int) -> None:
        for _ in range(many):
            key = new_id("act")
            actions.add(db, replace(pattern, id=key, key=key, likeness=key, created_at=at, sent_at=at), by="agent")

    for begin in range(0, count, AT_ONCE):
        await store.write(add, min(AT_ONCE, count - begin))


async def measure(
    store: Store, address: str, calls: int, kept: int
) -> tuple[list[float], list[float], dict[str, list[float]]]:
    """Seconds directly, seconds through the boundary, and seconds by step."""
    spent: dict[str, float] = defaultdict(float)
    directly, through, steps = [], [], defaultdict(list)
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        declared = refunding(client)
        clocked = replace(
            declared, run=_clocked(declared.run, "the action", spent), facts=_clocked(declared.facts, "facts", spent)
        )
        boundary = Boundary(cast(Store, Clocked(store, spent)), {"refund_charge": clocked})
        await store.write(clauses.put, rules(), now())
        customer, conversation = await customer_of(store)
        for number in range(WARM_UP_CALLS + calls):
            name = new_id("ch")
            content = {"charge_id": name, "amount": {"amount": "10.00", "currency": "EUR"}}
            begin = time.perf_counter()
            await declared.run(Doing(f"direct-{name}", customer), msgspec.convert(content, Wanted))
            directly.append(time.perf_counter() - begin)
            spent.clear()
            begin = time.perf_counter()
            wanted = Request(name, "refund_charge", content, customer.id, conversation, "agent", agreed="the benchmark")
            call = await boundary.request(wanted)
            through.append(time.perf_counter() - begin)
            assert call.state == "done", call.reason
            for step in STEPS.values():
                steps[step].append(spent[step])
            steps["the rest"].append(through[-1] - sum(spent.values()))
            if number == 0 and kept:
                other, others = await customer_of(store)
                await fill(store, replace(call, customer_id=other.id, conversation_id=others), kept)
    return (
        directly[WARM_UP_CALLS:],
        through[WARM_UP_CALLS:],
        {name: each[WARM_UP_CALLS:] for name, each in steps.items()},
    )


def _clocked(function: Any, name: str, spent: dict[str, float]) -> Any:
    async def clocked(*arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return await function(*arguments)
        finally:
            spent[name] += time.perf_counter() - begin

    return clocked


async def all_of(databases: list[str], calls: int, kept: list[int]) -> None:
    """Each database with each number of calls that are there already."""
    rows, where = [], []
    for kind in databases:
        for many in kept:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                url = stack.enter_context(database(kind)) or f"sqlite:///{folder / 'desk.db'}"
                outside = Outside(Till, {"customers": {"c1": {"days": 3}}, "refunds": {}})
                address = stack.enter_context(served(outside))
                store = stack.enter_context(Store(url))
                store.migrate()
                directly, through, steps = await measure(store, address, calls, many)
            added = [one - other for one, other in zip(through, directly, strict=True)]
            rows.append(
                (
                    kind,
                    f"{many:,}",
                    *(_ms(directly, share) for share in (0.5, 0.95)),
                    *(_ms(through, share) for share in (0.5, 0.95)),
                    *(_ms(added, share) for share in (0.5, 0.95)),
                    f"{percentile(through, 0.5) / percentile(directly, 0.5):.1f}",
                )
            )
            where.append((kind, f"{many:,}", *(_ms(each, 0.5) for each in steps.values())))
            names = tuple(steps)
    head = (
        "database",
        "calls of the last day",
        "direct p50 ms",
        "p95",
        "boundary p50 ms",
        "p95",
        "added p50 ms",
        "p95",
        "times",
    )
    print(table(head, rows), "\n")
    print(table(("database", "calls of the last day", *(f"{each}, p50 ms" for each in names)), where))


def _ms(values: list[float], share: float) -> str:
    return f"{percentile(values, share) * 1000:.1f}"


class _NobodyStarts:
    """Jobs that nobody starts: here only calls are made."""

    def start_soon(self, kind: str, subject: str) -> None:
        """Leaves it."""


def main() -> None:
    """Prints what a call costs, and where it goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgres"), action="append")
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--kept", type=int, action="append", help="calls that the desk has done in the last 24 hours")
    given = parser.parse_args()
    asyncio.run(all_of(given.database or ["sqlite", "postgres"], given.calls, given.kept or [0, 10_000]))


if __name__ == "__main__":
    main()
