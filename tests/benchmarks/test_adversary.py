"""The adversary at the boundary: a short round finds nothing, and a boundary without a check is found out."""

import random
from pathlib import Path

import pytest

from benchmarks.adversary import play, quiet
from benchmarks.boundary_attacks.generating import Known, attack
from benchmarks.boundary_attacks.weakening import weakened
from benchmarks.boundary_attacks.world import Template, made_template

SEED = 1


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return made_template(tmp_path_factory.mktemp("template"))


async def test_a_short_round_finds_nothing_and_honest_customers_are_served(template: Template) -> None:
    with quiet():
        played, found = await play(template, SEED, 40)

    assert found.all == []
    assert played.honest == played.completed > 5


async def test_without_a_check_of_who_somebody_is_it_is_noticed(template: Template) -> None:
    with quiet(), weakened("identity", template) as weaker:
        _, found = await play(weaker, SEED, 100)

    assert found.leaks


def test_the_same_seed_gives_the_same_attacks(template: Template, tmp_path: Path) -> None:
    known = Known(
        {"charge_id": ("ch_1", "ch_2")}, ({"charge_id": "ch_1", "amount": {"amount": "1.00", "currency": "EUR"}},)
    )

    one, other = (
        [attack(dice, template.declared, known) for _ in range(50)] for dice in (random.Random(3), random.Random(3))
    )

    assert repr(one[:20]) == repr(other[:20])
