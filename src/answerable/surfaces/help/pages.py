"""The help centre's pages, from the templates."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from answerable.domain.knowledge import Article
from answerable.surfaces.help.contents import Entry, Section
from answerable.surfaces.help.words import direction, language_name, words_in

HERE = Path(__file__).parent
STYLE = (HERE / "style.css").read_text()


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """An article that a search found, with the words that speak for it."""

    entry: Entry
    excerpt: str


class Pages:
    """Fills in the templates. Everything that is filled in is escaped, but for the article's clean HTML."""

    def __init__(self, company: str, style: str) -> None:
        self._company = company
        self._style_version = hashlib.sha256(style.encode()).hexdigest()[:12]
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["language_name"] = language_name

    def contents(self, language: str, languages: list[str], sections: list[Section], *, chosen: str | None) -> str:
        """The first page, or one section in full."""
        # The one piece of Markdown in our own words: a command.
        before, command, after = words_in(language).empty_why.split("`")
        empty_why = Markup("{}<code>{}</code>{}").format(before, command, after)
        return self._fill(
            "contents.html", language, languages=languages, sections=sections, chosen=chosen, empty_why=empty_why
        )

    def found(self, language: str, query: str, found: list[FoundArticle]) -> str:
        """What a search found."""
        return self._fill("found.html", language, query=query, found=found)

    def article(self, article: Article, html: str, *, translations: list[Entry], related: list[Entry]) -> str:
        """An article."""
        return self._fill(
            "article.html", article.language, article=article, html=html, translations=translations, related=related
        )

    def missing(self, language: str, why: str | None = None) -> str:
        """Instead of a page that is not there; `why` in place of the usual sentence."""
        return self._fill("missing.html", language, why=why)

    def _fill(self, name: str, language: str, **content: Any) -> str:
        shared = {"query": "", "company": self._company, "language": language, "style_version": self._style_version}
        words = words_in(language)
        return self._templates.get_template(name).render(
            {**shared, "words": words, "direction": direction(language), **content}
        )
