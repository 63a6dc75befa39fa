"""A recorded call is given again and not made again."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from agents import Agent, RunConfig, Runner, function_tool
from agents.items import ModelResponse, TResponseStreamEvent
from agents.model_settings import ModelSettings
from agents.models.interface import ModelTracing
from agents.testing import ScriptedModel, assistant_message, function_call
from agents.usage import Usage as SdkUsage
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseTextDeltaEvent
from openai.types.responses.response_output_refusal import ResponseOutputRefusal
from openai.types.responses.response_output_text import ResponseOutputText
from openai.types.responses.response_reasoning_item import ResponseReasoningItem, Summary

from answerable.domain.runs import Usage
from answerable.inference.models.events import response_of, stream_events
from answerable.inference.models.failures import EndpointDown
from answerable.inference.models.prices import Price, price_of
from answerable.inference.models.recording import (
    RecordedCall,
    RecordedModel,
    RecordedResponse,
    digest_of,
    response_as_json,
    response_from_json,
)

PRICE = Price(Decimal("2.5"), Decimal("0.25"), Decimal("10"))
REST: dict[str, Any] = {"previous_response_id": None, "conversation_id": None, "prompt": None}

TEXT = st.text(max_size=200)
NAME = st.text(alphabet="abcdefghij_0123456789", min_size=1, max_size=12)


def message(item_id: str, parts: list[str], refusal: str | None) -> ResponseOutputMessage:
    content: list[ResponseOutputText | ResponseOutputRefusal] = [
        ResponseOutputText(text=part, type="output_text", annotations=[]) for part in parts
    ]
    if refusal is not None:
        content.append(ResponseOutputRefusal(refusal=refusal, type="refusal"))
    return ResponseOutputMessage(id=item_id, type="message", role="assistant", status="completed", content=content)


ITEM = st.one_of(
    st.builds(message, NAME, st.lists(TEXT, max_size=3), st.none() | TEXT),
    st.builds(
        lambda item_id, name, arguments: ResponseFunctionToolCall(
            id=item_id, call_id=f"call_{item_id}", type="function_call", name=name, arguments=arguments
        ),
        NAME,
        NAME,
        TEXT,
    ),
    st.builds(
        lambda item_id, thought, sealed: ResponseReasoningItem(
            id=item_id, type="reasoning", summary=[Summary(text=thought, type="summary_text")], encrypted_content=sealed
        ),
        NAME,
        TEXT,
        st.none() | TEXT,
    ),
)


def usage(tokens_in: int, tokens_out: int, cached: int) -> SdkUsage:
    used = SdkUsage(requests=1, input_tokens=tokens_in, output_tokens=tokens_out, total_tokens=tokens_in + tokens_out)
    used.input_tokens_details.cached_tokens = cached
    return used


ANSWER = st.builds(
    lambda output, used, response_id: ModelResponse(output=output, usage=used, response_id=response_id),
    st.lists(ITEM, max_size=4),
    st.builds(usage, st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**5)),
    st.none() | NAME,
)


@dataclass
class Book:
    """A ledger in memory."""

    calls: list[RecordedCall] = field(default_factory=list)

    async def recorded(self, number: int, digest: str, request: Mapping[str, Any]) -> RecordedResponse | None:
        return next((call.response for call in self.calls if (call.number, call.digest) == (number, digest)), None)

    async def record(self, call: RecordedCall) -> None:
        self.calls.append(call)


async def run(model: ScriptedModel, book: Book, *, streamed: bool) -> tuple[Any, list[str]]:
    """A turn with one tool, and the pieces in which its reply was streamed."""

    @function_tool
    def search_knowledge(query: str) -> str:
        """Searches."""
        return f"found {query}"

    agent = Agent[Any](name="a", model=RecordedModel(model, book, name="m", price=PRICE), tools=[search_knowledge])
    quiet = RunConfig(tracing_disabled=True)
    if not streamed:
        return (await Runner.run(agent, "Hello?", run_config=quiet)).final_output, []
    running = Runner.run_streamed(agent, "Hello?", run_config=quiet)
    pieces = [
        event.data.delta
        async for event in running.stream_events()
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta"
    ]
    return running.final_output, pieces


def script() -> ScriptedModel:
    return ScriptedModel(
        [
            {
                "output": [function_call("search_knowledge", {"query": "refunds"}, call_id="c1")],
                "usage": usage(100, 10, 40),
            },
            {"output": [assistant_message("Refunds take 5 days. [1]")], "usage": usage(200, 20, 0)},
        ]
    )


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("then", [False, True])
async def test_a_run_that_was_recorded_is_given_again_without_a_single_call(first: bool, then: bool) -> None:
    book, live, nobody = Book(), script(), ScriptedModel()

    said, _ = await run(live, book, streamed=first)
    again, pieces = await run(nobody, book, streamed=then)

    assert said == again == "Refunds take 5 days. [1]"
    assert nobody.calls == ()
    assert len(book.calls) == 2
    assert not then or "".join(pieces) == again


async def test_a_run_that_was_cut_off_goes_on_where_its_recording_ends() -> None:
    book = Book()
    await run(script(), book, streamed=True)
    del book.calls[1:]
    rest = ScriptedModel([[assistant_message("Five days. [1]")]])

    said, _ = await run(rest, book, streamed=True)

    assert said == "Five days. [1]"
    assert len(rest.calls) == 1


async def test_a_call_is_recorded_whole_with_its_usage_and_cost() -> None:
    book = Book()
    await run(script(), book, streamed=True)

    first, second = book.calls
    assert (first.number, second.number) == (1, 2)
    assert first.request["input"] == [{"content": "Hello?", "role": "user"}] or first.request["input"] == "Hello?"
    assert first.request["tools"][0]["name"] == "search_knowledge"
    assert second.request["input"][-1]["output"] == "found refunds"
    assert first.usage == Usage(tokens_in=100, tokens_out=10, cost_micros=60 * 5 // 2 + 10 + 100)
    assert first.tokens_cached == 40
    assert first.price_known
    assert first.duration_us >= (first.first_token_us or 0) > 0
    json.dumps([first.request, first.response and first.response.content])


async def test_a_failed_call_is_recorded_and_made_again_next_time() -> None:
    book = Book()
    for _ in range(2):
        with pytest.raises(EndpointDown):
            await run(ScriptedModel([EndpointDown("Nobody answers.")]), book, streamed=True)

    assert [(call.response, call.error) for call in book.calls] == [(None, "Nobody answers.")] * 2


async def test_another_question_is_not_answered_from_the_recording() -> None:
    book, live = Book(), ScriptedModel([[assistant_message("one")], [assistant_message("two")]])

    async def ask(text: str) -> Any:
        model = RecordedModel(live, book, name="m")
        answer = await model.get_response(None, text, ModelSettings(), [], None, [], ModelTracing.DISABLED, **REST)
        return response_as_json(answer)["output"][0]["content"][0]["text"]

    assert [await ask("a"), await ask("a"), await ask("b")] == ["one", "one", "two"]
    assert not book.calls[0].price_known
    assert book.calls[0].usage.cost_micros == 0


@given(ANSWER)
def test_an_answer_comes_back_from_its_recording_as_it_was(answer: ModelResponse) -> None:
    content = json.loads(json.dumps(response_as_json(answer)))
    again = response_from_json(content)

    assert again == answer
    assert response_as_json(again) == content


@given(ANSWER)
def test_a_stream_told_from_an_answer_holds_all_its_words(answer: ModelResponse) -> None:
    events = list(stream_events(response_of(answer, model="m", created_at=0)))

    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    parts = [part for item in answer.output if isinstance(item, ResponseOutputMessage) for part in item.content]
    assert said == "".join(part.text for part in parts if isinstance(part, ResponseOutputText))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"


@given(st.recursive(TEXT | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)))
def test_a_digest_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    one, other = {"a": value, "b": 1}, {"b": 1, "a": value}

    assert digest_of(one) == digest_of(other)


def test_prices_are_known_for_well_known_models_and_for_no_others() -> None:
    mini, large = price_of("gpt-5-mini"), price_of("gpt-5-2025-08-07")

    assert mini is not None
    assert large is not None
    assert mini.output < large.output
    assert price_of("gpt-4o-mini-2024-07-18") != price_of("gpt-4o-2024-08-06")
    assert price_of("meta-llama/Llama-3") is None
    assert price_of("gpt-5-mini-something-else-gpt-4o") is not None
    assert mini.cost_micros(usage(1_000_000, 1_000_000, 0)) == 2_250_000
    assert mini.cost_micros(usage(1_000_000, 0, 1_000_000)) == 25_000


class Endless(ScriptedModel):
    """Writes one word and then thinks for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.was_stopped = asyncio.Event(), False

    async def stream_response(self, *given: Any, **more: Any) -> AsyncIterator[TResponseStreamEvent]:
        try:
            yield ResponseTextDeltaEvent(
                content_index=0, delta="Refunds", item_id="i", logprobs=[], output_index=0, sequence_number=0,
                type="response.output_text.delta",
            )  # fmt: skip
            self.began.set()
            await asyncio.Event().wait()
        finally:
            self.was_stopped = True


async def test_a_call_that_was_stopped_ends_at_once_and_is_recorded_as_given_up() -> None:
    book, model = Book(), Endless()
    running = asyncio.create_task(run(model, book, streamed=True))
    await model.began.wait()

    running.cancel()
    await asyncio.wait([running])

    assert model.was_stopped
    assert [(call.response, call.error) for call in book.calls] == [(None, "The call was given up.")]
