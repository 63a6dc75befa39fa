"""What the boundary promises of every call, whoever asks, the same on both databases."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Amount, Doing, Limits, action
from answerable.domain.actions import ENDED, ActionCall, Check
from answerable.domain.errors import Conflict, Invalid, NotAllowed
from answerable.domain.money import money
from answerable.domain.people import Customer
from answerable.store import Store, actions, customers
from tests.actions.bank import (
    NO_DISPUTE,
    NO_PEOPLE,
    NOON,
    OVER_50,
    OVER_150,
    RULES,
    WITHIN_14_DAYS,
    Bank,
    Clock,
    Refunded,
    Wanted,
    asker,
    clause,
    euros,
    prove,
    put_rules,
    refunding,
    rep,
)

SETTLE = timedelta(seconds=30)


class Desk:
    """A boundary with one customer in front of it."""

    def __init__(self, store: Store, bank: Bank, clock: Clock, customer: Customer, conversation_id: str) -> None:
        self.store, self.bank, self.clock, self.customer = store, bank, clock, customer
        self.conversation_id = conversation_id
        self.boundary = Boundary(store, {"refund_charge": refunding(bank)}, clock=clock, settle=SETTLE)

    async def ask(self, amount: str, *, key: str, charge: str = "ch_1", **other: Any) -> ActionCall:
        wanted = {"charge_id": charge, "amount": euros(amount)}
        request = Request(
            key, "refund_charge", wanted, self.customer.id, self.conversation_id, "agent", agreed="a test"
        )
        return await self.boundary.request(replace(request, **other))

    async def approval_of(self, call: ActionCall) -> str:
        approval = await self.store.read(actions.approval_of, call.id)
        assert approval is not None
        return approval.id

    @property
    def given_back(self) -> int:
        return sum(moved.units for _, moved in self.bank.refunds.values())


@pytest.fixture
async def desk(store: Store, bank: Bank, clock: Clock) -> Desk:
    await put_rules(store, *RULES)
    customer, conversation_id = await asker(store)
    assert customer.email is not None
    bank.charges = {f"ch_{n}": (customer.email, money("200.00", "EUR")) for n in range(1, 5)}
    bank.charges["ch_other"] = ("bram@example.com", money("200.00", "EUR"))
    return Desk(store, bank, clock, customer, conversation_id)


async def test_what_is_allowed_is_done_once_with_a_receipt_and_its_clause(desk: Desk) -> None:
    first = await desk.ask("20.00", key="t1")
    again = await desk.ask("20.00", key="t1")

    assert (first.state, first.clause_id, again.id) == ("done", "R-1", first.id)
    assert first.receipt is not None
    assert first.receipt.summary == "20.00 EUR are on their way."
    assert desk.given_back == 2000
    assert [each["state"] for each in await desk.store.read(actions.record, first.id)] == ["ready", "sent", "done"]


async def test_the_same_wish_twice_is_one_refund_and_the_second_hears_of_the_first(desk: Desk) -> None:
    first, second = await asyncio.gather(desk.ask("20.00", key="t1"), desk.ask("20.00", key="t2"))

    assert first.id == second.id
    assert desk.given_back == 2000


@pytest.mark.parametrize("identity", ["anonymous", "known"])
async def test_nothing_is_done_for_somebody_who_has_not_proved_who_they_are(desk: Desk, identity: Any) -> None:
    email = None if identity == "anonymous" else desk.customer.email
    await desk.store.write(customers.describe, replace(desk.customer, identity=identity, email=email))
    await prove(desk.store, desk.customer, desk.conversation_id, identity)

    call = await desk.ask("20.00", key="t1")

    assert (call.state, desk.bank.asked) == ("refused", [])
    assert call.reason == f"This needs a customer who is verified; this one is {identity}."


async def test_nothing_of_another_customer_can_be_touched(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1", charge="ch_other")

    assert (call.state, call.reason, desk.bank.asked) == ("refused", "There is no such charge.", [])


async def test_a_clause_that_forbids_beats_those_that_allow_and_is_named(desk: Desk) -> None:
    desk.bank.is_disputed = True

    call = await desk.ask("20.00", key="t1")

    assert (call.state, call.clause_id) == ("refused", "R-2")
    assert call.reason == "R-2 Clause R-2: What R-2 says."


async def test_without_a_clause_that_allows_nothing_is_done(desk: Desk) -> None:
    desk.bank.days = 15

    call = await desk.ask("20.00", key="t1")

    assert (call.state, call.clause_id, desk.bank.asked) == ("refused", None, [])


async def test_a_fact_that_is_missing_never_speaks_for_the_call(desk: Desk) -> None:
    await put_rules(desk.store, WITHIN_14_DAYS, clause("R-9", "forbids", Check("is_fraud", equals=True)))
    assert (await desk.ask("20.00", key="t1")).clause_id == "R-9"

    await put_rules(desk.store, clause("R-8", "allows", Check("is_friend", equals=True)))
    assert (await desk.ask("21.00", key="t2")).state == "refused"


async def test_a_clause_that_is_changed_at_noon_holds_at_noon(desk: Desk) -> None:
    stricter = replace(WITHIN_14_DAYS, when=(Check("days_since_charge", at_most=2),))
    assert (await desk.ask("20.00", key="t1")).state == "done"

    await put_rules(desk.store, stricter, NO_DISPUTE, OVER_50)

    assert (await desk.ask("21.00", key="t2")).state == "refused"


async def test_a_clause_of_tomorrow_holds_from_tomorrow(desk: Desk) -> None:
    tomorrow = NOON + timedelta(days=1)
    stricter = replace(WITHIN_14_DAYS, when=(Check("days_since_charge", at_most=2),), from_moment=tomorrow)
    await put_rules(desk.store, stricter, NO_DISPUTE, OVER_50)

    assert (await desk.ask("20.00", key="t1")).state == "done"
    desk.clock.forward(timedelta(days=1))
    assert (await desk.ask("21.00", key="t2")).state == "refused"


async def test_a_clause_that_was_changed_at_noon_still_holds_when_the_clock_goes_back(desk: Desk) -> None:
    desk.clock.forward(timedelta(hours=1))
    stricter = replace(WITHIN_14_DAYS, when=(Check("days_since_charge", at_most=2),))
    await put_rules(desk.store, stricter, NO_DISPUTE, OVER_50, at=desk.clock())
    desk.clock.forward(timedelta(hours=-1))
    assert (await desk.ask("20.00", key="t1")).state == "refused"

    await put_rules(desk.store, at=desk.clock())

    assert (await desk.ask("21.00", key="t2")).reason == "No clause of a policy allows this."


async def test_what_was_approved_is_not_sent_once_a_clause_forbids_it(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    await put_rules(desk.store, clause("R-1", "forbids"))

    after = await desk.boundary.approve(await desk.approval_of(call), rep("maya"))

    assert (after.state, after.clause_id, desk.bank.asked) == ("refused", "R-1", [])


async def test_the_world_is_looked_at_again_before_what_was_approved_is_sent(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    desk.bank.is_disputed = True
    desk.clock.forward(timedelta(hours=3))

    after = await desk.boundary.approve(await desk.approval_of(call), rep("maya"))

    assert (after.state, desk.bank.asked) == ("refused", [])
    assert after.facts["is_disputed"] is True


@pytest.mark.parametrize(
    ("amounts", "reason"),
    [
        (["50.00", "49.00", "48.00", "47.00", "46.00", "45.00"], "of one customer in 24 hours may move 250.00 EUR"),
        (["200.01"], "One call may move 200.00 EUR."),
    ],
)
async def test_limits_hold(desk: Desk, amounts: list[str], reason: str) -> None:
    await put_rules(desk.store, *NO_PEOPLE)
    calls = [await desk.ask(amount, key=amount, charge=f"ch_{n % 4 + 1}") for n, amount in enumerate(amounts)]

    assert reason in calls[-1].reason
    assert all(call.state == "done" for call in calls[:-1])
    assert desk.given_back <= 25000


async def test_nothing_is_gained_by_asking_for_parts(desk: Desk) -> None:
    first = await desk.ask("30.00", key="t1", charge="ch_1")
    second = await desk.ask("25.00", key="t2", charge="ch_2")

    assert (first.state, second.state) == ("done", "awaiting_approval"), "55.00 in a day are more than 50.00"
    assert second.facts["moved_in_24_hours_unseen"] == {"amount": "30.00", "currency": "EUR"}

    approved = await desk.boundary.approve(await desk.approval_of(second), rep("maya"))
    third = await desk.ask("20.00", key="t3", charge="ch_3")
    fourth = await desk.ask("1.00", key="t4", charge="ch_4")
    assert (approved.state, third.state) == ("done", "done"), "what a person approved is not counted again"
    assert fourth.state == "awaiting_approval"

    desk.clock.forward(timedelta(hours=25))
    assert (await desk.ask("49.00", key="t5", charge="ch_4")).state == "done", "the next day counts anew"


async def test_nothing_is_gained_by_asking_for_parts_at_once(desk: Desk) -> None:
    asked = [desk.ask(f"{n}.00", key=f"t{n}", charge=f"ch_{n % 4 + 1}") for n in range(20, 30)]

    calls = await asyncio.gather(*asked)

    assert {call.state for call in calls} == {"done", "awaiting_approval"}
    assert desk.given_back <= 5000


async def test_limits_hold_when_all_ask_at_once(desk: Desk) -> None:
    await put_rules(desk.store, *NO_PEOPLE)
    asked = [desk.ask(f"{amount}.00", key=f"t{amount}", charge=f"ch_{amount % 4 + 1}") for amount in range(30, 50)]

    calls = await asyncio.gather(*asked)

    assert desk.given_back == sum(call.money.units for call in calls if call.money and call.state == "done") <= 25000
    assert desk.given_back > 20000


async def test_the_limit_of_all_customers_together_holds(desk: Desk) -> None:
    others = [await asker(desk.store, f"c{n}") for n in range(12)]
    for customer, _ in others:
        assert customer.email is not None
        desk.bank.charges[f"ch_{customer.name}"] = (customer.email, money("50.00", "EUR"))

    calls = [
        await desk.ask(
            "50.00",
            key=customer.id,
            charge=f"ch_{customer.name}",
            customer_id=customer.id,
            conversation_id=conversation,
        )
        for customer, conversation in others
    ]

    assert [call.state for call in calls] == ["done"] * 8 + ["refused"] * 4


async def test_a_currency_without_a_limit_does_not_move(desk: Desk) -> None:
    desk.bank.charges["ch_1"] = ("ines@example.com", money("200.00", "CHF"))
    wanted = {"charge_id": "ch_1", "amount": {"amount": "20.00", "currency": "CHF"}}

    call = await desk.ask("0", key="t1", arguments=wanted)

    assert (call.state, call.reason) == ("refused", "Nothing is moved in CHF: no limit is given for it.")


@pytest.mark.parametrize(
    "arguments",
    [
        None, [], "", "{", "not json", {}, {"charge_id": "ch_1"}, {"charge_id": 1, "amount": euros("1.00")},
        {"charge_id": "ch_1", "amount": euros("-1.00")}, {"charge_id": "ch_1", "amount": euros("NaN")},
        {"charge_id": "ch_1", "amount": euros("1e3")}, {"charge_id": "ch_1", "amount": euros("0.00")},
        {"charge_id": "ch_1", "amount": euros("0.001")}, {"charge_id": "ch_1", "amount": euros("٢٠.00")},
        {"charge_id": "ch_1", "amount": euros("20.00\n")}, {"charge_id": "ch_1", "amount": 20},
        {"charge_id": "ch_1", "amount": {"amount": 20.0, "currency": "EUR"}},
        {"charge_id": "ch_1", "amount": {"amount": "20.00", "currency": "ЕUR"}},
        {"charge_id": "ch_1\u202e", "amount": euros("1.00")},
        {"charge_id": "ch_1", "amount": euros("20.00"), "customer_id": "cus_other"},
        {"charge_id": "x" * 9000, "amount": euros("20.00")},
        '{"charge_id": "ch_1", "amount": {"amount": "20.00", "currency": "EUR"}', "[" * 5000,
        "[" * 900 + "]" * 900, '{"charge_id": ' * 500 + "1" + "}" * 500,
    ],
)  # fmt: skip
async def test_what_the_types_forbid_is_no_call_at_all(desk: Desk, arguments: Any) -> None:
    with pytest.raises(Invalid):
        await desk.ask("20.00", key="t1", arguments=arguments)

    assert await desk.store.read(actions.of_conversation, desk.conversation_id) == []
    assert desk.bank.asked == []


async def test_an_action_that_nobody_declared_is_no_call(desk: Desk) -> None:
    with pytest.raises(Invalid, match="There is no action"):
        await desk.ask("20.00", key="t1", action="delete_everything")


async def test_a_key_names_one_call_only(desk: Desk) -> None:
    await desk.ask("20.00", key="t1")
    _, elsewhere = await asker(desk.store, "bram")

    with pytest.raises(Conflict):
        await desk.ask("20.00", key="t1", conversation_id=elsewhere)


async def test_a_key_names_one_call_only_even_if_two_conversations_use_it_at_once(desk: Desk) -> None:
    bram, elsewhere = await asker(desk.store, "bram")
    asked = [
        desk.ask("20.00", key="t1"),
        desk.ask("20.00", key="t1", charge="ch_other", customer_id=bram.id, conversation_id=elsewhere),
    ]

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert {type(each) for each in outcomes} == {ActionCall, Conflict}
    assert len(desk.bank.refunds) == 1


async def _declined(desk: Desk, call: ActionCall) -> None:
    await desk.boundary.decline(await desk.approval_of(call), rep("maya"), reason="It was used.")


async def _expired(desk: Desk, call: ActionCall) -> None:
    desk.clock.forward(timedelta(hours=24))
    await desk.boundary.look_after()


async def _forbidden(desk: Desk, call: ActionCall) -> None:
    await put_rules(desk.store, clause("R-1", "forbids"))
    await desk.boundary.approve(await desk.approval_of(call), rep("maya"))
    await put_rules(desk.store, *RULES, at=NOON + timedelta(seconds=1))
    desk.clock.forward(timedelta(seconds=1))


async def _failed(desk: Desk, call: ActionCall) -> None:
    desk.bank.faults = ["refuse"]
    await desk.boundary.approve(await desk.approval_of(call), rep("maya"))


@pytest.mark.parametrize("comes_to_nothing", [_declined, _expired, _forbidden, _failed])
async def test_a_key_gets_for_ever_the_call_that_it_was_answered_with(desk: Desk, comes_to_nothing: Any) -> None:
    """Also one that only said the same as an earlier call, and is delivered again once that has come to nothing."""
    first, same = await desk.ask("60.00", key="t1"), await desk.ask("60.00", key="t2")
    assert same.id == first.id
    await comes_to_nothing(desk, first)
    asked = list(desk.bank.asked)

    again = [await desk.ask("60.00", key=key) for key in ("t1", "t2", "t2")]

    assert [(call.id, call.state in ENDED) for call in again] == [(first.id, True)] * 3
    assert (desk.bank.asked, desk.bank.refunds) == (asked, {})
    new = await desk.ask("60.00", key="t3")
    assert new.id != first.id, "who asks anew, after it came to nothing, is heard anew"


async def test_a_key_that_said_the_same_in_another_conversation_is_known_there_and_nowhere_else(desk: Desk) -> None:
    _, later = await asker(desk.store, "ines", customer=desk.customer)
    first = await desk.ask("60.00", key="t1")
    same = await desk.ask("60.00", key="t2", conversation_id=later)
    await _declined(desk, first)

    again = await desk.ask("60.00", key="t2", conversation_id=later)

    assert {same.id, again.id} == {first.id}
    with pytest.raises(Conflict):
        await desk.ask("60.00", key="t2")


async def test_the_same_wish_in_two_processes_at_once_keeps_both_keys(desk: Desk) -> None:
    keys = [f"t{number}" for number in range(8)]
    calls = await asyncio.gather(*(desk.ask("60.00", key=key) for key in keys))
    assert len({call.id for call in calls}) == 1
    await _declined(desk, calls[0])

    again = await asyncio.gather(*(desk.ask("60.00", key=key) for key in keys))

    assert {call.id for call in again} == {calls[0].id}


# -- what people decide ----------------------------------------------------------------------------------------------


async def test_above_its_amount_a_clause_wants_a_person_and_nothing_moves_before(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    assert (call.state, desk.bank.asked) == ("awaiting_approval", [])
    assert call.reason == "R-3 Clause R-3: What R-3 says."

    after = await desk.boundary.approve(await desk.approval_of(call), rep("maya"))

    assert (after.state, desk.given_back) == ("done", 6000)


async def test_a_decision_is_taken_once_whatever_is_clicked_twice(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)

    outcomes = await asyncio.gather(
        *(desk.boundary.approve(approval, rep(name)) for name in ("maya", "jonas", "ada")),
        desk.boundary.decline(approval, rep("kim"), reason="No."),
        return_exceptions=True,
    )

    assert sum(isinstance(each, Conflict) for each in outcomes) == 3
    assert len(desk.bank.asked) <= 1


async def test_who_says_the_same_twice_has_decided_once(desk: Desk) -> None:
    calls = [await desk.ask(f"6{n}.00", key=f"t{n}", charge=f"ch_{n}") for n in range(1, 5)]
    whole, less, no, late = [await desk.approval_of(call) for call in calls]
    smaller = {"charge_id": "ch_2", "amount": euros("30")}
    maya, desk_ = rep("maya"), desk.boundary

    wholes = await asyncio.gather(desk_.approve(whole, maya), desk_.approve(whole, maya))
    lesses = [await desk_.approve(less, maya, arguments=smaller, reason="Half was used") for _ in range(2)]
    noes = [await desk_.decline(no, maya, reason="It was used.") for _ in range(2)]
    await put_rules(desk.store, clause("R-1", "forbids"))
    refused = [await desk_.approve(late, maya) for _ in range(2)]

    assert {each.state for each in lesses} == {"done"}
    assert {(each.state) for each in wholes} <= {"sent", "done"}
    assert [each.state for each in (*noes, *refused)] == ["declined"] * 2 + ["refused"] * 2
    assert len(desk.bank.asked) == 2
    for other in (desk_.approve(whole, maya, note="Oh."), desk_.approve(less, maya), desk_.approve(no, maya)):
        with pytest.raises(Conflict):
            await other
    with pytest.raises(Conflict):
        await desk_.decline(no, rep("jonas"), reason="It was used.")


async def test_less_needs_a_reason_and_reaches_the_action_as_its_currency_is_written(desk: Desk) -> None:
    call = await desk.ask("60", key="t1")
    approval = await desk.approval_of(call)
    less = {"charge_id": "ch_1", "amount": euros("30.5")}
    for nothing in (None, "", "  "):
        with pytest.raises(Invalid, match="Say why it is less"):
            await desk.boundary.approve(approval, rep("maya"), arguments=less, reason=nothing)

    after = await desk.boundary.approve(approval, rep("maya"), arguments=less, reason="Half of it was used.")

    assert (call.arguments["amount"], after.arguments["amount"]) == (euros("60.00"), euros("30.50"))
    assert (await desk.ask("20", key="t3")).id == (await desk.ask("20.0", key="t4")).id, "it is the same wish"


async def test_when_a_clause_wants_more_people_by_now_they_are_who_decides(desk: Desk) -> None:
    by_rep, by_two_leads = replace(OVER_50, id="Y-2"), replace(OVER_150, id="Y-3", above={"EUR": "50.00"})
    await put_rules(desk.store, WITHIN_14_DAYS, by_rep)
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)
    await put_rules(desk.store, WITHIN_14_DAYS, by_rep, by_two_leads)

    with pytest.raises(NotAllowed, match="role 'lead'"):
        await desk.boundary.approve(approval, rep("maya"))
    waiting = await desk.store.read(actions.approval_by_id, approval)
    first = await desk.boundary.approve(approval, rep("ada", "lead"))
    second = await desk.boundary.approve(approval, rep("kim", "lead"))

    assert waiting is not None
    assert (waiting.role, waiting.needed, waiting.clause_id, waiting.approved_by) == ("lead", 2, "Y-3", ())
    assert (first.state, second.state, desk.given_back) == ("awaiting_approval", "done", 6000)


async def test_who_approved_in_too_low_a_role_does_not_count_by_now_and_stands_in_the_record(desk: Desk) -> None:
    two_reps = replace(OVER_50, four_eyes=True)
    await put_rules(desk.store, WITHIN_14_DAYS, two_reps)
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)
    await desk.boundary.approve(approval, rep("maya"))
    await put_rules(desk.store, WITHIN_14_DAYS, replace(two_reps, approver_role="lead"))

    first = await desk.boundary.approve(approval, rep("ada", "lead"))
    raised = await desk.store.read(actions.approval_by_id, approval)
    second = await desk.boundary.approve(approval, rep("kim", "admin"))

    assert raised is not None
    assert (first.state, raised.approved_by) == ("awaiting_approval", ("rep_ada",))
    assert (second.state, desk.given_back) == ("done", 6000)
    record = await desk.store.read(actions.record, call.id)
    assert [each["by"] for each in record[:5]] == ["agent", "rep_maya", "boundary", "rep_ada", "rep_kim"]
    assert record[2]["reason"].endswith("does not count: it needs the role 'lead'.")


async def test_who_approved_in_too_low_a_role_is_told_so_when_they_click_again(desk: Desk) -> None:
    two_reps = replace(OVER_50, four_eyes=True)
    await put_rules(desk.store, WITHIN_14_DAYS, two_reps)
    approval = await desk.approval_of(await desk.ask("60.00", key="t1"))
    before = [await desk.boundary.approve(approval, rep("maya")) for _ in range(2)]
    await put_rules(desk.store, WITHIN_14_DAYS, replace(two_reps, approver_role="lead"))

    for _ in range(2):
        with pytest.raises(NotAllowed, match="This needs the role 'lead'; yours is 'rep'"):
            await desk.boundary.approve(approval, rep("maya"))

    assert {each.state for each in before} == {"awaiting_approval"}
    assert (await desk.boundary.approve(approval, rep("ada", "lead"))).state == "awaiting_approval"


async def test_what_waits_never_becomes_easier_to_approve(desk: Desk) -> None:
    await put_rules(desk.store, WITHIN_14_DAYS, replace(OVER_50, id="R-12", four_eyes=True))
    approval = await desk.approval_of(await desk.ask("60.00", key="t1"))
    await put_rules(desk.store, WITHIN_14_DAYS, OVER_50)

    first = await desk.boundary.approve(approval, rep("maya"))
    second = await desk.boundary.approve(approval, rep("jonas"))

    assert (first.state, second.state) == ("awaiting_approval", "done")


async def test_what_a_lead_approved_as_the_first_counts_when_leads_are_wanted_by_now(desk: Desk) -> None:
    two_reps = replace(OVER_50, four_eyes=True)
    await put_rules(desk.store, WITHIN_14_DAYS, two_reps)
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)
    await desk.boundary.approve(approval, rep("ada", "lead"))
    await put_rules(desk.store, WITHIN_14_DAYS, replace(two_reps, approver_role="lead"))

    after = await desk.boundary.approve(approval, rep("kim", "lead"))

    assert (after.state, desk.given_back) == ("done", 6000)


async def test_what_is_refused_although_it_was_approved_says_both_and_nobody_declined(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)
    await put_rules(desk.store, WITHIN_14_DAYS, OVER_50, clause("R-9", "forbids"))

    after = await desk.boundary.approve(approval, rep("maya"), note="She is right.")

    assert (after.state, after.clause_id, desk.bank.asked) == ("refused", "R-9", [])
    decided = await desk.store.read(actions.approval_by_id, approval)
    assert decided is not None
    assert (decided.state, decided.approved_by, decided.decided_by) == ("refused", ("rep_maya",), "boundary")
    _, yes, end = await desk.store.read(actions.record, call.id)
    assert (yes["by"], yes["reason"], yes["content"]["note"]) == ("rep_maya", "Maya approved it.", "She is right.")
    assert (end["by"], end["state"], end["reason"]) == ("boundary", "refused", "R-9 Clause R-9: What R-9 says.")
    with pytest.raises(Conflict, match=r"approved it, and on 23 November 2026 at 12:00 UTC a rule forbade it\. R-9"):
        await desk.boundary.approve(approval, rep("jonas"))


async def test_less_than_was_asked_for_can_be_approved_and_nothing_else(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)
    for wrong in (euros("61.00"), {"amount": "30.00", "currency": "GBP"}):
        with pytest.raises(Invalid):
            await desk.boundary.approve(approval, rep("maya"), arguments={"charge_id": "ch_1", "amount": wrong})
    other_charge = {"charge_id": "ch_2", "amount": euros("30.00")}
    with pytest.raises(Invalid, match="Only the amount"):
        await desk.boundary.approve(approval, rep("maya"), arguments=other_charge)

    less = {"charge_id": "ch_1", "amount": euros("30.00")}
    after = await desk.boundary.approve(approval, rep("maya"), arguments=less, reason="Half of it was used.")

    assert (after.state, desk.given_back) == ("done", 3000)


async def test_declined_means_never(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)
    with pytest.raises(Invalid, match="Say why"):
        await desk.boundary.decline(approval, rep("maya"), reason=" ")

    declined = await desk.boundary.decline(approval, rep("maya"), reason="It was used.")

    assert (declined.state, declined.reason) == ("declined", "It was used.")
    with pytest.raises(Conflict):
        await desk.boundary.approve(approval, rep("jonas"))
    assert desk.bank.asked == []


async def test_nobody_in_time_means_no(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    approval = await desk.approval_of(call)
    assert await desk.boundary.look_after() == []

    desk.clock.forward(timedelta(hours=24))
    with pytest.raises(Conflict, match="expired"):
        await desk.boundary.approve(approval, rep("maya"))
    (expired,) = await desk.boundary.look_after()

    assert (expired.state, desk.bank.asked) == ("expired", [])


async def test_four_eyes_are_two_people_of_the_role_and_neither_of_them_asked(desk: Desk) -> None:
    call = await desk.ask("160.00", key="t1", requested_by="rep_maya")
    approval = await desk.approval_of(call)
    with pytest.raises(NotAllowed, match="role"):
        await desk.boundary.approve(approval, rep("jonas"))
    with pytest.raises(NotAllowed, match="cannot approve it"):
        await desk.boundary.approve(approval, rep("maya", "lead"))

    first = await desk.boundary.approve(approval, rep("ada", "lead"))
    again = await desk.boundary.approve(approval, rep("ada", "lead"))
    with pytest.raises(Conflict, match="second person"):
        await desk.boundary.approve(approval, rep("ada", "lead"), note="And once more.")
    assert (again.state, again.reason) == (first.state, first.reason), "whoever says it twice is one person"
    second = await desk.boundary.approve(approval, rep("kim", "admin"))

    assert (first.state, second.state, desk.given_back) == ("awaiting_approval", "done", 16000)


# -- what is not known -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_after", "nonsense"])
async def test_what_was_done_without_an_answer_is_found_and_not_done_again(desk: Desk, fault: Any) -> None:
    desk.bank.faults = [fault]
    call = await desk.ask("20.00", key="t1")
    assert (call.state, call.receipt) == ("unknown", None)

    desk.clock.forward(SETTLE)
    (found,) = await desk.boundary.look_after()

    assert (found.state, len(desk.bank.asked), desk.given_back) == ("done", 1, 2000)


async def test_what_was_not_done_is_asked_for_again_under_its_key_and_not_too_early(desk: Desk) -> None:
    desk.bank.faults = ["lost_before"]
    call = await desk.ask("20.00", key="t1")
    assert await desk.boundary.look_after() == []

    desk.clock.forward(SETTLE + timedelta(seconds=5))
    await desk.boundary.look_after()
    known = await desk.boundary.perform(call.id)

    assert (known.state, desk.bank.asked, desk.given_back) == ("done", [call.id, call.id], 2000)


async def test_a_request_that_arrives_late_does_not_become_a_second_refund(desk: Desk) -> None:
    desk.bank.faults = ["late"]
    await desk.ask("20.00", key="t1")
    desk.clock.forward(SETTLE + timedelta(seconds=5))
    await desk.boundary.look_after()
    desk.bank.arrive()

    assert (len(desk.bank.refunds), desk.given_back) == (1, 2000)


async def test_as_long_as_nothing_is_known_nothing_is_sent_and_it_counts(desk: Desk) -> None:
    await put_rules(desk.store, *NO_PEOPLE)
    desk.bank.faults, desk.bank.is_silent = ["lost_before"], True
    call = await desk.ask("50.00", key="t1")
    for _ in range(20):
        desk.clock.forward(timedelta(minutes=20))
        assert await desk.boundary.look_after() == []

    again = await desk.ask("50.00", key="t2")
    others = [await desk.ask(f"{n}.00", key=f"o{n}", charge="ch_2") for n in (50, 49, 48, 47)]

    assert (again.id, again.state) == (call.id, "unknown")
    assert len(desk.bank.asked) == 1 + sum(each.state == "done" for each in others)
    assert others[-1].state == "done"
    assert (await desk.ask("46.00", key="over", charge="ch_3")).state == "refused"


async def test_it_is_kept_that_a_call_is_sent_before_anything_is_sent(
    desk: Desk, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever would start after a power cut at that moment looks it up, and sends it again under its key only."""
    kept: list[tuple[str, list[str]]] = []
    refund = desk.bank.refund

    async def look_and_refund(doing: Doing, wanted: Any) -> Any:
        with Store(database_url) as of_another_process:
            call = await of_another_process.read(actions.by_id, doing.key)
            record = await of_another_process.read(actions.record, doing.key)
        assert call is not None
        kept.append((call.state, [each["state"] for each in record]))
        return await refund(doing, wanted)

    monkeypatch.setattr(desk.bank, "refund", look_and_refund)

    first = await desk.ask("20.00", key="t1")
    others = await asyncio.gather(*(desk.ask(f"{n}.00", key=f"o{n}", charge=f"ch_{n}") for n in (2, 3, 4)))

    assert [each.state for each in (first, *others)] == ["done"] * 4
    assert [state for state, _ in kept] == ["sent"] * 4
    assert kept[0][1] == ["ready", "sent"], "and that it was allowed, together with it"


async def test_a_process_that_dies_while_it_asks_leaves_a_call_that_is_looked_up(desk: Desk) -> None:
    desk.bank.faults = ["lost_after"]
    call = await desk.ask("20.00", key="t1")

    def as_if_killed(db: Connection) -> None:
        found = actions.by_id(db, call.id)
        assert found is not None
        actions.change(db, replace(found, state="sent"), by="test")

    await desk.store.write(as_if_killed)
    desk.clock.forward(SETTLE + timedelta(seconds=5))
    heir = Boundary(desk.store, {"refund_charge": refunding(desk.bank)}, clock=desk.clock, settle=SETTLE)

    (found,) = await heir.look_after()

    assert (found.state, desk.given_back, len(desk.bank.asked)) == ("done", 2000, 1)


async def test_a_refusal_outside_is_a_failure_and_leaves_the_limit_as_it_was(desk: Desk) -> None:
    desk.bank.faults = ["refuse"]

    refused = await desk.ask("50.00", key="t1")
    again = await desk.ask("50.00", key="t2")

    assert (refused.state, refused.reason) == ("failed", "The bank says no.")
    assert (again.state, desk.given_back) == ("done", 5000)


async def test_a_clock_that_goes_backwards_makes_nothing_happen_sooner_or_twice(desk: Desk) -> None:
    await put_rules(desk.store, *NO_PEOPLE)
    desk.bank.faults = ["lost_before"]
    await desk.ask("50.00", key="t1")
    desk.clock.forward(timedelta(days=-2))

    assert await desk.boundary.look_after() == []
    others = [await desk.ask(f"{n}.00", key=f"o{n}", charge="ch_2") for n in (49, 48, 47, 46)]

    assert [each.state for each in others] == ["done", "done", "done", "done"]
    assert (await desk.ask("45.00", key="over", charge="ch_3")).state == "refused"


async def test_facts_are_read_again_when_it_was_approved_although_the_clock_went_back(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    desk.bank.is_disputed = True
    desk.clock.forward(timedelta(hours=-30))

    after = await desk.boundary.approve(await desk.approval_of(call), rep("maya"))

    assert (after.state, desk.bank.refunds) == ("refused", {})
    assert after.reason.startswith("R-2")


async def test_what_was_sent_after_the_clock_had_gone_back_counts_from_when_it_was_asked_for(desk: Desk) -> None:
    call = await desk.ask("60.00", key="t1")
    desk.clock.forward(timedelta(hours=-30))
    done = await desk.boundary.approve(await desk.approval_of(call), rep("maya"))
    assert (done.state, done.sent_at) == ("done", call.created_at)

    desk.clock.forward(timedelta(hours=53))
    await put_rules(desk.store, *NO_PEOPLE, at=desk.clock())
    others = [await desk.ask(f"{n}.00", key=f"o{n}", charge="ch_2") for n in (50, 49, 48)]

    assert [each.state for each in others] == ["done", "done", "done"]
    assert (await desk.ask("44.00", key="over", charge="ch_3")).state == "refused", "60 + 147 + 44 are more than 250"


async def test_only_what_may_have_happened_counts_against_a_number_of_calls(desk: Desk, bank: Bank) -> None:
    declared = refunding(
        bank,
        limits=replace(refunding(bank).limits, calls_per_customer_a_day=2),
    )
    desk.boundary = Boundary(desk.store, {"refund_charge": declared}, clock=desk.clock, settle=SETTLE)
    bank.faults = ["refuse", "lost_before", "none"]

    calls = [await desk.ask(f"{n}.00", key=f"k{n}", charge="ch_1") for n in (1, 2, 3, 4)]

    assert [each.state for each in calls] == ["failed", "unknown", "done", "refused"]
    assert calls[-1].reason == "There may be 2 calls of one customer in 24 hours."


# -- the record ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "verb",
    [
        *("UPDATE action_records SET reason = ''", "DELETE FROM action_records"),
        *("UPDATE action_keys SET key = 't3'", "DELETE FROM action_keys"),
    ],
)
async def test_the_record_can_only_be_added_to(desk: Desk, verb: str) -> None:
    await desk.ask("20.00", key="t1")
    await desk.ask("20.00", key="t2")

    with pytest.raises(DBAPIError, match="only ever added to"):
        await desk.store.write(lambda db: db.execute(text(verb)))


async def test_nobody_who_has_left_takes_anything_back(desk: Desk) -> None:
    call = await desk.ask("20.00", key="t1")

    with pytest.raises(NotAllowed, match="does not work here any more"):
        await desk.boundary.undo(call.id, replace(rep("maya"), active=False))


async def desk_that_takes_back(store: Store, bank: Bank, clock: Clock, undo: Any) -> Desk:
    """Its refunds can be taken back within an hour."""
    await put_rules(store, *RULES)
    customer, conversation_id = await asker(store)
    bank.charges = {"ch_1": ("ines@example.com", money("100.00", "EUR"))}
    declared = refunding(bank, undo=undo, undo_within=timedelta(hours=1))
    desk = Desk(store, bank, clock, customer, conversation_id)
    desk.boundary = Boundary(store, {"refund_charge": declared}, clock=clock, settle=SETTLE)
    return desk


async def test_what_can_be_taken_back_is_within_its_time_and_once(store: Store, bank: Bank, clock: Clock) -> None:
    taken_back: list[str] = []

    async def undo(doing: Any, wanted: Any, refunded: Any) -> None:
        taken_back.append(refunded.reference)

    desk = await desk_that_takes_back(store, bank, clock, undo)
    first, second = await desk.ask("10.00", key="t1"), await desk.ask("11.00", key="t2")

    undone = await desk.boundary.undo(first.id, rep("maya"))
    clock.forward(timedelta(hours=2))

    assert (undone.state, undone.undone_by, len(taken_back)) == ("undone", "rep_maya", 1)
    with pytest.raises(Conflict):
        await desk.boundary.undo(first.id, rep("maya"))
    with pytest.raises(Conflict, match="over"):
        await desk.boundary.undo(second.id, rep("maya"))


async def test_what_is_taken_back_by_several_at_once_is_taken_back_once(store: Store, bank: Bank, clock: Clock) -> None:
    taken_back: list[str] = []
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def undo(doing: Any, wanted: Any, refunded: Any) -> None:
        taken_back.append(doing.key)
        begun.set()
        await may_end.wait()

    desk = await desk_that_takes_back(store, bank, clock, undo)
    call = await desk.ask("10.00", key="t1")

    at_once = [asyncio.create_task(desk.boundary.undo(call.id, rep(name))) for name in ("maya", "jonas", "lena")]
    await begun.wait()
    may_end.set()
    ended = await asyncio.gather(*at_once, return_exceptions=True)

    assert taken_back == [f"{call.id}-undo"]
    assert [type(each) for each in ended] == [ActionCall, Conflict, Conflict]
    assert str(ended[1]) == "It was taken back already."


async def test_the_log_says_where_an_action_failed_and_none_of_its_words(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.bank.faults += ["lost_before", "nonsense"]

    await desk.ask("10.00", key="t1")
    await desk.ask("11.00", key="t2")

    lost, nonsense = [each.getMessage() for each in caplog.records if each.name == "answerable.actions.sending"]
    assert re.search(r"ended in ConnectionError \(bank.py:\d+ in refund_charge, bank.py:\d+ in refund\)\.$", lost)
    assert "reset" not in lost
    assert nonsense.endswith("ended in ValidationError at $.amount.")


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("1.000,00", "amount.amount: It does not have the form that is wanted: Such as 84.00."),
        (20, "amount.amount: It must be a text: write it in quotation marks."),
    ],
)
async def test_what_is_wrong_with_an_argument_is_said_in_words(desk: Desk, amount: Any, sentence: str) -> None:
    arguments = {"charge_id": "ch_1", "amount": {"amount": amount, "currency": "EUR"}}

    with pytest.raises(Invalid) as refused:
        await desk.ask("20.00", key="t1", arguments=arguments)

    assert str(refused.value) == f"The arguments of refund_charge are not right. {sentence}"


OF_A_DAY = Limits(per_call={"EUR": "10.00"}, per_customer_a_day={"EUR": "20.00"}, per_day={"EUR": "30.00"})


async def anything(*given: Any) -> Any:
    """A function that is no plain one."""


async def too_little(wanted: Any) -> Any:
    """It is called with more than it takes."""


async def too_much(doing: Any, wanted: Any, third: Any, fourth: Any) -> Any:
    """It is called with less than it takes."""


async def by_name(doing: Any, wanted: Any, *, made: Any) -> Any:
    """It is called without names."""


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"limits": Limits()}, "needs a limit per call"),
        ({"limits": Limits({"EUR": "1.00"}, {"EUR": "1.00"}, {"GBP": "1.00"})}, "in the same currencies"),
        ({"identity": "known"}, "must be verified"),
        ({"money": None}, "must say how much"),
        ({"look_up": None}, "needs `look_up`"),
        ({"simulate": None}, "needs `simulate`"),
        ({"timeout_seconds": 0}, "more than 0 and at most 120; it has 0"),
        ({"timeout_seconds": 121}, "more than 0 and at most 120; it has 121"),
        ({"timeout_seconds": float("nan")}, "more than 0 and at most 120; it has nan"),
        ({"timeout_seconds": True}, "a number of seconds, .* it has True"),
        ({"timeout_seconds": "10"}, "a number of seconds, .* it has '10'"),
        ({"repeats_within": 60}, "a timedelta in repeats_within, such as .*; it has 60"),
        ({"undo_within": 60, "undo": anything}, "a timedelta in undo_within"),
        ({"repeats_within": timedelta.max}, "at most 36525 days in repeats_within"),
        ({"approval_expires_after": timedelta.max / 2}, "at most 36525 days in approval_expires_after"),
        ({"undo_within": timedelta(days=40_000), "undo": anything}, "at most 36525 days in undo_within"),
        ({"limits": {"calls_per_day": 3}}, "needs `limits` to be Limits"),
        ({"limits": Limits(per_call=cast("Any", "50.00"))}, "needs amounts by currency in the limit per_call"),
        ({"limits": Limits({"EUR": "0.00"}, {"EUR": "1.00"}, {"EUR": "1.00"})}, "0.00 EUR, so that nothing could"),
        ({"limits": replace(OF_A_DAY, calls_per_day=True)}, "calls_per_day of True"),
        ({"asks": "Refund {amount} of {charge_id}"}, "needs `asks` to be texts by language"),
        ({"asks": {"en": 3}}, "needs `asks` to be texts by language"),
        ({"money": "amount"}, "needs a function `money`; it has 'amount'"),
        ({"money": lambda doing, wanted: wanted.amount.money}, "`money` that takes, by their places: what is wanted"),
        ({"facts": too_little}, "`facts` that takes, by their places: the Doing, what is wanted"),
        ({"look_up": too_little}, "`look_up` that takes, by their places: the Doing, what is wanted"),
        ({"look_up": too_much}, "`look_up` that takes, by their places: the Doing, what is wanted"),
        ({"undo": too_much, "undo_within": timedelta(hours=1)}, "`undo` that takes, .* what is wanted, what was done"),
        ({"undo": by_name, "undo_within": timedelta(hours=1)}, "`undo` that takes, .* what is wanted, what was done"),
        ({"simulate": lambda wanted: None}, "`simulate` that takes, by their places: the Doing, what is wanted"),
        ({"effect": "writes"}, "how much it moves, so that its effect is 'moves_money'"),
        ({"effect": "reads"}, "how much it moves, so that its effect is 'moves_money'"),
        ({"effect": "writes", "money": None}, "limits of money and moves none"),
        ({"undo_within": timedelta(hours=1)}, "together"),
        ({"asks": {"en": "Refund {amount}"}}, "must name each of its arguments"),
        ({"asks": {"en": "Refund {amount} of {charge_id} to {friend}"}}, "and nothing else"),
        ({"asks": {"de": "{amount} von {charge_id} erstatten"}}, "in English"),
        ({"effect": "money"}, "an effect that is one of reads, writes, moves_money; it has 'money'"),
        ({"effect": "move_money", "limits": None, "money": None}, "it has 'move_money'"),
        ({"identity": "verifed"}, "an identity that is one of anonymous, known, verified, stepped_up; it has 'ver"),
        ({"look_up": lambda doing, wanted: None}, "a function `look_up` declared with `async def`"),
        ({"facts": lambda doing, wanted: {}}, "a function `facts` declared with `async def`"),
        ({"undo_within": timedelta(seconds=-5), "undo": anything}, "more than nothing in undo_within"),
        ({"approval_expires_after": timedelta(0)}, "more than nothing in approval_expires_after"),
        ({"repeats_within": timedelta(0)}, "more than nothing in repeats_within"),
        ({"simulate": anything}, "a function `simulate` declared with `def`"),
        ({"limits": replace(OF_A_DAY, calls_per_day=-1)}, "calls_per_day of -1"),
        ({"limits": replace(OF_A_DAY, calls_per_customer_a_day=0)}, "calls_per_customer_a_day of 0"),
        ({"limits": replace(OF_A_DAY, per_call={"EUR": "900.00"})}, "per_call of 900.00 EUR, and per_customer_a_day"),
        ({"limits": replace(OF_A_DAY, per_day={"EUR": "9.00"})}, "per_customer_a_day of 20.00 EUR, and per_day"),
        ({"limits": replace(OF_A_DAY, per_day={"EUR": "-1"})}, "a limit per_day that is none"),
    ],
)  # fmt: skip
def test_a_declaration_that_leaves_something_open_is_refused(bank: Bank, other: Any, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        refunding(bank, **other)


def test_a_function_that_could_never_settle_is_refused(bank: Bank) -> None:
    class NoSummary(msgspec.Struct, frozen=True):
        reference: str

    async def mute(doing: Doing, wanted: Wanted) -> NoSummary:
        """Says nothing of what it did."""
        raise NotImplementedError

    def plain(doing: Doing, wanted: Wanted) -> Refunded:
        """Cannot be waited for."""
        raise NotImplementedError

    with pytest.raises(Invalid, match="must return a record with a text summary"):
        action(effect="reads", identity="verified")(mute)
    with pytest.raises(Invalid, match="The action plain needs to be declared with `async def`"):
        action(effect="reads", identity="verified")(plain)  # type: ignore[arg-type]


def test_a_type_that_no_schema_can_say_is_refused_in_words() -> None:
    class Something(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        thing: object

    class Found(Refunded, frozen=True):
        thing: object

    async def give(doing: Doing, wanted: Something) -> Refunded:
        """Gives something back."""
        raise NotImplementedError

    async def find(doing: Doing, wanted: Wanted) -> Found:
        """Finds the bank."""
        raise NotImplementedError

    async def name(doing: Doing, *, wanted: Wanted) -> Refunded:
        """Takes what is wanted by its name."""
        raise NotImplementedError

    with pytest.raises(
        Invalid, match=r"The action give has an argument of a type .* for: type <class 'object'> is not"
    ):
        action(effect="reads", identity="verified")(give)
    with pytest.raises(Invalid, match="The action find has a result of a type that JSON has no schema for"):
        action(effect="reads", identity="verified")(find)
    with pytest.raises(Invalid, match="The action name needs to take the Doing and what is wanted by their places"):
        action(effect="reads", identity="verified")(name)  # type: ignore[arg-type]


async def test_what_is_not_known_counts_against_the_limits_however_old_it_is(desk: Desk) -> None:
    """Sent again after a day, it would otherwise come on top of what was asked for meanwhile."""
    await put_rules(desk.store, *NO_PEOPLE)
    desk.bank.faults = ["lost_before"] * 5
    amounts = ("49.00", "48.00", "47.00", "46.00", "45.00")
    old = [await desk.ask(amount, key=amount, charge=f"ch_{n % 4 + 1}") for n, amount in enumerate(amounts)]
    assert {call.state for call in old} == {"unknown"}
    desk.clock.forward(timedelta(hours=25))

    new = await desk.ask("44.00", key="new")

    assert new.state == "refused"
    assert new.reason.startswith("All calls of one customer in 24 hours may move 250.00 EUR together")


@pytest.mark.parametrize(
    ("fault", "state", "told"),
    [("illegible", "done", "On its way� �."), ("refuse_illegibly", "failed", "The bank� says � no.")],
)
async def test_what_is_said_in_signs_that_no_database_keeps_is_kept_as_far_as_it_can_be_read(
    desk: Desk, fault: Any, state: str, told: str
) -> None:
    desk.bank.faults = [fault]

    call = await desk.ask("20.00", key="t1")

    known = await desk.store.read(actions.by_id, call.id)
    assert known is not None
    assert (known.state, known.reason) == (state, told)


@pytest.mark.parametrize("days", [object(), "\ud83d", lambda: 3])
async def test_facts_that_are_no_facts_speak_for_nothing(desk: Desk, days: Any) -> None:
    desk.bank.days = days

    call = await desk.ask("20.00", key="t1")

    assert (call.state, desk.bank.asked) == ("refused", [])


async def test_what_must_be_asked_for_again_waits_for_a_program_that_still_takes_its_arguments(
    desk: Desk, clock: Clock
) -> None:
    class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        charge_id: str
        amount: Amount

        def __post_init__(self) -> None:
            raise KeyError(self.charge_id)

    desk.bank.faults = ["lost_before"]
    call = await desk.ask("20.00", key="t1")
    clock.forward(timedelta(minutes=1))
    again = await desk.store.write(desk.boundary._finding_out._not_done, call.id, call.attempts)
    declared = replace(refunding(desk.bank), wanted=Strict)
    other = Boundary(desk.store, {"refund_charge": declared}, clock=clock, settle=SETTLE)

    waits = await other.perform(call.id)

    assert (call.state, again.state) == ("unknown", "ready")
    assert (waits.state, waits.reason) == ("unknown", "refund_charge takes other arguments by now.")
    clock.forward(timedelta(minutes=11))
    (after,) = await desk.boundary.look_after()
    assert (after.state, desk.bank.asked, desk.given_back) == ("done", [call.id] * 2, 2000)


async def test_an_action_that_takes_other_arguments_by_now_does_nothing_and_holds_up_nobody(
    desk: Desk, clock: Clock
) -> None:
    waiting = await desk.ask("60.00", key="t1")
    desk.bank.faults = ["lost_after"]
    lost = await desk.ask("20.00", key="t2")
    desk.bank.faults = ["lost_after"]
    also_lost = await desk.ask("10.00", key="t3", charge="ch_2")

    class Other(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        amount: Amount

    now = refunding(desk.bank)
    later = Boundary(desk.store, {"refund_charge": replace(now, wanted=Other)}, clock=clock, settle=SETTLE)
    approved = await later.approve(await desk.approval_of(waiting), rep("noor"))
    clock.forward(timedelta(minutes=1))
    await later.look_after()

    assert approved.state == "ready"
    assert "takes other arguments by now" in approved.reason
    known = [await desk.store.read(actions.by_id, each.id) for each in (lost, also_lost)]
    assert [each and each.state for each in known] == ["unknown", "unknown"]
    assert len(desk.bank.refunds) == 2
    clock.forward(timedelta(days=3))
    await later.look_after()
    after = await desk.store.read(actions.by_id, waiting.id)
    assert after is not None
    assert after.state == "refused"
