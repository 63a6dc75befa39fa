"""Language models are called over one door, and whatever goes wrong there ends in a clear sentence."""

import asyncio
import json
import logging
import socket
import traceback
from contextlib import aclosing
from typing import Any

import httpx2
import pytest
from agents.exceptions import ModelBehaviorError
from agents.items import ModelResponse
from agents.model_settings import ModelSettings
from agents.models.interface import Model, ModelTracing
from agents.testing import ScriptedModel
from agents.tracing import get_trace_provider

from answerable.inference.models.calling import EndpointClient, EndpointModel, count_tries
from answerable.inference.models.checking import check
from answerable.inference.models.endpoint import Endpoint, Patience, Secret
from answerable.inference.models.failures import (
    AnswerFiltered,
    AnswerGarbled,
    AnswerTooLong,
    ContextTooLong,
    EndpointDown,
    KeyRefused,
    ModelFailed,
    ModelUnknown,
    QuotaUsedUp,
    RequestRefused,
    TooManyCalls,
    TooSlow,
    as_failure,
)
from answerable.inference.models.provider import Models, keep_traces_at_home
from tests.inference.pretend_endpoint import (
    KEY,
    MODEL,
    QUICK,
    Answers,
    Behaviour,
    Fails,
    Hangs,
    HangsUp,
    error,
    pretending,
)

WIRES = ["responses", "chat_completions"]
REST: dict[str, Any] = {"previous_response_id": None, "conversation_id": None, "prompt": None}


class Caller:
    """Asks a model and remembers for how long it would have waited."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.waits: list[float] = []
        self.client = EndpointClient(endpoint)
        self.model = EndpointModel(endpoint, self.client, sleep=self._sleep, chance=lambda: 0.0)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def ask(self) -> str:
        async with self.client:
            return text_of(await whole(self.model))

    async def stream(self) -> str:
        async with self.client:
            return "".join(await deltas(self.model))

    async def either(self, *, streamed: bool) -> str:
        return await (self.stream() if streamed else self.ask())


async def whole(model: Model, settings: ModelSettings | None = None) -> ModelResponse:
    return await model.get_response(
        "Be brief.", "Hello?", settings or ModelSettings(), [], None, [], ModelTracing.DISABLED, **REST
    )


async def deltas(model: Model) -> list[str]:
    events = model.stream_response("Be brief.", "Hello?", ModelSettings(), [], None, [], ModelTracing.DISABLED, **REST)
    return [event.delta async for event in events if event.type == "response.output_text.delta"]


def text_of(answer: ModelResponse) -> str:
    return "".join(part.text for item in answer.output for part in getattr(item, "content", []))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_comes_over_either_wire_whole_or_streamed(wire: str, streamed: bool) -> None:
    async with pretending(Answers()) as server:
        said = await Caller(server.endpoint(wire=wire)).either(streamed=streamed)

    assert said.strip() == "Refunds take 5 days. [1]"
    (asked,) = server.asked
    assert asked.path == ("/v1/responses" if wire == "responses" else "/v1/chat/completions")
    assert asked.body["model"] == MODEL, "a name with a slash in it goes through as it is"
    assert asked.headers["authorization"] == f"Bearer {KEY}"


async def test_what_the_agent_said_earlier_goes_out_in_the_form_that_every_endpoint_reads() -> None:
    said: list[Any] = [
        {"role": "user", "content": "Refund me."},
        {"role": "assistant", "content": "Which order?"},
        {"role": "user", "content": "The last one."},
    ]
    async with pretending(Answers()) as server:
        caller = Caller(server.endpoint(wire="responses"))
        async with caller.client:
            await caller.model.get_response(
                "Be brief.", said, ModelSettings(), [], None, [], ModelTracing.DISABLED, **REST
            )

    _, earlier, _ = server.asked[0].body["input"]
    assert earlier == {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Which order?"}],
    }, "llama.cpp answers 400 to an assistant's message without a type"


@pytest.mark.parametrize("wire", WIRES)
async def test_usage_and_tool_calls_come_with_the_answer(wire: str) -> None:
    async with pretending(Answers(call=("search_knowledge", {"query": "refunds"}), tokens_cached=100)) as server:
        caller = Caller(server.endpoint(wire=wire))
        async with caller.client:
            answer = await whole(caller.model)

    (call,) = answer.output
    assert (getattr(call, "name", ""), getattr(call, "arguments", "")) == (
        "search_knowledge",
        '{"query": "refunds"}',
    ) or (getattr(call, "arguments", "") == '{"query":"refunds"}')
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (120, 30)
    assert answer.usage.input_tokens_details.cached_tokens == 100


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_endpoint_that_knows_only_chat_completions_is_found_out_once(streamed: bool) -> None:
    async with pretending(Answers(), knows_responses=False) as server:
        caller = Caller(server.endpoint(wire="auto"))
        async with caller.client:
            for _ in range(2):
                assert await (deltas(caller.model) if streamed else whole(caller.model))

    assert [asked.path.rpartition("/v1")[2] for asked in server.asked] == [
        "/responses",
        "/chat/completions",
        "/chat/completions",
    ]


LATER = (EndpointDown, TooManyCalls, TooSlow, AnswerGarbled)

FAILURES: list[tuple[Behaviour, type[ModelFailed], str]] = [
    (Fails(401, error("invalid_api_key", f"Incorrect API key provided: {KEY}")), KeyRefused, "OPENAI_API_KEY"),
    (Fails(403), KeyRefused, "refused the key (403)"),
    (Fails(404, error("model_not_found")), ModelUnknown, MODEL),
    (Fails(404), ModelUnknown, MODEL),
    (Fails(429, error("insufficient_quota")), QuotaUsedUp, "quota"),
    (Fails(429, error("rate_limit_exceeded")), TooManyCalls, "slow down"),
    (Fails(500), EndpointDown, "fault of its own"),
    (Fails(503, "<html>busy</html>", content_type="text/html"), EndpointDown, "(503)"),
    (Fails(400, error("context_length_exceeded")), ContextTooLong, "longer than"),
    (Fails(400, error(None, "the request exceeds the available context size")), ContextTooLong, "longer than"),
    (Fails(400, error("content_filter")), AnswerFiltered, "content filter"),
    (Fails(400, error("unsupported_parameter", f"temperature {KEY}")), RequestRefused, "temperature"),
    (Fails(200, "<html>Welcome</html>", content_type="text/html"), AnswerGarbled, "text/html"),
    (Fails(302, "", (("Location", "http://127.0.0.1:1/"),)), AnswerGarbled, "redirects"),
    (Fails(200, '{"output": [{"type": '), AnswerGarbled, "cannot be read"),
    (Fails(200, "[1, 2]"), AnswerGarbled, "cannot be read"),
    (Fails(200, "null"), AnswerGarbled, "cannot be read"),
    (HangsUp(), AnswerGarbled, "cut the connection"),
]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("behaviour", "kind", "words"), FAILURES)
async def test_each_failure_is_one_clear_sentence_and_never_shows_the_key(
    behaviour: Behaviour, kind: type[ModelFailed], words: str, wire: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with pretending(behaviour) as server:
        caller = Caller(server.endpoint(wire=wire))
        with pytest.raises(ModelFailed) as failed:
            await caller.ask()

    assert type(failed.value) is kind
    assert words in str(failed.value)
    assert failed.value.may_help_to_retry == isinstance(failed.value, LATER)
    assert len(server.asked) == (QUICK.tries if failed.value.may_help_to_retry else 1)
    shown = "".join(traceback.format_exception(failed.value)) + caplog.text + repr(caller.model.endpoint)
    assert KEY not in shown


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("behaviour", "kind", "words"), FAILURES[:13])
async def test_the_same_failures_end_a_stream(
    behaviour: Behaviour, kind: type[ModelFailed], words: str, wire: str
) -> None:
    async with pretending(behaviour) as server:
        with pytest.raises(ModelFailed) as failed:
            await Caller(server.endpoint(wire=wire)).stream()

    assert type(failed.value) is kind
    assert words in str(failed.value)


async def test_nobody_at_the_address_and_no_such_host_are_told_apart() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = Endpoint("m", f"http://127.0.0.1:{taken.getsockname()[1]}/v1", patience=Patience(tries=1))
        with pytest.raises(EndpointDown, match="Nobody answers at 127"):
            await Caller(closed).ask()
    unnamed = httpx2.ConnectError("All connection attempts failed")
    unnamed.__cause__ = socket.gaierror(-2, "Name or service not known")
    failure = as_failure(unnamed, Endpoint("m", "http://nowhere.invalid/v1"))
    assert str(failure).startswith("There is no host called nowhere.invalid.")
    beside_itself = as_failure(
        ModelBehaviorError("Tool call_0171 not found"), Endpoint("m", "http://nowhere.invalid/v1")
    )
    assert str(beside_itself) == "nowhere.invalid broke off its answer: ModelBehaviorError", "not what the model wrote"
    with pytest.raises(EndpointDown, match="must begin with http"):
        await Caller(Endpoint("m", "nowhere/v1", patience=Patience(tries=1))).ask()


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_fault_is_tried_again_with_growing_waits_and_each_try_is_counted(streamed: bool) -> None:
    tries = count_tries()
    async with pretending(Fails(500), Fails(429), Answers()) as server:
        caller = Caller(server.endpoint())
        said = await caller.either(streamed=streamed)

    assert said.strip() == "Refunds take 5 days. [1]"
    assert caller.waits == [0.25, 0.5]
    assert [(each.number, each.failure, each.waited_seconds) for each in tries] == [
        (1, "EndpointDown", 0.25),
        (2, "TooManyCalls", 0.5),
    ]


@pytest.mark.parametrize(("header", "waited"), [(("Retry-After", "7"), 7.0), (("retry-after-ms", "1500"), 1.5)])
async def test_the_endpoint_says_how_long_to_wait(header: tuple[str, str], waited: float) -> None:
    async with pretending(Fails(429, headers=(header,)), Answers()) as server:
        caller = Caller(server.endpoint())
        await caller.ask()

    assert caller.waits == [waited]


async def test_a_wait_that_does_not_fit_into_the_total_is_not_begun() -> None:
    async with pretending(Fails(429, headers=(("Retry-After", "3600"),))) as server:
        caller = Caller(server.endpoint())
        with pytest.raises(TooManyCalls):
            await caller.ask()

    assert caller.waits == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("streamed", [False, True])
async def test_silence_ends_in_a_time_out(streamed: bool) -> None:
    patience = Patience(connect_seconds=1, first_token_seconds=0.05, total_seconds=0.1, tries=2, wait_seconds=0)
    async with pretending(Hangs()) as server:
        with pytest.raises(TooSlow, match="no answer"):
            await Caller(server.endpoint(patience=patience)).either(streamed=streamed)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_that_falls_silent_is_given_up(wire: str) -> None:
    patience = Patience(first_token_seconds=0.2, total_seconds=5, tries=3)
    async with pretending(Answers(hang_after_events=6)) as server:
        caller = Caller(server.endpoint(wire=wire, patience=patience))
        with pytest.raises(TooSlow):
            await caller.stream()

    assert caller.waits == [], "words were given already: trying again would say them twice"


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("broken", [Answers(cut_after_events=6), Answers(no_end=True)])
async def test_a_stream_that_is_cut_off_is_a_failure_and_not_a_short_answer(broken: Answers, wire: str) -> None:
    async with pretending(broken) as server:
        with pytest.raises(ModelFailed) as failed:
            await Caller(server.endpoint(wire=wire)).stream()

    assert type(failed.value) is AnswerGarbled
    assert len(server.asked) == 1


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_that_is_cut_before_its_first_word_is_tried_again_unseen(wire: str) -> None:
    async with pretending(Answers(cut_after_events=0), Answers()) as server:
        assert (await Caller(server.endpoint(wire=wire)).stream()).strip() == "Refunds take 5 days. [1]"

    assert len(server.asked) == 2


async def test_an_answer_that_stops_at_its_limit_or_at_a_filter_says_so() -> None:
    def incomplete(reason: str) -> Fails:
        answer = {"id": "r", "object": "response", "status": "incomplete", "output": []}
        return Fails(200, json.dumps({**answer, "incomplete_details": {"reason": reason}}))

    async with pretending(incomplete("max_output_tokens"), incomplete("content_filter")) as server:
        with pytest.raises(AnswerTooLong):
            await Caller(server.endpoint(wire="responses")).ask()
        with pytest.raises(AnswerFiltered):
            await Caller(server.endpoint(wire="responses")).ask()


async def test_no_more_calls_run_at_once_than_allowed() -> None:
    async with pretending(Hangs()) as server:
        endpoint = server.endpoint(calls_at_once=2, wire="responses")
        async with EndpointClient(endpoint) as client:
            model = EndpointModel(endpoint, client)
            calls = [asyncio.create_task(whole(model)) for _ in range(5)]
            await server.was_asked(2)
            for _ in range(200):
                await asyncio.sleep(0)
            assert len(server.asked) == 2
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)


async def test_who_stops_listening_frees_the_place() -> None:
    async with pretending(Answers()) as server:
        endpoint = server.endpoint(calls_at_once=1)
        async with EndpointClient(endpoint) as client:
            model = EndpointModel(endpoint, client)
            for _ in range(3):
                events: Any = model.stream_response(
                    None, "Hello?", ModelSettings(), [], None, [], ModelTracing.DISABLED, **REST
                )
                async with aclosing(events):
                    await anext(events)

    assert len(server.asked) == 3


async def test_settings_reach_the_endpoint_and_the_agents_own_come_first() -> None:
    async with pretending(Answers()) as server:
        endpoint = server.endpoint(temperature=0.2, tokens_out_max=300, wire="responses")
        async with EndpointClient(endpoint) as client:
            await whole(EndpointModel(endpoint, client))
            await whole(EndpointModel(endpoint, client), ModelSettings(temperature=0.9))

    assert [(asked.body["temperature"], asked.body["max_output_tokens"]) for asked in server.asked] == [
        (0.2, 300),
        (0.9, 300),
    ]


async def test_the_provider_gives_own_models_by_name_and_all_others_from_the_endpoint() -> None:
    mine = ScriptedModel()
    models = Models(Endpoint("openai/meta-llama/Llama-3", "http://127.0.0.1:1/v1"), own={"embedded": mine})

    assert models.get_model("embedded") is mine
    default = models.get_model(None)
    assert isinstance(default, EndpointModel)
    assert default.endpoint.model == "meta-llama/Llama-3"
    assert models.get_model("openai/meta-llama/Llama-3") is default
    other = models.get_model("org/team/model")
    assert isinstance(other, EndpointModel)
    assert other.endpoint.model == "org/team/model"
    await models.aclose()


async def test_openai_without_a_key_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(KeyRefused, match="Set OPENAI_API_KEY"):
        await Caller(Endpoint("openai/gpt-5-mini")).ask()
    with pytest.raises(KeyRefused, match="Set OPENAI_API_KEY"):
        await Caller(Endpoint("openai/gpt-5-mini")).stream()


async def test_the_check_says_in_one_sentence_whether_the_model_works() -> None:
    async with pretending(Answers(), Fails(401), Fails(500)) as server:
        works, refused, down = [await check(server.endpoint()) for _ in range(3)]
    embedded = await check(Endpoint())

    host = server.url.removeprefix("http://").removesuffix("/v1")
    assert (
        works.sentence == f"{MODEL} answers at {host} over Responses. Its price is not known, so costs are shown as 0."
    )
    assert (works.works, refused.works, down.works, embedded.works) == (True, False, False, True)
    assert refused.sentence.startswith(f"{host} refused the key (401).")
    assert (refused.may_help_to_retry, down.may_help_to_retry) == (False, True)
    assert len(server.asked) == 3, "a check is tried once"


def test_a_secret_never_shows_itself() -> None:
    secret = Secret(KEY)

    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", repr(Endpoint(key=secret))):
        assert KEY not in shown
    assert secret.reveal() == KEY
    assert secret == Secret(KEY)


def test_traces_stay_at_home() -> None:
    keep_traces_at_home()

    provider: Any = get_trace_provider()
    assert provider._multi_processor._processors == ()
