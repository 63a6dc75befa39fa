"""Whatever the back office does wrong, each of the demo company's effects happens once, and nothing is called done
that is not known to be."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from answerable.actions.boundary import Boundary
from answerable.store import Store, actions
from tests.actions.bank import Clock, euros
from tests.actions.company import Office, ask, someone


@dataclass(frozen=True)
class Write:
    """One action that changes something, and how to see how often it did."""

    action: str
    whose: str
    arguments: dict[str, Any]
    route: str
    path: str
    """Where what it makes is listed."""
    dry_runs: int = 0
    """So often its facts ask the same route what would be."""

    def fault(self, kind: str, when: str) -> dict[str, Any]:
        """What goes wrong, once, when it is really done."""
        return {"kind": kind, "when": when, "route": self.route, "spares": self.dry_runs, "seconds": 1.5, "times": 1}


RESEND = {"invoice_number": "INV-2025-0317"}
WRITES = [
    Write("resend_invoice", "ines", {**RESEND, "by": "email"}, "POST /invoices/*/send", "/mails"),
    Write(
        "change_plan",
        "siobhan",
        {"plan": "team", "interval": "monthly", "due_now": euros("35.42")},
        "POST /subscriptions/*/change",
        "/invoices",
        dry_runs=1,
    ),
    Write(
        "cancel_subscription",
        "tom",
        {"way": "withdraw", "money_back": {"amount": "11.00", "currency": "GBP"}},
        "POST /subscriptions/*/cancel",
        "/refunds",
        dry_runs=1,
    ),
    Write(
        "subscribe_to_incident",
        "sofia",
        {"incident_id": "INC-15"},
        "POST /incidents/*/subscriptions",
        "/mails",
    ),
]
KINDS = ["fail", "cut", "html", "nonsense", "truncated", "slow"]


async def effects(office: Office, write: Write) -> int:
    """How often it has happened for its customer."""
    if write.action == "subscribe_to_incident":
        # Each subscriber gets one mail for the news.
        news = {"state": "monitoring", "text": "It looks better."}
        await office.client.post("/incidents/INC-15/updates", json=news, headers={"Idempotency-Key": "news"})
    found = await office.at(write.path, customer_id=f"cus_{write.whose}")
    return sum(1 for each in found if each.get("kind", "plan_change") == "plan_change")


def without_patience(desk: Boundary, store: Store, office: Office, clock: Clock) -> Boundary:
    """The same boundary, which waits for a second only."""
    declared = {name: replace(each, timeout_seconds=1.0) for name, each in desk.declared.items()}
    return Boundary(store, declared, settings=office.settings, clock=clock)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", WRITES, ids=lambda each: each.action)
async def test_what_was_done_and_not_told_is_found_out_and_is_done_once(
    desk: Boundary, store: Store, office: Office, clock: Clock, write: Write, kind: str
) -> None:
    who = await someone(store, write.whose)
    hasty = without_patience(desk, store, office, clock) if kind == "slow" else desk
    await office.fails(write.fault(kind, "after"))

    call = await ask(hasty, who, write.action, write.arguments)
    assert (call.state, call.receipt) == ("unknown", None), call.reason
    again = await ask(hasty, who, write.action, write.arguments, key="t2")
    clock.forward(timedelta(minutes=1))
    (after,) = await desk.look_after()

    assert (again.id, again.state) == (call.id, "unknown")
    assert (after.state, after.attempts, after.receipt is not None) == ("done", 1, True)
    assert await effects(office, write) == 1


@pytest.mark.parametrize("kind", ["cut", "html"])
@pytest.mark.parametrize("write", WRITES, ids=lambda each: each.action)
async def test_what_was_not_done_is_asked_for_again_under_the_same_key(
    desk: Boundary, store: Store, office: Office, clock: Clock, write: Write, kind: str
) -> None:
    who = await someone(store, write.whose)
    await office.fails(write.fault(kind, "before"))

    call = await ask(desk, who, write.action, write.arguments)
    assert call.state == "unknown"
    clock.forward(timedelta(minutes=2))
    await desk.look_after()
    known = await store.read(actions.by_id, call.id)

    assert known is not None
    assert (known.state, known.attempts) == ("done", 2)
    assert await effects(office, write) == 1
