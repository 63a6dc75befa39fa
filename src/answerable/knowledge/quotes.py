"""Which words of a passage to quote as an answer: `choose_quotes(question, text)`, always verbatim and always whole.

Whole means: sentences are not cut, the steps of a list stay together, and a list or a piece of code keeps the sentence
that leads up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from answerable.knowledge.blocks import Block, is_list_item, markdown_blocks
from answerable.knowledge.sentences import Span, sentence_spans
from answerable.knowledge.tokens import words

QUOTE_CHARACTERS = 600
"""What a quote may grow to; a single block that is longer is still quoted whole."""
WHOLE_LIST_CHARACTERS = 900
"""A longer list without numbers is quoted item by item."""

_COMMON = 0.2
"""The weight of a question's word that nobody told the rarity of, beside 1 for all others."""

Likeness = Callable[[Sequence[str]], Sequence[float]]
"""How near in meaning each text is to the question, from 0 to 1."""


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
    likeness: Likeness | None = None,
    characters_max: int = QUOTE_CHARACTERS,
) -> tuple[Quote, ...]:
    """The part of a passage's text that answers a question best, as quotes in the order of the text.

    `rarities` says how much each word tells (`SearchResult.rarities`). An empty result means that nothing in the text
    has to do with the question.
    """
    units = [unit for unit in quotable_units(text) if not unit.is_heading]
    if not units:
        return ()
    scores = _scores(question, [text[unit.start : unit.end] for unit in units], rarities, likeness)
    best = max(range(len(units)), key=lambda place: (scores[place], -place))
    if scores[best] <= 0:
        return ()
    first, last = _grown(units, scores, best, characters_max)
    return _as_quotes(text, units[first : last + 1])


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


def _scores(
    question: str, units: Sequence[str], rarities: Mapping[str, float] | None, likeness: Likeness | None
) -> list[float]:
    """How well each unit speaks to the question: shared words by rarity, and nearness in meaning where it is known."""
    wanted = {word: (rarities or {}).get(word, _COMMON if rarities else 1.0) for word in words(question)}
    total = sum(wanted.values()) or 1.0
    shared = [sum(wanted[word] for word in wanted.keys() & set(words(unit))) / total for unit in units]
    if likeness is None:
        return shared
    near = likeness(units)
    return [
        _SHARED_WEIGHT * by_words + (1 - _SHARED_WEIGHT) * by_meaning
        for by_words, by_meaning in zip(shared, near, strict=True)
    ]


_SHARED_WEIGHT = 0.4


def _grown(units: Sequence[Unit], scores: Sequence[float], best: int, characters_max: int) -> tuple[int, int]:
    """First and last unit of the quote: the best one and its neighbours that speak to the question too."""
    first = last = best
    while (
        last + 1 < len(units)
        and units[last + 1].end - units[first].start <= characters_max
        and (scores[last + 1] >= _NEXT * scores[best])
    ):
        last += 1
    while (
        first > 0
        and units[last].end - units[first - 1].start <= characters_max
        and (scores[first - 1] >= _BEFORE * scores[best])
    ):
        first -= 1
    return first, last


_NEXT = 0.4
_BEFORE = 0.6


def _as_quotes(text: str, units: Sequence[Unit]) -> tuple[Quote, ...]:
    return (Quote(units[0].start, units[-1].end, text[units[0].start : units[-1].end]),)
