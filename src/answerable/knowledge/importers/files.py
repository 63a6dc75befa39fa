"""Makes an article of one file, whether it lies in a folder or in an archive."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urljoin

from answerable.domain.knowledge import Draft
from answerable.knowledge.importers.front_matter import BrokenFrontMatter, FrontMatter
from answerable.knowledge.importers.html import UnreadablePage, declared_encoding, read_page
from answerable.knowledge.importers.importer import Skipped
from answerable.knowledge.importers.languages import LanguageTeller, tag, tag_in_name
from answerable.knowledge.importers.markdown import TITLE_LENGTH_MAX, read_markdown
from answerable.knowledge.importers.texts import NotText, decode, one_line

MARKDOWN_ENDINGS = frozenset((".md", ".markdown", ".mdx"))
HTML_ENDINGS = frozenset((".html", ".htm", ".xhtml"))
ENDINGS = MARKDOWN_ENDINGS | HTML_ENDINGS

OTHER_TEXTS = frozenset(
    ".txt .text .rst .adoc .asciidoc .textile .org .pdf .doc .docx .odt .rtf .pages .ppt .pptx .odp .xls .xlsx .ods "
    ".csv .epub .tex .wiki .zip .eml .msg".split()
)
"""What people may expect to be read, and is not; of pictures, styles and code nothing is said."""

_ORDER_IN_NAME = re.compile(r"^\d{1,4}[-_. ]+(?=\D)")
_LANGUAGE_AT_END = re.compile(r"[._]([A-Za-z]{2}(?:[-_][A-Za-z]{2,4})?)$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file stands in its folder or archive."""

    path: PurePosixPath

    @classmethod
    def of(cls, name: str) -> "Place":
        """The place of a file by its path from the top, in composed characters: the same on every system."""
        printable = name.encode("utf-8", "backslashreplace").decode()
        return cls(PurePosixPath(unicodedata.normalize("NFC", printable)))

    @property
    def key(self) -> str:
        """What makes it the same article next time."""
        return str(self.path)

    @property
    def ending(self) -> str:
        """`.md`, `.html` and so on."""
        return self.path.suffix.lower()

    @property
    def said_language(self) -> str | None:
        """From its name (`refunds.de.md`), or the innermost folder that is named by a language."""
        in_name = _LANGUAGE_AT_END.search(self.path.stem)
        names = ([in_name[1]] if in_name else []) + list(reversed(self.path.parent.parts))
        return next(filter(None, map(tag_in_name, names)), None)

    @property
    def title(self) -> str:
        """For an article that names none: the file's name, or the folder's where the file is its first page."""
        stem = _LANGUAGE_AT_END.sub("", self.path.stem) if self.said_language else self.path.stem
        is_first_page = stem.lower() in {"index", "readme", "_index"} and self.path.parent.name
        return in_words(self.path.parent.name if is_first_page else stem) or self.path.name

    def section(self, language: str) -> str | None:
        """The folders that it is in, without those that only say its language."""
        primary = language[:2]
        names = [name for name in self.path.parent.parts if (tag_in_name(name) or "")[:2] != primary]
        return " / ".join(filter(None, map(in_words, names)))[:200] or None


def in_words(name: str) -> str:
    """A file's or folder's name as people would write it: `02-pay-a-bill` is "Pay a bill"."""
    words = " ".join(re.sub(r"[-_\s]+", " ", _ORDER_IN_NAME.sub("", name)).split())
    return words[:1].upper() + words[1:]


def read_file(content: bytes, place: Place, teller: LanguageTeller, *, base_url: str | None) -> Draft | Skipped:
    """The article in a file, or why there is none."""
    try:
        if place.ending in HTML_ENDINGS:
            return _from_html(content, place, teller, base_url=base_url)
        return _from_markdown(content, place, teller, base_url=base_url)
    except (NotText, BrokenFrontMatter, UnreadablePage) as error:
        return Skipped(place.key, str(error))


def _from_markdown(content: bytes, place: Place, teller: LanguageTeller, *, base_url: str | None) -> Draft | Skipped:
    file = read_markdown(decode(content, teller), is_mdx=place.ending == ".mdx")
    if file.front.is_withdrawn:
        return Skipped(place.key, "It is marked as a draft, or as not published.", is_withdrawn=True)
    title = one_line(file.front.title or file.heading or place.title, length_max=TITLE_LENGTH_MAX)
    language = file.front.language or teller.language_of(title, file.text, said=place.said_language)
    return _draft(
        place, title, file.text, language, _address(file.front, base_url), file.front.section, file.front.keywords
    )


def _from_html(content: bytes, place: Place, teller: LanguageTeller, *, base_url: str | None) -> Draft | Skipped:
    page = read_page(decode(content, teller, declared=declared_encoding(content)))
    title = one_line(page.title or place.title, length_max=TITLE_LENGTH_MAX)
    language = teller.language_of(title, page.text, said=tag(page.language) or place.said_language)
    address = page.canonical if page.canonical and page.canonical.startswith(("https://", "http://")) else None
    return _draft(place, title, page.text, language, address, page.section)


def _draft(
    place: Place,
    title: str,
    text: str,
    language: str,
    address: str | None,
    section: str | None,
    keywords: tuple[str, ...] = (),
) -> Draft | Skipped:
    if not text.strip():
        return Skipped(place.key, "There is no text in it.")
    section = one_line(section, length_max=200) if section else place.section(language)
    # `reset-your-password.md` says what an article called "I cannot sign in" is about.
    known = {each.casefold() for each in (title, *keywords)}
    named = () if place.title.casefold() in known else (place.title,)
    return Draft(place.key, title, text, address, language, section, keywords + named)


def _address(front: FrontMatter, base_url: str | None) -> str | None:
    """Its address as the front matter has it, absolute; none where only a path is known and no site."""
    path = front.url or front.slug
    if path is None:
        return None
    try:
        address = urljoin(base_url.rstrip("/") + "/", path.lstrip("/")) if base_url else path
    except ValueError:
        return None
    return address if address.startswith(("https://", "http://")) and not address.isspace() else None
