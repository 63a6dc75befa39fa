"""What we know: articles, sources, imports, and a search to try."""

import time
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_202_ACCEPTED

from answerable import __version__
from answerable.api.desk import AtDesk, RepHere
from answerable.api.shapes import (
    ArticleDetail,
    ArticleRow,
    Articles,
    ImportRow,
    NewImport,
    PassageCard,
    RevisionRow,
    Search,
    SearchHit,
    SkippedRow,
    SourceRow,
    Status,
)
from answerable.domain.knowledge import Article, ImportReport
from answerable.store import articles, conversations, releases
from answerable.web import at_least
from answerable.web.requests import COUNTED

Words = Annotated[str, QueryParameter(max_length=2000)]
ReleaseNumber = Annotated[int | None, COUNTED]


@get("/search")
async def search(desk: AtDesk, q: Words, release: ReleaseNumber = None, limit: FromQuery[int] = 10) -> Search:
    """What the agent would find, with its scores."""
    at = release if release is not None else await desk.store.read(releases.newest)
    began = time.perf_counter_ns()
    found = await desk.library.search(q, release=at, limit=max(1, min(limit, 50)))
    return Search(
        query=q,
        release=at,
        confidence=found.confidence,
        hits=[
            SearchHit(
                passage_id=each.passage_id,
                article_id=each.article_id,
                revision_id=each.revision_id,
                revision=each.revision,
                title=each.title,
                heading_path=list(each.heading_path),
                url=each.url,
                text=each.text,
                score=each.score,
                lexical=each.lexical,
                dense=each.dense,
            )
            for each in found.hits
        ],
        duration_us=(time.perf_counter_ns() - began) // 1000,
    )


@get("/articles")
async def list_articles(
    desk: AtDesk,
    q: Words = "",
    source: FromQuery[str | None] = None,
    language: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> Articles:
    """A page of articles, as the newest release has them: by title, those first that have `q` in it."""
    size = max(1, min(limit, 200))
    page = await desk.store.read(
        articles.page, search=q.strip(), source_id=source, language=language, after=cursor, limit=size
    )
    following = page.articles[-1].id if len(page.articles) == size else None
    return Articles(items=[article_row(each) for each in page.articles], next=following, total=page.total)


@get("/articles/{article_id:str}")
async def one_article(desk: AtDesk, article_id: FromPath[str], release: ReleaseNumber = None) -> ArticleDetail:
    """An article with its revisions and passages."""
    found = await desk.library.article(article_id, release=release)
    return ArticleDetail(
        row=article_row(found.article),
        text=found.article.text,
        revisions=[
            RevisionRow(
                id=each.id,
                number=each.number,
                title=each.title,
                from_release=each.from_release,
                to_release=each.to_release,
                author=each.author,
                reason=each.reason,
                created_at=each.created_at,
            )
            for each in found.revisions
        ],
        passages=[
            PassageCard(id=each.id, number=each.number, heading_path=list(each.heading_path), text=each.text)
            for each in found.passages
        ],
    )


@get("/sources")
async def list_sources(desk: AtDesk) -> list[SourceRow]:
    """Where articles come from, with the last import of each."""
    found = await desk.store.read(articles.sources_with_imports)
    return [
        SourceRow(
            id=each.source.id,
            kind=each.source.kind,
            location=each.source.location,
            articles=each.articles,
            last_import=import_row(each.last_import) if each.last_import else None,
        )
        for each in found
    ]


@post("/imports", guards=[at_least("builder")], status_code=HTTP_202_ACCEPTED)
async def import_site(desk: AtDesk, rep: RepHere, data: JSONBody[NewImport]) -> ImportRow:
    """Begins to read a site; its progress is at the import's own address."""
    return import_row(await desk.importing.begin_site(data.url, author=rep.name))


@get("/imports/{import_id:str}")
async def one_import(desk: AtDesk, import_id: FromPath[str]) -> ImportRow:
    """What an import did, or has done so far."""
    return import_row(await desk.importing.report(import_id))


@get("/status")
async def status(desk: AtDesk) -> Status:
    """How the program is doing."""
    return Status(
        version=__version__,
        company=desk.company,
        release=await desk.store.read(releases.newest),
        model=desk.model_name,
        database=desk.store.database,
        articles=await desk.store.read(articles.count),
        passages=desk.library.passages,
        conversations=await desk.store.read(conversations.count),
        turns_waiting=await desk.store.read(conversations.running),
    )


def article_row(article: Article) -> ArticleRow:
    """An article in a list."""
    return ArticleRow(
        id=article.id,
        slug=article.slug,
        title=article.title,
        language=article.language,
        section=article.section,
        url=article.url,
        source_id=article.source_id,
        revision=article.revision,
        revised_at=article.revised_at,
        words=len(article.text.split()),
    )


def import_row(report: ImportReport) -> ImportRow:
    """What an import did."""
    return ImportRow(
        id=report.id,
        source_id=report.source_id,
        state=report.state,
        release=report.release,
        new=report.new,
        changed=report.changed,
        unchanged=report.unchanged,
        gone=report.gone,
        skipped=[SkippedRow(name=name, reason=reason) for name, reason in report.skipped],
        started_at=report.started_at,
        ended_at=report.ended_at,
    )


ROUTES = [search, list_articles, one_article, list_sources, import_site, one_import, status]
