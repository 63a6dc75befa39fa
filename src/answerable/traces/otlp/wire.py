"""Records and OpenTelemetry's own types, there and back without loss, and both encodings of those.

Three things are not kept, since they mean nothing: a resource or scope without spans; the first of two attributes of
one name, which the specification forbids; and references into the dictionary of a profile, which traces do not have.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, EntityRef, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as WireResource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from answerable.domain.errors import Invalid
from answerable.traces.otlp.understanding import understood
from answerable.traces.records import (
    Attributes,
    Entity,
    Resource,
    Scope,
    StepEvent,
    StepLink,
    StepRecord,
    Told,
    TraceRecord,
    Value,
)

TRACE_ID_BYTES = 16
STEP_ID_BYTES = 8
NS_MAX = 2**64 - 1

TraceSpans = tuple[str, StepRecord]
"""The id of a trace, and a step of it."""


# -- from the wire -----------------------------------------------------------------------------------------------------


def steps_of(request: TracesData) -> Iterator[TraceSpans]:
    """The steps that a request tells of, each with the id of its trace. Raises Invalid for ids that are none."""
    for of_resource in request.resource_spans:
        resource = Resource(
            attributes=_attributes(of_resource.resource.attributes),
            dropped_attributes=of_resource.resource.dropped_attributes_count,
            entities=tuple(
                Entity(each.type, tuple(each.id_keys), tuple(each.description_keys), each.schema_url)
                for each in of_resource.resource.entity_refs
            ),
            schema_url=of_resource.schema_url,
        )
        for of_scope in of_resource.scope_spans:
            scope = Scope(
                name=of_scope.scope.name,
                version=of_scope.scope.version,
                attributes=_attributes(of_scope.scope.attributes),
                dropped_attributes=of_scope.scope.dropped_attributes_count,
                schema_url=of_scope.schema_url,
            )
            for span in of_scope.spans:
                yield trace_id_of(span), _step(span, resource, scope)


def trace_id_of(span: Span) -> str:
    """The id of a span's trace. Raises Invalid if it is none."""
    return _id(span.trace_id, TRACE_ID_BYTES, f"The trace of the span “{span.name}”")


def _step(span: Span, resource: Resource, scope: Scope) -> StepRecord:
    told = Told(
        attributes=_attributes(span.attributes),
        events=tuple(
            StepEvent(each.name, each.time_unix_nano, _attributes(each.attributes), each.dropped_attributes_count)
            for each in span.events
        ),
        links=tuple(
            StepLink(
                trace_id=each.trace_id.hex(),
                step_id=each.span_id.hex(),
                trace_state=each.trace_state,
                attributes=_attributes(each.attributes),
                dropped_attributes=each.dropped_attributes_count,
                flags=each.flags,
            )
            for each in span.links
        ),
        span_kind=span.kind,
        status=span.status.code,
        status_message=span.status.message,
        trace_state=span.trace_state,
        flags=span.flags,
        dropped_attributes=span.dropped_attributes_count,
        dropped_events=span.dropped_events_count,
        dropped_links=span.dropped_links_count,
        resource=resource,
        scope=scope,
    )
    return understood(
        step_id=_id(span.span_id, STEP_ID_BYTES, f"The span “{span.name}”"),
        parent_id=span.parent_span_id.hex() or None,
        name=span.name,
        started_ns=span.start_time_unix_nano,
        duration_ns=span.end_time_unix_nano - span.start_time_unix_nano,
        told=told,
    )


def _id(number: bytes, length: int, whose: str) -> str:
    if len(number) != length or not any(number):
        raise Invalid(f"{whose} has no id of {length} bytes.")
    return number.hex()


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Value:
    kind = value.WhichOneof("value")
    match kind:
        case None | "string_value_strindex":
            return None
        case "array_value":
            return tuple(_value(each) for each in value.array_value.values)
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
    plain: bool | int | float | str | bytes = getattr(value, kind)
    return plain


# -- to the wire -------------------------------------------------------------------------------------------------------


def request_of(traces: Iterable[TraceRecord]) -> TracesData:
    """The request that tells of these traces: what came in by `steps_of` goes out with the same meaning."""
    request = TracesData()
    places: dict[bytes, ResourceSpans] = {}
    scopes: dict[tuple[bytes, bytes], ScopeSpans] = {}
    for trace in traces:
        for step in trace.steps:
            of_resource = _wire_resource(step.told.resource)
            resource_key = of_resource.SerializeToString(deterministic=True)
            if resource_key not in places:
                request.resource_spans.append(of_resource)
                places[resource_key] = request.resource_spans[-1]
            of_scope = _wire_scope(step.told.scope)
            scope_key = (resource_key, of_scope.SerializeToString(deterministic=True))
            if scope_key not in scopes:
                spans_of_resource = places[resource_key].scope_spans
                spans_of_resource.append(of_scope)
                scopes[scope_key] = spans_of_resource[-1]
            scopes[scope_key].spans.append(_wire_span(trace.id, step))
    return request


def _wire_resource(resource: Resource) -> ResourceSpans:
    return ResourceSpans(
        resource=WireResource(
            attributes=wire_attributes(resource.attributes),
            dropped_attributes_count=resource.dropped_attributes,
            entity_refs=[
                EntityRef(
                    type=each.kind,
                    id_keys=each.id_keys,
                    description_keys=each.description_keys,
                    schema_url=each.schema_url,
                )
                for each in resource.entities
            ],
        ),
        schema_url=resource.schema_url,
    )


def _wire_scope(scope: Scope) -> ScopeSpans:
    return ScopeSpans(
        scope=InstrumentationScope(
            name=scope.name,
            version=scope.version,
            attributes=wire_attributes(scope.attributes),
            dropped_attributes_count=scope.dropped_attributes,
        ),
        schema_url=scope.schema_url,
    )


def _wire_span(trace_id: str, step: StepRecord) -> Span:
    told = step.told
    span = Span(
        trace_id=bytes.fromhex(trace_id),
        span_id=bytes.fromhex(step.id),
        parent_span_id=bytes.fromhex(step.parent_id or ""),
        trace_state=told.trace_state,
        flags=told.flags,
        name=step.name,
        start_time_unix_nano=step.started_ns,
        end_time_unix_nano=step.started_ns + step.duration_ns,
        attributes=wire_attributes(told.attributes),
        dropped_attributes_count=told.dropped_attributes,
        events=[
            Span.Event(
                time_unix_nano=each.at_ns,
                name=each.name,
                attributes=wire_attributes(each.attributes),
                dropped_attributes_count=each.dropped_attributes,
            )
            for each in told.events
        ],
        dropped_events_count=told.dropped_events,
        links=[
            Span.Link(
                trace_id=bytes.fromhex(each.trace_id),
                span_id=bytes.fromhex(each.step_id),
                trace_state=each.trace_state,
                attributes=wire_attributes(each.attributes),
                dropped_attributes_count=each.dropped_attributes,
                flags=each.flags,
            )
            for each in told.links
        ],
        dropped_links_count=told.dropped_links,
    )
    # A number that a later specification gives a meaning is kept; the constructor takes the names of today alone.
    span.kind = told.span_kind  # type: ignore[assignment]
    span.status.code = told.status  # type: ignore[assignment]
    span.status.message = told.status_message
    return span


def wire_attributes(attributes: Attributes) -> list[KeyValue]:
    """Attributes as OpenTelemetry has them."""
    return [KeyValue(key=key, value=_wire_value(value)) for key, value in attributes.items()]


def _wire_value(value: Value) -> AnyValue:
    wire = AnyValue()
    match value:
        case None:
            pass
        # A truth value is a number too, in Python.
        case bool():
            wire.bool_value = value
        case int():
            wire.int_value = value
        case float():
            wire.double_value = value
        case str():
            wire.string_value = value
        case bytes():
            wire.bytes_value = value
        case tuple():
            wire.array_value.SetInParent()
            wire.array_value.values.extend(_wire_value(each) for each in value)
        case Mapping():
            wire.kvlist_value.SetInParent()
            wire.kvlist_value.values.extend(wire_attributes(value))
    return wire


# -- JSON --------------------------------------------------------------------------------------------------------------
# OTLP/JSON is protobuf's own JSON but for two things: ids are hexadecimal, and enumerations are numbers.


def to_json(request: TracesData) -> bytes:
    """A request as OTLP/JSON, on one line without its end."""
    document = MessageToDict(request, use_integers_for_enums=True)
    _change_ids(document, lambda text: base64.b64decode(text).hex())
    return msgspec.json.encode(document)


def from_json(text: bytes) -> TracesData:
    """The request that is written in OTLP/JSON. Raises Invalid with a sentence for anything else."""
    try:
        document = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"This is not JSON: {error}.") from error
    _refuse_others(document)
    try:
        _change_ids(document, _from_hex)
        request = TracesData()
        ParseDict(document, request, ignore_unknown_fields=True)
    except (ParseError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise Invalid(f"This is not OTLP: {error}") from error
    return request


def _refuse_others(document: Any) -> None:
    if not isinstance(document, dict):
        raise Invalid("This is JSON, but no trace: OTLP has an object with `resourceSpans` here.")
    if not document or "resourceSpans" in document:
        return
    for key, what in (("resourceLogs", "log lines"), ("resourceMetrics", "metrics"), ("resourceProfiles", "profiles")):
        if key in document:
            raise Invalid(f"These are {what} of OpenTelemetry, and no traces.")
    if "data" in document or str(document.get("object", "")).startswith("trace"):
        raise Invalid("This is no OTLP. It looks like a trace of the OpenAI Agents SDK, or of another tool.")
    known = ", ".join(sorted(document)[:5])
    raise Invalid(f"This is JSON, but no trace as OTLP has it: it has {known}, and no `resourceSpans`.")


def _change_ids(document: Any, change: Callable[[str], str]) -> None:
    for of_resource in document.get("resourceSpans") or ():
        for of_scope in of_resource.get("scopeSpans") or ():
            for span in of_scope.get("spans") or ():
                _change(span, ("traceId", "spanId", "parentSpanId"), change)
                for link in span.get("links") or ():
                    _change(link, ("traceId", "spanId"), change)


def _change(owner: dict[str, Any], keys: tuple[str, ...], change: Callable[[str], str]) -> None:
    for key in keys:
        if owner.get(key):
            owner[key] = change(owner[key])


def _from_hex(text: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except (binascii.Error, ValueError, TypeError) as error:
        raise ParseError(f"an id is hexadecimal in OTLP/JSON, and this is not: {str(text)[:40]}") from error
