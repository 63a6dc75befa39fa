"""An article's Markdown as clean HTML."""

import posixpath
import re
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from itertools import pairwise
from typing import Any
from urllib.parse import unquote, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s",
    "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "div": {"class", "tabindex"}}
SCHEMES = {"http", "https", "mailto"}
HEADING_LEVEL_MAX = 6
# In an excerpt, what comes after one of these is no part of the sentence before it.
STANDS_APART = {"list_item_open", "bullet_list_close", "ordered_list_close", "th_open", "td_open", "table_close"}
SENTENCE_ENDS = tuple(".!?:;…。！？：")  # noqa: RUF001

Resolve = Callable[[str], str | None]
"""Where a link to a file of the same source leads; None if there is no such page."""


def html_of(text: str, title: str, resolve: Resolve) -> str:
    """Safe HTML, with its headings below the page's own. HTML in the text is shown as text."""
    tokens = _reader().parse(_without_title(text, title))
    _lower_headings(tokens)
    for token in tokens:
        _lead_links(token.children or [], resolve)
    html = _reader().renderer.render(tokens, _reader().options, {})
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer")


def plain(text: str, characters_max: int) -> str:
    """The words of a passage without marks and headings, cut at a word."""
    tokens = _reader().parse(text)
    # A heading in the middle of a line would read as a part of the sentence after it.
    said = [token for before, token in pairwise([None, *tokens]) if token and not _opens_heading(before)]
    whole = _words(said) or _words(tokens)
    if len(whole) <= characters_max:
        return whole
    return whole[:characters_max].rsplit(" ", 1)[0].rstrip(" ,;:.") + " …"


def _words(tokens: Sequence[Token]) -> str:
    """The words of all blocks in a row, with a point between the items of a list and the cells of a table."""
    said, stands_apart = "", False
    for token in tokens:
        stands_apart = stands_apart or token.type in STANDS_APART
        if block := " ".join(_words_in(token).split()):
            joint = " · " if stands_apart and said and not said.endswith(SENTENCE_ENDS) else " "
            said = f"{said}{joint}{block}"
            stands_apart = False
    return said.strip()


def _words_in(token: Token) -> str:
    if token.type in {"fence", "code_block"}:
        return token.content
    inline = {"text", "code_inline", "softbreak", "hardbreak"}
    return "".join(child.content or " " for child in token.children or [] if child.type in inline)


def file_linked(key: str, href: str) -> str | None:
    """The key of the file that a relative link in another file means."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc or not parts.path:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(key), unquote(parts.path))).lstrip("/")


class RendererWithoutImages(RendererHTML):
    """Pictures of other sites would tell those sites who reads, so their description stands in their place."""

    def image(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """The description."""
        return escape(self.renderInlineAsText(tokens[idx].children or [], options, env))

    def table_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """A wide table scrolls by itself, and by keyboard."""
        return '<div class="wide" tabindex="0"><table>'

    def th_open(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """The corner above the names of the rows heads nothing."""
        return "<th>" if tokens[idx + 1].content.strip() else "<td>"

    def th_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """The end of it."""
        return "</th>" if tokens[idx - 1].content.strip() else "</td>"

    def table_close(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """The end of it."""
        return "</table></div>"


@cache
def _reader() -> MarkdownIt:
    read = MarkdownIt("commonmark", {"html": False}, renderer_cls=RendererWithoutImages)
    return read.enable(["table", "strikethrough"])


def _without_title(text: str, title: str) -> str:
    first, _, rest = text.lstrip().partition("\n")
    return rest if re.sub(r"^#+\s*", "", first).strip().casefold() == title.strip().casefold() else text


def _opens_heading(token: Token | None) -> bool:
    return token is not None and token.type == "heading_open"


def _lower_headings(tokens: Sequence[Token]) -> None:
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    down = 2 - min(levels) if levels else 0
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(HEADING_LEVEL_MAX, int(token.tag[1]) + down)}"


def _lead_links(tokens: Sequence[Token], resolve: Resolve) -> None:
    for token in tokens:
        href = token.attrGet("href") if token.type == "link_open" else None
        if not isinstance(href, str) or href.startswith(("#", "/help/")) or urlsplit(href).scheme:
            continue
        to = resolve(href)
        if to:
            token.attrSet("href", to)
        else:
            token.attrs.pop("href")
