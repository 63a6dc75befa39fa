"""Writes a piece of an HTML page as Markdown: headings, steps, tables, code, emphasis, links and images' words."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import quote, urljoin, urlsplit

from lxml.html import HtmlElement

BLOCK_TAGS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr "
    "ul caption".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_STRONG = frozenset(("b", "strong"))
_STRESSED = frozenset(("i", "em", "cite", "dfn", "var"))
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_LISTS = frozenset(("ul", "ol", "menu"))

# libxml2 stops at 256 levels; each level costs two of Python's thousand frames here.
_DEPTH_MAX = 200
_COLUMNS_MAX = 64

_BREAK = "\x1e"
"""Stands for a line break until a paragraph is whole. The text is free of control characters before it comes here."""

_SPACES = re.compile(r"[\s\u00a0\u200b\ufeff]+")
_AROUND_BREAK = re.compile(rf"[ ]*(?:{_BREAK}[ ]*)+")
_MARKDOWN_SIGN = re.compile(r"[\\`*]|(?<!\w)_|_(?!\w)|\[(?=[^\]\n]{0,300}\][(:\[])|<(?=[A-Za-z/!?])")
_LINE_START = re.compile(r"^(#{1,6}(?=\s)|[-+](?=\s)|>|~{3,}|={2,}$|-{2,}$)|^(\d{1,9})([.)])(?=\s)", re.MULTILINE)
_CODE_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight|brush:|sourceCode)[-\s]([\w+#.-]{1,30})")


def to_markdown(root: HtmlElement, *, base_url: str | None, is_dropped: Callable[[HtmlElement], bool]) -> str:
    """The Markdown of what is in `root`, without what `is_dropped`; links made absolute where there is a base."""
    return "\n\n".join(_Writer(root, base_url, is_dropped).blocks(root)).strip()


def plain(element: HtmlElement) -> str:
    """The words of an element on one line."""
    return _SPACES.sub(" ", "".join(element.itertext())).strip()


class _Writer:
    """Writes one page. Blocks come back as a list of Markdown pieces, inline text as one string."""

    def __init__(self, root: HtmlElement, base_url: str | None, is_dropped: Callable[[HtmlElement], bool]) -> None:
        self._base_url = base_url
        self._is_dropped = is_dropped
        self._holds_blocks = _elements_that_hold_blocks(root)
        self._depth = 0

    def blocks(self, element: HtmlElement) -> list[str]:
        """The pieces that stand in an element, one below the other."""
        if self._depth >= _DEPTH_MAX:
            return [_paragraph(_escaped(plain(element)))]
        self._depth += 1
        pieces: list[str] = []
        line = [_escaped(element.text)]
        for child, tail in self._children(element):
            if child is not None and (child.tag in BLOCK_TAGS or child in self._holds_blocks):
                pieces.append(_paragraph("".join(line)))
                pieces.extend(self._block(child))
                line = []
            elif child is not None:
                line.append(self._inline(child))
            line.append(_escaped(tail))
        pieces.append(_paragraph("".join(line)))
        self._depth -= 1
        return [piece for piece in pieces if piece]

    def _children(self, element: HtmlElement) -> Iterator[tuple[HtmlElement | None, str | None]]:
        """Each element with the text behind it; of a dropped one, or a comment, only the text behind it stays."""
        for child in element:
            is_kept = isinstance(child.tag, str) and not self._is_dropped(child)
            yield (child if is_kept else None), child.tail

    def _block(self, element: HtmlElement) -> list[str]:  # noqa: PLR0911  (one kind a line)
        tag = str(element.tag)
        if tag in _HEADINGS:
            return _heading(_HEADINGS[tag], self._words(element))
        if tag in _LISTS:
            return self._list(element, ordered=tag == "ol")
        if tag == "pre":
            return self._code_block(element)
        if tag == "table":
            return self._table(element)
        if tag == "blockquote":
            return _indented("> ", "> ", self.blocks(element))
        if tag in {"summary", "dt", "legend", "caption"} and not _holds_heading(element):
            return [f"**{words}**" for words in [self._words(element).replace("**", "")] if words]
        if tag == "hr":
            return []
        return self.blocks(element)

    def _code_block(self, element: HtmlElement) -> list[str]:
        code = "".join(self._code(element)).replace("\u00a0", " ")
        code = "\n".join(line.rstrip() for line in code.splitlines()).strip("\n")
        if not code.strip():
            return []
        named = [
            part.get("class") or "" for part in (element, *element.iter("code"), *islice(element.iterancestors(), 2))
        ]
        language = next((found[1] for name in named if (found := _CODE_LANGUAGE.search(name))), "")
        fence = "`" * max(3, _longest_run(code) + 1)
        return [f"{fence}{language}\n{code}\n{fence}"]

    def _code(self, element: HtmlElement) -> Iterator[str]:
        yield element.text or ""
        for child, tail in self._children(element):
            if child is not None and child.tag == "br":
                yield "\n"
            elif child is not None:
                yield from self._code(child)
            yield tail or ""

    def _words(self, element: HtmlElement) -> str:
        """Everything in an element as one line of Markdown."""
        return _paragraph(" ".join(self.blocks(element))).replace("  \n", " ").replace("\n", " ")

    def _inline(self, element: HtmlElement) -> str:  # noqa: PLR0911  (one kind a line)
        tag = str(element.tag)
        if tag == "br":
            return _BREAK
        if tag == "img":
            return self._image(element)
        if tag in _CODE:
            return _inline_code(plain(element))
        if tag == "q":
            return f'"{self._inside(element)}"'
        inside = self._inside(element)
        if tag in _STRONG:
            return _wrapped(inside, "**")
        if tag in _STRESSED:
            return _wrapped(inside, "*")
        if tag == "a":
            return self._link(element, inside)
        return inside

    def _inside(self, element: HtmlElement) -> str:
        if self._depth >= _DEPTH_MAX:
            return _escaped(plain(element))
        self._depth += 1
        parts = [_escaped(element.text)]
        for child, tail in self._children(element):
            if child is not None:
                parts.append(self._inline(child))
            parts.append(_escaped(tail))
        self._depth -= 1
        return "".join(parts)

    def _link(self, element: HtmlElement, inside: str) -> str:
        words = inside.strip()
        target = address_in_markdown(element.get("href"), self._base_url)
        is_anchor_sign = words in {"", "#", "¶", "§", "🔗"}
        if is_anchor_sign or target is None or "](" in words or (element.get("href") or "").startswith("#"):
            return "" if is_anchor_sign else inside
        before, after = inside[: len(inside) - len(inside.lstrip())], inside[len(inside.rstrip()) :]
        return f"{before}[{words}]({target}){after}"

    def _image(self, element: HtmlElement) -> str:
        words = _escaped(_SPACES.sub(" ", element.get("alt") or "").strip()).replace("]", "\\]")
        if not words:
            return ""
        target = address_in_markdown(element.get("src"), self._base_url)
        return f"![{words}]({target})" if target else words

    def _list(self, element: HtmlElement, *, ordered: bool) -> list[str]:
        items: list[str] = []
        number = _whole_number(element.get("start"), otherwise=1)
        for child, _ in self._children(element):
            if child is None:
                continue
            if child.tag in _LISTS:  # A list directly in a list: browsers show it as one of the item above.
                nested = "\n".join(self._block(child))
                items.append("\n".join(f"  {line}" for line in nested.splitlines()))
                continue
            if child.tag != "li":
                items.extend(self._block(child) if child.tag in BLOCK_TAGS else [_paragraph(self._inline(child))])
                continue
            number = _whole_number(child.get("value"), otherwise=number)
            marker = f"{number}. " if ordered else "- "
            item = _indented(marker, " " * len(marker), self.blocks(child))
            number += 1 if item else 0
            items.extend(item)
        items = [item for item in items if item.strip()]
        return ["\n".join(items)] if items else []

    def _table(self, element: HtmlElement) -> list[str]:
        rows = [row for row in element.iter("tr") if _nearest_table(row) is element and not self._is_dropped(row)]
        cells = [[cell for cell in row if cell.tag in {"td", "th"} and not self._is_dropped(cell)] for row in rows]
        if _is_for_layout(element, cells):
            return self.blocks(element)
        caption = element.find("caption")
        pieces = self._block(caption) if caption is not None else []
        written = [line for line in ([text for cell in row for text in self._cell(cell)] for row in cells) if any(line)]
        if not written:
            return pieces
        width = min(max(map(len, written)), _COLUMNS_MAX)
        if all(row and row[0].tag == "th" and len(row) > 1 and row[-1].tag == "td" for row in cells):
            written.insert(0, [])  # Every row is headed at its left: there is no row of headings.
        lines = ["| " + " | ".join((row + [""] * width)[:width]) + " |" for row in written]
        lines.insert(1, "|" + " --- |" * width)
        return [*pieces, "\n".join(lines)]

    def _cell(self, cell: HtmlElement) -> list[str]:
        pieces: list[str] = []
        for piece in self.blocks(cell):
            lines = [line.strip() for line in piece.splitlines()]
            joint = "; " if lines and re.match(r"- |\d+\. ", lines[0]) else " "
            pieces.append(joint.join(line.removeprefix("- ") for line in lines if line))
        text = " ".join(pieces).replace("\\|", "|").replace("|", "\\|")
        spare_columns = _whole_number(cell.get("colspan"), otherwise=1) - 1
        return [text] + [""] * max(0, min(spare_columns, _COLUMNS_MAX))


def address_in_markdown(address: str | None, base_url: str | None) -> str | None:
    """A link's target as Markdown can hold it; none for what is no link to read (scripts, data, broken ones)."""
    address = re.sub(r"[\x00-\x20]+", " ", address or "").strip()
    try:
        scheme = urlsplit(address).scheme.lower()
        if base_url and scheme not in {"mailto", "tel"}:
            address = urljoin(base_url, address)
            scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return None
    if not address or scheme not in {"http", "https", "mailto", "tel", ""} or len(address) > 2_000:
        return None
    return quote(address, safe="!#$%&'*+,-./:;=?@_~[]").replace("[", "%5B").replace("]", "%5D")


def _elements_that_hold_blocks(root: HtmlElement) -> set[HtmlElement]:
    holding: set[HtmlElement] = set()
    for element in root.iter(*BLOCK_TAGS):
        for ancestor in element.iterancestors():
            if ancestor in holding:
                break
            holding.add(ancestor)
    return holding


def _holds_heading(element: HtmlElement) -> bool:
    return next(element.iter(*_HEADINGS), None) is not None


def _nearest_table(element: HtmlElement) -> HtmlElement | None:
    return next(element.iterancestors("table"), None)


def _is_for_layout(table: HtmlElement, cells: list[list[HtmlElement]]) -> bool:
    """Whether a table only places things on the page: nothing would be lost by reading it cell after cell."""
    if table.get("role") in {"presentation", "none"} or max(map(len, cells), default=0) < 2:
        return True
    return next(table.iterdescendants("table", "pre", *_HEADINGS), None) is not None


def _escaped(text: str | None) -> str:
    return _MARKDOWN_SIGN.sub(lambda sign: "\\" + sign.group(), _SPACES.sub(" ", text)) if text else ""


def _paragraph(line: str) -> str:
    line = _AROUND_BREAK.sub(_BREAK, _SPACES_NOT_BREAKS.sub(" ", line)).strip(" " + _BREAK).replace(_BREAK, "  \n")
    line = line.replace("****", "")
    return _LINE_START.sub(lambda start: f"\\{start[1]}" if start[1] else f"{start[2]}\\{start[3]}", line)


_SPACES_NOT_BREAKS = re.compile(r"[ \t]{2,}")


def _heading(level: int, words: str) -> list[str]:
    words = words.replace("**", "").strip()
    return [f"{'#' * level} {words}"] if words else []


def _wrapped(inside: str, sign: str) -> str:
    words = inside.strip(" " + _BREAK)
    if not words or sign in words or words.startswith("!["):
        return inside
    start = inside.index(words)
    return f"{inside[:start]}{sign}{words}{sign}{inside[start + len(words) :]}"


def _inline_code(words: str) -> str:
    if not words:
        return ""
    fence = "`" * (_longest_run(words) + 1)
    return f"{fence} {words} {fence}" if "`" in words else f"{fence}{words}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _indented(first: str, rest: str, pieces: list[str]) -> list[str]:
    """The pieces as one, its first line after `first` and every other after `rest`: a list item or a quotation."""
    if not pieces:
        return []
    text = pieces[0]
    for piece in pieces[1:]:
        is_nested_list = rest.isspace() and re.match(r"- |\d+\. ", piece)
        text += ("\n" if is_nested_list else "\n\n") + piece
    lines = text.splitlines()
    return ["\n".join([first + lines[0], *((rest + line).rstrip() for line in lines[1:])])]


def _whole_number(text: str | None, *, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text, re.ASCII) else otherwise
