"""A company learns what is wrong with its workspace from sentences, before it starts."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import answerable_demo
from answerable.actions.loading import load_actions
from answerable.agents.procedures.workspace import load_procedures, procedure_faults
from answerable.cli.linting import lint_workspace
from answerable.domain.errors import Invalid
from answerable.domain.procedures import ActionShape, Ask, Call, HandOff
from answerable.knowledge.procedures import heads
from answerable.knowledge.procedures.linting import faults_in
from answerable.knowledge.procedures.reading import read_procedure
from tests.procedures.shop import REFUND, changed

DEMO = Path(answerable_demo.__file__).parent / "workspace"
DOCS = Path(__file__).resolve().parents[2] / "docs"


def _workspace(folder: Path, procedure: str) -> Path:
    (folder / "procedures").mkdir()
    (folder / "answerable.toml").write_text('[company]\nname = "Shop"\n')
    (folder / "procedures" / "one.md").write_text(procedure)
    return folder


def test_the_demo_company_has_procedures_without_faults() -> None:
    declared = load_actions(DEMO / "actions")
    procedures = load_procedures(DEMO / "procedures", declared)

    assert len(procedures) >= 5
    for each in procedures.values():
        assert len(each.examples) >= 8
        assert len(each.not_examples) >= 5
        kinds = {type(step) for step in each.steps.values()}
        assert Ask in kinds
        assert kinds & {HandOff, Call}


def test_the_program_does_not_start_with_a_fault(tmp_path: Path) -> None:
    folder = _workspace(tmp_path, REFUND)

    with pytest.raises(Invalid, match=r"one\.md:26: There is no action find_charges") as said:
        load_procedures(folder / "procedures", {})

    assert "answerable lint" in str(said.value)
    assert len(procedure_faults(folder / "procedures", {})) == 2
    assert load_procedures(folder / "nowhere", {}) == {}


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


def test_lint_tells_of_broken_actions_policies_and_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _workspace(tmp_path, REFUND)
    (folder / "answerable.toml").write_text("company = 3")
    (folder / "policies").mkdir()
    (folder / "policies" / "p.md").write_text("---\nclauses: [{id: A, effect: forbids}]\n---\n")
    lint_workspace(folder, as_json=False)
    first = capsys.readouterr().out
    (folder / "actions").mkdir()
    (folder / "actions" / "a.py").write_text("import nothing_of_that_name\n")
    lint_workspace(folder, as_json=False)
    then = capsys.readouterr().out

    assert "answerable.toml:1: " in first
    assert "p.md:1: " in first
    assert "There is no action find_charges" in first
    assert "a.py cannot be imported" in then


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
