"""What of a passage is quoted as an answer, and how it reads outside its article: `excerpt(question, hit)`."""

import re
from collections.abc import Iterator
from itertools import groupby

from answerable.agents.found import FoundHit, FoundQuote
from answerable.agents.sentences import sentences
from answerable.agents.statements import Statement, Stems

# A quote goes along with the best one if it is at least this good beside it, up to so many.
QUOTE_SHARE = 0.6
QUOTES_MAX = 6

# A section is quoted from its beginning where its heading, or the article's title, asks nearly the same question: twice
# the words that both have, as a share of the words of both. One word alone is not a question.
SAME_QUESTION = 0.75
SECTION_LETTERS_MAX = 600
SECTION_LETTERS_MIN = 40
"""A shorter beginning, such as a date, answers nothing."""

LIST_LINES_MAX = 40

# Of a table with more rows than this, only those are quoted that the question's words are in.
TABLE_ROWS_MAX = 6

_LIST_LINE = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S")
_HEADING = re.compile(r"(?m)^#{1,6}[ \t]+(.+?)[ \t#]*$\n?")
_STEP = re.compile(r"(?m)^[ \t]*\d{1,3}[.)][ \t]")
_INDENTED = re.compile(r"[ \t]{2,}\S")
_RELATIVE_LINK = re.compile(r"(!?)\[([^\]\n]*)\]\((?!https?://|mailto:)[^)\n]*\)")
_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_MARKER_IN_TEXT = re.compile(r"\[(\d{1,3})\](?!\()")
_FENCE = ("```", "~~~")
_BARE_ITEM = re.compile(r"(?m)^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]*$\n?(?![ \t]+\S)")
_MARKER = re.compile(r"[ \t]*\[\d{1,3}\](?!\()")
_RULE_ROW = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\Z")


def excerpt(question: str, hit: FoundHit) -> list[str]:
    """The pieces of a passage that answer a question, in their order; verbatim but for what only its article needs."""
    asked = Stems(token.key for token in Statement.read(question).content)
    pieces = _chosen(hit)
    if not any(map(has_steps, pieces)):
        # Steps answer "how" better than the beginning of their section does.
        section = _section_pieces(asked, hit)
        pieces = section if sum(map(len, section)) >= SECTION_LETTERS_MIN else pieces
    return [_with_tables(piece, asked) for piece in pieces or _beginning(hit)]


def steps(question: str, hit: FoundHit) -> str:
    """The passage's numbered list, whole; of several the one whose heading has most of the question's words."""
    asked = Stems(token.key for token in Statement.read(question).content)
    headings = [(0, hit.heading_path[-1] if hit.heading_path else hit.title)]
    headings += [(heading.start(), heading[1]) for heading in _HEADING.finditer(hit.text)]
    lists: dict[tuple[int, int], int] = {}
    for step in _STEP.finditer(hit.text):
        span = _whole(hit.text, FoundQuote(step.group(), step.start(), step.end(), 1.0))
        above = next(name for place, name in reversed(headings) if place <= span[0])
        content = {token.key for token in Statement.read(above).content}
        lists[span] = sum(asked.find(key) is not None for key in content)
    if not lists:
        return ""
    start, end = max(lists, key=lambda span: (lists[span], -span[0]))
    return _clean(hit.text[start:end])


def has_steps(piece: str) -> bool:
    """Whether a numbered list is in it."""
    return _STEP.search(piece) is not None


def untold(piece: str, told: str) -> str:
    """The piece without the paragraphs and sentences that were told; a list, a table and code stay whole."""
    told = _MARKER.sub("", told)
    kept: list[str] = []
    for paragraph in piece.split("\n\n"):
        if _MARKER.sub("", paragraph) in told:
            continue
        is_whole = "\n" in paragraph or is_block(paragraph)
        fresh = (each for each in sentences(paragraph) if each.strip() not in told)
        kept.append(paragraph if is_whole else "".join(fresh).strip())
    while kept and kept[-1].startswith("**") and kept[-1].endswith("**"):
        kept.pop()
    return "\n\n".join(kept)


def is_block(text: str) -> bool:
    """Whether a text begins with a list or a table, which needs a line of its own."""
    return bool(_LIST_LINE.match(text)) or text.startswith("|")


def _with_tables(piece: str, asked: Stems) -> str:
    """The piece with its tables cut down to what was asked."""
    lines: list[str] = []
    for is_table, run in groupby(piece.splitlines(), key=lambda line: line.startswith("|")):
        same = list(run)
        lines += _table(same, asked) if is_table else same
    return "\n".join(lines)


def _table(rows: list[str], asked: Stems) -> list[str]:
    """A table with the rows that have most of the question's words; as a list where its head stands elsewhere."""
    if len(rows) < 2 or not _RULE_ROW.match(rows[1]):
        told = (" · ".join(_cells(row)) for row in rows if not _RULE_ROW.match(row))
        return [f"- {row}" for row in told if row]
    head, body = rows[:2], rows[2:]
    if len(body) <= TABLE_ROWS_MAX:
        return rows
    met = [sum(asked.find(token.key) is not None for token in Statement.read(row).content) for row in body]
    best = max(met)
    return head + ([row for row, count in zip(body, met, strict=True) if count == best] if best else body)


def _cells(row: str) -> Iterator[str]:
    return (cell.strip() for cell in row.strip().strip("|").split("|") if cell.strip())


def _chosen(hit: FoundHit) -> list[str]:
    """What is quoted of a passage, in its order: its best sentences, and lists only whole."""
    best = max((quote.score for quote in hit.quotes), default=0.0)
    chosen = sorted(hit.quotes, key=lambda quote: -quote.score)[:QUOTES_MAX]
    spans = sorted(_whole(hit.text, quote) for quote in chosen if quote.score >= QUOTE_SHARE * best)
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [piece for start, end in merged if (piece := _clean(hit.text[start:end]))]


def _beginning(hit: FoundHit) -> list[str]:
    """How a passage begins, for a question that shares no word with it, such as one in another language."""
    heading = _HEADING.match(hit.text)
    start = heading.end() if heading else 0
    piece = _clean(hit.text[start : _block_end(hit.text, start, len(hit.text))])
    return [piece] if piece else []


def _section_pieces(asked: Stems, hit: FoundHit) -> list[str]:
    """The beginning of the section whose heading asks the same question; nothing if there is none."""
    headings = [*_HEADING.finditer(hit.text)]
    title = hit.heading_path[-1] if hit.heading_path else hit.title
    named = [(title, 0), *((heading[1], heading.end()) for heading in headings)]
    likeness, start = max((_same_words(asked, name), place) for name, place in named)
    if likeness < SAME_QUESTION:
        return []
    end = min((heading.start() for heading in headings if heading.start() >= start), default=len(hit.text))
    end = _block_end(hit.text, start, end)
    return [piece] if (piece := _clean(hit.text[start:end])) else []


def _same_words(asked: Stems, name: str) -> float:
    content = {token.key for token in Statement.read(name).content}
    shared = sum(asked.find(key) is not None for key in content)
    return 2 * shared / (len(content) + len(asked)) if shared > 1 else 0.0


def _block_end(text: str, start: int, end: int) -> int:
    """Where to stop within a section: after a whole paragraph or list, as soon as it is long enough."""
    for gap in re.finditer(r"\n[ \t]*\n", text[start:end]):
        stop = start + gap.start()
        following = text[start + gap.end() : end]
        leads_on = text[start:stop].rstrip().endswith((":", "：")) or _LIST_LINE.match(following)
        if stop - start >= SECTION_LETTERS_MAX // 2 and not leads_on:
            return stop
    return end if end - start <= 2 * SECTION_LETTERS_MAX else start + SECTION_LETTERS_MAX


def _whole(text: str, quote: FoundQuote) -> tuple[int, int]:
    """Where the quote stands, widened to the whole list if it is a step of one, or announces one."""
    start, end = quote.start, quote.end
    lines = [(line.start(), line.end()) for line in re.finditer(r"[^\n]*\n?", text) if line.group()]
    touched = [index for index, (low, high) in enumerate(lines) if low < end and high > start]
    if not touched:
        return start, end
    first, last = touched[0], touched[-1]
    if text[start:end].rstrip().endswith((":", "：")) and not _in_list(text, lines, last):
        last = _after_list(text, lines, last + 1) or last
        return start, max(end, lines[last][1])
    if not any(_in_list(text, lines, index) for index in touched):
        return start, end
    begins_in_list = _in_list(text, lines, first)
    while first > 0 and _in_list(text, lines, first) and last - first < LIST_LINES_MAX:
        first -= 1
    if begins_in_list and not _in_list(text, lines, first) and not _leads_on(text[lines[first][0] : lines[first][1]]):
        first += 1
    last = _after_list(text, lines, last) or last
    return lines[first][0], lines[last][1]


def _leads_on(line: str) -> bool:
    """Whether a line announces the list under it: it ends with a colon, or is a sentence that is not at its end."""
    said = line.strip()
    return bool(said) and not said.startswith(("#", "|")) and not said.endswith((".", "!", "?", "。", "！", "？"))


def _in_list(text: str, lines: list[tuple[int, int]], index: int) -> bool:
    line = text[lines[index][0] : lines[index][1]]
    if _LIST_LINE.match(line):
        return True
    around = [text[low:high] for low, high in lines[max(0, index - 1) : index + 2]]
    return (not line.strip() or bool(_INDENTED.match(line))) and any(_LIST_LINE.match(each) for each in around)


def _after_list(text: str, lines: list[tuple[int, int]], index: int) -> int | None:
    """The last line of the list that stands from this line on."""
    last = None
    for number in range(index, min(len(lines), index + LIST_LINES_MAX)):
        if not _in_list(text, lines, number):
            break
        if text[lines[number][0] : lines[number][1]].strip():
            last = number
    return last


def _clean(piece: str) -> str:
    """The piece as it can be read outside its article: no headings' marks, images or relative links, no hard wraps.

    Code stays as it is, and a table stands apart from what is above it.
    """
    piece = _RELATIVE_LINK.sub(lambda link: "" if link[1] else link[2], _IMAGE.sub("", piece))
    piece = _MARKER_IN_TEXT.sub("", piece)
    if not any(fence in piece for fence in _FENCE):
        # An item that was a picture has nothing left to say.
        piece = _BARE_ITEM.sub("", piece)
    lines: list[str] = []
    in_code = False
    for written in piece.strip().splitlines():
        is_fence = written.lstrip().startswith(_FENCE)
        if in_code or is_fence:
            in_code = in_code != is_fence
            lines.append(written.rstrip())
            continue
        line = re.sub(r"^\s*#{1,6}\s+(.+?)[\s#]*$", r"**\1**", written.rstrip())
        if line.startswith("**") and line != written.rstrip() and not lines:
            continue
        line = line.lstrip() if line.lstrip().startswith("|") else line
        before = lines[-1] if lines else ""
        if line.startswith("|") and before and not before.startswith("|"):
            lines.append("")
        if line and before and not _LIST_LINE.match(line) and not any(map(_stands_alone, (before, line))):
            lines[-1] = f"{before} {line.lstrip()}"
        else:
            lines.append(line)
    return re.sub(r"\n{2,}(?=[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t])", "\n", "\n".join(lines)).strip()


def _stands_alone(line: str) -> bool:
    """Whether nothing is joined to a line: a heading, a row of a table, the border of code."""
    return line.startswith(("**", "|", *_FENCE))


def marked(piece: str, number: int) -> str:
    """The piece with the passage's marker behind each sentence; a list or a table has it once, at its end."""
    lines = piece.splitlines()
    shown: list[str] = []
    in_code = False
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        is_fence = line.lstrip().startswith(_FENCE)
        shown.append(line if in_code or is_fence else _marked_line(line, after, number))
        in_code = in_code != is_fence
    return "\n".join(shown)


def _marked_line(line: str, after: str, number: int) -> str:
    if line.startswith("|"):
        # Inside the last cell: behind the row it would stand below the table.
        return line if after.startswith("|") else f"{line.removesuffix('|').rstrip()} [{number}] |"
    if _LIST_LINE.match(line):
        return line if _LIST_LINE.match(after) or _INDENTED.match(after) else f"{line} [{number}]"
    if not line.strip() or line.startswith("**") or _LIST_LINE.match(after):
        return line
    return "".join(f"{each.rstrip()} [{number}]{each[len(each.rstrip()) :]}" for each in sentences(line))
