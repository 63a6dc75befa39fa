"""What programs say to each other, in words for people: names, arguments and facts."""

from datetime import datetime
from typing import Any

NOTHING = "not known"
LIST_MAX = 5


def title_of(name: str) -> str:
    """`refund_charge` as "Refund charge"."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def in_words(value: Any) -> str:
    """A value as people write it: yes and no, an amount with its currency, a list with commas."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return _record(value)
    if isinstance(value, list):
        shown = ", ".join(in_words(each) for each in value[:LIST_MAX])
        more = len(value) - LIST_MAX
        return (f"{shown} and {more} more" if more > 0 else shown) or "none"
    return _moment(value) if isinstance(value, str) else str(value)


def pairs(record: dict[str, Any]) -> list[tuple[str, str]]:
    """The names and values of a record, in words."""
    return [(title_of(name), in_words(value)) for name, value in record.items()]


def _record(value: dict[str, Any]) -> str:
    if set(value) == {"amount", "currency"}:
        return f"{value['amount']} {value['currency']}"
    return ", ".join(f"{title_of(name).lower()} {in_words(each)}" for name, each in value.items()) or "none"


def _moment(text: str) -> str:
    """A moment in UTC as people write it, and any other text as it is."""
    if len(text) < len("2026-11-23T12:00Z") or "T" not in text:
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{at.day} {at:%B %Y, %H:%M}{' UTC' if at.tzinfo else ''}"
