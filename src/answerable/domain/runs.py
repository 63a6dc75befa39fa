"""One attempt to answer a turn, and its timed steps."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from answerable.domain.conversations import DecisionKind

UNEXPECTED = "Something went wrong inside the agent."
"""Why a run failed for which the program has no other words."""

RunState = Literal["running", "finished", "failed", "given_up"]

REPLIED: frozenset[RunState] = frozenset({"finished", "failed"})
"""Brought to an end with a reply, if only to say that a person takes over."""

SpanKind = Literal["agent", "model", "retrieval", "action", "classifier", "guard", "handoff", "grader", "policy"]

SpanState = Literal["done", "failed", "held"]


@dataclass(frozen=True, slots=True)
class Usage:
    """What model calls used."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost_micros: int = 0
    """Millionths of a US dollar; 0 where the price of the model is not known."""


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt to answer a turn under one release."""

    id: str
    turn_id: str
    conversation_id: str
    release: int
    model: str
    state: RunState
    decision: DecisionKind | None
    confidence: float | None
    reason: str | None
    usage: Usage
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Span:
    """A timed step of a run. The console says "step"."""

    id: str
    run_id: str
    parent_id: str | None
    number: int
    """Its place in the run, from 1."""
    kind: SpanKind
    name: str
    summary: str
    """What came of it, in a few words for a rep."""
    state: SpanState
    input: Any
    """JSON."""
    output: Any
    """JSON."""
    error: str | None
    usage: Usage
    started_at: datetime
    duration_us: int
    """Microseconds."""
