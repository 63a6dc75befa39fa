"""A connection to the server that a test can cut, as a train does in a tunnel."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Line:
    """Passes bytes on to the server until it is told not to."""

    to: str
    is_cut: bool = False
    swallows_answers: bool = False
    """Requests arrive, and what the server says to them is lost."""
    port: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        """Where a page reaches the server through this line."""
        return f"http://127.0.0.1:{self.port}/"

    async def begin(self) -> None:
        """Opens the line."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Everything under way breaks, and nothing new gets through."""
        self.is_cut = True
        self._break_all()

    def swallow_answers(self) -> None:
        """From now on answers are lost; what is under way breaks."""
        self.swallows_answers = True
        self._break_all()

    def mend(self) -> None:
        """Everything gets through again."""
        self.is_cut = self.swallows_answers = False
        self._break_all()

    async def end(self) -> None:
        """Closes the line for good."""
        self._break_all()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def _break_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        up_reader, up_writer = await asyncio.open_connection(urlsplit(self.to).hostname, urlsplit(self.to).port)
        ends = {writer, up_writer}
        self._open |= ends
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._pump(reader, up_writer), self._pump(up_reader, writer, is_answer=True))
        for end in ends:
            end.transport.abort()
        self._open -= ends

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool = False
    ) -> None:
        while content := await reader.read(65536):
            if is_answer and self.swallows_answers:
                break
            writer.write(content)
            await writer.drain()
        writer.transport.abort()
