"""An MCP server, as the workspace declares it: where it is, what it is given, and where its tools are pinned."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from answerable.actions.declaring import TIMEOUT_SECONDS_MAX, is_timeout
from answerable.actions.mcp.pins import read_pins
from answerable.actions.mcp.tools import CustomerArgument, Tool
from answerable.actions.mcp.ways import Era, Way, away
from answerable.domain.errors import Invalid

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_PLACE = re.compile(r"\{([A-Za-z0-9_]+)\}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Server:
    """An MCP server: at a `url` (streamable HTTP), or started by a `command` (stdio) for each call.

    `{shop_key}` in the address, a header, or the command's environment stands for the setting of that name: from
    `[actions]` of `answerable.toml`, or, for secrets, from ANSWERABLE_ACTIONS. Nothing else of our environment is given
    to a command but where its home and its programs are.
    """

    name: str
    pins: Path
    """The file of its tools as somebody has looked at them; `answerable tools` writes it."""
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    era: Era = "any"
    reached_within: float = 5.0
    """So many seconds it may take until it can be asked. Whatever does not come so far was surely not done."""

    def __post_init__(self) -> None:
        """Raises Invalid for what is no server."""
        if not NAME.fullmatch(self.name):
            raise Invalid(f"The MCP server {self.name!r:.80} needs a name of lower-case letters, digits, - and _.")
        if (self.url is None) == (not self.command):
            raise Invalid(f"The MCP server {self.name} needs either a url or a command.")
        if isinstance(self.command, str):
            raise Invalid(f"The command of the MCP server {self.name} is a tuple: the program and its arguments.")
        if self.url is not None and not self.url.startswith(("https://", "http://", "{")):
            raise Invalid(f"The url of the MCP server {self.name} begins with https:// or http://, or is a setting.")
        if (self.headers and self.command) or (self.environment and self.url):
            raise Invalid(f"The MCP server {self.name}: headers belong to a url, an environment to a command.")
        if not is_timeout(self.reached_within):
            raise Invalid(
                f"The MCP server {self.name} needs some time to be reached: `reached_within` is a number of seconds, "
                f"more than 0 and at most {TIMEOUT_SECONDS_MAX:.0f}."
            )

    def tool(
        self,
        name: str,
        *,
        customer: CustomerArgument | None = None,
        key: str | None = None,
        key_in_meta: str | None = None,
        dry_run: str | None = None,
        fixed: Mapping[str, Any] | None = None,
        text_is_json: bool = False,
        refusal: Callable[[str], str] | None = None,
    ) -> Tool:
        """One of its tools, as it is pinned, with what the boundary fills in.

        `customer` is the argument that names the customer, `key` the one that takes the idempotency key (or
        `key_in_meta` its name in `_meta`), `dry_run` the one that is true where nothing may be kept; `fixed` are always
        the same. `refusal` makes the sentence for the customer from what the tool says when it fails.

        Raises Invalid for a tool that is not pinned, and for arguments that it does not have.
        """
        pinned = read_pins(self.pins).get(name)
        if pinned is None:
            raise Invalid(
                f"The tool {name} of the MCP server {self.name} is not pinned in {self.pins.name}. Look at it with "
                f"`answerable tools {self.name} {name}`, and pin it with `--pin`."
            )
        return Tool(
            server=self.name,
            way=self.way,
            reached_within=self.reached_within,
            pinned=pinned,
            customer=customer,
            key=key,
            key_in_meta=key_in_meta,
            dry_run=dry_run,
            fixed=dict(fixed or {}),
            text_is_json=text_is_json,
            refusal=refusal,
        )

    def way(self, settings: Mapping[str, str]) -> Way:
        """How it is reached, with the settings filled in. Raises NotDone where one is missing."""
        try:
            return Way(
                server=self.name,
                url=_filled(self.url, settings) if self.url is not None else None,
                headers={name: _filled(value, settings) for name, value in self.headers.items()},
                command=self.command,
                environment={name: _filled(value, settings) for name, value in self.environment.items()},
                era=self.era,
                reached_within=self.reached_within,
            )
        except KeyError as error:
            raise away(self.name, f"the setting {error} is missing") from error


def _filled(text: str, settings: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: settings[found[1]], text)
