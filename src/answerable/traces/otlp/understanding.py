"""What a span means here: its kind, what went in and came out, whether it failed, what it used.

Read are the conventions for generative AI as they are now and as they were: messages as attributes, as events of the
span, as the numbered attributes that OpenLLMetry writes, and the names of before. Nothing here is ever refused: what
cannot be read stays in the attributes, where it was.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final, get_args

import msgspec

from answerable.domain.runs import SpanKind, SpanState, Usage
from answerable.traces.otlp import names
from answerable.traces.otlp.messages import from_chat, listed, read_json, words_of
from answerable.traces.records import Attributes, StepEvent, StepKind, StepRecord, Told, Value

STATUS_ERROR = 2

_KINDS: Final[Mapping[str, StepKind]] = {
    **{kind: kind for kind in get_args(SpanKind)},
    "other": "other",
}
_KIND_OF_OPERATION: Final[Mapping[str, StepKind]] = {
    "chat": "model",
    "text_completion": "model",
    "generate_content": "model",
    "embeddings": "model",
    "execute_tool": "action",
    "retrieval": "retrieval",
    "search_memory": "retrieval",
    "invoke_agent": "agent",
    "create_agent": "agent",
    "invoke_workflow": "agent",
    "plan": "agent",
}
_STATES: Final[Mapping[str, SpanState]] = {state: state for state in get_args(SpanState)}


def understood(
    *, step_id: str, parent_id: str | None, name: str, started_ns: int, duration_ns: int, told: Told
) -> StepRecord:
    """The step that a span is."""
    said = told.attributes
    kind = _kind(said)
    return StepRecord(
        id=step_id,
        parent_id=parent_id,
        name=name,
        kind=kind,
        input=_input(kind, told),
        output=_output(kind, told),
        state=_state(told),
        error=_error(told),
        usage=Usage(
            _count(said, names.TOKENS_IN, *names.OLD_TOKENS_IN),
            _count(said, names.TOKENS_OUT, *names.OLD_TOKENS_OUT),
            _count(said, names.COST),
        ),
        started_ns=started_ns,
        duration_ns=duration_ns,
        told=told,
    )


def said_in(messages: Any) -> str | None:
    """What the customer said last, of messages: all that came after the last words of the program."""
    words: list[str] = []
    for message in listed(messages):
        role = message.get("role")
        if role == "user" and (text := words_of(message)):
            words.append(text)
        elif role == "assistant" and words_of(message):
            words = []
    return "\n\n".join(words) or None


def reply_in(messages: Any) -> str | None:
    """The words of the last message that has any, of what a model or an agent gave."""
    spoken = [text for message in listed(messages) if message.get("role") != "user" and (text := words_of(message))]
    return spoken[-1] if spoken else None


def _kind(said: Attributes) -> StepKind:
    own = _KINDS.get(str(said.get(names.STEP_KIND)))
    if own is not None:
        return own
    operation = said.get(names.OPERATION)
    if isinstance(operation, str):
        return _KIND_OF_OPERATION.get(operation, "other")
    if names.TOOL_NAME in said:
        return "action"
    # Before operations had names, a model call was known by its model.
    return "model" if names.REQUEST_MODEL in said or names.OLD_PROVIDER in said else "other"


def _state(told: Told) -> SpanState:
    own = _STATES.get(str(told.attributes.get(names.STEP_STATE)))
    if own is not None:
        return own
    return "failed" if told.status == STATUS_ERROR else "done"


def _error(told: Told) -> str | None:
    thrown = [event.attributes for event in told.events if event.name == "exception"]
    spoken = (told.status_message, *(each.get("exception.message") for each in thrown))
    kinds = (told.attributes.get(names.ERROR_TYPE), *(each.get("exception.type") for each in thrown))
    if told.status != STATUS_ERROR and told.attributes.get(names.ERROR_TYPE) is None:
        return None
    return next((each for each in (*spoken, *kinds) if isinstance(each, str) and each), None)


def _count(said: Attributes, *keys: str) -> int:
    for key in keys:
        number = said.get(key)
        if isinstance(number, int | float) and not isinstance(number, bool) and number == number:  # noqa: PLR0124 (NaN)
            return int(number) if abs(number) < 2**63 else 0
    return 0


def _input(kind: StepKind, told: Told) -> Any:
    said = told.attributes
    if names.STEP_INPUT in said:
        return _own(said[names.STEP_INPUT])
    for key in (names.TOOL_ARGUMENTS, names.QUERY):
        if key in said:
            return plain(said[key])
    return _messages(told, names.INPUT_MESSAGES) or _earlier_input(kind, told)


def _output(kind: StepKind, told: Told) -> Any:
    said = told.attributes
    if names.STEP_OUTPUT in said:
        return _own(said[names.STEP_OUTPUT])
    for key in (names.TOOL_RESULT, names.DOCUMENTS):
        if key in said:
            return plain(said[key])
    return _messages(told, names.OUTPUT_MESSAGES) or _earlier_output(kind, told)


def _messages(told: Told, key: str) -> Any:
    """Messages as the newest conventions have them: on the span, or on the event of its details."""
    events = (event.attributes for event in told.events if event.name == names.DETAILS_EVENT)
    return next((plain(said[key]) for said in (told.attributes, *events) if key in said), None)


# -- as it was before --------------------------------------------------------------------------------------------------


def _earlier_input(kind: StepKind, told: Told) -> Any:
    told_events = [_of_event(event) for event in told.events if event.name in names.ROLE_OF_EVENT]
    if told_events:
        return told_events
    if numbered := _numbered(told.attributes, names.OLD_PROMPT, "user"):
        return numbered
    whole = _whole(told, names.OLD_PROMPT, names.PROMPT_EVENT)
    return _as_messages(whole, "user") if kind in ("model", "agent") else whole


def _earlier_output(kind: StepKind, told: Told) -> Any:
    told_events = [_of_choice(event) for event in told.events if event.name == names.CHOICE_EVENT]
    if told_events:
        return told_events
    if numbered := _numbered(told.attributes, names.OLD_COMPLETION, "assistant"):
        return numbered
    whole = _whole(told, names.OLD_COMPLETION, names.COMPLETION_EVENT)
    return _as_messages(whole, "assistant") if kind in ("model", "agent") else whole


def _whole(told: Told, key: str, event_name: str) -> Any:
    events = (event.attributes for event in told.events if event.name == event_name)
    return next((plain(said[key]) for said in (told.attributes, *events) if key in said), None)


def _as_messages(whole: Any, role: str) -> Any:
    if isinstance(whole, str):
        return [from_chat(role, {"content": whole})]
    if isinstance(whole, list) and all(isinstance(each, dict) for each in whole):
        return [each if "parts" in each else from_chat(str(each.get("role") or role), each) for each in whole]
    return whole


def _of_event(event: StepEvent) -> dict[str, Any]:
    body = _body(event)
    return from_chat(str(body.get("role") or names.ROLE_OF_EVENT[event.name]), body)


def _of_choice(event: StepEvent) -> dict[str, Any]:
    body = _body(event)
    inner = body.get("message")
    inner = plain(inner) if isinstance(inner, str) else inner
    message = inner if isinstance(inner, dict) else body if inner is None else {"content": inner}
    made = from_chat(str(message.get("role") or "assistant"), message)
    return {**made, "finish_reason": body["finish_reason"]} if "finish_reason" in body else made


def _body(event: StepEvent) -> dict[str, Any]:
    """What an event says: in attributes of their own, or all of it as JSON in one."""
    body = {key: _plain(value) for key, value in event.attributes.items()}
    inner = plain(body.pop(names.EVENT_CONTENT, None))
    if isinstance(inner, dict):
        return {**body, **inner}
    return {**body, "content": inner} if inner is not None else body


def _numbered(said: Attributes, prefix: str, role: str) -> list[dict[str, Any]]:
    """Messages in attributes such as `gen_ai.prompt.0.content`, which OpenLLMetry writes."""
    found: dict[int, dict[str, Any]] = {}
    for key, value in said.items():
        if not key.startswith(prefix + "."):
            continue
        number, _, part = key[len(prefix) + 1 :].partition(".")
        # A longer number is none of a message.
        if number.isdecimal() and len(number) < 6 and part in ("role", "content", "finish_reason"):
            found.setdefault(int(number), {})[part] = _plain(value)
    return [from_chat(str(body.get("role") or role), body) for _, body in sorted(found.items())]


# -- values ------------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A value as JSON has it; a text that is an object or a list is read."""
    return read_json(value) if isinstance(value, str) else _plain(value)


def _own(value: Value) -> Any:
    """What we wrote as JSON, whatever it is; a text that is none, as it is."""
    if not isinstance(value, str):
        return _plain(value)
    try:
        return msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
