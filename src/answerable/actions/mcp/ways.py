"""How an MCP server is reached, and what is said when it is not."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from answerable.actions.declaring import NotDone

log = logging.getLogger(__name__)

AWAY = "The system that this is done in cannot be reached at the moment. Nothing was changed."

Era = Literal["any", "handshake"]
"""How a server is greeted. Any: it is asked what it speaks, in the way of 2026. Handshake: as all were before, for
those that answer to nothing else."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is reached, with all settings filled in."""

    server: str
    url: str | None
    headers: Mapping[str, str]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    era: Era
    reached_within: float


class OutOfReach(NotDone):
    """A server is out of reach. Its message may be told to a customer; `why` is for whoever looks after the server."""

    def __init__(self, why: str) -> None:
        super().__init__(AWAY)
        self.why = why


def away(server: str, why: str) -> OutOfReach:
    """That a server is out of reach: why is for the log, since a customer may read the rest."""
    log.warning("The MCP server %s cannot be reached: %s.", server, why)
    return OutOfReach(why)


class Unreadable(ValueError):
    """The tool answered, and not with what can be read."""
