"""Importing: compares what an importer reads with what we have, and ships the difference as one release.

The same source again and again makes no duplicates: an article is known by its key, and whether it changed by the
digest of all that is shown of it. An import is whole or nothing: until its one transaction, nobody sees any of it.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.errors import AnswerableError, Conflict, Invalid, NotFound
from answerable.domain.ids import new_id
from answerable.domain.knowledge import Draft, ImportReport, Source
from answerable.domain.releases import Release
from answerable.inference.embedders import Embedder
from answerable.knowledge.embedding import text_to_embed
from answerable.knowledge.importers.importer import Importer, Item, RollCall, Skipped, Unchanged, digest
from answerable.knowledge.writing import Prepared, Writing, keep_article
from answerable.store import Store, articles, assets, imports, releases
from answerable.store.articles import InForce

log = logging.getLogger(__name__)

SKIPPED_KEPT_MAX = 500
# An import that gave no sign of life for so long was cut off.
SILENCE_MAX = timedelta(seconds=30)
SIGN_OF_LIFE_SECONDS = 5.0
REPORT_EVERY = 20
CHANGED_ON_BOTH_SIDES = (
    "“{title}” was changed here by a person, and has now changed at its source as well. What is here stays. To take "
    "what the source has, take the change back here and import again."
)
GONE_AND_CHANGED = "It is gone at its source, and was changed here by a person: what is here stays."

Progress = Callable[[ImportReport], None]


@dataclass(slots=True)
class _Comparison:
    """What is read, beside what is in force."""

    before: dict[str, InForce]
    changed: list[Draft] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    roll_call: RollCall = field(default_factory=RollCall)
    new: int = 0
    unchanged: int = 0

    def take(self, item: Item) -> None:
        """Sorts one thing into new, changed, unchanged or skipped."""
        self.roll_call.note(item)
        if isinstance(item, Skipped):
            self.skipped.append((item.name, item.reason))
            return
        known = self.before.get(item.key)
        if isinstance(item, Unchanged) or (known is not None and digest(item) in (known.source_digest, known.digest)):
            self.unchanged += 1
        elif known is None or known.is_the_sources:
            self.new += known is None
            self.changed.append(item)
        else:
            self.skipped.append((item.key, CHANGED_ON_BOTH_SIDES.format(title=known.title)))

    @property
    def gone(self) -> list[InForce]:
        """What is in force and is not there any more. What could not be read this time stays as it was."""
        return [each for each in self._not_there if each.is_the_sources]

    @property
    def gone_but_kept(self) -> list[InForce]:
        """What is not there any more and stays as it is here: a person has changed it since it was imported."""
        return [each for each in self._not_there if not each.is_the_sources]

    @property
    def _not_there(self) -> list[InForce]:
        known = [self.before[key] for key in self.roll_call.gone(self.before)]
        return [each for each in known if each.source_digest is not None]


class Importing:
    """Imports from any source."""

    def __init__(self, store: Store, embedder: Embedder, site_importer: Callable[[str], Importer]) -> None:
        """`site_importer` reads a site by its address."""
        self._store = store
        self._writing = Writing(store, embedder)
        self._embedder = embedder
        self._site_importer = site_importer
        self._under_way: set[asyncio.Task[ImportReport]] = set()

    async def begin_site(self, url: str, *, author: str) -> ImportReport:
        """Begins to import a site and gives the report to follow. Raises Invalid, Conflict."""
        if not re.match(r"https?://[^/\s]+", url):
            raise Invalid("Give the whole address of the site or of its sitemap, beginning with https://.")
        importer = self._site_importer(url)
        report = await self._begin(importer)
        task = asyncio.create_task(self._go_on(report, importer, author=author))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return report

    async def run(self, importer: Importer, *, author: str, progress: Progress | None = None) -> ImportReport:
        """Imports a source and gives what was done. Raises Conflict if an import of it is under way."""
        report = await self._begin(importer)
        return await self._go_on(report, importer, author=author, progress=progress)

    async def report(self, import_id: str) -> ImportReport:
        """What an import did, or has done so far. Raises NotFound."""
        found = await self._store.read(imports.by_id, import_id)
        if found is None:
            raise NotFound("There is no such import.")
        return found

    async def close(self) -> None:
        """Ends imports under way; nothing of them is kept."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def embed_missing(self) -> int:
        """Gives a vector to every passage in force that has none of this embedder's; says how many."""
        missing = await self._store.read(articles.without_vector, self._embedder.name)
        texts = {
            vector_digest: text_to_embed(each.title, each.passage.heading_path, each.passage.text)
            for vector_digest, each in missing
        }
        await self._writing.embed(texts)
        return len(missing)

    async def _begin(self, importer: Importer) -> ImportReport:
        kind, location = importer.kind, importer.location

        def begin(db: Connection) -> ImportReport:
            at = now()
            source = imports.source_or_new(db, Source(new_id("src"), kind, location, at))
            report = ImportReport(new_id("imp"), source.id, "running", None, 0, 0, 0, 0, (), at, None)
            imports.begin(db, report, silent_since=at - SILENCE_MAX)
            return report

        return await self._store.write(begin)

    async def _go_on(
        self, report: ImportReport, importer: Importer, *, author: str, progress: Progress | None = None
    ) -> ImportReport:
        living = asyncio.create_task(self._show_life(report.id))
        try:
            return await self._import(report, importer, author=author, progress=progress)
        except AnswerableError as error:
            failed = _ended(report, "failed", skipped=(("", str(error)),))
        except asyncio.CancelledError:
            await self._fail(_ended(report, "failed", skipped=(("", "It was stopped; nothing was changed."),)))
            raise
        except Exception:
            log.exception("Import %s failed.", report.id)
            failed = _ended(report, "failed", skipped=(("", "Something went wrong on our side; nothing was changed."),))
        finally:
            living.cancel()
        await self._fail(failed)
        return failed

    async def _fail(self, failed: ImportReport) -> None:
        with suppress(Conflict):  # It was taken for cut off, and counts as failed already.
            await self._store.write(imports.keep, failed, now())

    async def _show_life(self, import_id: str) -> None:
        while True:
            await asyncio.sleep(SIGN_OF_LIFE_SECONDS)
            try:
                await self._store.write(imports.seen, import_id, now())
            except Exception:
                log.warning("Import %s could not show that it is alive.", import_id, exc_info=True)

    async def _import(
        self, report: ImportReport, importer: Importer, *, author: str, progress: Progress | None
    ) -> ImportReport:
        comparison = _Comparison(await self._store.read(articles.of_source, report.source_id))
        count = 0
        async for item in importer.read():
            comparison.take(item)
            count += 1
            if count % REPORT_EVERY == 0:
                report = _so_far(report, comparison)
                await self._store.write(imports.keep, report, now())
                if progress:
                    progress(report)
        if not comparison.changed and not comparison.unchanged:
            what_is_wrong = comparison.skipped[0][1] if comparison.skipped else "There is no article in it."
            raise Invalid(f"Nothing could be read, so nothing was changed. {what_is_wrong}")
        return await self._ship(report, comparison, author=author, progress=progress)

    async def _ship(
        self, report: ImportReport, comparison: _Comparison, *, author: str, progress: Progress | None
    ) -> ImportReport:
        prepared = await self._writing.prepared(comparison.changed)
        done = await self._store.write(_ship, report, comparison, prepared, author)
        if progress:
            progress(done)
        return done


def _ship(
    db: Connection, report: ImportReport, comparison: _Comparison, prepared: list[Prepared], author: str
) -> ImportReport:
    gone, kept = comparison.gone, comparison.gone_but_kept
    skipped = [*comparison.skipped, *((each.title, GONE_AND_CHANGED) for each in kept if each.digest is not None)]
    done = _ended(_so_far(report, comparison), "done", skipped=tuple(skipped[:SKIPPED_KEPT_MAX]))
    done = replace(done, gone=len(gone))
    if prepared or gone:
        release = releases.ship(db, reason=_reason(done), author=author, at=now())
        known = articles.ever_of_source(db, report.source_id)
        for each in (comparison.before.get(one.draft.key) for one in prepared):
            _end(db, each, release)
        for one in prepared:
            revision = keep_article(
                db,
                report.source_id,
                one,
                article_id=known.get(one.draft.key),
                from_release=release.number,
                author=release.author,
                reason=release.reason,
                at=release.created_at,
            )
            assets.take_from_source(db, revision.asset_id, revision.digest)
        for missing in gone:
            _end(db, missing, release)
        done = replace(done, release=release.number)
    for missing in (*gone, *kept):
        assets.take_from_source(db, missing.article_id, None)
    imports.keep(db, done, now())
    return done


def _end(db: Connection, before: InForce | None, release: Release) -> None:
    if before is not None and before.revision_id is not None:
        assets.end_revision(db, before.revision_id, to_release=release.number)


def _so_far(report: ImportReport, comparison: _Comparison) -> ImportReport:
    return replace(
        report,
        new=comparison.new,
        changed=len(comparison.changed) - comparison.new,
        unchanged=comparison.unchanged,
        skipped=tuple(comparison.skipped[:SKIPPED_KEPT_MAX]),
    )


def _ended(
    report: ImportReport, state: Literal["done", "failed"], *, skipped: tuple[tuple[str, str], ...]
) -> ImportReport:
    return replace(report, state=state, skipped=skipped, ended_at=now())


def _reason(report: ImportReport) -> str:
    parts = [
        f"{count} {word}"
        for count, word in ((report.new, "new"), (report.changed, "changed"), (report.gone, "gone"))
        if count
    ]
    return f"Import: {', '.join(parts)}."
