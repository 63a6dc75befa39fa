"""Cuts a revision's Markdown into passages: `cut_passages(body)`, each small enough to retrieve, quote and cite.

Passages follow the headings. Together they are the body: each character that is not white space stands in exactly
one of them, and `body[passage.start:passage.end] == passage.text`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from answerable.knowledge.blocks import Block, markdown_blocks
from answerable.knowledge.sentences import Span, sentence_spans

PASSAGE_CHARACTERS = 900
"""A passage is filled up to this size; the embedder reads about the first thousand characters."""
SMALL_CHARACTERS = 250
"""Neighbouring sections shorter than this share a passage."""


@dataclass(frozen=True, slots=True)
class PassageSpan:
    """One piece of a revision's body."""

    number: int
    heading_path: tuple[str, ...]
    """The headings above the piece, outermost first."""
    start: int
    end: int
    text: str
    """Exactly `body[start:end]`, its own heading lines included."""


@dataclass(frozen=True, slots=True)
class _Section:
    path: tuple[str, ...]
    spans: tuple[Span, ...]
    """Pieces of at most the wanted size, in order: heading line first."""

    @property
    def start(self) -> int:
        return self.spans[0][0]

    @property
    def end(self) -> int:
        return self.spans[-1][1]


def cut_passages(
    body: str, *, size: int = PASSAGE_CHARACTERS, small: int = SMALL_CHARACTERS
) -> tuple[PassageSpan, ...]:
    """The passages of a Markdown body, in order."""
    sections = _join_small(list(_sections(body, size)), size=size, small=small)
    cuts = [(section.path, span) for section in sections for span in _pack(section.spans, size)]
    return tuple(
        PassageSpan(number, path, start, end, body[start:end]) for number, (path, (start, end)) in enumerate(cuts)
    )


def _sections(body: str, size: int) -> Iterator[_Section]:
    """One section for each heading, with the pieces of the blocks under it."""
    path: list[tuple[int, str]] = []
    spans: list[Span] = []
    heading_only = True
    for block in markdown_blocks(body):
        if block.kind == "heading":
            # Headings with nothing between them open one section together.
            if spans and not (heading_only and block.level > path[-1][0]):
                yield _Section(_titles(path), tuple(spans))
                spans = []
            path = [*(outer for outer in path if outer[0] < block.level), (block.level, block.title)]
            heading_only = True if not spans else heading_only
        else:
            heading_only = False
        spans.extend(_pieces(body, block, size))
    if spans:
        yield _Section(_titles(path), tuple(spans))


def _titles(path: Iterable[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(title for _, title in path if title)


def _pieces(body: str, block: Block, size: int) -> Iterator[Span]:
    """A block whole if it fits, else cut at the best places it has: lines, then sentences, then spaces."""
    start, end = _trim(body, block.start, block.end)
    if end - start <= size:
        yield start, end
        return
    if block.kind == "paragraph":
        yield from _fit(body, sentence_spans(body, start, end), size)
    else:
        yield from _fit(body, _line_spans(body, start, end), size)


def _fit(body: str, spans: Iterable[Span], size: int) -> Iterator[Span]:
    for start, end in spans:
        at = start
        while end - at > size:
            space = max(body.rfind(" ", at + 1, at + size), body.rfind("\n", at + 1, at + size))
            cut = space if space > at else at + size
            yield _trim(body, at, cut)
            at = _trim(body, cut, end)[0]
        if at < end:
            yield at, end


def _line_spans(body: str, start: int, end: int) -> Iterator[Span]:
    at = start
    for line in body[start:end].splitlines(keepends=True):
        trimmed = _trim(body, at, at + len(line))
        at += len(line)
        if trimmed[0] < trimmed[1]:
            yield trimmed


def _trim(body: str, start: int, end: int) -> Span:
    while start < end and body[start].isspace():
        start += 1
    while end > start and body[end - 1].isspace():
        end -= 1
    return start, end


def _join_small(sections: list[_Section], *, size: int, small: int) -> list[_Section]:
    """Puts a short section together with the one before it when both hang under the same heading and fit."""
    joined: list[_Section] = []
    for section in sections:
        before = joined[-1] if joined else None
        if (
            before is not None
            and min(section.end - section.start, before.end - before.start) < small
            and section.end - before.start <= size
        ):
            joined[-1] = _Section(_shared(before.path, section.path), before.spans + section.spans)
        else:
            joined.append(section)
    return joined


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    shared: list[str] = []
    for ours, theirs in zip(one, other, strict=False):
        if ours != theirs:
            break
        shared.append(ours)
    return tuple(shared)


def _pack(spans: tuple[Span, ...], size: int) -> Iterator[Span]:
    """Neighbouring pieces filled into passages up to the wanted size, evenly, so that no crumb is left at the end."""
    total = spans[-1][1] - spans[0][0]
    count = -(-total // size)
    goal = total / count if count else size
    start, end = spans[0]
    for piece_start, piece_end in spans[1:]:
        if piece_end - start > size or end - start >= goal:
            yield start, end
            start = piece_start
        end = piece_end
    yield start, end
