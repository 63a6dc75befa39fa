"""What an answer means: `read_answer(need, text, ...)` gives the value that was said, or None.

None is not an error: the question is asked again. Nothing is guessed: an amount that is halved or doubted, a date that
may be read in two ways, a name that fits two of a list are not understood.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from answerable.agents.phrases import Language, languages, plain, words
from answerable.domain.errors import Invalid
from answerable.domain.money import money
from answerable.domain.procedures import Need, words_in

LETTERS_MAX = 500
"""Nobody answers a question in more; of longer texts none is read as an answer."""
YES_WORDS_MAX = 10
AMOUNT_WORDS_MAX = 14
CODE_LETTERS_MIN = 4
"""A shorter word with a digit in it may be anything."""

# With marks between thousands, or without; neither stands in the midst of another word or number.
_GROUPED = r"[0-9]{1,3}(?:[ .,'’][0-9]{3})+(?:[.,][0-9]{1,2})?"
_PLAIN = r"[0-9]{1,12}(?:[.,][0-9]{1,4})?"
_NUMBER = rf"(?<![\w.,])(?:{_GROUPED}|{_PLAIN})(?![\w]|[.,][0-9])"
_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY"}
_NAMES = {
    "eur": "EUR", "euro": "EUR", "euros": "EUR", "gbp": "GBP", "pound": "GBP", "pounds": "GBP", "quid": "GBP",
    "pfund": "GBP", "usd": "USD", "dollar": "USD", "dollars": "USD", "dólares": "USD", "chf": "CHF", "franken": "CHF",
    "francs": "CHF", "jpy": "JPY", "yen": "JPY", "pln": "PLN", "sek": "SEK", "dkk": "DKK", "nok": "NOK", "czk": "CZK",
    "欧元": "EUR", "美元": "USD", "英镑": "GBP",
}  # fmt: skip
_CURRENCY = "|".join(sorted((re.escape(each) for each in [*_SIGNS, *_NAMES]), key=len, reverse=True))
_AMOUNT = re.compile(
    rf"(?:(?P<before>{_CURRENCY})\s*)?(?P<number>{_NUMBER})(?:\s*(?P<after>{_CURRENCY})(?![^\W\d_]))?", re.IGNORECASE
)
_SIGNED = re.compile(r"(?:^|[\s(])[-−–]\s*[€£$¥]?\s*\d|%|\d\s*/\s*\d")
_ISO = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", re.ASCII)
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?!\d)", re.ASCII)
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])", re.ASCII)
_PICKED = re.compile(
    r"\W*(?:option|nummer|number|no|nr|numéro|número|opción|opção|die|der|das|the|la|le|el|il|o|a|de|het|第)?\W*"
    r"([0-9]{1,2})\W*(?:please|bitte|one|个|st|nd|rd|th)?\W*",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(20\d{2}|19\d{2})(?!\d)", re.ASCII)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Thing:
    """One of what was found, as it is offered."""

    shown: str
    id: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Phrases:
    leave: frozenset[str]
    whole: frozenset[str]
    places: tuple[str, ...]
    limits: frozenset[str]
    but: frozenset[str]


@cache
def _phrases() -> dict[str, _Phrases]:
    content = tomllib.loads((resources.files(__package__) / "answers.toml").read_text("utf-8"))
    return {
        code: _Phrases(
            leave=frozenset(table["leave"]),
            whole=frozenset(table["whole"]),
            places=tuple(table["places"]),
            limits=frozenset(table["limits"]),
            but=frozenset(table["but"]),
        )
        for code, table in content.items()
    }


def leaves(text: str, spoken: Language) -> bool:
    """Whether the customer does not want it any more."""
    said = plain(text)
    return said == plain(spoken.frames["something_else"]) or any(
        said in each.leave or _without_courtesy(said, spoken) in each.leave for each in _phrases().values()
    )


def read_answer(  # noqa: PLR0911  (one kind a line)
    need: Need,
    text: str,
    spoken: Language,
    *,
    things: Sequence[Thing] = (),
    currency: str | None = None,
    whole: Mapping[str, Any] | None = None,
) -> Any | None:
    """The value that a text stands for, as JSON; None if that is not sure.

    `things` are what may be chosen from; `currency` is meant where none is said, and `whole` by "all of it".
    """
    text = legible(text)
    if not text or len(text) > LETTERS_MAX:
        return None
    match need.kind:
        case "text":
            return text
        case "money":
            return read_money(text, spoken, currency=currency, whole=whole)
        case "date":
            found = _dates(text)
            return found[0].isoformat() if len(found) == 1 else None
        case "yes_no":
            return read_yes_no(text, spoken)
        case "choice":
            return _read_choice(need, text, spoken)
        case "id":
            return _read_id(need.pattern, text)
        case "found":
            return _read_thing(things, text, spoken)


def legible(text: str) -> str:
    """A text on one line, in compatible letters, without signs that cannot be printed."""
    shown = _SPACE.sub(" ", unicodedata.normalize("NFKC", text))
    return "".join(sign for sign in shown if sign.isprintable()).strip()


def read_yes_no(text: str, spoken: Language) -> bool | None:
    """Whether it is a yes without a but, or a no."""
    said = plain(text)
    yes = {phrase for each in languages().values() for phrase in each.yes}
    no = {phrase for each in languages().values() for phrase in each.no}
    if said in spoken.yes or (said in yes and said not in no):
        return True
    if said in spoken.no or said in no:
        return False
    tokens = words(said)
    negations = spoken.negations | languages()["en"].negations
    if not tokens or len(tokens) > YES_WORDS_MAX or text.rstrip().endswith(("?", "？")):
        return None
    if tokens[0] in no and not set(tokens[1:]) & yes:
        return False
    # "Please" alone is a yes; "please wait" is none.
    firm = {phrase for phrase in spoken.yes if phrase not in ("please", "bitte", "por favor", "per favore")}
    doubts = {*negations, *spoken.no, *_of(spoken).but, *_of(spoken).limits}
    if tokens[0] in firm and not set(tokens) & doubts and not any(token[0].isdigit() for token in tokens):
        return True
    return None


def read_money(
    text: str, spoken: Language, *, currency: str | None = None, whole: Mapping[str, Any] | None = None
) -> dict[str, str] | None:
    """The one amount that a text names; None if there are several, none, or it is halved, doubted or denied."""
    rest = _without_courtesy(plain(text), spoken)
    if whole is not None and any(rest in each.whole or plain(text) in each.whole for each in _phrases().values()):
        return dict(whole)
    found = {(amount, said or currency) for amount, said in _amounts(text)}
    if len(found) != 1 or _SIGNED.search(text):
        return None
    tokens = words(text)
    doubts = _of(spoken).limits | _phrases()["en"].limits | spoken.negations
    if len(tokens) > AMOUNT_WORDS_MAX or set(tokens) & doubts:
        return None
    ((amount, in_currency),) = found
    if amount is None or in_currency is None:
        return None
    try:
        meant = money(amount, in_currency)
    except Invalid:
        return None
    return {"amount": str(meant.amount), "currency": meant.currency}


def _amounts(text: str) -> list[tuple[str | None, str | None]]:
    """Each number of a text as a decimal, with the currency beside it; what can be read in two ways is None."""
    found = []
    for match in _AMOUNT.finditer(text):
        said = match["before"] or match["after"]
        in_currency = (_SIGNS.get(said) or _NAMES.get(said.casefold())) if said else None
        found.append((_decimal(match["number"]), in_currency))
    # A digit that is part of something else may be an amount that was not understood.
    left = _AMOUNT.sub(" ", text)
    return [*found, (None, None)] if any(sign.isdigit() for sign in left) else found


def _decimal(number: str) -> str | None:
    """A number as people write it, with a point; None for `1.234`, which may be more than a thousand or hardly one."""
    bare = re.sub(r"[ '’]", "", number)
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


def _dates(text: str) -> list[date]:
    """The days that a text names beyond doubt; a day that can be read in two ways makes it two."""
    found: list[date] = []
    for year, month, day in _ISO.findall(text):
        found += _day(int(year), int(month), int(day))
    for day, month, year in _DOTTED.findall(text):
        found += _day(int(year), int(month), int(day))
    for one, other, year in _SLASHED.findall(text):
        found += _day(int(year), int(other), int(one)) + _day(int(year), int(one), int(other))
    if not found and len(years := set(_YEAR.findall(text))) == 1:
        found = [each for month, day in _days_and_months(text) for each in _day(int(min(years)), month, day)]
    return list(dict.fromkeys(found))


def _day(year: int, month: int, day: int) -> list[date]:
    try:
        return [date(year, month, day)]
    except ValueError:
        return []


def _days_and_months(text: str) -> list[tuple[int, int]]:
    """Days that are named with the word for their month: `3 March`, `March 3rd`, `3. März`, `3 de marzo`."""
    tokens = [token.rstrip(".") for token in words(re.sub(r"(?<=\d)(?:st|nd|rd|th|\.|er|º|ª)(?=\W|$)", " ", text))]
    months = {name: number for each in languages().values() for number, name in enumerate(each.months, 1)}
    found = []
    for place, token in enumerate(tokens):
        if (month := months.get(token)) is None:
            continue
        before = [each for each in tokens[max(0, place - 2) : place] if each not in ("de", "of", "the")]
        near = [*before[-1:], *tokens[place + 1 : place + 2]]
        found += [(month, int(each)) for each in near if each.isascii() and each.isdigit() and 0 < int(each) <= 31]
    return found


def _months_named(text: str) -> set[int]:
    tokens = set(words(text))
    return {number for each in languages().values() for number, name in enumerate(each.months, 1) if name in tokens}


def _read_choice(need: Need, text: str, spoken: Language) -> str | None:
    labels = {
        each.value: {plain(words_in(each.words, spoken.code)), plain(each.value), *map(plain, each.words.values())}
        for each in need.options
    }
    said = plain(text)
    exact = [value for value, named in labels.items() if said in named]
    if len(exact) == 1:
        return exact[0]
    if set(words(text)) & (spoken.negations | _of(spoken).limits - _ARTICLES):
        return None
    place = _place(text, spoken, len(need.options))
    if place is not None:
        return need.options[place].value
    found = {
        value: max((len(name) for name in named if name and f" {name} " in f" {said} "), default=0)
        for value, named in labels.items()
    }
    named_ones = [value for value, letters in found.items() if letters]
    return named_ones[0] if len(named_ones) == 1 else None


def _read_id(pattern: str, text: str) -> str | None:
    bare = pattern.removeprefix("^").removesuffix("$")
    for said in (text, text.upper()):
        found = {match.group() for match in re.finditer(rf"(?<![\w-])(?:{bare})(?![\w-])", said)}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _read_thing(things: Sequence[Thing], text: str, spoken: Language) -> Any | None:
    """The one of a list that is meant: by its words, its place, its id, its day, its amount, or a part of its name."""
    chosen = _thing(things, text, spoken)
    return dict(chosen.content) if chosen is not None else None


def _thing(things: Sequence[Thing], text: str, spoken: Language) -> Thing | None:
    said = plain(text)
    exact = [each for each in things if said == plain(each.shown)]
    if exact:
        return exact[0] if len(exact) == 1 else None
    if set(words(text)) & (spoken.negations | _of(spoken).limits - _ARTICLES):
        return None
    place = _place(text, spoken, len(things))
    if place is not None:
        return things[place]
    for narrow in (_by_id, _by_code, _by_day, _by_amount, _by_words):
        found = narrow(things, text, spoken)
        if found is not None:
            return found[0] if len(found) == 1 else None
    return None


# In some languages these words limit an amount and in the same breath lead to a name.
_ARTICLES = frozenset({"o", "or", "über", "for", "por", "per", "over", "plus", "más", "mais", "più"})


def _place(text: str, spoken: Language, number: int) -> int | None:
    """Which of so many is meant by its place: "2", "number 2", "the second one"."""
    picked = _PICKED.fullmatch(text)
    if picked and 0 < int(picked[1]) <= number:
        return int(picked[1]) - 1
    named = _of(spoken)
    tokens = [each for each in words(text) if each not in spoken.stopwords and each not in spoken.service]
    tokens = [each for each in tokens if each not in ("one", "option", "item")]
    if len(tokens) != 1:
        return None
    # German and Dutch decline them: der erste, den ersten.
    forms = {
        form: place for place, word in enumerate(named.places) for form in (word, f"{word}n", f"{word}r", f"{word}s")
    }
    place = forms.get(tokens[0])
    return place if place is not None and place < number else None


def _by_id(things: Sequence[Thing], text: str, spoken: Language) -> list[Thing] | None:
    lower = text.casefold()
    found = [each for each in things if re.search(rf"(?<![\w-]){re.escape(each.id.casefold())}(?![\w-])", lower)]
    return found or None


def _by_code(things: Sequence[Thing], text: str, spoken: Language) -> list[Thing] | None:
    held = [set(words(each.shown)) for each in things]
    codes = {each for each in words(text) if len(each) >= CODE_LETTERS_MIN and any(sign.isdigit() for sign in each)}
    known = codes & set().union(*held) if held else codes
    return [things[at] for at, own in enumerate(held) if known <= own] if known else None


def _by_day(things: Sequence[Thing], text: str, spoken: Language) -> list[Thing] | None:
    held = [(each, _dates(each.shown)) for each in things]
    if asked := set(_dates(text)):
        return [each for each, days in held if asked & set(days)]
    if partly := _days_and_months(text):
        return [each for each, days in held if any((day.month, day.day) in partly for day in days)]
    if months := _months_named(text):
        return [each for each, days in held if any(day.month in months for day in days)]
    return None


def _by_amount(things: Sequence[Thing], text: str, spoken: Language) -> list[Thing] | None:
    asked = {(_units(amount), said) for amount, said in _amounts(text) if amount is not None}
    if not asked:
        return None
    return [
        each
        for each in things
        if any(
            _units(amount) == wanted and (said is None or said == held)
            for wanted, said in asked
            for amount, held in _amounts(each.shown)
            # A number without a currency is a part of a day or of a name.
            if amount is not None and held is not None
        )
    ]


def _units(amount: str) -> str:
    return f"{float(amount):.4f}"


def _by_words(things: Sequence[Thing], text: str, spoken: Language) -> list[Thing] | None:
    held = [set(words(each.shown)) for each in things]
    every = set().union(*held) if held else set()
    telling = {each for each in words(text) if each in every and len(each) > 1 and each not in spoken.stopwords}
    if not telling:
        return None
    return [things[at] for at, own in enumerate(held) if telling <= own]


def _of(spoken: Language) -> _Phrases:
    return _phrases().get(spoken.code, _phrases()["en"])


def _without_courtesy(said: str, spoken: Language) -> str:
    """A message in lower case without please and thanks around it."""
    kind: Iterable[str] = ("please", "thanks", "bitte", "danke", "por favor", "gracias", "merci", "grazie", "obrigado")
    for word in kind:
        said = said.removeprefix(f"{word} ").removesuffix(f" {word}")
    return said
