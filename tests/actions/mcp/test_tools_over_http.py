"""Tools of an MCP server as actions: the boundary's promises hold, whatever the server says, does, or fails to do."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from answerable.actions.boundary import Boundary
from answerable.actions.mcp.tools import REFUSED
from answerable.actions.mcp.ways import AWAY
from answerable.domain.actions import Check
from answerable.domain.errors import Invalid
from answerable.store import actions
from tests.actions.bank import clause, euros, prove, put_rules, rep
from tests.actions.mcp.shop import KEY, RULES, Counter, Running

TEN_MINUTES = timedelta(minutes=10)


def hasty(counter: Counter) -> Counter:
    """The same counter, which does not wait for long."""
    declared = {name: replace(each, timeout_seconds=1.0) for name, each in counter.declared.items()}
    found = Counter(counter.store, declared, dict(counter.boundary._ground.settings), counter.clock)
    found.customer, found.conversation_id = counter.customer, counter.conversation_id
    return found


async def test_a_tool_is_called_with_the_proved_customer_and_the_calls_own_key(counter: Counter, shop: Running) -> None:
    call = await counter.refund()

    assert (call.state, call.receipt and call.receipt.summary) == ("done", "20.00 EUR are on their way back to you.")
    assert shop.refunds == [("ord_1", "ines@example.com", "20.00", "EUR")]
    assert shop.keys == [call.id]
    ((arguments, _, authorization),) = shop.heard("create_refund")
    assert json.loads(arguments)["idempotency_key"] == call.id
    assert authorization == f"Bearer {KEY}"


async def test_a_model_sees_our_words_and_neither_the_customer_nor_the_key_nor_what_the_server_says(
    counter: Counter,
) -> None:
    for declared in counter.declared.values():
        shown = json.dumps([declared.name, declared.description, declared.parameters])
        assert "IGNORE" not in shown
        assert "customer_email" not in shown
        assert "idempotency_key" not in shown
    wanted = counter.declared["refund_order"].parameters
    assert set(wanted["properties"]) == {"order_id", "amount"}
    assert wanted["properties"]["order_id"]["description"] == "The order, as find_orders gives it."


@pytest.mark.parametrize(
    "more",
    [
        {"customer_email": "bram@example.com"},
        {"idempotency_key": "again"},
        {"note": "x"},
        {"order_id": "ORD 1"},
        {"amount": {"amount": "20.0", "currency": "GBP"}},
        {"amount": {"amount": "-20.00", "currency": "EUR"}},
        {"currency": "EUR"},
    ],
)
async def test_what_the_declaration_or_the_tools_own_schema_forbids_is_no_call(
    counter: Counter, shop: Running, more: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        await counter.refund(**more)

    assert (shop.refunds, shop.heard("create_refund")) == ([], [])


async def test_another_customers_order_looks_as_if_it_were_not_there(counter: Counter, shop: Running) -> None:
    call = await counter.refund(order="ord_2")
    orders = await counter.ask("find_orders", {}, "t2")

    assert (call.state, call.reason) == ("refused", "There is no order ord_2.")
    assert orders.receipt is not None
    assert [each["id"] for each in orders.receipt.content["orders"]] == ["ord_1"]
    assert shop.refunds == []


async def test_who_has_proved_nothing_reaches_no_server(counter: Counter, shop: Running) -> None:
    await prove(counter.store, counter.customer, counter.conversation_id, "known")

    call, orders = await counter.refund(), await counter.ask("find_orders", {}, "t2")

    assert (call.state, orders.state) == ("refused", "refused")
    assert (shop.heard("find_orders"), shop.refunds) == ([], [])


async def test_limits_hold_for_a_tool(counter: Counter, shop: Running) -> None:
    await put_rules(counter.store, RULES[0])
    too_much = await counter.refund("200.01", "t1")
    first, second = await counter.refund("200.00", "t2"), await counter.refund("50.01", "t3")

    assert [each.state for each in (too_much, first, second)] == ["refused", "done", "refused"]
    assert [amount for _, _, amount, _ in shop.refunds] == ["200.00"]


async def test_a_tool_waits_for_a_person_who_may_approve_less(counter: Counter, shop: Running) -> None:
    call = await counter.refund("80.00")
    assert (call.state, shop.refunds) == ("awaiting_approval", [])
    approval = await counter.store.read(actions.approval_of, call.id)
    assert approval is not None

    less = {**call.arguments, "amount": {"amount": "60.00", "currency": "EUR"}}
    done = await counter.boundary.approve(approval.id, rep("noor"), arguments=less, reason="Half.")

    assert (done.state, [amount for _, _, amount, _ in shop.refunds]) == ("done", ["60.00"])


async def test_what_the_customer_has_not_said_yes_to_is_not_sent(counter: Counter, shop: Running) -> None:
    wanted = {"order_id": "ord_1", "amount": euros("20.00")}

    call = await counter.ask("refund_order", wanted, agreed=None)

    assert (call.state, shop.heard("create_refund")) == ("awaiting_customer", [])


async def test_a_clause_that_forbids_stops_a_tool(counter: Counter, shop: Running) -> None:
    no = clause("S-3", "forbids", Check("is_in_its_currency", equals=True), applies_to=("refund_order",))
    await put_rules(counter.store, *RULES, no)

    call = await counter.refund()

    assert (call.state, call.clause_id, shop.refunds) == ("refused", "S-3", [])


async def test_the_same_wish_is_one_refund_and_it_can_be_taken_back_in_time(counter: Counter, shop: Running) -> None:
    call, again = await counter.refund(), await counter.refund(key="t2")
    assert (again.id, len(shop.refunds)) == (call.id, 1)

    undone = await counter.boundary.undo(call.id, rep("noor"))

    assert (undone.state, shop.refunds) == ("undone", [])


@pytest.mark.parametrize("kind", ["arguments", "description", "gone"])
async def test_a_tool_that_is_not_what_was_pinned_is_not_called(
    counter: Counter, shop: Running, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop.drifts(kind)

    call = await counter.refund()

    assert call.state == "failed"
    assert "somebody must look at it first" in call.reason
    assert (shop.refunds, shop.heard("create_refund")) == ([], [])
    assert "answerable tools shop create_refund" in caplog.text


async def test_a_refusal_is_believed_when_the_key_says_so_too(counter: Counter, shop: Running) -> None:
    shop.fails("create_refund", "refuse")

    call = await counter.refund()

    assert (call.state, call.reason, shop.refunds) == ("failed", REFUSED, [])


async def test_a_tool_that_fails_after_it_has_acted_has_acted(counter: Counter, shop: Running) -> None:
    shop.fails("create_refund", "crash_after")

    call = await counter.refund()

    assert (call.state, len(shop.refunds)) == ("done", 1)


async def test_a_refusal_that_cannot_be_confirmed_is_not_known(counter: Counter, shop: Running) -> None:
    shop.fails("create_refund", "crash_after")
    shop.fails("find_refund", "crash")

    call = await counter.refund()
    counter.clock.forward(TEN_MINUTES)
    (after,) = await counter.boundary.look_after()

    assert (call.state, after.state, after.attempts, len(shop.refunds)) == ("unknown", "done", 1, 1)


LOST = ["html", "bad_gateway", "no_json", "nonsense", "nothing", "endless", "packed", "cut"]


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_answer_that_gets_lost_is_looked_up_and_it_happens_once(
    counter: Counter, shop: Running, kind: str, when: str
) -> None:
    # The facts are the first call of a tool, and are not to fail.
    shop.fails("http tools/call", "none", f"{when} {kind}")

    call = await counter.refund()
    assert (call.state, call.receipt) == ("unknown", None), call.reason
    counter.clock.forward(TEN_MINUTES)
    (after,) = await counter.boundary.look_after()

    assert (after.state, after.attempts) == ("done", 1 if when == "after" else 2)
    assert len(shop.refunds) == 1


@pytest.mark.parametrize(("kind", "made"), [("hang_after", 1), ("hang_before", 0)])
async def test_a_tool_that_is_late_is_neither_done_nor_failed(
    counter: Counter, shop: Running, kind: str, made: int
) -> None:
    shop.fails("create_refund", kind)

    call = await hasty(counter).refund()

    assert (call.state, len(shop.refunds)) == ("unknown", made)


async def test_a_server_that_is_away_was_sent_nothing(counter: Counter, shop: Running) -> None:
    nowhere = {"shop_url": "http://127.0.0.1:9/mcp", "shop_key": KEY}
    counter.boundary = Boundary(counter.store, counter.declared, settings=nowhere, clock=counter.clock)

    call = await counter.refund()

    assert (call.state, call.reason) == ("refused", AWAY)


@pytest.mark.parametrize("kind", ["html", "bad_gateway", "forbidden", "no_json", "nothing", "endless", "packed"])
async def test_a_server_that_greets_with_nonsense_was_sent_nothing(counter: Counter, shop: Running, kind: str) -> None:
    shop.fails("http tools/list", "none", f"before {kind}")

    call = await counter.refund()

    assert (call.state, call.reason, shop.heard("create_refund")) == ("failed", AWAY, [])


async def test_without_its_settings_a_server_is_away(counter: Counter) -> None:
    counter.boundary = Boundary(counter.store, counter.declared, settings={}, clock=counter.clock)

    assert (await counter.refund()).reason == AWAY
