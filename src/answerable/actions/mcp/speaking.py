"""Speaking to an MCP server: the only place that knows the SDK.

Each call has a connection of its own: it is opened, the tool is compared with its pin, it is called, and the connection
ends. So nothing that a server remembers of one customer reaches another one's call, what is called is what was just
compared, and up to the call itself it is sure that nothing was done.
"""

import asyncio
import logging
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import httpx2
from mcp import Client, MCPError, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, Implementation, InputRequiredResult, PaginatedRequestParams, TextContent, Tool

from answerable import __version__
from answerable.actions.declaring import NotDone
from answerable.actions.mcp.pins import Definition, differences
from answerable.actions.mcp.ways import Unreadable, Way, away

log = logging.getLogger(__name__)

Result = TypeVar("Result")

CHANGED = (
    "This cannot be done at the moment: the system that it is done in has changed, and somebody must look at it first. "
    "Nothing was changed."
)
ASKS_BACK = "It asks for more than it was given."
RESPONSE_BYTES_MAX = 4 * 1024 * 1024
"""Of one HTTP response; a list of many tools is long."""
PAGES_MAX = 20
HANG_UP_SECONDS = 0.5
HANG_UP_SECONDS_MAX = 5.0
"""A server may let us wait for its goodbye for ever; nobody does."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool answered."""

    is_error: bool
    structured: Any
    text: str


async def ask(way: Way, pinned: Definition, arguments: dict[str, Any], meta: Mapping[str, str]) -> Reply:
    """Calls a tool, if it is still the one that was pinned.

    Raises NotDone if nothing was sent. Anything else that is raised means that it may have been done.
    """
    sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def step(client: Client) -> Reply:
        _must_be_same(way, pinned, await _defined(client))
        sent.set_result(None)
        given: Any = {**meta} or None
        # The session's own call: the client's sends it a second time where a server asks for that.
        return _reply(await client.session.call_tool(pinned.name, arguments, meta=given, allow_input_required=True))

    try:
        return await _through(way, step, sent)
    except NotDone:
        raise
    except Exception as error:
        if not sent.done():
            raise away(way.server, _in_words(error)) from error
        log.warning("%s of the MCP server %s: %s.", pinned.name, way.server, _in_words(error))
        raise


async def tools_of(way: Way) -> list[Definition]:
    """What a server says of its tools. Raises NotDone if it cannot be reached."""
    try:
        return await _through(way, _defined, asyncio.get_running_loop().create_future())
    except NotDone:
        raise
    except Exception as error:
        raise away(way.server, _in_words(error)) from error


async def _through(way: Way, step: Callable[[Client], Awaitable[Result]], sent: "asyncio.Future[None]") -> Result:
    """What the step gives, on a connection of its own; one that does not hang up soon does so by itself."""
    answered: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    line = asyncio.create_task(_hold(way, step, answered))
    _lines.add(line)
    line.add_done_callback(_hung_up)
    ends: set[asyncio.Future[Any]] = {line, answered}
    try:
        await asyncio.wait({*ends, sent}, timeout=way.reached_within, return_when=asyncio.FIRST_COMPLETED)
        if not (sent.done() or answered.done() or line.done()):
            line.cancel()
            raise away(way.server, f"it did not answer within {way.reached_within:g} s")
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        # An answer counts, however long it takes to end what brought it.
        await asyncio.wait({line}, timeout=HANG_UP_SECONDS)
    finally:
        if not answered.done():
            line.cancel()
    if not answered.done():
        # It raises what ended the connection.
        await line
    return await answered


async def hung_up(within: float = HANG_UP_SECONDS_MAX) -> bool:
    """Waits until no connection is open any more; False if some had to be cut after `within` seconds."""
    if not _lines:
        return True
    _, left = await asyncio.wait(_lines, timeout=within)
    for line in left:
        line.cancel()
    if left:
        await asyncio.wait(left, timeout=within)
    return not left


async def _hold(way: Way, step: Callable[[Client], Awaitable[Result]], answered: "asyncio.Future[Result]") -> None:
    async with _connected(way) as client:
        try:
            answered.set_result(await step(client))
        except Exception as error:
            answered.set_exception(error)


_lines: set["asyncio.Task[None]"] = set()
"""Connections that are open or hang up: nobody else holds on to them."""


def _hung_up(line: "asyncio.Task[None]") -> None:
    _lines.discard(line)
    error = line.exception() if not line.cancelled() else None
    if error is not None:
        log.debug("A connection to an MCP server ended: %s.", _in_words(error))


@asynccontextmanager
async def _connected(way: Way) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        if way.url is not None:
            patience = httpx2.Timeout(30.0, read=300.0)
            headers = {**way.headers, "Accept-Encoding": "identity"}
            hooks: Any = {"response": [_limit]}
            http = httpx2.AsyncClient(headers=headers, timeout=patience, event_hooks=hooks, verify=_trusted())
            transport: Any = streamable_http_client(way.url, http_client=await stack.enter_async_context(http))
        else:
            program, *arguments = way.command
            started = StdioServerParameters(command=program, args=arguments, env={**way.environment})
            # What it writes there would reach our terminal and our log as it is, with customers' data in it.
            nowhere: Any = subprocess.DEVNULL
            transport = stdio_client(started, errlog=nowhere)
        mode = "legacy" if way.era == "handshake" else "auto"
        who = Implementation(name="answerable", version=__version__)
        yield await stack.enter_async_context(Client(transport, mode=mode, client_info=who, cache=None))


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust; reading that anew for each call costs more than the call."""
    return ssl.create_default_context()


async def _defined(client: Client) -> list[Definition]:
    found: list[Definition] = []
    cursor = None
    for _ in range(PAGES_MAX):
        wanted = PaginatedRequestParams(cursor=cursor) if cursor is not None else None
        page = await client.session.list_tools(params=wanted)
        found += map(_definition, page.tools)
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise ConnectionError(f"its list of tools has more than {PAGES_MAX} pages")


def _definition(tool: Tool) -> Definition:
    return Definition(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=tool.output_schema,
        annotations=tool.annotations.model_dump(by_alias=True, exclude_none=True) if tool.annotations else None,
    )


def _must_be_same(way: Way, pinned: Definition, found: list[Definition]) -> None:
    """Raises NotDone if a tool is not what somebody has looked at."""
    named = [each for each in found if each.name == pinned.name]
    if len(named) == 1:
        changed = differences(pinned, named[0])
    else:
        changed = ["how many there are"] if named else ["that there is one"]
    if changed:
        log.error(
            "The tool %s of the MCP server %s is not what was pinned: %s changed. It is not called until somebody has "
            "looked at it (`answerable tools %s %s`) and pinned it again.",
            pinned.name,
            way.server,
            ", ".join(changed),
            way.server,
            pinned.name,
        )
        raise NotDone(CHANGED)


def _reply(result: Any) -> Reply:
    if isinstance(result, InputRequiredResult):
        return Reply(is_error=True, structured=None, text=ASKS_BACK)
    if not isinstance(result, CallToolResult):
        raise Unreadable("It is no result of a tool.")
    text = "\n".join(each.text for each in result.content if isinstance(each, TextContent))
    other = next((each.type for each in result.content if not isinstance(each, TextContent)), None)
    if other is not None and not result.is_error:
        raise Unreadable(f"It answers with {other}, and only text and structured content are read.")
    return Reply(result.is_error, result.structured_content, text)


async def _limit(response: httpx2.Response) -> None:
    """Before it is read: no more of it than is sensible, and nothing that unpacks to more."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ConnectionError("it packs what it was asked to send plainly")
    stream = response.stream
    assert isinstance(stream, httpx2.AsyncByteStream)
    response.stream = _Limited(stream)


class _Limited(httpx2.AsyncByteStream):
    """Ends with an error where there is too much."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > RESPONSE_BYTES_MAX:
                raise httpx2.StreamError(f"more than {RESPONSE_BYTES_MAX // 1024} kB")
            yield chunk

    async def aclose(self) -> None:
        """Ends it."""
        await self._stream.aclose()


def _in_words(error: BaseException) -> str:
    """What went wrong, without addresses and what may be in them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    # What the server says of its errors may repeat what it was sent: only their number is told.
    said = str(error.code) if isinstance(error, MCPError) else str(error) if isinstance(error, Unreadable) else ""
    return f"{type(error).__name__}: {said!r:.200}" if said else type(error).__name__
