"""A run's ledger: what was asked of each step, what it gave, how long it took.

The ledger is at once the trace that people read and the checkpoint from which a run that was cut off goes on: a step
that is recorded is not done again, its recorded output is given instead.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.domain.runs import Run, Span, SpanKind, SpanState, Usage
from answerable.store import Store, events, runs

log = logging.getLogger(__name__)

# A short run's steps are written together with its reply: a transaction for each would double what a turn costs.
WRITE_EVERY_SECONDS = 0.2


@dataclass(slots=True)
class Step:
    """A step under way. Whoever does it fills in what came of it."""

    kind: SpanKind
    name: str
    input: Any
    output: Any = None
    summary: str = ""
    state: SpanState = "done"
    error: str | None = None
    usage: Usage = field(default_factory=Usage)
    recorded: bool = False
    """True if the ledger had it already: `output` is what was recorded, and it must not be done again."""


class Ledger:
    """Records the steps of one run, in order, without making the run wait for the disk.

    Steps are written behind the run's back in batches, and whatever is not yet written when the run ends is written
    in the very transaction that keeps its reply: a reply never exists without its ledger. A run that is cut off does
    again at most what it did in its last `WRITE_EVERY_SECONDS`.
    """

    def __init__(self, store: Store, run: Run, recorded: list[Span] | None = None) -> None:
        self._store = store
        self.run = run
        self._spans: list[Span] = list(recorded or ())
        self._replayable = list(recorded or ())
        self._waiting: list[Span] = []
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._taken = {span.number for span in self._spans}
        self._last_number = 0

    @contextmanager
    def step(self, kind: SpanKind, name: str, input: Any) -> Iterator[Step]:  # noqa: A002 - the field's word
        """A step; it is recorded when the block ends, also when it fails."""
        recorded = self._take_recorded(kind, input)
        if recorded is not None:
            yield _as_step(recorded)
            return
        step = Step(kind, name, input)
        number = self._next_number()
        started_at, started = now(), time.perf_counter_ns()
        try:
            yield step
        except BaseException as error:
            step.state, step.error = "failed", step.error or _in_words(error)
            raise
        finally:
            self._keep(step, number, started_at, (time.perf_counter_ns() - started) // 1000)

    def add(self, step: Step, *, started_at: datetime, duration_us: int) -> None:
        """Records a step that somebody else timed."""
        self._keep(step, self._next_number(), started_at, duration_us)

    @property
    def usage(self) -> Usage:
        """What all model calls of the run used together."""
        return Usage(
            sum(span.usage.tokens_in for span in self._spans),
            sum(span.usage.tokens_out for span in self._spans),
            sum(span.usage.cost_micros for span in self._spans),
        )

    @property
    def strip(self) -> list[tuple[str, int, str]]:
        """Kind, duration in microseconds and state of each step: the bar code of the run."""
        return [(span.kind, span.duration_us, span.state) for span in sorted(self._spans, key=lambda span: span.number)]

    @property
    def spans(self) -> tuple[Span, ...]:
        """The steps so far."""
        return tuple(self._spans)

    async def flush(self) -> None:
        """Writes what is waiting now: what follows must not be done again in another way. Raises Unavailable."""
        await self.settle()
        batch, self._waiting, self._timer = self._waiting, [], None
        if not batch:
            return
        try:
            await self._store.write(_record, self.run, batch)
        except BaseException:
            self._waiting = [*batch, *self._waiting]
            raise

    async def settle(self) -> None:
        """Waits until nothing is being written; what is still waiting is left for `write_rest`."""
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing

    def write_rest(self, db: Connection) -> None:
        """Writes what is still waiting, in the caller's transaction, which may be tried again; call `settle` first."""
        if self._waiting:
            _record(db, self.run, self._waiting)

    def _next_number(self) -> int:
        """Steps run side by side: if a later one was recorded when the run was cut off, the earlier one, done again,
        takes the place that it had.
        """
        self._last_number += 1
        while self._last_number in self._taken:
            self._last_number += 1
        return self._last_number

    def _take_recorded(self, kind: SpanKind, asked: Any) -> Span | None:
        if not self._replayable:
            return None
        wanted = input_digest(asked)
        for place, span in enumerate(self._replayable):
            if span.kind == kind and span.state == "done" and input_digest(span.input) == wanted:
                return self._replayable.pop(place)
        return None

    def _keep(self, step: Step, number: int, started_at: datetime, duration_us: int) -> None:
        span = Span(
            id=new_id("spn"),
            run_id=self.run.id,
            parent_id=None,
            number=number,
            kind=step.kind,
            name=step.name,
            summary=step.summary,
            state=step.state,
            input=msgspec.to_builtins(step.input),
            output=msgspec.to_builtins(step.output),
            error=step.error,
            usage=step.usage,
            started_at=started_at,
            duration_us=duration_us,
        )
        self._spans.append(span)
        self._waiting.append(span)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_EVERY_SECONDS, self._begin_to_write)

    def _begin_to_write(self) -> None:
        self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        batch: list[Span] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._store.write(_record, self.run, batch)
        except Exception:
            # Nothing is lost: they are written with the reply.
            log.warning("Steps of run %s could not be written yet.", self.run.id, exc_info=True)
            self._waiting = [*batch, *self._waiting]
        finally:
            self._timer = None


def input_digest(asked: Any) -> str:
    """SHA-256 over the canonical JSON of what was asked."""
    return hashlib.sha256(msgspec.json.encode(msgspec.to_builtins(asked), order="sorted")).hexdigest()


def _record(db: Connection, run: Run, batch: list[Span]) -> None:
    runs.record(db, batch)
    at = now()
    content = [{"run_id": run.id, "turn_id": run.turn_id, "number": span.number} for span in batch]
    events.append_all(db, run.conversation_id, [("step", each, at, False) for each in content])


def _as_step(span: Span) -> Step:
    return Step(
        kind=span.kind,
        name=span.name,
        input=span.input,
        output=span.output,
        summary=span.summary,
        state=span.state,
        error=span.error,
        usage=span.usage,
        recorded=True,
    )


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
