"""A finished answer told again as a stream: what replays and models without a stream of their own give to listeners."""

import re
import time
from collections.abc import Iterator
from typing import Any

from agents.items import ModelResponse, TResponseStreamEvent
from agents.usage import Usage
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseContentPartAddedEvent,
    ResponseContentPartDoneEvent,
    ResponseCreatedEvent,
    ResponseFunctionCallArgumentsDeltaEvent,
    ResponseFunctionCallArgumentsDoneEvent,
    ResponseFunctionToolCall,
    ResponseOutputItem,
    ResponseOutputItemAddedEvent,
    ResponseOutputItemDoneEvent,
    ResponseOutputMessage,
    ResponseOutputRefusal,
    ResponseOutputText,
    ResponseRefusalDeltaEvent,
    ResponseRefusalDoneEvent,
    ResponseTextDeltaEvent,
    ResponseTextDoneEvent,
    ResponseUsage,
)

# A delta is this many words: small enough to look like writing, large enough to cost little.
WORDS_A_DELTA = 3

_DELTA = re.compile(rf"(?:\S+\s*|\s+){{1,{WORDS_A_DELTA}}}")


def response_of(answer: ModelResponse, *, model: str, created_at: float | None = None) -> Response:
    """The answer as the Responses API has it."""
    return Response(
        id=answer.response_id or "resp_without_id",
        created_at=time.time() if created_at is None else created_at,
        model=model,
        object="response",
        status="completed",
        output=answer.output,
        tool_choice="auto",
        tools=[],
        parallel_tool_calls=True,
        usage=_usage_of(answer.usage),
    )


def stream_events(response: Response) -> Iterator[TResponseStreamEvent]:
    """The events with which the Responses API would have streamed this answer, text in small deltas."""
    numbers = iter(range(1_000_000_000))
    begun = response.model_copy(update={"output": [], "status": "in_progress", "usage": None})
    yield ResponseCreatedEvent(type="response.created", response=begun, sequence_number=next(numbers))
    for index, item in enumerate(response.output):
        yield ResponseOutputItemAddedEvent(
            type="response.output_item.added", item=_begun(item), output_index=index, sequence_number=next(numbers)
        )
        if isinstance(item, ResponseOutputMessage):
            yield from _message_events(item, index, numbers)
        elif isinstance(item, ResponseFunctionToolCall):
            yield from _call_events(item, index, numbers)
        yield ResponseOutputItemDoneEvent(
            type="response.output_item.done", item=item, output_index=index, sequence_number=next(numbers)
        )
    yield ResponseCompletedEvent(type="response.completed", response=response, sequence_number=next(numbers))


def _message_events(item: ResponseOutputMessage, index: int, numbers: Iterator[int]) -> Iterator[TResponseStreamEvent]:
    for part_index, part in enumerate(item.content):
        place: dict[str, Any] = {"item_id": item.id, "output_index": index, "content_index": part_index}
        if isinstance(part, ResponseOutputText):
            empty: ResponseOutputText | ResponseOutputRefusal = part.model_copy(
                update={"text": "", "annotations": [], "logprobs": None}
            )
        else:
            empty = part.model_copy(update={"refusal": ""})
        yield ResponseContentPartAddedEvent(
            type="response.content_part.added", part=empty, sequence_number=next(numbers), **place
        )
        if isinstance(part, ResponseOutputText):
            for delta in _DELTA.findall(part.text):
                yield ResponseTextDeltaEvent(
                    type="response.output_text.delta", delta=delta, logprobs=[], sequence_number=next(numbers), **place
                )
            yield ResponseTextDoneEvent(
                type="response.output_text.done", text=part.text, logprobs=[], sequence_number=next(numbers), **place
            )
        else:
            yield ResponseRefusalDeltaEvent(
                type="response.refusal.delta", delta=part.refusal, sequence_number=next(numbers), **place
            )
            yield ResponseRefusalDoneEvent(
                type="response.refusal.done", refusal=part.refusal, sequence_number=next(numbers), **place
            )
        yield ResponseContentPartDoneEvent(
            type="response.content_part.done", part=part, sequence_number=next(numbers), **place
        )


def _call_events(item: ResponseFunctionToolCall, index: int, numbers: Iterator[int]) -> Iterator[TResponseStreamEvent]:
    item_id = item.id or item.call_id
    yield ResponseFunctionCallArgumentsDeltaEvent(
        type="response.function_call_arguments.delta",
        item_id=item_id,
        output_index=index,
        delta=item.arguments,
        sequence_number=next(numbers),
    )
    yield ResponseFunctionCallArgumentsDoneEvent(
        type="response.function_call_arguments.done",
        item_id=item_id,
        output_index=index,
        arguments=item.arguments,
        sequence_number=next(numbers),
    )


def _begun(item: ResponseOutputItem) -> ResponseOutputItem:
    """The item as it is announced, before anything of it is there."""
    if isinstance(item, ResponseOutputMessage):
        return item.model_copy(update={"content": [], "status": "in_progress"})
    if isinstance(item, ResponseFunctionToolCall):
        return item.model_copy(update={"arguments": "", "status": "in_progress"})
    return item


def _usage_of(usage: Usage) -> ResponseUsage:
    return ResponseUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        input_tokens_details=usage.input_tokens_details,
        output_tokens_details=usage.output_tokens_details,
    )
