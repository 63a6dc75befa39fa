"""The demo company's refunds, from its own declarations and policies, against its back office over real HTTP."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import answerable_demo
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Doing, NotDone
from answerable.actions.loading import load_actions
from answerable.actions.policies import rule
from answerable.domain.errors import Conflict, Invalid, NotAllowed, Unavailable
from answerable.domain.people import Customer
from answerable.store import Store, actions
from tests.actions.bank import NOON, Clock, rep
from tests.actions.company import (
    KEY,
    Office,
    ask,
    desk_at,
    newest_charge,
    running_office,
    someone,
    the_clauses,
    told,
)

INES_TWICE = {"charge_id": "ch_fNq", "amount": {"amount": "84.00", "currency": "EUR"}}


async def test_a_duplicate_charge_below_the_limit_is_given_back_and_told_truthfully(
    desk: Boundary, store: Store, office: Office
) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)

    call = await ask(desk, claire, "refund_charge", wanted)

    assert (call.state, call.clause_id) == ("done", "R-11"), call.reason
    (refund,) = await office.refunds(wanted["charge_id"])
    assert call.receipt is not None
    assert refund["id"] == call.receipt.reference
    assert call.receipt.summary.startswith(f"{refund['amount']['amount']} EUR will be back on the ")
    assert set(call.receipt.summaries) == {"de", "es", "fr"}
    assert all(refund["id"] in words for words in call.receipt.summaries.values())
    assert refund["idempotency_key"] == call.id


async def test_a_larger_one_waits_for_a_person(desk: Boundary, store: Store, office: Office) -> None:
    ines = await someone(store, "ines")
    call = await ask(desk, ines, "refund_charge", INES_TWICE)
    assert (call.state, await office.refunds("ch_fNq")) == ("awaiting_approval", [])
    assert call.reason.startswith("R-12 A person approves larger refunds")

    approval = await store.read(actions.approval_of, call.id)
    assert approval is not None
    after = await desk.approve(approval.id, rep("maya"))

    assert (after.state, len(await office.refunds("ch_fNq"))) == ("done", 1)


async def test_a_charge_that_nothing_allows_to_give_back_stays(desk: Boundary, store: Store, office: Office) -> None:
    marcus = await someone(store, "marcus")
    (order,) = [each for each in await office.at("/invoices", customer_id="cus_marcus") if each["kind"] == "order"]
    (charge,) = order["charges"]
    wanted = {"charge_id": charge["id"], "amount": charge["amount"]}

    call = await ask(desk, marcus, "refund_charge", wanted)

    assert (call.state, await office.refunds(wanted["charge_id"])) == ("refused", [])
    assert call.reason == "No clause of a policy allows this."


async def test_what_is_told_of_a_charge_beforehand_is_what_the_clauses_decide(
    desk: Boundary, store: Store, office: Office
) -> None:
    told_of: dict[str, set[str]] = {}
    refunding = desk.declared["refund_charge"]
    assert refunding.facts is not None
    for key in ("claire", "oliver", "giulia", "declan", "tom", "marta", "priya", "eleni", "ioana"):
        who = await someone(store, key)
        doing = Doing("t1", who[0], office.settings, dry_run=True)
        for charge in (await told(desk, who, "find_charges"))["charges"]:
            asked = {"charge_id": charge["id"], "amount": charge["amount"]}
            wanted = msgspec.convert(asked, refunding.wanted)
            facts = await refunding.facts(doing, wanted)
            ruling = rule(the_clauses(dict(desk.declared)), "refund_charge", facts, wanted.amount.money)
            decided = "allowed" if ruling.is_allowed else ruling.clause.id if ruling.clause else "nothing"
            told_of.setdefault(charge["standing"], set()).add(decided)

    assert told_of.pop("given_back") == {"R-18"}
    # What failed has nothing left either; it is for people to say what it was.
    assert told_of.pop("not_paid") <= {"R-15", "R-18"}
    assert told_of == {
        "refundable": {"allowed"},
        "disputed": {"R-17"},
        "monthly_renewal": {"R-15"},
        "withdrawable": {"R-21"},
        "first_payment": {"R-21"},
        "yearly_renewal": {"nothing"},
        "other": {"nothing"},
    }


async def test_of_a_duplicate_that_went_back_it_is_known_which_when_and_under_which_number(
    desk: Boundary, store: Store, office: Office
) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)
    call = await ask(desk, claire, "refund_charge", wanted)
    assert call.receipt is not None, call.reason
    after = await ask(desk, claire, "find_charges", {}, key="after")
    assert after.receipt is not None

    found = after.receipt.content
    (settled,) = found["settled_duplicates"]
    (refund,) = await office.refunds(wanted["charge_id"])
    assert found["duplicate_ids"] == []
    assert (settled["charge_id"], settled["refund_id"]) == (wanted["charge_id"], call.receipt.reference)
    assert (settled["amount"], settled["on"], settled["expected_by"]) == (
        wanted["amount"],
        "2026-11-23",
        refund["expected_by"],
    )
    assert [each["returned"] for each in found["charges"]][:3] == ["all", "nothing", "nothing"]


async def test_the_largest_ones_need_two_leads(desk: Boundary, store: Store, office: Office) -> None:
    declan = await someone(store, "declan")
    wanted = await newest_charge(desk, declan)
    call = await ask(desk, declan, "refund_charge", wanted)
    approval = await store.read(actions.approval_of, call.id)
    assert approval is not None
    assert (call.state, approval.role, approval.needed) == ("awaiting_approval", "lead", 2)

    with pytest.raises(NotAllowed):
        await desk.approve(approval.id, rep("jonas"))
    one = await desk.approve(approval.id, rep("maya", "lead"))
    assert (one.state, await office.refunds(wanted["charge_id"])) == ("awaiting_approval", [])
    again = await desk.approve(approval.id, rep("maya", "lead"))
    assert (again.state, await office.refunds(wanted["charge_id"])) == ("awaiting_approval", [])
    two = await desk.approve(approval.id, rep("grace", "admin"))

    (refund,) = await office.refunds(wanted["charge_id"])
    assert (two.state, two.clause_id, refund["reason"]) == ("done", "R-14", "unused_renewal")
    assert refund["amount"] == wanted["amount"] == {"amount": "1033.20", "currency": "EUR"}


@pytest.mark.parametrize(
    ("whose", "charge_id", "amount", "currency", "clause"),
    [
        ("ines", "ch_fNq", "84.00", "USD", "R-10"),
        ("ines", "ch_fNq", "84.01", "EUR", "R-18"),
        ("giulia", "newest", "10.00", "EUR", "R-17"),
        ("oliver", "refund", "10.00", "GBP", "R-19"),
        ("priya", "newest", "10.00", "GBP", "R-15"),
        ("tom", "newest", "1.00", "GBP", "R-21"),
        ("marta", "newest", "1.00", "EUR", "R-21"),
    ],
)
async def test_what_may_not_be_given_back_is_refused_by_a_clause_with_its_words(
    desk: Boundary, store: Store, office: Office, whose: str, charge_id: str, amount: str, currency: str, clause: str
) -> None:
    who = await someone(store, whose)
    before = await office.everything_of(whose)
    if charge_id == "newest":
        charge_id = (await newest_charge(desk, who))["charge_id"]
    elif charge_id == "refund":
        (refund,) = await office.at("/refunds", customer_id=f"cus_{whose}")
        charge_id = refund["id"]
    wanted = {"charge_id": charge_id, "amount": {"amount": amount, "currency": currency}}

    call = await ask(desk, who, "refund_charge", wanted)

    (words,) = [each.says for each in the_clauses(dict(desk.declared)) if each.id == clause]
    assert (call.state, call.clause_id) == ("refused", clause)
    assert call.reason.endswith(words)
    assert await office.everything_of(whose) == before


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "NaN", "1e3", "1,000.00", "\u0668\u0664.00", "84.001", "", 84])
async def test_an_amount_that_is_none_is_no_call_at_all(
    desk: Boundary, store: Store, office: Office, amount: object
) -> None:
    ines = await someone(store, "ines")
    wanted = {"charge_id": "ch_fNq", "amount": {"amount": amount, "currency": "EUR"}}

    with pytest.raises(Invalid):
        await ask(desk, ines, "refund_charge", wanted)

    assert await store.read(actions.of_conversation, ines[1]) == []
    assert await office.refunds("ch_fNq") == []


async def test_somebody_elses_refund_is_not_there_either(desk: Boundary, store: Store, office: Office) -> None:
    claire = await someone(store, "claire")
    (refund,) = await office.at("/refunds", customer_id="cus_oliver")
    asked = {"charge_id": refund["id"], "amount": {"amount": "1.00", "currency": "GBP"}}
    missing = {**asked, "charge_id": "re_nothing"}

    theirs = await ask(desk, claire, "refund_charge", asked, key="theirs")
    nobodys = await ask(desk, claire, "refund_charge", missing, key="nobodys")

    assert theirs.reason == f"There is no refund {refund['id']}."
    assert nobodys.reason == "There is no refund re_nothing."


async def test_of_two_charges_for_the_same_only_one_is_given_back_even_if_both_are_asked_for_at_once(
    desk: Boundary, store: Store, office: Office
) -> None:
    claire = await someone(store, "claire")
    charges = (await told(desk, claire, "find_charges"))["charges"][:2]
    wanted = [{"charge_id": each["id"], "amount": each["amount"]} for each in charges]

    calls = await asyncio.gather(*(ask(desk, claire, "refund_charge", each, key=each["charge_id"]) for each in wanted))

    assert sorted(each.state == "done" for each in calls) == [False, True]
    assert sum([len(await office.refunds(each["id"])) for each in charges]) == 1


async def test_what_was_allowed_as_one_of_two_is_not_given_back_once_the_other_was(
    desk: Boundary, store: Store, office: Office
) -> None:
    claire = await someone(store, "claire")
    one, other = (await told(desk, claire, "find_charges"))["charges"][:2]
    refund_charge = desk.declared["refund_charge"]
    wanted = msgspec.convert({"charge_id": other["id"], "amount": other["amount"]}, refund_charge.wanted)
    await ask(desk, claire, "refund_charge", {"charge_id": one["id"], "amount": one["amount"]})

    # As if both had been allowed before either was sent.
    with pytest.raises(NotDone, match="does not hold any more"):
        await refund_charge.run(Doing("late", claire[0], office.settings), wanted)

    assert await office.refunds(other["id"]) == []


async def test_the_same_request_delivered_many_times_at_once_gives_back_once(
    desk: Boundary, store: Store, office: Office
) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)

    calls = await asyncio.gather(*(ask(desk, claire, "refund_charge", wanted) for _ in range(5)))
    others = [await ask(desk, claire, "refund_charge", wanted, key=f"other{number}") for number in range(3)]

    assert {each.id for each in [*calls, *others]} == {calls[0].id}
    assert len(await office.refunds(wanted["charge_id"])) == 1


async def test_the_charge_that_was_made_twice_is_found_however_old_it_is(desk: Boundary, store: Store) -> None:
    ines = await someone(store, "ines")
    newest = await told(desk, ines, "find_charges")
    call = await ask(desk, ines, "find_charges", {"invoice_number": "INV-2025-0317"}, key="of the invoice")

    assert newest["duplicate_ids"] == ["ch_fNq"]
    assert "ch_fNq" in [each["id"] for each in newest["charges"]]
    assert call.receipt is not None
    assert {each["id"] for each in call.receipt.content["charges"]} == {"ch_fN1", "ch_fNq"}


async def test_a_refund_can_be_stopped_until_it_goes_to_the_bank_and_asked_for_again(
    desk: Boundary, store: Store, office: Office, clock: Clock
) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)
    call = await ask(desk, claire, "refund_charge", wanted)
    clock.forward(timedelta(minutes=29))
    undone = await desk.undo(call.id, rep("maya"))
    (stopped,) = await office.refunds(wanted["charge_id"])
    invoice = await office.at(f"/invoices/{stopped['invoice_number']}")
    again = await ask(desk, claire, "refund_charge", wanted, key="t2")

    assert (undone.state, undone.undone_by, stopped["status"]) == ("undone", "rep_maya", "cancelled")
    assert [each["is_void"] for each in invoice["credit_notes"]] == [True]
    assert (again.state, again.id == call.id) == ("done", False)
    assert (await office.at(f"/charges/{wanted['charge_id']}"))["refunded"] == wanted["amount"]


async def test_after_half_an_hour_a_refund_stays(desk: Boundary, store: Store, office: Office, clock: Clock) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)
    call = await ask(desk, claire, "refund_charge", wanted)
    clock.forward(timedelta(minutes=30))
    with pytest.raises(NotDone, match="is with the bank"):
        await desk.undo(call.id, rep("maya"))
    clock.forward(timedelta(seconds=1))
    with pytest.raises(Conflict, match="is over"):
        await desk.undo(call.id, rep("maya"))

    assert [each["status"] for each in await office.refunds(wanted["charge_id"])] == ["on_its_way"]


async def test_stopping_a_refund_whose_answer_is_lost_stops_it_once(
    desk: Boundary, store: Store, office: Office
) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)
    call = await ask(desk, claire, "refund_charge", wanted)
    await office.fails({"kind": "html", "route": "POST /refunds/*/cancel", "when": "after", "times": 1})

    with pytest.raises(Unavailable):
        await desk.undo(call.id, rep("maya"))
    known = await store.read(actions.by_id, call.id)
    again = await desk.undo(call.id, rep("maya"))

    assert known is not None
    assert (known.state, again.state) == ("done", "undone")
    assert (await office.at(f"/charges/{wanted['charge_id']}"))["refunded"]["amount"] == "0.00"


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cents=st.lists(st.integers(1, 5000), min_size=1, max_size=5))
def test_parts_of_a_charge_given_back_never_add_up_to_more_than_the_charge(
    store: Store, filled_file: Path, cents: list[int]
) -> None:
    asyncio.run(_give_back_parts(store, filled_file, cents))


async def _give_back_parts(store: Store, filled_file: Path, cents: list[int]) -> None:
    with TemporaryDirectory() as folder:
        clock = Clock()
        async with running_office(filled_file, Path(folder), clock) as office:
            desk, ines = await desk_at(store, office, clock), await someone(store, "ines")
            calls = []
            for number, each in enumerate(cents):
                amount = {"amount": f"{each // 100}.{each % 100:02d}", "currency": "EUR"}
                wanted = {"charge_id": "ch_fNq", "amount": amount}
                calls.append(await ask(desk, ines, "refund_charge", wanted, key=f"{ines[0].id}-{number}"))
            given_back = sum(Decimal(each["amount"]["amount"]) for each in await office.refunds("ch_fNq"))
    done = {call.id: call.money.amount for call in calls if call.state == "done" and call.money}
    assert given_back == sum(done.values()) <= Decimal("84.00")
    refused = [call for call in calls if call.state == "refused"]
    assert all(call.clause_id == "R-18" for call in refused)
    # No more is held back than must be.
    assert all(call.money and call.money.amount > Decimal("84.00") - given_back for call in refused)


async def test_somebody_elses_charge_is_not_there(desk: Boundary, store: Store, office: Office) -> None:
    claire = await someone(store, "claire")

    call = await ask(desk, claire, "refund_charge", INES_TWICE)

    assert (call.state, call.reason) == ("refused", "There is no charge ch_fNq.")
    assert await office.refunds("ch_fNq") == []


@pytest.mark.parametrize("kind", ["fail", "cut", "html", "nonsense", "truncated"])
async def test_a_back_office_that_acts_and_does_not_say_so_gives_back_once(
    desk: Boundary, store: Store, office: Office, clock: Clock, kind: str
) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)
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
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)
    await office.fails({"kind": kind, "route": "POST /refunds", "when": "before", "times": 1})

    call = await ask(desk, claire, "refund_charge", wanted)
    clock.forward(timedelta(minutes=2))
    await desk.look_after()
    known = await store.read(actions.by_id, call.id)

    assert known is not None
    (refund,) = await office.refunds(wanted["charge_id"])
    assert (known.state, known.attempts, refund["idempotency_key"]) == ("done", 2, call.id)


async def test_a_back_office_that_is_away_changes_nothing_and_says_so(
    desk: Boundary, store: Store, clock: Clock
) -> None:
    claire = await someone(store, "claire")
    wanted = await newest_charge(desk, claire)
    nowhere = {"back_office_url": "http://127.0.0.1:9", "back_office_key": KEY}
    away = Boundary(store, desk.declared, settings=nowhere, clock=clock)

    call = await ask(away, claire, "refund_charge", wanted)

    assert call.state == "refused"
    assert call.reason == "Our billing system cannot be reached at the moment. Nothing was changed."


def test_every_clause_of_the_demo_can_be_read() -> None:
    declared = load_actions(answerable_demo.WORKSPACE / "actions")
    every = the_clauses(declared)

    assert all(each.from_moment.date() >= date(2025, 1, 1) for each in every)
    allowed = {name for each in every if each.effect == "allows" for name in each.applies_to}
    assert allowed == {name for name, each in declared.items() if each.effect != "reads"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("refund_charge", INES_TWICE),
        ("resend_invoice", {"invoice_number": "INV-2025-0317", "by": "link"}),
        ("change_plan", {"plan": "team", "interval": "monthly", "due_now": INES_TWICE["amount"]}),
        ("cancel_subscription", {"way": "withdraw", "money_back": INES_TWICE["amount"]}),
        ("subscribe_to_incident", {"incident_id": "INC-15"}),
    ],
)
def test_what_a_replay_is_told_is_of_the_type_that_the_action_gives(name: str, arguments: dict[str, Any]) -> None:
    declared = load_actions(answerable_demo.WORKSPACE / "actions")
    simulate = declared[name].simulate
    assert simulate is not None
    ines = Customer("cus_1", "Ines", "ines@studiomare.example", "verified", {}, NOON)

    imagined = simulate(Doing("key", ines), msgspec.convert(arguments, declared[name].wanted))

    assert msgspec.convert(msgspec.to_builtins(imagined), declared[name].result).summary
