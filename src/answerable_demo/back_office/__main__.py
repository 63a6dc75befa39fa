"""`python -m answerable_demo.back_office`: serve the back office until told to stop."""

import argparse
import os
import secrets
import signal
import socket
import sqlite3
import sys
import threading
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import uvicorn
from sqlalchemy.exc import DatabaseError

from answerable_demo.back_office.app import create_app
from answerable_demo.back_office.seed import is_empty, seed
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast

DEFAULT_PORT = 8090
DEFAULT_SEED = 2025

EXIT_PORT = 3
EXIT_FOLDER = 4


class StartError(Exception):
    """One sentence that says what to do, and the exit code."""

    def __init__(self, exit_code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; give the exit code."""
    wanted = _parser().parse_args(arguments)
    # Before uvicorn listens for signals, and once more after it has shut down, this is what they do.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda _number, _frame: sys.exit(0))
    if wanted.with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with closing(_listen(wanted.host, wanted.port)) as listener:
            token = _token(wanted.data)
            database = _open(wanted.data / "back_office.db", today=wanted.today, number=wanted.seed)
            app = create_app(database, token=token, clock=lambda: datetime.now(UTC))
            config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5)
            where = f"http://{wanted.host}:{listener.getsockname()[1]}, key in {wanted.data / 'token'}"
            _Server(config, f"Back office at {where}").run(sockets=[listener])
    except StartError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _end_with_parent() -> None:
    """Wait until whoever started us is gone, by our standard input, and end as if told to."""
    # Not through sys.stdin: its lock, held by a waiting thread, would abort the interpreter at its end.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class _Server(uvicorn.Server):
    """Says a line once it really serves."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m answerable_demo.back_office", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes any free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for the database and the key")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="only read when the database is filled")
    parser.add_argument(
        "--today", type=date.fromisoformat, default=None, help="the day on which the database is filled (default: now)"
    )
    return parser


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        sentence = f"Port {port} on {host} cannot be used ({error}); choose another with --port."
        raise StartError(EXIT_PORT, sentence) from error
    return listener


def _token(folder: Path) -> str:
    """The bearer token, made at the first start; only its owner can read the file."""
    file = folder / "token"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as opened:
                opened.write(f"bo_{secrets.token_urlsafe(24)}")
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise StartError(EXIT_FOLDER, f"The folder {folder} cannot be written ({error.strerror}).") from error


def _open(file: Path, *, today: date | None, number: int) -> Database:
    try:
        database = Database(file)
        with database.write() as db:
            if is_empty(db):
                seed(db, the_cast(), today=today or datetime.now(UTC).date(), number=number)
    except (DatabaseError, sqlite3.DatabaseError) as error:
        sentence = f"The database {file} cannot be opened or filled ({getattr(error, 'orig', error)})."
        raise StartError(EXIT_FOLDER, sentence) from error
    return database


if __name__ == "__main__":
    sys.exit(main())
