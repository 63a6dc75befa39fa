"""Which words of a passage to quote as an answer: `choose_quotes(question, text)`, always verbatim and always whole.

Whole means: sentences are not cut, the steps of a list stay together, and a list or a piece of code keeps the sentence
that leads up to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from answerable.knowledge.blocks import Block, is_list_item, markdown_blocks
from answerable.knowledge.sentences import Span, sentence_spans
from answerable.knowledge.tokens import words

PASSAGES_REMEMBERED = 128
"""Most questions are about few passages."""

QUOTE_CHARACTERS = 500
"""What a quote may grow to; a single block that is longer is still quoted whole."""
WHOLE_LIST_CHARACTERS = 900
"""A longer list without numbers is quoted item by item."""

ABOVE_SHARE = 0.2
"""What a word of the title or a heading counts: all that stands below is about it. No worse on doc2dial."""

_COMMON = 0.2
"""The weight of a question's word that nobody told the rarity of, beside 1 for all others."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of a passage: `text == passage[start:end]`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """The least that can be quoted by itself."""

    start: int
    end: int
    is_heading: bool = False


def choose_quotes(
    question: str,
    text: str,
    *,
    rarities: Mapping[str, float] | None = None,
    above: Sequence[str] = (),
    characters_max: int = QUOTE_CHARACTERS,
) -> tuple[Quote, ...]:
    """The part of a passage's text that answers a question best, as quotes in the order of the text.

    `rarities` says how much each word tells (`SearchResult.rarities`); `above` is what stands above the text, its title
    and headings. An empty result means that nothing in the text has to do with the question.
    """
    units, words_of_units = _taken_apart(text)
    wanted = _wanted(question, rarities, above)
    scores = [
        0.0 if unit.is_heading else sum(wanted[word] for word in sorted(wanted.keys() & held))
        for unit, held in zip(units, words_of_units, strict=True)
    ]
    best = max(range(len(units)), key=lambda place: (scores[place], -place), default=None)
    if best is None or scores[best] <= 0:
        return ()
    if wanted.keys() & words_of_units[best] <= _words_above(above):
        # It asks what all of the text is about: its beginning answers, over its first headings too.
        best, last = _beginning(units, characters_max)
    else:
        last = _last(units, best, characters_max)
    first = _first(units, best, last, characters_max)
    start, end = units[first].start, units[last].end
    return (Quote(start, end, text[start:end]),)


def _beginning(units: Sequence[Unit], characters_max: int) -> tuple[int, int]:
    """The first and the last unit of what a text begins with; a heading at its end would announce nothing."""
    first = last = next(place for place, unit in enumerate(units) if not unit.is_heading)
    for place in range(first, len(units)):
        if units[place].end - units[first].start > characters_max:
            break
        last = last if units[place].is_heading else place
    return first, last


def _words_above(above: Sequence[str]) -> set[str]:
    return {word for title in above for word in words(title)}


def _first(units: Sequence[Unit], best: int, last: int, characters_max: int) -> int:
    """Where a quote begins: what room is left when the section is at its end goes to what stands before.

    On doc2dial it covers two points more of the gold spans; a last sentence such as "See the policy" says little alone.
    """
    first = best
    while (
        first > 0
        and not units[first - 1].is_heading
        and units[last].end - units[first - 1].start <= characters_max
        and (last + 1 == len(units) or units[last + 1].is_heading)
    ):
        first -= 1
    return first


def _last(units: Sequence[Unit], first: int, characters_max: int) -> int:
    """Where a quote ends: it goes on, under its heading, as long as it fits.

    The sentence with the question's words is often the one before the answer. On doc2dial going on covers 71 % of the
    gold spans where the best sentence with its like neighbours covers 52 %.
    """
    last = first
    while (
        last + 1 < len(units)
        and not units[last + 1].is_heading
        and units[last + 1].end - units[first].start <= characters_max
    ):
        last += 1
    return last


def quotable_units(text: str) -> tuple[Unit, ...]:
    """A text in units that can be quoted by themselves, in order."""
    units: list[Unit] = []
    for block in markdown_blocks(text):
        start, end = _trimmed(text, block.start, block.end)
        if block.kind == "heading":
            units.append(Unit(start, end, is_heading=True))
        elif block.kind == "paragraph":
            units.extend(Unit(*span) for span in sentence_spans(text, start, end))
        elif block.kind == "list" and not _belongs_together(text, start, end):
            units.extend(Unit(*span) for span in _items(text, start, end))
        else:
            units.append(_with_lead(text, units, block, start, end))
    return tuple(units)


def _belongs_together(text: str, start: int, end: int) -> bool:
    """Steps always do; so does any list that is short."""
    return end - start <= WHOLE_LIST_CHARACTERS or text[start:end].lstrip("( \t")[0].isdigit()


def _items(text: str, start: int, end: int) -> list[Span]:
    """The outermost items of a list."""
    begins: list[int] = []
    indent: int | None = None
    at = start
    for line in text[start:end].splitlines(keepends=True):
        if is_list_item(line):
            depth = len(line) - len(line.lstrip())
            if indent is None or depth <= indent:
                indent = depth
                begins.append(at)
        at += len(line)
    ends = [*begins[1:], end]
    return [_trimmed(text, begin, stop) for begin, stop in zip(begins, ends, strict=True)]


def _with_lead(text: str, units: list[Unit], block: Block, start: int, end: int) -> Unit:
    """The block together with the sentence before it, when that one leads up to it."""
    if (
        units
        and not units[-1].is_heading
        and text[units[-1].end - 1] in ":："
        and not text[units[-1].end : start].strip()
    ):
        return Unit(units.pop().start, end)
    return Unit(start, end)


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


@lru_cache(maxsize=PASSAGES_REMEMBERED)
def _taken_apart(text: str) -> tuple[tuple[Unit, ...], tuple[frozenset[str], ...]]:
    """A text's units, and the words of each."""
    units = quotable_units(text)
    return units, tuple(frozenset(words(text[unit.start : unit.end])) for unit in units)


def _wanted(question: str, rarities: Mapping[str, float] | None, above: Sequence[str]) -> dict[str, float]:
    """The question's words by how much they tell one part of the text from another."""
    wanted = {**dict.fromkeys(words(question), _COMMON if rarities else 1.0), **(rarities or {})}
    everywhere = _words_above(above)
    return {word: weight * ABOVE_SHARE if word in everywhere else weight for word, weight in wanted.items()}
