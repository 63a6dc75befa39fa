"""Sends ended runs to a collector of OpenTelemetry traces, over HTTP, as protobuf.

The ledger is the outbox: who sends reads on in it, so nothing is lost while the collector is away, and no turn waits.
A run is sent at least once, under the same ids however often; one process at a time sends.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpcore
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from answerable import __version__
from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.knowledge.importers.addresses import ForbiddenAddress
from answerable.knowledge.importers.fetching import CheckedMachines, seconds_in, tls_context
from answerable.store import Store, trace_places
from answerable.traces.otlp.telling import trace_of_run
from answerable.traces.otlp.wire import request_of
from answerable.traces.whole_runs import WholeRun, whole_run

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0
LOOK_SECONDS = 5.0
# A process that died has the collector for so long; it is longer than to put a request together and send it.
CLAIM = timedelta(seconds=90)
RUNS_AT_ONCE = 50
# A run that is larger goes alone.
BYTES_AT_ONCE = 4 * 1024 * 1024
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 15, 60, 300))
PAUSE_MAX = timedelta(hours=1)
ANSWER_BYTES_MAX = 64 * 1024
_AGAIN = frozenset({408, 429, 502, 503, 504})
"""By the specification, and 408, which says so itself."""
_BY_SETTINGS = frozenset({401, 403, 404, 405})
"""The address or a header is wrong. A person puts that right, and the runs wait for it."""

_Told = tuple[str, datetime]


@dataclass(frozen=True, slots=True)
class Collector:
    """Where traces go."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bool = False
    """Whether it gets what customers, models and actions said."""
    allow_private: bool = False
    """Whether it may be in our own network."""

    @property
    def name(self) -> str:
        """The address without what may be secret in it: a query may hold a key."""
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a request."""

    fault: str | None = None
    """A sentence, if it did not arrive."""
    is_refused: bool = False
    """Whether the same request would never be taken."""
    pause: timedelta | None = None
    """How long to wait, if that is known."""


class Collecting:
    """Reads the ledger on, and sends what it says."""

    def __init__(
        self,
        store: Store,
        collector: Collector | None,
        *,
        clock: Callable[[], datetime] = now,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._store = store
        self._collector = collector
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._holder = new_id("prc")
        self._pool: httpcore.AsyncConnectionPool | None = None

    async def send_for_ever(self) -> None:
        """Sends what has ended, until cancelled; returns at once if there is no collector."""
        if self._collector is None:
            return
        try:
            while True:
                try:
                    await self.send()
                except Exception:
                    log.exception("Traces could not be sent; the next try follows in %s s.", LOOK_SECONDS)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        """Hangs up."""
        if self._pool is not None:
            await self._pool.aclose()

    async def send(self) -> None:
        """Sends all that waits, unless another process does or the collector wants to be left alone."""
        collector = self._collector
        if collector is None:
            return
        url, holder, at = collector.name, self._holder, self._clock()
        place = await self._store.write(trace_places.hold, url, holder=holder, at=at, until=at + CLAIM)
        if place is None:
            return
        failed, alone = place.attempts, 0
        while True:
            limit = 1 if alone else RUNS_AT_ONCE
            told, body = await self._next(collector, place.since, limit)
            if not told:
                break
            answer = await self._post(collector, body)
            if answer.fault is not None and not answer.is_refused:
                pause = answer.pause or PAUSES[min(failed, len(PAUSES) - 1)]
                log.warning("Traces have not arrived at %s. %s Next try in %s.", url, answer.fault, pause)
                await self._store.write(trace_places.fail, url, holder=holder, next_at=self._clock() + pause)
                return
            if answer.is_refused and len(told) > 1:
                # One of them is at fault, and the others shall not be lost with it.
                alone = len(told)
                continue
            failed, alone = 0, max(0, alone - 1)
            if answer.is_refused:
                log.error("The trace of run %s is given up: %s refused it. %s", told[0][0], url, answer.fault)
            moved = await self._keep_told(url, told, arrived=not answer.is_refused)
            if moved is None:
                return
            place = moved
        await self._store.write(trace_places.let_go, url, holder=holder, at=self._clock())

    async def _keep_told(self, url: str, told: list[_Told], *, arrived: bool) -> trace_places.TracePlace | None:
        until = self._clock() + CLAIM
        return await self._store.write(
            trace_places.keep_told, url, told, arrived=arrived, holder=self._holder, until=until
        )

    async def _next(self, collector: Collector, since: datetime, limit: int) -> tuple[list[_Told], bytes]:
        """The next runs, and the request that tells of them."""
        named = await self._store.read(trace_places.waiting, collector.name, since=since, at=self._clock(), limit=limit)
        told: list[_Told] = []
        parts: list[bytes] = []
        for run_id, ended_at in named:
            whole = await self._store.read(whole_run, run_id)
            # Off the event loop, on which turns are answered.
            part = await asyncio.to_thread(_encoded, whole, collector.content) if whole else b""
            if parts and sum(map(len, parts)) + len(part) > BYTES_AT_ONCE:
                break
            told.append((run_id, ended_at))
            parts.append(part)
        # Protobuf messages of one kind behind each other are one message with the contents of all.
        return told, b"".join(parts)

    async def _post(self, collector: Collector, body: bytes) -> _Answer:
        headers = {
            **collector.headers,
            "content-type": "application/x-protobuf",
            "user-agent": f"Answerable/{__version__}",
        }
        if self._pool is None:
            self._pool = httpcore.AsyncConnectionPool(
                ssl_context=tls_context(),
                max_connections=1,
                keepalive_expiry=30,
                network_backend=CheckedMachines(allow_private=collector.allow_private),
            )
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                # A redirect is no arrival, and not followed.
                self._pool.stream(
                    "POST",
                    collector.url,
                    headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                    content=body,
                ) as response,
            ):
                return await _answer(collector, response)
        except TimeoutError:
            return _Answer(f"It did not answer within {self._timeout_seconds:g} s.")
        except ForbiddenAddress as error:
            fault = f"It may not be asked: {error}. A private address needs `private = true` in the settings."
            return _Answer(fault, pause=PAUSES[-1])
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            return _Answer(f"It could not be reached ({type(error).__name__}).")


def _encoded(whole: WholeRun, content: bool) -> bytes:
    encoded: bytes = request_of([trace_of_run(whole, content=content)]).SerializeToString()
    return encoded


async def _answer(collector: Collector, response: httpcore.Response) -> _Answer:
    status = response.status
    if 200 <= status < 300:
        await _hear_of_losses(collector, response)
        return _Answer()
    headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
    fault = f"It answered {status}."
    if status in _AGAIN:
        asked = seconds_in(headers.get(b"retry-after"))
        return _Answer(fault, pause=min(timedelta(seconds=asked), PAUSE_MAX) if asked else None)
    if status in _BY_SETTINGS or 300 <= status < 400:
        return _Answer(f"{fault} Its address or a header in the settings is wrong.", pause=PAUSES[-1])
    return _Answer(fault, is_refused=True)


async def _hear_of_losses(collector: Collector, response: httpcore.Response) -> None:
    """A collector may take a request and drop some of its spans. They must not be sent again, but it is said."""
    read = b""
    async for piece in response.aiter_stream():
        read += piece
        if len(read) > ANSWER_BYTES_MAX:
            return
    try:
        dropped = ExportTraceServiceResponse.FromString(read).partial_success.rejected_spans
    except DecodeError:
        return
    if dropped > 0:
        log.warning("%s dropped %s of the spans that it was sent.", collector.name, dropped)
