"""The assets that stand in a workspace's files, and every fault of theirs: `read_assets` and `asset_faults`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from answerable.actions.declaring import Action
from answerable.domain.errors import Fault, Invalid
from answerable.domain.page_heads import plain_lines
from answerable.domain.releases import AssetKind
from answerable.knowledge.procedures.linting import faults_in
from answerable.knowledge.procedures.reading import read_folder
from answerable.releases.compiling import instruction_faults, model_faults, threshold_faults
from answerable.releases.shapes import shapes_of

PROCEDURES_FOLDER = "procedures"
TOLD_MAX = 20


class _Faults(Protocol):
    def __call__(self, text: str, *, file: str) -> list[Fault]: ...


@dataclass(frozen=True, slots=True)
class _Alone:
    """A file of which a workspace has one."""

    kind: AssetKind
    key: str
    title: str
    file: str
    faults: _Faults


_ALONE = (
    _Alone("instruction", "instructions", "Instructions", "instructions.md", instruction_faults),
    _Alone("threshold", "thresholds", "Thresholds", "thresholds.toml", threshold_faults),
    _Alone("model", "model", "Model", "model.toml", model_faults),
)


@dataclass(frozen=True, slots=True)
class AssetFile:
    """A file of the workspace that releases pin, as it stands there now."""

    kind: AssetKind
    key: str
    title: str
    text: str


def read_assets(folder: Path, declared: Mapping[str, Action]) -> list[AssetFile]:
    """What a workspace has of each kind that releases pin, in the order of its files.

    Raises Invalid with a sentence for each fault: nobody finds out by a customer that a step leads nowhere.
    """
    found, faults = _read(folder, declared)
    if faults:
        told = "\n".join(str(each) for each in faults[:TOLD_MAX])
        raise Invalid(f"Not all of the workspace can be followed. `answerable lint` shows all that is wrong:\n{told}")
    return found


def asset_faults(folder: Path, declared: Mapping[str, Action]) -> list[Fault]:
    """Everything that is wrong with these files, by file and line."""
    return _read(folder, declared)[1]


def _read(folder: Path, declared: Mapping[str, Action]) -> tuple[list[AssetFile], list[Fault]]:
    procedures, faults = read_folder(folder / PROCEDURES_FOLDER)
    faults += faults_in(procedures, shapes_of(declared))
    found = [AssetFile("procedure", each.id, each.title, each.source) for each in procedures]
    for each in _ALONE:
        file, wrong = _alone(folder / each.file, each)
        found += file
        faults += wrong
    return found, sorted(faults)


def _alone(file: Path, kind: _Alone) -> tuple[list[AssetFile], list[Fault]]:
    """A file of which there is one; nothing where there is none, or no word in it."""
    if not file.exists():
        return [], []
    try:
        text = plain_lines(file.read_bytes().decode("utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        return [], [Fault(str(file), 1, f"It cannot be read: {error}.")]
    faults = kind.faults(text, file=str(file))
    return [AssetFile(kind.kind, kind.key, kind.title, text)] if text and not faults else [], faults
