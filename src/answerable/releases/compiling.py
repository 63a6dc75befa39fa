"""Whether a release could be followed: `faults_of(found, actions)` says all that is wrong with what it has."""

from collections.abc import Callable, Collection, Mapping

from answerable.actions.declaring import Declaration
from answerable.domain.errors import Fault, Faulty
from answerable.domain.page_heads import NOTHING, line_with_nothing
from answerable.domain.procedures import Procedure
from answerable.domain.releases import Revision
from answerable.knowledge.procedures.linting import faults_in
from answerable.knowledge.procedures.reading import read_procedure
from answerable.releases.chosen import read_model, read_thresholds
from answerable.releases.pinned import pinned_among
from answerable.releases.policies import policies_among
from answerable.releases.shapes import shapes_of
from answerable.store.assets import Revised

INSTRUCTIONS_BYTES_MAX = 16_000
"""A language model reads them with every call: this is about 4,000 tokens."""
INSTRUCTIONS_TOO_LONG = f"Instructions have at most {INSTRUCTIONS_BYTES_MAX // 1000} kB."
ANOTHER_ID = "Its id is “{id}” now, and was “{key}”: an asset keeps its id. Write a new procedure instead."
NO_MODEL = "There is no way to the model “{name}” here: {why}"

WhyNot = Callable[[str], str | None]
"""Why a model cannot be had, by its name; none if it can."""


def faults_of(found: Collection[Revised], actions: Mapping[str, Declaration], why_not: WhyNot) -> list[Fault]:
    """All that is wrong with what a release has beside its articles, each named by its title."""
    pinned = pinned_among(found)
    faults = _procedure_faults(pinned.procedures_by_key, actions)
    if pinned.instructions is not None:
        faults += instruction_faults(pinned.instructions.text, file=pinned.instructions.title)
    if pinned.thresholds is not None:
        faults += threshold_faults(pinned.thresholds.text, file=pinned.thresholds.title)
    if pinned.model is not None:
        faults += model_faults(pinned.model.text, file=pinned.model.title, why_not=why_not)
    try:
        policies_among(found, actions.keys())
    except Faulty as error:
        faults += error.faults
    return sorted(faults)


def instruction_faults(text: str, *, file: str) -> list[Fault]:
    """What is wrong with the company's own instructions."""
    if (line := line_with_nothing(text)) is not None:
        return [Fault(file, line, NOTHING)]
    if len(text.encode()) > INSTRUCTIONS_BYTES_MAX:
        return [Fault(file, 1, INSTRUCTIONS_TOO_LONG)]
    return []


def threshold_faults(text: str, *, file: str) -> list[Fault]:
    """What is wrong with thresholds."""
    try:
        read_thresholds(text, file=file)
    except Faulty as error:
        return [*error.faults]
    return []


def model_faults(text: str, *, file: str, why_not: WhyNot = lambda _: None) -> list[Fault]:
    """What is wrong with the choice of a model."""
    try:
        name = read_model(text, file=file).name
    except Faulty as error:
        return [*error.faults]
    why = why_not(name) if name is not None else None
    return [Fault(file, 1, NO_MODEL.format(name=name, why=why))] if why is not None else []


def _procedure_faults(procedures_by_key: Mapping[str, Revision], actions: Mapping[str, Declaration]) -> list[Fault]:
    procedures: list[Procedure] = []
    faults: list[Fault] = []
    for key, revision in procedures_by_key.items():
        procedure, wrong = read_procedure(revision.text, file=revision.title)
        faults += wrong
        if procedure is not None and procedure.id != key:
            faults.append(Fault(revision.title, 1, ANOTHER_ID.format(id=procedure.id, key=key)))
        elif procedure is not None:
            procedures.append(procedure)
    return [*faults, *faults_in(procedures, shapes_of(actions))]
