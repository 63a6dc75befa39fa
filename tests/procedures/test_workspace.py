"""A company learns what is wrong with its workspace from sentences, before it starts."""

import asyncio
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import answerable_demo
from answerable.actions.loading import load_actions
from answerable.cli.linting import lint_workspace
from answerable.domain.errors import Invalid
from answerable.domain.procedures import ActionShape, Ask, Call, HandOff
from answerable.knowledge.procedures import heads
from answerable.knowledge.procedures.linting import faults_in
from answerable.knowledge.procedures.reading import read_folder, read_procedure
from answerable.releases.rulebook import Rulebook
from answerable.releases.workspace import asset_faults, read_assets
from answerable.settings import read_environment
from answerable.store import Store
from tests.procedures.shop import REFUND, changed

DEMO = Path(answerable_demo.__file__).parent / "workspace"
DOCS = Path(__file__).resolve().parents[2] / "docs"


def _workspace(folder: Path, procedure: str) -> Path:
    (folder / "procedures").mkdir()
    (folder / "answerable.toml").write_text('[company]\nname = "Shop"\n')
    (folder / "procedures" / "one.md").write_text(procedure)
    return folder


def test_the_demo_company_has_procedures_without_faults() -> None:
    procedures, faults = read_folder(DEMO / "procedures")

    assert not faults
    assert not asset_faults(DEMO, load_actions(DEMO / "actions"))
    assert len(procedures) >= 5
    for each in procedures:
        assert len(each.examples) >= 8
        assert len(each.not_examples) >= 5
        kinds = {type(step) for step in each.steps.values()}
        assert Ask in kinds
        assert kinds & {HandOff, Call}


@pytest.mark.parametrize("file", sorted((DEMO / "procedures").glob("*.md")), ids=lambda file: file.stem)
def test_the_demo_company_says_all_of_it_in_the_languages_of_its_examples(file: Path) -> None:
    said = [
        each.removeprefix("{") for each in re.findall(r"(?:^|[{ ,])(en|de|es|fr): ", file.read_text(), re.MULTILINE)
    ]

    assert said
    assert {code: said.count(code) for code in said} == dict.fromkeys(said, said.count("en"))
    assert set(said) == {"en", "de", "es", "fr"}


def test_what_a_rep_agrees_to_is_said_in_these_languages_too() -> None:
    asked = [each.asks for each in load_actions(DEMO / "actions").values() if each.asks]

    assert asked
    assert all({"en", "de", "es", "fr"} <= set(each) for each in asked)


def test_the_program_does_not_start_with_a_fault(tmp_path: Path) -> None:
    folder = _workspace(tmp_path, REFUND)

    with pytest.raises(Invalid, match=r"one\.md:26: There is no action find_charges") as said:
        read_assets(folder, {})

    assert "answerable lint" in str(said.value)
    assert len(asset_faults(folder, {})) == 2
    assert read_assets(folder / "nowhere", {}) == []


def test_lint_tells_people_and_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _workspace(tmp_path, changed("title: Refund\n", ""))

    assert lint_workspace(DEMO, as_json=False) == 0
    assert capsys.readouterr().out == f"{DEMO}: nothing is wrong.\n"
    assert lint_workspace(folder, as_json=False) == 1
    assert re.fullmatch(r".+one\.md:2: It is missing required field “title”\.\n", capsys.readouterr().out)
    assert lint_workspace(folder, as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["faults"] == [
        {"file": str(folder / "procedures" / "one.md"), "line": 2, "says": "It is missing required field “title”."}
    ]


async def test_lint_names_the_clauses_that_the_running_program_has_and_the_workspace_has_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, given = tmp_path / "workspace", {"workspace": tmp_path / "workspace", "data": tmp_path / "data"}
    shutil.copytree(DEMO, folder)
    policy = folder / "policies" / "refund-policy.md"

    def lint(**other: Any) -> str:
        """What it prints. It has an event loop of its own."""
        assert lint_workspace(None, as_json=False, given={**given, **other}) == 0
        return capsys.readouterr().out

    before_it_ever_ran = await asyncio.to_thread(lint)
    with Store(read_environment(**given).database_address) as store:
        await asyncio.to_thread(store.migrate)
        await Rulebook(store, folder / "policies", load_actions(folder / "actions")).keep()
    as_it_holds = await asyncio.to_thread(lint)
    policy.write_text(policy.read_text().replace("R-12", "X-12", 1).replace("R-13", "X-13", 1))

    assert before_it_ever_ran == as_it_holds == f"{folder}: nothing is wrong.\n"
    assert await asyncio.to_thread(lint) == (
        f"R-12 and R-13 hold no longer: {policy} does not have them with an effect any more.\n"
        f"{folder}: nothing is wrong.\n"
    )
    assert await asyncio.to_thread(lint, data=tmp_path / "elsewhere") == f"{folder}: nothing is wrong.\n"
    assert not (tmp_path / "elsewhere").exists(), "to look changes nothing"


POLICY = """---
title: P
effective_from: soon
clauses:
  - id: A-1
    says: All are fine.
    effect: allows
    actions: [find_charges]
  - id: A-2
    title: Perhaps
    says: Perhaps.
    effect: perhaps
  - id: A-3
    title: Everything
    says: Everything is given back.
    effect: allows
    actions: [refund_everything]
---
"""
DECLARATION = """from msgspec import Struct

from answerable.actions.declaring import Doing, action


class Word(Struct, frozen=True, forbid_unknown_fields=True):
    word: str


@action(effect="reads", identity="anonymous")
async def shout(doing: Doing, wanted: Word) -> Word:
    return wanted
"""


def test_lint_tells_every_fault_of_settings_and_policies_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _workspace(tmp_path, REFUND)
    (folder / "answerable.toml").write_text('[company]\nname = "Shop"\n\n[[webhooks]]\nurl = 3\n')
    (folder / "policies").mkdir()
    (folder / "policies" / "p.md").write_text(POLICY)
    (folder / "policies" / "q.md").write_text("---\nclauses: [\n---\n")
    (folder / "policies" / "r.md").write_text("---\ntitle: R\ntitle: R\n---\n")

    lint_workspace(folder, as_json=False)
    said = capsys.readouterr().out.splitlines()

    assert [line.removeprefix(f"{folder}/") for line in said if ".toml" in line or "policies" in line] == [
        "answerable.toml:5: url: It must be a text: write it in quotation marks.",
        "policies/p.md:3: 'soon' is no day. Write it as 2026-01-01, or 2026-01-01T12:00:00Z.",
        "policies/p.md:5: It is missing required field “title”.",
        "policies/p.md:12: effect: Invalid enum value 'perhaps'. It is one of: allows, forbids, needs_approval.",
        "policies/p.md:13: The clause A-3 names actions that are not there: refund_everything.",
        "policies/q.md:3: This is not valid YAML: expected the node content, but found '<stream end>'.",
        "policies/r.md:3: “title” stands here twice.",
    ]
    assert any("There is no action find_charges" in line for line in said)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("company = 3", "1: company: Expected"),
        ('[company]\nname = "Shop"\n[chat]\nanswers = true', "4: chat: It contains unknown field “answers”."),
        ('[company]\nname = "Shop"\nname = 3', "3: This is not valid TOML: Cannot overwrite a value"),
    ],
)
def test_lint_names_the_line_of_a_setting(
    written: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "answerable.toml").write_text(written)

    assert lint_workspace(tmp_path, as_json=False) == 1

    assert f"answerable.toml:{told}" in capsys.readouterr().out


def test_lint_names_the_line_of_each_declaration_that_does_not_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _workspace(tmp_path, REFUND)
    (folder / "actions").mkdir()
    (folder / "actions" / "a.py").write_text("import json\nimport nothing_of_that_name\n")
    (folder / "actions" / "b.py").write_text("def half(:\n")
    (folder / "actions" / "c.py").write_text(DECLARATION)
    (folder / "actions" / "d.py").write_text("from ._e import thing\n")
    (folder / "actions" / "_e.py").write_text("\n\nthing = 1 / 0\n")

    lint_workspace(folder, as_json=False)
    said = [line.removeprefix(f"{folder}/actions/") for line in capsys.readouterr().out.splitlines()]

    assert [line.partition(". ")[0] for line in said] == [
        "a.py:2: It cannot be imported: ModuleNotFoundError: No module named 'nothing_of_that_name'",
        "b.py:1: It cannot be imported: SyntaxError: invalid syntax (b.py, line 1)",
        "c.py:10: The action shout needs a docstring: it is what models and people read of it.",
        "_e.py:3: It cannot be imported: ZeroDivisionError: division by zero",
    ]


def test_the_tutorial_writes_a_procedure_without_faults() -> None:
    page = (DOCS / "tutorials" / "procedures.md").read_text()
    blocks = re.findall(r"```(?:yaml|markdown)\n(.*?)```", page, re.DOTALL)
    found, faults = read_procedure("".join(blocks), file="tutorial.md")
    text = {"type": "string"}
    item = {"type": "object", "properties": {"number": text, "issued_on": text, "total": text}}
    shapes = SimpleNamespace(
        find=ActionShape(
            "find_invoices",
            "reads",
            {"type": "object", "properties": {}},
            {"type": "object", "properties": {"invoices": {"type": "array", "items": item}}},
        ),
        send=ActionShape(
            "resend_invoice",
            "writes",
            {"type": "object", "properties": {"invoice_number": text, "by": {"enum": ["email", "link"]}}},
            {"type": "object", "properties": {"summary": text}},
        ),
    )

    assert found is not None, faults
    assert faults_in([found], {"find_invoices": shapes.find, "resend_invoice": shapes.send}) == []


def test_the_reference_names_every_part() -> None:
    page = (DOCS / "reference" / "procedures.md").read_text()
    schema = heads.schema()
    parts = [schema["properties"], *(each.get("properties", {}) for each in schema["$defs"].values())]

    assert [name for each in parts for name in each if f"`{name}`" not in page and f"`{name}:" not in page] == []
    assert [kind for kind in schema["$defs"]["Need"]["properties"]["kind"]["enum"] if f"`{kind}`" not in page] == []
