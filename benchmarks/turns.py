"""What a whole turn costs, HTTP in to last token out: `benchmarks/turns.py --database sqlite --database postgres`.

Beside it, in the same run: a bare Agents SDK run of the same shape, and peers that are installed. Then how many
idle listeners one process holds, how soon a message reaches them, and how much memory it all takes.
"""

import argparse
import asyncio
import contextlib
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from _peers import FAILURES, PEERS, Chats, Patient, Peer, running, said_of
from _serving import Folder, database, free_ports, percentile, program, table, wait_until_up
from _wire import Wire

TURNS_A_CONVERSATION = 4
WARM_UP_TURNS = 24
SETTLE_SECONDS_MAX = 60.0
# A server that waits still looks now and then whether there is something to do.
SETTLED_SECONDS, SETTLED_CPU_SECONDS = 0.5, 0.02
TICKS = os.sysconf("SC_CLK_TCK")
QUESTIONS = (
    "How do I get an API key?",
    "How long do refunds take?",
    "How do I cancel my subscription?",
    "Can I invite my accountant?",
    "Why was I charged twice?",
    "How do I change the card on file?",
    "How do I bill in several currencies?",
    "What does the error 429 of the API mean?",
)

Turn = Callable[[int, str], Awaitable[None]]
"""Asks a question as a client, and returns when the last token is there."""


@dataclass(frozen=True, slots=True)
class Level:
    """What was measured with so many clients at once."""

    clients: int
    seconds: tuple[float, ...]
    turns_a_second: float
    """Until everything is written, which for some is long after the last token."""
    cpu_ms: float
    """Of the server and its children, for each turn."""

    @property
    def row(self) -> tuple[str, ...]:
        """As the table has it."""
        p50, p95 = percentile(list(self.seconds), 0.5) * 1000, percentile(list(self.seconds), 0.95) * 1000
        return f"{p50:.0f}", f"{p95:.0f}", f"{self.turns_a_second:.1f}", f"{self.cpu_ms:.1f}"


def main() -> int:
    """Measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgres"), help="both, if not given")
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32])
    parser.add_argument("--turns", type=int, default=240, help="for each number of clients")
    parser.add_argument("--idle", type=int, default=2000, help="listeners; 0 leaves that part out")
    parser.add_argument("--no-bare", action="store_true")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="their environment, as _peers.py says; else left out")
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 65_536)), hard))
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    rows: list[tuple[str, ...]] = []
    if not options.no_bare:
        rows += _measure_bare(options.clients, options.turns)
    notes: list[str] = []
    more, said = _measure_peers(options.peers, options.clients, options.turns)
    rows += more
    notes += said
    for kind in options.database or ["sqlite", "postgres"]:
        more, said = _measure_ours(kind, options.clients, options.turns, options.idle)
        rows += more
        notes += said
    print(table(("what", "clients", "p50 ms", "p95 ms", "turns/s", "CPU ms a turn"), rows))
    print("\n" + "\n".join(notes))
    print(f"\nload average after: {os.getloadavg()[0]:.1f}")
    return 0


# -- ours ------------------------------------------------------------------------------------------------------------


def _measure_ours(kind: str, clients: list[int], turns: int, idle: int) -> tuple[list[tuple[str, ...]], list[str]]:
    folder, (port,) = Folder(), free_ports(1)
    try:
        with (
            database(kind) as url,
            program(folder.data, folder.workspace, port, database=url, log=folder.log) as process,
        ):
            return asyncio.run(_ours(kind, port, process, clients, turns, idle))
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)


async def _ours(
    kind: str, port: int, process: int, clients: list[int], turns: int, idle: int
) -> tuple[list[tuple[str, ...]], list[str]]:
    async with httpx.AsyncClient() as http:
        await wait_until_up(http, f"http://127.0.0.1:{port}")
    after_import = _megabytes(process)
    rows = [
        (f"Answerable, {kind}", str(level.clients), *level.row)
        for level in await _levels(clients, turns, process, lambda: _Chats(port))
    ]
    chats = _Chats(port)
    await _rounds(chats.turn, 8, max(0, 500 - turns * len(clients)))
    chats.close()
    notes = [
        f"{kind}: {after_import:.0f} MB resident after the import, {_megabytes(process):.0f} MB after "
        f"{max(500, turns * len(clients))} turns (most: {_megabytes(process, 'VmHWM'):.0f} MB)"
    ]
    if idle:
        notes.append(await _idle(kind, port, process, idle))
    return rows, notes


class _Chats:
    """Customers with a widget each: a stream that stays open, and a connection for what they say."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: dict[int, _Chat] = {}

    async def turn(self, client: int, question: str) -> None:
        """One turn of a client's conversation; after a few of them a new one begins."""
        chat = self._open.get(client)
        if chat is None or chat.turns == TURNS_A_CONVERSATION:
            if chat is not None:
                chat.close()
            chat = self._open[client] = await _Chat.begun(self._port)
        await chat.ask(question)

    def close(self) -> None:
        """End all streams."""
        for chat in self._open.values():
            chat.close()


class _Chat:
    """One customer's conversation."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._wire = Wire(port, token)
        self._stream = Wire(port, token)
        self._listening: asyncio.Task[None] | None = None
        self._replied: dict[str, asyncio.Event] = {}
        self.id: str | None = None
        self.turns = 0

    @classmethod
    async def begun(cls, port: int) -> "_Chat":
        """A new customer."""
        wire = Wire(port)
        introduced = await wire.post("/chat/customers", {})
        wire.close()
        return cls(port, introduced["token"])

    async def ask(self, question: str) -> None:
        """Say something and wait until its reply is on the stream."""
        received = await self._wire.post(
            "/chat/messages",
            {"text": question, "conversation_id": self.id},
            Idempotency_Key=f"{random.getrandbits(80):x}",
        )
        if self.id is None:
            self.id = received["conversation_id"]
            self._listening = asyncio.create_task(self._listen())
        self.turns += 1
        if received["turn_id"] is None:
            # A person has the conversation: nobody will answer.
            self.turns = TURNS_A_CONVERSATION
            return
        await asyncio.wait_for(self._replied.setdefault(received["turn_id"], asyncio.Event()).wait(), 60)

    def close(self) -> None:
        """Close the widget."""
        if self._listening:
            self._listening.cancel()
        self._wire.close()
        self._stream.close()

    async def _listen(self) -> None:
        async for event in self._stream.listen(f"/chat/conversations/{self.id}/events?after=0"):
            if event.name == "message" and event.data["author"] == "agent":
                self._replied.setdefault(event.data["turn_id"], asyncio.Event()).set()
                if event.data["decision"] == "hand_off":
                    self.turns = TURNS_A_CONVERSATION


# -- the bare run ----------------------------------------------------------------------------------------------------


def _measure_bare(clients: list[int], turns: int) -> list[tuple[str, ...]]:
    with _bare_program() as (process, port):

        async def measure() -> list[Level]:
            async with httpx.AsyncClient() as http:
                await wait_until_up(http, f"http://127.0.0.1:{port}")
            return await _levels(clients, turns, process, lambda: _BareChats(port))

        return [("bare Agents SDK, SQLite", str(level.clients), *level.row) for level in asyncio.run(measure())]


@contextlib.contextmanager
def _bare_program() -> Iterator[tuple[int, int]]:
    folder, (port,) = Folder(), free_ports(1)
    script = Path(__file__).with_name("_bare.py")
    process = subprocess.Popen([sys.executable, str(script), str(port), str(folder.path)])
    try:
        yield process.pid, port
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder.path, ignore_errors=True)


class _BareChats:
    """The same clients, of the bare run: the answer streams on the request itself."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._wires: dict[int, Wire] = {}
        self._turns: dict[int, int] = {}

    async def turn(self, client: int, question: str) -> None:
        """One turn."""
        wire = self._wires.setdefault(client, Wire(self._port))
        count = self._turns[client] = self._turns.get(client, -1) + 1
        name = f"{id(self)}-{client}-{count // TURNS_A_CONVERSATION}"
        async for _ in wire.post_for_first_byte("/turn", {"conversation_id": name, "text": question}):
            pass

    def close(self) -> None:
        """Let go."""
        for wire in self._wires.values():
            wire.close()


# -- peers -----------------------------------------------------------------------------------------------------------


def _measure_peers(folder: Path | None, clients: list[int], turns: int) -> tuple[list[tuple[str, ...]], list[str]]:
    if folder is None:
        return [], ["The peers are left out: --peers DIR measures those that are installed in DIR."]
    rows: list[tuple[str, ...]] = []
    notes: list[str] = []
    for peer in PEERS:
        try:
            more, said = _measure_peer(peer, folder, clients, turns)
        except FAILURES as error:
            more, said = [], [f"{peer.name} failed, and so is left out: {error}"]
        rows += more
        notes += said
    return rows, notes


def _measure_peer(peer: Peer, folder: Path, clients: list[int], turns: int) -> tuple[list[tuple[str, ...]], list[str]]:
    version = peer.version(folder)
    if version is None:
        return [], [f"{peer.name} is left out: {folder} does not have the package {peer.package}."]
    failures: list[str] = []
    with running(peer, folder) as server:

        def begin() -> Chats:
            return Patient(peer.chats(server.port, TURNS_A_CONVERSATION), failures)

        async def measure() -> list[Level]:
            async with httpx.AsyncClient() as http:
                await wait_until_up(http, f"http://127.0.0.1:{server.port}")
            return await _levels(clients, turns, server.process, begin)

        levels = asyncio.run(measure())
        rows = [(f"{peer.name} {version}, SQLite", str(level.clients), *level.row) for level in levels]
        return rows, said_of(peer, server.database, WARM_UP_TURNS + turns * len(clients), failures)


# -- measuring -------------------------------------------------------------------------------------------------------


async def _levels(clients: list[int], turns: int, process: int, begin: Callable[[], Chats]) -> list[Level]:
    warming = begin()
    await _rounds(warming.turn, 4, WARM_UP_TURNS)
    warming.close()
    measured = []
    for count in clients:
        await _settled(process)
        chats = begin()
        cpu, began = _cpu_seconds(process), time.perf_counter()
        seconds = await _rounds(chats.turn, count, turns)
        passed = await _settled(process) - began
        cpu = _cpu_seconds(process) - cpu
        chats.close()
        measured.append(Level(count, tuple(seconds), len(seconds) / passed, 1000 * cpu / len(seconds)))
    return measured


async def _settled(process: int) -> float:
    """Waits until the server no longer works, and gives when that was.

    Some write only after the last token, so that a queue grows while turns come in faster than they are kept. What
    that takes is a cost of the turns as well.
    """
    seen = [(time.perf_counter(), _cpu_seconds(process))]
    while seen[-1][0] - seen[0][0] < SETTLE_SECONDS_MAX:
        await asyncio.sleep(0.1)
        seen.append((time.perf_counter(), _cpu_seconds(process)))
        quiet = [at for at, cpu in seen if seen[-1][1] - cpu <= SETTLED_CPU_SECONDS]
        if seen[-1][0] - quiet[0] >= SETTLED_SECONDS:
            return quiet[0]
    return seen[-1][0]


async def _rounds(turn: Turn, clients: int, turns: int) -> list[float]:
    """So many turns by so many clients at once; gives how long each took."""
    seconds: list[float] = []
    left = iter(range(turns))

    async def client(number: int) -> None:
        dice = random.Random(number)
        for _ in left:
            question = dice.choice(QUESTIONS)
            began = time.perf_counter()
            await turn(number, question)
            seconds.append(time.perf_counter() - began)

    await asyncio.gather(*(client(number) for number in range(clients)))
    return seconds


async def _idle(kind: str, port: int, process: int, listeners: int) -> str:
    """Many widgets that are merely open, and how soon a message reaches those that it concerns."""
    chats = [await _Chat.begun(port) for _ in range(100)]
    for start in range(0, len(chats), 8):
        await asyncio.gather(*(chat.ask(QUESTIONS[0]) for chat in chats[start : start + 8]))
    before, threads_before = _megabytes(process), _threads(process)
    heard: dict[str, list[float]] = {}
    all_listen = asyncio.Event()

    async def listen(chat: _Chat) -> None:
        wire = Wire(port, chat._token)
        stream = wire.listen(f"/chat/conversations/{chat.id}/events?after=0")
        async for event in stream:
            if event.name == "message" and event.data["author"] == "customer":
                heard.setdefault(event.data["id"], []).append(time.perf_counter())
                if sum(map(len, heard.values())) >= listeners:
                    all_listen.set()

    tasks = []
    for number in range(listeners):
        tasks.append(asyncio.create_task(listen(chats[number % len(chats)])))
        if number % 50 == 0:
            await asyncio.sleep(0.05)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(all_listen.wait(), 120)
    held, threads = _megabytes(process), _threads(process)
    delays: list[float] = []
    for chat in random.sample(chats, 60):
        wire = Wire(port, chat._token)
        sent = time.perf_counter()
        received = await wire.post(
            "/chat/messages", {"text": "Thanks", "conversation_id": chat.id}, Idempotency_Key=f"{random.random()}"
        )
        await asyncio.sleep(0.3)
        wire.close()
        delays += [1000 * (at - sent) for at in heard.get(received["message"]["id"], [])]
    for task in tasks:
        task.cancel()
    for chat in chats:
        chat.close()
    return (
        f"{kind}: {listeners} idle listeners: {threads} threads (before {threads_before}), {held:.0f} MB (before "
        f"{before:.0f}); from sending a message until {len(delays)} listeners had it: p50 "
        f"{percentile(delays, 0.5):.1f} ms, p95 {percentile(delays, 0.95):.1f} ms"
    )


def _tree(process: int) -> list[int]:
    found = [process]
    for each in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _cpu_seconds(process: int) -> float:
    total = 0
    for each in _tree(process):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def _status(process: int, name: str) -> int:
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


def _megabytes(process: int, name: str = "VmRSS") -> float:
    return _status(process, name) / 1024


def _threads(process: int) -> int:
    return _status(process, "Threads")


if __name__ == "__main__":
    sys.exit(main())
