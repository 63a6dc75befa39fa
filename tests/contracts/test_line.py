"""For any sequence of edits, canaries, ships and roll-backs a conversation sees what its release says."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete, update

from answerable.actions.declaring import Declaration
from answerable.domain.clock import now
from answerable.domain.errors import Conflict, Invalid, NotFound
from answerable.domain.ids import new_id
from answerable.domain.releases import AssetKind, Candidate
from answerable.knowledge.library import Library
from answerable.knowledge.writing import Writing
from answerable.releases.assigning import release_for
from answerable.releases.candidates import Candidates, Edit
from answerable.releases.line import Line
from answerable.store import Store, assets, candidates, clauses, releases, tables
from tests.actions.bank import Bank, refunding
from tests.releases.test_handbooks import Letters, procedure

T = TypeVar("T")
Seen = Mapping[str, str]
"""What is in force, by the ids of assets: their texts."""
KINDS: tuple[AssetKind, ...] = ("article", "procedure", "instruction")
WRITTEN = [("article", "card"), ("article", "bank"), ("procedure", "plan"), ("instruction", "i")]


def text_of(kind: str, name: str, version: int) -> str:
    return procedure(name, version).text if kind == "procedure" else f"The {name} takes {version} days."


class Place:
    """A program on a database, with what people do in it."""

    def __init__(self, store: Store, declared: Mapping[str, Declaration] | None = None) -> None:
        self.store = store
        embedder = Letters()
        self.library = Library(store, embedder)
        self.written = Candidates(store, Writing(store, embedder), declared or {}, why_not=lambda _: "no key.")
        self.line = Line(store, self.written)

    async def edit(self, candidate: Candidate, kind: Any, name: str, version: int) -> None:
        """Writes the asset of that name, as whoever reads the newest state of the candidate would."""
        seen = {each.asset.id: each for each in (await self.written.in_full(candidate.id)).changes}
        base = await self.store.read(assets.in_release, KINDS, candidate.base)
        known = {each.asset.id: (each.asset, each.revision) for each in base}
        known |= {asset_id: (each.asset, each.after) for asset_id, each in seen.items() if each.after is not None}
        for asset_id, each in seen.items():
            if each.after is None:
                known.pop(asset_id, None)
        title = "Instructions" if kind == "instruction" else f"The {name}"
        found = next((both for both in known.values() if (both[0].kind, both[1].title) == (kind, title)), None)
        edit = Edit(
            kind=kind,
            text=text_of(kind, name, version),
            asset_id=found[0].id if found is not None else None,
            made_of=found[1].id if found is not None else None,
            title=title,
        )
        await self.written.edit(candidate.id, edit, author="Maya")

    async def seen(self, release: int) -> Seen:
        found = await self.store.read(assets.in_release, KINDS, release)
        return {each.asset.id: each.revision.text for each in found}

    async def seen_by_search(self, release: int) -> set[str]:
        """The articles that a search finds: all there are, as there are few."""
        found = await self.library.search("How many days does it take?", release=release, limit=50)
        return {each.text for each in found.hits}

    async def open_conversation(self) -> tuple[str, int]:
        conversation_id = new_id("con")
        return conversation_id, await self.store.read(release_for, conversation_id)


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest) -> Iterator[Store]:
    with Store(request.getfixturevalue(f"{request.param}_url")) as store:
        yield store


def forget_everything(db: Connection) -> None:
    """As it was before the first release."""
    db.execute(update(tables.releases).values(goes_on_with=None, base=None, candidate_id=None))
    for table in (
        tables.candidate_changes,
        tables.overlays,
        tables.hold_outs,
        tables.candidates,
        tables.passages,
        tables.revisions,
        tables.articles,
        tables.assets,
    ):
        db.execute(delete(table))
    db.execute(delete(tables.releases).where(tables.releases.c.number > 0))


def test_each_conversation_sees_what_its_release_says(empty: Store) -> None:
    with asyncio.Runner() as runner:

        class World(RuleBasedStateMachine):
            def __init__(self) -> None:
                super().__init__()
                self.run(empty.write(forget_everything))
                self.place = Place(empty)
                self.opened: list[tuple[str, int]] = []
                self.line: dict[int, Seen] = {0: {}}
                """What each release of the line says, as it was when it was shipped."""
                self.beside: dict[int, Seen] = {}
                """The same of releases beside the line."""

            def run(self, work: Coroutine[Any, Any, T]) -> T:
                return runner.run(work)

            def open_ones(self) -> list[Candidate]:
                return self.run(self.place.written.listed(("open",)))

            def newest(self) -> int:
                return self.run(empty.read(releases.newest))

            def with_changes(self, candidate: Candidate, base: Seen) -> Seen:
                laid_over = self.run(self.place.written.in_full(candidate.id)).changes
                touched = {each.asset.id for each in laid_over}
                kept = {asset_id: text for asset_id, text in base.items() if asset_id not in touched}
                return kept | {each.asset.id: each.after.text for each in laid_over if each.after is not None}

            @rule(urgent=st.booleans())
            def begin(self, urgent: bool) -> None:
                if len(self.open_ones()) < 3:
                    self.run(self.place.written.begin(reason="A change.", author="Maya", urgent=urgent))

            @precondition(lambda self: self.open_ones())
            @rule(data=st.data(), version=st.integers(1, 4))
            def edit(self, data: st.DataObject, version: int) -> None:
                candidate = data.draw(st.sampled_from(self.open_ones()))
                kind, name = data.draw(st.sampled_from(WRITTEN))
                self.run(self.place.edit(candidate, kind, name, version))

            @precondition(lambda self: self.open_ones())
            @rule(data=st.data())
            def remove(self, data: st.DataObject) -> None:
                candidate = data.draw(st.sampled_from(self.open_ones()))
                there = self.run(empty.read(assets.in_release, KINDS, candidate.base))
                if there:
                    each = data.draw(st.sampled_from(there))
                    # Somebody may have changed it in this candidate, or taken it away already.
                    with suppress(Conflict, NotFound):
                        self.run(self.place.written.remove(candidate.id, each.asset.id, made_of=each.revision.id))

            @precondition(lambda self: self.open_ones())
            @rule(data=st.data(), share=st.sampled_from([0.3, 1.0]))
            def canary(self, data: st.DataObject, share: float) -> None:
                candidate = data.draw(st.sampled_from(self.open_ones()))
                try:
                    begun = self.run(self.place.line.canary(candidate.id, version=candidate.version, share=share))
                except Conflict:
                    assert self.running() is not None or candidate.base != self.newest()
                except Invalid:
                    assert not self.run(self.place.written.in_full(candidate.id)).changes
                else:
                    self.keep_sealed(begun)

            @precondition(lambda self: self.open_ones())
            @rule(data=st.data())
            def rebase(self, data: st.DataObject) -> None:
                running = self.running()
                candidate = data.draw(st.sampled_from([*self.open_ones(), *([running] if running else [])]))
                conflicts = self.run(self.place.written.in_full(candidate.id)).conflicts
                mine = [each for each in conflicts if data.draw(st.booleans())]
                theirs = [each for each in conflicts if each not in mine]
                with suppress(Conflict):
                    rebased = self.run(self.place.written.rebase(candidate.id, mine=mine, theirs=theirs))
                    if rebased.is_on_canary:
                        self.keep_sealed(rebased)

            @rule(pauses=st.booleans())
            def pause_or_stop(self, pauses: bool) -> None:
                running = self.running()
                if running is not None:
                    self.run((self.place.line.pause if pauses else self.place.line.stop)(running.id))

            @rule(data=st.data())
            def ship(self, data: st.DataObject) -> None:
                running = self.running()
                every = [*self.open_ones(), *([running] if running else [])]
                if not every:
                    return
                candidate = data.draw(st.sampled_from(every))
                wanted = self.with_changes(candidate, self.line[self.newest()])
                try:
                    release = self.run(self.place.line.ship(candidate.id, version=candidate.version, author="Maya"))
                except Conflict:
                    assert candidate.base != self.newest()
                except Invalid:
                    assert not self.run(self.place.written.in_full(candidate.id)).changes
                else:
                    self.line[release.number] = wanted
                    if candidate.urgent:
                        self.nobody_stays_without(release.number)
                    self.keep_sealed(self.running())
                    self.keep_hold_out()

            @rule(data=st.data())
            def roll_back(self, data: st.DataObject) -> None:
                to = data.draw(st.sampled_from(sorted(self.line)))
                if to == self.newest():
                    return
                between = [each for each in self.line if each > to]
                done = self.run(self.place.line.roll_back(to=to, reason="It was worse.", author="Jonas"))
                self.line[done.release.number] = self.line[to]
                for each in between:
                    assert self.run(empty.read(releases.goes_on_with, each)) == done.release.number

            @rule(begins=st.booleans())
            def hold_out(self, begins: bool) -> None:
                with suppress(Conflict):
                    if begins:
                        self.run(self.place.line.hold_out(release=self.newest(), share=0.2, author="Maya"))
                    else:
                        self.run(self.place.line.end_hold_out())
                self.keep_hold_out()

            @rule()
            def open_conversation(self) -> None:
                self.opened.append(self.run(self.place.open_conversation()))

            @rule()
            def start_another_program(self) -> None:
                self.place = Place(empty)

            def running(self) -> Candidate | None:
                return self.run(empty.read(candidates.on_canary))

            def keep_sealed(self, candidate: Candidate | None) -> None:
                if candidate is not None and candidate.sealed is not None:
                    known = self.beside.setdefault(
                        candidate.sealed, self.with_changes(candidate, self.line[candidate.base])
                    )
                    assert self.run(self.place.seen(candidate.sealed)) == known

            def keep_hold_out(self) -> None:
                hold_out = self.run(empty.read(candidates.hold_out))
                if hold_out is not None:
                    self.beside.setdefault(hold_out.release, self.run(self.place.seen(hold_out.release)))

            def nobody_stays_without(self, urgent: int) -> None:
                mended = {
                    asset_id
                    for asset_id, text in self.line[urgent].items()
                    if self.line[max(each for each in self.line if each < urgent)].get(asset_id) != text
                }
                for _, release in self.opened:
                    goes_on = self.run(self.place.seen(self.run(empty.read(releases.goes_on_with, release))))
                    canary = self.running()
                    own = self.run(empty.read(candidates.laid_over, canary.id)) if canary is not None else {}
                    assert all(goes_on[each] == self.line[urgent][each] for each in mended if each not in own)

            @invariant()
            def every_release_says_what_it_said(self) -> None:
                for release, wanted in {**self.line, **self.beside}.items():
                    assert self.run(self.place.seen(release)) == wanted

            @invariant()
            def a_search_finds_what_the_release_has(self) -> None:
                known = {**self.line, **self.beside}
                for release in sorted(known)[-4:]:
                    there = {text for text in known[release].values() if text.startswith(("The card", "The bank"))}
                    assert self.run(self.place.seen_by_search(release)) == there

            @invariant()
            def nobody_is_on_what_was_never_shipped_or_tried(self) -> None:
                for conversation_id, release in self.opened:
                    on = self.run(empty.read(releases.goes_on_with, release))
                    assert on in self.line or on in self.beside, conversation_id
                    assert self.run(empty.read(releases.goes_on_with, on)) == on, "one step leads to where it stays"

        run_state_machine_as_test(World, settings=settings(max_examples=15, stateful_step_count=25, deadline=None))


@pytest.fixture
def place(store: Store) -> Place:
    return Place(store)


async def written(place: Place, *edits: tuple[str, str, int], urgent: bool = False) -> Candidate:
    candidate = await place.written.begin(reason="Refunds take longer.", author="Maya", urgent=urgent)
    for kind, name, version in edits:
        await place.edit(candidate, kind, name, version)
    return (await place.written.in_full(candidate.id)).candidate


async def shipped(place: Place, *edits: tuple[str, str, int], urgent: bool = False) -> int:
    candidate = await written(place, *edits, urgent=urgent)
    return (await place.line.ship(candidate.id, version=candidate.version, author="Maya")).number


async def test_of_two_who_ship_at_once_one_is_told_who_was_first_and_rebases(place: Place) -> None:
    await shipped(place, ("article", "card", 1))
    mine, theirs = await written(place, ("article", "card", 2)), await written(place, ("article", "card", 3))

    outcomes = await asyncio.gather(
        *(place.line.ship(each.id, version=each.version, author="Maya") for each in (mine, theirs)),
        return_exceptions=True,
    )

    (refused,) = [each for each in outcomes if isinstance(each, Conflict)]
    assert str(refused) == (
        "Release 2 was shipped by Maya meanwhile: Refunds take longer. This candidate was made on release 1. Rebase "
        "it, look at it once more, and ship it then."
    )
    late = mine if isinstance(outcomes[0], Conflict) else theirs
    (conflict,) = (await place.written.in_full(late.id)).conflicts
    with pytest.raises(Conflict, match=r"“The card” \(revision \d by Maya\)\. Say for each whose version counts"):
        await place.written.rebase(late.id)
    rebased = await place.written.rebase(late.id, mine=[conflict])
    release = await place.line.ship(late.id, version=rebased.version, author="Jonas")
    assert release.number == 3


async def test_a_conversation_keeps_its_release_and_a_rolled_back_canary_sends_it_on(place: Place) -> None:
    await shipped(place, ("article", "card", 1))
    candidate = await written(place, ("article", "card", 2))
    begun = await place.line.canary(candidate.id, version=candidate.version, share=1.0)
    _, tried = await place.open_conversation()
    await place.line.pause(candidate.id)
    _, paused = await place.open_conversation()
    assert (tried, paused) == (begun.sealed, 1)
    assert await place.store.read(releases.goes_on_with, tried) == tried

    stopped = await place.line.stop(candidate.id)

    assert stopped.state == "open"
    assert await place.store.read(releases.goes_on_with, tried) == 1
    assert await place.seen_by_search(tried) == {"The card takes 2 days."}, "its runs can still be replayed"


async def test_a_canary_that_grows_takes_nobody_out_and_gets_its_share(place: Place) -> None:
    await shipped(place, ("article", "card", 1))
    candidate = await written(place, ("article", "card", 2))
    ids = [f"con_{number}" for number in range(2_000)]

    async def on_canary(share: float) -> set[str]:
        begun = await place.line.canary(candidate.id, version=candidate.version, share=share)

        def look(db: Connection) -> set[str]:
            return {each for each in ids if release_for(db, each) == begun.sealed}

        return await place.store.read(look)

    few, more = await on_canary(0.1), await on_canary(0.4)

    assert few < more
    assert 140 < len(few) < 260
    assert 700 < len(more) < 900


async def test_a_roll_back_during_a_canary_ends_the_canary_that_stood_on_what_was_rolled_back(place: Place) -> None:
    first = await shipped(place, ("article", "card", 1))
    await shipped(place, ("article", "card", 2))
    candidate = await written(place, ("article", "bank", 1))
    await place.line.canary(candidate.id, version=candidate.version, share=1.0)
    _, tried = await place.open_conversation()

    done = await place.line.roll_back(to=first, reason="Wrong days.", author="Jonas")

    assert done.release.reason == f"Rolled back to release {first}: Wrong days."
    assert done.canary is not None
    assert (done.canary.id, done.canary.state) == (candidate.id, "open")
    assert await place.store.read(releases.goes_on_with, tried) == done.release.number
    assert await place.seen_by_search(done.release.number) == {"The card takes 1 days."}


async def test_an_urgent_change_reaches_open_conversations_the_hold_out_and_a_canary(place: Place) -> None:
    old = await shipped(place, ("article", "card", 1), ("article", "bank", 1))
    held = await place.line.hold_out(release=old, share=0.5, author="Maya")
    await shipped(place, ("article", "bank", 2))
    candidate = await written(place, ("instruction", "i", 1))
    tried = (await place.line.canary(candidate.id, version=candidate.version, share=0.5)).sealed
    assert tried is not None

    urgent = await shipped(place, ("article", "card", 9), urgent=True)

    async def goes_on(release: int) -> set[str]:
        return await place.seen_by_search(await place.store.read(releases.goes_on_with, release))

    assert await goes_on(old) == {"The card takes 9 days.", "The bank takes 2 days."}
    assert await goes_on(held.release) == {"The card takes 9 days.", "The bank takes 1 days."}
    assert await goes_on(tried) == {"The card takes 9 days.", "The bank takes 2 days."}
    assert await place.store.read(releases.goes_on_with, tried) != urgent, "it goes on being tried"


async def test_what_cannot_be_followed_is_neither_tried_nor_shipped(place: Place) -> None:
    candidate = await written(place, ("procedure", "plan", 1))
    (change,) = (await place.written.in_full(candidate.id)).changes
    assert change.after is not None
    broken = change.after.text.replace(
        "say: This is version 1.", "call: refund_everything\n    on: {else: [{hand_off: No refund.}]}"
    )
    edit = Edit("procedure", broken, asset_id=change.asset.id, made_of=change.after.id)
    await place.written.edit(candidate.id, edit, author="Maya")
    seen = await place.written.in_full(candidate.id)

    for attempt in (
        place.line.ship(candidate.id, version=seen.candidate.version, author="Maya"),
        place.line.canary(candidate.id, version=seen.candidate.version, share=0.5),
        place.line.seal(candidate.id),
    ):
        with pytest.raises(Invalid, match=r"The plan:\d+: There is no action refund_everything"):
            await attempt

    assert [str(each) for each in seen.faults]
    assert await place.store.read(releases.newest) == 0


async def test_who_edits_what_they_did_not_see_is_told_whose_change_came_between(place: Place) -> None:
    await shipped(place, ("article", "card", 1))
    candidate = await written(place, ("article", "card", 2))
    (change,) = (await place.written.in_full(candidate.id)).changes
    assert change.before is not None
    late = Edit("article", "Other days.", asset_id=change.asset.id, made_of=change.before.id, title="The card")

    with pytest.raises(Conflict, match=r"“The card” was changed by Maya meanwhile \(revision 2\)"):
        await place.written.edit(candidate.id, late, author="Jonas")


async def test_a_candidate_that_runs_cannot_be_changed_under_its_conversations(place: Place) -> None:
    candidate = await written(place, ("article", "card", 1))
    await place.line.canary(candidate.id, version=candidate.version, share=0.5)

    with pytest.raises(Conflict, match="Roll its canary back before you change it"):
        await place.edit(candidate, "article", "card", 2)


POLICY = """---
title: Refunds
clauses:
  - id: R-1
    title: Refunds
    says: {says}
    effect: allows
    actions: [refund_charge]
---
# Refunds
"""


async def test_a_policy_holds_for_everybody_from_when_it_is_shipped_and_not_after_it_is_rolled_back(
    store: Store,
) -> None:
    place = Place(store, {"refund_charge": refunding(Bank()).declaration})
    began = await place.store.read(releases.newest)
    candidate = await place.written.begin(reason="Refunds are allowed.", author="Maya")
    await place.written.edit(candidate.id, Edit("policy", POLICY.format(says="All are fine.")), author="Maya")
    written = (await place.written.in_full(candidate.id)).candidate

    async def in_force() -> list[str]:
        return [each.says for each in await store.read(clauses.in_force_now, now())]

    before = await in_force()
    await place.line.canary(candidate.id, version=written.version, share=1.0)
    tried = await in_force()
    await place.line.ship(candidate.id, version=written.version, author="Maya")
    shipped_ = await in_force()
    await place.line.roll_back(to=began, reason="Not yet.", author="Maya")

    assert (before, tried, shipped_, await in_force()) == ([], [], ["All are fine."], [])


async def test_a_policy_that_names_no_action_of_ours_is_not_shipped(store: Store) -> None:
    place = Place(store)
    candidate = await place.written.begin(reason="Refunds are allowed.", author="Maya")
    await place.written.edit(candidate.id, Edit("policy", POLICY.format(says="All are fine.")), author="Maya")
    written = (await place.written.in_full(candidate.id)).candidate

    with pytest.raises(Invalid, match=r"Refunds:4: The clause R-1 names actions that are not there: refund_charge"):
        await place.line.ship(candidate.id, version=written.version, author="Maya")

    assert await store.read(clauses.in_force_now, now()) == []


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        ("threshold", "answer = 1.5", "Thresholds:1: answer: Expected “float” <= 1.0"),
        ("threshold", "\nanser = 0.5", "Thresholds:2: It contains unknown field “anser”"),
        ("model", "name = [", "Model:1: This is not valid TOML"),
        ("model", 'name = "gpt-nowhere"', "Model:1: There is no way to the model “gpt-nowhere” here: no key."),
    ],
)
async def test_a_number_or_model_that_cannot_be_is_named_before_it_is_shipped(
    store: Store, kind: AssetKind, text: str, says: str
) -> None:
    place = Place(store)
    candidate = await place.written.begin(reason="Another one.", author="Maya")
    await place.written.edit(candidate.id, Edit(kind, text), author="Maya")

    (fault,) = (await place.written.in_full(candidate.id)).faults

    assert str(fault).startswith(says)
