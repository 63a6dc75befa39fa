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
from typing import Any, Literal

from answerable.agents.figures import amounts_in, day_of, whole_days_in
from answerable.agents.phrases import Language, languages, plain, words
from answerable.agents.procedures.picking import Picked, pick, place_of
from answerable.agents.procedures.things import Thing
from answerable.domain.errors import Invalid
from answerable.domain.money import money
from answerable.domain.procedures import Need, words_in

LETTERS_MAX = 500
"""Nobody answers a question in more; of longer texts none is read as an answer."""
YES_WORDS_MAX = 10
AMOUNT_WORDS_MAX = 14
LEAVE_LETTERS_MAX = 120
STEM_LETTERS = 5
"""Forms of a word mostly have so many letters in common: “cancel”, “cancelled”."""
CODE_LETTERS_MIN = 4
"""A shorter word with a digit in it may be anything."""

_SIGNED = re.compile(r"(?:^|[\s(])[-−–]\s*[€£$¥]?\s*\d|%|\d\s*/\s*\d")
_YEAR = re.compile(r"(?<!\d)(20\d{2}|19\d{2})(?!\d)", re.ASCII)
_SPACE = re.compile(r"\s+")
_CLAUSE_END = re.compile(r"[.,;:!?…\n。，；：！？–—]+")
_CLAUSES = re.compile(r"[.,;:!?]+(?:\s|$)|\s(?:and|und|y|et|e|so|weil|porque)\s", re.IGNORECASE)


Leaving = Literal["no", "doubtful", "yes"]


@dataclass(frozen=True, slots=True)
class _Phrases:
    leave: frozenset[str]
    leaving: re.Pattern[str]
    beside: frozenset[str]
    whole: frozenset[str]
    limits: frozenset[str]
    but: frozenset[str]


@cache
def _phrases() -> dict[str, _Phrases]:
    content = tomllib.loads((resources.files(__package__) / "answers.toml").read_text("utf-8"))
    return {
        code: _Phrases(
            leave=frozenset(table["leave"]),
            leaving=re.compile(table["leaving"]),
            beside=frozenset(table["beside"]),
            whole=frozenset(table["whole"]),
            limits=frozenset(table["limits"]),
            but=frozenset(table["but"]),
        )
        for code, table in content.items()
    }


def leaves(text: str, spoken: Language, *, about: Iterable[str] = ()) -> Leaving:
    """Whether the customer does not want it any more.

    `about` is what the procedure and its question are about, in words: to “Shall I cancel it?”, “cancel it” is no way
    out, and nothing to go on with either.
    """
    said = plain(text)
    if said == plain(spoken.frames["something_else"]):
        return "yes"
    if len(text) > LEAVE_LETTERS_MAX:
        return "no"
    whole = _without_courtesy(said, spoken)
    parts = [_without_courtesy(plain(each), spoken) for each in _CLAUSE_END.split(text)]
    clauses = [whole] if _is_way_out(whole) else parts
    ways_out = [each for each in clauses if _is_way_out(each)]
    beside = frozenset({""}).union(*(each.beside for each in _phrases().values()))
    others = [each for each in clauses if each not in ways_out and each not in beside]
    yes = {phrase for each in languages().values() for phrase in each.yes}
    if not ways_out or not set(others) <= yes:
        return "no"
    idle = frozenset().union(*(each.stopwords | each.negations for each in languages().values()))
    own = {_stem(word) for part in about for word in words(part)}
    is_own = any(_stem(word) in own for each in ways_out for word in _telling(each) if word not in idle)
    if others:
        # "Yes, cancel it" is a yes to whether it shall be cancelled, and to nothing else.
        return "no" if is_own else "doubtful"
    return "doubtful" if is_own else "yes"


def _is_way_out(clause: str) -> bool:
    return any(clause in each.leave or each.leaving.fullmatch(clause) for each in _phrases().values())


def _telling(way_out: str) -> list[str]:
    """The words of it that say what is to be done: "cancel" of "I want to cancel that"."""
    matches = (each.leaving.fullmatch(way_out) for each in _phrases().values())
    return words(next((match["verb"] for match in matches if match), way_out))


def _stem(word: str) -> str:
    return word[:STEM_LETTERS]


def read_answer(  # noqa: PLR0911  (one kind a line)
    need: Need,
    text: str,
    spoken: Language,
    *,
    currency: str | None = None,
    whole: Mapping[str, Any] | None = None,
) -> Any | None:
    """The value that a text stands for, as JSON; None if that is not sure.

    `currency` is meant where none is said, and `whole` by "all of it". Which of a list is meant `read_which` tells.
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
        case _:
            return None


def read_which(
    need: Need, things: Sequence[Thing], text: str, spoken: Language, *, seen: int = 0, today: date | None = None
) -> Picked | None:
    """Which of a list a text speaks of; None if that is not understood. See `pick`."""
    text = legible(text)
    if not text or len(text) > LETTERS_MAX:
        return None
    asked = [each for said in (need.name.replace("_", " "), *need.ask.values()) for each in words(said)]
    idle = frozenset().union(*(each.stopwords | each.negations for each in languages().values()))
    called = frozenset(each for each in asked if each not in idle)
    return pick(things, text, spoken, doubts=_doubts(spoken), seen=seen, called=called, today=today)


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
    """The one amount that a text names; None if there are several, none, or it is halved, doubted or denied.

    With a `currency` that is meant where none is said, an amount in another one is no answer.
    """
    rest = _without_courtesy(plain(text), spoken)
    if whole is not None and any(rest in each.whole or plain(text) in each.whole for each in _phrases().values()):
        return dict(whole)
    found = {(amount, said or currency) for amount, said in amounts_in(text)}
    if len(found) != 1 or _SIGNED.search(text):
        return None
    tokens = words(text)
    doubts = _of(spoken).limits | _phrases()["en"].limits | spoken.negations
    if len(tokens) > AMOUNT_WORDS_MAX or set(tokens) & doubts:
        return None
    ((amount, in_currency),) = found
    if amount is None or in_currency is None or currency not in (None, in_currency):
        return None
    try:
        meant = money(amount, in_currency)
    except Invalid:
        return None
    return {"amount": str(meant.amount), "currency": meant.currency}


def _dates(text: str) -> list[date]:
    """The days that a text names beyond doubt; a day that can be read in two ways makes it two."""
    found = whole_days_in(text)
    if not found and len(years := set(_YEAR.findall(text))) == 1:
        found = [each for month, day in _days_and_months(text) for each in day_of(int(min(years)), month, day)]
    return list(dict.fromkeys(found))


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


def _read_choice(need: Need, text: str, spoken: Language) -> str | None:
    labels = {
        each.value: {plain(words_in(each.words, spoken.code)), plain(each.value), *map(plain, each.words.values())}
        for each in need.options
    }
    called = {each.value: labels[each.value] | set(map(plain, each.also)) for each in need.options}
    said = plain(text)
    exact = [value for value, named in called.items() if said in named]
    if len(exact) == 1:
        return exact[0]
    place = place_of(text, spoken, len(need.options))
    if place is not None:
        return need.options[place].value
    if set(words(text)) & (_doubts(spoken) - spoken.negations):
        return None
    # What is denied names nothing; "… and I can't log in" denies nothing of what stands before it.
    clauses = [plain(each) for each in _CLAUSES.split(text) if not set(words(each)) & spoken.negations]
    named_ones = [value for value, named in called.items() if any(_names(each, named) for each in clauses)]
    if not named_ones and len(clauses) == 1 and not set(words(text)) & spoken.negations:
        named_ones = _told_by_words(labels, said, spoken)
    return named_ones[0] if len(named_ones) == 1 else None


def _names(said: str, named: Iterable[str]) -> bool:
    return any(name and f" {name} " in f" {said} " for name in named)


def _told_by_words(labels: Mapping[str, set[str]], said: str, spoken: Language) -> list[str]:
    """The options that have all telling words of an answer: "everything" for "the account with everything in it"."""
    held = {value: {word for name in named for word in words(name)} for value, named in labels.items()}
    idle = spoken.stopwords | spoken.service
    telling = {word for word in words(said) if word not in idle} & set().union(*held.values())
    return [value for value, own in held.items() if telling and telling <= own]


def _read_id(pattern: str, text: str) -> str | None:
    bare = pattern.removeprefix("^").removesuffix("$")
    for said in (text, text.upper()):
        found = {match.group() for match in re.finditer(rf"(?<![\w-])(?:{bare})(?![\w-])", said)}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


# In some languages these words limit an amount and in the same breath lead to a name.
_ARTICLES = frozenset({"o", "or", "über", "for", "por", "per", "over", "plus", "más", "mais", "più"})


def _doubts(spoken: Language) -> frozenset[str]:
    """Words that take back, or change, what else is said."""
    return spoken.negations | _of(spoken).limits - _ARTICLES


def _of(spoken: Language) -> _Phrases:
    return _phrases().get(spoken.code, _phrases()["en"])


def _without_courtesy(said: str, spoken: Language) -> str:
    """A message in lower case without please and thanks around it."""
    kind: Iterable[str] = ("please", "thanks", "bitte", "danke", "por favor", "gracias", "merci", "grazie", "obrigado")
    for word in kind:
        said = said.removeprefix(f"{word} ").removesuffix(f" {word}")
    return said
