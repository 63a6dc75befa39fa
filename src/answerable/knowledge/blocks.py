"""The blocks of a Markdown text: `markdown_blocks(text)` finds headings, paragraphs, lists, code and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list", "code", "table", "quote"]

_FENCE = re.compile(r"^ {0,3}(?P<mark>`{3,}|~{3,})")
_ATX = re.compile(r"^ {0,3}(?P<hashes>#{1,6})(?:[ \t]+(?P<title>.*?))?(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r"^ {0,3}(?:=+|-+)[ \t]*$")
_ITEM = re.compile(r"^[ \t]*(?:[-*+•·▪◦]|\(?\d{1,3}[.)])(?:[ \t]+|$)")
_TABLE = re.compile(r"^[ \t]*\|")
_QUOTE = re.compile(r"^ {0,3}>")
_RULE = re.compile(r"^ {0,3}(?:(?:\*[ \t]*){3,}|(?:_[ \t]*){3,}|(?:-[ \t]*){3,})$")
_EMPHASIS = re.compile(r"[*_`]+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_ANCHOR = re.compile(r"\s*\{#?[^}]*\}\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a text, with where it stands."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    """Of a heading: 1 to 6."""
    title: str = ""
    """Of a heading: its words, without marks."""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


def markdown_blocks(text: str) -> list[Block]:
    """The blocks of a Markdown text in order; between them there is only white space."""
    lines = _lines(text)
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if lines[at].is_blank:
            at += 1
            continue
        block, at = _block_at(lines, at)
        blocks.append(block)
    return blocks


def plain_title(markdown: str) -> str:
    """The words of a heading line without links, emphasis and anchors."""
    return _EMPHASIS.sub("", _LINK.sub(r"\1", _ANCHOR.sub("", markdown))).strip()


def is_list_item(line: str) -> bool:
    """Whether a line begins an item of a list."""
    return _ITEM.match(line) is not None and _RULE.match(line) is None


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    start = 0
    for raw in text.splitlines(keepends=True):
        lines.append(_Line(start, start + len(raw), raw.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")))
        start += len(raw)
    return lines


def _block_at(lines: list[_Line], at: int) -> tuple[Block, int]:
    line = lines[at]
    if fence := _FENCE.match(line.text):
        return _fenced(lines, at, fence.group("mark"))
    if heading := _ATX.match(line.text):
        title = plain_title(heading.group("title") or "")
        return Block("heading", line.start, line.end, len(heading.group("hashes")), title), at + 1
    if is_list_item(line.text):
        return _list(lines, at)
    for kind, pattern in (("table", _TABLE), ("quote", _QUOTE)):
        if pattern.match(line.text):
            end = at + 1
            while end < len(lines) and pattern.match(lines[end].text):
                end += 1
            return Block(kind, line.start, lines[end - 1].end), end  # type: ignore[arg-type]
    return _paragraph(lines, at)


def _fenced(lines: list[_Line], at: int, mark: str) -> tuple[Block, int]:
    end = at + 1
    while end < len(lines):
        closing = lines[end].text.strip()
        end += 1
        if closing.startswith(mark) and not closing.strip(mark[0]):
            break
    return Block("code", lines[at].start, lines[end - 1].end), end


def _list(lines: list[_Line], at: int) -> tuple[Block, int]:
    """A list goes on over blank lines as long as what follows is an item or is indented."""
    end = last = at + 1
    while end < len(lines):
        line = lines[end]
        if line.is_blank:
            end += 1
            continue
        goes_on = is_list_item(line.text) or line.text[0] in " \t" or (end == last and not _begins_block(line.text))
        if not goes_on:
            break
        end += 1
        last = end
    return Block("list", lines[at].start, lines[last - 1].end), last


def _paragraph(lines: list[_Line], at: int) -> tuple[Block, int]:
    end = at + 1
    while end < len(lines) and not lines[end].is_blank:
        if _SETEXT.match(lines[end].text) and end == at + 1:
            level = 1 if "=" in lines[end].text else 2
            return Block(
                "heading", lines[at].start, lines[end].end, level, plain_title(lines[at].text.strip())
            ), end + 1
        if _begins_block(lines[end].text):
            break
        end += 1
    return Block("paragraph", lines[at].start, lines[end - 1].end), end


def _begins_block(line: str) -> bool:
    return bool(
        _FENCE.match(line) or _ATX.match(line) or is_list_item(line) or _TABLE.match(line) or _QUOTE.match(line)
    )
