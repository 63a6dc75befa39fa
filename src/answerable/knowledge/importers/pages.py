"""Makes an article of one page of a site."""

from answerable.domain.knowledge import Draft
from answerable.knowledge.importers.addresses import normal, without_variants, words_of_path
from answerable.knowledge.importers.fetching import Fetched
from answerable.knowledge.importers.files import in_words
from answerable.knowledge.importers.front_matter import BrokenFrontMatter
from answerable.knowledge.importers.html import UnreadablePage, declared_encoding, is_left_out, read_page
from answerable.knowledge.importers.importer import Skipped
from answerable.knowledge.importers.languages import LanguageTeller, tag, tag_in_name
from answerable.knowledge.importers.markdown import TITLE_LENGTH_MAX, read_markdown
from answerable.knowledge.importers.texts import NotText, decode, one_line

_HTML = frozenset(("text/html", "application/xhtml+xml", ""))
_MARKDOWN = frozenset(("text/markdown", "text/x-markdown"))
_NO_SECTION = frozenset("help docs doc hc articles article kb support knowledge faq guide guides www".split())


def read_fetched(fetched: Fetched, content: bytes, teller: LanguageTeller) -> Draft | Skipped:
    """The article on a page, or why there is none."""
    kind, _, parameters = fetched.headers.get("content-type", "").partition(";")
    kind = kind.strip().lower()
    declared = parameters.lower().partition("charset=")[2].split(";")[0].strip(" \"'") or None
    if is_left_out(fetched.headers.get("x-robots-tag", "")):
        return _left_out(fetched.address)
    try:
        if kind in _HTML:
            return _from_html(fetched.address, content, declared, teller)
        if kind in _MARKDOWN:
            return _from_markdown(fetched.address, content, declared, teller)
    except (NotText, UnreadablePage, BrokenFrontMatter) as error:
        return Skipped(fetched.address, str(error))
    return Skipped(fetched.address, f"It is {kind[:80]}, and no page to read.")


def _from_html(address: str, content: bytes, declared: str | None, teller: LanguageTeller) -> Draft | Skipped:
    page = read_page(decode(content, teller, declared=declared or declared_encoding(content)), base_url=address)
    if not page.is_indexable:
        return _left_out(address)
    key = address
    if page.canonical and without_variants(page.canonical) == without_variants(address):
        key = normal(page.canonical, base=address)  # The same page, in the spelling that the site prefers.
    title = one_line(page.title or _title_of(address), length_max=TITLE_LENGTH_MAX)
    said = tag(page.language) or _said_language(address)
    return _draft(key, title, page.text, teller.language_of(title, page.text, said=said), page.section)


def _from_markdown(address: str, content: bytes, declared: str | None, teller: LanguageTeller) -> Draft | Skipped:
    file = read_markdown(decode(content, teller, declared=declared))
    title = one_line(file.front.title or file.heading or _title_of(address), length_max=TITLE_LENGTH_MAX)
    language = file.front.language or teller.language_of(title, file.text, said=_said_language(address))
    return _draft(address, title, file.text, language, file.front.section)


def _draft(address: str, title: str, text: str, language: str, section: str | None) -> Draft | Skipped:
    if not text.strip():
        return Skipped(address, "There is no text on it that can be read without running its scripts.")
    section = one_line(section or _section_of(address, language) or "", length_max=200) or None
    return Draft(key=address, title=title, text=text, url=address, language=language, section=section)


def _left_out(address: str) -> Skipped:
    return Skipped(address, "It asks robots to leave it out (noindex).", is_withdrawn=True)


def _title_of(address: str) -> str:
    names = words_of_path(address)
    return in_words(names[-1].partition(".")[0]) if names and in_words(names[-1].partition(".")[0]) else address


def _said_language(address: str) -> str | None:
    return next(filter(None, map(tag_in_name, reversed(words_of_path(address)[:-1]))), None)


def _section_of(address: str, language: str) -> str | None:
    """The last folder of its address that says something."""
    for name in reversed(words_of_path(address)[:-1]):
        is_language = (tag_in_name(name) or "")[:2] == language[:2]
        if name.lower() not in _NO_SECTION and not is_language and not name.isdecimal():
            return in_words(name)
    return None
