"""Reads an HTML page: its title, what it says as Markdown, and what it says about itself."""

import re
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin

from lxml import etree
from lxml.html import HtmlElement, HtmlElementClassLookup

from answerable.knowledge.importers.html_to_markdown import plain, to_markdown

# A tag of this many characters beside its quoted values is no page's; reading its attributes takes quadratic time.
_TAG_LENGTH_MAX = 16_000
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1|\Z)|<[a-zA-Z](?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+",
    re.DOTALL | re.IGNORECASE,
)

_ALWAYS_DROPPED = frozenset(
    "script style template noscript svg math canvas iframe object embed audio video map head title select textarea "
    "input progress meter dialog nav".split()
)
_DROPPED_ROLES = frozenset(
    "navigation banner contentinfo search dialog alertdialog complementary menu menubar toolbar tablist".split()
)
_NOISE = frozenset(
    "nav navbar navigation menu breadcrumb breadcrumbs cookie cookies consent gdpr sidebar toc footer pagination pager "
    "share sharing social newsletter subscribe feedback helpful votes vote rating comments comment related recommended "
    "popular promo advert ads modal popup overlay skip skiplink print copy clipboard headerlink anchorjs permalink "
    "lineno linenos gutter search searchbar tooltip byline author avatar backtotop".split()
)
_CALLOUTS = frozenset(
    "note tip warning info caution callout admonition alert hint important danger notice aside".split()
)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0*\.?0+\s*(?:[;p%e!]|$)", re.IGNORECASE
)
_HIDDEN_CLASSES = frozenset("visually-hidden visuallyhidden sr-only screen-reader-text screenreader".split())
_MAY_HIDE = re.compile(r"\s(?:hidden|style|class|aria-hidden)\b", re.IGNORECASE)
_OPENS = re.compile(r"""\baria-controls\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.IGNORECASE)
_WORD_IN_NAME = re.compile(r"[a-z]+")
_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE)
_HEADINGS_LOOKED_AT = 50
_TITLE_JOINT = re.compile(r"\s+(?:[|·•»–—]|::|-)\s+")


class UnreadablePage(Exception):
    """The page is built so that it cannot be read safely; the message says how."""


@dataclass(frozen=True, slots=True)
class Page:
    """What an HTML page says."""

    title: str
    """Empty where it names none."""
    text: str
    """Markdown, without the page's menus, banners and footers, and without the title."""
    language: str | None
    """As its `lang` attribute has it."""
    section: str | None
    """From its breadcrumbs."""
    canonical: str | None
    """The address that the page calls its own."""
    is_indexable: bool
    """False where it asks robots to leave it out."""


def read_page(html: str, *, base_url: str | None = None) -> Page:
    """What a page says. The text must be free of control characters (see `texts.clean`)."""
    document = _parsed(html)
    if document is None:
        return Page("", "", None, None, None, is_indexable=True)
    base_url = _base_of(document, base_url)
    root = _main_part(document)
    title = _title(document, root)
    text = _without_title(_Noise(root).written(base_url), title)
    return Page(
        title=title,
        text=text,
        language=_language(root),
        section=_section(document, title),
        canonical=_canonical(document, base_url),
        is_indexable=not _asks_to_be_left_out(document),
    )


def declared_encoding(content: bytes) -> str | None:
    """What a page says about its own encoding, near its start."""
    found = _CHARSET.search(content[:2_048])
    return found[1].decode("ascii") if found else None


def fragment_to_markdown(html: str, *, base_url: str | None = None) -> str:
    """The Markdown of a piece of HTML that is all content: a block in a Markdown file, a field of an export."""
    document = _parsed(html)
    return "" if document is None else _Noise(document, only_hidden=True).written(base_url)


def opened_later(text: str) -> set[str]:
    """The ids of what a button in a text can open."""
    return {name for found in _OPENS.findall(text) for names in found for name in names.split()}


def hides(tag: str, *, panels: set[str]) -> bool:
    """Whether an opening tag hides what stands in its element for good, and not until a button opens it."""
    document = _parsed(tag) if _MAY_HIDE.search(tag) else None
    return document is not None and any(_is_out_of_sight(element, panels) for element in document.iter())


def _parsed(html: str) -> HtmlElement | None:
    for tag in _TAG.finditer(html):
        if len(tag[0]) > _TAG_LENGTH_MAX and not tag[0].startswith("<!") and not tag[1]:
            bare_length = len(re.sub(r"\"[^\"]*+\"|'[^']*+'", "", tag[0]))
            if bare_length > _TAG_LENGTH_MAX:
                raise UnreadablePage(f"It has a tag of {bare_length:,} characters.")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_pis=True, remove_comments=True)
    parser.set_element_class_lookup(HtmlElementClassLookup())
    try:
        document: HtmlElement | None = etree.fromstring(html.encode(), parser)
    except etree.XMLSyntaxError:  # Nothing in it is markup or text.
        return None
    if any("depth" in entry.message for entry in parser.error_log.filter_from_fatals()):
        raise UnreadablePage("Its elements are nested more than 256 deep.")
    return document


def _main_part(document: HtmlElement) -> HtmlElement:
    """The element that holds the article: named so by the page, else the smallest that holds most of its words."""
    named = [part for part in document.iter("main") if not _is_hidden(part)]
    named = named or [part for part in document.iter() if part.get("role") == "main" and not _is_hidden(part)]
    root = max(named, key=_length, default=None)
    articles = list((document if root is None else root).iter("article"))
    largest = max(articles, key=_length, default=None)
    if largest is not None and _length(largest) >= 0.6 * sum(map(_length, articles)):
        within = _length(root) if root is not None else 0
        if _length(largest) >= 0.5 * within:
            root = largest
    if root is None:
        root = next(document.iter("body"), document)
    return _densest(root)


def _densest(root: HtmlElement) -> HtmlElement:
    """Goes down as long as one child holds four fifths of the words that are not in links or noise."""
    noise = _Noise(root)
    words: dict[HtmlElement, int] = {}

    def count(element: HtmlElement) -> int:
        total = len((element.text or "").strip())
        for child in element:
            if child.tag != "a" and not noise.is_dropped(child):
                total += count(child)
            total += len((child.tail or "").strip())
        words[element] = total
        return total

    count(root)
    while True:
        inner = max((child for child in root if child.tag in _CONTAINERS), key=lambda c: words.get(c, 0), default=None)
        if inner is None or not words.get(inner) or words[inner] < 0.8 * words[root]:
            return root
        root = inner


_CONTAINERS = frozenset("div section main article body td table tbody tr center form".split())


class _Noise:
    """Tells what in a part of a page is not its content."""

    def __init__(self, root: HtmlElement, *, only_hidden: bool = False) -> None:
        self._root = root
        self._only_hidden = only_hidden
        self._length = _length(root)
        self._panels = {name for element in root.iter() for name in (element.get("aria-controls") or "").split()}
        self._known: dict[HtmlElement, bool] = {}

    def written(self, base_url: str | None) -> str:
        """The Markdown of what is left."""
        return to_markdown(self._root, base_url=base_url, is_dropped=self.is_dropped)

    def is_dropped(self, element: HtmlElement) -> bool:
        """Whether it is left out, with everything in it."""
        if element not in self._known:
            self._known[element] = self._is_noise(element)
        return self._known[element]

    def _is_noise(self, element: HtmlElement) -> bool:  # noqa: PLR0911  (one rule a line, the first that fits)
        if element.tag in _ALWAYS_DROPPED or _is_out_of_sight(element, self._panels):
            return True
        if self._only_hidden:
            return False
        if element.tag == "button":
            return not self._is_button_with_content(element)
        if element.get("role") in _DROPPED_ROLES or _is_list_of_anchors(element):
            return True
        names = _names(element)
        if element.tag == "aside" and not names & _CALLOUTS and element.get("role") != "note":
            return True
        if element.tag in {"footer", "header"} and next(element.iter("h1", "h2"), None) is None:
            return True
        return bool(names & _NOISE) and not names & _CALLOUTS and _length(element) < 0.5 * self._length

    def _is_button_with_content(self, element: HtmlElement) -> bool:
        if element.get("aria-controls") or element.get("aria-expanded"):
            return bool(plain(element))
        parent = element.getparent()
        return (
            parent is not None
            and parent.tag in {"p", "li", "dt", "summary", "td"}
            and bool((parent.text or "").strip())
        )


def _is_out_of_sight(element: HtmlElement, panels: set[str]) -> bool:
    """Hidden for good: the closed panel of an accordion or a tab is hidden only until it is opened."""
    if not _is_hidden(element):
        return False
    opens_later = element.get("id") in panels or element.get("role") in {"tabpanel", "region"}
    return not opens_later and element.get("hidden") != "until-found"


def _is_hidden(element: HtmlElement) -> bool:
    if element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if _HIDDEN_STYLE.search(element.get("style") or ""):
        return True
    return not _HIDDEN_CLASSES.isdisjoint((element.get("class") or "").lower().split())


def _is_list_of_anchors(element: HtmlElement) -> bool:
    """Whether it is a table of contents: a list of nothing but links within the page."""
    if element.tag not in {"ul", "ol"}:
        return False
    links = [link for link in element.iter("a") if (link.get("href") or "").startswith("#")]
    return len(links) >= 2 and len(plain(element)) <= sum(len(plain(link)) + 2 for link in links)


def _names(element: HtmlElement) -> set[str]:
    return set(_WORD_IN_NAME.findall(f"{element.get('class') or ''} {element.get('id') or ''}".lower()))


def _length(element: HtmlElement) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _title(document: HtmlElement, root: HtmlElement) -> str:
    """The heading that the page's own title repeats, or that stands above the text; else that title."""
    own = _own_title(document)
    inside = _headings(root)
    headings = inside or _headings(document)
    for words in headings:
        if _letters(words) and _letters(words) in _letters(own):
            return words
    is_above_the_text = bool(inside) and _letters(plain(root)).startswith(_letters(inside[0]))
    if is_above_the_text or (len(headings) == 1 and not inside) or not own:
        return headings[0] if headings else own
    return own


def _headings(part: HtmlElement) -> list[str]:
    found = islice((heading for heading in part.iter("h1") if not _is_hidden(heading)), _HEADINGS_LOOKED_AT)
    return [words for heading in found if (words := _heading_words(heading))]


def _own_title(document: HtmlElement) -> str:
    """What the page says in its head, without the name of the site."""
    site_name = _meta(document, "og:site_name")
    element = next(document.iter("title"), None)
    title = _meta(document, "og:title") or (plain(element) if element is not None else "")
    parts = _TITLE_JOINT.split(title)
    if len(parts) > 1 and (site_name is None or parts[-1].lower() == site_name.lower()):
        title = title[: title.rindex(parts[-1])].rstrip(" |·•»–—:-")
    return title


def _letters(words: str) -> str:
    return re.sub(r"[\W_]+", "", words).casefold()


def _heading_words(heading: HtmlElement) -> str:
    noise = _Noise(heading)
    kept = to_markdown(heading, base_url=None, is_dropped=noise.is_dropped)
    return re.sub(r"[\\*`]|!?\[|\]\([^)]*\)", "", re.sub(r"\s+", " ", kept)).strip()


def _without_title(text: str, title: str) -> str:
    """A first heading that only repeats the title says nothing new."""
    first, _, rest = text.partition("\n")
    is_title = first.startswith("#") and _letters(first) == _letters(title)
    return rest.lstrip("\n") if is_title else text


def _language(root: HtmlElement) -> str | None:
    for element in (root, *root.iterancestors()):
        language = element.get("lang") or element.get("{http://www.w3.org/XML/1998/namespace}lang")
        if language:
            return str(language)
    return None


def _section(document: HtmlElement, title: str) -> str | None:
    for element in document.iter("nav", "ol", "ul", "div"):
        label = (element.get("aria-label") or "").lower()
        if "breadcrumb" in label or _names(element) & {"breadcrumb", "breadcrumbs"}:
            crumbs = [words for link in element.iter("a") if (words := plain(link)) and words != title]
            if len(crumbs) > 1:
                crumbs = crumbs[1:]  # The first leads home.
            return " / ".join(crumbs[:3])[:200] or None
    return _meta(document, "article:section")


def _canonical(document: HtmlElement, base_url: str | None) -> str | None:
    for link in document.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split() and link.get("href"):
            try:
                return urljoin(base_url or "", str(link.get("href")).strip())
            except ValueError:
                return None
    return None


def _base_of(document: HtmlElement, base_url: str | None) -> str | None:
    base = next(document.iter("base"), None)
    if base_url is None or base is None or not base.get("href"):
        return base_url
    try:
        return urljoin(base_url, str(base.get("href")).strip())
    except ValueError:
        return base_url


def _asks_to_be_left_out(document: HtmlElement) -> bool:
    contents = [_meta(document, name) or "" for name in ("robots", "answerable")]
    return any(is_left_out(content) for content in contents)


def is_left_out(robots: str) -> bool:
    """Whether a robots rule (of a page or a response header) asks not to be indexed."""
    return bool({"noindex", "none"} & set(re.split(r"[,\s:]+", robots.lower())))


def _meta(document: HtmlElement, name: str) -> str | None:
    for meta in document.iter("meta"):
        if name in {(meta.get("name") or "").lower(), (meta.get("property") or "").lower()}:
            return str(meta.get("content") or "").strip() or None
    return None
