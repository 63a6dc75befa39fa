"""What held when: a clause that is changed at noon holds from noon, and what held at eleven stays true for ever."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select, update

from answerable.domain.actions import Check, Clause
from answerable.store import Store, clauses, tables
from tests import migrated

ELEVEN, NOON, ONE = (datetime(2026, 11, 23, hour, tzinfo=UTC) for hour in (11, 12, 13))
LONG_AGO, TOMORROW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def clause(says: str, *, of: str = "R-1", since: datetime = LONG_AGO, until: datetime | None = None) -> Clause:
    checks = (Check("days", at_most=14),)
    return Clause(of, "refunds", "Soon", says, "allows", ("refund",), checks, {}, "rep", False, since, until)


async def held(store: Store, at: datetime) -> list[str]:
    return [each.says for each in await store.read(clauses.in_force, at)]


async def test_a_clause_comes_back_as_it_was_put(store: Store) -> None:
    await store.write(clauses.put, [clause("Fine.", until=TOMORROW)], NOON)

    assert await store.read(clauses.in_force, NOON) == [clause("Fine.", since=NOON, until=TOMORROW)]


async def test_a_clause_that_is_new_at_noon_did_not_hold_at_eleven_whatever_day_it_names(store: Store) -> None:
    await store.write(clauses.put, [clause("Old.")], ELEVEN)
    await store.write(clauses.put, [clause("Old."), clause("New.", of="R-2")], NOON)

    assert (await held(store, NOON - MINUTE), await held(store, NOON)) == (["Old."], ["Old.", "New."])


async def test_a_clause_that_is_changed_or_taken_away_at_noon_held_until_noon(store: Store) -> None:
    await store.write(clauses.put, [clause("First.")], ELEVEN)
    await store.write(clauses.put, [clause("Second.")], NOON)
    await store.write(clauses.put, [], ONE)

    assert [await held(store, at) for at in (ELEVEN, NOON - MINUTE)] == [["First."]] * 2
    assert [await held(store, at) for at in (NOON, ONE - MINUTE)] == [["Second."]] * 2
    assert [await held(store, at) for at in (ELEVEN - MINUTE, ONE, TOMORROW)] == [[]] * 3


async def test_a_version_of_tomorrow_may_come_sooner_or_later_or_not_at_all(store: Store) -> None:
    later = TOMORROW + timedelta(days=1)
    await store.write(clauses.put, [clause("Now.")], ELEVEN)
    await store.write(clauses.put, [clause("Then.", since=TOMORROW)], NOON)
    assert (await held(store, TOMORROW - MINUTE), await held(store, TOMORROW)) == (["Now."], ["Then."])

    await store.write(clauses.put, [clause("Later.", since=later)], NOON + MINUTE)
    assert (await held(store, TOMORROW), await held(store, later)) == (["Now."], ["Later."])

    await store.write(clauses.put, [clause("Later.")], ONE)
    assert (await held(store, ONE - MINUTE), await held(store, ONE), await held(store, later)) == (
        *(["Now."], ["Later."], ["Later."]),
    )


async def test_a_clause_never_holds_past_its_own_end_however_often_the_next_one_is_moved(store: Store) -> None:
    next_week = TOMORROW + timedelta(days=7)
    await store.write(clauses.put, [clause("Until one.", until=ONE)], ELEVEN)
    for moment in (TOMORROW, NOON + MINUTE, ONE, next_week):
        await store.write(clauses.put, [clause("Then.", since=moment)], NOON)

    assert await held(store, ONE - MINUTE) == ["Until one."]
    assert [await held(store, at) for at in (ONE, TOMORROW, next_week - MINUTE)] == [[], [], []]
    assert await held(store, next_week) == ["Then."]


async def test_what_an_older_program_cut_short_for_the_next_version_goes_on_until_then(store: Store) -> None:
    def forget_its_own_end(db: Connection) -> None:
        for row in db.execute(select(tables.clauses)).all():
            content = {name: value for name, value in row.content.items() if name != "own_end"}
            this = (tables.clauses.c.id == row.id, tables.clauses.c.number == row.number)
            db.execute(update(tables.clauses).where(*this).values(content=content))

    await store.write(clauses.put, [clause("Now.")], ELEVEN)
    await store.write(clauses.put, [clause("Then.", since=ONE)], ELEVEN + MINUTE)
    await store.write(forget_its_own_end)
    await store.write(clauses.put, [clause("Then.", since=TOMORROW)], NOON)

    assert (await held(store, ONE), await held(store, TOMORROW)) == (["Now."], ["Then."])


async def test_nothing_changes_what_is_as_it_was(store: Store) -> None:
    rules = [clause("Now."), clause("Then.", of="R-2", since=TOMORROW), clause("Over.", of="R-3", until=LONG_AGO)]

    assert await store.write(clauses.put, rules, NOON) == 3
    assert await store.write(clauses.put, rules, ONE) == 0
    assert await store.write(clauses.put, rules, TOMORROW + MINUTE) == 0


async def test_what_an_older_program_wrote_down_is_as_it_was(store: Store) -> None:
    def forget_what_clauses_say_since(db: Connection) -> None:
        for row in db.execute(select(tables.clauses)).all():
            content = {name: value for name, value in row.content.items() if name != "fixed_amount"}
            db.execute(update(tables.clauses).values(content=content))

    await store.write(clauses.put, [clause("Now.")], NOON)
    await store.write(forget_what_clauses_say_since)

    assert await store.write(clauses.put, [clause("Now.")], ONE) == 0
    assert await store.read(clauses.in_force, ONE) == [clause("Now.", since=NOON)]


async def test_where_the_clock_went_back_what_was_put_last_holds(store: Store) -> None:
    await store.write(clauses.put, [clause("First.")], ELEVEN)
    await store.write(clauses.put, [clause("Second.")], ONE)
    assert [each.says for each in await store.read(clauses.in_force_now, NOON)] == ["Second."]

    await store.write(clauses.put, [], NOON)

    assert await store.read(clauses.in_force_now, ELEVEN) == []
    assert await held(store, NOON) == ["First."], "what held at noon, as it was known then"


@pytest.fixture(scope="module")
def shelf() -> Iterator[Store]:
    """One database for all examples."""
    with TemporaryDirectory() as folder, Store(migrated.copy_to(Path(folder))) as store:
        yield store


_versions = st.lists(
    st.builds(
        clause,
        st.sampled_from(["One.", "Two."]),
        of=st.sampled_from(["R-1", "R-2"]),
        since=st.sampled_from([LONG_AGO, NOON, ONE, TOMORROW]),
        until=st.sampled_from([None, None, ONE, TOMORROW]),
    ),
    max_size=2,
    unique_by=lambda each: each.id,
)


@dataclass(frozen=True)
class Plan:
    """What of one clause shall hold: what holds already, until the other begins."""

    before: Clause | None
    wanted: Clause | None
    begins: datetime

    def at(self, moment: datetime) -> Clause | None:
        """What holds at a moment, by the plan."""
        held = self.wanted if moment >= self.begins else self.before
        return held if held is not None and (held.to_moment is None or held.to_moment > moment) else None


@given(st.lists(st.tuples(st.sampled_from([1, 10, 30, 60, 600]), _versions), min_size=1, max_size=8))
@settings(max_examples=120, deadline=None)
def test_of_each_clause_one_version_holds_at_a_time_and_none_past_its_own_end(
    shelf: Store, puts: list[tuple[int, list[Clause]]]
) -> None:
    def play(db: Connection) -> None:
        db.execute(delete(tables.clauses))
        at = ELEVEN
        plans = {name: Plan(None, None, at) for name in ("R-1", "R-2")}
        for minutes, versions in puts:
            at += minutes * MINUTE
            clauses.put(db, versions, at)
            wanted = {each.id: each for each in versions}
            for name, plan in plans.items():
                new = wanted.get(name)
                plans[name] = Plan(plan.at(at), new, max(new.from_moment, at) if new is not None else at)
            for moment in (at, *(each for each in (NOON, ONE, TOMORROW, TOMORROW + timedelta(days=1)) if each > at)):
                found = clauses.in_force(db, moment)
                assert [each.id for each in found] == sorted({each.id for each in found}), "one version at a time"
                assert {each.id: each.says for each in found} == {
                    name: held.says for name, plan in plans.items() if (held := plan.at(moment)) is not None
                }

    shelf._dialect.write(play).result()


@given(st.lists(st.tuples(st.integers(1, 600), _versions), min_size=1, max_size=6))
@example([(118, [clause("One.")]), (1, [clause("One.", since=TOMORROW, until=ONE)]), (1, [])])
@settings(max_examples=60, deadline=None)
def test_what_held_stays_true_whatever_is_put_later(shelf: Store, puts: list[tuple[int, list[Clause]]]) -> None:
    def play(db: Connection) -> None:
        db.execute(delete(tables.clauses))
        at, truth = ELEVEN, {}
        for minutes, wanted in puts:
            at += minutes * MINUTE
            clauses.put(db, wanted, at)
            truth[at] = clauses.in_force_now(db, at)
            assert truth[at] == clauses.in_force(db, at)
            hold = {each.id for each in truth[at]}
            assert hold <= {each.id for each in wanted}, "nothing holds that is not there any more"
            begun = {
                each.id for each in wanted if each.from_moment <= at and (each.to_moment is None or each.to_moment > at)
            }
            assert begun <= hold
        for moment, then in truth.items():
            assert [(each.id, each.says) for each in clauses.in_force(db, moment)] == [
                (each.id, each.says) for each in then
            ]

    shelf._dialect.write(play).result()
