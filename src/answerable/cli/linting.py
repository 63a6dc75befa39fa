"""`answerable lint`: everything that is wrong in a workspace, before a customer finds it."""

from pathlib import Path

import msgspec
import rich_click as click

from answerable.actions.loading import load_actions
from answerable.actions.rulebook import clauses_in
from answerable.agents.procedures.workspace import procedure_faults
from answerable.cli.opening import DEMO
from answerable.domain.errors import Fault, Faulty, Invalid
from answerable.settings import WORKSPACE_FILE, read_environment, read_workspace


def lint_workspace(folder: Path | None, *, as_json: bool) -> int:
    """Prints every fault, and gives how many there are. Without a folder it looks at the one that would be started."""
    folder = folder or read_environment().workspace or DEMO / "workspace"
    faults = _faults(folder)
    if as_json:
        click.echo(msgspec.json.encode({"workspace": str(folder), "faults": faults}))
        return len(faults)
    for each in faults:
        click.echo(str(each))
    if not faults:
        click.echo(f"{folder}: nothing is wrong.")
    return len(faults)


def _faults(folder: Path) -> list[Fault]:
    """Each part is looked at by itself: a broken policy does not hide a broken procedure."""
    try:
        read_workspace(folder)
        faults = []
    except Faulty as error:
        faults = [*error.faults]
    except Invalid as error:
        faults = [Fault(str(folder / WORKSPACE_FILE), 1, str(error))]
    try:
        declared = load_actions(folder / "actions")
    except Faulty as error:
        # Without the actions nothing can be said of what names them.
        return [*faults, *error.faults]
    try:
        clauses_in(folder / "policies", declared)
    except Faulty as error:
        faults += error.faults
    return [*faults, *procedure_faults(folder / "procedures", declared)]
