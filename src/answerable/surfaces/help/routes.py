"""The routes of the help centre."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from litestar import MediaType, Request, Response, Router, get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.status_codes import HTTP_404_NOT_FOUND

from answerable.domain.errors import NotFound
from answerable.domain.knowledge import Article
from answerable.surfaces.help.contents import (
    Contents,
    Entry,
    choose_language,
    languages_of,
    sections_of,
    translations_of,
)
from answerable.surfaces.help.markdown import file_linked, html_of, plain
from answerable.surfaces.help.pages import STYLE, FoundArticle, Pages
from answerable.surfaces.help.words import WORDS

EXCERPT_CHARACTERS_MAX = 220
FOUND_MAX = 10
NEARNESS_MIN = 0.3
"""Of a passage that has none of the words; what is further away in meaning is no find, only the least bad."""
RELATED_MAX = 4
SPOKEN = tuple(WORDS)
"""The languages of the help centre's own words, for where there is nothing else to choose from."""
YEAR_SECONDS = 31_536_000

Query = Annotated[str, QueryParameter(max_length=500)]


class Hit(Protocol):
    """A passage that a search found."""

    @property
    def article_id(self) -> str:
        """The article that it is from."""

    @property
    def text(self) -> str:
        """Its words, as Markdown."""

    @property
    def lexical(self) -> float:
        """How well its words fit; 0 where it has none of those that were asked for."""

    @property
    def dense(self) -> float:
        """How near its meaning is."""


@dataclass(frozen=True, slots=True)
class HelpDoor:
    """What the help centre needs."""

    company: str
    articles_in_force: Callable[[], Awaitable[Sequence[Article]]]
    article_by_slug: Callable[[str], Awaitable[Article]]
    """Raises NotFound."""
    search: Callable[[str], Awaitable[Sequence[Hit]]]
    """The best passages as they are now, best first."""
    font_faces: str = ""
    """`@font-face` rules of the families that the style sheet names; where they lack, it names others."""


def help_routes(door: HelpDoor) -> Router:
    """The help centre."""
    contents = Contents(door.articles_in_force)
    sheet = door.font_faces + STYLE
    pages = Pages(door.company, sheet)

    @get("/", include_in_schema=False)
    async def front(
        request: Request[Any, Any, Any],
        q: Query = "",
        lang: FromQuery[str | None] = None,
        section: FromQuery[str | None] = None,
    ) -> Response[str]:
        entries = await contents.entries()
        languages = languages_of(entries)
        language = choose_language(languages or SPOKEN, lang, request.headers.get("accept-language", ""))
        if q.strip():
            found = await _found(door, entries, q.strip())
            return _page(pages.found(language, q.strip(), found))
        sections = sections_of(entries, language)
        chosen = [each for each in sections if section and each.name == section]
        return _page(pages.contents(language, languages, chosen or sections, chosen=section if chosen else None))

    @get("/{slug:str}", include_in_schema=False)
    async def article(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[str]:
        entries = await contents.entries()
        try:
            shown = await door.article_by_slug(slug)
        except NotFound:
            accepted = request.headers.get("accept-language", "")
            language = choose_language(languages_of(entries) or SPOKEN, None, accepted)
            return _page(pages.missing(language), status=HTTP_404_NOT_FOUND)
        html = html_of(shown.text, shown.title, lambda href: _page_of_file(entries, shown, href))
        return _page(
            pages.article(
                shown,
                html,
                translations=translations_of(shown, entries),
                related=await _related(door, entries, shown),
            )
        )

    @get("/style.css", media_type="text/css", include_in_schema=False, sync_to_thread=False)
    def style() -> Response[str]:
        # The pages name it with a hash of its content.
        headers = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"}
        return Response(sheet, media_type="text/css", headers=headers)

    return Router("/help", route_handlers=[front, article, style])


def missing_page(door: HelpDoor) -> Callable[[str, str | None], str]:
    """The page for any address without one, by the languages that a browser accepts and why it is missing, if known."""
    pages = Pages(door.company, door.font_faces + STYLE)

    def page(accepted: str, why: str | None) -> str:
        return pages.missing(choose_language(SPOKEN, None, accepted), why)

    return page


async def _found(door: HelpDoor, entries: Sequence[Entry], query: str) -> list[FoundArticle]:
    found = await _best_passages(door, entries, query)
    return [FoundArticle(entry, plain(hit.text, EXCERPT_CHARACTERS_MAX)) for entry, hit in found]


async def _related(door: HelpDoor, entries: Sequence[Entry], article: Article) -> list[Entry]:
    found = [entry for entry, _ in await _best_passages(door, entries, article.title)]
    related = [entry for entry in found if entry.id != article.id and entry.language == article.language]
    return related[:RELATED_MAX]


async def _best_passages(door: HelpDoor, entries: Sequence[Entry], query: str) -> list[tuple[Entry, Hit]]:
    """The articles that a search found, best first, each with its best passage."""
    by_id = {entry.id: entry for entry in entries}
    best: dict[str, Hit] = {}
    for hit in await door.search(query):
        if hit.lexical > 0 or hit.dense >= NEARNESS_MIN:
            best.setdefault(hit.article_id, hit)
    return [(by_id[article_id], hit) for article_id, hit in best.items() if article_id in by_id][:FOUND_MAX]


def _page_of_file(entries: Sequence[Entry], article: Article, href: str) -> str | None:
    key = file_linked(article.key, href)
    for entry in entries:
        if entry.source_id == article.source_id and key in (entry.key, entry.key.rpartition(".")[0]):
            return f"/help/{entry.slug}"
    return None


def _page(html: str, *, status: int = 200) -> Response[str]:
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
    return Response(html, media_type=MediaType.HTML, status_code=status, headers=headers)
