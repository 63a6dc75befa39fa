"""Traces of the OpenAI Agents SDK, as its exporter posts them, in the same records as OpenTelemetry's.

A span becomes what the conventions would have told of it, so that it can go out over OTLP like any other; all that it
said stays beside that, under `answerable.agents_sdk.*`.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from answerable.domain.clock import now
from answerable.domain.errors import Fault, Faulty, Invalid, Unavailable
from answerable.traces.gathering import gathered
from answerable.traces.otlp import names
from answerable.traces.otlp.messages import from_items, read_json
from answerable.traces.otlp.understanding import STATUS_ERROR, understood
from answerable.traces.records import Resource, Scope, StepRecord, Told, TraceRecord, Value
from answerable.traces.refusing import CUT_OFF, PART_BYTES_MAX, at, refuse_the_future, too_large

INTERNAL, CLIENT = 1, 3
_TRACE_ID = re.compile(r"trace_([0-9a-f]{32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RESOURCE = Resource()
_SCOPE = Scope("openai-agents", schema_url=names.SCHEMA_URL)

_Item = dict[str, Any]
_Attributes = dict[str, Value]


@dataclass(frozen=True, slots=True)
class _TraceItem:
    """What the SDK says of a trace as a whole."""

    workflow: str | None = None
    group: str | None = None
    metadata: Any = None


def read_agents_sdk(path: Path, *, clock: Callable[[], datetime] = now) -> Iterator[TraceRecord]:
    """The traces of a file of what the SDK's exporter posts: a body a line, or a single one in the whole file.

    Raises Faulty with file and line, or Invalid, if it is cut off or no such trace; TooMuch if a part of it is too
    large; Unavailable if it cannot be read.
    """
    last_part: dict[str, int] = {}
    wholes: dict[str, _TraceItem] = {}
    for number, items in _parts(path):
        for item in items:
            if item["object"] == "trace":
                wholes[trace_id_of(str(item.get("id")))] = _whole(item)
            else:
                last_part[trace_id_of(str(item.get("trace_id")))] = number
    moment = clock()
    parts = ((number, _steps(path, number, items, wholes, moment)) for number, items in _parts(path))
    for trace in gathered(last_part, parts):
        workflow = wholes.get(trace.id, _TraceItem()).workflow
        yield replace(trace, name=workflow) if workflow else trace


def trace_id_of(sdk_id: str) -> str:
    """The digits of the SDK's id; where it is of another form, the first 16 bytes of SHA-256 over it."""
    found = _TRACE_ID.fullmatch(sdk_id)
    return found[1] if found and found[1].strip("0") else hashlib.sha256(sdk_id.encode()).hexdigest()[:32]


def step_id_of(trace_id: str, sdk_id: str) -> str:
    """The first 8 bytes of SHA-256 over both ids of the SDK: its own have 12."""
    return hashlib.sha256(f"{trace_id}/{sdk_id}".encode()).hexdigest()[:16]


def _whole(item: _Item) -> _TraceItem:
    workflow, group = item.get("workflow_name"), item.get("group_id")
    return _TraceItem(
        workflow=workflow if isinstance(workflow, str) and workflow else None,
        group=group if isinstance(group, str) and group else None,
        metadata=item.get("metadata"),
    )


# -- the parts of a file -----------------------------------------------------------------------------------------------


def _parts(path: Path) -> Iterator[tuple[int, list[_Item]]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(PART_BYTES_MAX + 1):
                number += 1
                if len(line) > PART_BYTES_MAX:
                    raise too_large(path, number)
                try:
                    document = msgspec.json.decode(line) if line.strip() else []
                except (ValueError, RecursionError) as error:
                    if number > 1:
                        says = f"This is not JSON: {error}." if line.endswith(b"\n") else CUT_OFF
                        raise Faulty(Fault(str(path), number, says)) from error
                    # It may be one body over several lines.
                    yield 1, _items(path, 1, _whole_file(path, line + file.read(PART_BYTES_MAX + 1)))
                    return
                yield number, _items(path, number, document)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error


def _whole_file(path: Path, content: bytes) -> Any:
    if len(content) > PART_BYTES_MAX:
        raise too_large(path, 1)
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError) as error:
        is_cut_off = "truncated" in str(error) and content.lstrip()[:1] in (b"{", b"[")
        raise Faulty(Fault(str(path), 1, CUT_OFF if is_cut_off else f"This is not JSON: {error}.")) from error


def _items(path: Path, number: int, document: Any) -> list[_Item]:
    items = document.get("data", [document]) if isinstance(document, dict) else document
    if not isinstance(items, list):
        items = [items]
    for item in items:
        says = _fault(item)
        if says is not None:
            raise Faulty(Fault(str(path), number, says))
    return items


def _fault(item: Any) -> str | None:
    if isinstance(item, dict) and "resourceSpans" in item:
        return "This is OTLP, and no trace of the OpenAI Agents SDK."
    if not isinstance(item, dict) or item.get("object") not in ("trace", "trace.span"):
        return "This is JSON, but no trace of the OpenAI Agents SDK: its objects are `trace` and `trace.span`."
    if item["object"] == "trace":
        return None if isinstance(item.get("id"), str) else "A trace has no id."
    if not all(isinstance(item.get(key), str) for key in ("id", "trace_id", "started_at")):
        return "A span needs an id, the id of its trace, and the time at which it began."
    if not isinstance(item.get("span_data"), dict):
        return "A span has no `span_data` that says what it was."
    return None


# -- what a span says --------------------------------------------------------------------------------------------------


def _steps(
    path: Path, number: int, items: list[_Item], wholes: Mapping[str, _TraceItem], moment: datetime
) -> Iterator[tuple[str, StepRecord]]:
    for item in items:
        if item["object"] == "trace":
            continue
        trace_id = trace_id_of(item["trace_id"])
        try:
            step = _step(item, wholes.get(trace_id, _TraceItem()))
            refuse_the_future(step, moment)
        except Invalid as error:
            raise at(path, number, error) from error
        yield trace_id, step


def _step(item: _Item, whole: _TraceItem) -> StepRecord:
    data, error, parent = item["span_data"], item.get("error"), item.get("parent_id")
    name, span_kind, said = _said(data)
    message = error.get("message") if isinstance(error, dict) else error
    is_first = not isinstance(parent, str)
    attributes: dict[str, Value] = {
        **said,
        names.ERROR_TYPE: "_OTHER" if error is not None else None,
        names.CONVERSATION: whole.group,
        names.WORKFLOW: whole.workflow if is_first else None,
        names.SDK_TRACE: item["trace_id"],
        names.SDK_TRACE_METADATA: _json(whole.metadata) if is_first and whole.metadata is not None else None,
        names.SDK_SPAN: item["id"],
        names.SDK_PARENT: parent if isinstance(parent, str) else None,
        names.SDK_TYPE: str(data.get("type")),
        names.SDK_DATA: _json(data),
        names.SDK_ERROR: _json(error) if error is not None else None,
        names.SDK_METADATA: _json(item["metadata"]) if item.get("metadata") is not None else None,
    }
    started_ns, ended = _ns(item["started_at"]), item.get("ended_at")
    return understood(
        step_id=step_id_of(item["trace_id"], item["id"]),
        parent_id=None if is_first else step_id_of(item["trace_id"], str(parent)),
        name=name,
        started_ns=started_ns,
        duration_ns=max(0, _ns(ended) - started_ns) if isinstance(ended, str) else 0,
        told=Told(
            attributes={key: value for key, value in attributes.items() if value is not None},
            span_kind=span_kind,
            status=STATUS_ERROR if error is not None else 0,
            status_message=message if isinstance(message, str) else "",
            resource=_RESOURCE,
            scope=_SCOPE,
        ),
    )


def _said(data: _Item) -> tuple[str, int, _Attributes]:
    """The name of a span, its kind, and what the conventions say of it."""
    name = _text(data.get("name"))
    match data.get("type"):
        case "agent":
            told: _Attributes = {names.OPERATION: "invoke_agent", names.AGENT_NAME: name}
            return _named("invoke_agent", name), INTERNAL, told
        case "generation" | "response":
            model = _text(data.get("model"))
            return _named("chat", model), CLIENT, {names.OPERATION: "chat", **_call(data, model)}
        case "function":
            told = {
                names.OPERATION: "execute_tool",
                names.TOOL_NAME: name,
                names.TOOL_TYPE: "function",
                names.TOOL_ARGUMENTS: _as_text(data.get("input")),
                names.TOOL_RESULT: _as_text(data.get("output")),
            }
            return _named("execute_tool", name), INTERNAL, told
    return _said_by_us(data, name or str(data.get("type")))


def _said_by_us(data: _Item, name: str) -> tuple[str, int, _Attributes]:
    """The same of what the conventions do not speak of."""
    match data.get("type"):
        case "guardrail":
            triggered = data.get("triggered") is True
            told: _Attributes = {
                names.STEP_KIND: "guard",
                names.STEP_STATE: "held" if triggered else None,
                names.STEP_OUTPUT: _json({"triggered": triggered}),
            }
            return name, INTERNAL, told
        case "handoff":
            # From agent to agent; what we call a hand-off goes to a person.
            parties = {"from": data.get("from_agent"), "to": data.get("to_agent")}
            told = {names.STEP_KIND: "agent", names.STEP_INPUT: _json(parties)}
            return _named("delegate", _text(parties["to"])), INTERNAL, told
        case "transcription" | "speech":
            return name, CLIENT, {names.STEP_KIND: "model", names.REQUEST_MODEL: _text(data.get("model"))}
        case "custom":
            inner = data.get("data")
            is_task = isinstance(inner, dict) and inner.get("sdk_span_type") == "task"
            return name, INTERNAL, {names.STEP_KIND: "agent" if is_task else "other", names.STEP_INPUT: _json(inner)}
    return name, INTERNAL, {names.STEP_KIND: "other"}


def _call(data: _Item, model: str | None) -> _Attributes:
    usage = data.get("usage") if isinstance(data.get("usage"), dict) else {}
    asked, given = data.get("input"), data.get("output")
    return {
        names.PROVIDER: "openai",
        names.REQUEST_MODEL: model,
        names.RESPONSE_ID: _text(data.get("response_id")),
        names.TOKENS_IN: _count(usage, "input_tokens", "prompt_tokens"),
        names.TOKENS_OUT: _count(usage, "output_tokens", "completion_tokens"),
        names.INPUT_MESSAGES: _json(from_items(read_json(asked))) if asked else None,
        names.OUTPUT_MESSAGES: _json(from_items(read_json(given))) if given else None,
    }


def _named(operation: str, name: str | None) -> str:
    return f"{operation} {name}" if name else operation


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _json(value)


def _count(usage: Any, *keys: str) -> int | None:
    counts = (usage.get(key) for key in keys)
    return next((count for count in counts if isinstance(count, int) and abs(count) < 2**63), None)


def _ns(written: str) -> int:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise Invalid(f"This is no time: {written[:40]}.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, (moment - _EPOCH) // timedelta(microseconds=1) * 1000)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
