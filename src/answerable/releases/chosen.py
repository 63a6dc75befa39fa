"""What a release chooses in numbers and names: its thresholds, and its model. TOML, a few lines each.

# thresholds.toml
answer = 0.62          # below this confidence a turn is handed off

# model.toml
name = "gpt-5-mini"
temperature = 0.2
"""

import logging
import re
import tomllib
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from answerable.domain.errors import Fault, Faulty
from answerable.domain.page_heads import in_words
from answerable.domain.releases import Revision

_LINE_OF_TOML = re.compile(r"\(at line (\d+)")

log = logging.getLogger(__name__)

Chosen = TypeVar("Chosen", bound=Struct)


class Thresholds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where on something is done."""

    answer: Annotated[float, Meta(ge=0, le=1)] | None = None
    """Below this confidence nothing is answered; the calibrated one if there is none."""


class ChosenModel(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which model answers, and how."""

    name: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^\S+$")] | None = None
    """`embedded`, or the name of a language model; that of the settings if there is none."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None


def read_thresholds(text: str, *, file: str) -> Thresholds:
    """The thresholds in a text. Raises Faulty with its line."""
    return _read(text, Thresholds, file)


def read_model(text: str, *, file: str) -> ChosenModel:
    """The model in a text. Raises Faulty with its line."""
    return _read(text, ChosenModel, file)


def chosen_thresholds(revision: Revision | None) -> Thresholds:
    """The thresholds of a release. What this program cannot read any more is told in the log, and left out."""
    return _chosen(revision, Thresholds)


def chosen_model(revision: Revision | None) -> ChosenModel:
    """The model of a release, likewise."""
    return _chosen(revision, ChosenModel)


def _chosen(revision: Revision | None, kind: type[Chosen]) -> Chosen:
    if revision is None:
        return kind()
    try:
        return _read(revision.text, kind, f"{revision.title}, revision {revision.number}")
    except Faulty as error:
        log.warning("The program goes on with its settings in place of what cannot be read any more: %s", error)
        return kind()


def _read(text: str, kind: type[Chosen], file: str) -> Chosen:
    try:
        return msgspec.convert(tomllib.loads(text), kind, strict=True)
    except tomllib.TOMLDecodeError as error:
        at = _LINE_OF_TOML.search(str(error))
        line = int(at[1]) if at else len(text.splitlines())
        raise Faulty(Fault(file, line, f"This is not valid TOML: {error}.")) from error
    except msgspec.ValidationError as error:
        says, place = in_words(error, kind)
        named = [str(each) for each in place] + re.findall("“(.+?)”", says)
        raise Faulty(Fault(file, _line_of(text, named), says)) from error


def _line_of(text: str, names: list[str]) -> int:
    lines = text.splitlines()
    return next((n for n, line in enumerate(lines, 1) if any(line.split("=")[0].strip() == each for each in names)), 1)
