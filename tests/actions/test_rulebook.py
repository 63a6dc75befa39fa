"""The clauses of a workspace hold as its files say, from when they say it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from answerable.actions.loading import load_actions
from answerable.actions.rulebook import Rulebook, clauses_in
from answerable.cli.opening import DEMO
from answerable.domain.errors import Faulty, Invalid
from answerable.store import Store, clauses
from tests.actions.bank import Bank, Clock, refunding

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLICY = """---
title: Refunds
clauses:
  - id: R-1
    title: Small ones
    says: {says}
    effect: allows
    actions: [refund_charge]
---
# Refunds
"""


def write(folder: Path, name: str, says: str) -> Path:
    file = folder / name
    file.write_text(POLICY.format(says=says))
    # Two writes within one tick of the file system's clock would look like one.
    os.utime(file, ns=(0, hash(says)))
    return file


async def in_force(store: Store, at: datetime) -> list[str]:
    return [each.says for each in await store.read(clauses.in_force, at)]


async def test_a_file_that_is_changed_at_noon_holds_at_noon_and_not_before(
    store: Store, bank: Bank, clock: Clock, tmp_path: Path
) -> None:
    rulebook = Rulebook(store, tmp_path, {"refund_charge": refunding(bank)}, clock=clock)
    write(tmp_path, "refunds.md", "All are fine.")
    began = clock()
    await rulebook.keep()
    clock.forward(timedelta(hours=1))
    write(tmp_path, "refunds.md", "Only small ones are fine.")

    assert await rulebook.keep() == 1
    assert await rulebook.keep() == 0, "the same once more changes nothing"

    assert await in_force(store, began) == ["All are fine."]
    assert await in_force(store, clock() - timedelta(seconds=1)) == ["All are fine."]
    assert await in_force(store, clock()) == ["Only small ones are fine."]


async def test_a_policy_that_cannot_be_meant_changes_nothing_and_is_named(
    store: Store, bank: Bank, clock: Clock, tmp_path: Path
) -> None:
    rulebook = Rulebook(store, tmp_path, {"refund_charge": refunding(bank)}, clock=clock)
    file = write(tmp_path, "refunds.md", "All are fine.")
    await rulebook.keep()
    file.write_text(POLICY.format(says="x").replace("refund_charge", "refund_everything"))

    with pytest.raises(Invalid, match=r"refunds\.md:4: The clause R-1 names actions that are not there"):
        await rulebook.keep()
    file.write_text("---\nclauses: [\n---\n")
    with pytest.raises(Invalid, match=r"refunds\.md:3: This is not valid YAML"):
        await rulebook.keep()

    assert await in_force(store, clock()) == ["All are fine."]


@pytest.mark.parametrize(
    ("written", "misspelt", "sentence"),
    [
        (
            "effect:",
            "efect:",
            r"refunds\.md:\d+: The clause R-1 has actions and no effect, so that nothing",
        ),
        (
            "clauses:",
            "clause:",
            r"refunds\.md:\d+: clause: There is no such field; there are effective_from, effective_to, clauses\.",
        ),
        ("clauses:", "effective_form: 2026-01-01\nclauses:", r"effective_form: There is no such field"),
        (
            "clauses:",
            "effective_from: 2026-03-01\neffective_to: 2026-02-01\nclauses:",
            r"refunds\.md:\d+: The clause R-1 ends before it begins, so that it never holds\.",
        ),
    ],
)
def test_a_slip_does_not_disarm_a_clause(
    bank: Bank, tmp_path: Path, written: str, misspelt: str, sentence: str
) -> None:
    file = write(tmp_path, "refunds.md", "All are fine.")
    file.write_text(file.read_text().replace(written, misspelt, 1))

    with pytest.raises(Faulty, match=sentence):
        clauses_in(tmp_path, {"refund_charge": refunding(bank)})


def test_a_policy_ends_with_all_of_its_clauses(bank: Bank, tmp_path: Path) -> None:
    file = write(tmp_path, "refunds.md", "All are fine.")
    file.write_text(file.read_text().replace("clauses:", "effective_to: 2026-12-31\nclauses:", 1))

    (found,) = clauses_in(tmp_path, {"refund_charge": refunding(bank)})

    assert found.to_moment == datetime(2026, 12, 31, tzinfo=UTC)


def test_two_clauses_of_one_id_are_refused(bank: Bank, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "All are fine.")
    write(tmp_path, "b.md", "None is.")

    with pytest.raises(Invalid, match=r"b\.md:4: The clause R-1 is in .*a\.md as well"):
        clauses_in(tmp_path, {"refund_charge": refunding(bank)})


def test_two_clauses_of_one_id_in_one_file_are_refused_at_the_second(bank: Bank, tmp_path: Path) -> None:
    file = write(tmp_path, "a.md", "All are fine.")
    head, _, words = file.read_text().removeprefix("---\n").partition("---\n")
    again = head[head.index("  - id: R-1") :]
    file.write_text(f"---\n{head}{again}---\n{words}")

    with pytest.raises(Invalid, match=rf"a\.md:{2 + head.count(chr(10))}: The clause R-1 is in .*a\.md as well"):
        clauses_in(tmp_path, {"refund_charge": refunding(bank)})


def test_the_demo_company_has_clauses_for_its_actions() -> None:
    declared = load_actions(DEMO / "workspace" / "actions")

    ruled = {name for clause in clauses_in(DEMO / "workspace" / "policies", declared) for name in clause.applies_to}

    assert ruled >= {"refund_charge"}
    assert ruled <= set(declared)
