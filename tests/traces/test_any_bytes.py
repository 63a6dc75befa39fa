"""Whatever stands in a file of traces: it is read, or refused with a sentence."""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from answerable.domain.errors import AnswerableError
from answerable.traces.agents_sdk import read_agents_sdk
from answerable.traces.otlp.files import read_otlp
from answerable.traces.otlp.wire import request_of, to_json
from tests.traces.generated import requests, words

FEW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
_KEYS = [
    "resourceSpans", "scopeSpans", "spans", "links", "events", "attributes", "resource", "scope", "status", "key",
    "value", "stringValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue", "values", "traceId",
    "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "data", "object", "id",
    "trace_id", "parent_id", "started_at", "ended_at", "span_data", "type", "error", "group_id", "usage", "input",
    "output",
]  # fmt: skip
_anything = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        words,
        st.sampled_from(
            ["ab" * 16, "cd" * 8, "trace", "trace.span", "generation", "2026-11-23T10:00:00Z", "NaN", "-1"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.sampled_from(_KEYS), words), inner, max_size=5)
    ),
    max_leaves=20,
)
_span = st.fixed_dictionaries({"traceId": st.just("ab" * 16), "spanId": st.just("cd" * 8), "attributes": _anything})
_nearly_otlp = st.one_of(_span, st.fixed_dictionaries({"spanId": _anything, "links": _anything})).map(
    lambda span: {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
)
_item = st.fixed_dictionaries(
    {
        "object": st.sampled_from(["trace", "trace.span"]),
        "id": words,
        "trace_id": words,
        "started_at": st.sampled_from(["2026-11-23T10:00:00Z", "0001-01-01", "noon"]),
        "ended_at": _anything,
        "span_data": st.dictionaries(st.sampled_from(["type", "name", "data", *_KEYS]), _anything, max_size=5),
    },
    optional={"error": _anything, "metadata": _anything, "parent_id": _anything, "group_id": _anything},
)
_lines = st.lists(st.one_of(_anything, _nearly_otlp, _item, _item.map(lambda item: {"data": [item]})), max_size=3)


def _read(folder: Path, content: bytes) -> None:
    file = folder / "traces"
    file.write_bytes(content)
    for read in (read_otlp, read_agents_sdk):
        with contextlib.suppress(AnswerableError):
            # And what is read can go out.
            to_json(request_of(read(file, clock=lambda: datetime(2026, 11, 24, tzinfo=UTC))))


@FEW
@given(_lines)
def test_any_lines_of_json(tmp_path_factory: pytest.TempPathFactory, lines: list[object]) -> None:
    _read(tmp_path_factory.mktemp("any"), b"".join(json.dumps(line).encode() + b"\n" for line in lines))


@FEW
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda rest: b"\x0a" + rest)))
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _read(tmp_path_factory.mktemp("any"), content)


@FEW
@given(requests, st.booleans(), st.integers(0, 10_000), st.integers(0, 255))
def test_any_damage(
    tmp_path_factory: pytest.TempPathFactory, request_: TracesData, as_json: bool, place: int, byte: int
) -> None:
    content = bytearray(to_json(request_) if as_json else request_.SerializeToString())
    if content:
        content[place % len(content)] = byte
    folder = tmp_path_factory.mktemp("any")
    _read(folder, bytes(content))
    _read(folder, bytes(content[: place % (len(content) + 1)]))
