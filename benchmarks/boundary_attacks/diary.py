"""What was asked and decided in a round, plainly, as whoever plays it saw it; the judge goes by this."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from answerable.domain.people import Identity, Rep, Role

# A click and the moment until when it counts are taken from one clock, a few instructions apart.
AT_ONCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Asker:
    """A customer with a conversation."""

    id: str
    conversation_id: str
    email: str | None
    identity: Identity
    """As much as they have proved, or said, to be."""

    @property
    def has_proved(self) -> bool:
        """Whether the address is theirs for certain."""
        return self.identity in ("verified", "stepped_up")


@dataclass(frozen=True, slots=True)
class Asked:
    """A wish, as it was written."""

    who: Asker
    by: str
    """`agent`, or a rep's id."""
    action: str
    arguments: Any
    at: datetime

    @property
    def wish(self) -> dict[str, Any]:
        """The arguments, read; empty if they cannot be."""
        try:
            read = json.loads(self.arguments) if isinstance(self.arguments, str | bytes) else self.arguments
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}


@dataclass(frozen=True, slots=True)
class Yes:
    """Somebody's click on yes."""

    rep: Rep
    at: datetime
    cents: int | None
    """To so much; None for as much as was asked for."""


@dataclass(slots=True)
class Diary:
    """Who asked for what, and who said yes to it, whatever was made of that."""

    asked: dict[str, Asked] = field(default_factory=dict)
    """By the id that the outside system is given as a key."""
    yes: dict[str, list[Yes]] = field(default_factory=lambda: defaultdict(list))

    def deciders(self, call_id: str, cents: int, *, roles: tuple[Role, ...], within: timedelta) -> set[str]:
        """Who has said yes to so much of it in time, works there in one of the roles, and has not asked for it."""
        asked = self.asked.get(call_id)
        if asked is None:
            return set()
        return {
            yes.rep.id
            for yes in self.yes[call_id]
            if (yes.rep.active and yes.rep.role in roles and yes.rep.id != asked.by)
            and yes.at <= asked.at + within + AT_ONCE
            and (yes.cents is None or yes.cents >= cents)
        }


def cents_in(arguments: Any) -> int | None:
    """The amount in a wish, in hundredths; None if there is none."""
    amount = arguments.get("amount") if isinstance(arguments, dict) else None
    try:
        return int(Decimal(str(amount["amount"])) * 100) if isinstance(amount, dict) else None
    except (InvalidOperation, KeyError, ValueError, OverflowError):
        return None
