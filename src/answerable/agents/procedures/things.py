"""One of a list that an action found, as it is offered: what it may be called by, its day, and its amounts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from answerable.agents.figures import ISO


@dataclass(frozen=True, slots=True)
class Thing:
    """One of what was found, as it is offered."""

    shown: str
    id: str
    content: Mapping[str, Any]
    names: tuple[str, ...] = ()
    """What it may be called by."""
    at: datetime | None = None
    """Its moment: the first that it is shown with."""
    amounts: tuple[tuple[Decimal, str], ...] = ()

    @property
    def day(self) -> date | None:
        """The day of its moment."""
        return self.at.date() if self.at is not None else None


def thing_of(content: Mapping[str, Any], values: Sequence[Any], *, shown: str, name: str) -> Thing:
    """A thing of a list. Its day, its amounts and its names are those among the `values` that it is shown with."""
    moments = [moment for value in values if (moment := _moment(value)) is not None]
    amounts = [amount for value in values if (amount := _money(value)) is not None]
    names = [str(value) for value in values if isinstance(value, str | int) and _moment(value) is None]
    return Thing(
        shown=shown,
        id=name,
        content=content,
        names=tuple(dict.fromkeys(each for each in (name, *names) if len(each) > 1)),
        at=moments[0] if moments else None,
        amounts=tuple(amounts),
    )


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str) or not ISO.match(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _money(value: Any) -> tuple[Decimal, str] | None:
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        return None
    amount, currency = value["amount"], value["currency"]
    is_amount = isinstance(amount, str) and re.fullmatch(r"\d{1,15}(\.\d{1,4})?", amount, re.ASCII)
    return (Decimal(amount), currency) if is_amount and isinstance(currency, str) else None
