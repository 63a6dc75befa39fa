"""A run's ledger: what was asked of each step, what it gave, how long it took.

The ledger is at once the trace that people read, the checkpoint from which a run that was cut off goes on, and the
recording that a replay is answered from: there is no second record.
"""

import asyncio
import logging
from typing import Any

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.runs import Run, Span, SpanKind
from answerable.store import Store, events, runs
from answerable.traces.steps import Step, Steps, input_digest

log = logging.getLogger(__name__)

# A short run's steps are written together with its reply: a transaction for each would double what a turn costs.
WRITE_EVERY_SECONDS = 0.2


class Ledger(Steps):
    """Records the steps of one run, in order, without making the run wait for the disk.

    Steps are written behind the run's back in batches, and whatever is not yet written when the run ends is written
    in the very transaction that keeps its reply: a reply never exists without its ledger. A run that is cut off does
    again at most what it did in its last `WRITE_EVERY_SECONDS`.
    """

    def __init__(self, store: Store, run: Run, recorded: list[Span] | None = None) -> None:
        super().__init__(run)
        self._store = store
        self._spans = list(recorded or ())
        self._to_take = list(recorded or ())
        self._calls = [span for span in self._spans if span.kind == "model" and span.state == "done"]
        self._waiting: list[Span] = []
        self._writing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._taken = {span.number for span in self._spans}

    def take_call(self, number: int, request: dict[str, Any]) -> Span | None:
        """What the model answered before the run was cut off, as long as it is asked the same."""
        if number > len(self._calls):
            return None
        span = self._calls[number - 1]
        if span.input["digest"] != request["digest"]:
            # The run goes another way than before: from here on everything is asked anew.
            self._calls = self._calls[: number - 1]
            return None
        return span

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

    def _take(self, kind: SpanKind, name: str, asked: Any) -> Span | None:
        if not self._to_take:
            return None
        wanted = input_digest(asked)
        for place, span in enumerate(self._to_take):
            if (span.kind, span.name, span.state) == (kind, name, "done") and input_digest(span.input) == wanted:
                return self._to_take.pop(place)
        return None

    def _given(self, recorded: Span, step: Step) -> None:
        """Nothing more is to be kept of it."""

    def _keep(self, span: Span) -> None:
        super()._keep(span)
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


def _record(db: Connection, run: Run, batch: list[Span]) -> None:
    runs.record(db, batch)
    at = now()
    content = [{"run_id": run.id, "turn_id": run.turn_id, "number": span.number} for span in batch]
    events.append_all(db, run.conversation_id, [("step", each, at, False) for each in content])
