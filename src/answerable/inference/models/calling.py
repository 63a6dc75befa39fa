"""Calls a model behind an endpoint: time-outs, tries, waits, the wire that it understands, and clear failures.

The tries are ours and not the client library's, so that each one is counted and seen in the trace.
"""

import asyncio
import logging
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, cast

import httpx2
from agents.agent_output import AgentOutputSchemaBase
from agents.handoffs import Handoff
from agents.items import ModelResponse, TResponseInputItem, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.interface import Model, ModelTracing
from agents.models.openai_chatcompletions import OpenAIChatCompletionsModel
from agents.models.openai_responses import OpenAIResponsesModel
from agents.tool import Tool
from openai import APIStatusError, AsyncOpenAI, DefaultAsyncHttpx2Client
from openai.types.responses.response_prompt_param import ResponsePromptParam

from answerable.inference.models.endpoint import Endpoint
from answerable.inference.models.failures import (
    AnswerGarbled,
    KeyRefused,
    ModelFailed,
    ModelUnknown,
    NotAnAnswer,
    TooSlow,
    as_failure,
)

log = logging.getLogger(__name__)

KnownWire = Literal["responses", "chat_completions"]

# Nothing of an answer is in these yet: until something else comes, the call can be tried again unseen.
_PREAMBLE = frozenset({"response.created", "response.in_progress", "response.queued"})

# These think before they answer and want their thoughts back with the next call of the turn.
_THINKING = re.compile(r"(?:o\d|gpt-[5-9]|codex)(?!.*-chat)")


@dataclass(frozen=True, slots=True)
class Try:
    """One failed try of a call."""

    number: int
    failure: str
    """The kind of failure, such as `TooManyCalls`."""
    sentence: str
    waited_seconds: float
    """Before the next one; 0 after the last."""


_tries: ContextVar[list[Try] | None] = ContextVar("tries", default=None)


def count_tries() -> list[Try]:
    """From here on the failed tries of this task's calls are put into this list."""
    tries: list[Try] = []
    _tries.set(tries)
    return tries


@dataclass(slots=True)
class _Known:
    """What was learnt about an endpoint."""

    wire: KnownWire | None = None


class EndpointModel(Model):
    """A language model behind an endpoint."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: AsyncOpenAI,
        *,
        turns: asyncio.Semaphore | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.endpoint = endpoint
        self._responses = OpenAIResponsesModel(endpoint.model, client)
        self._chat = _ChatModel(endpoint.model, client)
        self._turns = turns or asyncio.Semaphore(endpoint.calls_at_once)
        self._sleep = sleep
        self._chance = chance
        self._known = _Known()

    @property
    def wire(self) -> KnownWire:
        """How the endpoint is spoken to, as far as that is known."""
        if self.endpoint.wire != "auto":
            return self.endpoint.wire
        return self._known.wire or "responses"

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
        """The whole answer at once, or a ModelFailed."""

        async def once(model: Model) -> ModelResponse:
            return await model.get_response(
                system_instructions,
                _input_for(model, input),
                self._settings(model_settings, model),
                tools,
                output_schema,
                handoffs,
                tracing,
                previous_response_id=previous_response_id,
                conversation_id=conversation_id,
                prompt=prompt,
            )

        deadline = self._deadline()
        number = 0
        while True:
            number += 1
            async with self._turn(deadline):
                answer = await self._attempt(once, deadline)
            if isinstance(answer, ModelResponse):
                return answer
            await self._wait_or_raise(answer, number, deadline)

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
        """The answer as it is written. Once a word of it was given, a failure is final."""

        def begin(model: Model) -> AsyncIterator[TResponseStreamEvent]:
            return model.stream_response(
                system_instructions,
                _input_for(model, input),
                self._settings(model_settings, model),
                tools,
                output_schema,
                handoffs,
                tracing,
                previous_response_id=previous_response_id,
                conversation_id=conversation_id,
                prompt=prompt,
            )

        deadline = self._deadline()
        number = 0
        while True:
            number += 1
            given, failure = False, None
            async with self._turn(deadline), aclosing(self._stream_attempt(begin, deadline)) as events:
                async for event in events:
                    if isinstance(event, ModelFailed):
                        failure = event
                    else:
                        given = True
                        yield event
            if failure is None:
                return
            await self._wait_or_raise(failure, self.endpoint.patience.tries if given else number, deadline)

    def _settings(self, asked: ModelSettings, model: Model) -> ModelSettings:
        """The agent's settings, filled up from the endpoint's; nothing is to be kept at the endpoint."""
        overlay = ModelSettings(
            temperature=self.endpoint.temperature if asked.temperature is None else asked.temperature,
            max_tokens=self.endpoint.tokens_out_max if asked.max_tokens is None else asked.max_tokens,
        )
        if isinstance(model, OpenAIChatCompletionsModel):
            overlay.include_usage = True
        elif self.endpoint.is_openai:
            overlay.store = False
            if _THINKING.match(self.endpoint.model):
                overlay.response_include = ["reasoning.encrypted_content"]
        return asked.resolve(overlay)

    def _deadline(self) -> float:
        return time.monotonic() + self.endpoint.patience.total_seconds

    def _turn(self, deadline: float) -> "_Turn":
        return _Turn(self._turns, deadline, self.endpoint)

    async def _attempt(
        self, once: Callable[[Model], Awaitable[ModelResponse]], deadline: float
    ) -> ModelResponse | ModelFailed:
        try:
            async with asyncio.timeout(_left(deadline)):
                try:
                    answer = await once(self._model())
                except APIStatusError as error:
                    if not self._falls_back(error):
                        raise
                    answer = await once(self._model())
        except Exception as error:
            return self._failure(error)
        self._known.wire = self.wire
        return answer

    async def _stream_attempt(
        self, begin: Callable[[Model], AsyncIterator[TResponseStreamEvent]], deadline: float
    ) -> AsyncGenerator[TResponseStreamEvent | ModelFailed, None]:
        """The events of one try; the last one may be a failure."""
        held: list[TResponseStreamEvent] = []
        began = completed = False
        stream = begin(self._model())
        try:
            while True:
                seconds = min(_left(deadline), self.endpoint.patience.first_token_seconds)
                try:
                    async with asyncio.timeout(seconds):
                        event = await anext(stream)
                except StopAsyncIteration:
                    break
                except APIStatusError as error:
                    if began or held or not self._falls_back(error):
                        yield self._failure(error)
                        return
                    stream = begin(self._model())
                    continue
                except Exception as error:
                    yield self._failure(error)
                    return
                if not began and event.type in _PREAMBLE:
                    held.append(event)
                    continue
                began, completed = True, completed or event.type == "response.completed"
                self._known.wire = self.wire
                for each in held:
                    yield each
                held = []
                yield event
        finally:
            await _close(stream)
        if not completed:
            yield AnswerGarbled(f"{self.endpoint.host} broke off in the middle of an answer.")

    def _model(self) -> Model:
        if self.endpoint.is_openai and not self.endpoint.key:
            raise KeyRefused(f"{self.endpoint.host} needs a key. Set OPENAI_API_KEY, or use the embedded model.")
        return self._responses if self.wire == "responses" else self._chat

    def _falls_back(self, error: APIStatusError) -> bool:
        """Whether the endpoint does not know Responses; from then on chat completions are used."""
        if self.endpoint.wire != "auto" or self._known.wire is not None or self.endpoint.is_openai:
            return False
        if error.status_code not in (404, 405, 501) or "model_not_found" in str(error):
            return False
        self._known.wire = "chat_completions"
        return True

    def _failure(self, error: Exception) -> ModelFailed:
        failure = as_failure(error, self.endpoint)
        if failure is None:
            raise error
        # The error itself stays out of the log: it may repeat what was sent, and with it the key.
        log.warning("%s: %s (%s)", type(failure).__name__, failure, type(error).__name__)
        if isinstance(failure, ModelUnknown) and self.endpoint.wire == "auto":
            self._known.wire = None
        return failure

    async def _wait_or_raise(self, failure: ModelFailed, number: int, deadline: float) -> None:
        """Waits before the next try, or raises the failure if there shall be none."""
        patience = self.endpoint.patience
        wait = min(patience.wait_seconds_max, patience.wait_seconds * 2 ** (number - 1)) * (1 - self._chance() / 2)
        if failure.retry_after_seconds is not None:
            wait = max(wait, failure.retry_after_seconds)
        again = failure.may_help_to_retry and number < patience.tries and wait < _left(deadline)
        tries = _tries.get()
        if tries is not None:
            tries.append(Try(number, type(failure).__name__, str(failure), wait if again else 0.0))
        if not again:
            raise failure from None
        await self._sleep(wait)


class _ChatModel(OpenAIChatCompletionsModel):
    """The SDK's model for chat completions, which tells a stream that was cut off from one that ended.

    The SDK asks for a reason at the end of a stream only from OpenAI itself. A proxy that gives up in good order would
    make half an answer look whole.
    """

    async def _fetch_response(self, *args: Any, **kwargs: Any) -> Any:
        fetched = await super()._fetch_response(*args, **kwargs)
        if not isinstance(fetched, tuple):
            return fetched
        response, stream = fetched
        return response, _UntilFinished(stream)


class _UntilFinished:
    """A stream of chunks that must end with a reason or with the usage."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._chunks = aiter(stream)
        self._finished = False

    def __aiter__(self) -> "_UntilFinished":
        return self

    async def __anext__(self) -> Any:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            if not self._finished:
                raise NotAnAnswer("it broke off in the middle.") from None
            raise
        self._finished = self._finished or bool(chunk.usage) or any(each.finish_reason for each in chunk.choices or ())
        return chunk

    async def close(self) -> None:
        """Closes the connection."""
        await self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Turn:
    """A place among the calls that may run at once."""

    def __init__(self, turns: asyncio.Semaphore, deadline: float, endpoint: Endpoint) -> None:
        self._turns = turns
        self._deadline = deadline
        self._endpoint = endpoint

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(_left(self._deadline)):
                await self._turns.acquire()
        except TimeoutError:
            raise TooSlow(f"Too many calls to {self._endpoint.host} wait for their turn.") from None

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()


class EndpointClient(AsyncOpenAI):
    """The library's client, which keeps the key out of its errors and tries nothing twice."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        patience = endpoint.patience
        timeout = httpx2.Timeout(patience.total_seconds, connect=patience.connect_seconds)
        super().__init__(
            api_key=endpoint.key.reveal() if endpoint.key else "none",
            base_url=endpoint.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=DefaultAsyncHttpx2Client(
                timeout=timeout, follow_redirects=False, event_hooks={"response": [_must_be_an_answer]}
            ),
        )
        # The library reads these from the environment; a compatible endpoint has no business with them.
        self.organization = None
        self.project = None

    def _make_status_error(self, err_msg: str, *, body: object, response: httpx2.Response) -> APIStatusError:
        key = self._endpoint.key
        return super()._make_status_error(
            key.hide_in(err_msg) if key else err_msg, body=_hide(body, self._endpoint), response=response
        )


async def _must_be_an_answer(response: httpx2.Response) -> None:
    """Raises NotAnAnswer for a success that is a web page, or a redirection to somewhere else."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.is_redirect:
        await response.aread()
        raise NotAnAnswer(f"it redirects to another address ({response.status_code}); check OPENAI_BASE_URL.")
    if response.is_success and kind not in ("application/json", "text/event-stream"):
        await response.aread()
        raise NotAnAnswer(f"its content is {kind or 'of no named kind'}; check OPENAI_BASE_URL.")


def _hide(body: object, endpoint: Endpoint) -> object:
    if not endpoint.key:
        return body
    if isinstance(body, str):
        return endpoint.key.hide_in(body)
    if isinstance(body, dict):
        return {key: _hide(value, endpoint) for key, value in body.items()}
    return [_hide(each, endpoint) for each in body] if isinstance(body, list) else body


def _input_for(model: Model, items: str | list[TResponseInputItem]) -> str | list[TResponseInputItem]:
    """The input as the strictest endpoint reads it.

    Without thoughts that the endpoint kept to itself: it cannot find them again, as nothing is stored. And what the
    agent said earlier in its full form: OpenAI reads the short one too, llama.cpp does not.
    """
    if isinstance(items, str) or not isinstance(model, OpenAIResponsesModel):
        return items
    return [_in_full(item) for item in items if not _is_lost_thought(cast(dict[str, Any], item))]


def _in_full(item: TResponseInputItem) -> TResponseInputItem:
    given = cast(dict[str, Any], item)
    if given.get("role") != "assistant" or not isinstance(given.get("content"), str):
        return item
    content = [{"type": "output_text", "text": given["content"]}]
    return cast(TResponseInputItem, {**given, "type": "message", "content": content})


def _is_lost_thought(item: dict[str, Any]) -> bool:
    return item.get("type") == "reasoning" and not item.get("encrypted_content")


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


async def _close(stream: AsyncIterator[TResponseStreamEvent]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()
