"""Changing and ending a subscription, against the back office over real HTTP."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Doing, NotDone
from answerable.domain.errors import Conflict
from answerable.store import Store, actions
from tests.actions.bank import Clock, euros, rep
from tests.actions.company import Office, ask, desk_at, running_office, someone, told

TEAM = {"plan": "team", "interval": "monthly"}
SOLO = {"plan": "solo", "interval": "monthly"}
AT_PERIOD_END = {"way": "at_period_end", "money_back": euros("0.00")}


async def test_a_bigger_plan_starts_at_once_at_the_price_that_was_shown(
    desk: Boundary, store: Store, office: Office
) -> None:
    siobhan = await someone(store, "siobhan")
    preview = await told(desk, siobhan, "preview_plan_change", TEAM)
    call = await ask(desk, siobhan, "change_plan", {**TEAM, "due_now": preview["due_now"]})

    assert (call.state, call.clause_id) == ("done", "P-1"), call.reason
    assert call.receipt is not None
    change = call.receipt.content["change"]
    invoice = await office.at(f"/invoices/{change['invoice_number']}")
    # Twelve of thirty days are left: 72.00 * 12 / 30 = 28.80, and Irish VAT of 23 % is added.
    assert preview["due_now"] == change["due_now"] == invoice["total"] == euros("35.42")
    assert str(call.money) == "35.42 EUR"
    assert call.receipt.summary == (
        f"The plan is Team with monthly payment now; 35.42 EUR with VAT was charged (invoice {invoice['number']})."
    )
    assert (await office.subscription("siobhan"))["plan"] == "team"


async def test_a_smaller_plan_waits_for_the_next_period_and_costs_nothing(
    desk: Boundary, store: Store, office: Office
) -> None:
    petr = await someone(store, "petr")
    full = await ask(desk, petr, "preview_plan_change", SOLO, key="full")
    zoe = await someone(store, "eleni")
    wanted = {"plan": "team", "interval": "monthly"}
    preview = await told(desk, zoe, "preview_plan_change", wanted)
    call = await ask(desk, zoe, "change_plan", {**wanted, "due_now": preview["due_now"]}, key="t2")

    assert (full.state, full.reason) == ("failed", "4 seats are in use; Solo has 1.")
    assert (call.state, call.clause_id, call.money) == ("done", "P-2", None), call.reason
    assert (preview["starts"], preview["due_now"]) == ("next_period", euros("0.00"))
    assert call.receipt is not None
    assert call.receipt.summary.startswith("The plan changes to Team with monthly payment on 2027-")
    assert (await office.subscription("eleni"))["next_interval"] == "monthly"


async def test_whoever_asks_for_what_they_have_is_told_so(desk: Boundary, store: Store, office: Office) -> None:
    erik, eleni = await someone(store, "erik"), await someone(store, "eleni")
    has_it = await told(desk, erik, "preview_plan_change", TEAM)
    call = await ask(desk, eleni, "change_plan", {**TEAM, "due_now": euros("0.00")})
    assert call.state == "done", call.reason
    will_have_it = await told(desk, eleni, "preview_plan_change", TEAM)
    now = await told(desk, erik, "find_plan")

    assert (has_it["starts"], has_it["due_now"]["amount"]) == ("has_it", "0.00")
    assert (will_have_it["starts"], will_have_it["starts_on"]) == (
        "will_have_it",
        (await office.subscription("eleni"))["period_end"],
    )
    assert (now["plan"], now["interval"], now["can_change"]) == ("Team", "monthly", True)
    assert not (await told(desk, await someone(store, "rachel"), "find_plan"))["can_change"]


@pytest.mark.parametrize("due_now", [euros("0.00"), euros("35.41"), {"amount": "35.42", "currency": "USD"}])
async def test_at_another_price_than_is_due_nothing_is_changed(
    desk: Boundary, store: Store, office: Office, due_now: dict[str, str]
) -> None:
    siobhan = await someone(store, "siobhan")
    before = await office.everything_of("siobhan")
    call = await ask(desk, siobhan, "change_plan", {**TEAM, "due_now": due_now})

    assert (call.state, call.clause_id) == ("refused", "P-3")
    assert await office.everything_of("siobhan") == before


async def test_a_price_that_changes_at_midnight_is_refused_by_the_back_office_too(
    desk: Boundary, store: Store, office: Office, clock: Clock
) -> None:
    siobhan = await someone(store, "siobhan")
    declared = desk.declared["change_plan"]
    wanted = declared.wanted(**TEAM, due_now=(await told(desk, siobhan, "preview_plan_change", TEAM))["due_now"])
    clock.forward(timedelta(hours=12))

    with pytest.raises(NotDone, match="not what was agreed to"):
        await declared.run(Doing("straight", siobhan[0], office.settings), _typed(declared.wanted, wanted))

    assert (await office.subscription("siobhan"))["plan"] == "solo"


def _typed(kind: type[Any], wanted: Any) -> Any:
    return msgspec.convert(msgspec.to_builtins(wanted), kind)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("change_plan", {**TEAM, "due_now": euros("35.42")}),
        ("cancel_subscription", AT_PERIOD_END),
        ("preview_plan_change", TEAM),
        ("preview_cancellation", {}),
    ],
)
async def test_a_dry_run_and_a_preview_change_nothing(
    desk: Boundary, store: Store, office: Office, name: str, arguments: dict[str, Any]
) -> None:
    siobhan = await someone(store, "siobhan")
    before = await office.everything_of("siobhan")
    declared = desk.declared[name]

    result = await declared.run(
        Doing("dry", siobhan[0], office.settings, dry_run=True), _typed(declared.wanted, arguments)
    )

    assert result.summary
    assert await office.everything_of("siobhan") == before
    assert (await office.client.get("/idempotency-keys/dry")).status_code == 404


async def test_a_change_can_be_taken_back_for_a_day_and_its_charge_with_it(
    desk: Boundary, store: Store, office: Office, clock: Clock
) -> None:
    siobhan = await someone(store, "siobhan")
    before = await office.subscription("siobhan")
    due = (await told(desk, siobhan, "preview_plan_change", TEAM))["due_now"]
    call = await ask(desk, siobhan, "change_plan", {**TEAM, "due_now": due})
    assert call.receipt is not None
    clock.forward(timedelta(hours=23))

    undone = await desk.undo(call.id, rep("maya"))

    invoice = await office.at(f"/invoices/{call.receipt.content['change']['invoice_number']}")
    assert undone.state == "undone"
    assert await office.subscription("siobhan") == before
    assert [each["refunded"] for each in invoice["charges"]] == [due]


async def test_after_a_day_a_change_stays(desk: Boundary, store: Store, office: Office, clock: Clock) -> None:
    siobhan = await someone(store, "siobhan")
    due = (await told(desk, siobhan, "preview_plan_change", TEAM))["due_now"]
    call = await ask(desk, siobhan, "change_plan", {**TEAM, "due_now": due})
    clock.forward(timedelta(hours=24, seconds=1))

    with pytest.raises(Conflict, match="is over"):
        await desk.undo(call.id, rep("maya"))

    assert (await office.subscription("siobhan"))["plan"] == "team"


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(whose="siobhan", plan="business", interval="yearly", days=11)
@given(
    whose=st.sampled_from(["siobhan", "ines", "yuki", "marcus", "felix", "aino"]),
    plan=st.sampled_from(["solo", "team", "business"]),
    interval=st.sampled_from(["monthly", "yearly"]),
    days=st.integers(0, 11),
)
def test_whatever_is_changed_to_whatever_what_was_shown_is_charged_and_taking_it_back_costs_nothing(
    store: Store, filled_file: Path, whose: str, plan: str, interval: str, days: int
) -> None:
    asyncio.run(_change_and_take_back(store, filled_file, whose, {"plan": plan, "interval": interval}, days))


async def _change_and_take_back(store: Store, filled_file: Path, whose: str, wanted: dict[str, str], days: int) -> None:
    with TemporaryDirectory() as folder:
        clock = Clock()
        clock.forward(timedelta(days=days))
        async with running_office(filled_file, Path(folder), clock) as office:
            desk, who = await desk_at(store, office, clock), await someone(store, whose)
            before, paid = await office.subscription(whose), await _paid(office, whose)
            preview = await ask(desk, who, "preview_plan_change", wanted, key=f"{who[0].id}-preview")
            if preview.receipt is None:
                # Too few seats: the change is refused with the same words.
                call = await ask(desk, who, "change_plan", {**wanted, "due_now": euros("0.00")}, key=f"{who[0].id}-0")
                assert (call.state, call.reason) == ("refused", preview.reason)
                return
            due = preview.receipt.content["due_now"]
            if preview.receipt.content["starts"] == "has_it":
                call = await ask(desk, who, "change_plan", {**wanted, "due_now": due}, key=f"{who[0].id}-0")
                assert (call.state, await office.subscription(whose)) == ("refused", before)
                return
            call = await ask(desk, who, "change_plan", {**wanted, "due_now": due}, key=f"{who[0].id}-1")
            assert call.state == "done", call.reason
            assert await _paid(office, whose) - paid == Decimal(due["amount"])
            price = Decimal((await office.subscription(whose))["price"]["amount"])
            assert Decimal(due["amount"]) <= price * Decimal("1.255"), "never more than a whole period with VAT"

            await desk.undo(call.id, rep("maya"))

            assert (await office.subscription(whose), await _paid(office, whose)) == (before, paid)


async def _paid(office: Office, whose: str) -> Decimal:
    charges = await office.at("/charges", customer_id=f"cus_{whose}", status="succeeded")
    return sum(
        (Decimal(each["amount"]["amount"]) - Decimal(each["refunded"]["amount"]) for each in charges), Decimal(0)
    )


async def test_a_cancellation_ends_with_the_period_and_can_be_taken_back_until_then(
    desk: Boundary, store: Store, office: Office, clock: Clock
) -> None:
    ines = await someone(store, "ines")
    before = await office.subscription("ines")
    preview = await told(desk, ines, "preview_cancellation")
    call = await ask(desk, ines, "cancel_subscription", AT_PERIOD_END)

    assert (call.state, call.clause_id, call.money) == ("done", "C-1", None), call.reason
    assert (preview["can_withdraw"], preview["period_end"]) == (False, "2026-12-03")
    assert call.receipt is not None
    assert "ends on 2026-12-03" in call.receipt.summary
    assert (await office.subscription("ines"))["status"] == "cancelling"

    clock.forward(timedelta(days=9))
    assert (await desk.undo(call.id, rep("maya"))).state == "undone"
    assert await office.subscription("ines") == before


async def test_what_ends_already_and_what_was_never_paid_are_known_before_anything_is_asked(
    desk: Boundary, store: Store, office: Office
) -> None:
    rachel, henrik, tom = [await someone(store, key) for key in ("rachel", "henrik", "tom")]
    ending, trial, begun = [await told(desk, who, "preview_cancellation") for who in (rachel, henrik, tom)]
    withdrawn = await ask(desk, tom, "cancel_subscription", {"way": "withdraw", "money_back": begun["money_back"]})
    assert withdrawn.state == "done", withdrawn.reason
    again = await ask(desk, tom, "preview_cancellation", {}, key="again")
    assert again.receipt is not None

    ends_on = (await office.subscription("rachel"))["cancels_on"]
    assert (ending["stands"], ending["period_end"], ending["can_withdraw"]) == ("ends", ends_on, False)
    assert (trial["stands"], trial["can_withdraw"], trial["money_back"]["amount"]) == ("trial", False, "0.00")
    assert (begun["stands"], begun["can_withdraw"]) == ("goes_on", True)
    assert (again.receipt.content["stands"], again.receipt.content["period_end"]) == ("ended", "2026-11-23")


async def test_on_the_day_on_which_it_ends_a_cancellation_stays(
    desk: Boundary, store: Store, office: Office, clock: Clock
) -> None:
    ines = await someone(store, "ines")
    call = await ask(desk, ines, "cancel_subscription", AT_PERIOD_END)
    clock.forward(timedelta(days=10))

    with pytest.raises(NotDone, match="has ended and cannot be resumed"):
        await desk.undo(call.id, rep("maya"))

    known = await store.read(actions.by_id, call.id)
    assert known is not None
    assert known.state == "done"


async def test_taking_a_cancellation_back_leaves_a_waiting_change_of_plan_alone(
    desk: Boundary, store: Store, office: Office
) -> None:
    eleni = await someone(store, "eleni")
    call = await ask(desk, eleni, "change_plan", {**TEAM, "due_now": euros("0.00")})
    assert call.state == "done", call.reason
    ended = await ask(desk, eleni, "cancel_subscription", AT_PERIOD_END, key="t2")
    await office.client.post("/subscriptions/sub_eleni/keep", headers={"Idempotency-Key": "by herself"})

    with pytest.raises(NotDone, match="not being cancelled"):
        await desk.undo(ended.id, rep("maya"))

    assert (await office.subscription("eleni"))["next_interval"] == "monthly"


async def test_within_the_legal_window_everything_is_given_back(desk: Boundary, store: Store, office: Office) -> None:
    tom = await someone(store, "tom")
    preview = await told(desk, tom, "preview_cancellation")
    call = await ask(desk, tom, "cancel_subscription", {"way": "withdraw", "money_back": preview["money_back"]})

    assert (call.state, call.clause_id) == ("done", "C-2"), call.reason
    refunds = await office.at("/refunds", customer_id="cus_tom")
    assert [each["amount"] for each in refunds] == [preview["money_back"]]
    assert call.receipt is not None
    back = f"{preview['money_back']['amount']} GBP will be back on the way that it was paid"
    assert call.receipt.summary.startswith(f"The subscription ended on 2026-11-23, and {back}")
    with pytest.raises(NotDone):
        await desk.undo(call.id, rep("maya"))


async def test_what_a_withdrawal_gives_back_above_the_limit_a_person_looks_at_first(
    desk: Boundary, store: Store, office: Office
) -> None:
    zoe = await someone(store, "zoe")
    wanted = {"way": "withdraw", "money_back": (await told(desk, zoe, "preview_cancellation"))["money_back"]}
    call = await ask(desk, zoe, "cancel_subscription", wanted)
    assert (call.state, (await office.subscription("zoe"))["status"]) == ("awaiting_approval", "active")
    assert call.reason.startswith("R-12 A person approves larger refunds")

    approval = await store.read(actions.approval_of, call.id)
    assert approval is not None
    after = await desk.approve(approval.id, rep("maya"))

    assert (after.state, (await office.subscription("zoe"))["status"]) == ("done", "ended")
    assert [each["amount"] for each in await office.at("/refunds", customer_id="cus_zoe")] == [wanted["money_back"]]


@pytest.mark.parametrize(
    ("whose", "wanted", "clause"),
    [
        ("marta", {"way": "withdraw", "money_back": euros("84.00")}, "C-5"),
        ("marta", {"way": "at_period_end", "money_back": euros("84.00")}, "C-6"),
        ("zoe", {"way": "withdraw", "money_back": euros("840.00")}, "C-6"),
        ("zoe", {"way": "withdraw", "money_back": euros("0.00")}, "C-6"),
    ],
)
async def test_after_the_window_or_for_another_amount_nothing_ends(
    desk: Boundary, store: Store, office: Office, whose: str, wanted: dict[str, Any], clause: str
) -> None:
    who = await someone(store, whose)
    before = await office.everything_of(whose)
    call = await ask(desk, who, "cancel_subscription", wanted)

    assert (call.state, call.clause_id) == ("refused", clause), call.reason
    assert await office.everything_of(whose) == before
