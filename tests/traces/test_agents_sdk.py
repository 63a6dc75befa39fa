"""Traces that the OpenAI Agents SDK recorded come in whole, and can go out over OTLP."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, function_tool
from agents.testing import ScriptedModel, assistant_message, function_call
from agents.tracing import Span as SdkSpan
from agents.tracing import (
    Trace,
    custom_span,
    guardrail_span,
    handoff_span,
    set_trace_processors,
    speech_span,
    trace,
)
from agents.tracing.processor_interface import TracingExporter
from agents.tracing.processors import BatchTraceProcessor
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.domain.errors import AnswerableError
from answerable.domain.runs import Usage
from answerable.traces.agents_sdk import read_agents_sdk
from answerable.traces.otlp import names
from answerable.traces.otlp.wire import from_json, request_of, steps_of, to_json
from tests.traces.generated import NOON, json_values


class _ToFile(TracingExporter):
    """Writes each body that the SDK's own exporter would post, as a line."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def export(self, items: list[Trace | SdkSpan[Any]]) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"data": [item.export() for item in items]}) + "\n")


@function_tool
def track(parcel: int) -> str:
    """Where a parcel is."""
    return f"Parcel {parcel} is in Lisbon."


async def test_a_run_of_the_sdk_comes_in_whole(tmp_path: Path) -> None:
    file = tmp_path / "sdk.jsonl"
    processor = BatchTraceProcessor(_ToFile(file), max_batch_size=2)
    set_trace_processors([processor])
    try:
        model = ScriptedModel(
            [
                [function_call("track", {"parcel": 5}, call_id="c1")],
                [assistant_message("It is in Lisbon.")],
            ]
        )
        with trace("Support", group_id="chat-9", metadata={"shop": "Lisbon"}):
            await Runner.run(Agent("Shop", model=model, tools=[track]), "Where is it?", run_config=RunConfig())
            with guardrail_span("No promises", triggered=True), handoff_span("Shop", "Billing"):
                pass
            with custom_span("Look up", {"in": "cache"}) as span, speech_span(model="tts-1"):
                span.set_error({"message": "Not there.", "data": None})
    finally:
        set_trace_processors([])
        # It posts what waits.
        processor.shutdown()

    (read,) = read_agents_sdk(file)

    assert (read.name, read.conversation_id) == ("Support", "chat-9")
    by_name = {step.name: step for step in read.steps}
    assert by_name["invoke_agent Shop"].kind == "agent"
    tool = by_name["execute_tool track"]
    assert (tool.kind, tool.input, tool.output) == ("action", {"parcel": 5}, "Parcel 5 is in Lisbon.")
    assert (by_name["No promises"].kind, by_name["No promises"].state) == ("guard", "held")
    assert by_name["delegate Billing"].input == {"from": "Shop", "to": "Billing"}
    failed = by_name["Look up"]
    assert (failed.kind, failed.state, failed.error, failed.input) == ("other", "failed", "Not there.", {"in": "cache"})
    ids = {step.id for step in read.steps}
    assert all(step.parent_id in ids for step in read.steps if step.parent_id)
    first = [step for step in read.steps if step.parent_id is None]
    assert {step.told.attributes[names.SDK_TRACE_METADATA] for step in first} == {'{"shop":"Lisbon"}'}
    back = from_json(to_json(request_of([read])))
    assert sorted((step for _, step in steps_of(back)), key=_id) == sorted(read.steps, key=_id)


def _id(step: Any) -> str:
    return str(step.id)


def _item(**more: Any) -> dict[str, Any]:
    return {
        "object": "trace.span",
        "id": "span_1",
        "trace_id": "trace_" + "ab" * 16,
        "parent_id": None,
        "started_at": "2026-11-23T10:00:00.000001+00:00",
        "ended_at": "2026-11-23T10:00:02+00:00",
        "span_data": {"type": "custom", "name": "x", "data": {}},
        "error": None,
        **more,
    }


GENERATION = {
    "type": "generation",
    "model": "gpt-4o",
    "input": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
    "output": [{"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "track", "arguments": '{"n": 1}'}}]}],
    "usage": {"input_tokens": 9, "output_tokens": 2},
}  # fmt: skip


def test_a_generation_has_its_messages_and_usage(tmp_path: Path) -> None:
    file = tmp_path / "sdk.json"
    # As somebody saves it who looks at it: one body over many lines.
    file.write_text(json.dumps({"data": [_item(span_data=GENERATION)]}, indent=2))

    (read,) = read_agents_sdk(file)
    (step,) = read.steps

    assert (step.name, step.kind, step.usage) == ("chat gpt-4o", "model", Usage(9, 2))
    assert (read.id, read.said, step.duration_ns) == ("ab" * 16, "Hi", 1_999_999_000)
    assert step.output == [
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "track", "arguments": {"n": 1}}]}
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["agent", "generation", "response", "function", "guardrail", "handoff", "speech", "custom", "new"]),
    st.dictionaries(
        st.sampled_from(["name", "input", "output", "model", "usage", "data", "triggered", "to_agent", "response_id"]),
        json_values,
    ),
    json_values,
)
def test_any_span_comes_in_and_goes_out(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: dict[str, Any], error: Any
) -> None:
    file = tmp_path_factory.mktemp("sdk") / "sdk.jsonl"
    file.write_text(json.dumps(_item(span_data={**data, "type": kind}, error=error)) + "\n")

    (read,) = read_agents_sdk(file)

    assert [step for _, step in steps_of(from_json(to_json(request_of([read]))))] == list(read.steps)
    assert json.loads(str(read.steps[0].told.attributes[names.SDK_DATA])) == {**data, "type": kind}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"data": [{"object": "trace", "id": "trace_1"}', ":1: The file is cut off"),
        (json.dumps(_item()) + "\n" + json.dumps(_item())[:30], ":2: The file is cut off"),
        ('{"resourceSpans": []}', "This is OTLP"),
        ('{"data": [5]}', "its objects are `trace` and `trace.span`"),
        ('{"object": "thread.run"}', "its objects are `trace` and `trace.span`"),
        ('{"object": "trace"}', "A trace has no id"),
        (json.dumps(_item(started_at=None)), "the time at which it began"),
        (json.dumps(_item(started_at="noon")), "This is no time: noon"),
        (json.dumps(_item(started_at="2031-01-01T00:00:00Z")), "begins on 2031-01-01, which is in the future"),
        (json.dumps(_item(span_data=None)), "no `span_data`"),
        ("a poem", ":1: This is not JSON"),
    ],
)
def test_what_is_no_whole_trace_is_refused_in_a_sentence(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "sdk.jsonl"
    file.write_text(content)
    with pytest.raises(AnswerableError, match=says):
        list(read_agents_sdk(file, clock=lambda: datetime(2026, 11, 24, tzinfo=UTC)))


def test_a_trace_without_steps_tells_nothing(tmp_path: Path) -> None:
    file = tmp_path / "sdk.jsonl"
    file.write_text('{"data": [{"object": "trace", "id": "trace_1"}]}\n\n')
    assert list(read_agents_sdk(file, clock=lambda: NOON)) == []
    with pytest.raises(AnswerableError, match="cannot be read"):
        list(read_agents_sdk(tmp_path / "none"))
