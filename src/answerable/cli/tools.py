"""`answerable tools`: what the workspace's MCP servers offer, what of it is pinned, and what has changed since."""

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from answerable.actions.mcp.looking import Looked, load_servers, look, pin, shown, skeleton
from answerable.actions.mcp.servers import Server
from answerable.actions.mcp.ways import OutOfReach
from answerable.cli.opening import settings_for
from answerable.domain.errors import Invalid, NotFound, Unavailable


def show_tools(given: dict[str, Any], server: str | None, tool: str | None, *, pins: bool, as_json: bool) -> int:
    """Prints what there is, and gives how many pinned tools are not what they were, or cannot be looked at."""
    settings = settings_for(given)
    servers = _named(settings.folder / "actions", server)
    if tool is None:
        if pins:
            raise Invalid("Name the tool that you have looked at: `answerable tools SERVER TOOL --pin`.")
        return sum(_list(each, settings.actions, as_json=as_json) for each in servers)
    looked = {each.name: each for each in _looked(servers[0], settings.actions)}.get(tool)
    if looked is None:
        raise NotFound(f"The server {servers[0].name} has no tool {tool!r:.80}.")
    return _show(servers[0], looked, pins=pins, as_json=as_json)


def _named(folder: Path, name: str | None) -> list[Server]:
    servers, wrong = load_servers(folder)
    for error in wrong:
        click.echo(str(error), err=True)
    if name is not None and name not in servers:
        raise NotFound(f"There is no MCP server {name!r:.80} in {folder}. There are: {', '.join(servers) or 'none'}.")
    return [servers[name]] if name is not None else list(servers.values())


def _looked(server: Server, settings: Any) -> list[Looked]:
    """Raises Unavailable, with what is wrong, if the server cannot be reached."""
    try:
        return asyncio.run(look(server, settings))
    except OutOfReach as error:
        raise Unavailable(f"The MCP server {server.name} cannot be reached: {error.why}.") from error


def _list(server: Server, settings: Any, *, as_json: bool) -> int:
    try:
        looked = _looked(server, settings)
    except Unavailable as error:
        click.echo(str(error), err=True)
        return 1
    if as_json:
        rows = [{"server": each.server, "tool": each.name, "state": _state(each)} for each in looked]
        click.echo(_as_json(rows))
    else:
        for each in looked:
            click.echo(f"{each.server}  {ascii(each.name)[1:-1]}  {_state(each)}")
    return sum(1 for each in looked if each.changed)


def _show(server: Server, looked: Looked, *, pins: bool, as_json: bool) -> int:
    if looked.found is not None:
        click.echo(_as_json(looked.found) if as_json else shown(looked.found))
    if looked.changed and looked.pinned is not None and not as_json:
        click.echo(f"\nIt was pinned as this, and changed: {', '.join(looked.changed)}.\n\n{shown(looked.pinned)}")
    if pins:
        pin(server, looked)
        click.echo(f"Pinned in {server.pins}.", err=True)
        return 0
    if looked.found is not None and not as_json:
        click.echo(f"\nA declaration to begin with:\n\n{skeleton(server, looked.found)}")
    return len(looked.changed)


def _as_json(value: Any) -> str:
    """In letters that every terminal shows as what they are: all others are escaped."""
    return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))


def _state(looked: Looked) -> str:
    if looked.pinned is None:
        return "not pinned"
    return f"changed: {', '.join(looked.changed)}" if looked.changed else "as pinned"
