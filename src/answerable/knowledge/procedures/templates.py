"""Places in a text that are filled with what is known: `{charge.amount.currency}`."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Any

from answerable.domain.addresses import without_links

PLACE = re.compile(r"\{([a-z][a-z0-9_]*(?:\.[A-Za-z0-9_]+)*)\}")
_BRACE = re.compile(r"[{}]")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}\S*", re.ASCII)
# What comes from outside is shown as plain words: it makes no link, no picture and no heading of its own.
_MARKUP = re.compile(r"[<>\[\]`|*#]")
_SCHEME = re.compile(r"(?<=:)//|\bmailto:", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
SHOWN_MAX = 300


class Missing(Exception):
    """A place cannot be filled: the name is the message."""


def places(template: str) -> list[str]:
    """The paths that a text names."""
    return PLACE.findall(template)


def is_one_place(template: str) -> str | None:
    """The path, if the text is nothing else."""
    found = PLACE.fullmatch(template)
    return found[1] if found else None


def has_stray_brace(template: str) -> bool:
    """Whether a brace stands in it that is not part of a place."""
    return _BRACE.search(PLACE.sub("", template)) is not None


def fill(
    template: str,
    look: Callable[[str], Any],
    *,
    say: Callable[[str], str] = str,
    links: Collection[str] = (),
) -> str:
    """The text with its places filled; each is said as its reader says it, and may hold these links. Raises Missing."""

    def filled(place: re.Match[str]) -> str:
        value = look(place[1])
        among = "|".join(map(re.escape, sorted(links, key=len, reverse=True)))
        if not among or not isinstance(value, str):
            return say(shown(value))
        # Odd parts are the links; what stands around them is as plain as ever.
        parts = re.split(rf"(?<!\S)({among})(?!\S)", value)
        return " ".join(part if at % 2 else say(shown(part)) for at, part in enumerate(parts) if part.strip())

    return PLACE.sub(filled, template)


def shown(value: Any) -> str:
    """A value in words. Raises Missing for what has none."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) and set(value) == {"amount", "currency"}:
        return f"{shown(value['amount'])} {shown(value['currency'])}"
    if isinstance(value, str | int | float):
        text = _MARKUP.sub("", _MOMENT.sub(r"\1", str(value)))
        text = "".join(sign for sign in _SPACE.sub(" ", text) if sign.isprintable()).strip()
        # What looks like a link is one, whatever letters it is written in.
        plain = unicodedata.normalize("NFKC", text)
        told = without_links(plain)
        text = _SCHEME.sub("", text if told == plain else told)
        return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
    raise Missing(type(value).__name__)


def at(value: Any, path: list[str]) -> Any:
    """What stands at a path of a JSON value. Raises Missing."""
    for part in path:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise Missing(part)
    if value is None:
        raise Missing(path[-1] if path else "nothing")
    return value
