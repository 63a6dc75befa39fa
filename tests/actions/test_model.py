"""No sequence of calls, decisions, faults, rules and clock jumps breaks an invariant of the boundary.

The invariants are those of docs/safety-case.md.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from answerable.actions import policies
from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.limits import DAY
from answerable.domain.actions import ActionCall, Approval, Check
from answerable.domain.errors import AnswerableError
from answerable.domain.money import money
from answerable.domain.people import ROLES, Customer, Identity, Role
from answerable.store import Store, actions
from tests import migrated
from tests.actions.bank import (
    NO_DISPUTE,
    OVER_50,
    OVER_150,
    RULES,
    WITHIN_14_DAYS,
    Bank,
    Clock,
    Fault,
    asker,
    clause,
    euros,
    prove,
    put_rules,
    refunding,
    rep,
)

T = TypeVar("T")

REPS: tuple[tuple[str, Role], ...] = (("maya", "rep"), ("jonas", "rep"), ("ada", "lead"), ("kim", "admin"))
STRICTER = replace(WITHIN_14_DAYS, when=(Check("days_since_charge", at_most=2),))
RULE_BOOKS = (
    RULES,
    (STRICTER, NO_DISPUTE, OVER_50, OVER_150),
    (WITHIN_14_DAYS, NO_DISPUTE),
    (clause("R-1", "forbids"),),
    (WITHIN_14_DAYS, NO_DISPUTE, replace(OVER_50, four_eyes=True)),
    (WITHIN_14_DAYS, NO_DISPUTE, replace(OVER_50, four_eyes=True, approver_role="lead")),
    RULES,
    RULES,
)
AMOUNTS = ("0.01", "20.00", "49.99", "50.00", "50.01", "120.00", "160.00", "200.00", "200.01")
SMALL = tuple(f"{amount}.00" for amount in range(41, 51))
CUSTOMERS = ("ines", "bram")


class World(RuleBasedStateMachine):
    """A boundary in two processes, a bank that fails, reps who decide, and a clock that jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock, self.bank = Clock(), Bank()
        self.folder = TemporaryDirectory(prefix="answerable-model-")
        self.store = Store(migrated.copy_to(Path(self.folder.name)))
        declared = {"refund_charge": refunding(self.bank)}
        self.processes = [Boundary(self.store, declared, clock=self.clock) for _ in range(2)]
        self.askers: dict[str, tuple[Customer, str]] = {}
        self.requests: list[Request] = []
        self.answered: dict[str, str] = {}
        """By its key the call that each request was answered with."""
        self.book: tuple[Any, ...] = RULES
        """The clauses in force."""
        self.judged: set[str] = set()
        self.agreed: set[str] = set()
        """The calls to which the customer has said yes while they waited for it, or that came with one."""
        self.gone: list[tuple[Any, str, int]] = []
        """When, whose and how much: what the bank has really given back, as it happened."""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        known = set(self.bank.refunds)
        try:
            return self.loop.run_until_complete(work)
        finally:
            for key in set(self.bank.refunds) - known:
                charge_id, moved = self.bank.refunds[key]
                self.gone.append((self.clock(), charge_id, moved.units))

    @initialize()
    def open(self) -> None:
        self.run(put_rules(self.store, *RULES, at=self.clock()))
        for name in CUSTOMERS:
            self.askers[name] = self.run(asker(self.store, name))
            for number in range(1, 5):
                self.bank.charges[f"ch_{name}_{number}"] = (f"{name}@example.com", money("200.00", "EUR"))

    @rule(
        who=st.sampled_from(CUSTOMERS),
        whose=st.sampled_from(["own"] * 9 + ["other"]),
        number=st.integers(1, 4),
        amount=st.sampled_from(AMOUNTS),
        by=st.sampled_from(["agent", "rep_maya", "rep_ada"]),
        process=st.integers(0, 1),
        fault=st.sampled_from(["none", "none", "refuse", "lost_before", "lost_after", "late", "nonsense"]),
        twice=st.booleans(),
        agreed=st.sampled_from(["a step", None]),
    )
    def ask(
        self,
        who: str,
        whose: str,
        number: int,
        amount: str,
        by: str,
        process: int,
        fault: Fault,
        twice: bool,
        agreed: str | None,
    ) -> None:
        owner = who if whose == "own" else next(name for name in CUSTOMERS if name != who)
        self.bank.faults = [fault]
        request = self._request(who, f"ch_{owner}_{number}", amount, by, agreed=agreed)

        async def ask() -> None:
            asked = [self._asked(process, request)]
            if twice:
                asked.append(self._asked(1 - process, request))
            await asyncio.gather(*asked)

        self.run(ask())

    @precondition(lambda self: self.requests)
    @rule(
        which=st.integers(0, 9),
        process=st.integers(0, 1),
        fault=st.sampled_from(["none", "lost_before", "lost_after", "late"]),
    )
    def deliver_again(self, which: int, process: int, fault: Fault) -> None:
        """S-20: of the last requests one comes once more, whatever has become of its call meanwhile."""
        self.bank.faults = [fault]
        self.run(self._asked(process, self.requests[-1 - which % len(self.requests)]))

    @rule(
        who=st.sampled_from(CUSTOMERS),
        number=st.integers(1, 4),
        amount=st.sampled_from(["50.01", "120.00", "160.00"]),
        how=st.sampled_from(["declined", "expired", "refused"]),
        times=st.integers(1, 3),
    )
    def say_the_same_and_come_to_nothing(self, who: str, number: int, amount: str, how: str, times: int) -> None:
        """S-20: the same wish under several keys, all of them delivered again once its one call has come to nothing."""
        requests = [self._request(who, f"ch_{who}_{number}", amount) for _ in range(1 + times)]

        async def play() -> None:
            self.bank.faults = []
            for each in requests:
                await self._asked(0, each)
            approval = await self.store.read(actions.approval_of, self.answered[requests[0].key])
            if how == "expired":
                self.clock.forward(timedelta(hours=25))
                await self.processes[0].look_after()
            elif approval is not None:
                self.bank.faults = ["refuse"]
                with suppress(AnswerableError):
                    if how == "declined":
                        await self.processes[0].decline(approval.id, rep("ada", "lead"), reason="No.")
                    else:
                        await self.processes[0].approve(approval.id, rep("ada", "lead"))
            self.bank.faults = []
            await asyncio.gather(*(self._asked(n % 2, each) for n, each in enumerate(requests)))

        self.run(play())

    async def _asked(self, process: int, request: Request) -> None:
        """Asks, and holds that the request's key is answered with the same call as ever."""
        call = await self.processes[process].request(request)
        assert self.answered.setdefault(request.key, call.id) == call.id
        if request.agreed is not None or request.requested_by != "agent":
            self.agreed.add(call.id)

    @rule(
        who=st.sampled_from(CUSTOMERS),
        amounts=st.lists(st.sampled_from(SMALL), min_size=2, max_size=8, unique=True),
        faults=st.lists(st.sampled_from(["none", "lost_before", "lost_after", "late"]), max_size=4),
    )
    def ask_for_many_at_once(self, who: str, amounts: list[str], faults: list[Fault]) -> None:
        self.bank.faults = faults
        requests = [self._request(who, f"ch_{who}_{n % 4 + 1}", amount) for n, amount in enumerate(amounts)]

        async def ask() -> None:
            await asyncio.gather(*(self._asked(n % 2, each) for n, each in enumerate(requests)))

        self.run(ask())

    def _request(
        self, who: str, charge: str, amount: str, by: str = "agent", *, agreed: str | None = "a test"
    ) -> Request:
        customer, conversation_id = self.askers[who]
        wanted = {"charge_id": charge, "amount": euros(amount)}
        key = f"k{len(self.requests)}"
        self.requests.append(Request(key, "refund_charge", wanted, customer.id, conversation_id, by, agreed=agreed))
        return self.requests[-1]

    @rule(
        which=st.integers(0, 3),
        who=st.sampled_from(REPS),
        process=st.integers(0, 1),
        less=st.sampled_from([None, None, None, "20.00", "120.00"]),
        fault=st.sampled_from(["none", "lost_before", "lost_after", "late"]),
        again=st.booleans(),
    )
    def approve(
        self, which: int, who: tuple[str, Role], process: int, less: str | None, fault: Fault, again: bool
    ) -> None:
        self.bank.faults = [fault]

        async def decide() -> None:
            approval = await self._one_that_waits(which)
            call = await self.store.read(actions.by_id, approval.call_id) if approval is not None else None
            if approval is None or call is None:
                return
            arguments = None if less is None else {**call.arguments, "amount": euros(less)}
            decided = [
                self.processes[each].approve(approval.id, rep(*who), arguments=arguments, reason="It was used.")
                for each in ([process, 1 - process] if again else [process])
            ]
            for outcome in await asyncio.gather(*decided, return_exceptions=True):
                assert isinstance(outcome, ActionCall | AnswerableError), outcome

        self.run(decide())

    @rule(
        who=st.sampled_from(CUSTOMERS),
        number=st.integers(1, 4),
        amount=st.sampled_from(["50.01", "120.00", "160.00"]),
        by=st.sampled_from(["agent", "rep_maya", "rep_ada", "rep_kim"]),
        deciders=st.lists(st.sampled_from(REPS), min_size=1, max_size=3),
        before=st.sampled_from(RULE_BOOKS),
        between=st.sampled_from(RULE_BOOKS),
        after=st.sampled_from(RULE_BOOKS),
    )
    def decide_and_change_the_rules_before_it_is_sent(
        self,
        who: str,
        number: int,
        amount: str,
        by: str,
        deciders: list[tuple[str, Role]],
        before: tuple[Any, ...],
        between: tuple[Any, ...],
        after: tuple[Any, ...],
    ) -> None:
        """Other rules are in force when the first person decides, again when the others do, and when it can be sent."""

        async def decide() -> None:
            await self._put(before)
            request = self._request(who, f"ch_{who}_{number}", amount, by)
            await self._asked(0, request)
            approval = await self.store.read(actions.approval_of, self.answered[request.key])
            await self._judge_what_was_sent()
            self.bank.facts_are_away = True
            for place, each in enumerate(deciders):
                if place == 1:
                    await self._put(between)
                with suppress(AnswerableError):
                    await self.processes[1].approve(approval.id if approval is not None else "none", rep(*each))
            await self._judge_what_was_sent()
            await self._put(after)
            self.bank.facts_are_away = False
            self.clock.forward(timedelta(seconds=10))
            await self.processes[0].look_after()

        self.run(decide())

    @rule(
        which=st.integers(0, 5),
        is_yes=st.booleans(),
        process=st.integers(0, 1),
        fault=st.sampled_from(["none", "lost_before", "lost_after", "late"]),
        again=st.booleans(),
    )
    def customer_answers(self, which: int, is_yes: bool, process: int, fault: Fault, again: bool) -> None:
        self.bank.faults = [fault]
        calls = self._all()
        waiting = [call for call in calls if call.state == "awaiting_customer"] or calls
        if not waiting:
            return
        call = waiting[which % len(waiting)]
        if is_yes and call.state == "awaiting_customer":
            self.agreed.add(call.id)

        async def answer() -> None:
            for each in [process, 1 - process] if again else [process]:
                desk = self.processes[each]
                await (desk.agree(call.id, question="This?") if is_yes else desk.turn_down(call.id))

        self.run(answer())

    async def _one_that_waits(self, which: int) -> Approval | None:
        """One of those that wait for a person; if none does, one that was decided."""
        found = await self.store.read(lambda db: actions.open_approvals(db, after=None, limit=9))
        found = found or await self.store.read(lambda db: actions.decided_approvals(db, after=None, limit=9))
        return found[which % len(found)] if found else None

    @rule(which=st.integers(0, 3), who=st.sampled_from(REPS))
    def decline(self, which: int, who: tuple[str, Role]) -> None:
        async def decide() -> None:
            approval = await self._one_that_waits(which)
            if approval is not None:
                try:
                    await self.processes[0].decline(approval.id, rep(*who), reason="No.")
                except AnswerableError:
                    return

        self.run(decide())

    @rule(book=st.sampled_from(RULE_BOOKS))
    def change_rules(self, book: tuple[Any, ...]) -> None:
        self.run(self._put(book))

    async def _put(self, book: tuple[Any, ...]) -> None:
        await put_rules(self.store, *book, at=self.clock())
        self.book = book

    @rule(seconds=st.sampled_from([1, 40, 3600, 23 * 3600, 25 * 3600, -60, -3600]))
    def pass_time(self, seconds: int) -> None:
        self.clock.forward(timedelta(seconds=seconds))

    @rule(process=st.integers(0, 1), fault=st.sampled_from(["none", "lost_before", "lost_after", "late"]))
    def look_after(self, process: int, fault: Fault) -> None:
        self.bank.faults = [fault]
        self.run(self.processes[process].look_after())

    @rule()
    def late_requests_arrive(self) -> None:
        async def arrive() -> None:
            self.bank.arrive()

        self.run(arrive())

    @rule(
        is_silent=st.booleans(),
        is_disputed=st.sampled_from([False, False, False, True]),
        days=st.sampled_from([1, 3, 3, 20]),
    )
    def the_world_changes(self, is_silent: bool, is_disputed: bool, days: int) -> None:
        self.bank.is_silent, self.bank.is_disputed, self.bank.days = is_silent, is_disputed, days

    @rule(who=st.sampled_from(CUSTOMERS), identity=st.sampled_from(["known", "verified", "stepped_up", "stepped_up"]))
    def identity_changes(self, who: str, identity: Identity) -> None:
        customer, conversation_id = self.askers[who]
        self.run(prove(self.store, customer, conversation_id, identity))

    def _all(self) -> list[ActionCall]:
        found: list[ActionCall] = []
        for _, conversation_id in self.askers.values():
            found += self.run(self.store.read(actions.of_conversation, conversation_id))
        return found

    @invariant()
    def what_moved_was_asked_for_and_allowed(self) -> None:
        """S-1, S-2: each refund outside has its one call, of the charge's owner, of the same amount, that was sent."""
        own = {call.id: call for call in self._all()}
        for key, (charge_id, moved) in self.bank.refunds.items():
            call = own[key]
            assert call.attempts >= 1
            assert call.state in ("sent", "unknown", "done", "ready", "failed", "undone"), call.state
            assert (call.arguments["charge_id"], call.money) == (charge_id, moved)
            owner = next(customer for customer, _ in self.askers.values() if customer.id == call.customer_id)
            assert self.bank.charges[charge_id][0] == owner.email

    @invariant()
    def what_is_done_has_happened(self) -> None:
        """S-3: nobody is told of an effect that is not there."""
        for call in self._all():
            assert (call.state in ("done", "undone")) == (call.receipt is not None)
            if call.state == "done":
                assert call.id in self.bank.refunds

    @invariant()
    def what_never_was_sent_did_not_happen(self) -> None:
        """S-4: refused, declined, expired: nothing outside."""
        for call in self._all():
            if call.state in ("declined", "expired", "awaiting_customer", "awaiting_approval") or call.attempts == 0:
                assert call.id not in self.bank.refunds
                assert call.id not in self.bank.asked

    @invariant()
    def what_an_agent_changed_the_customer_wanted(self) -> None:
        """S-21: nothing was sent on an agent's word alone."""
        for call in self._all():
            if call.attempts or call.id in self.bank.refunds:
                assert call.id in self.agreed

    @invariant()
    def what_a_clause_gave_to_people_people_decided(self) -> None:
        """S-5: as many as it wanted, of the role, none of them the requester."""
        for call in self._all():
            approval = self.run(self.store.read(actions.approval_of, call.id))
            if approval is None:
                continue
            assert call.requested_by not in approval.approved_by
            assert len(set(approval.approved_by)) == len(approval.approved_by)
            if call.attempts:
                assert approval.state == "approved"
                assert len(approval.approved_by) >= approval.needed

    @invariant()
    def what_is_sent_is_allowed_by_the_rules_of_that_moment(self) -> None:
        """S-5, S-9: whatever was decided before, the clauses in force when it was first sent let it be sent."""
        self.run(self._judge_what_was_sent())

    async def _judge_what_was_sent(self) -> None:
        """Judges each call once, as soon as it has been sent: clocks jump, and no moment can be asked about later."""
        for _, conversation_id in self.askers.values():
            for call in await self.store.read(actions.of_conversation, conversation_id):
                if call.attempts and call.id not in self.judged:
                    self.judged.add(call.id)
                    approval = await self.store.read(actions.approval_of, call.id)
                    self._judge(call, approval)
                    if approval is None:
                        await self._judge_together(call)

    def _judge(self, call: ActionCall, approval: Approval | None) -> None:
        ruling = policies.rule(self.book, call.action, call.facts, call.money)
        assert ruling.is_allowed, ruling.reason
        if ruling.approval is None:
            return
        assert approval is not None
        assert len(approval.approved_by) >= (2 if ruling.approval.four_eyes else 1)
        least, roles = ROLES.index(ruling.approval.approver_role), {f"rep_{name}": role for name, role in REPS}
        assert all(ROLES.index(roles[each]) >= least for each in approval.approved_by)

    async def _judge_together(self, call: ActionCall) -> None:
        """S-25: what no person saw is, with all else of a day that none saw, not above what wants one."""
        least = min((Decimal(each.above["EUR"]) for each in self.book if each.effect == "needs_approval"), default=None)
        if least is None or call.money is None or call.sent_at is None:
            return
        together = call.money.units
        for _, conversation_id in self.askers.values():
            for other in await self.store.read(actions.of_conversation, conversation_id):
                is_of_the_day = other.sent_at is not None and call.sent_at - DAY < other.sent_at <= call.sent_at
                if other.id == call.id or other.customer_id != call.customer_id or not is_of_the_day or not other.money:
                    continue
                approval = await self.store.read(actions.approval_of, other.id)
                is_seen = approval is not None and approval.state == "approved"
                together += 0 if is_seen or other.state == "failed" else other.money.units
        assert together <= least * 100

    @invariant()
    def limits_hold(self) -> None:
        """S-6: in no 24 hours more than the limits, counted from what really moved and may yet have."""
        per_customer: dict[str, list[tuple[Any, int]]] = defaultdict(list)
        for call in self._all():
            if call.attempts and call.money and call.state != "failed":
                per_customer[call.customer_id].append((call.sent_at, call.money.units))
        everything = [each for own in per_customer.values() for each in own]
        for sent, most in [*((own, 25_000) for own in per_customer.values()), (everything, 40_000)]:
            for moment, _ in sent:
                assert sum(units for at, units in sent if moment - DAY < at <= moment) <= most

    @invariant()
    def the_same_wish_within_a_day_is_one_effect(self) -> None:
        """S-7: asked for twice, in whatever turn, it is done once."""
        for call in self._all():
            if call.id not in self.bank.refunds:
                continue
            for other in self._all():
                is_same = other.id != call.id and other.likeness == call.likeness and other.id in self.bank.refunds
                # What failed as far as anybody knew may be asked for again.
                assert (
                    not is_same
                    or "failed" in (call.state, other.state)
                    or (abs(other.created_at - call.created_at) > DAY)
                )

    def teardown(self) -> None:
        self.store.close()
        self.loop.close()
        self.folder.cleanup()


TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
