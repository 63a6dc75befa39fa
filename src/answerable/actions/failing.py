"""What is logged of an error in an action: where it happened, and never its words, which may be a customer's."""

import re
import traceback
from pathlib import Path

import msgspec

PLACES_MAX = 3

_PLACE_OF_ERROR = re.compile(r" - at `(\$[^`]*)`\Z")
# What stands in the program itself, in Python, or in a library is no place in the workspace.
_ELSEWHERE = (Path(__file__).parents[1], Path(traceback.__file__).parent)


def where(error: BaseException) -> str:
    """The kind of an error, the part of a record that does not fit, and the lines of the workspace on the way to it."""
    found = _PLACE_OF_ERROR.search(str(error)) if isinstance(error, msgspec.ValidationError) else None
    part = f" at {found[1]}" if found else ""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if _is_of_workspace(Path(each.filename))]
    lines = ", ".join(f"{Path(each.filename).name}:{each.lineno} in {each.name}" for each in frames[-PLACES_MAX:])
    return f"{type(error).__name__}{part}" + (f" ({lines})" if lines else "")


def _is_of_workspace(file: Path) -> bool:
    is_elsewhere = "site-packages" in file.parts or any(file.is_relative_to(each) for each in _ELSEWHERE)
    return file.suffix == ".py" and not is_elsewhere
