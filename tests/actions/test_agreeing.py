"""The customer's own yes: without it nothing is changed on an agent's word, and with it no more than was asked."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest

from answerable.actions.asking import ASKED_CHARACTERS_MAX, TOO_LONG
from answerable.actions.recorded import agreement_in
from answerable.agents.outcomes import outcome_in_words
from answerable.domain.actions import ActionCall, Agreement, Check
from answerable.domain.errors import NotFound
from answerable.domain.money import money
from answerable.store import Store, actions
from tests.actions.bank import (
    NO_PEOPLE,
    NOON,
    OVER_50,
    RULES,
    WITHIN_14_DAYS,
    Bank,
    Clock,
    asker,
    clause,
    put_rules,
    rep,
)
from tests.actions.test_boundary import Desk

ON_ITS_OWN: dict[str, Any] = {"agreed": None}


@pytest.fixture
async def desk(store: Store, bank: Bank, clock: Clock) -> Desk:
    await put_rules(store, *RULES)
    customer, conversation_id = await asker(store)
    assert customer.email is not None
    bank.charges = {"ch_1": (customer.email, money("200.00", "EUR"))}
    return Desk(store, bank, clock, customer, conversation_id)


async def yes(desk: Desk, call: ActionCall) -> ActionCall:
    return await desk.boundary.agree(call.id, question="Refund it?")


async def test_what_an_agent_wants_by_itself_waits_for_the_customers_yes_and_is_then_done_once(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    again = await desk.ask("20.00", key="t2", **ON_ITS_OWN)
    assert (call.state, again.id, desk.bank.asked) == ("awaiting_customer", call.id, [])

    first, second = await asyncio.gather(yes(desk, call), yes(desk, call))
    record = await desk.store.read(actions.record, call.id)

    assert {first.id, second.id} == {call.id}
    assert desk.given_back == 2000
    assert [(each["state"], each["by"]) for each in record] == [
        ("awaiting_customer", "agent"),
        ("ready", "customer"),
        ("sent", "boundary"),
        ("done", "boundary"),
    ]
    assert record[1]["reason"].startswith("The customer said yes to “Refund it?”")
    assert agreement_in(record) == Agreement("Refund it?", NOON)


async def test_a_rep_and_a_procedure_that_the_customer_has_answered_need_no_further_yes(desk: Desk) -> None:
    by_rep = await desk.ask("20.00", key="t1", requested_by="rep_maya", **ON_ITS_OWN)
    in_procedure = await desk.ask("21.00", key="t2", agreed="refund, step sure")

    assert (by_rep.state, in_procedure.state) == ("done", "done")


async def test_a_no_ends_it_and_a_later_yes_does_nothing(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", **ON_ITS_OWN)

    declined = await desk.boundary.turn_down(call.id)
    later = await yes(desk, call)

    assert (declined.state, later.state, desk.bank.asked) == ("declined", "declined", [])
    assert (await desk.store.read(actions.record, call.id))[-1]["by"] == "customer"


async def test_a_yes_that_comes_after_an_hour_does_nothing(desk: Desk) -> None:
    seen_to = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    not_seen_to = await desk.ask("21.00", key="t2", **ON_ITS_OWN)
    desk.clock.forward(timedelta(hours=1))
    late = await yes(desk, not_seen_to)
    await desk.boundary.look_after()

    assert (late.state, (await yes(desk, seen_to)).state, desk.bank.asked) == ("expired", "expired", [])


async def test_a_question_that_is_asked_again_can_be_answered_for_an_hour_from_then(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    desk.clock.forward(timedelta(minutes=58))
    again = await desk.ask("20.00", key="t2", **ON_ITS_OWN)
    desk.clock.forward(timedelta(minutes=3))
    await desk.boundary.look_after()

    done = await yes(desk, call)
    record = await desk.store.read(actions.record, call.id)

    assert (again.id, done.id, done.state, desk.given_back) == (call.id, call.id, "done", 2000)
    assert [(each["state"], each["by"]) for each in record][:3] == [
        ("awaiting_customer", "agent"),
        ("awaiting_customer", "agent"),
        ("ready", "customer"),
    ]
    assert record[1]["at"] - record[0]["at"] == timedelta(minutes=58)


async def test_the_same_request_delivered_again_asks_nothing_and_renews_nothing(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    desk.clock.forward(timedelta(minutes=58))
    await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    desk.clock.forward(timedelta(minutes=3))

    assert ((await yes(desk, call)).state, desk.bank.asked) == ("expired", [])


async def test_also_what_is_asked_again_ends_an_hour_later(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    desk.clock.forward(timedelta(minutes=58))
    await desk.ask("20.00", key="t2", **ON_ITS_OWN)
    desk.clock.forward(timedelta(hours=1))

    assert ((await yes(desk, call)).state, desk.bank.asked) == ("expired", [])


async def test_whoever_looks_after_calls_does_not_end_one_that_was_asked_again_meanwhile(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    desk.clock.forward(timedelta(hours=1))
    (due,) = await desk.store.read(actions.due, desk.clock(), 10)
    await desk.ask("20.00", key="t2", **ON_ITS_OWN)

    kept = await desk.boundary._see_to(due)

    assert (due.id, kept.state) == (call.id, "awaiting_customer")


async def test_what_is_too_long_to_be_read_before_a_yes_is_refused_and_nobody_is_asked(desk: Desk) -> None:
    long = "x" * ASKED_CHARACTERS_MAX

    refused = await desk.ask("20.00", key="t1", charge=long, **ON_ITS_OWN)
    by_rep = await desk.ask("20.00", key="t2", charge=long, requested_by="rep_maya", **ON_ITS_OWN)

    assert (refused.state, refused.reason) == ("refused", TOO_LONG)
    assert not re.search(r"\byou", TOO_LONG), "the customer reads it, and reps do"
    assert outcome_in_words(refused, code="en") == f"I may not do this. {TOO_LONG}"
    assert by_rep.reason == "There is no such charge.", "a rep has written it themselves"


async def test_the_rules_that_hold_at_the_yes_decide(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    await put_rules(desk.store, *RULES, clause("R-9", "forbids", Check("days_since_charge", at_least=0)))

    refused = await yes(desk, call)

    assert (refused.state, refused.clause_id, desk.bank.asked) == ("refused", "R-9", [])
    (_, last) = record = await desk.store.read(actions.record, call.id)
    assert (last["by"], last["reason"]) == ("boundary", "R-9 Clause R-9: What R-9 says.")
    assert agreement_in(record) == Agreement("Refund it?", NOON), "they said yes all the same"


async def test_the_limits_that_are_left_at_the_yes_decide(desk: Desk) -> None:
    await put_rules(desk.store, *NO_PEOPLE)
    assert desk.customer.email is not None
    desk.bank.charges |= {f"ch_{n}": (desk.customer.email, money("200.00", "EUR")) for n in (2, 3)}
    calls = [await desk.ask("50.00", key=f"t{n}", charge=f"ch_{n % 3 + 1}", **ON_ITS_OWN) for n in range(3)]
    calls += [await desk.ask("49.00", key=f"t{n}", charge=f"ch_{n % 3 + 1}", **ON_ITS_OWN) for n in range(3, 6)]
    assert {each.state for each in calls} == {"awaiting_customer"}

    ended = [await yes(desk, call) for call in calls]

    assert [each.state for each in ended] == ["done"] * 5 + ["refused"], "250.00 a day and no more"
    assert desk.given_back == 24800


async def test_after_the_yes_a_person_still_decides_where_a_clause_says_so(desk: Desk) -> None:
    await put_rules(desk.store, WITHIN_14_DAYS, OVER_50)
    call = await desk.ask("120.00", key="t1", **ON_ITS_OWN)
    desk.clock.forward(timedelta(minutes=30))

    waits = await yes(desk, call)
    approval = await desk.store.read(actions.approval_of, call.id)
    assert approval is not None
    assert (waits.state, approval.asked_at, desk.bank.asked) == ("awaiting_approval", desk.clock(), [])

    done = await desk.boundary.approve(approval.id, rep("maya"))
    assert done.state == "done"
    assert agreement_in(await desk.store.read(actions.record, call.id)) == Agreement("Refund it?", approval.asked_at)


async def test_a_wish_that_was_done_meanwhile_is_not_done_again_by_the_yes(desk: Desk) -> None:
    asked = await desk.ask("20.00", key="t1", **ON_ITS_OWN)
    done = await desk.ask("20.00", key="t2", agreed="refund, step sure")

    after = await yes(desk, asked)

    assert (after.id, desk.given_back) == (done.id, 2000)


async def test_what_a_rule_forbids_is_refused_before_anybody_is_asked(desk: Desk) -> None:
    desk.bank.is_disputed = True

    assert (await desk.ask("20.00", key="t1", **ON_ITS_OWN)).state == "refused"


async def test_there_is_no_yes_to_nothing(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.boundary.agree("act_nothing", question="")
