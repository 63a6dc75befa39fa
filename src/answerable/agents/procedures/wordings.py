"""With which words customers say which one of a list they mean, from `picking.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

from answerable.agents.phrases import Language, languages

SHORT_LETTERS = 3
"""So many letters of a month's name tell it, beside a number."""

_OF = r"(?:\s+de|\s+of|\s+del)?"


@dataclass(frozen=True, slots=True)
class Wordings:
    """Those of one language; see `picking.toml`."""

    newest: tuple[str, ...]
    last: tuple[str, ...]
    before_last: tuple[str, ...]
    oldest: tuple[str, ...]
    largest: tuple[str, ...]
    smallest: tuple[str, ...]
    top: tuple[str, ...]
    bottom: tuple[str, ...]
    places: tuple[str, ...]
    records: frozenset[str]
    times: frozenset[str]
    close: frozenset[str]
    relative: Mapping[str, tuple[str, ...]]


def wordings(spoken: Language) -> Wordings:
    """Those of a language, or else of English."""
    return every().get(spoken.code, english())


def english() -> Wordings:
    """Those of English."""
    return every()["en"]


@cache
def _forms_of(code: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, ways in enumerate(every()[code].places):
        for word in ways.split("|"):
            # German and Dutch decline them, Romance languages have two: der erste, den ersten; primero, primera.
            feminine = [f"{word[:-1]}a"] if word.endswith("o") else []
            for form in (word, f"{word}n", f"{word}r", f"{word}s", *feminine):
                found.setdefault(form, place)
    return found


def places_by_form(spoken: Language) -> dict[str, int]:
    """Which place, from 0, a word such as "second" names, in all of its forms."""
    return _forms_of(spoken.code if spoken.code in every() else "en")


@cache
def any_of(phrases: tuple[str, ...], code: str) -> re.Pattern[str]:
    """One of these phrases, as whole words."""
    either = "|".join(re.escape(each) for each in sorted(phrases, key=len, reverse=True))
    return re.compile(either if code == "zh" else rf"(?<![\w-])(?:{either})(?![\w-])", re.IGNORECASE)


@cache
def whole_months() -> frozenset[str]:
    """The names of months that are not shortened, in any language."""
    return frozenset(name for each in languages().values() for name in each.months)


@cache
def months_by_name() -> dict[str, int]:
    """The months by their names, and by their first letters where these are of one month only."""
    whole = {name: number for each in languages().values() for number, name in enumerate(each.months, 1)}
    by_short: dict[str, set[int]] = {}
    for name, number in whole.items():
        if name.isascii() and len(name) > SHORT_LETTERS:
            by_short.setdefault(name[:SHORT_LETTERS], set()).add(number)
    return {**{short: min(numbers) for short, numbers in by_short.items() if len(numbers) == 1}, **whole}


@cache
def months_pattern() -> re.Pattern[str]:
    """A month by its name, with the day and the year beside it if they are there."""
    names = "|".join(
        re.escape(each) for each in sorted(months_by_name(), key=len, reverse=True) if not each.endswith("月")
    )
    return re.compile(
        rf"(?:(?<![\w.,/-])(?P<before>\d{{1,2}})(?:st|nd|rd|th|\.|er|º|ª)?{_OF}\s*)?"
        rf"(?<![^\W\d_])(?P<month>{names})(?![^\W\d_])\.?"
        rf"(?:\s+(?P<after>\d{{1,2}})(?:st|nd|rd|th)?(?![\w.,/-]\d|\w))?(?:,?{_OF}\s+(?P<year>(?:19|20)\d{{2}})(?!\w))?",
        re.IGNORECASE,
    )


@cache
def every() -> dict[str, Wordings]:
    """Those of all languages, by their code."""
    content: dict[str, dict[str, list[str]]]
    content = tomllib.loads((resources.files(__package__) / "picking.toml").read_text("utf-8"))
    return {code: _wordings(table) for code, table in content.items()}


def _wordings(table: dict[str, list[str]]) -> Wordings:
    left = dict(table)
    sets: dict[str, Any] = {name: frozenset(left.pop(name)) for name in ("records", "times", "close")}
    names = ("newest", "last", "before_last", "oldest", "largest", "smallest", "top", "bottom", "places")
    lists: dict[str, Any] = {name: tuple(left.pop(name)) for name in names}
    return Wordings(**sets, **lists, relative={name: tuple(said) for name, said in left.items()})


def span(name: str, today: date) -> tuple[date, date]:
    """The first and the last day of what is called so."""
    day = timedelta(days=1)
    monday, month, year = today - timedelta(days=today.weekday()), today.replace(day=1), today.replace(month=1, day=1)
    return {
        "today": (today, today),
        "yesterday": (today - day, today - day),
        "this_week": (monday, today),
        "last_week": (monday - 7 * day, monday - day),
        "this_month": (month, today),
        "last_month": ((month - day).replace(day=1), month - day),
        "this_year": (year, today),
        "last_year": ((year - day).replace(month=1, day=1), year - day),
    }[name]
