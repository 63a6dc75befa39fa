"""The clauses of a workspace hold as its files say, from when they say it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from answerable.actions.loading import load_actions
from answerable.actions.policy_reading import policies_in
from answerable.cli.opening import DEMO
from answerable.domain.errors import Faulty, Invalid, Unavailable
from answerable.releases.rulebook import Rulebook
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
    folder.mkdir(exist_ok=True)
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
    rulebook = Rulebook(store, tmp_path / "policies", {"refund_charge": refunding(bank)}, clock=clock)
    write(tmp_path / "policies", "refunds.md", "All are fine.")
    began = clock()
    await rulebook.keep()
    clock.forward(timedelta(hours=1))
    write(tmp_path / "policies", "refunds.md", "Only small ones are fine.")

    assert await rulebook.keep() == 1
    assert await rulebook.keep() == 0, "the same once more changes nothing"

    assert await in_force(store, began) == ["All are fine."]
    assert await in_force(store, clock() - timedelta(seconds=1)) == ["All are fine."]
    assert await in_force(store, clock()) == ["Only small ones are fine."]


async def test_a_policy_that_cannot_be_meant_changes_nothing_and_is_named(
    store: Store, bank: Bank, clock: Clock, tmp_path: Path
) -> None:
    rulebook = Rulebook(store, tmp_path / "policies", {"refund_charge": refunding(bank)}, clock=clock)
    file = write(tmp_path / "policies", "refunds.md", "All are fine.")
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
            r"refunds\.md:\d+: The clause R-1 has efect and actions and no effect, so that nothing",
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
        policies_in(tmp_path, {"refund_charge": refunding(bank)})


HEAD, WORDS = POLICY.format(says="All are fine.").removeprefix("---\n").split("---\n")


@pytest.mark.parametrize(
    ("written", "line", "sentence"),
    [
        (f"---\n{HEAD}# Refunds\n", 1, "never closed: write a line of three dashes"),
        (f"---\r{HEAD}# Refunds\n".replace("\n", "\r"), 1, "never closed"),
        (f"---\n{HEAD}...\n{WORDS}", 9, "not closed by “...”: write three dashes"),
        (f"---\n{HEAD}----\n{WORDS}", 9, "not closed by “----”"),
        (f"---\n{HEAD} ---\n{WORDS}", 9, "not closed by “---”: write three dashes (---) here, with nothing before"),
        (f"---\n{HEAD}\u2014\n{WORDS}", 9, "not closed by “\u2014”"),
        (f"\n---\n{HEAD}---\n{WORDS}", 2, "a head begins in the first line of the file"),
        (f"\ufeff\n \n---\n{HEAD}---\n{WORDS}", 3, "a head begins in the first line of the file"),
        (f" ---\n{HEAD}---\n{WORDS}", 1, "a head begins in the first line of the file"),
        (f"\u200b---\n{HEAD}---\n{WORDS}", 1, "a head begins in the first line of the file"),
        (f"----\n{HEAD}----\n{WORDS}", 1, "a head begins in the first line of the file"),
        (f"--- # policy\n{HEAD}---\n{WORDS}", 1, "a head begins in the first line of the file"),
        (f"\u2014\n{HEAD}\u2014\n{WORDS}", 1, "a head begins in the first line of the file"),
        (f"+++\n{HEAD}+++\n{WORDS}", 1, "a head begins in the first line of the file"),
        (f"{HEAD}---\n{WORDS}", 2, "“clauses:” stands outside of the head"),
        (f"# Refunds\n\n---\n{HEAD}---\n", 5, "“clauses:” stands outside of the head"),
        (f"```yaml\n{HEAD}```\n{WORDS}", 3, "“clauses:” stands outside of the head"),
        (f"---\n---\n{HEAD}---\n{WORDS}", 4, "“clauses:” stands outside of the head"),
        ("---\n" + HEAD.replace("clauses", "---\nclauses") + f"---\n{WORDS}", 4, "“clauses:” stands outside"),
        ("---\n" + HEAD.replace("  - id", "---\n  - id") + f"---\n{WORDS}", 5, "“- id: R-1” stands outside"),
        ("# Refunds\n- {title: Small ones, effect: allows, actions: [x]}\n", 2, "“effect: allows” stands"),
        ('{"clauses": [\n{"id": "R-1", "effect": "allows"}]}\n', 2, "stands outside of the head"),
        ("---\n- id: R-1\n  effect: allows\n---\n", 2, "A head is made of fields"),
        ("---\nall of it\n---\n", 2, "A head is made of fields"),
        ("---\n" + HEAD.replace("clauses", "CLAUSES") + "---\n", 3, "CLAUSES: There is no such field"),
        ("---\n" + HEAD.replace("clauses", "rules") + "---\n", 4, "has an effect and is none of the clauses"),
        ("---\nid: R-1\neffect: allows\nactions: [refund_charge]\n---\n", 2, "has an effect and is none of"),
        ("---\n" + HEAD.replace("effect", "Effect").replace("act", "Act") + "---\n", 4, "has Effect and Actions"),
    ],
)  # fmt: skip
def test_a_head_that_was_meant_and_cannot_be_read_is_a_fault_with_its_line(
    bank: Bank, tmp_path: Path, written: str, line: int, sentence: str
) -> None:
    file = tmp_path / "refunds.md"
    file.write_text(written, encoding="utf-8", newline="")

    with pytest.raises(Faulty) as said:
        policies_in(tmp_path, {"refund_charge": refunding(bank)})

    (fault, *_) = said.value.faults
    assert (fault.file, fault.line) == (str(file), line), fault.says
    assert sentence in fault.says


@pytest.mark.parametrize(
    "written",
    [
        "# Refunds\n\nWe give money back.\n\n---\n\nThere are clauses: see the contract. Its effect: none.\n",
        "---\ntitle: Refunds\n---\n# Refunds\n\n---\n\n- id cards are not refunded\n",
        "---\n---\n# Refunds\n",
        "* * *\n\nRefunds\n",
        "- Refunds\n- Withdrawals\n",
        "",
    ],
)
def test_a_page_of_words_has_no_clauses_and_no_faults(bank: Bank, tmp_path: Path, written: str) -> None:
    (tmp_path / "refunds.md").write_text(written)

    assert policies_in(tmp_path, {"refund_charge": refunding(bank)}).clauses == []


@pytest.mark.parametrize(
    "name", ["refunds.MD", "a.markdown", "a.yaml", "a.yml", "a.txt", "a.md.bak", "refunds", "a.pdf"]
)
def test_a_file_that_nobody_reads_is_a_fault(bank: Bank, tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "more", name, "All are fine.")

    with pytest.raises(Faulty) as said:
        policies_in(tmp_path, {"refund_charge": refunding(bank)})

    assert [(each.file, each.line) for each in said.value.faults] == [(str(file), 1)]
    assert "It is not read: policies are pages that end in .md" in str(said.value)


def test_a_link_to_a_folder_is_a_fault_and_one_to_a_page_is_read(bank: Bank, tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere", "refunds.md", "All are fine.")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "r.md").symlink_to(elsewhere)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "more").symlink_to(elsewhere.parent)

    assert [each.id for each in policies_in(tmp_path / "linked", {"refund_charge": refunding(bank)}).clauses] == ["R-1"]
    with pytest.raises(Faulty, match=r"more:1: A link to a folder is not followed"):
        policies_in(tmp_path / "policies", {"refund_charge": refunding(bank)})


def test_what_editors_and_people_put_beside_pages_is_passed_over(bank: Bank, tmp_path: Path) -> None:
    write(tmp_path, "refunds.md", "All are fine.")
    for name in (".gitkeep", ".refunds.md.swp", "refunds.md~", "#refunds.md#", "README", "README.txt", "steps.png"):
        (tmp_path / name).write_text("clauses:\n")
    (tmp_path / ".#refunds.md").symlink_to("maya@laptop.4711")
    write(tmp_path / ".checkpoints", "refunds.md", "All are fine.")

    assert [each.id for each in policies_in(tmp_path, {"refund_charge": refunding(bank)}).clauses] == ["R-1"]


async def test_a_faulty_page_of_a_running_program_keeps_what_held_and_is_told_once(
    store: Store, bank: Bank, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "policies"
    rulebook = Rulebook(store, folder, {"refund_charge": refunding(bank)}, clock=clock)
    file = write(folder, "refunds.md", "All are fine.")
    await rulebook.keep()
    clock.forward(timedelta(hours=1))

    file.write_text(f"---\n{HEAD}# Refunds\n")
    await rulebook.look_again()
    await rulebook.look_again()
    held_by_half_a_head = await in_force(store, clock())
    other = write(folder, "more.yaml", "None is.")
    await rulebook.look_again()

    first, *others = [each for each in caplog.records if each.name == "answerable.releases.rulebook"]
    assert held_by_half_a_head == await in_force(store, clock()) == ["All are fine."]
    assert first.levelname == "WARNING"
    assert first.getMessage().startswith(f"{file}:1: The head that begins here is never closed")
    assert first.getMessage().endswith("The clauses from before stay in force.")
    assert [f"{other}:1: It is not read" in each.getMessage() for each in others] == [True]

    other.unlink()
    write(folder, "refunds.md", "Only small ones are fine.")
    await rulebook.look_again()
    assert await in_force(store, clock()) == ["Only small ones are fine."]


async def test_which_clauses_hold_no_longer_is_said(
    store: Store, bank: Bank, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    declared = {"refund_charge": refunding(bank)}
    rulebook = Rulebook(store, tmp_path / "policies", declared, clock=clock)
    file = write(tmp_path / "policies", "refunds.md", "All are fine.")
    other = write(tmp_path / "policies", "more.md", "More.")
    one = HEAD[HEAD.index("  - id") :]
    file.write_text(f"---\nid: refunds\n{HEAD}{one.replace('R-1', 'R-2')}{one.replace('R-1', 'R-3')}---\n")
    other.write_text(other.read_text().replace("R-1", "R-4"))
    await rulebook.keep()
    assert not caplog.records

    file.write_text(f"---\nid: refunds\n{HEAD}---\n")
    other.unlink()
    await Rulebook(store, tmp_path / "policies", declared, clock=clock).keep()

    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("WARNING", f"R-2 and R-3 hold no longer: {file} does not have them with an effect any more."),
        ("WARNING", "R-4 holds no longer: the policy more.md is not there any more."),
    ]


async def test_a_page_that_lost_its_whole_head_is_named_by_the_program_that_had_read_it(
    store: Store, bank: Bank, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rulebook = Rulebook(store, tmp_path / "policies", {"refund_charge": refunding(bank)}, clock=clock)
    file = write(tmp_path / "policies", "refunds.md", "All are fine.")
    file.write_text(file.read_text().replace("title:", "id: refund-policy\ntitle:", 1))
    await rulebook.keep()

    file.write_text("# Refunds\n\nWe give money back.\n")
    await rulebook.look_again()

    (said,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert said == f"R-1 holds no longer: {file} does not have it with an effect any more."
    assert await in_force(store, clock()) == []


async def test_what_the_database_did_not_take_is_put_again(
    store: Store, bank: Bank, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rulebook = Rulebook(store, tmp_path / "policies", {"refund_charge": refunding(bank)}, clock=clock)
    write(tmp_path / "policies", "refunds.md", "All are fine.")
    with monkeypatch.context() as locked:
        locked.setattr(store, "write", _busy)
        await rulebook.look_again()

    await rulebook.look_again()

    assert await in_force(store, clock()) == ["All are fine."]


async def _busy(*_: object) -> None:
    raise Unavailable("The database is locked by another program; try again in a moment.")


def test_a_policy_ends_with_all_of_its_clauses(bank: Bank, tmp_path: Path) -> None:
    file = write(tmp_path, "refunds.md", "All are fine.")
    file.write_text(file.read_text().replace("clauses:", "effective_to: 2026-12-31\nclauses:", 1))

    (found,) = policies_in(tmp_path, {"refund_charge": refunding(bank)}).clauses

    assert found.to_moment == datetime(2026, 12, 31, tzinfo=UTC)


def test_two_clauses_of_one_id_are_refused(bank: Bank, tmp_path: Path) -> None:
    write(tmp_path, "a.md", "All are fine.")
    write(tmp_path, "b.md", "None is.")

    with pytest.raises(Invalid, match=r"b\.md:4: The clause R-1 is in .*a\.md as well"):
        policies_in(tmp_path, {"refund_charge": refunding(bank)})


def test_two_clauses_of_one_id_in_one_file_are_refused_at_the_second(bank: Bank, tmp_path: Path) -> None:
    file = write(tmp_path, "a.md", "All are fine.")
    head, _, words = file.read_text().removeprefix("---\n").partition("---\n")
    again = head[head.index("  - id: R-1") :]
    file.write_text(f"---\n{head}{again}---\n{words}")

    with pytest.raises(Invalid, match=rf"a\.md:{2 + head.count(chr(10))}: The clause R-1 is in .*a\.md as well"):
        policies_in(tmp_path, {"refund_charge": refunding(bank)})


def test_the_demo_company_has_clauses_for_its_actions() -> None:
    declared = load_actions(DEMO / "workspace" / "actions")

    ruled = {
        name for clause in policies_in(DEMO / "workspace" / "policies", declared).clauses for name in clause.applies_to
    }

    assert ruled >= {"refund_charge"}
    assert ruled <= set(declared)
