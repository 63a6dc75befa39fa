"""What somebody could pick instead of Answerable, for turns.py: each peer's server, and clients that talk to it.

Peers live in an environment of their own, with all that they need and nothing of ours. These are the releases that were
tried; the data layer of Chainlit needs SQLAlchemy, and the ADK brings aiosqlite for both:

    python3 -m venv DIR && DIR/bin/pip install chainlit==2.12.0 google-adk==2.13.0 "sqlalchemy[asyncio]==2.1.9"
"""

import asyncio
import contextlib
import importlib.metadata
import json
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from _canned import ANSWER
from _serving import Folder, environment, free_ports
from _wire import Wire
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

HERE = Path(__file__).parent
TURN_SECONDS_MAX = 60
ATTEMPTS_MAX = 5
LOG_LINES_SHOWN = 20
# What a turn fails with: an answer that is an error or none, a connection that ends in its middle.
FAILURES = (RuntimeError, OSError, EOFError, ValueError, WebSocketException)


class Chats(Protocol):
    """Clients that talk to a server."""

    async def turn(self, client: int, question: str) -> None:
        """Ask as this client, and return when the last token is there."""

    def close(self) -> None:
        """Let go of all connections."""


class PeerChats(Chats, Protocol):
    """Clients that talk to a peer, which may fail."""

    def forget(self, client: int) -> None:
        """Let this client begin anew, with a new connection and a new conversation."""


class Patient:
    """Clients that ask again when a turn failed: it then took as long as all its attempts together."""

    def __init__(self, chats: PeerChats, failures: list[str]) -> None:
        self._chats, self._failures = chats, failures
        self.close = chats.close

    async def turn(self, client: int, question: str) -> None:
        """One turn; raises what the last attempt failed with."""
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                await self._chats.turn(client, question)
            except FAILURES as error:
                self._failures.append(f"{type(error).__name__}: {error}")
                self._chats.forget(client)
            else:
                return
        await self._chats.turn(client, question)


@dataclass(frozen=True, slots=True)
class Peer:
    """A program of somebody else."""

    name: str
    package: str
    command: Callable[[int], list[str]]
    """What its Python is called with, given a port."""
    chats: Callable[[int, int], PeerChats]
    """Its clients, given a port and after how many turns they begin a new conversation."""
    answers_kept: str
    """SQL for the answers that it kept, given the answer."""

    def version(self, folder: Path) -> str | None:
        """Which release is installed in an environment; None if it is not there."""
        places = [str(each) for each in folder.glob("lib/python3*/site-packages")]
        found = list(importlib.metadata.distributions(name=self.package, path=places))
        return found[0].version if found else None


@dataclass(frozen=True, slots=True)
class Running:
    """A peer's server."""

    process: int
    port: int
    database: Path


@contextlib.contextmanager
def running(peer: Peer, folder: Path) -> Iterator[Running]:
    """The peer's server, in a process of its own until the end of the block; if something fails, its log is shown."""
    place, (port,) = Folder(), free_ports(1)
    with place.log.open("wb") as log:
        process = subprocess.Popen(
            [str(folder.absolute() / "bin" / "python"), *peer.command(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place.path,
            env=environment(),
        )
    try:
        yield Running(process.pid, port, place.path / "peer.sqlite")
    except BaseException:
        lines = place.log.read_text(encoding="utf-8", errors="replace").splitlines()
        print(f"{peer.name} said:", *lines[-LOG_LINES_SHOWN:], sep="\n", file=sys.stderr)
        raise
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(place.path, ignore_errors=True)


def said_of(peer: Peer, database: Path, turns: int, failures: list[str]) -> list[str]:
    """What is in the peer's database after so many turns, and what failed."""
    with contextlib.closing(sqlite3.connect(database)) as db:
        (answers,) = db.execute(peer.answers_kept, (ANSWER,)).fetchone()
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        counts = [f"{name} {db.execute(f'SELECT count(*) FROM {name}').fetchone()[0]}" for name in names]
    said = [f"{peer.name} kept {answers} answers of {turns} turns; rows: {', '.join(counts)}"]
    if failures:
        said.append(f"{peer.name} was asked again {len(failures)} times, first because of {failures[0]}")
    return said


# -- Chainlit --------------------------------------------------------------------------------------------------------


class _ChainlitChats:
    """Chainlit's page, as far as a conversation needs it: Socket.IO on a WebSocket, one for each conversation."""

    def __init__(self, port: int, turns_a_conversation: int) -> None:
        self._port, self._turns_max = port, turns_a_conversation
        self._open: dict[int, ClientConnection] = {}
        self._turns: dict[int, int] = {}

    async def turn(self, client: int, question: str) -> None:
        """One turn; after a few of them a new conversation begins."""
        async with asyncio.timeout(TURN_SECONDS_MAX):
            if self._turns.get(client, self._turns_max) == self._turns_max:
                await self._begin(client)
            self._turns[client] += 1
            await self._ask(self._open[client], question)

    def forget(self, client: int) -> None:
        """Close this page."""
        if socket := self._open.pop(client, None):
            socket.transport.close()
        self._turns.pop(client, None)

    def close(self) -> None:
        """Close all pages."""
        for client in [*self._open]:
            self.forget(client)

    async def _begin(self, client: int) -> None:
        self.forget(client)
        # Uncompressed, unlike a browser's, which costs both sides less.
        socket = self._open[client] = await connect(
            f"ws://127.0.0.1:{self._port}/ws/socket.io/?EIO=4&transport=websocket",
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        self._turns[client] = 0
        introduction = {"sessionId": str(uuid.uuid4()), "clientType": "webapp", "userEnv": "{}"}
        await socket.send("40" + json.dumps(introduction))
        while not (packet := str(await socket.recv())).startswith("40"):
            if packet.startswith("44"):
                raise RuntimeError(f"Chainlit refused the connection: {packet}")
        await socket.send('42["connection_successful"]')
        await _until(socket, "clear_call_fn")

    async def _ask(self, socket: ClientConnection, question: str) -> None:
        message = {"id": str(uuid.uuid4()), "name": "User", "type": "user_message", "output": question}
        message["createdAt"] = "2026-01-01T00:00:00.000Z"
        said = ["client_message", {"message": message, "fileReferences": None}]
        await socket.send("42" + json.dumps(said))
        if all(event[1].get("output") != ANSWER for event in await _until(socket, "task_end")):
            raise RuntimeError("Chainlit did not give the answer.")


async def _until(socket: ClientConnection, name: str) -> list[Any]:
    """The events that come up to the one with this name (Engine.IO 4: "2" is a ping; Socket.IO 5: "42" an event)."""
    events: list[Any] = []
    while not events or events[-1][0] != name:
        packet = str(await socket.recv())
        if packet == "2":
            await socket.send("3")
        elif packet.startswith("42"):
            events.append(json.loads(packet[2:]))
    return events


# -- Google ADK ------------------------------------------------------------------------------------------------------


class _AdkChats:
    """Clients of the ADK's API: a session is made, then each answer streams on its request."""

    def __init__(self, port: int, turns_a_conversation: int) -> None:
        self._port, self._turns_max = port, turns_a_conversation
        self._wires: dict[int, Wire] = {}
        self._sessions: dict[int, str] = {}
        self._turns: dict[int, int] = {}

    async def turn(self, client: int, question: str) -> None:
        """One turn; after a few of them a new session begins."""
        wire = self._wires.setdefault(client, Wire(self._port))
        async with asyncio.timeout(TURN_SECONDS_MAX):
            if self._turns.get(client, self._turns_max) == self._turns_max:
                made = await wire.post(f"/apps/support/users/{client}/sessions", {})
                self._sessions[client], self._turns[client] = made["id"], 0
            self._turns[client] += 1
            asked = {
                "appName": "support",
                "userId": str(client),
                "sessionId": self._sessions[client],
                "newMessage": {"role": "user", "parts": [{"text": question}]},
                "streaming": True,
            }
            pieces = [piece async for piece in wire.post_for_first_byte("/run_sse", asked)]
        if not pieces or ANSWER.encode() not in pieces[-1]:
            raise RuntimeError(f"The ADK did not give the answer: {pieces[-1:]}")

    def forget(self, client: int) -> None:
        """Let go of this client's connection."""
        if wire := self._wires.pop(client, None):
            wire.close()
        self._turns.pop(client, None)

    def close(self) -> None:
        """Let go."""
        for client in [*self._wires]:
            self.forget(client)


PEERS = (
    Peer(
        name="Chainlit",
        package="chainlit",
        command=lambda port: [
            *("-m", "chainlit", "run", str(HERE / "_peer_chainlit.py")),
            *("--headless", "--host", "127.0.0.1", "--port", str(port)),
        ],
        chats=_ChainlitChats,
        answers_kept="SELECT count(*) FROM steps WHERE type = 'assistant_message' AND output = ?",
    ),
    Peer(
        name="Google ADK",
        package="google-adk",
        command=lambda port: [str(HERE / "_peer_adk.py"), str(port)],
        chats=_AdkChats,
        answers_kept="SELECT count(*) FROM events WHERE instr(event_data, ?)",
    ),
)
