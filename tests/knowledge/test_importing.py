"""Importing again and again, and at once: no duplicates, nothing lost, one release for each difference."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.domain.errors import Conflict
from answerable.domain.knowledge import Draft, ImportReport, SourceKind
from answerable.inference.embedders.scale import REFERENCE, Vectors
from answerable.knowledge import importing as importing_room
from answerable.knowledge.importers.importer import Importer, Item, Skipped, digest
from answerable.knowledge.importing import Importing
from answerable.store import Store, articles, releases
from tests import migrated


class Shelf:
    """A help centre that reads as it is told, and can be stopped half-way."""

    kind: SourceKind = "folder"

    def __init__(self, items: list[Item], *, location: str = "/help") -> None:
        self.location = location
        self.items = items
        self.is_half_way = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def read(self) -> AsyncIterator[Item]:
        for at, item in enumerate(self.items):
            if at == len(self.items) // 2:
                self.is_half_way.set()
                await self.may_go_on.wait()
            yield item


class CountingEmbedder:
    """Gives each text a vector that only says how long it is."""

    name = "counting"
    dimensions = 4
    scale = REFERENCE

    def embed_query(self, text: str) -> Vectors:
        return np.array([len(text), 0, 0, 1], dtype=np.float32)

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        return np.array([[len(text), 0, 0, 1] for text in texts], dtype=np.float32)


def article(key: str, text: str = "We pay back within fourteen days.") -> Draft:
    return Draft(key=key, title=key.partition(".")[0], text=text, url=None, language="en")


def no_site(url: str) -> Importer:
    raise AssertionError(f"{url} was to be read")


@asynccontextmanager
async def importing_into(store: Store) -> AsyncIterator[Importing]:
    room = Importing(store, CountingEmbedder(), no_site)
    yield room
    await room.close()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store(database_url) as opened:
        yield opened


async def in_force(store: Store, report: ImportReport) -> dict[str, str]:
    """Each article of the source that is in force, with the digest of its revision."""
    return {key: each.digest or "" for key, each in (await store.read(articles.of_source, report.source_id)).items()}


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.gone


async def test_new_changed_unchanged_and_gone_are_told_apart(store: Store) -> None:
    async with importing_into(store) as room:
        first = await room.run(Shelf([article("a.md"), article("b.md"), article("c.md")]), author="Maya")
        same = await room.run(Shelf([article("c.md"), article("a.md"), article("b.md")]), author="Maya")
        other = await room.run(Shelf([article("a.md"), article("b.md", "Ten days."), article("d.md")]), author="Maya")
        back = await room.run(Shelf([article("a.md"), article("c.md"), article("d.md")]), author="Maya")

    assert [counts(each) for each in (first, same, other, back)] == [
        (3, 0, 0, 0),
        (0, 0, 3, 0),
        (1, 1, 1, 1),
        (1, 0, 2, 1),
    ]
    assert same.release is None
    assert set(await in_force(store, back)) == {"a.md", "c.md", "d.md"}


async def test_what_cannot_be_read_stays_in_force_and_what_is_withdrawn_does_not(store: Store) -> None:
    async with importing_into(store) as room:
        await room.run(Shelf([article("a.md"), article("b.md"), article("c.md")]), author="Maya")
        items: list[Item] = [
            article("a.md"),
            Skipped("b.md", "Broken."),
            Skipped("c.md", "A draft.", is_withdrawn=True),
        ]
        report = await room.run(Shelf(items), author="Maya")

    assert counts(report) == (0, 0, 1, 1)
    assert set(await in_force(store, report)) == {"a.md", "b.md"}


async def test_a_second_import_of_the_same_source_is_refused_while_the_first_goes_on(store: Store) -> None:
    slow = Shelf([article("a.md"), article("b.md")])
    slow.may_go_on.clear()
    async with importing_into(store) as room, importing_into(store) as other_process:
        first = asyncio.create_task(room.run(slow, author="Maya"))
        await slow.is_half_way.wait()
        with pytest.raises(Conflict, match="under way"):
            await other_process.run(Shelf([article("z.md")]), author="Tom")
        elsewhere = await other_process.run(Shelf([article("z.md")], location="/other"), author="Tom")
        slow.may_go_on.set()
        report = await first

    assert (report.state, counts(report)) == ("done", (2, 0, 0, 0))
    assert (elsewhere.state, counts(elsewhere)) == ("done", (1, 0, 0, 0))
    assert {report.release, elsewhere.release} == {1, 2}


async def test_an_import_that_was_taken_for_dead_ships_nothing_when_it_wakes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Shelf([article("a.md", "Old."), article("b.md", "Old."), article("old.md")])
    slow.may_go_on.clear()
    async with importing_into(store) as room, importing_into(store) as other_process:
        first = asyncio.create_task(room.run(slow, author="Maya"))
        await slow.is_half_way.wait()
        monkeypatch.setattr(importing_room, "SILENCE_MAX", timedelta(seconds=-1))
        second = await other_process.run(Shelf([article("a.md", "New."), article("b.md", "New.")]), author="Tom")
        slow.may_go_on.set()
        report = await first
        kept = await room.report(report.id)

    assert report.state == "failed"
    assert kept.state == "failed"
    assert await in_force(store, second) == {key: digest(article(key, "New.")) for key in ("a.md", "b.md")}
    assert await store.read(releases.newest) == second.release


async def test_an_import_that_is_stopped_changes_nothing_and_another_may_begin(store: Store) -> None:
    slow = Shelf([article("a.md"), article("b.md")])
    slow.may_go_on.clear()
    async with importing_into(store) as room:
        first = asyncio.create_task(room.run(slow, author="Maya"))
        await slow.is_half_way.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        report = await room.run(Shelf([article("a.md")]), author="Maya")

    assert (report.state, counts(report)) == ("done", (1, 0, 0, 0))
    assert await store.read(releases.newest) == report.release


async def test_many_imports_at_once_keep_each_source_whole(store: Store) -> None:
    async with importing_into(store) as room, importing_into(store) as other:
        outcomes = await asyncio.gather(
            *(
                (room if number % 2 else other).run(
                    Shelf([article(f"{key}.md", f"Text {number}.") for key in "abc"], location=f"/help/{number % 4}"),
                    author="Maya",
                )
                for number in range(24)
            ),
            return_exceptions=True,
        )

    reports = [each for each in outcomes if isinstance(each, ImportReport)]
    assert all(isinstance(each, ImportReport | Conflict) for each in outcomes)
    assert all(each.state == "done" for each in reports)
    shipped = [each.release for each in reports if each.release is not None]
    assert len(shipped) == len(set(shipped)), "each difference is a release of its own"
    for location in {each.source_id: each for each in reports}.values():
        texts = await in_force(store, location)
        assert set(texts) == {"a.md", "b.md", "c.md"}
        numbers = {
            number
            for number in range(24)
            if texts == {f"{key}.md": digest(article(f"{key}.md", f"Text {number}.")) for key in "abc"}
        }
        assert len(numbers) == 1, "what is in force came of one import, whole"


shelves = st.lists(
    st.dictionaries(st.sampled_from(["a.md", "b.md", "c.md", "d.md"]), st.sampled_from(["One.", "Two.", "Three."])),
    min_size=1,
    max_size=6,
)


@given(history=shelves)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
async def test_whatever_came_before_the_last_import_is_what_is_in_force(
    tmp_path_factory: pytest.TempPathFactory, history: list[Mapping[str, str]]
) -> None:
    with Store(migrated.copy_to(tmp_path_factory.mktemp("store"))) as store:
        async with importing_into(store) as room:
            before: Mapping[str, str] = {}
            for shelf in history:
                report = await room.run(Shelf([article(key, text) for key, text in shelf.items()]), author="Maya")
                if not shelf:
                    assert report.state == "failed", "an empty source is taken for a mistake"
                    continue
                kept = shelf.keys() & before.keys()
                changed = sum(shelf[key] != before[key] for key in kept)
                assert counts(report) == (
                    len(shelf.keys() - kept),
                    changed,
                    len(kept) - changed,
                    len(before.keys() - kept),
                )
                assert (report.release is None) == (shelf == before)
                assert await in_force(store, report) == {key: digest(article(key, text)) for key, text in shelf.items()}
                before = shelf
