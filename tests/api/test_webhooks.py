"""Another program hears of what happens to actions: signed, at least once, and no longer than is useful."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from standardwebhooks import Webhook

from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.api.webhooks import KINDS, PAUSES, Subscriber, Webhooks
from answerable.domain.actions import ActionCall
from answerable.domain.errors import Invalid
from answerable.domain.money import Money
from answerable.settings import WebhookSettings, Workspace
from answerable.store import Store, actions
from tests.actions.bank import RULES, Bank, Clock, asker, euros, put_rules, refunding, rep

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MAYA = rep("maya")


@dataclass
class Program:
    """Somebody else's program: it answers as it is told, and keeps what it got."""

    address: str = ""
    answers: list[int] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = dict(line.lower().split(": ", 1) for line in head if ": " in line)
        # A signature is the one header in which the letters' size matters.
        for line in head:
            if line.lower().startswith("webhook-"):
                headers[line.split(": ", 1)[0].lower()] = line.split(": ", 1)[1]
        self.got.append((headers, await reader.readexactly(int(headers["content-length"]))))
        status = self.answers.pop(0) if self.answers else 204
        writer.write(f"HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    @property
    def heard(self) -> list[tuple[str, str]]:
        """The id and the kind of each message, checked as the standard says."""
        return [(headers["webhook-id"], Webhook(SECRET).verify(body, headers)["type"]) for headers, body in self.got]


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    told = Program()
    server = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    async with server:
        yield told


@dataclass
class Desk:
    """The boundary and what tells of it, by a clock of the test."""

    store: Store
    boundary: Boundary
    webhooks: Webhooks
    bank: Bank
    customer: str
    conversation: str

    async def ask(self, amount: str, *, agreed: str | None = "a test") -> ActionCall:
        wanted = {"charge_id": "ch_1", "amount": euros(amount)}
        return await self.boundary.request(
            Request(f"k{amount}", "refund_charge", wanted, self.customer, self.conversation, "agent", agreed=agreed)
        )

    async def approve(self, call: ActionCall) -> None:
        asked = await self.store.read(actions.approval_of, call.id)
        assert asked is not None
        await self.boundary.approve(asked.id, MAYA)

    async def tell(self) -> None:
        await self.webhooks.read_on()
        await self.webhooks.deliver()


@asynccontextmanager
async def open_desk(store: Store, clock: Clock, *subscribers: Subscriber) -> AsyncIterator[Desk]:
    bank = Bank()
    customer, conversation = await asker(store)
    bank.charges["ch_1"] = ("ines@example.com", _euros("500.00"))
    await put_rules(store, *RULES)
    boundary = Boundary(store, {"refund_charge": refunding(bank)}, clock=clock, settle=timedelta())
    webhooks = Webhooks(store, subscribers, secret=SECRET, program="https://desk.example", clock=clock)
    await webhooks.read_on()
    try:
        yield Desk(store, boundary, webhooks, bank, customer.id, conversation)
    finally:
        await webhooks.close()


def _euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store(database_url) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    # Whoever checks a signature refuses one that is older than five minutes.
    clock.at = datetime.now(UTC)
    return clock


async def test_a_person_is_asked_for_once_the_customer_has_said_yes(
    store: Store, clock: Clock, program: Program
) -> None:
    async with open_desk(store, clock, Subscriber(program.address, frozenset(KINDS), True)) as desk:
        call = await desk.ask("84.00", agreed=None)
        await desk.tell()
        assert (call.state, program.heard) == ("awaiting_customer", [])

        waits = await desk.boundary.agree(call.id, question="Refund it?")
        await desk.tell()

    assert (waits.state, [kind for _, kind in program.heard]) == ("awaiting_approval", ["approval.requested"])


async def test_what_happens_is_told_once_each_and_signed(store: Store, clock: Clock, program: Program) -> None:
    async with open_desk(store, clock, Subscriber(program.address, frozenset(KINDS), True)) as desk:
        call = await desk.ask("84.00")
        await desk.tell()
        await desk.approve(call)
        await desk.tell()
        await desk.tell()
        traffic = (await desk.webhooks.traffic())[program.address]

    requested, *others = [kind for _, kind in program.heard]
    # These two are due at once, and are sent beside each other.
    assert (requested, sorted(others)) == ("approval.requested", ["action.done", "approval.decided"])
    assert len({name for name, _ in program.heard}) == 3
    first = json.loads(program.got[0][1])
    assert first["data"]["money"] == {"amount": "84.00", "currency": "EUR"}
    assert first["data"]["link"] == "https://desk.example/console/approvals"
    done = program.got[1 + others.index("action.done")]
    assert json.loads(done[1])["data"]["receipt"]["reference"] == f"re_{call.id}"
    assert (traffic.delivered, traffic.waiting, traffic.given_up) == (3, 0, 0)


async def test_only_what_is_wanted_is_told_and_nothing_from_before(
    store: Store, clock: Clock, program: Program
) -> None:
    async with open_desk(store, clock) as desk:
        await desk.ask("20.00")
    wanted = Subscriber(program.address, frozenset({"action.unknown"}), True)
    webhooks = Webhooks(store, [wanted], secret=SECRET, program="", clock=clock)
    await webhooks.read_on()

    desk.bank.faults = ["lost_after"]
    await desk.ask("30.00")
    await webhooks.read_on()
    await webhooks.deliver()
    await webhooks.close()

    assert [kind for _, kind in program.heard] == ["action.unknown"]


async def test_what_is_refused_comes_again_under_the_same_id_and_is_given_up_in_the_end(
    store: Store, clock: Clock, program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    began = clock.at
    program.answers = [500, 302, 503] + [500] * len(PAUSES)
    async with open_desk(store, clock, Subscriber(program.address, frozenset({"action.done"}), True)) as desk:
        await desk.ask("20.00")
        for pause in (timedelta(), *PAUSES, timedelta(days=7)):
            clock.forward(pause)
            await desk.tell()
        traffic = (await desk.webhooks.traffic())[program.address]

    names = {headers["webhook-id"] for headers, _ in program.got}
    assert (len(program.got), len(names)) == (len(PAUSES) + 1, 1)
    assert clock.at - began - timedelta(days=7) < timedelta(hours=80)
    assert (traffic.given_up, traffic.waiting) == (1, 0)
    assert traffic.last_error == "It answered 500."
    assert "is given up" in caplog.text


async def test_an_address_that_is_gone_is_not_asked_again(store: Store, clock: Clock, program: Program) -> None:
    program.answers = [410]
    async with open_desk(store, clock, Subscriber(program.address, frozenset(KINDS), True)) as desk:
        await desk.ask("20.00")
        await desk.tell()
        clock.forward(timedelta(days=1))
        await desk.tell()
        assert (await desk.webhooks.traffic())[program.address].given_up == 1

    assert len(program.got) == 1


async def test_a_private_address_is_only_asked_if_the_settings_name_it_so(
    store: Store, clock: Clock, program: Program
) -> None:
    async with open_desk(store, clock, Subscriber(program.address, frozenset(KINDS), False)) as desk:
        await desk.ask("20.00")
        await desk.tell()
        traffic = (await desk.webhooks.traffic())[program.address]

    assert program.got == []
    assert traffic.waiting == 1
    assert "127.0.0.1 is a private address" in str(traffic.last_error)


async def test_two_processes_send_each_message_once(store: Store, clock: Clock, program: Program) -> None:
    subscriber = Subscriber(program.address, frozenset(KINDS), True)
    async with open_desk(store, clock, subscriber) as desk:
        other = Webhooks(store, [subscriber], secret=SECRET, program="", clock=clock)
        for amount in ("11.00", "12.00", "13.00", "14.00"):
            await desk.ask(amount)
        await asyncio.gather(desk.webhooks.read_on(), other.read_on())
        await asyncio.gather(desk.webhooks.deliver(), other.deliver(), desk.webhooks.deliver())
        await other.close()

    assert len(program.got) == 4
    assert len({headers["webhook-id"] for headers, _ in program.got}) == 4


def test_addresses_without_a_secret_or_with_another_one_are_refused(sqlite_url: str) -> None:
    subscriber = Subscriber("https://hooks.example/a", frozenset(KINDS), False)
    with Store(sqlite_url) as store:
        for secret, says in ((None, "need a secret"), ("", "need a secret"), ("whsec_!", "is not whsec_")):
            with pytest.raises(Invalid, match=says):
                Webhooks(store, [subscriber], secret=secret, program="")


@pytest.mark.parametrize("url", ["ftp://a.example", "https://me:secret@a.example/", "//a.example", "https://", "x"])
def test_what_is_no_address_is_refused_by_the_settings(url: str) -> None:
    content = {"company": {"name": "Ledgerly"}, "webhooks": [{"url": url}]}
    with pytest.raises(msgspec.ValidationError, match="webhooks"):
        msgspec.convert(content, Workspace)
    good = {"url": "https://a.example/hook?b=c", "events": ["action.done"]}
    assert msgspec.convert(good, WebhookSettings).events == ("action.done",)
