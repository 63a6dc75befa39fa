"""A trace of any program, in the words of this house, with all that it said beyond them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from answerable.domain.runs import SpanKind, SpanState, Usage

StepKind = SpanKind | Literal["other"]
"""Other: what no convention that we know speaks of, such as a request to a database."""

Value: TypeAlias = "bool | int | float | str | bytes | tuple[Value, ...] | Mapping[str, Value] | None"
Attributes: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Entity:
    """Which attributes of a resource name a thing, such as a service or a machine."""

    kind: str
    id_keys: tuple[str, ...]
    description_keys: tuple[str, ...] = ()
    schema_url: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """The program that a step was done by."""

    attributes: Attributes = field(default_factory=dict)
    dropped_attributes: int = 0
    entities: tuple[Entity, ...] = ()
    schema_url: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the program that told of a step."""

    name: str = ""
    version: str = ""
    attributes: Attributes = field(default_factory=dict)
    dropped_attributes: int = 0
    schema_url: str = ""


@dataclass(frozen=True, slots=True)
class StepEvent:
    """Something that happened at a moment of a step."""

    name: str
    at_ns: int
    attributes: Attributes = field(default_factory=dict)
    dropped_attributes: int = 0


@dataclass(frozen=True, slots=True)
class StepLink:
    """Another step, of this trace or another, that a step has to do with."""

    trace_id: str
    step_id: str
    trace_state: str = ""
    attributes: Attributes = field(default_factory=dict)
    dropped_attributes: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What an OpenTelemetry span says beside its ids, its name and its time: it goes out as it came in."""

    attributes: Attributes = field(default_factory=dict)
    events: tuple[StepEvent, ...] = ()
    links: tuple[StepLink, ...] = ()
    span_kind: int = 0
    """Internal, server, client, producer or consumer, by the number that OTLP gives it."""
    status: int = 0
    """Unset, ok or error, likewise."""
    status_message: str = ""
    trace_state: str = ""
    flags: int = 0
    dropped_attributes: int = 0
    dropped_events: int = 0
    dropped_links: int = 0
    resource: Resource = field(default_factory=Resource)
    scope: Scope = field(default_factory=Scope)


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step of a trace. `kind`, `input`, `output`, `state`, `error` and `usage` are read from `told`."""

    id: str
    """16 hexadecimal digits."""
    parent_id: str | None
    name: str
    kind: StepKind
    input: Any
    """JSON; messages as the newest conventions write them, whichever they came in."""
    output: Any
    """JSON, likewise."""
    state: SpanState
    error: str | None
    usage: Usage
    started_ns: int
    """Nanoseconds since 1970, in UTC."""
    duration_ns: int
    told: Told


@dataclass(frozen=True, slots=True)
class TraceRecord:
    """All steps of one trace, in the order of their beginning."""

    id: str
    """32 hexadecimal digits."""
    name: str
    service: str | None
    """The program that it was recorded in."""
    conversation_id: str | None
    said: str | None
    """What the customer said, if the trace tells it."""
    reply: str | None
    """What they were told, likewise."""
    steps: tuple[StepRecord, ...]
