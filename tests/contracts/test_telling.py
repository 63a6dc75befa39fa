"""Who waits for the outcome of a call is told of it once, wherever they asked; the same on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from answerable.conversations.outcomes import tell_outcomes
from answerable.domain.actions import ActionCall, CallState
from answerable.domain.money import money
from answerable.store import Store, actions, conversations, messages, tables
from tests.actions.bank import RULES, Bank, Clock, asker, clause, put_rules, rep
from tests.actions.test_boundary import Desk

RUN = "run_1"


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
async def desk(store: Store, bank: Bank) -> Desk:
    clock = Clock()
    await put_rules(store, *RULES)
    customer, conversation_id = await asker(store)
    assert customer.email is not None
    bank.charges = {f"ch_{n}": (customer.email, money("200.00", "EUR")) for n in range(1, 5)}
    return Desk(store, bank, clock, customer, conversation_id)


async def told(desk: Desk, call: ActionCall) -> CallState | None:
    def look(db: Connection) -> Any:
        return db.execute(select(tables.action_calls.c.told).where(tables.action_calls.c.id == call.id)).scalar_one()

    state: CallState | None = await desk.store.read(look)
    return state


async def read_by_customer(desk: Desk, conversation_id: str) -> list[str]:
    def look(db: Connection) -> list[str]:
        episode = conversations.last_episode(db, conversation_id)
        return [each.text for each in messages.of_episode(db, episode.id) if each.author == "agent"]

    return await desk.store.read(look)


async def test_a_run_that_ends_without_a_word_leaves_what_it_did_to_be_told_and_nothing_else(desk: Desk) -> None:
    done = await desk.ask("20.00", key="t1", run_id=RUN)
    waits = await desk.ask("60.00", key="t2", charge="ch_2", run_id=RUN)
    refused = await desk.ask("21.00", key="t3", charge="ch_other", run_id=RUN)
    asked = await desk.ask("22.00", key="t4", charge="ch_3", run_id=RUN, agreed=None)
    of_another = await desk.ask("23.00", key="t5", charge="ch_4", run_id="run_2")
    assert [each.state for each in (done, waits, refused, asked)] == [
        *("done", "awaiting_approval", "refused", "awaiting_customer"),
    ]

    await desk.store.write(actions.tell_later, desk.conversation_id, RUN)

    assert [await told(desk, each) for each in (done, waits)] == ["unknown"] * 2
    assert [await told(desk, each) for each in (refused, asked, of_another)] == [None] * 3
    assert await tell_outcomes(desk.store) == 1
    assert await read_by_customer(desk, desk.conversation_id) == ["€20.00 are on their way."]
    assert await tell_outcomes(desk.store) == 0, "once"


async def test_what_the_customer_agreed_to_in_a_run_that_broke_off_is_told_too(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", run_id="run_0", agreed=None)
    await desk.store.write(actions.tell, {call.id: "awaiting_customer"})
    await desk.boundary.agree(call.id, question="Refund it?")

    await desk.store.write(actions.tell_later, desk.conversation_id, RUN)

    assert await told(desk, call) == "unknown"
    assert await tell_outcomes(desk.store) == 1
    assert await read_by_customer(desk, desk.conversation_id) == ["€20.00 are on their way."]


async def test_two_processes_that_tell_at_once_tell_it_once(desk: Desk) -> None:
    calls = [await desk.ask(f"{n}.00", key=f"t{n}", charge=f"ch_{n}", run_id=RUN) for n in (1, 2, 3)]
    await desk.store.write(actions.tell_later, desk.conversation_id, RUN)

    assert sum(await asyncio.gather(*(tell_outcomes(desk.store) for _ in range(4)))) == len(calls)

    said = await read_by_customer(desk, desk.conversation_id)
    assert sorted(said) == [f"€{n}.00 are on their way." for n in (1, 2, 3)]


async def test_who_asked_for_the_same_in_another_conversation_is_told_there_as_well(desk: Desk) -> None:
    _, elsewhere = await asker(desk.store, customer=desk.customer)
    waits = await desk.ask("60.00", key="t1", run_id=RUN)
    same = await desk.ask("60.00", key="t2", conversation_id=elsewhere)
    assert same.id == waits.id
    await desk.store.write(actions.tell, {waits.id: "awaiting_approval"})
    await desk.boundary.approve(await desk.approval_of(waits), rep("maya"))

    # This conversation's own turn has told it; the other one still waits.
    await desk.store.write(lambda db: actions.tell(db, {waits.id: "done"}, only_in=desk.conversation_id))

    assert await told(desk, waits) == "awaiting_approval"
    assert await tell_outcomes(desk.store) == 1
    assert await read_by_customer(desk, elsewhere) == ["€60.00 are on their way."]


async def test_why_each_of_two_people_gave_less_is_told_in_whole_sentences(desk: Desk) -> None:
    call = await desk.ask("160.00", key="t1", run_id=RUN)
    await desk.store.write(actions.tell, {call.id: "awaiting_approval"})
    approval = await desk.approval_of(call)
    for amount, why, name in (("100", "A month was used", "ada"), ("50.5", "Half was paid ", "kim")):
        less = {"charge_id": "ch_1", "amount": {"amount": amount, "currency": "EUR"}}
        await desk.boundary.approve(approval, rep(name, "lead"), arguments=less, reason=why)

    assert await tell_outcomes(desk.store) == 1

    (told,) = await read_by_customer(desk, desk.conversation_id)
    assert told == ("A colleague has decided about this. A month was used. Half was paid. €50.50 are on their way.")


async def test_what_was_approved_and_a_clause_forbade_by_then_is_told_as_a_refusal_in_its_words(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1", run_id=RUN)
    await desk.store.write(actions.tell, {call.id: "awaiting_approval"})
    await put_rules(desk.store, *RULES, clause("R-9", "forbids"))
    await desk.boundary.approve(await desk.approval_of(call), rep("maya"))

    assert await tell_outcomes(desk.store) == 1

    said = "I may not do this. What R-9 says. You can ask for a person here at any time."
    assert await read_by_customer(desk, desk.conversation_id) == [said]


async def test_what_was_told_and_is_taken_back_is_told_again(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", run_id=RUN)
    never_told = await desk.ask("21.00", key="t2", charge="ch_2", run_id=RUN)
    await desk.store.write(actions.tell, {call.id: "done"})
    desk.clock.forward(timedelta(minutes=1))

    for each in (call, never_told):
        await desk.store.write(actions.tell_again, each.id)

    assert (await told(desk, call), await told(desk, never_told)) == ("unknown", None)
