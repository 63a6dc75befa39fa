"""What other programs recorded comes in and goes out with the same meaning, and our runs are told whole."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from opentelemetry.exporter.otlp.json.file.trace_exporter import FileSpanExporter
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from answerable.domain.errors import AnswerableError, Faulty, Invalid, TooMuch, Unavailable
from answerable.domain.runs import Run, Span, Usage
from answerable.traces.gathering import Part, gathered
from answerable.traces.otlp import files, names
from answerable.traces.otlp.files import read_otlp
from answerable.traces.otlp.telling import step_id_of, trace_id_of, trace_of_run
from answerable.traces.otlp.wire import from_json, request_of, steps_of, to_json
from answerable.traces.records import StepRecord, TraceRecord
from answerable.traces.whole_runs import WholeRun
from tests.traces.generated import NOON, conversation, meaning, requests, whole_runs

# Drawing a request takes longer than everything that is done with it.
_FEW = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def _through_a_file(folder: Path, content: bytes) -> list[TraceRecord]:
    file = folder / "traces"
    file.write_bytes(content)
    return list(read_otlp(file, clock=lambda: datetime(9000, 1, 1, tzinfo=UTC)))


def _records(request: TracesData) -> list[TraceRecord]:
    by_trace: dict[str, list[StepRecord]] = {}
    for trace_id, step in steps_of(request):
        by_trace.setdefault(trace_id, []).append(step)
    return [TraceRecord(trace_id, "", None, None, None, None, tuple(steps)) for trace_id, steps in by_trace.items()]


@_FEW
@given(requests)
def test_what_came_in_goes_out_with_the_same_meaning(request: TracesData) -> None:
    assert meaning(request_of(_records(request))) == meaning(request)


@_FEW
@given(requests)
def test_json_and_protobuf_say_the_same(request: TracesData) -> None:
    assert meaning(from_json(to_json(request))) == meaning(request)


@_FEW
@given(requests, requests)
def test_a_file_gives_each_trace_once_and_whole(
    tmp_path_factory: pytest.TempPathFactory, first: TracesData, second: TracesData
) -> None:
    folder = tmp_path_factory.mktemp("files")
    wholes = [first.SerializeToString() + second.SerializeToString(), to_json(first) + b"\n" + to_json(second) + b"\n"]
    wholes.append(b"".join(len(each).to_bytes(4, "big") + each for each in map(_bytes, (first, second))))
    for whole in wholes:
        traces = _through_a_file(folder, whole)

        assert len({trace.id for trace in traces}) == len(traces)
        assert meaning(request_of(traces)) == meaning(first, second)


def _bytes(request: TracesData) -> bytes:
    content: bytes = request.SerializeToString()
    return content


@_FEW
@given(whole_runs())
def test_a_run_comes_back_as_it_was(whole: WholeRun) -> None:
    told = trace_of_run(whole, content=True)
    (back,) = _records(from_json(to_json(request_of([told]))))

    assert sorted(back.steps, key=_id) == sorted(told.steps, key=_id)
    by_id = {step.id: step for step in back.steps}
    root, run = by_id[step_id_of("run_1")], whole.run
    assert (root.kind, root.usage, root.started_ns) == ("agent", run.usage, _ns(run.started_at))
    assert (root.state == "failed") == (run.state in ("failed", "given_up"))
    said = root.told.attributes
    assert said[names.RELEASE] == run.release
    assert (said.get(names.DECISION), said.get(names.CONFIDENCE)) == (run.decision, run.confidence)
    assert (said.get(names.REASON), said[names.RUN_STATE]) == (run.reason, run.state)
    for span in whole.steps:
        _is_the_same(by_id[step_id_of("run_1", span.id)], span)


def _is_the_same(step: StepRecord, span: Span) -> None:
    said = step.told.attributes
    assert (step.kind, step.state, step.usage) == (span.kind, span.state, span.usage)
    assert (step.input, step.output) == (span.input, span.output)
    assert (step.started_ns, step.duration_ns) == (_ns(span.started_at), span.duration_us * 1000)
    assert step.parent_id == step_id_of("run_1", span.parent_id or "")
    told = (said[names.STEP], said[names.STEP_NAME], said[names.STEP_SUMMARY], said[names.STEP_NUMBER])
    assert told == (span.id, span.name, span.summary, span.number)
    if span.state == "failed":
        assert step.error == (span.error or said[names.ERROR_TYPE])
    else:
        assert step.error is None


def _id(step: StepRecord) -> str:
    return step.id


def _ns(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


SECRET = "Ines Carvalho, +351 912 000 111"


def _told_everywhere() -> WholeRun:
    """A run in which every place that can hold words holds the customer's."""
    asks: dict[str, Any] = {
        "model": {"model": "gpt-5", "instructions": SECRET, "input": SECRET, "tools": [{"name": "x", "d": SECRET}]},
        "retrieval": {"query": SECRET, "release": 4, "history": [SECRET]},
        "action": {"action": "refund_charge", "arguments": {"to": SECRET}, "key": "trn_1/0/ab"},
        "agent": {"procedure": "refund", "heard": SECRET},
        "guard": {"text": SECRET},
    }
    run = Run(
        "run_1", "trn_1", "con_1", 4, "gpt-5", "failed", "hand_off", 0.4, SECRET, Usage(5, 7, 11), NOON,
        NOON + timedelta(seconds=2),
    )  # fmt: skip
    steps = tuple(
        Span(
            f"spn_{number}", "run_1", None, number, kind, "A step", SECRET, "failed", asks[kind],  # type: ignore[arg-type]
            {"output": [{"role": "assistant", "content": SECRET}], "hits": [{"passage_id": SECRET, "score": 1.0}]},
            error, Usage(1, 2, 3), NOON, 1500,
        )
        for number, (kind, error) in enumerate(zip(asks, [SECRET, f"ValueError: {SECRET}"] * 3, strict=False), 1)
    )  # fmt: skip
    return WholeRun(run, steps, conversation(), said=(SECRET,), reply=SECRET)


def test_what_was_said_goes_out_only_if_it_is_asked_for() -> None:
    whole = _told_everywhere()
    with_content = to_json(request_of([trace_of_run(whole, content=True)])).decode()
    without = to_json(request_of([trace_of_run(whole, content=False)])).decode()

    assert with_content.count("Ines") > 25
    assert "Ines" not in without
    assert "351" not in without
    # What is left is worth having.
    trace = trace_of_run(whole, content=False)
    assert [step.name for step in trace.steps] == [
        "invoke_agent Answerable", "chat gpt-5", "retrieval knowledge", "execute_tool refund_charge",
        "invoke_workflow refund", "A step",
    ]  # fmt: skip
    assert [step.error for step in trace.steps] == [
        "failed", "_OTHER", "ValueError", "_OTHER", "ValueError", "_OTHER",
    ]  # fmt: skip
    assert trace.steps[0].usage == Usage(5, 7, 11)
    assert (trace.said, trace.reply) == (None, None)


def test_a_run_is_told_as_the_conventions_want_it() -> None:
    trace = trace_of_run(_told_everywhere(), content=True)
    root, model, retrieval, action, *_ = (step.told.attributes for step in trace.steps)

    assert (trace.id, trace.service, trace.conversation_id) == (trace_id_of("run_1"), "answerable", "con_1")
    assert (trace.said, trace.reply) == (SECRET, SECRET)
    assert (root["gen_ai.operation.name"], root["gen_ai.agent.version"]) == ("invoke_agent", "4")
    assert (model["gen_ai.provider.name"], model["gen_ai.request.model"]) == ("openai", "gpt-5")
    assert (model["gen_ai.usage.input_tokens"], model["gen_ai.usage.output_tokens"]) == (1, 2)
    assert json.loads(str(model["gen_ai.input.messages"])) == [
        {"role": "user", "parts": [{"type": "text", "content": SECRET}]}
    ]
    assert (retrieval["gen_ai.data_source.id"], retrieval["gen_ai.retrieval.query.text"]) == ("knowledge", SECRET)
    assert (action["gen_ai.tool.name"], action["gen_ai.tool.call.id"]) == ("refund_charge", "trn_1/0/ab")
    assert json.loads(str(action["gen_ai.tool.call.arguments"])) == {"to": SECRET}
    assert [step.told.span_kind for step in trace.steps[:3]] == [1, 3, 1]


# -- what other programs write -----------------------------------------------------------------------------------------


def _recorded_by_the_sdk(folder: Path) -> tuple[Path, Path, list[ReadableSpan]]:
    """A trace that OpenTelemetry's own SDK recorded and wrote, in both encodings."""
    provider = TracerProvider(resource=Resource.create({"service.name": "shop-bot", "weights": [0.5, 1.5]}))
    kept = InMemorySpanExporter()
    as_json = folder / "sdk.jsonl"
    provider.add_span_processor(SimpleSpanProcessor(kept))
    writer = FileSpanExporter(as_json)
    provider.add_span_processor(SimpleSpanProcessor(writer))
    tracer = provider.get_tracer("shop.agent", "1.2", schema_url="https://opentelemetry.io/schemas/1.37.0")
    asked = [{"role": "user", "parts": [{"type": "text", "content": "Where is my parcel?"}]}]
    told = [{"role": "assistant", "parts": [{"type": "text", "content": "On its way."}], "finish_reason": "stop"}]
    with tracer.start_as_current_span("invoke_agent Shop") as root:
        root.set_attributes({"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "c-77"})
        root.set_attributes({"gen_ai.input.messages": json.dumps(asked), "gen_ai.output.messages": json.dumps(told)})
        with tracer.start_as_current_span("chat gpt-4o", kind=SpanKind.CLIENT) as call:
            call.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "raw": b"\x00\xff"})
            call.set_attributes({"gen_ai.request.model": "gpt-4o", "gen_ai.usage.prompt_tokens": 12})
            call.set_attribute("gen_ai.usage.completion_tokens", 3)
            call.set_attribute("gen_ai.response.finish_reasons", ["stop"])
            call.add_event("gen_ai.user.message", {"content": "Where is my parcel?"})
            call.add_event("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": '{"content": "Soon."}'})
        with tracer.start_as_current_span(
            "execute_tool track", links=[Link(root.get_span_context(), {"why": 1})]
        ) as tool:
            tool.set_attributes({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "track"})
            tool.set_attribute("gen_ai.tool.call.arguments", '{"parcel": 5}')
            tool.record_exception(TimeoutError("No answer."))
            tool.set_status(Status(StatusCode.ERROR, "No answer."))
    writer.shutdown()
    spans = list(kept.get_finished_spans())
    as_protobuf = folder / "sdk.binpb"
    as_protobuf.write_bytes(encode_spans(spans).SerializeToString())
    provider.shutdown()
    return as_json, as_protobuf, spans


def test_a_file_of_opentelemetrys_own_sdk_comes_in_and_goes_out_as_it_was(tmp_path: Path) -> None:
    as_json, as_protobuf, spans = _recorded_by_the_sdk(tmp_path)
    written = TracesData.FromString(as_protobuf.read_bytes())

    (from_lines,), (from_protobuf,) = list(read_otlp(as_json)), list(read_otlp(as_protobuf))

    assert meaning(request_of([from_lines])) == meaning(request_of([from_protobuf])) == meaning(written)
    assert meaning(from_json(to_json(request_of([from_lines])))) == meaning(written)
    trace = from_lines
    assert (trace.name, trace.service, trace.conversation_id) == ("invoke_agent Shop", "shop-bot", "c-77")
    assert (trace.said, trace.reply) == ("Where is my parcel?", "On its way.")
    root, model, tool = trace.steps
    assert root.id == f"{spans[-1].context.span_id:016x}"
    assert (model.kind, model.usage, model.parent_id) == ("model", Usage(12, 3), root.id)
    assert model.output == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Soon."}], "finish_reason": "stop"}
    ]
    assert (tool.kind, tool.state, tool.error, tool.input) == ("action", "failed", "No answer.", {"parcel": 5})


TRACE = "5b8efff798038103d269b633813fc60c"


def _span(**more: Any) -> dict[str, Any]:
    return {
        "traceId": TRACE,
        "spanId": "eee19b7ec3c1b174",
        "name": "chat",
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": "1544712661000000000",
        **more,
    }


def _line(*spans: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}) + b"\n"


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _one(folder: Path, *, attributes: Iterable[Any] = (), events: Iterable[Any] = ()) -> StepRecord:
    (trace,) = _through_a_file(folder, _line(_span(attributes=list(attributes), events=list(events))))
    return trace.steps[0]


USER = [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
BACK = [{"role": "assistant", "parts": [{"type": "text", "content": "Yes?"}]}]


def test_messages_are_read_in_whichever_shape_they_were_written(tmp_path: Path) -> None:
    model = _text("gen_ai.request.model", "gpt-4o")
    structured = {
        "key": "gen_ai.input.messages",
        "value": {
            "arrayValue": {
                "values": [
                    {
                        "kvlistValue": {
                            "values": [
                                _text("role", "user"),
                                {
                                    "key": "parts",
                                    "value": {
                                        "arrayValue": {
                                            "values": [
                                                {
                                                    "kvlistValue": {
                                                        "values": [_text("type", "text"), _text("content", "Hi")]
                                                    }
                                                }
                                            ]
                                        }
                                    },
                                },
                            ]
                        }
                    }
                ]
            }
        },
    }
    as_text = _text("gen_ai.input.messages", json.dumps(USER))
    details = {"name": "gen_ai.client.inference.operation.details", "attributes": [as_text]}
    user = {"name": "gen_ai.user.message", "attributes": [_text("content", "Hi")]}
    azure = {"name": "gen_ai.user.message", "attributes": [_text("gen_ai.event.content", '{"content": "Hi"}')]}
    prompt = {
        "name": "gen_ai.content.prompt",
        "attributes": [_text("gen_ai.prompt", '[{"role":"user","content":"Hi"}]')],
    }
    numbered = [_text("gen_ai.prompt.0.role", "user"), _text("gen_ai.prompt.0.content", "Hi")]
    shapes: list[tuple[list[Any], list[Any]]] = [
        ([structured], []), ([as_text], []), ([], [details]), ([], [user]), ([], [azure]), ([], [prompt]),
        (numbered, []), ([_text("gen_ai.prompt", "Hi")], []),
    ]  # fmt: skip
    for attributes, events in shapes:
        step = _one(tmp_path, attributes=[model, *attributes], events=events)
        assert (step.kind, step.input) == ("model", USER), (attributes, events)

    for attributes in ([_text("gen_ai.completion.0.content", "Yes?")], [_text("gen_ai.completion", "Yes?")]):
        assert _one(tmp_path, attributes=[model, *attributes]).output == BACK


def test_words_that_look_like_json_stay_words(tmp_path: Path) -> None:
    said = {"name": "gen_ai.user.message", "attributes": [_text("content", '{"a": 1}')]}
    step = _one(tmp_path, attributes=[_text("gen_ai.system", "openai")], events=[said])

    assert step.input == [{"role": "user", "parts": [{"type": "text", "content": '{"a": 1}'}]}]


def test_tool_calls_of_events_become_parts(tmp_path: Path) -> None:
    calls = json.dumps([{"id": "c1", "type": "function", "function": {"name": "track", "arguments": '{"n": 5}'}}])
    events = [
        {"name": "gen_ai.assistant.message", "attributes": [_text("tool_calls", calls)]},
        {"name": "gen_ai.tool.message", "attributes": [_text("id", "c1"), _text("content", "Soon.")]},
    ]
    step = _one(tmp_path, attributes=[_text("gen_ai.system", "openai")], events=events)

    assert step.input == [
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "track", "arguments": {"n": 5}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "Soon."}]},
    ]


def test_steps_without_a_convention_are_kept_as_other(tmp_path: Path) -> None:
    step = _one(tmp_path, attributes=[_text("db.system", "postgresql")])
    assert (step.kind, step.input, step.output, step.state) == ("other", None, None, "done")


def test_a_later_reply_in_a_trace_without_an_agent_is_found(tmp_path: Path) -> None:
    (trace,) = _through_a_file(
        tmp_path,
        _line(
            _span(name="POST /chat"),
            _span(
                spanId="aaaaaaaaaaaaaaaa",
                parentSpanId="eee19b7ec3c1b174",
                startTimeUnixNano="1544712660500000000",
                attributes=[
                    _text("gen_ai.operation.name", "chat"),
                    _text("gen_ai.input.messages", json.dumps(USER)),
                    _text("gen_ai.output.messages", json.dumps(BACK)),
                ],
            ),
        ),
    )
    assert (trace.name, trace.said, trace.reply) == ("POST /chat", "Hi", "Yes?")


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_line(_span()) + _line(_span())[:60], "2: The file is cut off here"),
        (b'{"resourceSpans": 5}\n', "1: This is not OTLP"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [7]}]}]}\n', "1: This is not OTLP"),
        (b'{"resourceLogs": []}\n', "1: These are log lines of OpenTelemetry, and no traces"),
        (b'{"resourceMetrics": []}\n', "1: These are metrics"),
        (b'{"traces": [], "version": 3}\n', "it has traces, version, and no `resourceSpans`"),
        (b'{"object": "trace", "id": "trace_1"}\n', "It looks like a trace of the OpenAI Agents SDK"),
        (b"{\n", "1: This is not JSON"),
        (_line(_span(traceId="W47/95gDgQPSabYzgT/GDA==")), "an id is hexadecimal"),
        (_line(_span(traceId="5b8e")), "has no id of 16 bytes"),
        (_line(_span(spanId="0" * 16)), "has no id of 8 bytes"),
        (_line(_span(startTimeUnixNano="33197904000000000000")), "This is not OTLP|in the future"),
        (_line(_span(startTimeUnixNano="10000000000000000000")), "begins on 2286-11-20, which is in the future"),
        (
            _line(_span(attributes=[{"key": "answerable.format", "value": {"intValue": "2"}}])),
            r"newer Answerable \(format 2; this one reads up to 1\)",
        ),
        (b"\x1f\x8b\x08rest", "packed with gzip"),
        (b"a poem", "neither OTLP/JSON nor protobuf"),
        (b"\x0a\xff\xff\xff\xff\x0f", "It is larger than 64 MB"),
        (b"\x0a\x05ab", "1: The file is cut off"),
        (b"\x0a", "1: The file is cut off"),
        (b"\x0a\x02\xff\xff", "1: This cannot be read as a trace of OTLP"),
        (b"\x0a\x00\x12\x00", "2: This is protobuf, or not even that"),
        (b"\x00\x00\x00\x09ab", "1: The file is cut off"),
        (b"\x00\x00\x00\x02\xff\xff", "1: This cannot be read"),
    ],
)
def test_what_is_no_whole_trace_is_refused_in_a_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "traces"
    file.write_bytes(content)
    with pytest.raises(AnswerableError, match=says):
        list(read_otlp(file, clock=lambda: NOON))


def test_a_line_that_is_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PART_BYTES_MAX", 200)
    file = tmp_path / "traces"
    file.write_bytes(_line(_span(name="x" * 300)))
    with pytest.raises(TooMuch, match=":1: It is larger"):
        list(read_otlp(file))


def test_a_file_that_is_not_there_or_empty_says_so_or_gives_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read: No such file"):
        list(read_otlp(tmp_path / "none"))
    assert _through_a_file(tmp_path, b"") == []
    assert _through_a_file(tmp_path, b'\xef\xbb\xbf{"resourceSpans": []}\n\n') == []


def test_a_fault_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "traces"
    file.write_bytes(_line(_span()) + b"[1]\n")
    with pytest.raises(Faulty) as refused:
        list(read_otlp(file))
    assert [(fault.file, fault.line) for fault in refused.value.faults] == [(str(file), 2)]
    assert isinstance(refused.value, Invalid)


def test_a_trace_comes_as_soon_as_its_last_step_has() -> None:
    """Only the traces that are under way at the same place of a file are held in memory."""
    read: list[int] = []

    def parts() -> Iterator[Part]:
        for number in (1, 2, 3):
            read.append(number)
            yield number, steps_of(from_json(_line(_span(traceId=f"{number % 2 + 1:032x}"))))

    traces = gathered({f"{2:032x}": 3, f"{1:032x}": 2}, parts())

    assert (next(traces).id, read) == (f"{1:032x}", [1, 2])
    assert [len(trace.steps) for trace in traces] == [2]
