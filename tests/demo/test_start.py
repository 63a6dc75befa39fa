"""Starting and stopping the back office as a program: clear sentences, exit codes, and a clean end."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from answerable_demo.back_office.__main__ import EXIT_FOLDER, EXIT_PORT, main

DUPLICATE = {"charge_id": "ch_fNq", "reason": "duplicate"}
COMMAND = [sys.executable, "-m", "answerable_demo.back_office"]


def test_a_taken_port_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main(["--port", str(port), "--data", str(tmp_path)])

    assert code == EXIT_PORT
    assert f"Port {port} on 127.0.0.1 cannot be used" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    code = main(["--port", "0", "--data", str(tmp_path / "file")])

    assert code == EXIT_FOLDER
    assert "cannot be written" in capsys.readouterr().err


def test_a_database_that_is_none_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "back_office.db").write_bytes(b"this is no database, and long enough to look like one" * 100)
    code = main(["--port", "0", "--data", str(tmp_path)])

    assert code == EXIT_FOLDER
    assert "cannot be opened or filled" in capsys.readouterr().err


@contextmanager
def running(folder: Path, *, until_told: bool) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    command = [*COMMAND, "--port", "0", "--data", str(folder), "--today", "2026-11-20", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        address = process.stdout.readline().split()[3].rstrip(",")
        headers = {"Authorization": f"Bearer {(folder / 'token').read_text()}", "Idempotency-Key": "key"}
        try:
            with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
                yield process, client
        finally:
            if until_told:
                process.terminate()
                process.wait()
            process.stdin.close()


def test_what_was_done_survives_a_cut_connection_and_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, until_told=True) as (first, office):
        office.put("/faults", json={"faults": [{"kind": "cut", "route": "POST /refunds", "when": "after", "times": 1}]})
        with pytest.raises(httpx.RemoteProtocolError):
            office.post("/refunds", json=DUPLICATE)
        done = office.get("/idempotency-keys/key").json()
    with running(tmp_path, until_told=False) as (second, office):
        again = office.post("/refunds", json=DUPLICATE)

    assert (first.returncode, second.returncode) == (0, 0), (
        "SIGTERM ends it cleanly, and so does the end of whoever started it"
    )
    assert (again.headers["idempotency-replayed"], again.json()) == ("true", done["result"])
    assert oct((tmp_path / "token").stat().st_mode)[-3:] == "600"
