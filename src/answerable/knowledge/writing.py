"""Articles as they are kept: cut into passages, each with its vector, as the next revision of their asset.

`Writing.prepared(drafts)` does what takes long, outside of any transaction; `keep_article` is the rest of it.
"""

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from answerable.domain.ids import new_id
from answerable.domain.knowledge import Draft, Passage
from answerable.domain.releases import Revision
from answerable.inference.embedders import Embedder
from answerable.knowledge.embedding import passage_vectors, text_to_embed
from answerable.knowledge.importers.importer import digest
from answerable.knowledge.passages import PassageSpan, cut_passages
from answerable.store import Store, articles, assets

TEXTS_A_BATCH = 64
SLUG_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage to be."""

    span: PassageSpan
    embedded: str
    """What becomes its vector."""
    vector_digest: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """An article whose passages are cut, and whose vectors are there."""

    draft: Draft
    pieces: tuple[Piece, ...]


class Writing:
    """Makes articles ready to be kept."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder

    async def prepared(self, drafts: Sequence[Draft]) -> list[Prepared]:
        """Articles with their passages and vectors. The vectors stay kept, whatever becomes of the articles."""
        cut = await asyncio.to_thread(lambda: [Prepared(draft, _cut(draft)) for draft in drafts])
        await self.embed({piece.vector_digest: piece.embedded for each in cut for piece in each.pieces})
        return cut

    async def embed(self, texts: dict[str, str]) -> None:
        """Makes and keeps the vectors of some texts, by their digests, that are not there yet."""
        known = await self._store.read(articles.known_vectors, list(texts), self._embedder.name)
        missing = [vector_digest for vector_digest in texts if vector_digest not in known]
        for start in range(0, len(missing), TEXTS_A_BATCH):
            digests = missing[start : start + TEXTS_A_BATCH]
            made = await asyncio.to_thread(passage_vectors, self._embedder, [texts[each] for each in digests])
            rows = [(each, vector.tobytes()) for each, vector in zip(digests, made, strict=True)]
            await self._store.write(articles.add_vectors, self._embedder.name, rows)


def keep_article(
    db: Connection,
    source_id: str,
    prepared: Prepared,
    *,
    article_id: str | None,
    from_release: int | None,
    author: str,
    reason: str,
    at: datetime,
) -> Revision:
    """Keeps an article as the next revision of its asset, or as the first one of a new asset."""
    draft = prepared.draft
    if article_id is None:
        article_id = new_id("art")
        slug = _free_slug(db, draft.title)
        articles.add(db, article_id=article_id, source_id=source_id, key=draft.key, slug=slug, at=at)
    revision = Revision(
        id=new_id("rev"),
        asset_id=article_id,
        number=assets.last_number(db, article_id) + 1,
        title=draft.title,
        text=draft.text,
        digest=digest(draft),
        author=author,
        reason=reason,
        from_release=from_release,
        to_release=None,
        created_at=at,
        url=draft.url,
        language=draft.language,
        section=draft.section,
        keywords=draft.keywords,
    )
    articles.add_revision(db, revision, [(_passage(revision, piece), piece.vector_digest) for piece in prepared.pieces])
    return revision


def slugified(title: str) -> str:
    """A title as part of an address: letters and digits of any language, joined by hyphens."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", title.lower()) if not unicodedata.combining(sign))
    slug = "-".join(re.findall(r"[^\W_]+", plain))[:SLUG_CHARACTERS].strip("-")
    return slug or "article"


def _cut(draft: Draft) -> tuple[Piece, ...]:
    pieces = []
    for span in cut_passages(draft.text):
        embedded = text_to_embed(draft.title, span.heading_path, span.text)
        pieces.append(Piece(span, embedded, hashlib.sha256(embedded.encode()).hexdigest()))
    return tuple(pieces)


def _passage(revision: Revision, piece: Piece) -> Passage:
    return Passage(
        id=articles.passage_id(revision.id, piece.span.number),
        revision_id=revision.id,
        article_id=revision.asset_id,
        number=piece.span.number,
        heading_path=piece.span.heading_path,
        text=piece.span.text,
        start=piece.span.start,
        end=piece.span.end,
    )


def _free_slug(db: Connection, title: str) -> str:
    wanted = slugified(title)
    taken = articles.slugs_like(db, wanted)
    if wanted not in taken:
        return wanted
    return next(slug for count in range(2, len(taken) + 3) if (slug := f"{wanted}-{count}") not in taken)
