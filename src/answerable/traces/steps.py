"""The steps of a run as they are done: `with steps.step(kind, name, input) as step`.

What a step needs from outside is asked for only if the step is not recorded. So the same code answers a turn live, goes
on with a run that was cut off, and replays one: they differ in where recorded steps come from, and where new ones go.
"""

import hashlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.domain.runs import Run, Span, SpanKind, SpanState, Usage
from answerable.store.types import decode_json, encode_json

_within: ContextVar[str | None] = ContextVar("step", default=None)


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
    """True if it is recorded: `output` is what was recorded, and it must not be done again."""


class Steps(ABC):
    """The steps of one run, in order."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._spans: list[Span] = []
        self._taken: set[int] = set()
        self._last_number = 0

    @contextmanager
    def step(self, kind: SpanKind, name: str, input: Any) -> Iterator[Step]:  # noqa: A002 - the field's word
        """A step; it is kept when the block ends, also when it fails."""
        recorded = self._take(kind, name, input)
        if recorded is not None:
            given = _as_step(recorded)
            with _inside(recorded.id):
                yield given
            self._given(recorded, given)
            return
        step, span_id, parent_id = Step(kind, name, input), new_id("spn"), _within.get()
        number = self._next_number()
        started_at, started = now(), time.perf_counter_ns()
        try:
            with _inside(span_id):
                yield step
        except BaseException as error:
            step.state, step.error = "failed", step.error or _in_words(error)
            raise
        finally:
            took = (time.perf_counter_ns() - started) // 1000
            self._keep(_as_span(self.run, step, span_id, parent_id, number, started_at, took))

    def add(self, step: Step, *, started_at: datetime, duration_us: int) -> None:
        """Keeps a step that somebody else timed."""
        number = self._next_number()
        self._keep(_as_span(self.run, step, new_id("spn"), _within.get(), number, started_at, duration_us))

    @abstractmethod
    def take_call(self, number: int, request: dict[str, Any]) -> Span | None:
        """The recorded call of a model, which is the run's call of that number; none if it has to be made.

        `request` is the step's input as it would be recorded, with the digest of what the model is asked.
        """

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
        return [(span.kind, span.duration_us, span.state) for span in self.spans]

    @property
    def spans(self) -> tuple[Span, ...]:
        """The steps so far, in their order."""
        return tuple(sorted(self._spans, key=lambda span: span.number))

    @abstractmethod
    async def flush(self) -> None:
        """Keeps for good what is there: what follows must not be done again in another way. Raises Unavailable."""

    @abstractmethod
    def _take(self, kind: SpanKind, name: str, asked: Any) -> Span | None:
        """The step as it is recorded, if it is not to be done."""

    @abstractmethod
    def _given(self, recorded: Span, step: Step) -> None:
        """A recorded step has been taken; `step` is what its block has made of it."""

    def _keep(self, span: Span) -> None:
        self._spans.append(span)

    def _next_number(self) -> int:
        """Steps run side by side: if a later one was recorded when the run was cut off, the earlier one, done again,
        takes the place that it had.
        """
        self._last_number += 1
        while self._last_number in self._taken:
            self._last_number += 1
        return self._last_number


def input_digest(asked: Any) -> str:
    """SHA-256 over the canonical JSON of what was asked."""
    return hashlib.sha256(msgspec.json.encode(as_kept(asked), order="sorted")).hexdigest()


def as_kept(value: Any) -> Any:
    """A value as it comes back from the database."""
    return decode_json(encode_json(msgspec.to_builtins(value)))


@contextmanager
def _inside(span_id: str) -> Iterator[None]:
    token = _within.set(span_id)
    try:
        yield
    finally:
        _within.reset(token)


def _as_span(
    run: Run, step: Step, span_id: str, parent_id: str | None, number: int, started_at: datetime, duration_us: int
) -> Span:
    return Span(
        id=span_id,
        run_id=run.id,
        parent_id=parent_id,
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
