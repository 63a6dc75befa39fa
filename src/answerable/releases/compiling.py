"""Whether a release could be followed: `faults_of(pinned, shapes)` says all that is wrong with what it pins."""

from collections.abc import Mapping

from answerable.domain.errors import Fault
from answerable.domain.page_heads import NOTHING, line_with_nothing
from answerable.domain.procedures import ActionShape, Procedure
from answerable.knowledge.procedures.linting import faults_in
from answerable.knowledge.procedures.reading import read_procedure
from answerable.releases.pinned import Pinned

INSTRUCTIONS_BYTES_MAX = 16_000
"""A language model reads them with every call: this is about 4,000 tokens."""
INSTRUCTIONS_TOO_LONG = f"Instructions have at most {INSTRUCTIONS_BYTES_MAX // 1000} kB."
ANOTHER_ID = "Its id is “{id}” now, and was “{key}”: an asset keeps its id. Write a new procedure instead."


def faults_of(pinned: Pinned, shapes: Mapping[str, ActionShape]) -> list[Fault]:
    """All that is wrong with procedures and instructions, each named by its title."""
    procedures: list[Procedure] = []
    faults: list[Fault] = []
    for key, revision in pinned.procedures_by_key.items():
        procedure, wrong = read_procedure(revision.text, file=revision.title)
        faults += wrong
        if procedure is not None and procedure.id != key:
            faults.append(Fault(revision.title, 1, ANOTHER_ID.format(id=procedure.id, key=key)))
        elif procedure is not None:
            procedures.append(procedure)
    if pinned.instructions is not None:
        faults += instruction_faults(pinned.instructions.text, file=pinned.instructions.title)
    return sorted([*faults, *faults_in(procedures, shapes)])


def instruction_faults(text: str, *, file: str) -> list[Fault]:
    """What is wrong with the company's own instructions."""
    if (line := line_with_nothing(text)) is not None:
        return [Fault(file, line, NOTHING)]
    if len(text.encode()) > INSTRUCTIONS_BYTES_MAX:
        return [Fault(file, 1, INSTRUCTIONS_TOO_LONG)]
    return []
