"""Articles come back in the same order from both databases."""

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.knowledge import Source
from answerable.domain.releases import Revision
from answerable.store import Store, articles, imports, releases

TITLES = {
    "How to reach us": "Write to us about a refund.",
    "The refund policy": "What holds.",
    "Refunds to your card": "How long it takes.",
    "refund a client": "Open the payment.",
    "Seats": "Nothing of the kind.",
}


def _publish(db: Connection) -> None:
    at = now()
    release = releases.ship(db, reason="A test.", author="Maya", at=at)
    source = imports.source_or_new(db, Source("src_1", "folder", "articles", at))
    for number, (title, text) in enumerate(TITLES.items()):
        article_id = f"art_{number}"
        articles.add(db, article_id=article_id, source_id=source.id, key=title, slug=article_id, at=at)
        revision = Revision(
            id=f"rev_{number}",
            asset_id=article_id,
            number=1,
            title=title,
            text=text,
            digest=title,
            author=release.author,
            reason=release.reason,
            from_release=release.number,
            to_release=None,
            created_at=at,
            language="en",
            section="",
        )
        articles.add_revision(db, revision, [])


def _titles(db: Connection, search: str, *, rows: int) -> list[str]:
    found: list[str] = []
    after = None
    while page := articles.page(db, search=search, source_id=None, language=None, after=after, limit=rows).articles:
        found += [each.title for each in page]
        after = page[-1].id
    return found


async def test_articles_whose_title_has_what_is_looked_for_come_first_over_all_pages(store: Store) -> None:
    await store.write(_publish)

    found, every = [await store.read(_titles, search, rows=2) for search in ("REFUND", "")]

    assert found == ["refund a client", "Refunds to your card", "The refund policy", "How to reach us"]
    assert every == ["How to reach us", "refund a client", "Refunds to your card", "Seats", "The refund policy"]
