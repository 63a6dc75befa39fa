"""The procedures of a workspace, and every fault of theirs: `load_procedures` and `procedure_faults`."""

from collections.abc import Mapping
from pathlib import Path

from answerable.actions.declaring import Action
from answerable.agents.procedures.shapes import shapes_of
from answerable.domain.errors import Fault, Invalid
from answerable.domain.procedures import Procedure
from answerable.knowledge.procedures.linting import faults_in
from answerable.knowledge.procedures.reading import by_id, read_folder

TOLD_MAX = 20


def load_procedures(folder: Path, declared: Mapping[str, Action]) -> dict[str, Procedure]:
    """The procedures of a folder by their ids; none if it is not there.

    Raises Invalid with a sentence for each fault: nobody finds out by a customer that a step leads nowhere.
    """
    found, faults = read_folder(folder)
    faults += faults_in(found, shapes_of(declared))
    if faults:
        told = "\n".join(str(each) for each in sorted(faults)[:TOLD_MAX])
        raise Invalid(f"The procedures cannot be followed. `answerable lint` shows all that is wrong:\n{told}")
    return dict(by_id(found))


def procedure_faults(folder: Path, declared: Mapping[str, Action]) -> list[Fault]:
    """Everything that is wrong with the procedures of a folder, by file and line."""
    found, faults = read_folder(folder)
    return sorted([*faults, *faults_in(found, shapes_of(declared))])
