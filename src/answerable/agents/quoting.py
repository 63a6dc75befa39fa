"""What the embedded model does next: search, quote, ask, or hand off."""

import re
from dataclasses import dataclass
from typing import Any

from answerable.agents.found import Found, FoundHit, FoundQuote
from answerable.agents.instructions import ToolName
from answerable.agents.phrases import Language, content_words, plain
from answerable.agents.sentences import sentences
from answerable.agents.statements import Statement, Stems
from answerable.agents.turns import CustomerTurn, Search

# A quote goes along with the best one if it is at least this good beside it, up to so many.
QUOTE_SHARE = 0.6
QUOTES_MAX = 6

# Passages of other articles compete if they are this close to the best one; then a short question is asked back.
RIVAL_SHARE = 0.97
RIVAL_QUESTION_WORDS_MAX = 2
OPTIONS_MAX = 4

# A section is quoted from its beginning where its heading, or the article's title, asks nearly the same question: twice
# the words that both have, as a share of the words of both. One word alone is not a question.
SAME_QUESTION = 0.75
SECTION_LETTERS_MAX = 600

LIST_LINES_MAX = 40
SUMMARY_LETTERS_MAX = 400

_LIST_LINE = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S")
_HEADING = re.compile(r"(?m)^#{1,6}[ \t]+(.+?)[ \t#]*$\n?")
_STEP = re.compile(r"(?m)^[ \t]*\d{1,3}[.)][ \t]")
_INDENTED = re.compile(r"[ \t]{2,}\S")
_RELATIVE_LINK = re.compile(r"(!?)\[([^\]\n]*)\]\((?!https?://|mailto:)[^)\n]*\)")
_IMAGE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)")
_MARKER_IN_TEXT = re.compile(r"\[(\d{1,3})\](?!\()")


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to call."""

    tool: ToolName
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """Either a text for the customer, which ends the turn, or calls."""

    text: str | None = None
    calls: tuple[Call, ...] = ()


def next_step(turn: CustomerTurn) -> Step:
    """What to do now, from what the customer said and what the searches of this turn found."""
    if turn.kind != "question":
        return _courtesy(turn)
    if not turn.searches:
        return Step(calls=tuple(_search(query) for query in turn.queries))
    if any(search.found is None for search in turn.searches):
        return _hand_off(turn, "The search for knowledge failed.")
    if _nothing_sure(turn) and _may_widen(turn) and turn.wider_query is not None:
        return Step(calls=(_search(turn.wider_query),))
    return _conclude(turn)


def _courtesy(turn: CustomerTurn) -> Step:
    spoken = turn.language
    if turn.kind == "person":
        return _hand_off(turn, "The customer asks for a person.")
    if turn.kind == "not_helped":
        return _hand_off(turn, "The customer says that the last answer did not help.")
    if turn.kind == "unclear":
        return Step(calls=(Call("ask_customer", {"question": spoken.frame("ask_unclear"), "options": []}),))
    if turn.kind == "greeting":
        return Step(calls=(Call("ask_customer", {"question": spoken.frame("greeting_reply"), "options": []}),))
    frames = {
        "thanks": "thanks_reply",
        "goodbye": "goodbye_reply",
        "small_talk": "small_talk_reply",
        "declined": "all_right",
    }
    return Step(text=spoken.frame(frames[turn.kind]))


def _conclude(turn: CustomerTurn) -> Step:
    sure = [search for search in turn.searches if search.found and search.found.is_sure]
    if not sure:
        if options := _nearby(turn):
            return Step(
                calls=(Call("ask_customer", {"question": turn.language.frame("ask_which"), "options": options}),)
            )
        return _hand_off(turn, _why_unsure(turn))
    if len(turn.searches) == 1 and (options := _rivals(sure[0])):
        return Step(calls=(Call("ask_customer", {"question": turn.language.frame("ask_which"), "options": options}),))
    answers: list[str] = []
    quoted: set[str] = set()
    for search in sure:
        found = search.found
        if found and (answer := _quote(search.query, found, turn.language, quoted)):
            answers.append(answer)
    if not answers:
        return _hand_off(turn, "The best passage has no words that could be quoted.")
    if not _widened(turn):
        answers += [
            turn.language.frame("not_found_part", part=search.query) for search in turn.searches if search not in sure
        ]
    return Step(text="\n\n".join(answers))


def _quote(question: str, found: Found, spoken: Language, quoted: set[str]) -> str | None:
    """The best passage's words under its title, with its marker; none if it was quoted before."""
    hit = max(found.hits[:OPTIONS_MAX], key=lambda each: (_best(each) * each.score, each.score))
    if hit.passage_id in quoted:
        return None
    quoted.add(hit.passage_id)
    pieces = _pieces(hit)
    if not any(_STEP.search(piece) for piece in pieces):
        # Steps answer "how" better than the beginning of their section does.
        pieces = _section_pieces(question, hit) or pieces
    if not pieces:
        return None
    frame = spoken.frame("from_title", title=hit.title.replace("*", ""))
    body = "\n\n".join(_marked(piece, hit.number) for piece in pieces)
    joint = "\n\n" if _LIST_LINE.match(body) else ("" if spoken.joins_words else " ")
    return f"{frame}{joint}{body}"


def _best(hit: FoundHit) -> float:
    return max((quote.score for quote in hit.quotes), default=0.0)


def _pieces(hit: FoundHit) -> list[str]:
    """What is quoted of a passage, in its order: its best sentences, and lists only whole."""
    best = _best(hit)
    chosen = sorted(hit.quotes, key=lambda quote: -quote.score)[:QUOTES_MAX]
    spans = sorted(_whole(hit.text, quote) for quote in chosen if quote.score >= QUOTE_SHARE * best)
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [piece for start, end in merged if (piece := _clean(hit.text[start:end]))]


def _section_pieces(question: str, hit: FoundHit) -> list[str]:
    """The beginning of the section whose heading asks the same question; nothing if there is none."""
    asked = Stems(token.key for token in Statement.read(question).content)
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
    while first > 0 and _in_list(text, lines, first) and last - first < LIST_LINES_MAX:
        first -= 1
    if not _in_list(text, lines, first) and not _leads_on(text[lines[first][0] : lines[first][1]]):
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
    """The piece as it can be read outside its article: no headings' marks, images or relative links, no hard wraps."""
    piece = _RELATIVE_LINK.sub(lambda link: "" if link[1] else link[2], _IMAGE.sub("", piece))
    piece = _MARKER_IN_TEXT.sub("", piece)
    lines: list[str] = []
    for written in piece.strip().splitlines():
        line = re.sub(r"^\s*#{1,6}\s+(.+?)[\s#]*$", r"**\1**", written.rstrip())
        if line.startswith("**") and line != written.rstrip() and not lines:
            continue
        joins = lines and line and lines[-1] and not lines[-1].startswith("**") and not line.startswith("**")
        if joins and not _LIST_LINE.match(line) and not line.lstrip().startswith("|"):
            lines[-1] = f"{lines[-1]} {line.lstrip()}"
        else:
            lines.append(line)
    return re.sub(r"\n{2,}(?=[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t])", "\n", "\n".join(lines)).strip()


def _marked(piece: str, number: int) -> str:
    """The piece with the passage's marker behind each sentence; a list has it once, at its end."""
    lines = piece.splitlines()
    following = [*lines[1:], ""]
    return "\n".join(_marked_line(line, after, number) for line, after in zip(lines, following, strict=True))


def _marked_line(line: str, after: str, number: int) -> str:
    if _LIST_LINE.match(line) or line.startswith("|"):
        goes_on = _LIST_LINE.match(after) or _INDENTED.match(after) or after.startswith("|")
        return line if goes_on else f"{line} [{number}]"
    if not line.strip() or line.startswith("**") or _LIST_LINE.match(after):
        return line
    return "".join(f"{each.rstrip()} [{number}]{each[len(each.rstrip()) :]}" for each in sentences(line))


def _rivals(search: Search) -> list[str]:
    """The titles to choose from if a short question fits several articles about equally well."""
    found = search.found
    if found is None or len(content_words(search.query)) > RIVAL_QUESTION_WORDS_MAX:
        return []
    best = found.hits[0]
    titles: dict[str, str] = {}
    for hit in found.hits:
        if hit.score >= RIVAL_SHARE * best.score:
            titles.setdefault(hit.article_id, hit.title)
    distinct = list({plain(title): title for title in titles.values()}.values())
    return distinct[:OPTIONS_MAX] if len(distinct) > 1 else []


def _nearby(turn: CustomerTurn) -> list[str]:
    """The titles to choose from if a question is too short to be sure of, and titles have its words."""
    found = turn.searches[0].found
    asked = Statement.read(turn.text).content
    if turn.answers_back or len(turn.searches) > 1 or found is None or len(asked) > RIVAL_QUESTION_WORDS_MAX:
        return []
    titles = dict.fromkeys(hit.title for hit in found.hits)
    named = [(title, Stems(token.key for token in Statement.read(title).content)) for title in titles]
    return [title for title, stems in named if asked and all(stems.find(token.key) for token in asked)][:OPTIONS_MAX]


def _search(query: str) -> Call:
    return Call("search_knowledge", {"query": query})


def _nothing_sure(turn: CustomerTurn) -> bool:
    return not any(search.found and search.found.is_sure for search in turn.searches)


def _may_widen(turn: CustomerTurn) -> bool:
    return len(turn.queries) == 1 and len(turn.searches) == 1 and not _widened(turn)


def _widened(turn: CustomerTurn) -> bool:
    return any(search.query == turn.wider_query for search in turn.searches)


def _why_unsure(turn: CustomerTurn) -> str:
    hits = [(search.found, hit) for search in turn.searches if search.found for hit in search.found.hits[:1]]
    if not hits:
        return "Nothing published is about this."
    found, hit = max(hits, key=lambda pair: pair[0].confidence)
    return (
        f"Not sure enough, {found.confidence:.2f} where {found.threshold:.2f} is needed: "
        f"the nearest article is “{hit.title}”."
    )


def _hand_off(turn: CustomerTurn, reason: str) -> Step:
    asked = " ".join(turn.text.split())
    if len(asked) > SUMMARY_LETTERS_MAX:
        asked = asked[:SUMMARY_LETTERS_MAX].rsplit(" ", 1)[0] + " …"
    looked = list(dict.fromkeys(hit.title for search in turn.searches if search.found for hit in search.found.hits[:2]))
    summary = f"The customer wrote: “{asked}”."
    if turn.searches:
        summary += f" Looked at: {'; '.join(looked)}." if looked else " The search found nothing."
    return Step(calls=(Call("hand_off", {"reason": reason, "summary": summary}),))
