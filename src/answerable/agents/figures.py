"""Amounts and days as people write them: reading them out of a text, and writing them for a customer.

What is written in a language is read as the same: of amounts to the cent, of days to the day.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from answerable.agents.phrases import languages

# With marks between thousands, or without; neither stands in the midst of another word or number.
_GROUPED = r"[0-9]{1,3}(?:[ .,'’\u00a0\u202f][0-9]{3})+(?:[.,][0-9]{1,2})?"
_PLAIN = r"[0-9]{1,12}(?:[.,][0-9]{1,4})?"
_NUMBER = rf"(?<![\w.,])(?:{_GROUPED}|{_PLAIN})(?![\w]|[.,][0-9])"
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY"}
# The sign of the yen is also the yuan's.
_SIGN_OF = {code: sign for sign, code in _SIGNS.items() if sign != "¥"}
_NAMES = {
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
    "pfund": "GBP", "usd": "USD", "dollar": "USD", "dollars": "USD", "dólares": "USD", "chf": "CHF", "franken": "CHF",
    "francs": "CHF", "jpy": "JPY", "yen": "JPY", "pln": "PLN", "sek": "SEK", "dkk": "DKK", "nok": "NOK", "czk": "CZK",
    "欧元": "EUR", "美元": "USD", "英镑": "GBP",
}  # fmt: skip
_CURRENCY = "|".join(sorted((re.escape(each) for each in [*_SIGNS, *_NAMES]), key=len, reverse=True))
AMOUNT = re.compile(
    rf"(?:(?P<before>{_CURRENCY})\s*)?(?P<number>{_NUMBER})(?:\s*(?P<after>{_CURRENCY})(?![^\W\d_]))?", re.IGNORECASE
)
"""A number, with the currency beside it if there is one."""

ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", re.ASCII)
DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)", re.ASCII)
SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])", re.ASCII)
HAN = re.compile(r"(?<!\d)(\d{4})年(\d{1,2})月(\d{1,2})[日号]", re.ASCII)

# What stands in a sentence of ours, or of an outside system: nothing that is a piece of a name, a link or a file.
_KEPT_AMOUNT = re.compile(
    rf"(?<![\w.,/=%+-])([0-9]{{1,12}})(\.[0-9]{{2}})?[ \u00a0]({'|'.join(sorted(set(_NAMES.values())))})(?![\w-])"
)
_KEPT_DAY = re.compile(r"(?<![\w./=%+-])(\d{4})-(\d{2})-(\d{2})(?![\w/=%+-]|\.\w)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a language writes them."""

    amount: str
    amount_by_code: str
    decimal: str
    group: str
    group_from: int
    day: str


def amounts_in(text: str) -> list[tuple[str | None, str | None]]:
    """Each number of a text as a decimal, with the currency beside it; what can be read in two ways is None."""
    found = [amount_of(match) for match in AMOUNT.finditer(text)]
    # A digit that is part of something else may be an amount that was not understood.
    left = AMOUNT.sub(" ", text)
    return [*found, (None, None)] if any(sign.isdigit() for sign in left) else found


def amount_of(match: re.Match[str]) -> tuple[str | None, str | None]:
    """The decimal that a match stands for, if there is but one, and its currency, if one is said."""
    said = match["before"] or match["after"]
    return _decimal(match["number"]), (_SIGNS.get(said) or _NAMES.get(said.casefold())) if said else None


def _decimal(number: str) -> str | None:
    """A number as people write it, with a point; None for `1.234`, which may be more than a thousand or hardly one."""
    bare = re.sub(r"[ '’\u00a0\u202f]", "", number)
    marks = [sign for sign in bare if sign in ".,"]
    if not marks:
        return bare
    whole, _, part = bare.rpartition(marks[-1])
    if len(set(marks)) == 2 or (len(marks) == 1 and len(part) != 3):
        # The last mark is the decimal one.
        return f"{re.sub(r'[.,]', '', whole)}.{part}" if len(part) <= 2 else None
    if len(marks) > 1:
        return re.sub(r"[.,]", "", bare)
    return None


def whole_days_in(text: str) -> list[date]:
    """The days that a text names in figures; one that can be read in two ways makes two."""
    found: list[date] = []
    for year, month, day in [*ISO.findall(text), *HAN.findall(text)]:
        found += day_of(int(year), int(month), int(day))
    for day, month, year in DOTTED.findall(text):
        found += day_of(int(year), int(month), int(day))
    for one, other, year in SLASHED.findall(text):
        found += day_of(int(year), int(other), int(one)) + day_of(int(year), int(one), int(other))
    return found


def day_of(year: int, month: int, day: int) -> list[date]:
    """That day, if there is one."""
    try:
        return [date(year, month, day)]
    except ValueError:
        return []


def for_customer(text: str, code: str) -> str:
    """A text with its amounts and days as the language writes them: `84.00 EUR` becomes `€84.00`."""
    way = _ways().get(code)
    if way is None:
        return text
    text = _KEPT_AMOUNT.sub(lambda found: _amount(way, found[1], found[2] or "", found[3]), text)
    return _KEPT_DAY.sub(lambda found: _day(way, code, found), text)


def _amount(way: _Way, whole: str, part: str, currency: str) -> str:
    if len(whole) >= way.group_from:
        # From the right, three at a time. Without decimals nobody could tell the mark from a decimal one.
        whole = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", way.group, whole) if part else whole
    sign = _SIGN_OF.get(currency)
    template = way.amount if sign else way.amount_by_code
    number = whole + part.replace(".", way.decimal)
    return template.replace("{number}", number).replace("{sign}", sign or "").replace("{code}", currency)


def _day(way: _Way, code: str, found: re.Match[str]) -> str:
    year, month, day = map(int, found.groups())
    if not day_of(year, month, day):
        return found[0]
    name = languages()[code].months[month - 1]
    parts = {"day": str(day), "month": name, "Month": name.capitalize(), "number": str(month), "year": f"{year:04}"}
    return re.sub(r"\{(\w+)\}", lambda place: parts[place[1]], way.day)


@cache
def _ways() -> dict[str, _Way]:
    content = tomllib.loads((resources.files(__package__) / "figures.toml").read_text("utf-8"))
    return {code: _Way(**table) for code, table in content.items()}
