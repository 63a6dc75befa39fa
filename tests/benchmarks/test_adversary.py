"""The adversary at the boundary: a short round finds nothing, and a boundary without a check is found out."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from answerable.actions.declaring import Amount
from answerable.domain.people import Identity
from benchmarks.adversary import play, quiet
from benchmarks.boundary_attacks.diary import Asked, Asker, Diary, Yes
from benchmarks.boundary_attacks.generating import Known, attack
from benchmarks.boundary_attacks.till import Till
from benchmarks.boundary_attacks.till_oracle import above_limits, wrong_effects
from benchmarks.boundary_attacks.till_playing import GONE, LEAD, OTHER_LEAD, REP
from benchmarks.boundary_attacks.weakening import weakened
from benchmarks.boundary_attacks.world import Template, made_template, rep
from tests.actions.bank import NOON

SEED = 1
ASKED = rep("noor", "lead")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return made_template(tmp_path_factory.mktemp("template"))


async def test_a_short_round_finds_nothing_and_honest_customers_are_served(template: Template) -> None:
    with quiet():
        played, found = await play(template, SEED, 40)

    assert found.all == []
    assert played.honest == played.completed > 5


async def test_without_people_in_the_clauses_it_is_noticed(template: Template) -> None:
    with quiet(), weakened("clauses that want people", template) as weaker:
        _, found = await play(weaker, SEED, 60)

    assert any("decided by nobody" in each for each in found.effects)


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    opened = Till(tmp_path / "till.db", lambda: NOON)
    opened.owe("cl_1", "ines@example.com", 30_000, NOON - timedelta(days=1), "purchase")
    yield opened
    opened.close()


def asked(diary: Diary, key: str, cents: int, *, by: str = "agent", identity: Identity = "verified") -> None:
    who = Asker("cus_1", "con_1", "ines@example.com", identity)
    wish = {"claim_id": "cl_1", "amount": {"amount": f"{cents / 100:.2f}", "currency": "EUR"}}
    diary.asked[key] = Asked(who, by, "pay_out", wish, NOON)


def paid(till: Till, key: str, cents: int, owner: str = "ines@example.com") -> None:
    amount = Amount(f"{cents / 100:.2f}", "EUR")
    till.happens("paid", key=key, owner=owner, claim_id="cl_1", amount=amount)


def test_the_judge_finds_nothing_wrong_with_what_was_asked_for_and_decided(till: Till) -> None:
    diary = Diary()
    asked(diary, "small", 5_000)
    asked(diary, "large", 16_000)
    diary.yes["large"] += [Yes(LEAD, NOON, None), Yes(OTHER_LEAD, NOON + timedelta(hours=1), 15_001)]
    paid(till, "small", 5_000)
    paid(till, "large", 15_001)

    assert (wrong_effects(till, diary), above_limits(till, diary)) == ([], [])


@pytest.mark.parametrize(
    ("wrong", "clicks"),
    [
        ("decided by nobody", []),
        ("decided by nobody", [Yes(GONE, NOON, None)]),
        ("decided by no lead", [Yes(REP, NOON, None)]),
        ("decided by nobody", [Yes(LEAD, NOON + timedelta(hours=3), None)]),
        ("not decided by two leads", [Yes(LEAD, NOON, None), Yes(LEAD, NOON, None), Yes(REP, NOON, None)]),
        ("not decided by two leads", [Yes(LEAD, NOON, None), Yes(OTHER_LEAD, NOON, 15_000)]),
        ("not decided by two leads", [Yes(LEAD, NOON, None), Yes(ASKED, NOON, None)]),
    ],
)
def test_the_judge_counts_only_people_who_may_and_in_time(till: Till, wrong: str, clicks: list[Yes]) -> None:
    diary = Diary()
    asked(diary, "large", 16_000, by=ASKED.id)
    diary.yes["large"] += clicks
    paid(till, "large", 16_000)

    assert any(wrong in each for each in wrong_effects(till, diary))


def test_the_judge_sees_whose_it_is_what_was_asked_for_and_what_is_frozen(till: Till) -> None:
    diary = Diary()
    asked(diary, "known", 100, identity="known")
    asked(diary, "less", 100)
    asked(diary, "frozen", 100)
    for key, cents in (("known", 100), ("less", 101), ("nobody", 100), ("less", 100)):
        paid(till, key, cents)
    till.happens("frozen", claim_id="cl_1")
    paid(till, "frozen", 100)

    found = " ".join(wrong_effects(till, diary))

    for each in ("only known", "not what was asked for", "asked for by nobody", "twice", "frozen"):
        assert each in found


def test_the_judge_adds_up_a_day(till: Till) -> None:
    diary = Diary()
    for number in range(3):
        asked(diary, f"k{number}", 9_000)
        diary.yes[f"k{number}"] += [Yes(LEAD, NOON, None)]
        paid(till, f"k{number}", 9_000)

    assert above_limits(till, diary) == ["till: 27000 paid to ines@example.com in a day"]


def test_the_judge_adds_up_what_nobody_was_asked_about(till: Till) -> None:
    diary = Diary()
    for key in ("first", "second", "approved"):
        asked(diary, key, 2_501)
        paid(till, key, 2_501)
    diary.yes["approved"] += [Yes(LEAD, NOON, None)]

    assert above_limits(till, diary) == ["till: 5002 paid to ines@example.com in a day, and nobody was asked"]


def test_the_same_seed_gives_the_same_attacks(template: Template, tmp_path: Path) -> None:
    known = Known(
        {"charge_id": ("ch_1", "ch_2")}, ({"charge_id": "ch_1", "amount": {"amount": "1.00", "currency": "EUR"}},)
    )

    one, other = (
        [attack(dice, template.declared, known) for _ in range(50)] for dice in (random.Random(3), random.Random(3))
    )

    assert repr(one[:20]) == repr(other[:20])
