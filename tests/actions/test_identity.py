"""Whoever asks, an action is done only for whom its own conversation has proved the customer to be."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.domain.actions import ActionCall
from answerable.domain.errors import NotFound
from answerable.domain.ids import new_id
from answerable.domain.money import money
from answerable.domain.people import Customer, Proof, ProofKind
from answerable.people import introduce
from answerable.store import Store, actions, customers, proofs
from tests.actions.bank import RULES, Bank, Clock, asker, euros, put_rules, refunding, rep


class Desk:
    """A boundary, and a customer who has proved nothing yet."""

    def __init__(self, store: Store, bank: Bank, clock: Clock, customer: Customer, conversation_id: str) -> None:
        self.store, self.bank, self.clock, self.customer = store, bank, clock, customer
        self.conversation_id = conversation_id
        declared = {"refund_charge": refunding(bank)}
        strict = {"refund_charge": refunding(bank, identity="stepped_up")}
        self.boundary, self.strict = (Boundary(store, each, clock=clock) for each in (declared, strict))
        self.asked = 0

    async def prove(self, kind: ProofKind = "signed", *, lasts: timedelta = timedelta(hours=1), **other: Any) -> None:
        proof = Proof(
            id=new_id("prf"),
            conversation_id=self.conversation_id,
            customer_id=self.customer.id,
            kind=kind,
            email=self.customer.email,
            by="test",
            proved_at=self.clock(),
            expires_at=self.clock() + lasts,
        )
        await self.store.write(proofs.add, replace(proof, **other))

    async def ask(self, amount: str, boundary: Boundary | None = None, **other: Any) -> ActionCall:
        self.asked += 1
        wanted = {"charge_id": "ch_ines", "amount": euros(amount)}
        request = Request(
            f"t{self.asked}", "refund_charge", wanted, self.customer.id, self.conversation_id, "agent", agreed="a test"
        )
        return await (boundary or self.boundary).request(replace(request, **other))


@pytest.fixture
async def desk(store: Store, bank: Bank, clock: Clock) -> Desk:
    await put_rules(store, *RULES)
    customer, conversation_id = await asker(store, identity="known")
    bank.charges["ch_ines"] = ("ines@example.com", money("200.00", "EUR"))
    bank.charges["ch_bram"] = ("bram@example.com", money("200.00", "EUR"))
    return Desk(store, bank, clock, customer, conversation_id)


async def test_a_proof_lets_act_in_its_own_time_and_not_after(desk: Desk) -> None:
    before = await desk.ask("20.00")
    await desk.prove(lasts=timedelta(minutes=10))
    within = await desk.ask("21.00")
    desk.clock.forward(timedelta(minutes=10))
    after = await desk.ask("22.00")

    assert [each.state for each in (before, within, after)] == ["refused", "done", "refused"]
    assert after.reason == "This needs a customer who is verified; this one is known."


async def test_what_the_record_says_of_a_customer_is_no_proof(desk: Desk) -> None:
    for identity in ("verified", "stepped_up"):
        await desk.store.write(customers.describe, replace(desk.customer, identity=identity))
        assert (await desk.ask("20.00")).state == "refused"


async def test_a_proof_of_another_conversation_or_of_somebody_else_is_none(desk: Desk) -> None:
    bram, his = await asker(desk.store, "bram", identity="known")
    await desk.prove(conversation_id=his)
    await desk.prove(customer_id=bram.id)

    assert (await desk.ask("20.00")).state == "refused"


async def test_nobody_asks_in_the_name_of_another_conversations_customer(desk: Desk) -> None:
    await desk.prove()
    bram, his = await asker(desk.store, "bram")

    with pytest.raises(NotFound):
        await desk.ask("20.00", customer_id=bram.id)
    with pytest.raises(NotFound):
        await desk.ask("20.00", conversation_id=his)
    with pytest.raises(NotFound):
        await desk.ask("20.00", conversation_id="con_none")
    assert desk.bank.asked == []


async def test_the_address_that_is_acted_on_is_the_proved_one(desk: Desk) -> None:
    await desk.prove()
    await desk.store.write(customers.describe, replace(desk.customer, email="bram@example.com"))

    his = await desk.ask("20.00", arguments={"charge_id": "ch_bram", "amount": euros("20.00")})
    own = await desk.ask("20.00")

    assert (his.state, his.reason) == ("refused", "There is no such charge.")
    assert own.state == "done"


async def test_an_address_that_is_not_proved_is_nobodys(desk: Desk) -> None:
    await desk.prove(email=None)

    assert (await desk.ask("20.00")).reason == "There is no such charge."


async def test_stepping_up_takes_a_code_and_lasts_a_quarter_of_an_hour(desk: Desk) -> None:
    await desk.prove()
    assert (await desk.ask("20.00", desk.strict)).state == "refused"
    await desk.prove("code", lasts=timedelta(minutes=15))
    assert (await desk.ask("21.00", desk.strict)).state == "done"
    desk.clock.forward(timedelta(minutes=15))
    assert (await desk.ask("22.00", desk.strict)).state == "refused"
    assert (await desk.ask("22.00")).state == "done"


async def test_what_was_asked_for_with_a_proof_may_be_approved_tomorrow(desk: Desk) -> None:
    await desk.prove(lasts=timedelta(minutes=10))
    call = await desk.ask("60.00")
    desk.clock.forward(timedelta(hours=20))

    after = await desk.boundary.approve(await _approval_of(desk, call), rep("maya"))

    assert (after.state, desk.bank.asked) == ("done", [call.id])


async def test_what_was_asked_for_is_not_done_once_the_conversation_is_somebody_elses(desk: Desk) -> None:
    await desk.prove()
    call = await desk.ask("60.00")
    somebody_else = (await introduce(desk.store, name="Bram", email="bram@example.com")).customer
    await desk.store.write(customers.give, desk.customer.id, somebody_else.id)

    after = await desk.boundary.approve(await _approval_of(desk, call), rep("maya"))

    assert (after.state, desk.bank.asked) == ("refused", [])
    assert after.reason.startswith("The conversation belongs to somebody else by now.")


async def test_a_clock_that_goes_backwards_makes_no_proof_hold(desk: Desk) -> None:
    await desk.prove()
    desk.clock.forward(timedelta(minutes=-5))

    assert (await desk.ask("20.00")).state == "refused"


async def _approval_of(desk: Desk, call: ActionCall) -> str:
    approval = await desk.store.read(actions.approval_of, call.id)
    assert approval is not None
    return approval.id
