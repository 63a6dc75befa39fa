"""What benchmarks of a running program share: starting it, a PostgreSQL of their own, listening to its streams."""

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

NO_LIMITS = {"ANSWERABLE_MESSAGES_A_MINUTE_MAX": "0", "ANSWERABLE_CUSTOMERS_A_MINUTE_MAX": "0"}
NOT_OURS = (
    "PYTHONDONTWRITEBYTECODE",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "ANSWERABLE_MODEL",
    "ANSWERABLE_DATABASE",
    "ANSWERABLE_WORKSPACE",
)
STOP_SECONDS_MAX = 20

# Forks a program that has been imported already: a start then costs what opening the house costs, not what importing
# two thousand modules costs. The children are processes like any other: killed, they are gone.
NURSERY = """
import gc, importlib, json, os, signal, sys
main = [importlib.import_module(each) for each in sys.argv[1:]][0].main
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
gc.freeze()
print("ready", flush=True)
for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        main(order["arguments"])
    finally:
        os._exit(1)
"""


@dataclass(slots=True)
class Nursery:
    """Starts programs quickly."""

    process: "subprocess.Popen[str]"
    log: Path

    def start(self, *arguments: str) -> int:
        """The process id of a new program."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"arguments": arguments, "log": str(self.log)}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextlib.contextmanager
def nursery(log: Path, *modules: str) -> Iterator[Nursery]:
    """Somewhere to start programs from; those that still live at the end are killed by whoever started them.

    Of the modules the first one has the `main` that is started, with its arguments; the others are imported before.
    """
    command = [sys.executable, "-c", NURSERY, *(modules or ("answerable.cli", "answerable.cli.start"))]
    where = {**environment(), "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=where)
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("The program cannot be imported; run this with the checkout's own Python.")
        yield Nursery(process, log)
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def program(data: Path, workspace: Path, port: int, *, database: str | None = None, log: Path) -> Iterator[int]:
    """`answerable start` in a process of its own until the end of the block; gives its process id."""
    command = [sys.executable, "-c", "from answerable.cli import main; main()"]
    command += arguments(data, workspace, port, database)
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment())
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def arguments(data: Path, workspace: Path, port: int, database: str | None) -> list[str]:
    """What `answerable` is called with."""
    where = ["--data", str(data), "--workspace", str(workspace), *(["--database", database] if database else [])]
    return [*where, "start", "--port", str(port), "--no-history"]


def environment() -> dict[str, str]:
    """The program's environment: the embedded model, no limits."""
    return {name: value for name, value in os.environ.items() if name not in NOT_OURS} | NO_LIMITS


def write_workspace(folder: Path) -> Path:
    """A workspace with the demo company's help centre, and without its back office."""
    knowledge = ROOT / "src" / "answerable_demo" / "workspace" / "knowledge"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answerable.toml").write_text(
        f'[company]\nname = "Ledgerly"\n\n[[sources]]\npath = {json.dumps(str(knowledge))}\n', encoding="utf-8"
    )
    return folder


@contextlib.contextmanager
def database(kind: str) -> Iterator[str | None]:
    """An empty database: nothing for SQLite, whose file is in the data folder; a server of our own for PostgreSQL."""
    if kind == "sqlite":
        yield None
        return
    # The tests know how to start a server; here it waits for the disk, as one in use does.
    from tests import postgres

    postgres.FAST = ("max_wal_size=256MB", "shared_buffers=64MB")
    with postgres.running_postgres() as server, server.database("answerable") as url:
        yield url


def free_ports(count: int) -> list[int]:
    """Ports on loopback that nobody listens on, below those that outgoing connections are given."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


async def kill(process: int) -> None:
    """Kill a process and wait until it is gone, with its sockets."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
        while True:
            os.kill(process, 0)
            await asyncio.sleep(0.005)


async def wait_until_up(client: httpx.AsyncClient, address: str, seconds_max: float = 180) -> None:
    """Returns as soon as the program answers."""
    async with asyncio.timeout(seconds_max):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"{address}/healthz", timeout=5)).is_success:
                    return
            await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of a stream."""

    id: int
    name: str
    data: dict[str, Any]


async def heard_on(response: httpx.Response) -> AsyncIterator[Heard]:
    """The events of an open stream (WHATWG HTML, server-sent events)."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif not line and "data" in fields:
            yield Heard(int(fields["id"]), fields["event"], json.loads(fields["data"]))
            fields = {}


@dataclass(slots=True)
class Folder:
    """A temporary folder for data, workspace and log."""

    path: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="answerable-bench-")))

    @property
    def data(self) -> Path:
        """The program's data."""
        return self.path / "data"

    @property
    def log(self) -> Path:
        """What the program said."""
        return self.path / "log"

    @property
    def workspace(self) -> Path:
        """The company's workspace."""
        return write_workspace(self.path / "workspace")


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie; not a number if there are none."""
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(each) for each in line) + " |" for line in lines)
