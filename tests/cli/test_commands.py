"""What people type: each command in a process of its own, on a workspace of two articles."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from answerable.cli.ask import refusal

PATIENCE_SECONDS = 120
ARTICLES = {
    "refunds.md": "# Refunds to your card\n\nA refund reaches your card 3 to 5 business days after we approve it.\n",
    "export.md": "# Export to DATEV\n\nOpen *Reports*, choose the month and press **Export to DATEV**.\n",
}


@dataclass(frozen=True)
class Machine:
    """Somebody's machine: a workspace, a data folder, a port."""

    folder: Path
    port: int

    def command(self, *arguments: str) -> list[str]:
        where = ["--data", str(self.folder / "data"), "--workspace", str(self.folder / "workspace")]
        return [sys.executable, "-c", "from answerable.cli import main; main()", *where, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith(("ANSWERABLE_", "OPENAI_"))}

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*arguments),
            check=False,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    knowledge = tmp_path / "workspace" / "knowledge"
    knowledge.mkdir(parents=True)
    (tmp_path / "workspace" / "answerable.toml").write_text(
        '[company]\nname = "Ledgerly"\n\n[[sources]]\npath = "knowledge"\n'
    )
    for name, text in ARTICLES.items():
        (knowledge / name).write_text(text)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return Machine(tmp_path, probe.getsockname()[1])


@pytest.fixture
def started(machine: Machine) -> Iterator["subprocess.Popen[str]"]:
    """The program, once it has said where it is."""
    process = subprocess.Popen(
        machine.command("start", "--port", str(machine.port)),
        env=machine.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "First sign-in, once:" in line:
                break
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_question_is_answered_with_its_source_and_each_step_can_be_seen(machine: Machine) -> None:
    people = machine.run("ask", "How long do refunds take?", "--steps")
    program = machine.run("ask", "How long do refunds take?", "--json")

    assert "3 to 5 business days" in people.stdout
    assert "[1] Refunds to your card" in people.stdout
    assert re.search(r"^\d\. .*Verify answer", people.stdout, re.MULTILINE)
    assert json.loads(program.stdout)["reply"]["decision"]["kind"] == "answer"
    assert (people.returncode, program.returncode) == (0, 0)


def test_beside_the_running_program_a_question_is_answered_by_it(
    machine: Machine, started: "subprocess.Popen[str]"
) -> None:
    asked = machine.run("ask", "How do I export to DATEV?", "--json")

    assert "Export to DATEV" in json.loads(asked.stdout)["reply"]["text"]
    status = json.loads(machine.run("status", "--json").stdout)
    assert (status["articles"], status["conversations"], status["turns_under_way"]) == (2, 1, 0)


def test_a_stop_ends_streams_and_program_at_once_and_without_a_traceback(
    machine: Machine, started: "subprocess.Popen[str]"
) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{machine.port}", timeout=PATIENCE_SECONDS) as client:
        key = client.post("/chat/customers", json={}).json()
        headers = {"Authorization": f"Bearer {key['token']}", "Idempotency-Key": "key-1"}
        conversation = client.post("/chat/messages", json={"text": "Hello"}, headers=headers).json()["conversation_id"]
        with client.stream("GET", f"/chat/conversations/{conversation}/events", headers=headers) as stream:
            lines = stream.iter_lines()
            next(lines)
            started.send_signal(signal.SIGTERM)
            list(lines)

    assert started.stdout is not None
    said = started.stdout.read()
    assert started.wait(PATIENCE_SECONDS) == 0
    assert "Traceback" not in said


def test_a_taken_port_is_said_at_once(machine: Machine) -> None:
    with socket.socket() as taker:
        taker.bind(("127.0.0.1", machine.port))
        taker.listen()
        refused = machine.run("start", "--port", str(machine.port))

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Port {machine.port} is taken.")


def test_whoever_has_the_machine_gets_a_way_in(machine: Machine, started: "subprocess.Popen[str]") -> None:
    made = machine.run("link", "admin@localhost")
    nobody = machine.run("link", "nobody@ledgerly.example")

    assert made.stdout.startswith(f"http://127.0.0.1:{machine.port}/console/link/")
    assert nobody.returncode == 1
    assert nobody.stderr == "Nobody with the address nobody@ledgerly.example works here.\n"
    with httpx.Client(base_url=f"http://127.0.0.1:{machine.port}") as client:
        token = made.stdout.strip().rsplit("/", 1)[-1]
        assert client.get(f"/api/sign-in/link/{token}").status_code == 200


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_the_benchmarks_are_listed(machine: Machine, arguments: tuple[str, ...]) -> None:
    listed = machine.run("bench", *arguments)

    assert listed.returncode == 0
    assert re.search(r"^retrieval +\S", listed.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ask", "   "), "The message is empty"),
        (("import", "nothing-here"), "There is no nothing-here."),
        (("import", ""), "Nothing is named."),
        (("--database", "mysql://db/x", "status"), "postgresql://"),
    ],
)
def test_bad_input_ends_with_a_sentence_on_stderr(machine: Machine, arguments: tuple[str, ...], says: str) -> None:
    refused = machine.run(*arguments)

    assert refused.returncode == 1
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr
    assert refused.stdout == ""


@pytest.mark.parametrize(
    "arguments", [("status",), ("start",), ("import", "{knowledge}"), ("ask", "Hello?"), ("link", "a@b.example")]
)
def test_without_its_database_every_command_ends_in_one_sentence(machine: Machine, arguments: tuple[str, ...]) -> None:
    port = ("--port", str(machine.port)) if arguments[0] == "start" else ()
    named = [each.format(knowledge=machine.folder / "workspace" / "knowledge") for each in arguments]

    refused = machine.run("--database", "postgresql://127.0.0.1:1/x", *named, *port)

    assert refused.returncode == 75
    assert refused.stderr == "The database server does not answer. Check that it runs and that the address is right.\n"
    assert refused.stdout == ""


def test_what_the_running_program_refuses_for_now_may_be_asked_again() -> None:
    too_many: dict[str, Any] = {
        "status": 429,
        "title": "Too many",
        "detail": "Please wait a moment.",
        "may_help_to_retry": True,
    }
    empty: dict[str, Any] = {
        "status": 400,
        "title": "Not usable",
        "detail": "The message is empty.",
        "may_help_to_retry": False,
    }

    later, never = (refusal(httpx.Response(each["status"], json=each)) for each in (too_many, empty))

    assert (str(later), later.may_help_to_retry) == ("Please wait a moment.", True)
    assert (str(never), never.may_help_to_retry) == ("The message is empty.", False)
