"""Reading a workspace's actions: every `actions/*.py` whose name does not begin with an underscore."""

import hashlib
import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from answerable.actions.declaring import Action
from answerable.domain.errors import AnswerableError, Fault, Faulty


def load_actions(folder: Path) -> dict[str, Action]:
    """The actions of a folder by their names; none if it is not there.

    The files are one package: they may import from each other with a leading point. Raises Faulty for all files that
    cannot be imported, for declarations that leave something open, and for names that are taken.
    """
    if not folder.is_dir():
        return {}
    package = package_of(folder)
    found: dict[str, Action] = {}
    faults: list[Fault] = []
    for file in sorted(each for each in folder.glob("*.py") if not each.name.startswith("_")):
        try:
            declared = [each for each in vars(imported(package, file)).values() if isinstance(each, Action)]
        except Faulty as error:
            faults += error.faults
            continue
        for each in declared:
            if found.setdefault(each.name, each) is not each:
                faults.append(
                    Fault(str(file), _line_of(each, file), f"There is another action of the name {each.name}.")
                )
    if faults:
        raise Faulty(*dict.fromkeys(faults))
    return found


def package_of(folder: Path) -> str:
    """The name of a fresh package that the files of a folder are imported from."""
    name = f"answerable_actions_{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    for loaded in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        del sys.modules[loaded]
    spec = importlib.util.spec_from_loader(name, loader=None, is_package=True)
    assert spec is not None
    spec.submodule_search_locations = [str(folder)]
    sys.modules[name] = importlib.util.module_from_spec(spec)
    return name


def imported(package: str, file: Path) -> ModuleType:
    """A file of such a folder as a module. Raises Faulty, with the line, for one that cannot be imported."""
    try:
        return importlib.import_module(f"{package}.{file.stem}")
    except AnswerableError as error:
        raise Faulty(_fault(error, file, str(error))) from error
    except Exception as error:
        told = f"It cannot be imported: {type(error).__name__}: {error}"
        raise Faulty(_fault(error, file, told)) from error


def _line_of(declared: Action, file: Path) -> int:
    code = getattr(declared.run, "__code__", None)
    # What a server's tool is declared with is a function of ours.
    return code.co_firstlineno if code is not None and Path(code.co_filename) == file else 1


def _fault(error: Exception, file: Path, says: str) -> Fault:
    """The fault in the last line of the workspace's own files that led to it."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return Fault(error.filename, error.lineno, says)
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if Path(each.filename).parent == file.parent]
    return Fault(own[-1].filename, own[-1].lineno or 1, says) if own else Fault(str(file), 1, says)
