"""A collector of traces hears of every run that has ended, as soon as it can, and of no customer's words unasked."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from sqlalchemy import Connection, update

from answerable.api import collecting
from answerable.api.collecting import Collecting, Collector
from answerable.domain.errors import Invalid
from answerable.settings import Environment, Settings, Workspace
from answerable.store import Store, trace_places
from answerable.store.tables import runs, traces_sent
from answerable.wiring import collector_for
from tests.actions.bank import Clock
from tests.traces.generated import NOON
from tests.traces.kept import DAY, keep_run, keep_runs

LATER = timedelta(minutes=6)
FIRST_DAY = NOON - DAY


@dataclass
class Answer:
    """What the collector says next."""

    status: int = 200
    headers: str = ""
    body: bytes = b""
    waits_for: asyncio.Event | None = None


@dataclass
class Endpoint:
    """Somebody's collector, over a real socket: it answers as it is told, and keeps what it got."""

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    refuses: str | None = None
    """The run of which it takes no trace."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/traces"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if value}
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append(({**headers, "path": head[0].split()[1]}, body))
        self.is_asked.set()
        answer = self.answers.pop(0) if self.answers else Answer()
        if self.refuses is not None and self.refuses in _runs(body):
            answer = Answer(400)
        if answer.waits_for is not None:
            await answer.waits_for.wait()
        length = f"content-length: {len(answer.body)}\r\nconnection: close\r\n"
        writer.write(f"HTTP/1.1 {answer.status} X\r\n{answer.headers}{length}\r\n".encode() + answer.body)
        await writer.drain()
        writer.close()

    @property
    def heard(self) -> list[list[str]]:
        """The runs of each request."""
        return [_runs(body) for _, body in self.got]


def _runs(body: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        attribute.value.string_value
        for of_resource in request.resource_spans
        for span in of_resource.scope_spans[0].spans
        for attribute in span.attributes
        if attribute.key == "answerable.run.id"
    ]


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store(database_url) as opened:
        yield opened


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    opened = Endpoint()
    async with opened.listening():
        yield opened


@dataclass
class Sending:
    """What sends, by a clock of the test."""

    store: Store
    clock: Clock
    collecting: Collecting
    collector: Collector

    async def send(self, after: timedelta = timedelta()) -> None:
        self.clock.forward(after)
        await self.collecting.send()

    async def numbers(self) -> tuple[int, int, int]:
        return await self.store.read(trace_places.numbers, self.collector.name)


@asynccontextmanager
async def opened(store: Store, collector: Collector, *, timeout_seconds: float = 10) -> AsyncIterator[Sending]:
    """Begun the day before the first run ends, which is when the collector was named; now is when the fifth has."""
    clock = Clock()
    clock.at = FIRST_DAY
    sending = Collecting(store, collector, clock=clock, timeout_seconds=timeout_seconds)
    await sending.send()
    clock.at = NOON + 4 * DAY + LATER
    try:
        yield Sending(store, clock, sending, collector)
    finally:
        await sending.close()


def near(endpoint: Endpoint, *, content: bool = False) -> Collector:
    return Collector(endpoint.address, content=content, allow_private=True)


ALL = ["run_1", "run_2", "run_3", "run_4", "run_5"]


async def test_what_has_ended_is_sent_once_and_what_is_under_way_is_not(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 5)
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        await sending.send(LATER)
        assert await sending.numbers() == (5, 0, 0)

    assert endpoint.heard == [ALL]
    headers, body = endpoint.got[0]
    assert (headers["path"], headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert b"Ines" not in body


async def test_what_was_said_is_sent_where_the_settings_want_it(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 1)
    async with opened(store, near(endpoint, content=True)) as sending:
        await sending.send()

    assert b"Ines asks 1" in endpoint.got[0][1]


async def test_a_new_collector_hears_of_what_ends_from_then_on(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 5)
    clock = Clock()
    clock.at = NOON + 2 * DAY + LATER
    sending = Collecting(store, near(endpoint), clock=clock)
    await sending.send()
    clock.forward(2 * DAY)
    await sending.send()
    await sending.close()

    assert endpoint.heard == [["run_4", "run_5"]]


async def test_nothing_is_lost_while_the_collector_is_away(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    await store.write(keep_runs, 5)
    endpoint = Endpoint()
    async with endpoint.listening():
        pass
    async with opened(store, near(endpoint)) as sending:
        for _ in range(8):
            await sending.send(LATER)
        assert await sending.numbers() == (0, 0, 5)
        async with endpoint.listening():
            await sending.send(LATER)
        assert await sending.numbers() == (5, 0, 0)

    assert endpoint.heard == [ALL]
    assert f"Traces have not arrived at {endpoint.address}. It could not be reached (ConnectError)." in caplog.text


async def test_it_is_left_alone_for_longer_and_longer(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 1)
    endpoint.answers = [Answer(503)]
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        waited = [await _seconds_until_asked(sending, endpoint) for _ in range(7)]

    assert waited == [1, 5, 15, 60, 300, 300, 300]


async def _seconds_until_asked(sending: Sending, endpoint: Endpoint) -> int:
    """How long the pause is that now begins. The collector is asked at its end, and is away once more."""
    begun, seen = sending.clock.at, len(endpoint.got)
    for seconds in (1, 5, 15, 60, 300):
        sending.clock.at = begun + timedelta(seconds=seconds - 0.5)
        await sending.send()
        assert len(endpoint.got) == seen, "not before its time"
        sending.clock.at = begun + timedelta(seconds=seconds)
        endpoint.answers = [Answer(503)]
        await sending.send()
        if len(endpoint.got) > seen:
            return seconds
    raise AssertionError("It is not asked again.")


@pytest.mark.parametrize("status", [429, 503])
async def test_it_is_left_alone_for_as_long_as_it_asks(store: Store, endpoint: Endpoint, status: int) -> None:
    await store.write(keep_runs, 5)
    endpoint.answers = [Answer(status, "retry-after: 120\r\n")]
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        await sending.send(timedelta(seconds=119))
        assert len(endpoint.got) == 1
        await sending.send(timedelta(seconds=1))
        assert await sending.numbers() == (5, 0, 0)

    assert endpoint.heard == [ALL, ALL]


async def test_it_cannot_ask_to_be_left_alone_for_ever(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 1)
    far = format_datetime(datetime(2126, 1, 1, tzinfo=NOON.tzinfo), usegmt=True)
    endpoint.answers = [Answer(429, f"retry-after: {far}\r\n")]
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        await sending.send(collecting.PAUSE_MAX)

    assert endpoint.heard == [["run_1"], ["run_1"]]


async def test_one_that_does_not_answer_is_asked_again(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 1)
    never = asyncio.Event()
    endpoint.answers = [Answer(waits_for=never)]
    async with opened(store, near(endpoint), timeout_seconds=0.2) as sending:
        await sending.send()
        assert await sending.numbers() == (0, 0, 1)
    never.set()
    async with opened(store, near(endpoint)) as sending:
        await sending.send(LATER)
        assert await sending.numbers() == (1, 0, 0)

    # Perhaps it had taken it the first time: at least once, and the same to the byte.
    assert endpoint.got[0][1] == endpoint.got[1][1]


async def test_a_run_that_is_refused_is_given_up_and_takes_no_other_with_it(
    store: Store, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    await store.write(keep_runs, 5)
    endpoint.refuses = "run_3"
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        await sending.send(LATER)
        assert await sending.numbers() == (4, 1, 0)

    assert endpoint.heard == [ALL, *[[name] for name in ALL]]
    assert f"The trace of run run_3 is given up: {endpoint.address} refused it. It answered 400." in caplog.text


@pytest.mark.parametrize("status", [302, 401, 403, 404])
async def test_runs_wait_until_address_and_key_are_right(store: Store, endpoint: Endpoint, status: int) -> None:
    await store.write(keep_runs, 5)
    endpoint.answers = [Answer(status, "location: /elsewhere\r\n")]
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        assert await sending.numbers() == (0, 0, 5)
        await sending.send(LATER)
        assert await sending.numbers() == (5, 0, 0)

    assert [headers["path"] for headers, _ in endpoint.got] == ["/v1/traces"] * 2


async def test_spans_that_it_drops_are_told_and_not_sent_again(
    store: Store, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    await store.write(keep_runs, 5)
    lost = ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message="Ines is too long")
    )
    endpoint.answers = [Answer(body=lost.SerializeToString())]
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        await sending.send(LATER)

    assert endpoint.heard == [ALL]
    assert f"{endpoint.address} dropped 2 of the spans that it was sent." in caplog.text
    assert "Ines" not in caplog.text


async def test_requests_are_bounded(store: Store, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.write(keep_runs, 5)
    monkeypatch.setattr(collecting, "RUNS_AT_ONCE", 2)
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
    assert endpoint.heard == [ALL[:2], ALL[2:4], ALL[4:]]

    endpoint.got.clear()
    monkeypatch.setattr(collecting, "BYTES_AT_ONCE", 10)
    other = Collector(endpoint.address.replace("127.0.0.1", "localhost"), allow_private=True)
    async with opened(store, other) as sending:
        await sending.send()
    assert endpoint.heard == [[name] for name in ALL]


async def test_a_run_that_becomes_visible_late_is_sent_too(store: Store, endpoint: Endpoint) -> None:
    """A transaction that took long, or a machine whose clock is behind, must not be passed over."""
    await store.write(keep_runs, 5)
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        await store.write(keep_run, 7)
        await store.write(_end_at, "run_7", NOON + 4 * DAY - timedelta(minutes=30))
        await sending.send(LATER)
        await sending.send(LATER)
        assert await sending.numbers() == (6, 0, 0)

    assert endpoint.heard == [ALL, ["run_7"]]


def _end_at(db: Connection, run_id: str, at: datetime) -> None:
    db.execute(update(runs).where(runs.c.id == run_id).values(ended_at=at))


async def test_what_was_told_long_ago_is_forgotten_and_not_told_again(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 5)
    async with opened(store, near(endpoint)) as sending:
        await sending.send()
        await sending.send(DAY)
        assert await store.read(_kept_by_run) == 0
        await sending.send(DAY)

    assert endpoint.heard == [ALL]


def _kept_by_run(db: Connection) -> int:
    return len(db.execute(traces_sent.select()).all())


async def test_one_process_sends_at_a_time_and_another_goes_on_if_it_dies(store: Store, endpoint: Endpoint) -> None:
    await store.write(keep_runs, 5)
    answering = asyncio.Event()
    endpoint.answers = [Answer(waits_for=answering)]
    async with opened(store, near(endpoint)) as sending:
        other = Collecting(store, near(endpoint), clock=sending.clock)
        first = asyncio.create_task(sending.send())
        await endpoint.is_asked.wait()
        await other.send()
        assert len(endpoint.got) == 1

        first.cancel()
        await asyncio.wait([first])
        sending.clock.forward(collecting.CLAIM)
        await other.send()
        await other.close()
        answering.set()
        assert await sending.numbers() == (5, 0, 0)

    assert endpoint.heard == [ALL, ALL]


async def test_a_private_address_is_only_asked_if_the_settings_name_it_so(
    store: Store, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    await store.write(keep_runs, 5)
    async with opened(store, Collector(endpoint.address)) as sending:
        await sending.send()
        assert await sending.numbers() == (0, 0, 5)

    assert endpoint.got == []
    assert "127.0.0.1 is a private address" in caplog.text


async def test_keys_are_sent_and_stand_in_no_log(
    store: Store, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    await store.write(keep_runs, 5)
    caplog.set_level(logging.DEBUG)
    settings = _settings(
        {"otlp": f"{endpoint.address}?key=hush1", "private": True},
        otlp_headers="Authorization=Bearer%20hush2,x-team=care",
    )
    collector = collector_for(settings)
    assert collector is not None
    endpoint.answers = [Answer(500), *[Answer(500) for _ in ALL]]
    async with opened(store, collector) as sending:
        await sending.send()

    headers, _ = endpoint.got[0]
    assert (headers["authorization"], headers["x-team"]) == ("Bearer hush2", "care")
    assert headers["path"] == "/v1/traces?key=hush1"
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("answerable")]
    assert len(ours) == 5
    assert not [line for line in ours if "hush" in line]
    assert "hush" not in repr(collector)
    assert "hush2" not in repr(settings)


def _settings(traces: dict[str, object], *, otlp_headers: str | None = None) -> Settings:
    workspace = msgspec.convert({"company": {"name": "Ledgerly"}, "traces": traces}, Workspace)
    given = {} if otlp_headers is None else {"otlp_headers": otlp_headers}
    environment = Environment.model_validate(given)
    return Settings(environment, workspace, Path(), actions={})


def test_without_an_address_nothing_is_sent_and_content_is_off_by_default() -> None:
    assert collector_for(_settings({})) is None
    found = collector_for(_settings({"otlp": "https://otel.example/v1/traces"}))
    assert found == Collector("https://otel.example/v1/traces", {}, content=False, allow_private=False)
    with pytest.raises(msgspec.ValidationError, match="traces"):
        _settings({"otlp": "ftp://otel.example"})


@pytest.mark.parametrize("headers", ["hush", "a b=hush", "x=", "x=hush%0D%0Ay: z", "=hush"])
def test_headers_that_cannot_be_used_are_refused_without_being_told(headers: str) -> None:
    with pytest.raises(Invalid, match="ANSWERABLE_OTLP_HEADERS cannot be used") as refused:
        collector_for(_settings({"otlp": "https://otel.example/v1/traces"}, otlp_headers=headers))
    assert "hush" not in str(refused.value)


async def test_it_returns_at_once_if_there_is_no_collector(sqlite_url: str) -> None:
    with Store(sqlite_url) as store:
        await Collecting(store, None).send_for_ever()
