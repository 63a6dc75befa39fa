"""Finds functions, classes and imports that nothing uses. Runs inside `.venv`: `python -m tools.dead_code`."""

import sys

from vulture import Vulture

PLACES = ["src", "tools", "hatch_build.py"]
# A record's fields are read by whoever gets its JSON, which vulture cannot see.
NOT_ASKED_ABOUT = {"variable", "attribute"}
# What such a decorator registers is called by a framework.
CALLED_BY_DECORATOR = [
    "@get", "@post", "@put", "@patch", "@delete", "@websocket", "@*.command", "@*.callback", "@*.group", "@*validator",
    "@action", "@*.workflow", "@*.step", "@*.scheduled", "@*.listens_for", "@override", "@event",
]  # fmt: skip
USED_FROM_OUTSIDE = {
    "FrontEndHook": "hatchling finds it",
    "dependencies": "hatchling calls it",
    "initialize": "hatchling calls it",
    "authenticate_request": "Litestar calls it",
    "connect_unix_socket": "httpcore asks every network backend for it",
    "image": "markdown-it calls it",
    "table_open": "markdown-it calls it",
    "th_open": "markdown-it calls it",
    "th_close": "markdown-it calls it",
    "table_close": "markdown-it calls it",
    "mcp_action": "workspaces declare tools of MCP servers with it",
    "load_dialect_impl": "SQLAlchemy calls it",
    "process_bind_param": "SQLAlchemy calls it",
    "process_result_value": "SQLAlchemy calls it",
    "read_agents_sdk": "the import of traces, which is not built yet, reads with it",
    "read_otlp": "the import of traces, which is not built yet, reads with it",
}


def main() -> int:
    """Name each unused thing on a line; 1 if there is any."""
    vulture = Vulture(ignore_names=list(USED_FROM_OUTSIDE), ignore_decorators=CALLED_BY_DECORATOR)
    vulture.scavenge(PLACES)
    dead = [item for item in vulture.get_unused_code(min_confidence=60) if item.typ not in NOT_ASKED_ABOUT]
    for item in dead:
        print(f"{item.filename}:{item.first_lineno}: nothing uses the {item.typ} `{item.name}`")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
