"""A company's system on loopback: tools over HTTP that act once for one idempotency key."""

import contextlib
import copy
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.tau2_world.state import digest


class Refused(Exception):
    """The company's system did nothing, and says why."""


class Tools(Protocol):
    """What a company's system can do with its database."""

    rows: dict[str, dict[str, Any]]
    """The database: by kind, by id."""
    does: Mapping[str, Callable[..., Any]]
    """By name. Each gives what came of it, or raises Refused and has changed nothing."""


@dataclass(slots=True)
class Outside:
    """A company's system: its tools, and what it has done under which key."""

    make: Callable[[dict[str, Any]], Tools]
    initial: dict[str, Any]
    tools: Tools = field(init=False)
    done: dict[str, Any] = field(init=False)
    """By key."""
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The database as it was at the beginning."""
        self.tools, self.done = self.make(copy.deepcopy(self.initial)), {}

    def act(self, name: str, arguments: dict[str, Any], key: str | None = None) -> Any:
        """Uses a tool. Raises Refused, also for arguments that it does not know."""
        with self._lock:
            if key is not None and key in self.done:
                return self.done[key]
            tool = self.tools.does.get(name)
            if tool is None:
                raise Refused(f"There is no tool {name}.")
            try:
                result = copy.deepcopy(tool(**arguments))
            except (TypeError, KeyError, AttributeError, ValueError) as error:
                raise Refused(f"{name} cannot be used like this.") from error
            if key is not None:
                self.done[key] = result
            return result

    @property
    def digest(self) -> str:
        """The hash of the database as it is now."""
        return digest(self.tools.rows)


@contextlib.contextmanager
def served(outside: Outside) -> Iterator[str]:
    """The system on loopback until the end of the block; gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Heads and bodies are written apart: without this each answer waits for an acknowledgement.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            """A row, the rows with a certain value, or what was done under a key."""
            address = urlsplit(self.path)
            kind, _, name = unquote(address.path).strip("/").partition("/")
            if kind == "keys":
                self._answer(200, outside.done[name]) if name in outside.done else self._answer(404, None)
                return
            table = outside.tools.rows.get(kind, {})
            if name:
                self._answer(200, table[name]) if name in table else self._answer(404, None)
                return
            wanted = {key: values[0] for key, values in parse_qs(address.query).items()}
            self._answer(200, [row for row in table.values() if all(row.get(k) == v for k, v in wanted.items())])

        def do_POST(self) -> None:
            """Uses a tool."""
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                result = outside.act(self.path.rpartition("/")[2], content, self.headers.get("Idempotency-Key"))
            except Refused as refused:
                self._answer(409, {"detail": str(refused)})
            else:
                self._answer(200, result)

        def _answer(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Says nothing: a replay asks thousands of times."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
