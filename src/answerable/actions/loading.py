"""Reading a workspace's actions: every `actions/*.py` whose name does not begin with an underscore."""

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from answerable.actions.declaring import Action
from answerable.domain.errors import AnswerableError, Invalid


def load_actions(folder: Path) -> dict[str, Action]:
    """The actions of a folder by their names; none if it is not there.

    The files are one package: they may import from each other with a leading point. Raises Invalid with the file's name
    for one that cannot be imported, a declaration that leaves something open, and a name that is taken.
    """
    if not folder.is_dir():
        return {}
    package = package_of(folder)
    found: dict[str, Action] = {}
    for file in sorted(folder.glob("*.py")):
        if file.name.startswith("_"):
            continue
        for declared in vars(imported(package, file)).values():
            if not isinstance(declared, Action):
                continue
            if found.setdefault(declared.name, declared) is not declared:
                raise Invalid(f"{file}: there is another action of the name {declared.name}.")
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
    """A file of such a folder as a module. Raises Invalid with the file's name for one that cannot be imported."""
    try:
        return importlib.import_module(f"{package}.{file.stem}")
    except AnswerableError as error:
        raise Invalid(f"{file}: {error}") from error
    except Exception as error:
        raise Invalid(f"{file} cannot be imported: {type(error).__name__}: {error}") from error
