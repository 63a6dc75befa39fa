"""Any request that OpenTelemetry allows, any run of ours, and when two requests mean the same."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    EntityRef,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status, TracesData

from answerable.domain.conversations import Conversation, DecisionKind
from answerable.domain.runs import Run, RunState, SpanKind, SpanState, Usage
from answerable.domain.runs import Span as OwnSpan
from answerable.traces.otlp import names
from answerable.traces.whole_runs import WholeRun

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)

words = st.text(max_size=12)
_small = st.integers(0, 2**32 - 1)
_times = st.integers(0, 2**64 - 1)
_numbers = st.integers(-(2**63), 2**63 - 1)
# What a NaN carries beside being none is not kept by JSON.
_floats = st.floats().map(lambda number: math.nan if math.isnan(number) else number)


def _pairs(values: st.SearchStrategy[AnyValue], keys: st.SearchStrategy[str] = words) -> Any:
    pair = st.builds(lambda key, value: KeyValue(key=key, value=value), keys, values)
    return st.lists(pair, max_size=4, unique_by=lambda each: each.key)


values = st.recursive(
    st.one_of(
        st.just(AnyValue()),
        words.map(lambda each: AnyValue(string_value=each)),
        st.booleans().map(lambda each: AnyValue(bool_value=each)),
        _numbers.map(lambda each: AnyValue(int_value=each)),
        _floats.map(lambda each: AnyValue(double_value=each)),
        st.binary(max_size=8).map(lambda each: AnyValue(bytes_value=each)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: AnyValue(array_value=ArrayValue(values=each))),
        _pairs(inner).map(lambda each: AnyValue(kvlist_value=KeyValueList(values=each))),
    ),
    max_leaves=6,
)
_known = [value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)]
attributes = _pairs(values, st.one_of(words, st.sampled_from([*_known, "gen_ai.prompt.0.content"])))
_messages = st.sampled_from(
    [*names.ROLE_OF_EVENT, names.CHOICE_EVENT, names.DETAILS_EVENT, names.PROMPT_EVENT, "exception"]
)
_id16 = st.binary(min_size=16, max_size=16).filter(any)
_id8 = st.binary(min_size=8, max_size=8).filter(any)

events = st.builds(
    Span.Event,
    time_unix_nano=_times,
    name=st.one_of(words, _messages),
    attributes=attributes,
    dropped_attributes_count=_small,
)
links = st.builds(
    Span.Link,
    trace_id=_id16,
    span_id=_id8,
    trace_state=words,
    attributes=attributes,
    dropped_attributes_count=_small,
    flags=_small,
)
statuses = st.builds(Status, message=words, code=st.integers(0, 2))
# A few traces, so that steps of one stand in several places.
_some_traces = st.sampled_from([bytes([number]) * 16 for number in (1, 2, 3)])
spans = st.builds(
    Span,
    trace_id=_some_traces,
    span_id=_id8,
    parent_span_id=st.one_of(st.just(b""), _id8),
    trace_state=words,
    flags=_small,
    name=words,
    kind=st.integers(0, 5),
    start_time_unix_nano=_times,
    end_time_unix_nano=_times,
    attributes=attributes,
    dropped_attributes_count=_small,
    events=st.lists(events, max_size=2),
    dropped_events_count=_small,
    links=st.lists(links, max_size=2),
    dropped_links_count=_small,
    status=statuses,
)
_entities = st.builds(
    EntityRef,
    schema_url=words,
    type=words,
    id_keys=st.lists(words, max_size=2),
    description_keys=st.lists(words, max_size=2),
)
_resources = st.builds(
    Resource, attributes=attributes, dropped_attributes_count=_small, entity_refs=st.lists(_entities, max_size=2)
)
_scopes = st.builds(
    InstrumentationScope, name=words, version=words, attributes=attributes, dropped_attributes_count=_small
)
requests = st.builds(
    TracesData,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=_resources,
            schema_url=words,
            scope_spans=st.lists(
                st.builds(ScopeSpans, scope=_scopes, schema_url=words, spans=st.lists(spans, max_size=3)), max_size=2
            ),
        ),
        max_size=2,
    ),
)


def meaning(*told: TracesData) -> list[tuple[bytes, bytes, bytes]]:
    """Each span with its resource and scope; in which request, group and order they stand means nothing."""
    found = []
    for request in told:
        for of_resource in request.resource_spans:
            resource = ResourceSpans(resource=of_resource.resource, schema_url=of_resource.schema_url)
            for of_scope in of_resource.scope_spans:
                scope = ScopeSpans(scope=of_scope.scope, schema_url=of_scope.schema_url)
                found += [(_bytes(resource), _bytes(scope), _bytes(span)) for span in of_scope.spans]
    return sorted(found)


def _bytes(message: Any) -> bytes:
    """A message that is not there, and one in which nothing is said, are the same."""
    copy = type(message)()
    copy.CopyFrom(message)
    for name in ("resource", "scope", "status"):
        if name in copy.DESCRIPTOR.fields_by_name:
            getattr(copy, name).SetInParent()
    whole: bytes = copy.SerializeToString(deterministic=True)
    return whole


# -- runs of ours ------------------------------------------------------------------------------------------------------

moments = st.datetimes(
    # Hypothesis adds the zone.
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(2400, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
    # As the store gives them back.
).map(lambda value: msgspec.json.decode(msgspec.json.encode(value)))
_items = st.one_of(
    st.builds(lambda role, text: {"role": role, "content": text}, st.sampled_from(["user", "assistant"]), words),
    st.builds(lambda text: {"type": "message", "content": [{"type": "output_text", "text": text}]}, words),
    st.builds(
        lambda name: {"type": "function_call", "call_id": "c1", "name": name, "arguments": "{}"},
        words,
    ),
    json_values,
)
_asked = st.one_of(
    json_values,
    st.fixed_dictionaries(
        {"model": words},
        optional={
            "instructions": words,
            "input": st.one_of(words, st.lists(_items, max_size=3)),
            "tools": st.lists(json_values, max_size=2),
            "settings": json_values,
        },
    ),
    st.fixed_dictionaries({"action": words, "arguments": json_values, "key": json_values}),
    st.fixed_dictionaries({"query": words, "release": st.integers(0, 99)}),
    st.fixed_dictionaries({"procedure": json_values}),
)
_given = st.one_of(
    json_values,
    st.fixed_dictionaries({"output": st.lists(_items, max_size=2), "response_id": json_values}),
    st.fixed_dictionaries(
        {"hits": st.lists(st.fixed_dictionaries({"passage_id": words, "score": json_values}), max_size=2)}
    ),
)
_usages = st.builds(Usage, st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1))


def _step(number: int, draw: st.DrawFn) -> OwnSpan:
    state: SpanState = draw(st.sampled_from(get_args(SpanState)))
    return OwnSpan(
        id=f"spn_{number}",
        run_id="run_1",
        parent_id=draw(st.sampled_from([None, "spn_1", "spn_99"])),
        number=number,
        kind=draw(st.sampled_from(get_args(SpanKind))),
        name=draw(words),
        summary=draw(words),
        state=state,
        input=draw(_asked),
        output=draw(_given),
        error=draw(st.one_of(words, st.just("NotFoundError: There is no such charge."))) if state == "failed" else None,
        usage=draw(_usages),
        started_at=draw(moments),
        duration_us=draw(st.integers(0, 2**40)),
    )


@st.composite
def whole_runs(draw: st.DrawFn) -> WholeRun:
    """Any run, whatever its steps say."""
    started_at = draw(moments)
    run = Run(
        id="run_1",
        turn_id="trn_1",
        conversation_id="con_1",
        release=draw(st.integers(0, 2**31 - 1)),
        model=draw(st.one_of(words, st.just("embedded"))),
        state=draw(st.sampled_from(get_args(RunState))),
        decision=draw(st.one_of(st.none(), st.sampled_from(get_args(DecisionKind)))),
        confidence=draw(st.one_of(st.none(), st.floats(0, 1))),
        reason=draw(st.one_of(st.none(), words)),
        usage=draw(_usages),
        started_at=started_at,
        ended_at=draw(st.one_of(st.none(), st.just(started_at + timedelta(seconds=3)))),
    )
    return WholeRun(
        run=run,
        steps=tuple(_step(number, draw) for number in range(1, draw(st.integers(0, 4)) + 1)),
        conversation=conversation(language=draw(st.one_of(st.none(), st.just("de")))),
        said=tuple(draw(st.lists(words, max_size=2))),
        reply=draw(st.one_of(st.none(), words)),
    )


def conversation(language: str | None = None) -> Conversation:
    """Of Ines, in the chat."""
    return Conversation(
        id="con_1",
        customer_id="cus_1",
        surface="chat",
        subject="My money back",
        status="open",
        handled_by="agent",
        waiting_on="customer",
        assignee_id=None,
        release=0,
        language=language,
        why=None,
        running_turn_id=None,
        opened_at=NOON,
        changed_at=NOON,
    )
