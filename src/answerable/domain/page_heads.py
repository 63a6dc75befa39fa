"""The heads of a workspace's pages, YAML between two lines of `---`, with the line of each part.

Every word stays as it is written: whoever reads it makes numbers and yes or no of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml

NODES_MAX = 5_000
DEPTH_MAX = 40

Path = tuple[str | int, ...]

_HEAD = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)
# Where a head that is none begins: also what word processors make of three dashes, and the line of another format.
_DASHES = r"[-\u2013\u2014\u2212]"
_MEANT = re.compile(rf"[\s\u200b\u2060\ufeff]*(?:---[^\n]*|(?:{_DASHES}+|\+\+\+)[ \t]*$)", re.MULTILINE)
_OPENS = re.compile(r"---[ \t]*(?:\n|\Z)")
_MEANT_TO_CLOSE = re.compile(rf"^[ \t]*(?:\.\.\.|\+\+\+|{_DASHES}+)[ \t]*$", re.MULTILINE)
_PLACE_OF_ERROR = re.compile(r" - at `\$?(.*)`\Z", re.DOTALL)
_NO_TEXT = re.compile(r"Expected “str”, got `(?:int|float|bool)`")
_NO_SUCH_WORD = "Invalid enum value"
_PART = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]")


class BrokenYaml(Exception):
    """It cannot be read; the message says why."""

    def __init__(self, sentence: str, line: int) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(slots=True)
class Lined:
    """What was read, and where it stands."""

    content: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    """The line of each part, counted from 1."""
    bare: set[Path] = field(default_factory=set)
    """Words that were written without quotation marks."""

    def line(self, path: Path) -> int:
        """The line of a part, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def plain_lines(text: str) -> str:
    """A file's text without what editors put around lines: no mark at its beginning, each line ended by one sign."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


NOTHING = "There is a character U+0000 in it, which cannot be kept."


def line_with_nothing(text: str) -> int | None:
    """The line with the first U+0000, which is no text and which databases refuse; none if there is none."""
    place = text.find("\0")
    return text.count("\n", 0, place) + 1 if place >= 0 else None


def split_page(text: str) -> tuple[str, str] | None:
    """The head of a page and what stands below it; none for a page without one. The head begins in line 2."""
    text = plain_lines(text)
    head = _HEAD.match(text)
    return None if head is None else (head[1], text[head.end() :])


def slip_of_head(text: str) -> tuple[str, int] | None:
    """What is wrong where a head was meant and none can be read, with its line; none where no head was meant.

    It is asked of a page that has no head.
    """
    text = plain_lines(text)
    begins = _MEANT.match(text)
    if begins is None:
        return None
    line = 1 + text.count("\n", 0, begins.end())
    if not _OPENS.match(text):
        return (
            "It looks as if a head began here, and none is read: a head begins in the first line of the file, with "
            "three dashes (---) and nothing before or after them."
        ), line
    closes = _MEANT_TO_CLOSE.search(text, begins.end())
    if closes is None:
        return "The head that begins here is never closed: write a line of three dashes (---) below its last field.", 1
    return (
        f"The head that begins in line 1 is not closed by “{closes[0].strip()}”: write three dashes (---) here, with "
        "nothing before or after them."
    ), 1 + text.count("\n", 0, closes.start())


def in_words(error: msgspec.ValidationError, shape: Any) -> tuple[str, Path]:
    """What is wrong with a part of a head of this shape, in a sentence, and which part that is."""
    says = str(error)
    found = _PLACE_OF_ERROR.search(says)
    path: Path = tuple(name or int(number) for name, number in _PART.findall(found[1])) if found else ()
    told = (
        _PLACE_OF_ERROR.sub("", says)
        .replace("Object missing", "It is missing")
        .replace("Object", "It")
        .replace("`", "“", 1)
        .replace("`", "”", 1)
    )
    if told.startswith(_NO_SUCH_WORD) and (allowed := schema_at(shape, path).get("enum")):
        told += f". It is one of: {', '.join(map(str, allowed))}"
    if _NO_TEXT.match(told):
        told = "It must be a text: write it in quotation marks"
    return (f"{path[-1]}: " if path else "") + f"{told}.", path


def schema_at(shape: Any, path: Path) -> Mapping[str, Any]:
    """The JSON Schema of what may stand at a place of a shape; empty if that says nothing."""
    parts: Mapping[str, Any]
    here: Mapping[str, Any]
    (here,), parts = msgspec.json.schema_components([shape], ref_template="{name}")
    for part in path:
        here = _unfolded(here, parts)
        here = here.get("properties", {}).get(part) or here.get("items") or here.get("additionalProperties") or {}
    return _unfolded(here, parts)


def _unfolded(schema: Any, parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself; of what may also be null, the rest."""
    if not isinstance(schema, Mapping):
        return {}
    others = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    here = others[0] if others else schema
    found: Mapping[str, Any] = parts.get(here.get("$ref", ""), here)
    return found


def read_yaml(text: str, *, first_line: int = 1) -> Lined:
    """The content of a YAML text. Raises BrokenYaml, also for a name that stands twice and for what is nested too deep.

    `first_line` is the line of the file in which the text begins.
    """
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + first_line
        raise BrokenYaml(f"This is not valid YAML: {error.problem or error.context}.", line) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BrokenYaml("This is not valid YAML.", first_line) from error
    lined = Lined()
    if node is not None:
        lined.content = _Reader(lined, first_line).read(node, ())
    return lined


class _Reader:
    def __init__(self, lined: Lined, first_line: int) -> None:
        self._lined, self._first_line, self._nodes = lined, first_line, 0

    def read(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + self._first_line
        self._nodes += 1
        # A few aliases of aliases make thousands of nodes.
        if self._nodes > NODES_MAX or len(path) > DEPTH_MAX:
            raise BrokenYaml("The head is too large, or nested too deep.", line)
        self._lined.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(each, (*path, place)) for place, each in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.style is None:
            self._lined.bare.add(path)
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + self._first_line
            if not isinstance(key, yaml.ScalarNode):
                raise BrokenYaml("A name must be a word.", line)
            name = str(key.value)
            if name in found:
                raise BrokenYaml(f"“{name}” stands here twice.", line)
            self._lined.lines[(*path, name)] = line
            found[name] = self.read(value, (*path, name))
        return found
