"""The boundary between a run and its model: every call goes through the ledger, which gives back what it has."""

from collections.abc import AsyncIterator
from typing import Any

from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import ModelResponse, TResponseInputItem, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.interface import Model, ModelTracing
from agents.tool import Tool
from agents.usage import Usage as SdkUsage
from openai.types.responses import Response, ResponseCompletedEvent
from openai.types.responses.response_prompt_param import ResponsePromptParam
from pydantic import TypeAdapter

from answerable.agents.instructions import TERMINAL_TOOLS
from answerable.domain.runs import Usage
from answerable.inference.models.events import response_of, stream_events
from answerable.traces import Ledger, Step

_responses: TypeAdapter[Response] = TypeAdapter(Response)


class RecordedModel(Model):
    """A model whose answers are on the record: what the ledger has is not asked again."""

    def __init__(self, inner: Model, ledger: Ledger, *, name: str, reads_instructions: bool) -> None:
        """`reads_instructions`: whether the instructions are part of what the model is asked, or only travel along."""
        self._inner = inner
        self._ledger = ledger
        self._name = name
        self._reads_instructions = reads_instructions

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
        with self._ledger.step("model", "Think", self._request(system_instructions, input, tools)) as step:
            if not step.recorded:
                answer = await self._inner.get_response(
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
                self._record(step, response_of(answer, model=self._name, created_at=0))
            return _answer(_responses.validate_python(step.output))

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
        """The answer as it is written, or told again from the record."""
        with self._ledger.step("model", "Think", self._request(system_instructions, input, tools)) as step:
            if step.recorded:
                for event in stream_events(_responses.validate_python(step.output)):
                    yield event
                return
            async for event in self._inner.stream_response(
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
            ):
                if isinstance(event, ResponseCompletedEvent):
                    self._record(step, event.response)
                yield event

    def _request(
        self, instructions: str | None, items: str | list[TResponseInputItem], tools: list[Tool]
    ) -> dict[str, Any]:
        asked: dict[str, Any] = {"model": self._name, "input": items, "tools": [tool.name for tool in tools]}
        return {**asked, "instructions": instructions} if self._reads_instructions else asked

    def _record(self, step: Step, response: Response) -> None:
        step.output = response.model_dump(mode="json", exclude_unset=True, warnings=False)
        step.name, step.summary = _in_words(response)
        if response.usage is not None:
            step.usage = Usage(response.usage.input_tokens, response.usage.output_tokens)


def _in_words(response: Response) -> tuple[str, str]:
    """The step's name and what came of it, as a rep reads it."""
    calls = [item.name for item in response.output if item.type == "function_call"]
    if not calls:
        words = len(response.output_text.split())
        return "Write answer", f"{words} words"
    if set(calls) <= TERMINAL_TOOLS:
        return "Decide", ", ".join(call.replace("_", " ") for call in calls)
    return "Understand", ", ".join(call.replace("_", " ") for call in calls)


def _answer(response: Response) -> ModelResponse:
    usage = SdkUsage(requests=1)
    if response.usage is not None:
        usage.input_tokens = response.usage.input_tokens
        usage.output_tokens = response.usage.output_tokens
        usage.total_tokens = response.usage.total_tokens
    return ModelResponse(output=list(response.output), usage=usage, response_id=response.id)
