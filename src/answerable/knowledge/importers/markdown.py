"""Reads a Markdown file: its front matter, its title, and its text without what only a site generator understands."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from lxml.html.defs import empty_tags

from answerable.knowledge.importers.front_matter import FrontMatter, split_front_matter
from answerable.knowledge.importers.html import fragment_to_markdown, hides, opened_later
from answerable.knowledge.importers.texts import one_line

TITLE_LENGTH_MAX = 300
_LINE_LENGTH_MAX = 2_000

# Tags of other names are placeholders, such as <your-domain>, and stay.
_KNOWN_TAG = re.compile(
    r"</?(?:a|abbr|article|aside|b|big|blockquote|br|button|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|"
    r"font|footer|form|h[1-6]|header|hr|i|iframe|img|input|ins|kbd|label|li|main|mark|nav|nobr|noscript|ol|p|path|picture|"
    r"pre|q|s|samp|script|section|small|source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|tfoot|th|thead|"
    r"tr|u|ul|var|video|wbr)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_HTML_BLOCK = re.compile(
    r"\s*</?(address|article|aside|blockquote|button|center|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|"
    r"form|h[1-6]|header|hr|iframe|li|link|main|meta|nav|noscript|ol|p|picture|pre|script|section|style|summary|svg|table|tbody|"
    r"td|template|tfoot|th|thead|tr|ul|video)(?=[\s/>]|$)",
    re.IGNORECASE,
)
_LIST_TAG = re.compile(r"<(/?)(?:ol|ul|dl|table)(?=[\s>])", re.IGNORECASE)
_OUTER_TAG = re.compile(r"<(/?)(?:div|section|article|ol|ul|dl|table|figure|details)(?=[\s>])", re.IGNORECASE)
_ENDS_WITH_ITS_TAG = frozenset(("pre", "script", "style", "template"))
_FENCE = re.compile(r"\s*(?:>\s*|[-*+]\s+|\d+[.)]\s+)*(`{3,}|~{3,})(.*)")
_MAY_BE_CODE = re.compile(r"^(?: {4}|\t)|```|~~~", re.MULTILINE)
_LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_INLINE_ELEMENT = re.compile(
    r"<(a|b|strong|i|em|code|kbd|samp)(?:\s[^<>]*)?>[^<>\n]*</\1\s*>|<img\s[^<>]*>", re.IGNORECASE
)
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)|<(?:https?:|mailto:)[^<>\s]*>")
_TAG_OR_CODE = re.compile(
    r"(?<!`)(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)|<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)(?P<rest>\s[^<>]*|/)?>",
    re.IGNORECASE,
)
_COMMENT_OR_CODE = re.compile(
    r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)|<!--(?:>|->|.*?(?:-->|\Z))|\{/\*.*?\*/\}", re.DOTALL
)
_COMPONENT = re.compile(r"<(/?)([A-Z][a-z][A-Za-z0-9]*(?:\.[A-Z]\w*)*)((?:\s[^<>]*|/)?)>")
_COMPONENT_TITLE = re.compile(r"""\b(?:title|label|summary)=(?:"([^"]*)"|'([^']*)'|\{["'`]([^"'`]*)["'`]\})""")
_EXPORT = re.compile(r"export\s+(?:const|let|var|default|function|async)\b")
_GENERATOR_LINE = re.compile(
    r"\s*(?:\{%[^\n]*%\}|\{\{[<%][^\n]*[>%]\}\}|\{:[^}\n]*\}|>\s*\[![A-Z]+\]|"
    r"import\s(?:[^\n]+\sfrom\s+)?['\"][^'\"\n]+['\"];?)\s*"
)
_CALLOUT = re.compile(
    r"\s*:{3,}\s*(?:[A-Za-z-]+)?(?:\[([^\n]*)\]|[ \t]+([^{\n][^\n]*))?\s*(?:\{[^\n]*\})?\s*"
    r"|(?:!!!|\?\?\?\+?)[ \t]+[\w-]+(?:[ \t]+[\"']([^\n]*)[\"'])?\s*"
)
_HEADING_NAME = re.compile(r"(?<=\S)[ \t]{0,9}\{#[^}\n]{0,200}\}[ \t]{0,9}$", re.MULTILINE)
_PLACEHOLDER_IN_LINK = re.compile(r"\]\(\s*\{\{[^}\n]*\}\}")
_EMPHASIS = re.compile(r"(?<!\\)(?:\*{1,3}|`+|(?<!\w)_{1,3}|_{1,3}(?!\w))")
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")


@dataclass(frozen=True, slots=True)
class MarkdownFile:
    """What a Markdown file holds."""

    front: FrontMatter
    heading: str | None
    """Of the whole text: its first line, or its first heading of the first level."""
    text: str
    """Markdown without front matter; a heading that only repeats the title is left out."""


def read_markdown(text: str, *, is_mdx: bool = False) -> MarkdownFile:
    """What a Markdown file holds. Raises `BrokenFrontMatter`, or `UnreadablePage` for the HTML in it."""
    front, body = split_front_matter(text)
    body = clean_markdown(body, is_mdx=is_mdx)
    heading, without_heading = _heading(body)
    title = front.title or heading
    repeats = title is not None and heading is not None and _letters(title) == _letters(heading)
    return MarkdownFile(front, heading, without_heading if repeats else body)


def clean_markdown(text: str, *, is_mdx: bool = False) -> str:
    """The same text with its HTML as Markdown, and without comments, components and a generator's own marks."""
    if _COMPONENT.search(text):
        text = "\n".join(_moved_left(text.split("\n")))
        closed = {found[2] for found in _COMPONENT.finditer(text) if found[1]}
        text = _outside_code(text, lambda part: _without_components(part, closed), is_mdx=is_mdx)
    if "<!--" in text or "{/*" in text:
        text = _outside_code(text, _without_comments, is_mdx=is_mdx)
    if is_mdx:
        text = _outside_code(text, _without_exports, is_mdx=is_mdx)
    text = _outside_code(text, _without_marks, is_mdx=is_mdx)
    if "<" in text:
        text = _outside_code(text, _without_hidden, is_mdx=is_mdx)
        text = _outside_code(text, _html_as_markdown, is_mdx=is_mdx)
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text).strip("\n").rstrip()


def _without_comments(text: str) -> str:
    return _COMMENT_OR_CODE.sub(lambda found: found[0] if found[0].startswith("`") else "", text)


def _without_hidden(text: str) -> str:
    """Without the elements that no reader of the page sees."""
    kept, at = [], 0
    panels = opened_later(text)
    while (found := _next_hidden(text, at, panels)) is not None:
        kept.append(text[at : found.start()])
        at = _end_of_element(text, found["name"], found.end())
    return "".join([*kept, text[at:]])


def _next_hidden(text: str, at: int, panels: set[str]) -> "re.Match[str] | None":
    """The next tag that hides what follows it."""
    for found in _TAG_OR_CODE.finditer(text, at):
        if not found["ticks"] and not found["end"] and _has_content(found) and hides(found[0], panels=panels):
            return found
    return None


def _end_of_element(text: str, name: str, at: int) -> int:
    """Where it ends that began before `at`: at its own end tag, or, left open, where a browser ends it.

    That is the end of the paragraph for what stands in a line, and of everything for a block.
    """
    blank_line = text.find("\n\n", at)
    is_block = _HTML_BLOCK.match(f"<{name}>") is not None
    last = len(text) if is_block or blank_line < 0 else blank_line
    depth = 1
    for found in _TAG_OR_CODE.finditer(text, at, last):
        if not found["ticks"] and found["name"].lower() == name.lower() and _has_content(found):
            depth += -1 if found["end"] else 1
        if not depth:
            return found.end()
    return last


def _has_content(tag: "re.Match[str]") -> bool:
    return tag["name"].lower() not in empty_tags and not (tag["rest"] or "").endswith("/")


def _outside_code(text: str, change: Callable[[str], str], *, is_mdx: bool) -> str:
    """The text with `change` made to each stretch of lines that is not code."""
    if not _MAY_BE_CODE.search(text):
        return change(text)
    lines = text.split("\n")
    pieces: list[str] = []
    for is_code, stretch in groupby(zip(_code_lines(lines, is_mdx=is_mdx), lines, strict=True), key=itemgetter(0)):
        part = "\n".join(line for _, line in stretch)
        pieces.append(part if is_code else change(part))
    return "\n".join(pieces)


def _code_lines(lines: list[str], *, is_mdx: bool = False) -> Iterator[bool]:
    """Whether each line is code: between fences, or set in by four after a blank line and in no list and no HTML."""
    fence: str | None = None
    is_in_list = is_after_blank = is_indented_code = False
    open_tags = 0
    for line in lines:
        words = line.strip()
        mark = _FENCE.match(line)
        if fence is not None:
            yield True
            fence = None if mark and mark[1].startswith(fence) and not mark[2].strip() else fence
            continue
        if mark and "`" not in mark[2]:
            fence, is_indented_code = mark[1], False
            yield True
            continue
        if words:
            is_set_in = line.startswith(("    ", "\t"))
            if _LIST_ITEM.match(line):
                is_in_list = is_in_list or not is_set_in
            elif not line[0].isspace() and is_after_blank:
                is_in_list = False
            may_begin = is_after_blank or is_indented_code
            is_indented_code = is_set_in and may_begin and not is_in_list and not is_mdx and open_tags <= 0
            if not is_indented_code and "<" in line:
                open_tags = max(0, open_tags + sum(-1 if tag[1] else 1 for tag in _OUTER_TAG.finditer(line)))
        is_after_blank = not words
        yield is_indented_code and bool(words)


def _without_exports(text: str) -> str:
    """What a file with components defines for them goes up to the end of its braces."""
    kept: list[str] = []
    open_braces = 0
    for line in text.split("\n"):
        if not open_braces and not _EXPORT.match(line):
            kept.append(line)
            continue
        open_braces += sum(map(line.count, "({[")) - sum(map(line.count, ")}]"))
        open_braces = max(open_braces, 0)
    return "\n".join(kept)


def _moved_left(lines: list[str]) -> Iterator[str]:
    """What is indented only because it stands in a component would read as code once the component is gone."""
    indents: list[int | None] = []
    for line in lines:
        tag = _COMPONENT.fullmatch(line.strip())
        if tag and tag[1] and indents:
            indents.pop()
        if indents and indents[-1] is None and line.strip():
            indents[-1] = len(line) - len(line.lstrip())
        indent = indents[-1] if indents and indents[-1] is not None else 0
        yield line[min(indent, len(line) - len(line.lstrip())) :]
        if tag and not tag[1] and not _closes_itself(tag):
            indents.append(None)


def _closes_itself(tag: "re.Match[str]") -> bool:
    return tag[3].rstrip().endswith("/")


def _without_components(text: str, closed: set[str]) -> str:
    """Of `<Card title="Pay">Now</Card>` the title stays, in bold, and the words within."""

    def words(tag: "re.Match[str]") -> str:
        if not (tag[1] or tag[2] in closed or _closes_itself(tag) or "=" in tag[3]):
            return tag[0]  # A placeholder, such as <Key>.
        title = _COMPONENT_TITLE.search(tag[3])
        title_words = next(filter(None, title.groups()), "") if title else ""
        return f"\n\n**{title_words}**\n\n" if title_words else ""

    return _outside_code_spans(text, lambda part: _COMPONENT.sub(words, part))


def _outside_code_spans(text: str, change: Callable[[str], str]) -> str:
    pieces, at = [], 0
    for span in _CODE_SPAN.finditer(text):
        pieces += [change(text[at : span.start()]), span[0]]
        at = span.end()
    return "".join([*pieces, change(text[at:])])


def _without_marks(text: str) -> str:
    """Without the lines that only a generator reads; a callout's own line becomes its title in bold."""
    kept: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        callout = _CALLOUT.fullmatch(line)
        if callout:
            title = (callout[1] or callout[2] or callout[3] or "").strip()
            kept.append(f"**{title}**\n" if title else "")
        elif not _GENERATOR_LINE.fullmatch(line):
            kept.append(_HEADING_NAME.sub("", _PLACEHOLDER_IN_LINK.sub("](", line)))
    return "\n".join(kept)


def _html_as_markdown(text: str) -> str:
    """A block of HTML goes from a line that begins with a tag to the next blank one; elsewhere it stands in a line.

    A list or a table goes on over blank lines until it is closed, as people write it and most generators read it.
    """
    pieces: list[str] = []
    block: list[str] = []
    until: str | None = None
    open_lists = 0
    for line in text.split("\n"):
        if not block:
            start = _HTML_BLOCK.match(line)
            if start is None:
                pieces.append(_inline_html(line))
                continue
            until = f"</{start[1].lower()}" if start[1].lower() in _ENDS_WITH_ITS_TAG else None
            open_lists = 0
        block.append(line)
        open_lists += sum(-1 if tag[1] else 1 for tag in _LIST_TAG.finditer(line))
        is_over = until in line.lower() if until else not line.strip() and open_lists <= 0
        if is_over:
            pieces += ["", fragment_to_markdown("\n".join(block)), ""]
            block = []
    if block:
        pieces += ["", fragment_to_markdown("\n".join(block)), ""]
    return "\n".join(pieces)


def _inline_html(text: str) -> str:
    if "<" not in text:
        return text
    text = _INLINE_ELEMENT.sub(lambda element: fragment_to_markdown(element[0]).replace("\n", " "), text)
    return _outside_code_spans(text, lambda part: _KNOWN_TAG.sub("", _LINE_BREAK.sub(" ", part)))


def _heading(text: str) -> tuple[str | None, str]:
    """The heading of the whole text, and the text without it where it is its first line."""
    lines = text.split("\n")
    is_first = True
    for at, (line, is_code) in enumerate(zip(lines, _code_lines(lines), strict=True)):
        if is_code or not line.strip():
            is_first = is_first and not is_code
            continue
        below = lines[at + 1].strip() if at + 1 < len(lines) else ""
        found = _HEADING.match(line)
        is_underlined = found is None and bool(re.fullmatch(r"=+" if not is_first else r"=+|-{2,}", below))
        is_title = is_underlined or (found is not None and (is_first or found[1] == "#"))
        words = plain_words((found[2] or "") if found else line) if is_title else ""
        if words:
            rest = "\n".join(lines[at + 1 + is_underlined :]).lstrip("\n")
            return words, rest if is_first else text
        is_first = False
    return None, text


def plain_words(line: str) -> str:
    """A line of Markdown without its marks."""
    words = _EMPHASIS.sub("", _LINK.sub(r"\1", line[:_LINE_LENGTH_MAX]))
    return one_line(re.sub(r"\\([^\w\s])", r"\1", words), length_max=TITLE_LENGTH_MAX)


def _letters(words: str) -> str:
    return re.sub(r"[\W_]+", "", words).casefold()
