"""Where sentences end: `sentence_spans(text)` gives offsets of whole sentences, in any script."""

from __future__ import annotations

import re

Span = tuple[int, int]

# A sentence ends at a stop with space after it, or at an ideographic stop with or without one.
_END = re.compile(
    r"""(?:[.!?…]+["'”’)\]»*_]*(?=\s)   # a stop, closing marks, then space
        |[。！？｡؟۔।॥]+["'”’)\]»」』]*)  # stops of scripts that do not need the space
        """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|approx|incl|no|nr|dr|mr|mrs|ms|st|inc|ltd|co|dept|fig|z\.b|d\.h|bzw|ca|p\.ej|"
    r"a\.m|p\.m|u\.s|[a-z])|(?:^|\n)\s*\d+)\.$",
    re.IGNORECASE,
)


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences of `text[start:end]` as offsets into `text`, without the space around them."""
    stop = len(text) if end is None else end
    spans: list[Span] = []
    begin = start
    for match in _END.finditer(text, start, stop):
        if _ABBREVIATION.search(text[max(begin, match.end() - 12) : match.end()]) and match.end() < stop:
            continue
        _append_trimmed(spans, text, begin, match.end())
        begin = match.end()
    _append_trimmed(spans, text, begin, stop)
    return spans


def _append_trimmed(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))
