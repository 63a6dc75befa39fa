"""The boundary at which model calls are recorded and replayed: `RecordedModel(inner, ledger)`.

Each call of a run has a number and a digest of what was asked. If the ledger has a response for them it is given
again, also as a stream, and the inner model is not called. Otherwise the call is made and recorded whole: request,
response, usage, time, and the tries that failed.
"""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import ModelResponse, TResponseInputItem, TResponseOutputItem, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.interface import Model, ModelTracing
from agents.tool import FunctionTool, Tool
from agents.usage import Usage as SdkUsage
from agents.usage import deserialize_usage
from openai.types.responses import Response, ResponseCompletedEvent
from openai.types.responses.response_prompt_param import ResponsePromptParam
from pydantic import BaseModel, TypeAdapter

from answerable.domain.errors import AnswerableError
from answerable.domain.runs import Usage
from answerable.inference.models.calling import Try, count_tries
from answerable.inference.models.events import response_of, stream_events
from answerable.inference.models.prices import Price


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """What a model answered, as JSON."""

    content: dict[str, Any]
    """`output` (items as the Responses API has them), `response_id` and `usage`."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of a model, whole."""

    number: int
    """Counts the run's model calls from 1."""
    digest: str
    """SHA-256 over the canonical JSON of the request."""
    model: str
    request: dict[str, Any]
    """`instructions`, `input`, `tools`, `settings`, `output_schema` and `handoffs`, as JSON."""
    response: RecordedResponse | None
    """None if the call failed."""
    error: str | None
    """One sentence, if the call failed."""
    usage: Usage
    tokens_cached: int
    price_known: bool
    tries: tuple[Try, ...]
    """The tries that failed before."""
    started_at: datetime
    duration_us: int
    first_token_us: int | None
    """Until the first word or call, where the answer was streamed."""


class ModelLedger(Protocol):
    """Where a run's model calls are kept."""

    async def recorded(self, number: int, digest: str, request: Mapping[str, Any]) -> RecordedResponse | None:
        """The response that is recorded for this call, by its number, or its digest; none if it has to be made.

        Something else recorded under this number means that the run has left its recording: raise or give none, as
        the run demands. Raises Unavailable, too, where it is recorded that the call failed.
        """
        ...

    async def record(self, call: RecordedCall) -> None:
        """Keeps a call that was made."""
        ...


class RecordedModel(Model):
    """A model whose calls go through a run's ledger. Make one for each run: it counts the calls."""

    def __init__(self, inner: Model, ledger: ModelLedger, *, name: str, price: Price | None = None) -> None:
        self._inner = inner
        self._ledger = ledger
        self._name = name
        self._price = price
        self._calls = 0

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
        """The recorded answer, or the inner model's."""
        call = self._begin(request_as_json(system_instructions, input, model_settings, tools, output_schema, handoffs))
        if recorded := await self._ledger.recorded(call.number, call.digest, call.request):
            return response_from_json(recorded.content)
        try:
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
        except (AnswerableError, asyncio.CancelledError) as error:
            await self._record_failure(call, error)
            raise
        await self._record(call, answer)
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
        """The recorded answer told as a stream, or the inner model's. It is recorded before its end is told."""
        call = self._begin(request_as_json(system_instructions, input, model_settings, tools, output_schema, handoffs))
        if recorded := await self._ledger.recorded(call.number, call.digest, call.request):
            for event in stream_events(
                response_of(response_from_json(recorded.content), model=self._name, created_at=0)
            ):
                yield event
            return
        events = self._inner.stream_response(
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
        try:
            async for event in events:
                if call.first_token_ns is None and event.type.endswith(".delta"):
                    call.first_token_ns = time.perf_counter_ns()
                if isinstance(event, ResponseCompletedEvent):
                    await self._record(call, _answer_in(event.response))
                yield event
        except (AnswerableError, asyncio.CancelledError) as error:
            await self._record_failure(call, error)
            raise

    async def close(self) -> None:
        """Closes the inner model."""
        await self._inner.close()

    def _begin(self, request: dict[str, Any]) -> "_Call":
        self._calls += 1
        return _Call(self._calls, digest_of({**request, "model": self._name}), request, count_tries())

    async def _record(self, call: "_Call", answer: ModelResponse) -> None:
        usage = Usage(
            tokens_in=answer.usage.input_tokens,
            tokens_out=answer.usage.output_tokens,
            cost_micros=self._price.cost_micros(answer.usage) if self._price else 0,
        )
        await self._ledger.record(
            call.ended(
                model=self._name,
                response=RecordedResponse(response_as_json(answer)),
                usage=usage,
                tokens_cached=answer.usage.input_tokens_details.cached_tokens,
                price_known=self._price is not None,
            )
        )

    async def _record_failure(self, call: "_Call", error: BaseException) -> None:
        sentence = str(error) or "The call was given up."
        await self._ledger.record(call.ended(model=self._name, error=sentence, price_known=self._price is not None))


class _Call:
    """A call under way."""

    def __init__(self, number: int, digest: str, request: dict[str, Any], tries: list[Try]) -> None:
        self.number = number
        self.digest = digest
        self.request = request
        self.tries = tries
        self.first_token_ns: int | None = None
        self._started_at = datetime.now(UTC)
        self._started_ns = time.perf_counter_ns()

    def ended(
        self,
        *,
        model: str,
        response: RecordedResponse | None = None,
        error: str | None = None,
        usage: Usage | None = None,
        tokens_cached: int = 0,
        price_known: bool,
    ) -> RecordedCall:
        """The call as it is kept."""
        return RecordedCall(
            number=self.number,
            digest=self.digest,
            model=model,
            request=self.request,
            response=response,
            error=error,
            usage=usage or Usage(),
            tokens_cached=tokens_cached,
            price_known=price_known,
            tries=tuple(self.tries),
            started_at=self._started_at,
            duration_us=(time.perf_counter_ns() - self._started_ns) // 1000,
            first_token_us=(self.first_token_ns - self._started_ns) // 1000 if self.first_token_ns else None,
        )


def digest_of(request: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON: keys sorted, no spaces, text as it is."""
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def request_as_json(
    instructions: str | None,
    items: str | list[TResponseInputItem],
    settings: ModelSettings,
    tools: list[Tool],
    output_schema: AgentOutputSchemaBase | None,
    handoffs: list[Handoff],
) -> dict[str, Any]:
    """All that a model is asked, as JSON."""
    return {
        "instructions": instructions,
        "input": _plain(items),
        "tools": [_tool(tool) for tool in tools],
        "settings": {
            key: value
            for key, value in _plain(settings.to_json_dict()).items()
            if value is not None and key != "extra_headers"
        },
        "output_schema": output_schema.json_schema() if output_schema and not output_schema.is_plain_text() else None,
        "handoffs": [handoff.tool_name for handoff in handoffs],
    }


def response_as_json(answer: ModelResponse) -> dict[str, Any]:
    """An answer as JSON, from which `response_from_json` makes the same answer."""
    return {
        "output": [_plain(item) for item in answer.output],
        "response_id": answer.response_id,
        "usage": _plain(answer.usage),
    }


def response_from_json(content: Mapping[str, Any]) -> ModelResponse:
    """The answer that was recorded."""
    return ModelResponse(
        output=_output_items().validate_python(content["output"]),
        usage=deserialize_usage(content["usage"]),
        response_id=content["response_id"],
    )


@cache
def _output_items() -> TypeAdapter[list[TResponseOutputItem]]:
    # Made when it is first needed: building it takes 150 ms.
    return TypeAdapter(list[TResponseOutputItem])


def _answer_in(response: Response) -> ModelResponse:
    usage = SdkUsage(requests=1)
    if response.usage is not None:
        usage.input_tokens = response.usage.input_tokens
        usage.output_tokens = response.usage.output_tokens
        usage.total_tokens = response.usage.total_tokens
        usage.input_tokens_details = response.usage.input_tokens_details or usage.input_tokens_details
        usage.output_tokens_details = response.usage.output_tokens_details or usage.output_tokens_details
    return ModelResponse(output=response.output, usage=usage, response_id=response.id)


def _tool(tool: Tool) -> dict[str, Any]:
    if isinstance(tool, FunctionTool):
        return {"name": tool.name, "description": tool.description, "parameters": tool.params_json_schema}
    return {"name": tool.name, "type": type(tool).__name__}


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
