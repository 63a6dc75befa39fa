"""What whoever declares a tool is shown of it, and pins."""

import ast
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest

from answerable.actions.loading import load_actions
from answerable.actions.mcp import speaking
from answerable.actions.mcp.looking import Looked
from answerable.actions.mcp.pins import Definition, read_pins
from answerable.cli import tools as commands
from answerable.cli.tools import show_tools
from answerable.domain.errors import Invalid, NotFound
from tests.actions.mcp.shop import Running, examples


@pytest.fixture
def workspace(tmp_path: Path, shop: Running, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A company that has said where its shop's server is, and no more."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "actions").mkdir()
    settings = f'[company]\nname = "Acme"\n\n[actions]\nshop_url = "{shop.url}"\nshop_key = "k"\n'
    (tmp_path / "answerable.toml").write_text(settings)
    (tmp_path / "actions" / "_shop.py").write_text(examples()["_shop.py"])
    return tmp_path


def tools(workspace: Path, *names: str, pins: bool = False) -> int:
    server, tool = [*names, None, None][:2]
    return show_tools({"workspace": workspace, "data": workspace / "data"}, server, tool, pins=pins, as_json=False)


def test_tools_are_looked_at_pinned_declared_and_looked_at_again_when_they_change(
    workspace: Path, shop: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tools(workspace) == 0
    assert "create_refund  not pinned" in capsys.readouterr().out
    for name in ("find_orders", "create_refund", "find_refund", "cancel_refund"):
        assert tools(workspace, "shop", name, pins=True) == 0
    (workspace / "actions" / "shop.py").write_text(examples()["shop.py"])
    assert set(load_actions(workspace / "actions")) == {"find_orders", "refund_order"}
    capsys.readouterr()

    shop.drifts("description")

    assert tools(workspace) == 1
    assert "create_refund  changed: its description" in capsys.readouterr().out
    assert tools(workspace, "shop", "create_refund") == 1
    shown = capsys.readouterr().out
    assert "closes the account" in shown
    assert "It was pinned as this" in shown
    assert tools(workspace, "shop", "create_refund", pins=True) == 0
    assert tools(workspace) == 0


def test_a_declaration_to_begin_with_is_python_and_does_not_load_as_it_is(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tools(workspace, "shop", "create_refund", pins=True)
    capsys.readouterr()
    tools(workspace, "shop", "create_refund")

    begun = capsys.readouterr().out.partition("A declaration to begin with:\n\n")[2]

    ast.parse(begun)
    assert "MoneyArguments('amount', currency='currency')" in begun
    assert "IGNORE" not in begun
    head = (
        "from answerable.actions.mcp.declaring import *\nfrom answerable.actions.mcp.tools import *\n"
        "from ._shop import shop\ntold = facts_about = what_was_done = imagined = None\n"
    )
    (workspace / "actions" / "shop.py").write_text(head + begun)
    with pytest.raises(Invalid):
        load_actions(workspace / "actions")


def test_what_a_server_says_cannot_fool_a_terminal_or_become_code() -> None:
    from answerable.actions.mcp.looking import shown, skeleton
    from answerable.actions.mcp.servers import Server

    evil = "x'\n)\nimport os  # \x1b[2J"
    tool = Definition(
        name=evil,
        description="\x1b]0;\x07\u202e",
        input_schema={"type": "object", "properties": {evil: {"type": "'\nimport os"}}, "required": []},
    )

    begun = ast.parse(skeleton(Server("shop", Path("pins.json"), url="http://x"), tool))

    assert not [node for node in ast.walk(begun) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert all(each.isprintable() or each == "\n" for each in shown(tool))


def test_as_json_it_cannot_fool_a_terminal_either(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "x\u009b2J\u007f\u202e\U000e0041é"

    async def look(*_: object) -> list[Looked]:
        return [Looked("shop", Definition(name=evil, description=evil, input_schema={evil: evil}), None)]

    monkeypatch.setattr(commands, "look", look)
    given = {"workspace": workspace, "data": workspace / "data"}

    for tool in (None, evil):
        show_tools(given, None, tool, pins=False, as_json=True)
        shown = capsys.readouterr().out
        assert all(" " <= each <= "~" for each in shown.rstrip("\n"))
        found = json.loads(shown)
        assert (found[0]["tool"] if tool is None else found["description"]) == evil


def test_what_is_not_there_is_said(workspace: Path) -> None:
    with pytest.raises(NotFound, match="There are: shop"):
        tools(workspace, "stall")
    with pytest.raises(NotFound, match="no tool"):
        tools(workspace, "shop", "nothing")
    with pytest.raises(Invalid, match="Name the tool"):
        tools(workspace, "shop", pins=True)
    assert read_pins(workspace / "actions" / "shop.tools.json") == {}


def test_a_server_that_is_away_is_a_fault(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (workspace / "answerable.toml").read_text()
    (workspace / "answerable.toml").write_text(text.replace("http://127.0.0.1:", "http://127.0.0.1:9/"))

    assert tools(workspace) == 1
    assert "cannot be reached" in capsys.readouterr().err


class Stubborn(BaseHTTPRequestHandler):
    """A server that tells its tools, or nothing at all, and never ends a connection."""

    protocol_version = "HTTP/1.1"
    says_nothing = False
    is_over: Event

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.says_nothing:
            self.is_over.wait()
            self.close_connection = True
            return
        result: dict[str, Any] = {"protocolVersion": "2025-06-18", "capabilities": {}}
        result |= {"serverInfo": {"name": "s", "version": "1"}}
        result |= {"tools": [{"name": "open", "inputSchema": {"type": "object"}}]}
        answer = json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), "result": result}).encode()
        self.send_response(200)
        for name, value in (("type", "application/json"), ("length", str(len(answer)))):
            self.send_header(f"content-{name}", value)
        self.send_header("mcp-session-id", "s1")
        self.end_headers()
        self.wfile.write(answer)

    def do_GET(self) -> None:
        self.is_over.wait()

    def do_DELETE(self) -> None:
        self.is_over.wait()

    def log_message(self, *_: Any) -> None:
        """Says nothing of it either."""


@contextmanager
def stubborn(*, says_nothing: bool) -> Iterator[str]:
    """Its address."""
    over = Event()
    kind = type("_Stubborn", (Stubborn,), {"says_nothing": says_nothing, "is_over": over})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/mcp"
        finally:
            over.set()
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("says_nothing", [False, True])
def test_whoever_looks_at_a_server_that_never_hangs_up_does_not_wait_for_it(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, says_nothing: bool
) -> None:
    monkeypatch.setattr(speaking.hung_up, "__defaults__", (0.2,))
    with stubborn(says_nothing=says_nothing) as address:
        declaration = f'Server("shop", pins=Path("shop.json"), url="{address}", era="handshake", reached_within=2.0)'
        head = "from pathlib import Path\nfrom answerable.actions.mcp.servers import Server\n"
        (workspace / "actions" / "_shop.py").write_text(f'"""Stubborn."""\n\n{head}\nshop = {declaration}\n')
        began = monotonic()

        faults = tools(workspace)

    assert monotonic() - began < 30
    told = capsys.readouterr()
    if says_nothing:
        assert (faults, told.err) == (1, "The MCP server shop cannot be reached: it did not answer within 2 s.\n")
    else:
        assert (faults, told.out) == (0, "shop  open  not pinned\n")
