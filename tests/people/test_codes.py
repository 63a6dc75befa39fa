"""No sequence of codes asked for, typed, guessed and replayed, and no clock, proves what was not proved."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from answerable.conversations import sign_in
from answerable.people import identity_of
from answerable.people.proving import ATTEMPTS_MAX, CODE_LASTS, CODES_A_CUSTOMER_MAX, STEP_UP_LASTS
from answerable.store import Store, proofs
from tests import migrated
from tests.people.host import Clock, Host, PostOffice, Process, host_keys, say

T = TypeVar("T")
WHO = ("u_1", "u_2")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class World(RuleBasedStateMachine):
    """Two processes, two customers whom the host has signed in, and what each truly knows."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock, self.post = Clock(), PostOffice()
        self.folder = TemporaryDirectory(prefix="answerable-codes-")
        self.store = Store(migrated.copy_to(Path(self.folder.name)))
        self.processes = [
            Process(self.store, self.post, company="Ledgerly", secret="s", clock=self.clock) for _ in range(2)
        ]
        self.conversations: dict[str, str] = {}
        self.good: dict[str, tuple[str, datetime]] = {}
        """By customer: the newest code that was sent, and when."""
        self.wrong: dict[str, int] = {}
        self.sent: dict[str, list[datetime]] = {who: [] for who in WHO}
        self.proved: dict[str, list[datetime]] = {who: [] for who in WHO}
        self.old: list[str] = ["000000"]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize()
    def open(self) -> None:
        host, keys = Host(), host_keys(self.clock)
        until = int(host.at.timestamp()) + 3600
        for who in WHO:
            signed = keys.read(host.token(who, email=f"{who}@example.com", email_verified=True, exp=until))
            customer = self.run(sign_in(self.store, signed, ""))
            received = self.run(say(self.store, customer, "Hello?", key=who, signed=signed))
            self.conversations[who] = received.conversation.id
        self.clock.at = datetime.now(UTC)

    @rule(who=st.sampled_from(WHO), process=st.integers(0, 1), times=st.integers(1, 3))
    def ask(self, who: str, process: int, times: int) -> None:
        before = len(self.post.letters)

        async def ask() -> None:
            both = [self.processes[(process + n) % 2] for n in range(times)]
            await asyncio.gather(*(each.ask_for_code(self.conversations[who]) for each in both))
            for each in self.processes:
                await each.settle()

        self.run(ask())
        new = len(self.post.letters) - before
        self.sent[who] += [self.clock()] * new
        if new:
            newest = self.run(self.store.read(proofs.newest_code, self.conversations[who], self.clock()))
            assert newest is not None
            digest = self.processes[0]._digest
            codes = [letter.text.partition("Your code is ")[2][:6] for letter in self.post.letters[before:]]
            self.old += codes
            good = next(c for c in codes if digest(newest.id, newest.conversation_id, "step_up", c) == newest.digest)
            self.good[who], self.wrong[who] = (good, self.clock()), 0

    @rule(
        who=st.sampled_from(WHO),
        whose=st.sampled_from(WHO),
        process=st.integers(0, 1),
        what=st.sampled_from(["good", "good", "old", "guess"]),
        guess=st.integers(0, 10**6 - 1),
        times=st.integers(1, 3),
    )
    def type(self, who: str, whose: str, process: int, what: str, guess: int, times: int) -> None:
        good = self.good.get(whose)
        said = {"good": (good[0] if good else "") or "111111", "old": self.old[guess % len(self.old)]}.get(
            what, f"{guess:06}"
        )

        async def type_() -> list[Any]:
            both = [self.processes[(process + n) % 2] for n in range(times)]
            return await asyncio.gather(*(each.prove(self.conversations[who], said) for each in both))

        outcomes = self.run(type_())
        own = self.good.get(who)
        is_in_time = own is not None and own[1] <= self.clock() < own[1] + CODE_LASTS
        is_right = own is not None and said == own[0] and is_in_time and self.wrong[who] < ATTEMPTS_MAX
        assert outcomes.count("proved") <= 1
        if "proved" in outcomes:
            assert is_right, "nothing but the newest code, in its time, within its attempts"
            self.proved[who].append(self.clock())
            self.good[who] = ("", own[1]) if own else ("", LONG_AGO)
        else:
            assert not is_right, "what is right proves"
            if is_in_time:
                self.wrong[who] += outcomes.count("wrong") + outcomes.count("spent")

    @rule(seconds=st.sampled_from([1, 60, 299, 600, 900, 1800, -30, -600]))
    def pass_time(self, seconds: int) -> None:
        self.clock.forward(seconds=seconds)

    @invariant()
    def what_is_proved_was_proved(self) -> None:
        """S-16: stepped up if and only if a right code was typed there within the last quarter of an hour."""
        for who, conversation_id in self.conversations.items():
            found = self.run(identity_of(self.store, conversation_id, self.clock()))
            expected = any(at <= self.clock() < at + STEP_UP_LASTS for at in self.proved[who])
            assert (found == "stepped_up") <= expected

    @invariant()
    def caps_hold(self) -> None:
        """S-17: in no hour more than three letters to anybody."""
        for sent in self.sent.values():
            for moment in sent:
                within = [at for at in sent if moment - timedelta(hours=1) < at <= moment]
                assert len(within) <= CODES_A_CUSTOMER_MAX

    def teardown(self) -> None:
        self.store.close()
        self.loop.close()
        self.folder.cleanup()


TestWorld = World.TestCase
TestWorld.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
