"""An OpenAI-compatible endpoint on loopback that answers and fails as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agents.items import ModelResponse, TResponseOutputItem
from agents.testing import assistant_message, function_call
from agents.usage import Usage

from answerable.inference.models.endpoint import Endpoint, Patience, Secret
from answerable.inference.models.events import response_of, stream_events

KEY = "sk-test-0123456789"
MODEL = "meta/small-model"

QUICK = Patience(connect_seconds=2, first_token_seconds=5, total_seconds=20, tries=3, wait_seconds=0.25)


@dataclass(frozen=True)
class Answers:
    """Answers in words, or with a tool call."""

    text: str = "Refunds take 5 days. [1]"
    call: tuple[str, dict[str, Any]] | None = None
    call_id: str = "call_1"
    cut_after_events: int | None = None
    """The connection is cut after so many events of the stream."""
    no_end: bool = False
    """The stream ends in good order, but without its last events."""
    hang_after_events: int | None = None
    tokens_cached: int = 0

    @property
    def items(self) -> list[TResponseOutputItem]:
        if self.call:
            return [function_call(self.call[0], self.call[1], call_id=self.call_id)]
        return [assistant_message(self.text)]

    @property
    def answer(self) -> ModelResponse:
        usage = Usage(requests=1, input_tokens=120, output_tokens=30, total_tokens=150)
        usage.input_tokens_details.cached_tokens = self.tokens_cached
        return ModelResponse(output=self.items, usage=usage, response_id="resp_1")


@dataclass(frozen=True)
class Fails:
    """Answers with this status and body."""

    status: int
    body: str = '{"error": {"message": "no", "code": null}}'
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


@dataclass(frozen=True)
class Hangs:
    """Takes the request and says nothing."""


@dataclass(frozen=True)
class HangsUp:
    """Closes the connection without an answer."""


Behaviour = Answers | Fails | Hangs | HangsUp


def error(code: str | None, message: str = "no") -> str:
    return json.dumps({"error": {"message": message, "type": "invalid_request_error", "code": code}})


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class PretendEndpoint:
    """What it was asked, and how it behaves next; the last behaviour stays."""

    script: list[Behaviour]
    knows_responses: bool = True
    url: str = ""
    asked: list[Request] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def was_asked(self, times: int) -> None:
        async with self.news:
            await self.news.wait_for(lambda: len(self.asked) >= times)

    def endpoint(self, **changes: Any) -> Endpoint:
        standard: dict[str, Any] = {"name": MODEL, "base_url": self.url, "key": Secret(KEY), "patience": QUICK}
        return Endpoint(**{**standard, **changes})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _read(reader):
                async with self.news:
                    self.asked.append(request)
                    self.news.notify_all()
                await self._answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, _Cut):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        wire = "responses" if request.path.endswith("/responses") else "chat"
        if wire == "responses" and not self.knows_responses:
            await _send(writer, Fails(404, '{"detail": "Not Found"}'))
            return
        behaviour = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(behaviour, HangsUp):
            raise _Cut
        if isinstance(behaviour, Hangs):
            await asyncio.Event().wait()
        elif isinstance(behaviour, Fails):
            await _send(writer, behaviour)
        elif request.body.get("stream"):
            await _send_stream(writer, behaviour, _lines(behaviour, wire))
        else:
            await _send(writer, Fails(200, json.dumps(_whole(behaviour, wire))))


class _Cut(Exception):
    pass


@asynccontextmanager
async def pretending(*script: Behaviour, knows_responses: bool = True) -> AsyncIterator[PretendEndpoint]:
    endpoint = PretendEndpoint(list(script), knows_responses)
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.get_running_loop().create_task(endpoint.serve(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield endpoint
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(first.split()[1], headers, json.loads(content or b"{}"))


async def _send(writer: asyncio.StreamWriter, answer: Fails) -> None:
    content = answer.body.encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    head = (
        f"HTTP/1.1 {answer.status} Whatever\r\nContent-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(content)}\r\n{more}\r\n"
    )
    writer.write(head.encode() + content)
    await writer.drain()


async def _send_stream(writer: asyncio.StreamWriter, behaviour: Answers, lines: list[str]) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head.encode())
    for number, line in enumerate(lines):
        if number == behaviour.hang_after_events:
            await asyncio.Event().wait()
        if number == behaviour.cut_after_events:
            await writer.drain()
            raise _Cut
        content = line.encode()
        writer.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _lines(behaviour: Answers, wire: str) -> list[str]:
    if wire == "responses":
        events = list(stream_events(response_of(behaviour.answer, model=MODEL)))
        kept = events[:-1] if behaviour.no_end else events
        return [f"event: {event.type}\ndata: {event.model_dump_json()}\n\n" for event in kept]
    chunks = [_chunk(delta) for delta in _deltas(behaviour)]
    if not behaviour.no_end:
        chunks.append(_chunk({}, finish="tool_calls" if behaviour.call else "stop"))
        chunks.append({**_chunk({}), "choices": [], "usage": _chat_usage(behaviour)})
    return [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ([] if behaviour.no_end else ["data: [DONE]\n\n"])


def _deltas(behaviour: Answers) -> list[dict[str, Any]]:
    if behaviour.call is None:
        return [{"role": "assistant", "content": ""}, *({"content": f"{word} "} for word in behaviour.text.split())]
    name, arguments = behaviour.call
    written = json.dumps(arguments)
    pieces = [written[:5], written[5:]]
    begin = {"index": 0, "id": "call_1", "type": "function", "function": {"name": name, "arguments": ""}}
    return [
        {"role": "assistant", "tool_calls": [begin]},
        *({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces),
    ]


def _chunk(delta: dict[str, Any], *, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl_1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def _whole(behaviour: Answers, wire: str) -> dict[str, Any]:
    if wire == "responses":
        return response_of(behaviour.answer, model=MODEL).model_dump(mode="json")
    message: dict[str, Any] = {"role": "assistant", "content": behaviour.text}
    if behaviour.call:
        function = {"name": behaviour.call[0], "arguments": json.dumps(behaviour.call[1])}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
    return {
        "id": "chatcmpl_1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if behaviour.call else "stop"}],
        "usage": _chat_usage(behaviour),
    }


def _chat_usage(behaviour: Answers) -> dict[str, Any]:
    return {
        "prompt_tokens": 120,
        "completion_tokens": 30,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": behaviour.tokens_cached},
    }
