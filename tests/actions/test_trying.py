"""Trying a wish out tells what asking for it would come to, and neither keeps nor does anything."""

from dataclasses import replace
from typing import Any

import pytest

from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action, Doing, NotDone
from answerable.actions.trying import NOT_TRIED
from answerable.domain.errors import Invalid, NotFound
from answerable.domain.money import money
from answerable.store import Store, actions
from tests.actions.bank import RULES, Bank, Clock, Refunded, Wanted, asker, euros, prove, put_rules, refunding, rep


class Counter:
    """A rep at a boundary, with one customer."""

    def __init__(self, store: Store, bank: Bank, clock: Clock) -> None:
        self.store, self.bank, self.clock = store, bank, clock

    async def open(self, **declared: Any) -> "Counter":
        await put_rules(self.store, *RULES)
        self.customer, self.conversation = await asker(self.store)
        assert self.customer.email is not None
        self.bank.charges["ch_1"] = (self.customer.email, money("200.00", "EUR"))
        refund: Action = refunding(self.bank, **declared)
        self.boundary = Boundary(self.store, {"refund_charge": refund}, clock=self.clock)
        return self

    def wish(self, amount: str, **other: Any) -> Request:
        wanted = {"charge_id": "ch_1", "amount": euros(amount)}
        request = Request(f"rep:{amount}", "refund_charge", wanted, self.customer.id, self.conversation, rep("maya").id)
        return replace(request, **other)

    async def kept(self) -> int:
        return len(await self.store.read(actions.of_conversation, self.conversation))


@pytest.fixture
def counter(store: Store, bank: Bank, clock: Clock) -> Counter:
    return Counter(store, bank, clock)


@pytest.mark.parametrize(
    ("amount", "identity", "state", "reason"),
    [
        ("20.00", "verified", "ready", "R-1 Clause R-1"),
        ("84.00", "verified", "awaiting_approval", "R-3 Clause R-3"),
        ("180.00", "verified", "awaiting_approval", "R-4 Clause R-4"),
        ("201.00", "verified", "refused", "One call may move 200.00 EUR."),
        ("20.00", "known", "refused", "This needs a customer who is verified"),
    ],
)
async def test_what_is_tried_comes_to_what_asking_would_and_nothing_is_kept(
    counter: Counter, amount: str, identity: Any, state: str, reason: str
) -> None:
    await counter.open()
    await prove(counter.store, counter.customer, counter.conversation, identity)

    tried = await counter.boundary.try_out(counter.wish(amount))

    assert (tried.call.state, tried.would, tried.before) == (state, None, None)
    assert reason in tried.call.reason
    assert (await counter.kept(), counter.bank.asked) == (0, [])
    asked = await counter.boundary.request(counter.wish(amount))
    assert asked.state == ("done" if state == "ready" else state)
    assert (asked.verdicts, asked.facts) == (tried.call.verdicts, tried.call.facts)


async def test_what_a_clause_forbids_or_cannot_be_known_is_told_as_asking_would_tell_it(counter: Counter) -> None:
    await counter.open()
    counter.bank.is_disputed = True
    forbidden = await counter.boundary.try_out(counter.wish("20.00"))
    counter.bank.facts_are_away = True
    unknown = await counter.boundary.try_out(counter.wish("20.00"))

    assert (forbidden.call.state, forbidden.call.clause_id) == ("refused", "R-2")
    assert unknown.call.state == "refused"
    assert unknown.call.reason.startswith("What has to be known first could not be found out")
    assert await counter.kept() == 0


async def test_the_same_wish_of_a_short_while_ago_is_named(counter: Counter) -> None:
    await counter.open()
    asked = await counter.boundary.request(counter.wish("20.00"))

    tried = await counter.boundary.try_out(counter.wish("20.00", key="rep:another"))

    assert tried.before == asked
    assert len(counter.bank.asked) == 1


async def test_no_call_at_all_is_refused_as_it_is_when_asked_for(counter: Counter) -> None:
    await counter.open()
    with pytest.raises(Invalid, match="There is no action"):
        await counter.boundary.try_out(counter.wish("20.00", action="give_all"))
    with pytest.raises(Invalid, match="are not right"):
        await counter.boundary.try_out(counter.wish("20.00", arguments={"charge_id": "ch_1"}))
    with pytest.raises(NotFound):
        await counter.boundary.try_out(counter.wish("20.00", customer_id="cus_other"))


@pytest.mark.parametrize(
    ("fault", "state", "would"),
    [
        (None, "ready", "20.00 EUR would be on their way."),
        (NotDone("The bank says no."), "failed", None),
        (ConnectionError("reset"), "ready", NOT_TRIED),
    ],
)
async def test_an_action_that_heeds_a_dry_run_says_what_it_would_do(
    counter: Counter, fault: Exception | None, state: str, would: str | None
) -> None:
    await counter.open()
    heard: list[Doing] = []

    async def refund_charge(doing: Doing, wanted: Wanted) -> Refunded:
        heard.append(doing)
        if fault is not None:
            raise fault
        return Refunded("re_0", f"{wanted.amount.money} would be on their way.", wanted.amount)

    declared = counter.boundary.declared["refund_charge"]
    dry = Boundary(
        counter.store, {"refund_charge": replace(declared, run=refund_charge, has_dry_run=True)}, clock=counter.clock
    )

    tried = await dry.try_out(counter.wish("20.00"))

    assert (tried.call.state, tried.would) == (state, would)
    assert [each.dry_run for each in heard] == [True]
    assert await counter.kept() == 0
    await dry.try_out(counter.wish("201.00"))
    assert len(heard) == 1, "what a rule refuses is not even tried"
