"""Cuts a text into sentences while it is still being written; in whatever pieces it comes, the sentences are the same.

Nothing is lost: the sentences put together are the text. White space goes to the sentence before it, and so do
citation markers such as `[1]`. Every line end is a boundary, so that headings, list items, table rows and lines of
code are sentences of their own.
"""

import re
from collections.abc import Iterator
from functools import cache

from answerable.agents.phrases import languages

_CANDIDATE = re.compile(r"[.!?…。！？؟।｡]+|[\n`]")
_WIDE = "。！？｡"
_CLOSERS = re.compile(r"[\"'”’»)\]}*_~」』）〉》]*")
_CITATIONS = re.compile(r"(?:[ \t\u00a0]*[\[【]\d{1,3}[\]】])*")
_CITATION_BEGINS = re.compile(r"[ \t\u00a0]*[\[【]\d{0,3}\Z")
_SPACE = re.compile(r"\s*")
_WORD_AHEAD = re.compile(r"\w*")
_LIST_MARKER = re.compile(r"[\W_]*(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})\Z")
_FENCE = ("```", "~~~")

# A stop after these is part of the word. In those of the second kind only where a digit follows, so that the
# sentence "No." ends; in those of the third only where no capital follows.
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        """e.g i.e cf mr mrs ms dr prof st vs approx z.b d.h u.a o.ä u.u bzw ca inkl exkl zzgl evtl ggf vgl hr fr p.ej
        ej sr sra srta ud uds dott dott.ssa sig sig.ra es p.ex ex dra m mm mme mlle bijv d.w.z o.a jan feb mar apr jun
        jul aug sep sept oct nov dec okt dez tue wed thu al""",
    )
)
_BEFORE_DIGITS = frozenset(re.findall(r"\S+", "no nr núm num n° nº art fig abs ziff kap pos p pp tel ver v"))
_BEFORE_SMALL = frozenset(re.findall(r"\S+", "etc usw inc ltd co corp gmbh ag a.m p.m u.s u.k u.s.a e.v"))


class SentenceSplitter:
    """Takes a text piece by piece and gives its sentences as soon as they are certain."""

    def __init__(self) -> None:
        self._rest = ""
        self._resume = 0
        self._at_line_start = True
        self._in_code = False

    def feed(self, delta: str) -> list[str]:
        """The sentences that this piece completed."""
        self._rest += delta
        return list(self._sentences(at_end=False))

    def finish(self) -> list[str]:
        """What is left: the text has ended."""
        return list(self._sentences(at_end=True))

    def _sentences(self, *, at_end: bool) -> Iterator[str]:
        while self._rest:
            cut = self._cut(at_end=at_end)
            if cut is None:
                return
            sentence, self._rest, self._resume = self._rest[:cut], self._rest[cut:], 0
            self._at_line_start = "\n" in sentence[len(sentence.rstrip()) :]
            yield sentence

    def _cut(self, *, at_end: bool) -> int | None:
        """Where the first sentence of the rest ends; none while more must be seen."""
        if self._at_line_start:
            head = self._rest.lstrip()
            if not at_end and len(head) < 3 and any(fence.startswith(head) for fence in _FENCE):
                return None
            if self._in_code or head.startswith(_FENCE):
                return self._cut_code_line(head, at_end=at_end)
        return self._cut_prose(at_end=at_end)

    def _cut_code_line(self, head: str, *, at_end: bool) -> int | None:
        start = len(self._rest) - len(head)
        line_end = self._rest.find("\n", start)
        if line_end < 0 and not at_end:
            return None
        cut = len(self._rest) if line_end < 0 else self._after_space(line_end, at_end=at_end)
        if cut is not None and head.startswith(_FENCE):
            self._in_code = not self._in_code
        return cut

    def _cut_prose(self, *, at_end: bool) -> int | None:
        text = self._rest
        start = len(text) - len(text.lstrip())
        position = max(self._resume, start)
        while match := _CANDIDATE.search(text, position):
            self._resume = match.start()
            if match.group() == "\n":
                return self._after_space(match.start(), at_end=at_end)
            if match.group() == "`":
                closing = _code_end(text, match.end(), at_end=at_end)
                if closing is None:
                    return None
                position = closing
                continue
            if match.end() == len(text) and not at_end:
                return None
            cut = self._cut_at_stop(match, start, at_end=at_end)
            if cut is None:
                return None
            if cut:
                return cut
            position = match.end()
        self._resume = len(text)
        return len(text) if at_end else None

    def _cut_at_stop(self, stop: re.Match[str], start: int, *, at_end: bool) -> int | None:
        """Where the sentence that this stop ends is over; 0 if it ends none; none while more must be seen."""
        text = self._rest
        closed = _match_end(_CLOSERS, text, stop.end())
        tail = _match_end(_CITATIONS, text, closed)
        if not at_end and (tail == len(text) or _CITATION_BEGINS.match(text, tail)):
            return None
        if tail == len(text):
            return tail
        if not text[tail].isspace() and tail == closed and stop.group()[-1] not in _WIDE:
            return 0
        following = _match_end(_SPACE, text, tail)
        if following == len(text):
            return following if at_end else None
        ends = self._stop_ends(stop, start, following, at_end=at_end)
        if ends is None:
            return None
        return following if ends else 0

    def _stop_ends(  # noqa: PLR0911  (one rule a line, the first that fits)
        self, stop: re.Match[str], start: int, following: int, *, at_end: bool
    ) -> bool | None:
        text = self._rest
        mark = stop.group()
        if mark[-1] in _WIDE or "\n" in text[stop.end() : following]:
            return True
        if text[following].islower():
            return False
        if mark != ".":
            return True
        before = re.split(r"[\s(\[\"'“‘«*_/]", text[start : stop.start()])[-1].casefold()
        if _LIST_MARKER.fullmatch(text[start : stop.start()]):
            return False
        if (len(before) == 1 and before.isalpha()) or before in _ABBREVIATIONS:
            return False
        if before in _BEFORE_DIGITS:
            return not text[following].isdigit()
        if before in _BEFORE_SMALL:
            return text[following].isupper()
        if before.isdigit() and len(before) <= 2 and text[following].isalpha():
            word_end = _match_end(_WORD_AHEAD, text, following)
            if word_end == len(text) and not at_end:
                return None
            return text[following:word_end].casefold() not in _months()
        return True

    def _after_space(self, position: int, *, at_end: bool) -> int | None:
        end = _match_end(_SPACE, self._rest, position)
        return None if end == len(self._rest) and not at_end else end


def sentences(text: str) -> list[str]:
    """The sentences of a whole text; put together they are the text."""
    splitter = SentenceSplitter()
    return splitter.feed(text) + splitter.finish()


def _match_end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _code_end(text: str, position: int, *, at_end: bool) -> int | None:
    """The end of the code that a backtick opened, or right after it if its line holds no other."""
    for index in range(position, len(text)):
        if text[index] == "\n":
            return position
        if text[index] == "`":
            return index + 1
    return position if at_end else None


@cache
def _months() -> frozenset[str]:
    return frozenset(month for each in languages().values() for month in each.months)
