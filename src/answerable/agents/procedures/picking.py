"""Which of a list somebody means: `pick(things, text, ...)` gives those that a text fits.

A text is read as conditions that all must hold: a name or a part of it, a day, a month, an amount, the newest, the
second. What names none of the list is said to be unknown, what fits several is asked again among those, and what is
doubted, denied or not read to its end is not understood. Nothing is guessed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from answerable.agents.figures import AMOUNT, DOTTED, HAN, ISO, SLASHED, amount_of, whole_days_in
from answerable.agents.phrases import Language, plain, words
from answerable.agents.procedures.things import Thing
from answerable.agents.procedures.wordings import (
    Wordings,
    any_of,
    english,
    every,
    months_by_name,
    months_pattern,
    places_by_form,
    span,
    whole_months,
    wordings,
)

PART_DIGITS_MIN = 3
"""Fewer digits than that name nothing."""
CODE_SHOWN_MAX = 40
CLOSE_WORDS = 2
"""So far before it a word takes back what is meant: "not the last"."""

_PICKED = re.compile(
    r"\W*(?:option|nummer|number|no|nr|numéro|número|opción|opção|die|der|das|the|la|le|el|il|o|a|de|het|第)?\W*"
    r"([0-9]{1,2})\W*(?:please|bitte|one|个|st|nd|rd|th)?\W*",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\w.,/-])(19\d{2}|20\d{2})(?![\w/-]|[.,]\d)", re.ASCII)
_SHORT_DAY = re.compile(r"(?<![\w.,/])(\d{1,2})(?:([.])\s?(\d{1,2})\.|(/)(\d{1,2}))(?![./,]?\d)", re.ASCII)
_HAN_MONTH = re.compile(r"(?:(\d{4})年)?(\d{1,2})月(?:(\d{1,2})[日号])?份?")
_TOKEN = re.compile(r"[^\W_]+(?:[-_/.][^\W_]+)*")
_BEGINNING = re.compile(r"[^\W\d_]+[-_]")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_CLAUSE_END = re.compile(r"[.,;:!?]\s")
# In its place stands what has been read.
_READ = "\x00"
# Also ordinary words: "may I have it", "mars" in French is one, "mai" is "never" in Italian.
_ALSO_WORDS = frozenset({"may", "march", "mars", "mai", "mei", "marzo", "set", "dec"})

Indices = frozenset[int]


@dataclass(frozen=True, slots=True)
class Picked:
    """What a text says of a list."""

    things: tuple[Thing, ...]
    """Those that it fits, in the order of the list."""
    unknown: str = ""
    """A name that none of the list has, as it was written."""


def pick(
    things: Sequence[Thing],
    text: str,
    spoken: Language,
    *,
    doubts: frozenset[str],
    seen: int = 0,
    called: frozenset[str] = frozenset(),
    today: date | None = None,
) -> Picked | None:
    """Those of a list that a text on one line speaks of; None if it says nothing of them that is understood.

    `doubts`: words that take back or change what is said. `seen`: how many of the list, from its top, the customer sees
    and answers; none of them if it is what they wrote before, which may speak of other things, too. `called`: what the
    question calls the things.
    """
    exact = tuple(each for each in things if plain(text) == plain(each.shown))
    if exact:
        return Picked(exact)
    return _Reading(things, _without_no(text, spoken), spoken, doubts, seen, called, today).picked()


def place_of(text: str, spoken: Language, number: int, *, called: frozenset[str] = frozenset()) -> int | None:
    """Which of so many is meant by its place alone: "2", "number 2", "the second one"."""
    picked = _PICKED.fullmatch(text)
    if picked:
        return int(picked[1]) - 1 if 0 < int(picked[1]) <= number else None
    ours = wordings(spoken)
    if set(words(text)) & spoken.negations:
        return None
    if spoken.joins_words:
        said = [place for place, word in enumerate(ours.places) if word in text]
        return said[0] if len(said) == 1 and said[0] < number else None
    idle = spoken.stopwords | spoken.service | ours.records | english().records | called
    forms = places_by_form(spoken)
    # "Second" is no idle word, though some languages count words like it as such.
    tokens = [each for each in words(text) if each in forms or each not in idle]
    place = forms.get(tokens[0]) if len(tokens) == 1 else None
    return place if place is not None and place < number else None


@dataclass(slots=True, eq=False)
class _Reading:
    """One text being read: what is understood of it is taken out of `rest`."""

    things: Sequence[Thing]
    text: str
    spoken: Language
    doubts: frozenset[str]
    seen: int
    called: frozenset[str]
    today: date | None
    rest: str = ""
    held: list[Indices] = field(default_factory=list)
    """For each condition which of the list it holds of."""
    unknown: str = ""
    is_doubted: bool = False

    def picked(self) -> Picked | None:
        """What comes of it."""
        self.rest = self.text
        place = place_of(self.text, self.spoken, self.seen, called=self.called) if self.seen else None
        if place is not None:
            return Picked((self.things[place],))
        for read in (self._names, self._days, self._amounts, self._parts):
            read()
        if self.unknown:
            return Picked((), self.unknown)
        chosen = self._extremes()
        if self.seen:
            self._words()
        if self.is_doubted or (self.seen and self._is_left_open()) or not (self.held or chosen):
            return None
        everything = frozenset(range(len(self.things)))
        found = everything.intersection(*self.held)
        for choose in chosen:
            found = choose(found)
        return Picked(tuple(self.things[at] for at in sorted(found)))

    # -- names ---------------------------------------------------------------------------------------------------------

    def _names(self) -> None:
        """Whole names, as they are."""
        found: list[Indices] = []
        for name in sorted({name for each in self.things for name in each.names}, key=len, reverse=True):
            if name.casefold() in self.spoken.stopwords:
                continue
            pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
            if self._take(pattern):
                found.append(self._where(lambda each, name=name: name in each.names))  # type: ignore[misc]
        self._hold_either(found)

    def _parts(self) -> None:
        """Parts of names with digits in them: `317` or `INV-317` for `INV-2025-0317`. What no name has is unknown."""
        found: list[Indices] = []
        for match in list(_TOKEN.finditer(self.rest)):
            token = match[0]
            digits = sum(map(str.isdigit, token))
            if digits < (1 if self._has_letters_of_a_name(token) else PART_DIGITS_MIN) and not self._begins_as_a_name(
                token
            ):
                continue
            held = self._where(lambda each, token=token: any(_is_part(token, name) for name in each.names))  # type: ignore[misc]
            if held:
                self._take(re.compile(rf"(?<![\w-]){re.escape(token)}(?![\w-])"))
                found.append(held)
            elif self._looks_like_a_name(token):
                self.unknown = token[:CODE_SHOWN_MAX]
        self._hold_either(found)

    def _looks_like_a_name(self, token: str) -> bool:
        """Whether it can only be meant as the name of one of such things."""
        if self._has_letters_of_a_name(token) or self._begins_as_a_name(token):
            return True
        return self.seen > 0 and (bool(_letters(token)) or "-" in token)

    def _begins_as_a_name(self, token: str) -> bool:
        """Whether it has the same letters before its first mark: `ch_` or `INV-`."""
        beginning = _BEGINNING.match(token.casefold())
        return beginning is not None and any(
            name.casefold().startswith(beginning[0]) for each in self.things for name in each.names
        )

    def _has_letters_of_a_name(self, token: str) -> bool:
        letters = _letters(token)
        return bool(letters) and any(letters == _letters(name) for each in self.things for name in each.names)

    def _words(self) -> None:
        """Other words that are part of a name."""
        said = {each for each in words(self.rest) if len(each) > 1 and not any(map(str.isdigit, each))}
        said -= self.spoken.stopwords | self.spoken.service | self.called | wordings(self.spoken).records
        held = [set(words(" ".join(each.names))) for each in self.things]
        # What all of them are called tells none from another.
        telling = said & (set[str]().union(*held) - held[0].intersection(*held)) if held else set[str]()
        if telling:
            self.held.append(frozenset(at for at, own in enumerate(held) if telling <= own))

    # -- days ----------------------------------------------------------------------------------------------------------

    def _days(self) -> None:
        if not any(each.at for each in self.things):
            return
        whole = [
            day
            for pattern in (ISO, DOTTED, SLASHED, HAN)
            for match in self._take(pattern)
            for day in whole_days_in(match[0])
        ]
        if whole:
            self.held.append(self._where(lambda each: each.day in whole))
        self._relative_days()
        self._months()
        for match in self._take(_SHORT_DAY):
            one, other = int(match[1]), int(match[3] or match[5])
            # 3/11 is read either way: what has one of the two days is meant.
            self.held.append(
                self._in_month(other, one, None) | (self._in_month(one, other, None) if match[4] else set())
            )
        years = {int(match[1]) for match in self._take(_YEAR)}
        if years:
            self.held.append(self._where(lambda each: each.day is not None and each.day.year in years))

    def _relative_days(self) -> None:
        for code in dict.fromkeys((self.spoken.code, "en")):
            for name, phrases in (every()[code].relative if code in every() else {}).items():
                if not self._take(any_of(phrases, code)):
                    continue
                if self.today is None:
                    self.is_doubted = True
                    return
                self.held.append(self._between(*span(name, self.today)))

    def _between(self, first: date, last: date) -> Indices:
        return self._where(lambda each: each.day is not None and first <= each.day <= last)

    def _months(self) -> None:
        found: list[Indices] = []
        for match in self._take(months_pattern(), if_=self._is_month):
            month = months_by_name()[match["month"].casefold().rstrip(".")]
            at, of = match["before"] or match["after"], match["year"]
            found.append(self._in_month(month, int(at) if at else None, int(of) if of else None))
        for match in self._take(_HAN_MONTH):
            year, number, day = (int(each) if each else None for each in match.groups())
            found.append(self._in_month(number or 0, day, year))
        self._hold_either(found)

    def _is_month(self, match: re.Match[str]) -> bool:
        """Whether a month is meant, and not a word that is written like it."""
        name = match["month"].casefold().rstrip(".")
        is_beside_a_number = bool(match["before"] or match["after"] or match["year"])
        if is_beside_a_number or (name not in _ALSO_WORDS and name in whole_months()):
            return True
        before = words(self.rest[: match.start()])[-1:]
        is_all = plain(self.rest.replace(_READ, " ")) == name
        return name in whole_months() and (
            is_all or bool(set(before) & (wordings(self.spoken).close | english().close))
        )

    def _in_month(self, month: int, day: int | None, year: int | None) -> Indices:
        return self._where(
            lambda each: (
                each.day is not None
                and each.day.month == month
                and day in (None, each.day.day)
                and year in (None, each.day.year)
            )
        )

    # -- amounts -------------------------------------------------------------------------------------------------------

    def _amounts(self) -> None:
        found: list[Indices] = []

        def is_amount(match: re.Match[str]) -> bool:
            amount, currency = self._amount_of(match)
            if amount is None:
                return False
            # A bare number is an amount only if one of the list has it: otherwise it is a part of a name, or a place.
            return bool(currency or "." in amount or self._with_amount(amount, None))

        for match in self._take(AMOUNT, if_=is_amount):
            amount, currency = self._amount_of(match)
            found.append(self._with_amount(amount or "", currency))
        self._hold_either(found)

    def _amount_of(self, match: re.Match[str]) -> tuple[str | None, str | None]:
        """The amount that is said; `2,372` is the one of the two that the list has, if it has but one."""
        amount, currency = amount_of(match)
        if amount is None:
            number = re.sub(r"\D", "", match["number"])
            ways = [way for way in (number, f"{number[:-3]}.{number[-3:]}") if self._with_amount(way, currency)]
            amount = ways[0] if len(ways) == 1 else None
        return amount, currency

    def _with_amount(self, amount: str, currency: str | None) -> Indices:
        wanted = Decimal(amount)
        return self._where(lambda each: any(held == wanted and currency in (None, code) for held, code in each.amounts))

    # -- the newest, the second ----------------------------------------------------------------------------------------

    def _extremes(self) -> list[Callable[[Indices], Indices]]:
        """What is chosen by comparing: the newest, the largest, the second from above."""
        chosen: list[Callable[[Indices], Indices]] = []
        for code in dict.fromkeys((self.spoken.code, "en")):
            ours = every().get(code)
            if ours is None:
                continue
            if self._takes(ours.before_last, code):
                chosen.append(lambda among: self._last(among, 2))
            elif several := self._count(ours, code):
                chosen.append(lambda among, several=several: self._newest(among, several, several=True))  # type: ignore[misc]
            elif self._takes(ours.newest, code):
                chosen.append(lambda among: self._newest(among, 1))
            elif self._take(any_of(ours.last, code), if_=self._is_of_a_record):
                chosen.append(lambda among: self._last(among, 1))
            for phrases, choose in (
                (ours.oldest, self._oldest),
                (ours.largest, lambda among: self._by_amount(among, most=True)),
                (ours.smallest, lambda among: self._by_amount(among, most=False)),
            ):
                if self._takes(phrases, code):
                    chosen.append(choose)
            if self.seen:
                chosen += self._shown_at(ours, code)
            if chosen:
                break
        return chosen

    def _shown_at(self, ours: Wordings, code: str) -> list[Callable[[Indices], Indices]]:
        if self._takes(ours.top, code):
            return [lambda among: among & {0}]
        if self._takes(ours.bottom, code):
            return [lambda among: among & {self.seen - 1}]
        return []

    def _count(self, ours: Wordings, code: str) -> int:
        """How many of the newest are meant, if it is more than one: "the last two"."""
        number = "|".join([*self.spoken.numbers, r"[2-9]"])
        which = "|".join(map(re.escape, [*ours.newest, *ours.last]))
        pattern = re.compile(rf"(?<!\w)(?:(?:{which})\s+({number})|({number})\s+(?:{which}))(?!\w)", re.IGNORECASE)
        for match in self._take(pattern):
            said = (match[1] or match[2]).casefold()
            return int(self.spoken.numbers.get(said, said))
        return 0

    def _is_of_a_record(self, match: re.Match[str]) -> bool:
        """Whether "last" is said of one of the list, and not of a time."""
        behind = words(self.rest[match.end() :].partition(_READ)[0])[:1]
        return not set(behind) & (wordings(self.spoken).times | english().times)

    def _last(self, among: Indices, nth: int) -> Indices:
        """The newest; where a list is seen and nothing else is said, the one at its bottom may be meant as well."""
        newest = self._newest(among, nth)
        seen = [at for at in sorted(among) if at < self.seen]
        if len(seen) < nth or self._speaks_of_records():
            return newest
        return newest | {seen[-nth]}

    def _speaks_of_records(self) -> bool:
        """Whether it says what is the last: "my last invoice" is no place in a list."""
        ones = {"one", "eine", "una", "uno", "um", "uma", "un", "une", "een", "één", "option"}
        return bool(set(words(self.rest)) & (self.called | wordings(self.spoken).records | english().records) - ones)

    def _newest(self, among: Indices, nth: int, *, several: bool = False) -> Indices:
        moments = sorted({self._at(at) for at in among if self.things[at].at}, reverse=True)
        if len(moments) < nth:
            return frozenset(among) if several else frozenset()
        wanted = set(moments[:nth]) if several else {moments[nth - 1]}
        return frozenset(at for at in among if self.things[at].at and self._at(at) in wanted)

    def _oldest(self, among: Indices) -> Indices:
        first = min((self._at(at) for at in among if self.things[at].at), default=None)
        return frozenset(at for at in among if self.things[at].at == first and first is not None)

    def _at(self, at: int) -> datetime:
        moment = self.things[at].at
        assert moment is not None
        return moment

    def _by_amount(self, among: Indices, *, most: bool) -> Indices:
        """By the first amount that each is shown with; amounts in two currencies are not compared."""
        held = {at: self.things[at].amounts[0] for at in among if self.things[at].amounts}
        if not held or len({code for _, code in held.values()}) > 1:
            return frozenset()
        wanted = (max if most else min)(amount for amount, _ in held.values())
        return frozenset(at for at, (amount, _) in held.items() if amount == wanted)

    # -- what they share -----------------------------------------------------------------------------------------------

    def _takes(self, phrases: Sequence[str], code: str) -> bool:
        return bool(self._take(any_of(phrases, code)))

    def _take(
        self, pattern: re.Pattern[str], *, if_: Callable[[re.Match[str]], bool] | None = None
    ) -> list[re.Match[str]]:
        """What the pattern finds, which is then read and gone."""
        found = [match for match in pattern.finditer(self.rest) if if_ is None or if_(match)]
        for match in reversed(found):
            before = _CLAUSE_END.split(self.rest[: match.start()])[-1]
            self.is_doubted = self.is_doubted or bool(set(words(before)[-CLOSE_WORDS:]) & self.doubts)
            self.rest = f"{self.rest[: match.start()]} {_READ} {self.rest[match.end() :]}"
        return found

    def _where(self, holds: Callable[[Thing], Any]) -> Indices:
        return frozenset(at for at, each in enumerate(self.things) if holds(each))

    def _hold_either(self, found: list[Indices]) -> None:
        """Of several of a kind all hold of one, or it is one of them."""
        if found:
            self.held.append(frozenset.intersection(*found) or frozenset.union(*found))

    def _is_left_open(self) -> bool:
        """Whether something stands in an answer that may change it: a doubt, or a figure that was not read."""
        return any(map(str.isdigit, self.rest)) or bool(set(words(self.rest)) & self.doubts)


def _without_no(text: str, spoken: Language) -> str:
    """An answer without the "No, " that takes back an earlier one."""
    no, _, rest = text.partition(",")
    return rest.strip() if rest.strip() and plain(no) in spoken.no else text


def _is_part(token: str, name: str) -> bool:
    """Whether a name has the pieces of a token in this order: whole, or the end of a number."""
    if token.casefold() == name.casefold():
        return True
    pieces, wanted = _pieces(name), _pieces(token)
    if not pieces or len(wanted) > len(pieces):
        return False
    place = 0
    for piece in wanted:
        while place < len(pieces) and not _is_same(piece, pieces[place]):
            place += 1
        if place == len(pieces):
            return False
        place += 1
    return True


def _is_same(piece: str, held: str) -> bool:
    if piece == held:
        return True
    if not (piece.isdigit() and held.isdigit()):
        return False
    return piece.lstrip("0") == held.lstrip("0") or (len(piece) >= PART_DIGITS_MIN and held.endswith(piece))


def _pieces(name: str) -> list[str]:
    return _PIECE.findall(name.casefold())


def _letters(name: str) -> str:
    return "".join(piece for piece in _pieces(name) if not piece[0].isdigit())
