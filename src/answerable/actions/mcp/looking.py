"""Looking at the tools of MCP servers, for whoever declares them: what they say, what changed, how to begin."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from answerable.actions.loading import imported, package_of
from answerable.actions.mcp.pins import Definition, differences, read_pins, write_pins
from answerable.actions.mcp.schemas import properties, required
from answerable.actions.mcp.servers import Server
from answerable.domain.errors import Invalid, NotFound

log = logging.getLogger(__name__)

_PAID = re.compile(r"amount|total|price|sum", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Looked:
    """A tool of a server, as it is and as it was pinned."""

    server: str
    found: Definition | None
    """None if it is not there any more."""
    pinned: Definition | None

    @property
    def name(self) -> str:
        """The tool's name."""
        either = self.found or self.pinned
        assert either is not None
        return either.name

    @property
    def changed(self) -> list[str]:
        """What differs from its pin; none if nothing does, or it is not pinned."""
        if self.pinned is None:
            return []
        return differences(self.pinned, self.found) if self.found is not None else ["that there is one"]


def load_servers(folder: Path) -> tuple[dict[str, Server], list[Invalid]]:
    """The MCP servers that a folder's files name, and what is wrong with those that cannot be imported (yet)."""
    package = package_of(folder)
    found: dict[str, Server] = {}
    wrong: list[Invalid] = []
    for file in sorted(folder.glob("*.py")):
        try:
            found |= {each.name: each for each in vars(imported(package, file)).values() if isinstance(each, Server)}
        except Invalid as error:
            wrong.append(error)
    return found, wrong


async def look(server: Server, settings: Mapping[str, str]) -> list[Looked]:
    """The tools of a server beside their pins, by name. Raises NotDone if it cannot be reached."""
    from answerable.actions.mcp.speaking import hung_up, tools_of

    try:
        found = {each.name: each for each in await tools_of(server.way(settings))}
    finally:
        if not await hung_up():
            log.warning("The MCP server %s does not end a connection; it was cut.", server.name)
    pinned = read_pins(server.pins)
    return [Looked(server.name, found.get(name), pinned.get(name)) for name in sorted({*found, *pinned})]


def pin(server: Server, looked: Looked) -> None:
    """From now on the tool is what it is now. Raises NotFound for one that is not there."""
    if looked.found is None:
        raise NotFound(f"The server {server.name} has no tool {looked.name}.")
    write_pins(server.pins, {**read_pins(server.pins), looked.name: looked.found})


def skeleton(server: Server, tool: Definition) -> str:
    """A declaration to begin with. What only a person can know is left empty, and does not load."""
    takes, must = properties(tool.input_schema), required(tool.input_schema)
    amount = next((name for name in takes if _PAID.search(name)), None)
    currency = next((name for name in takes if "currency" in name.lower()), None) if amount else None
    arguments = "".join(
        f"        {_quoted(name)}: '',  # {_kind(schema)}{'' if name in must else ', may be left out'}\n"
        for name, schema in takes.items()
        if name not in (amount, currency)
    )
    money = f"    money=MoneyArguments({_quoted(amount)}, currency={_quoted(currency)}),\n" if amount else ""
    return (
        f"# Pinned as {tool.fingerprint}. Take the arguments out that are the customer or the idempotency key.\n"
        f"the_tool = {server.name.replace('-', '_')}.tool(\n"
        f"    {_quoted(tool.name)}, customer=CustomerArgument(''), key=''\n"
        ")\n\n"
        "declared = mcp_action(\n"
        "    the_tool,\n"
        "    told,  # (wanted, answer) -> a record with `reference` and `summary`\n"
        f"    name={_quoted(re.sub('[^a-z0-9]+', '_', tool.name.lower()))},\n"
        "    says='',  # what models and people read of it, in your words\n"
        f"    arguments={{\n{arguments}    }},\n"
        f"{money}"
        f"    effect='{'moves_money' if amount else 'writes'}',\n"
        "    identity='verified',\n"
        "    limits=Limits(),\n"
        "    facts=facts_about,\n"
        "    look_up=what_was_done,\n"
        "    simulate=imagined,\n"
        ")\n"
    )


def shown(tool: Definition) -> str:
    """What a server says of a tool, for a person's eyes: signs that fool terminals are shown as what they are."""
    said = msgspec.json.format(msgspec.json.encode(tool), indent=2).decode()
    return "".join(each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in said)


def _quoted(text: str | None) -> str:
    return ascii(text)


def _kind(schema: Any) -> str:
    kind = schema.get("type", "see above") if isinstance(schema, dict) else "anything"
    return " or ".join(map(ascii, kind)) if isinstance(kind, list) else re.sub(r"[^a-z ]", "", str(kind))
