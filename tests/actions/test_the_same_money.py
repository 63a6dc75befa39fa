"""Two different wishes for the same money, of which each is allowed until the other one is done.

Here the outside system does not look by itself: it gives back both of two equal charges to whoever asks it to.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Doing
from answerable.domain.actions import ActionCall, Check
from answerable.domain.money import money
from answerable.domain.people import Customer
from answerable.store import Store, actions
from tests.actions.bank import OVER_50, Bank, Clock, Refunded, Wanted, asker, clause, euros, put_rules, refunding, rep

ONE_OF_TWO = clause("R-1", "allows", Check("is_duplicate", equals=True))


class TwoCharges:
    """Ines was charged twice, and asks for both back, at two processes."""

    def __init__(self, store: Store, clock: Clock, customer: Customer, conversation_id: str) -> None:
        self.store, self.clock, self.customer, self.conversation_id = store, clock, customer, conversation_id
        self.bank = Bank({f"ch_{n}": (customer.email or "", money("60.00", "EUR")) for n in (1, 2)})
        self.answers, self.is_asked, self.has_read = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.answers.set()
        self.holds_up: dict[str, asyncio.Event] = {}
        """By charge, what whoever has read its facts waits for before they go on, the first time."""
        slow = replace(refunding(self.bank, facts=self.facts), run=self.refund)
        self.processes = [Boundary(store, {"refund_charge": slow}, clock=clock) for _ in range(2)]

    async def refund(self, doing: Doing, wanted: Wanted) -> Refunded:
        self.is_asked.set()
        await self.answers.wait()
        return await self.bank.refund(doing, wanted)

    async def facts(self, doing: Doing, wanted: Wanted) -> Mapping[str, Any]:
        other = next(each for each in self.bank.charges if each != wanted.charge_id)
        found = {"is_duplicate": other not in [charge for charge, _ in self.bank.refunds.values()]}
        self.has_read.set()
        if wanted.charge_id in self.holds_up:
            await self.holds_up.pop(wanted.charge_id).wait()
        return found

    async def ask(self, number: int, amount: str = "20.00", *, process: int = 0) -> ActionCall:
        wanted = {"charge_id": f"ch_{number}", "amount": euros(amount)}
        request = Request(
            f"k{number}", "refund_charge", wanted, self.customer.id, self.conversation_id, "agent", agreed="a test"
        )
        return await self.processes[process].request(request)

    async def approve(self, call: ActionCall, *, process: int) -> ActionCall:
        approval = await self.store.read(actions.approval_of, call.id)
        assert approval is not None
        return await self.processes[process].approve(approval.id, rep("maya"))


@pytest.fixture
async def two(store: Store, clock: Clock) -> TwoCharges:
    await put_rules(store, ONE_OF_TWO, OVER_50)
    return TwoCharges(store, clock, *await asker(store))


@pytest.mark.parametrize("other_process", [0, 1])
async def test_of_two_that_are_approved_in_the_same_moment_one_is_given_back(
    two: TwoCharges, other_process: int
) -> None:
    one, other = await two.ask(1, "60.00"), await two.ask(2, "60.00")

    await asyncio.gather(two.approve(one, process=0), two.approve(other, process=other_process))
    two.clock.forward(timedelta(minutes=1))
    await two.processes[0].look_after()

    states = sorted(call.state for call in await two.processes[0].calls_of(two.conversation_id))
    assert (states, len(two.bank.refunds)) == (["done", "refused"], 1)


async def test_what_another_process_is_doing_is_waited_for_and_then_looked_at_again(two: TwoCharges) -> None:
    two.answers.clear()
    first = asyncio.create_task(two.ask(1))
    await two.is_asked.wait()

    second = await two.ask(2, process=1)
    assert (second.state, two.bank.refunds) == ("ready", {})
    assert "waits for another one of this customer" in second.reason

    two.answers.set()
    assert (await first).state == "done"
    two.clock.forward(timedelta(minutes=1))
    await two.processes[1].look_after()

    after = (await two.processes[1].calls_of(two.conversation_id))[-1]
    assert (after.state, after.facts["is_duplicate"], len(two.bank.refunds)) == ("refused", False, 1)


async def test_what_was_done_since_the_facts_were_read_is_looked_at_again(two: TwoCharges) -> None:
    goes_on = asyncio.Event()
    two.holds_up = {"ch_1": goes_on}
    reads_first = asyncio.create_task(two.ask(1, process=1))
    await two.has_read.wait()
    done = await two.ask(2)
    goes_on.set()

    late = await reads_first

    assert (done.state, late.state, late.facts["is_duplicate"]) == ("done", "refused", False)
    assert len(two.bank.refunds) == 1


async def test_nobody_waits_for_another_customer(two: TwoCharges) -> None:
    bram, conversation_id = await asker(two.store, "bram")
    two.answers.clear()
    first = asyncio.create_task(two.ask(1))
    await two.is_asked.wait()
    two.is_asked.clear()
    wanted = {"charge_id": "ch_2", "amount": euros("10.00")}
    request = Request("b1", "refund_charge", wanted, bram.id, conversation_id, "agent", agreed="a test")
    second = asyncio.create_task(two.processes[0].request(request))

    await two.is_asked.wait()
    two.answers.set()

    assert ((await first).state, (await second).state) == ("done", "done")
