"""The least that answers the same, for turns.py: the Agents SDK behind Starlette, session and traces in SQLite."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from _canned import ANSWER, INSTRUCTIONS, QUERY, search_result
from agents import Agent, Model, ModelResponse, RunConfig, Runner, SQLiteSession, function_tool, set_trace_processors
from agents.tracing import Span, Trace, TracingProcessor, generation_span
from agents.usage import Usage
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseTextDeltaEvent,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from answerable.inference.models.events import response_of, stream_events


@function_tool
def search_knowledge(query: str) -> str:
    """Search the help centre."""
    return search_result(query)


class Scripted(Model):
    """Searches, then answers; both without thinking."""

    async def get_response(self, *given: Any, **more: Any) -> ModelResponse:
        """The next step."""
        items = given[1] if len(given) > 1 else more["input"]
        with generation_span(model="scripted"):
            last = items[-1] if isinstance(items, list) else {}
            if last.get("type") == "function_call_output":
                text = ResponseOutputText(text=ANSWER, type="output_text", annotations=[])
                said = ResponseOutputMessage(
                    id="msg_1", type="message", role="assistant", status="completed", content=[text]
                )
                return ModelResponse(output=[said], usage=Usage(requests=1), response_id="resp_2")
            call = ResponseFunctionToolCall(
                id=f"fc_{len(items)}",
                call_id=f"call_{len(items)}",
                type="function_call",
                name="search_knowledge",
                arguments=json.dumps({"query": QUERY}),
                status="completed",
            )
            return ModelResponse(output=[call], usage=Usage(requests=1), response_id="resp_1")

    async def stream_response(self, *given: Any, **more: Any) -> AsyncIterator[Any]:
        """The next step, in pieces."""
        answer = await self.get_response(*given, **more)
        for event in stream_events(response_of(answer, model="scripted", created_at=0)):
            yield event


class TracesInSQLite(TracingProcessor):
    """Writes each trace with its spans when it ends."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS spans (trace_id TEXT, id TEXT, content TEXT)")
        self._open: dict[str, list[Any]] = {}

    def on_trace_start(self, trace: Trace) -> None:
        """Begin a list."""
        self._open[trace.trace_id] = []

    def on_span_start(self, span: Span[Any]) -> None:
        """Wait for its end."""

    def on_span_end(self, span: Span[Any]) -> None:
        """Keep it for the end of its trace."""
        row = (span.trace_id, span.span_id, json.dumps(span.export(), default=str))
        self._open.setdefault(span.trace_id, []).append(row)

    def on_trace_end(self, trace: Trace) -> None:
        """Write all of it."""
        rows = [*self._open.pop(trace.trace_id, []), (trace.trace_id, None, json.dumps(trace.export(), default=str))]
        self._db.executemany("INSERT INTO spans VALUES (?, ?, ?)", rows)
        self._db.commit()

    def shutdown(self) -> None:
        """Close the file."""
        self._db.close()

    def force_flush(self) -> None:
        """Nothing waits."""


def main(port: int, folder: str) -> None:
    """Serve until killed."""
    set_trace_processors([TracesInSQLite(f"{folder}/traces.sqlite")])
    agent = Agent(name="support", instructions=INSTRUCTIONS, model=Scripted(), tools=[search_knowledge])

    async def turn(request: Request) -> StreamingResponse:
        asked = await request.json()
        session = SQLiteSession(asked["conversation_id"], f"{folder}/sessions.sqlite")

        async def pieces() -> AsyncIterator[str]:
            result = Runner.run_streamed(agent, asked["text"], session=session, run_config=RunConfig())
            async for event in result.stream_events():
                if event.type == "raw_response_event" and isinstance(event.data, ResponseTextDeltaEvent):
                    yield f"data: {json.dumps(event.data.delta)}\n\n"
            session.close()

        return StreamingResponse(pieces(), media_type="text/event-stream")

    async def alive(_: Request) -> StreamingResponse:
        return StreamingResponse(iter(["alive"]))

    app = Starlette(routes=[Route("/turn", turn, methods=["POST"]), Route("/healthz", alive)])
    config = uvicorn.Config(app, port=port, log_level="warning", access_log=False)
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
