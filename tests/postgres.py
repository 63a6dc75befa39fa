"""A PostgreSQL of the tests' own: found on the machine, started in a temporary folder, stopped at the end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

START_SECONDS_MAX = 30
OWNER = "answerable"
INITDB_OPTIONS = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
# Nothing here has to survive a power cut, so nothing waits for the disk.
FAST: tuple[str, ...] = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
    *("max_wal_size=256MB", "shared_buffers=32MB"),
)


class PostgresMissing(Exception):
    """There is no PostgreSQL to test with; the message says why."""


@dataclass(frozen=True)
class Postgres:
    """A running server on loopback."""

    port: int

    def url(self, database: str) -> str:
        """Where a database of it is."""
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, name: str, *, template: str = "template0") -> Iterator[str]:
        """A fresh database, dropped afterwards whoever is still connected; gives its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy'.encode())
        try:
            yield self.url(name)
        finally:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server and stop it again; raises PostgresMissing where none can be started."""
    programs = _programs()
    user = _server_user()
    with tempfile.TemporaryDirectory(prefix="answerable-postgres-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = Path(folder) / "data"
        made = subprocess.run(
            [*_as(user), programs / "initdb", "-D", data, "-U", OWNER, *INITDB_OPTIONS],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise PostgresMissing(f"initdb failed: {made.stderr.strip()}")
        port = _free_port()
        process = _start(programs, data, port, user)
        try:
            _wait_until_up(process, Postgres(port), data)
            yield Postgres(port)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS_MAX)


def _programs() -> Path:
    """The folder that holds initdb and postgres."""
    on_path = shutil.which("initdb")
    # Newest first; Debian keeps each version in a folder of its own and none of them on the PATH.
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -int(folder.parent.name))
    for folder in [*([Path(on_path).resolve().parent] if on_path else []), *debian]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise PostgresMissing("no PostgreSQL server is installed (Debian and Ubuntu: `apt install postgresql`)")


def _server_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: somebody else then runs it."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresMissing("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")


def _as(user: pwd.struct_passwd | None) -> list[str]:
    """The words before a command that run it as this user; should the tests be killed, it goes with them."""
    if shutil.which("setpriv") is None:
        if user is not None:
            raise PostgresMissing("PostgreSQL does not run as root, and there is no setpriv to run it as somebody else")
        return []
    somebody = [] if user is None else [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *somebody, "--pdeathsig=INT", "--"]


def _start(programs: Path, data: Path, port: int, user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
    settings = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", *FAST]
    options = [word for setting in settings for word in ("-c", setting)]
    with (data.parent / "log").open("wb") as log:
        return subprocess.Popen(
            [*_as(user), programs / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd="/"
        )


def _wait_until_up(process: subprocess.Popen[bytes], server: Postgres, data: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise PostgresMissing(f"PostgreSQL did not start: {(data.parent / 'log').read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
