"""How long the first command takes on a machine with git and Python alone: `python3 benchmarks/cold_start.py`.

Clones this checkout into an empty folder, with an empty home, empty caches and neither node nor uv in reach; starts it,
asks the demo company a question, stops it, and starts it again.
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "How do I get an API key?"
READY_SECONDS_MAX = 900
ANSWER_SECONDS_MAX = 60
STOP_SECONDS_MAX = 30
# The aims: three minutes to the first answer, 600 MB, five seconds for the second start.
FIRST_ANSWER_AIM_SECONDS, MEGABYTES_AIM, SECOND_START_AIM_SECONDS = 180, 600, 5
NOT_THERE = {
    "node",
    "nodejs",
    "npm",
    "npx",
    "corepack",
    "uv",
    "uvx",
    "pip",
    "pip3",
    "gcc",
    "cc",
    "g++",
    "make",
    "cargo",
}


@dataclass(frozen=True)
class Start:
    """One start, from the command to the answer."""

    ready_seconds: float
    answer_seconds: float
    answer: str
    cpu_seconds: float
    """Of all processes, installation and program together: what is left when other work slows the machine down."""
    steps: tuple[tuple[str, float], ...]
    """What `./dev` said that it did, and how long it took."""


def main() -> int:
    """Measure, print the table; 1 where nothing was answered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--with-node", action="store_true", help="leave the machine's own node, uv and compiler in reach"
    )
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="answerable-cold-"))
    try:
        environ = _empty_machine(folder, with_node=options.with_node)
        checkout = folder / "answerable"
        cloned = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(checkout)], check=True)
        clone_seconds = time.monotonic() - cloned
        first = _start(checkout, environ, options.question)
        sizes = {name: _megabytes(folder / name) for name in ("answerable/.venv", "answerable", "home", ".")}
        second = _start(checkout, environ, options.question)
        _show(first, second, sizes, clone_seconds)
    finally:
        if options.keep:
            print(f"Left in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    return 0


def _empty_machine(folder: Path, *, with_node: bool) -> dict[str, str]:
    """The environment of a machine on which nothing has been done yet."""
    home, temporary, programs = folder / "home", folder / "tmp", folder / "programs"
    for each in (home, temporary, programs):
        each.mkdir()
    (programs / "python3").symlink_to(Path(sys.executable).resolve())
    for place in ("/usr/local/bin", "/usr/bin", "/bin"):
        for program in Path(place).glob("*"):
            if program.name not in NOT_THERE and not (programs / program.name).is_symlink():
                (programs / program.name).symlink_to(program)
    # Certificates, proxies and mirrors belong to the network, not to the machine.
    network = {
        name: value for name, value in os.environ.items() if re.search(r"(?i)proxy$|cert|_ca_|index|_cafile", name)
    }
    path = os.environ["PATH"] if with_node else str(programs)
    return network | {"PATH": path, "HOME": str(home), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}


def _start(checkout: Path, environ: dict[str, str], question: str) -> Start:
    """Run `./dev start` until the question is answered."""
    port = _free_port()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with _running(checkout, environ | {"ANSWERABLE_PORT": str(port)}) as (process, log):
        started = time.monotonic()
        address = f"http://127.0.0.1:{port}"
        _wait_until_ready(process, address, log)
        ready = time.monotonic()
        answer = _ask(address, question)
        answered = time.monotonic()
    steps = re.findall(r"^ *(.+?) … (\d+\.\d) s$", log.read_text(), re.MULTILINE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    named = tuple((name, float(seconds)) for name, seconds in steps)
    return Start(ready - started, answered - started, answer, cpu_seconds, named)


@contextmanager
def _running(checkout: Path, environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = checkout.parent / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["./dev", "start"], cwd=checkout, env=environ, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield process, log
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"./dev start ended with {process.returncode}:\n{log.read_text()}")
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    sys.exit(f"Not ready after {READY_SECONDS_MAX} s:\n{log.read_text()}")


def _ask(address: str, question: str) -> str:
    """Ask as a visitor would, and wait for the agent's reply."""
    token = _call(f"{address}/chat/customers", {})["token"]
    received = _call(f"{address}/chat/messages", {"text": question}, token)
    deadline = time.monotonic() + ANSWER_SECONDS_MAX
    while time.monotonic() < deadline:
        conversation = _call(f"{address}/chat/conversations/{received['conversation_id']}", None, token)
        replies = [message["text"] for message in conversation["messages"] if message["author"] != "customer"]
        if replies:
            return str(replies[0])
        time.sleep(0.02)
    sys.exit(f"No answer after {ANSWER_SECONDS_MAX} s.")


def _call(url: str, body: dict[str, str] | None, token: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": os.urandom(16).hex()}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    content = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, content, headers), timeout=30) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _megabytes(folder: Path) -> float:
    """What a folder takes on disk; files that share their blocks count once."""
    seen = {}
    for place, _, names in os.walk(folder):
        for name in names:
            status = (Path(place) / name).lstat()
            seen[status.st_ino] = status.st_blocks * 512
    return sum(seen.values()) / 1e6


def _show(first: Start, second: Start, sizes: dict[str, float], clone_seconds: float) -> None:
    rows = [("clone", clone_seconds, "")]
    rows += [(f"  {name}", seconds, "") for name, seconds in first.steps]
    rows += [
        ("first start, until it answers requests", first.ready_seconds, ""),
        ("first start, until the question is answered", first.answer_seconds, f"≤ {FIRST_ANSWER_AIM_SECONDS} s"),
        ("second start, until it answers requests", second.ready_seconds, f"≤ {SECOND_START_AIM_SECONDS} s"),
    ]
    rows += [
        ("first start, processor time in all", first.cpu_seconds, ""),
        ("second start, processor time in all", second.cpu_seconds, ""),
    ]
    print(f"On {os.cpu_count()} cores with a load of {os.getloadavg()[1]:.1f}:")
    print(f"{'':<58}{'measured':>12}   aim")
    for name, seconds, aim in rows:
        print(f"{name:<58}{seconds:>10.1f} s   {aim}")
    print(f"{'.venv':<58}{sizes['answerable/.venv']:>9.0f} MB")
    print(f"{'the checkout, with .venv, screens and data':<58}{sizes['answerable']:>9.0f} MB   ≤ {MEGABYTES_AIM} MB")
    print(f"{'the same with all caches in the home folder':<58}{sizes['.']:>9.0f} MB")
    print(f"\nThe answer: {first.answer.splitlines()[0]}")


if __name__ == "__main__":
    sys.exit(main())
