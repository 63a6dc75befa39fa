"""The embedded model: no network, no key, and never a fact of its own.

It looks at what the customer said, searches, and then follows a procedure if one is wanted, quotes the best passage
with its source, asks which of several things is meant, or hands the conversation to a person. It goes through the same
door, tools and steps as a language model, so that everything above works without one. The same input gives the same
output, byte for byte.
"""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import ModelResponse, TResponseInputItem, TResponseOutputItem, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.interface import Model, ModelTracing
from agents.tool import Tool
from agents.tracing import generation_span
from agents.usage import Usage
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from openai.types.responses.response_prompt_param import ResponsePromptParam

from answerable.agents.quoting import Call, Step, next_step
from answerable.agents.turns import read_turn
from answerable.inference.models.events import response_of, stream_events

EMBEDDED_MODEL = "embedded"
"""What settings and traces call it."""


class EmbeddedModel(Model):
    """Quotes, asks, or hands off, by rules that anyone can read in `turns.py` and `quoting.py`."""

    async def get_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],  # noqa: A002  (the SDK's name)
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> ModelResponse:
        """The whole answer at once."""
        with generation_span(model=EMBEDDED_MODEL, disabled=tracing.is_disabled()) as span:
            answer = _answer(input, can_follow=any(tool.name == "follow_procedure" for tool in tools))
            if tracing.include_data():
                span.span_data.output = [item.model_dump() for item in answer.output]
            return answer

    async def stream_response(
        self,
        system_instructions: str | None,
        input: str | list[TResponseInputItem],  # noqa: A002  (the SDK's name)
        model_settings: ModelSettings,
        tools: list[Tool],
        output_schema: AgentOutputSchemaBase | None,
        handoffs: list[Handoff],
        tracing: ModelTracing,
        *,
        previous_response_id: str | None,
        conversation_id: str | None,
        prompt: ResponsePromptParam | None,
    ) -> AsyncIterator[TResponseStreamEvent]:
        """The answer in small pieces."""
        answer = await self.get_response(
            system_instructions,
            input,
            model_settings,
            tools,
            output_schema,
            handoffs,
            tracing,
            previous_response_id=previous_response_id,
            conversation_id=conversation_id,
            prompt=prompt,
        )
        for event in stream_events(response_of(answer, model=EMBEDDED_MODEL, created_at=0)):
            yield event


def _answer(items: str | list[TResponseInputItem], *, can_follow: bool) -> ModelResponse:
    plain_items: list[Any] = [{"role": "user", "content": items}] if isinstance(items, str) else list(items)
    step = next_step(read_turn(plain_items, can_follow=can_follow))
    name = hashlib.sha256(json.dumps(plain_items, sort_keys=True, default=str).encode()).hexdigest()[:24]
    return ModelResponse(output=_output(step, name), usage=Usage(requests=1), response_id=f"resp_{name}")


def _output(step: Step, name: str) -> list[TResponseOutputItem]:
    if step.text is not None:
        part = ResponseOutputText(text=step.text, type="output_text", annotations=[])
        return [
            ResponseOutputMessage(
                id=f"msg_{name}", type="message", role="assistant", status="completed", content=[part]
            )
        ]
    return [_tool_call(call, f"{name}_{number}") for number, call in enumerate(step.calls, 1)]


def _tool_call(call: Call, name: str) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        id=f"fc_{name}",
        call_id=f"call_{name}",
        type="function_call",
        name=call.tool,
        arguments=json.dumps(call.arguments, ensure_ascii=False),
        status="completed",
    )
