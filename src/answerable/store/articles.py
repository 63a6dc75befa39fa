"""Queries about articles, their revisions and passages, as any release has them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, insert, literal, or_, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from answerable.domain.knowledge import Article, ImportReport, Passage, Source
from answerable.domain.releases import Asset, Revision
from answerable.store import assets
from answerable.store.assets import in_force_at, in_force_now
from answerable.store.imports import last_imports
from answerable.store.tables import articles, passages, releases, revisions, sources, vectors
from answerable.store.tables import assets as asset_rows

# SQLite takes at most 32,766 values in a statement.
IDS_A_QUERY = 5_000

_revised = articles.join(revisions, revisions.c.asset_id == articles.c.id)


@dataclass(frozen=True, slots=True)
class InForce:
    """An article of a source, as we have it and as its source last had it; one of the two may be nothing."""

    article_id: str
    title: str
    revision_id: str | None
    """The revision that is in force."""
    digest: str | None
    """Of that revision."""
    source_digest: str | None
    """Of what the last import took."""

    @property
    def is_the_sources(self) -> bool:
        """Whether what is in force is what the last import took, and no person has changed it since."""
        return self.digest == self.source_digest


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """A page of articles by title."""

    articles: list[Article]
    total: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source, how much came of it, and what its last import did."""

    source: Source
    articles: int
    last_import: ImportReport | None


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with what a search and a reader need of its article."""

    passage: Passage
    title: str
    keywords: tuple[str, ...]
    url: str | None
    slug: str
    language: str
    revision: int
    from_release: int | None
    to_release: int | None


@dataclass(frozen=True, slots=True)
class VectoredPassage:
    """A passage with its vector, if it has one for the embedder that was asked for."""

    stored: StoredPassage
    vector: bytes | None


# -- writing ---------------------------------------------------------------------------------------------------------


def of_source(db: Connection, source_id: str) -> dict[str, InForce]:
    """What is in force now of one source, or was when it was last imported, by key."""
    in_force = and_(revisions.c.asset_id == articles.c.id, in_force_now())
    rows = db.execute(
        select(
            articles.c.key,
            articles.c.id,
            articles.c.slug,
            revisions.c.id.label("revision_id"),
            revisions.c.title,
            revisions.c.digest,
            asset_rows.c.source_digest,
        )
        .join(asset_rows, asset_rows.c.id == articles.c.id)
        .outerjoin(revisions, in_force)
        .where(
            articles.c.source_id == source_id,
            or_(revisions.c.id.is_not(None), asset_rows.c.source_digest.is_not(None)),
        )
    )
    return {
        row.key: InForce(row.id, row.title or row.slug, row.revision_id, row.digest, row.source_digest) for row in rows
    }


def ever_of_source(db: Connection, source_id: str) -> dict[str, str]:
    """The ids of all articles that a source ever had, by key."""
    rows = db.execute(select(articles.c.key, articles.c.id).where(articles.c.source_id == source_id))
    return {row.key: row.id for row in rows}


def slugs_like(db: Connection, wanted: str) -> set[str]:
    """The slugs in use that begin so."""
    return set(db.execute(select(articles.c.slug).where(articles.c.slug.startswith(wanted, autoescape=True))).scalars())


def add(db: Connection, *, article_id: str, source_id: str, key: str, slug: str, at: datetime) -> None:
    """Keeps a new article, which is an asset; none of its revisions is there yet."""
    assets.add(db, Asset(article_id, "article", f"{source_id}/{key}", at))
    db.execute(insert(articles).values(id=article_id, source_id=source_id, key=key, slug=slug, created_at=at))


def add_revision(db: Connection, revision: Revision, cut: Sequence[tuple[Passage, str]]) -> None:
    """Keeps a revision and its passages, each with the digest of what its vector is made of."""
    assets.add_revision(db, revision)
    if cut:
        db.execute(
            insert(passages),
            [
                {
                    "id": passage.id,
                    "revision_id": passage.revision_id,
                    "article_id": passage.article_id,
                    "number": passage.number,
                    "heading_path": list(passage.heading_path),
                    "text": passage.text,
                    "start": passage.start,
                    "end": passage.end,
                    "vector_digest": vector_digest,
                }
                for passage, vector_digest in cut
            ],
        )


def copy_passages(db: Connection, revision_id: str, *, to: str) -> None:
    """Gives a revision the pieces of another one that has the same text."""
    rows = db.execute(select(passages).where(passages.c.revision_id == revision_id)).mappings().all()
    copies = [{**row, "id": passage_id(to, row["number"]), "revision_id": to} for row in rows]
    if copies:
        db.execute(insert(passages), copies)


def passage_id(revision_id: str, number: int) -> str:
    """The id of a revision's passage."""
    return f"{revision_id}.{number}"


def known_vectors(db: Connection, digests: Iterable[str], embedder: str) -> set[str]:
    """Which of these texts have a vector already."""
    found: set[str] = set()
    for some in _portions(digests):
        query = select(vectors.c.digest).where(vectors.c.embedder == embedder, vectors.c.digest.in_(some))
        found.update(db.execute(query).scalars())
    return found


def add_vectors(db: Connection, embedder: str, made: Sequence[tuple[str, bytes]]) -> None:
    """Keeps vectors by the digest of their text; the same text twice is one."""
    if not made:
        return
    dialect = sqlite if db.dialect.name == "sqlite" else postgresql
    rows = [{"digest": digest, "embedder": embedder, "vector": vector} for digest, vector in made]
    db.execute(dialect.insert(vectors).on_conflict_do_nothing(), rows)


# -- reading ---------------------------------------------------------------------------------------------------------


def for_index(db: Connection, embedder: str, *, after_release: int, up_to_release: int) -> Iterator[VectoredPassage]:
    """Every passage whose time began or ended after one release and up to another."""
    changed = or_(
        and_(revisions.c.from_release > after_release, revisions.c.from_release <= up_to_release),
        and_(revisions.c.to_release > after_release, revisions.c.to_release <= up_to_release),
    )
    of_text = and_(vectors.c.digest == passages.c.vector_digest, vectors.c.embedder == embedder)
    query = _stored().add_columns(vectors.c.vector).outerjoin(vectors, of_text).where(changed).order_by(passages.c.id)
    for row in db.execution_options(yield_per=1000).execute(query):
        yield VectoredPassage(_as_stored(row), row.vector)


def of_revisions(db: Connection, embedder: str, revision_ids: Iterable[str]) -> Iterator[VectoredPassage]:
    """Every passage of some revisions."""
    of_text = and_(vectors.c.digest == passages.c.vector_digest, vectors.c.embedder == embedder)
    query = _stored().add_columns(vectors.c.vector).outerjoin(vectors, of_text).order_by(passages.c.id)
    for some in _portions(revision_ids):
        for row in db.execute(query.where(passages.c.revision_id.in_(some))):
            yield VectoredPassage(_as_stored(row), row.vector)


def article(db: Connection, article_id: str) -> tuple[str, str] | None:
    """An article's source and key, whether any release has it or not."""
    row = db.execute(select(articles.c.source_id, articles.c.key).where(articles.c.id == article_id)).one_or_none()
    return (row.source_id, row.key) if row else None


def without_vector(db: Connection, embedder: str) -> list[tuple[str, StoredPassage]]:
    """Passages in force or of candidates without a vector of this embedder, with the digest that it shall have."""
    of_text = and_(vectors.c.digest == passages.c.vector_digest, vectors.c.embedder == embedder)
    query = (
        _stored()
        .add_columns(passages.c.vector_digest)
        .outerjoin(vectors, of_text)
        .where(vectors.c.digest.is_(None), revisions.c.to_release.is_(None))
    )
    return [(row.vector_digest, _as_stored(row)) for row in db.execute(query)]


def passages_by_id(db: Connection, passage_ids: Iterable[str]) -> dict[str, StoredPassage]:
    """Several passages, by their ids."""
    found: dict[str, StoredPassage] = {}
    for some in _portions(passage_ids):
        found |= {row.id: _as_stored(row) for row in db.execute(_stored().where(passages.c.id.in_(some)))}
    return found


def one(db: Connection, article_id: str, release: int) -> Article | None:
    """An article as a release has it."""
    row = db.execute(_article().where(articles.c.id == article_id, in_force_at(release))).one_or_none()
    return _as_article(row) if row else None


def by_slug(db: Connection, slug: str, release: int) -> Article | None:
    """An article by its name in addresses, as a release has it."""
    row = db.execute(_article().where(articles.c.slug == slug, in_force_at(release))).one_or_none()
    return _as_article(row) if row else None


def all_in_force(db: Connection, release: int) -> list[Article]:
    """Every article that a release has, by section and title."""
    query = _article().where(in_force_at(release)).order_by(revisions.c.section, revisions.c.title, articles.c.id)
    return [_as_article(row) for row in db.execute(query)]


def page(
    db: Connection, *, search: str, source_id: str | None, language: str | None, after: str | None, limit: int
) -> ArticlePage:
    """A page of the articles in force now, beginning after the article of that id.

    By title; with a search, first those whose title begins with it, then those that have it in their title.
    """
    wanted: list[ColumnElement[bool]] = [in_force_now()]
    if search:
        found = (column.icontains(search, autoescape=True) for column in (revisions.c.title, revisions.c.text))
        wanted.append(or_(*found))
    if source_id:
        wanted.append(articles.c.source_id == source_id)
    if language:
        wanted.append(revisions.c.language == language)
    total = db.execute(select(func.count()).select_from(_revised).where(*wanted)).scalar_one()
    order = _rank(search), func.lower(revisions.c.title)
    if after:
        last = db.execute(select(*order).where(revisions.c.asset_id == after, in_force_now())).one_or_none()
        if last is not None:
            wanted.append(tuple_(*order, articles.c.id) > tuple_(last[0], last[1], after))
    query = _article().where(*wanted).order_by(*order, articles.c.id).limit(limit)
    return ArticlePage([_as_article(row) for row in db.execute(query)], total)


def _rank(search: str) -> ColumnElement[int]:
    """Where an article stands among those that have the words: 0 where its title begins with them."""
    if not search:
        return literal(0)
    title = revisions.c.title
    return case((title.istartswith(search, autoescape=True), 0), (title.icontains(search, autoescape=True), 1), else_=2)


def count(db: Connection) -> int:
    """How many articles are in force now."""
    return db.execute(select(func.count()).select_from(_revised).where(in_force_now())).scalar_one()


def passages_of(db: Connection, revision_id: str) -> list[Passage]:
    """The pieces of a revision, in order."""
    query = select(passages).where(passages.c.revision_id == revision_id).order_by(passages.c.number)
    return [_as_passage(row) for row in db.execute(query)]


def sources_with_imports(db: Connection) -> list[SourceState]:
    """All sources, oldest first."""
    counted: dict[str, int] = dict(
        db.execute(
            select(articles.c.source_id, func.count())
            .join(revisions, revisions.c.asset_id == articles.c.id)
            .where(in_force_now())
            .group_by(articles.c.source_id)
        ).all()
    )
    last = last_imports(db)
    found = [Source(**row._mapping) for row in db.execute(select(sources).order_by(sources.c.created_at, sources.c.id))]
    return [SourceState(each, counted.get(each.id, 0), last.get(each.id)) for each in found]


def _article() -> Any:
    return (
        select(
            articles.c.id,
            articles.c.source_id,
            articles.c.key,
            articles.c.slug,
            revisions.c.id.label("revision_id"),
            revisions.c.number.label("revision"),
            revisions.c.title,
            revisions.c.text,
            revisions.c.url,
            revisions.c.language,
            revisions.c.section,
            revisions.c.from_release,
            func.coalesce(releases.c.created_at, revisions.c.created_at).label("revised_at"),
        )
        .join(revisions, revisions.c.asset_id == articles.c.id)
        .outerjoin(releases, releases.c.number == revisions.c.from_release)
    )


def _as_article(row: Any) -> Article:
    return Article(**row._mapping)


def _stored() -> Any:
    return (
        select(
            passages,
            articles.c.slug,
            revisions.c.title,
            revisions.c.keywords,
            revisions.c.url,
            revisions.c.language,
            revisions.c.number.label("revision"),
            revisions.c.from_release,
            revisions.c.to_release,
        )
        .join(revisions, revisions.c.id == passages.c.revision_id)
        .join(articles, articles.c.id == passages.c.article_id)
    )


def _as_stored(row: Any) -> StoredPassage:
    return StoredPassage(
        passage=_as_passage(row),
        title=row.title,
        keywords=tuple(row.keywords),
        url=row.url,
        slug=row.slug,
        language=row.language,
        revision=row.revision,
        from_release=row.from_release,
        to_release=row.to_release,
    )


def _as_passage(row: Any) -> Passage:
    return Passage(
        id=row.id,
        revision_id=row.revision_id,
        article_id=row.article_id,
        number=row.number,
        heading_path=tuple(row.heading_path),
        text=row.text,
        start=row.start,
        end=row.end,
    )


def _portions(ids: Iterable[str]) -> Iterator[list[str]]:
    every = list(ids)
    for start in range(0, len(every), IDS_A_QUERY):
        yield every[start : start + IDS_A_QUERY]
