"""A run as OpenTelemetry tells it: the run is the root span, and each step a span below it.

Pure and total: the same run gives the same spans, with the same ids, however often it is told.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from answerable import __version__
from answerable.domain.runs import Run, Span
from answerable.traces.gathering import trace_of
from answerable.traces.otlp import names
from answerable.traces.otlp.messages import from_items, text_message, text_part
from answerable.traces.otlp.understanding import STATUS_ERROR, understood
from answerable.traces.otlp.wire import NS_MAX, STEP_ID_BYTES, TRACE_ID_BYTES
from answerable.traces.records import Resource, Scope, StepRecord, Told, TraceRecord, Value
from answerable.traces.whole_runs import WholeRun

AGENT = "Answerable"
EMBEDDED = "embedded"
KNOWLEDGE = "knowledge"
INTERNAL, CLIENT = 1, 3
OTHER_ERROR = "_OTHER"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What begins a sentence of an error is its class; anything else might be a customer's words.
_CLASS_OF_ERROR = re.compile(r"([A-Z]\w*(?:Error|Exception|Exit|Interrupt|Failed|Unavailable))(?=: |$)")


def trace_of_run(whole: WholeRun, *, content: bool) -> TraceRecord:
    """The trace of a run; with `content`, also what customers, models and actions said."""
    trace_id = trace_id_of(whole.run.id)
    steps = [_root(whole), *(_step(whole, step) for step in whole.steps)]
    return trace_of(trace_id, steps if content else [_without_content(step) for step in steps])


def trace_id_of(run_id: str) -> str:
    """The first 16 bytes of SHA-256 over the run's id."""
    return hashlib.sha256(run_id.encode()).hexdigest()[: TRACE_ID_BYTES * 2]


def step_id_of(run_id: str, step_id: str = "") -> str:
    """The first 8 bytes of SHA-256 over the run's id, a slash and the step's id; the run's own has nothing there."""
    return hashlib.sha256(f"{run_id}/{step_id}".encode()).hexdigest()[: STEP_ID_BYTES * 2]


def _root(whole: WholeRun) -> StepRecord:
    run, conversation = whole.run, whole.conversation
    is_failed = run.state in ("failed", "given_up")
    started_ns = _ns(run.started_at)
    last_end = max((_ns(step.started_at) + step.duration_us * 1000 for step in whole.steps), default=started_ns)
    attributes: dict[str, Value] = {
        names.OPERATION: "invoke_agent",
        names.AGENT_NAME: AGENT,
        names.AGENT_VERSION: str(run.release),
        **_model(run.model),
        names.CONVERSATION: run.conversation_id,
        names.TOKENS_IN: run.usage.tokens_in,
        names.TOKENS_OUT: run.usage.tokens_out,
        names.ERROR_TYPE: run.state if is_failed else None,
        names.FORMAT_NUMBER: names.FORMAT,
        names.HAS_CONTENT: True,
        names.RUN: run.id,
        names.RUN_STATE: run.state,
        names.TURN: run.turn_id,
        names.RELEASE: run.release,
        names.DECISION: run.decision,
        names.CONFIDENCE: run.confidence,
        names.REASON: run.reason,
        names.COST: run.usage.cost_micros,
        names.SURFACE: conversation.surface,
        names.LANGUAGE: conversation.language,
        names.INPUT_MESSAGES: _json([text_message("user", text) for text in whole.said]) if whole.said else None,
        names.OUTPUT_MESSAGES: (
            _json([{**text_message("assistant", whole.reply), "finish_reason": "stop"}])
            if whole.reply is not None
            else None
        ),
    }
    return _record(
        step_id=step_id_of(run.id),
        parent_id=None,
        name=f"invoke_agent {AGENT}",
        started_ns=started_ns,
        ended_ns=_ns(run.ended_at) if run.ended_at else last_end,
        attributes=attributes,
        error=(run.reason or run.state) if is_failed else None,
    )


def _step(whole: WholeRun, step: Span) -> StepRecord:
    run = whole.run
    name, span_kind, told = _told(run, step)
    is_failed = step.state == "failed"
    attributes: dict[str, Value] = {
        **told,
        names.CONVERSATION: run.conversation_id,
        names.TOKENS_IN: step.usage.tokens_in if step.kind == "model" else step.usage.tokens_in or None,
        names.TOKENS_OUT: step.usage.tokens_out if step.kind == "model" else step.usage.tokens_out or None,
        names.ERROR_TYPE: _class_of(step.error) if is_failed else None,
        names.COST: step.usage.cost_micros or None,
        names.STEP: step.id,
        names.STEP_PARENT: step.parent_id,
        names.STEP_NUMBER: step.number,
        names.STEP_KIND: step.kind,
        names.STEP_NAME: step.name,
        names.STEP_STATE: step.state,
        names.STEP_SUMMARY: step.summary,
        names.STEP_INPUT: _json(step.input),
        names.STEP_OUTPUT: _json(step.output),
    }
    started_ns = _ns(step.started_at)
    return _record(
        step_id=step_id_of(run.id, step.id),
        parent_id=step_id_of(run.id, step.parent_id or ""),
        name=name,
        started_ns=started_ns,
        ended_ns=started_ns + step.duration_us * 1000,
        attributes=attributes,
        error=step.error if is_failed else None,
        span_kind=span_kind,
    )


def _record(
    *,
    step_id: str,
    parent_id: str | None,
    name: str,
    started_ns: int,
    ended_ns: int,
    attributes: Mapping[str, Value],
    error: str | None,
    span_kind: int = INTERNAL,
) -> StepRecord:
    return understood(
        step_id=step_id,
        parent_id=parent_id,
        name=name,
        started_ns=started_ns,
        duration_ns=max(0, min(ended_ns, NS_MAX) - started_ns),
        told=Told(
            attributes={key: value for key, value in attributes.items() if value is not None},
            span_kind=span_kind,
            status=STATUS_ERROR if attributes[names.ERROR_TYPE] is not None else 0,
            status_message=error or "",
            resource=_RESOURCE,
            scope=_SCOPE,
        ),
    )


_RESOURCE = Resource({names.SERVICE_NAME: "answerable", names.SERVICE_VERSION: __version__})
_SCOPE = Scope("answerable.traces", __version__, schema_url=names.SCHEMA_URL)


def _without_content(step: StepRecord) -> StepRecord:
    told = step.told
    kept = {key: value for key, value in told.attributes.items() if key not in names.CONTENT}
    if names.HAS_CONTENT in kept:
        kept[names.HAS_CONTENT] = False
    return understood(
        step_id=step.id,
        parent_id=step.parent_id,
        name=step.name,
        started_ns=step.started_ns,
        duration_ns=step.duration_ns,
        told=replace(told, attributes=kept, status_message=""),
    )


# -- what a step is, by the conventions --------------------------------------------------------------------------------


def _told(run: Run, step: Span) -> tuple[str, int, dict[str, Value]]:
    """The name of a step's span, its kind of span, and what the conventions say of it."""
    asked = step.input if isinstance(step.input, dict) else {}
    given = step.output if isinstance(step.output, dict) else {}
    match step.kind:
        case "model":
            model = asked["model"] if isinstance(asked.get("model"), str) else run.model
            span_kind = INTERNAL if model == EMBEDDED else CLIENT
            return f"chat {model}", span_kind, {names.OPERATION: "chat", **_model(model), **_call(asked, given)}
        case "retrieval":
            source = KNOWLEDGE if "release" in asked else None
            return (
                f"retrieval {source}" if source else "retrieval",
                INTERNAL,
                {names.OPERATION: "retrieval", names.DATA_SOURCE: source, **_search(asked, given)},
            )
        case "action" if isinstance(asked.get("action"), str) and "arguments" in asked:
            key = asked.get("key")
            return (
                f"execute_tool {asked['action']}",
                INTERNAL,
                {
                    names.OPERATION: "execute_tool",
                    names.TOOL_NAME: asked["action"],
                    names.TOOL_TYPE: "function",
                    names.TOOL_CALL: key if isinstance(key, str) else None,
                    names.TOOL_ARGUMENTS: _json(asked["arguments"]),
                    names.TOOL_RESULT: _json(step.output) if step.output is not None else None,
                },
            )
        case "agent":
            procedure = asked.get("procedure") if isinstance(asked.get("procedure"), str) else None
            return (
                f"invoke_workflow {procedure}" if procedure else "invoke_workflow",
                INTERNAL,
                {names.OPERATION: "invoke_workflow", names.WORKFLOW: procedure},
            )
    return step.name, INTERNAL, {}


def _model(model: str) -> dict[str, Value]:
    # Every language model is asked by OpenAI's protocol, whoever stands behind it; that is what the name says.
    return {names.PROVIDER: "answerable" if model == EMBEDDED else "openai", names.REQUEST_MODEL: model}


def _call(asked: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Value]:
    instructions, tools, settings = asked.get("instructions"), asked.get("tools"), asked.get("settings")
    temperature = settings.get("temperature") if isinstance(settings, dict) else None
    response_id = given.get("response_id")
    answered = from_items(given.get("output"))
    return {
        names.TEMPERATURE: float(temperature) if isinstance(temperature, int | float) else None,
        names.RESPONSE_ID: response_id if isinstance(response_id, str) else None,
        names.INSTRUCTIONS: _json([text_part(instructions)]) if isinstance(instructions, str) else None,
        names.TOOLS: _json([_tool(each) for each in tools]) if isinstance(tools, list) and tools else None,
        names.INPUT_MESSAGES: _json(from_items(asked.get("input"))) if "input" in asked else None,
        names.OUTPUT_MESSAGES: (
            _json([{**each, "finish_reason": _finish(each)} for each in answered]) if answered else None
        ),
    }


def _search(asked: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Value]:
    query, hits = asked.get("query"), given.get("hits")
    documents = [
        {"id": hit["passage_id"], "score": hit["score"]}
        for hit in (hits if isinstance(hits, list) else ())
        if isinstance(hit, dict) and "passage_id" in hit and "score" in hit
    ]
    return {
        names.QUERY: query if isinstance(query, str) else None,
        names.DOCUMENTS: _json(documents) if documents else None,
    }


def _finish(message: Mapping[str, Any]) -> str:
    return "tool_call" if any(part.get("type") == "tool_call" for part in message["parts"]) else "stop"


def _tool(tool: Any) -> dict[str, Any]:
    return {"type": "function", **tool} if isinstance(tool, dict) else {"type": "function", "name": str(tool)}


def _class_of(error: str | None) -> str:
    found = _CLASS_OF_ERROR.match(error or "")
    return found[1] if found else OTHER_ERROR


def _json(value: Any) -> str:
    """JSON in a text, as the conventions allow: nothing is lost in it, and every collector can keep it."""
    return msgspec.json.encode(value).decode()


def _ns(moment: datetime) -> int:
    # Whole numbers all the way: a float has no room for microseconds of today.
    return min(max(0, (moment - _EPOCH) // timedelta(microseconds=1) * 1000), NS_MAX)
