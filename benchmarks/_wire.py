"""A client that costs little, so that the program is measured and not the client: HTTP and event streams."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

HEADERS_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a stream."""

    id: int
    name: str
    data: Any


class Wire:
    """One connection to the program, used for one request after the other."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self._port = port
        self._key = f"Authorization: Bearer {token}\r\n" if token else ""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Any, **headers: str) -> Any:
        """What a request gives, as JSON. Raises RuntimeError for anything but success."""
        reader = await self._send("POST", path, json.dumps(body).encode(), headers)
        status, length = await self._head(reader)
        content = await reader.readexactly(length) if length >= 0 else b"".join([c async for c in self._chunks(reader)])
        if status >= 300:
            raise RuntimeError(f"POST {path} gave {status}: {content[:300]!r}")
        return json.loads(content) if content.startswith((b"{", b"[")) else content.decode()

    async def post_for_first_byte(self, path: str, body: Any) -> AsyncIterator[bytes]:
        """The pieces of an answer that is streamed."""
        reader = await self._send("POST", path, json.dumps(body).encode(), {})
        await self._head(reader)
        async for chunk in self._chunks(reader):
            yield chunk

    async def listen(self, path: str) -> AsyncIterator[Event]:
        """The events of a stream, as long as it lasts (WHATWG HTML, server-sent events)."""
        reader = await self._send("GET", path, b"", {})
        status, _ = await self._head(reader)
        if status != 200:
            raise RuntimeError(f"GET {path} gave {status}")
        rest = b""
        async for chunk in self._chunks(reader):
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for block in blocks:
                fields = dict(line.split(b": ", 1) for line in block.split(b"\n") if b": " in line[1:])
                if b"data" in fields:
                    yield Event(int(fields[b"id"]), fields[b"event"].decode(), json.loads(fields[b"data"]))

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams:
            self._streams[1].close()

    async def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> asyncio.StreamReader:
        if self._streams is None or self._streams[0].at_eof():
            # The program ends connections on which nothing was said for some seconds.
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{self._key}{more}"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._streams[1].write(f"{head}\r\n".encode() + body)
        return self._streams[0]

    async def _head(self, reader: asyncio.StreamReader) -> tuple[int, int]:
        """Status and length; -1 where the answer comes in chunks."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        return int(head.split(" ", 2)[1]), int(lines.get("content-length", -1))

    async def _chunks(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        while size := int(await reader.readline(), 16):
            yield await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readline()
