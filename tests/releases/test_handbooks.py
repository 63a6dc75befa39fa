"""Whatever is edited when, each conversation is answered by what the release says on which it was opened."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from answerable.agents.procedures.handbooks import Handbooks
from answerable.domain.clock import now
from answerable.inference.embedders.scale import REFERENCE, Vectors
from answerable.releases.pinned import PINNED
from answerable.releases.shipping import ship_files
from answerable.releases.workspace import AssetFile
from answerable.store import Store, releases
from answerable.store.tables import revisions

T = TypeVar("T")

IDS = ("refund", "plan", "invoice")


class Letters:
    """Counts letters, and how many texts it was given."""

    name = "letters"
    dimensions = 8
    scale = REFERENCE

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed_query(self, text: str) -> Vectors:
        self.texts.append(text)
        vector = np.bincount(np.frombuffer(text.encode(), dtype=np.uint8) % self.dimensions, minlength=self.dimensions)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.embed_query(text) for text in texts])


def procedure(name: str, version: int) -> AssetFile:
    """A procedure that says something else in each version, and begins by the same words."""
    text = (
        f"---\nid: {name}\ntitle: The {name}\nwhen: It is wanted.\nexamples: [I want the {name}, Give me the {name}]\n"
        f"steps:\n  - say: This is version {version}.\n---\nSay it.\n"
    )
    return AssetFile("procedure", name, f"The {name}", text)


def instructions(version: int) -> AssetFile:
    return AssetFile("instruction", "instructions", "Instructions", f"Speak as in version {version}.")


@dataclass(frozen=True)
class Sees:
    """What a conversation is answered by."""

    procedures: frozenset[str]
    instructions: str


def workspace_as_seen(files: Sequence[AssetFile]) -> Sees:
    return Sees(
        frozenset(each.text for each in files if each.kind == "procedure"),
        next((each.text for each in files if each.kind == "instruction"), ""),
    )


async def seen(handbooks: Handbooks, release: int) -> Sees:
    handbook = await handbooks.of(release)
    return Sees(frozenset(each.source for each in handbook.procedures.values()), handbook.instructions)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_each_conversation_sees_what_its_release_says(kind: str, request: pytest.FixtureRequest) -> None:
    url: str = request.getfixturevalue(f"{kind}_url")
    with asyncio.Runner() as runner, Store(url) as store:

        class World(RuleBasedStateMachine):
            """The history goes on from one example to the next: it was a sequence of edits, too."""

            shipped = Sees(frozenset(), "")
            """What the program found when it was last started."""

            def __init__(self) -> None:
                super().__init__()
                self.files: dict[str, AssetFile] = {}
                self.opened: list[tuple[int, Sees]] = []
                self.start(is_other=False)

            def run(self, work: Coroutine[Any, Any, T]) -> T:
                return runner.run(work)

            @rule(name=st.sampled_from(IDS), version=st.integers(1, 3))
            def write_procedure(self, name: str, version: int) -> None:
                self.files[name] = procedure(name, version)

            @rule(version=st.integers(1, 3))
            def write_instructions(self, version: int) -> None:
                self.files["instructions"] = instructions(version)

            @rule(name=st.sampled_from([*IDS, "instructions"]))
            def remove(self, name: str) -> None:
                self.files.pop(name, None)

            @rule(is_other=st.booleans())
            def start(self, is_other: bool) -> None:
                """The program is started, and only now are files read; or another one beside it, which goes on."""
                before, wanted = self.newest(), workspace_as_seen([*self.files.values()])
                shipped = self.run(ship_files(store, [*self.files.values()], kinds=PINNED))
                assert (shipped is None) == (wanted == World.shipped)
                assert self.newest() == before + (shipped is not None)
                World.shipped = wanted
                if not is_other:
                    self.handbooks = Handbooks(store, Letters())

            @rule()
            def import_articles(self) -> None:
                self.run(store.write(releases.ship, reason="Import.", author="Maya", at=now()))

            @rule()
            def open_conversation(self) -> None:
                self.opened.append((self.newest(), World.shipped))

            def newest(self) -> int:
                return self.run(store.read(releases.newest))

            @invariant()
            def each_sees_what_its_release_says(self) -> None:
                for release, wanted in self.opened:
                    assert self.run(seen(self.handbooks, release)) == wanted

        run_state_machine_as_test(World, settings=settings(max_examples=25, stateful_step_count=20, deadline=None))


async def test_releases_that_pin_the_same_share_a_handbook_and_an_example_is_embedded_once(sqlite_url: str) -> None:
    with Store(sqlite_url) as store:
        embedder = Letters()
        handbooks = Handbooks(store, embedder)
        await ship_files(store, [procedure("refund", 1), procedure("plan", 1)], kinds=PINNED)
        first, _ = await asyncio.gather(handbooks.of(1), handbooks.of(1))
        await store.write(releases.ship, reason="Import.", author="Maya", at=now())
        await ship_files(store, [procedure("refund", 2), procedure("plan", 1)], kinds=PINNED)

        second, third = [await handbooks.of(release) for release in (2, 3)]

        assert second is first
        assert third is not first
        assert len(embedder.texts) == 4, "each example once, though the file was changed"


async def test_a_procedure_that_means_nothing_to_this_program_is_left_out_and_told(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Store(sqlite_url) as store:
        await ship_files(store, [procedure("refund", 1), procedure("plan", 1)], kinds=PINNED)
        spoilt = revisions.update().where(revisions.c.title == "The plan").values(text="---\nid: plan\n---\nOld words.")
        await store.write(lambda db: db.execute(spoilt).rowcount)

        handbook = await Handbooks(store, Letters()).of(1)

        assert list(handbook.procedures) == ["refund"]
        assert "The plan, revision 1:2: It is missing required field" in caplog.text
