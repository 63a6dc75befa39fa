"""The library: searches what a release has, and shows articles. The index in memory follows the store by itself."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from answerable.domain.errors import NotFound
from answerable.domain.knowledge import Article, Passage
from answerable.domain.releases import Revision
from answerable.inference.embedders import Embedder
from answerable.knowledge.index import IndexedPassage, Overlay, PassageIndex, SearchResult
from answerable.store import Store, articles, assets, releases
from answerable.store.articles import StoredPassage, VectoredPassage

PASSAGES_REMEMBERED = 4_000
NO_ARTICLE = "There is no such article."


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that a search found, with what a reader needs of its article."""

    passage_id: str
    article_id: str
    revision_id: str
    revision: int
    title: str
    heading_path: tuple[str, ...]
    url: str
    """Where it can be read: its own address, or its page in the help centre."""
    language: str
    text: str
    score: float
    lexical: float
    dense: float
    place: int = 0
    """Which of its article's passages it is, from 0."""
    keywords: tuple[str, ...] = ()
    """Of its article: what people call it who do not use its words."""


@dataclass(frozen=True, slots=True)
class FoundPassages:
    """What a search found, best first."""

    hits: tuple[Found, ...]
    confidence: float
    rarities: Mapping[str, float]
    """How much each word of the question tells."""


@dataclass(frozen=True, slots=True)
class ArticleInFull:
    """An article with its history and its pieces."""

    article: Article
    revisions: list[Revision]
    passages: list[Passage]


class Library:
    """What we know, as any release has it."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._index = PassageIndex(embedder)
        self._loaded_release = -1
        self._beside_line: set[int] = set()
        """The releases beside the line up to where it is loaded."""
        self._loading = asyncio.Lock()
        self._remembered: OrderedDict[str, StoredPassage] = OrderedDict()

    @property
    def passages(self) -> int:
        """How many passages the index holds, of all releases."""
        return len(self._index)

    async def load(self) -> None:
        """Brings the index up to the newest release of the line."""
        await self._catch_up(await self._store.read(releases.newest))

    async def search(
        self, query: str, *, release: int, limit: int, history: tuple[str, ...] = (), language: str | None = None
    ) -> FoundPassages:
        """The best passages for a question, as a release has them; what was said before helps to understand it."""
        if not self._can_search(release):
            await self._catch_up(release)
        result: SearchResult = await asyncio.to_thread(
            self._index.search, query, release=release, limit=limit, history=history, language=language
        )
        stored = await self._stored([hit.passage_id for hit in result.hits])
        hits = tuple(
            Found(
                passage_id=hit.passage_id,
                article_id=hit.article_id,
                revision_id=hit.revision_id,
                revision=stored[hit.passage_id].revision,
                title=stored[hit.passage_id].title,
                heading_path=stored[hit.passage_id].passage.heading_path,
                url=stored[hit.passage_id].url or f"/help/{stored[hit.passage_id].slug}",
                language=stored[hit.passage_id].language,
                text=stored[hit.passage_id].passage.text,
                score=hit.score,
                lexical=hit.lexical,
                dense=hit.dense,
                place=stored[hit.passage_id].passage.number,
                keywords=stored[hit.passage_id].keywords,
            )
            for hit in result.hits
        )
        return FoundPassages(hits, result.confidence, result.rarities)

    async def article(self, article_id: str, *, release: int | None = None) -> ArticleInFull:
        """An article as a release has it, or as it is now. Raises NotFound."""

        def look(db: Connection) -> ArticleInFull:
            at = release if release is not None else releases.newest(db)
            article = articles.one(db, article_id, at)
            if article is None:
                raise NotFound(NO_ARTICLE)
            return ArticleInFull(
                article, assets.revisions_of(db, article_id), articles.passages_of(db, article.revision_id)
            )

        return await self._store.read(look)

    async def article_by_slug(self, slug: str) -> Article:
        """An article as it is now, by its name in addresses. Raises NotFound."""

        def look(db: Connection) -> Article:
            article = articles.by_slug(db, slug, releases.newest(db))
            if article is None:
                raise NotFound(NO_ARTICLE)
            return article

        return await self._store.read(look)

    async def articles_in_force(self) -> list[Article]:
        """Every article as it is now, by section and title."""

        def look(db: Connection) -> list[Article]:
            return articles.all_in_force(db, releases.newest(db))

        return await self._store.read(look)

    async def search_newest(self, query: str, *, limit: int) -> FoundPassages:
        """The best passages as they are now."""
        return await self.search(query, release=await self._store.read(releases.newest), limit=limit)

    def _can_search(self, release: int) -> bool:
        is_on_line = release <= self._loaded_release and release not in self._beside_line
        return is_on_line or release in self._index.beside_line

    async def _catch_up(self, number: int) -> None:
        async with self._loading:
            release = await self._store.read(releases.by_number, number)
            if release is None or release.base is None:
                await self._load_line(number)
            elif number not in self._index.beside_line:
                await self._load_line(release.base)
                overlay, passages = await self._store.read(self._read_overlay, number, release.base)
                await asyncio.to_thread(self._index.add, passages)
                self._index.lay_over(number, overlay)

    async def _load_line(self, up_to: int) -> None:
        newest = min(up_to, await self._store.read(releases.newest))
        if newest > self._loaded_release:
            changed, beside = await self._store.read(self._read_changed, self._loaded_release, newest)
            await asyncio.to_thread(self._index.add, changed)
            self._loaded_release, self._beside_line = newest, beside

    def _read_changed(
        self, db: Connection, after_release: int, up_to_release: int
    ) -> tuple[list[IndexedPassage], set[int]]:
        found = articles.for_index(db, self._embedder.name, after_release=after_release, up_to_release=up_to_release)
        return [_indexed(each, up_to_release) for each in found], set(releases.beside_line(db))

    def _read_overlay(self, db: Connection, number: int, base: int) -> tuple[Overlay, list[IndexedPassage]]:
        laid_over = releases.laid_over(db, number)
        revision_ids = frozenset(each for each in laid_over.values() if each is not None)
        found = articles.of_revisions(db, self._embedder.name, revision_ids)
        passages = [_indexed(each, self._loaded_release) for each in found]
        return Overlay(base, frozenset(laid_over), revision_ids), passages

    async def _stored(self, passage_ids: list[str]) -> dict[str, StoredPassage]:
        found = {each: self._remembered[each] for each in passage_ids if each in self._remembered}
        missing = [each for each in passage_ids if each not in found]
        if missing:
            found |= await self._store.read(articles.passages_by_id, missing)
        for each in passage_ids:
            self._remembered[each] = found[each]
            self._remembered.move_to_end(each)
        while len(self._remembered) > PASSAGES_REMEMBERED:
            self._remembered.popitem(last=False)
        return found


def _indexed(each: VectoredPassage, up_to_release: int) -> IndexedPassage:
    stored = each.stored
    # What ends later than the index has been brought up to is found when it is brought further.
    ends = stored.to_release if stored.to_release is not None and stored.to_release <= up_to_release else None
    return IndexedPassage(
        passage_id=stored.passage.id,
        article_id=stored.passage.article_id,
        revision_id=stored.passage.revision_id,
        title=stored.title,
        heading_path=stored.passage.heading_path,
        text=stored.passage.text,
        language=stored.language,
        from_release=stored.from_release,
        to_release=ends,
        keywords=stored.keywords,
        vector=np.frombuffer(each.vector, dtype=np.float32) if each.vector is not None else None,
    )
