"""A tool's JSON Schema: as the typed record that an action takes, and as the judge of what is sent and comes back."""

import keyword
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, Union

import msgspec
from jsonschema import exceptions
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from answerable.domain.errors import Invalid

FAULT_CHARACTERS_MAX = 200
DEPTH_MAX = 6
"""Arguments nested deeper than that are too much for a model to fill in right."""

_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_ITEMS = {"minItems": "min_length", "maxItems": "max_length"}
_RANGES = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}


class Unfit(Exception):
    """What a schema allows cannot be said in types."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a value by a schema."""

    argument: str | None
    """The property of the whole that is wrong; None if the whole is."""
    place: str
    """Where it is, and the rule that it breaks, in the schema's own words: nothing of the value is in it."""
    said: str
    """The same in words that quote the value: only for whoever gave it."""


class Judge:
    """Says what is wrong with a value by a schema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Raises Invalid for what is no schema, or leads out of itself."""
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except exceptions.SchemaError as error:
            raise Invalid(f"It is no JSON Schema: {error.message:.{FAULT_CHARACTERS_MAX}}.") from error
        for each in _parts(schema):
            for word in ("$ref", "$dynamicRef"):
                if isinstance(each.get(word), str) and not each[word].startswith("#"):
                    raise Invalid(f"Its schema leads out of itself, to {each[word]!r:.80}.")
        # An empty registry: nothing is ever fetched.
        self._validator = kind(schema, registry=Registry())
        self._root = schema

    def fault(self, value: Any, schema: Mapping[str, Any] | None = None) -> Fault | None:
        """What is wrong with the value by the whole schema, or by a part of it; None if nothing is."""
        if not _is_finite(value):
            return Fault(None, "finite", "A number is not a number.")
        judge = (
            self._validator if schema is None else self._validator.evolve(schema={**_definitions(self._root), **schema})
        )
        try:
            worst = exceptions.best_match(judge.iter_errors(value))
        except (Unresolvable, RecursionError, re.error) as error:
            kind = type(error).__name__
            return Fault(None, kind, f"It cannot be checked: {kind}.")
        if worst is None:
            return None
        path = list(worst.absolute_path)
        # The schema's names and not the value's: what a server answers may have customers' data as names, too.
        named = [str(part) for before, part in pairwise(worst.absolute_schema_path) if before == "properties"]
        return Fault(
            argument=str(path[0]) if path else None,
            place=": ".join([*named, str(worst.validator)])[:FAULT_CHARACTERS_MAX],
            said=f"{''.join(f'{part}: ' for part in path)}{worst.message}"[:FAULT_CHARACTERS_MAX],
        )


def properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that a tool has, by name."""
    found = schema.get("properties")
    return dict(found) if isinstance(found, dict) else {}


def required(schema: Mapping[str, Any]) -> set[str]:
    """Those that it must be given."""
    found = schema.get("required")
    return set(found) if isinstance(found, list) else set()


def type_of(schema: Any, root: Mapping[str, Any], name: str, depth: int = 0) -> Any:
    """The type of the values that a schema allows, as msgspec reads them. Raises Unfit if there is none.

    Nothing of what the server says in words is taken over, only what its values are.
    """
    schema = resolved(schema, root)
    if depth > DEPTH_MAX:
        raise Unfit("it is nested too deep")
    variants = _variants(schema)
    if variants is not None:
        kinds = [type_of(each, root, f"{name}{number}", depth + 1) for number, each in enumerate(variants)]
        return _any_of(kinds)
    if "enum" in schema or "const" in schema:
        return _one_of(schema["enum"] if "enum" in schema else [schema["const"]])
    if schema.get("type") == "array" and "items" in schema:
        inner = type_of(schema["items"], root, f"{name}Item", depth + 1)
        return _limited(list[inner], _said(schema, _ITEMS))  # type: ignore[valid-type]
    if schema.get("type") == "object" and properties(schema):
        return record(name, schema, root, dict.fromkeys(properties(schema), ""), depth=depth)
    return _plain(schema)


def record(
    name: str,
    schema: Mapping[str, Any],
    root: Mapping[str, Any],
    words: Mapping[str, str],
    *,
    depth: int = 0,
    more: Mapping[str, Any] | None = None,
    check: Any = None,
) -> type[msgspec.Struct]:
    """A frozen record with those of a schema's properties for which there are words, and `more`.

    `check` is called with each record that is made; ValueError from it says what is wrong. Raises Unfit.
    """
    fields: list[Any] = []
    names: dict[str, str] = {}
    for argument, said in words.items():
        kind = type_of(properties(schema)[argument], root, _camel(name, argument), depth + 1)
        place = argument if argument.isidentifier() and not keyword.iskeyword(argument) else f"argument_{len(fields)}"
        if place.startswith("_"):
            place = f"argument_{len(fields)}"
        names[place] = argument
        if argument in required(schema):
            fields.append((place, _described(kind, said)))
        else:
            fields.append((place, _described(_any_of([kind, None]), said), None))
    fields += list((more or {}).items())
    space = {"__post_init__": check} if check is not None else {}
    try:
        made = msgspec.defstruct(
            name, fields, frozen=True, kw_only=True, forbid_unknown_fields=True, rename=names, namespace=space
        )
        msgspec.json.schema(made)
        msgspec.json.Decoder(made)
    except (TypeError, ValueError, OverflowError) as error:
        raise Unfit(str(error)) from error
    return made


def said(value: Any, schema: Any, root: Mapping[str, Any]) -> Any:
    """The value without what was left open: optional properties that are null."""
    schema = resolved(schema, root)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [said(each, schema["items"], root) for each in value]
    if not isinstance(value, dict):
        return value
    for variant in _variants(schema) or []:
        if properties(resolved(variant, root)):
            schema = resolved(variant, root)
    known, needed = properties(schema), required(schema)
    return {
        name: said(each, known.get(name, {}), root)
        for name, each in value.items()
        if each is not None or name in needed
    }


def resolved(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """The schema itself, where it only points to one in the same document. Raises Unfit."""
    for _ in range(DEPTH_MAX):
        if not isinstance(schema, dict):
            raise Unfit("it can be anything")
        if isinstance(schema.get("allOf"), list) and len(schema["allOf"]) == 1:
            schema = schema["allOf"][0]
            continue
        if "$ref" not in schema:
            return schema
        found: Any = root
        for part in str(schema["$ref"]).removeprefix("#").split("/")[1:]:
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        schema = found
    raise Unfit("it points to itself")


def _plain(schema: Mapping[str, Any]) -> Any:
    kinds: dict[Any, Any] = {"string": str, "integer": int, "number": float, "boolean": bool, "null": None}
    if schema.get("type") not in kinds:
        raise Unfit("it can be anything")
    limits = {**_said(schema, _LENGTHS), **_pattern(schema)} if schema["type"] == "string" else _said(schema, _RANGES)
    return _limited(kinds[schema["type"]], limits)


def _any_of(kinds: list[Any]) -> Any:
    # With `|` two that are none would be an error.
    return Union[tuple(kinds)]  # noqa: UP007


def _variants(schema: Mapping[str, Any]) -> list[Any] | None:
    for word in ("anyOf", "oneOf"):
        if isinstance(schema.get(word), list) and schema[word]:
            return list(schema[word])
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": each} for each in schema["type"]]
    return None


def _one_of(values: list[Any]) -> Any:
    if not values or not all(each is None or type(each) in (str, int) for each in values):
        raise Unfit("it is one of values that are neither texts nor whole numbers")
    return Literal[tuple(values)]


def _said(schema: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    return {ours: schema[theirs] for theirs, ours in words.items() if theirs in schema}


def _pattern(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "pattern" not in schema:
        return {}
    try:
        re.compile(schema["pattern"])
    except (re.error, TypeError) as error:
        raise Unfit("its pattern cannot be read") from error
    return {"pattern": schema["pattern"]}


def _limited(kind: Any, limits: dict[str, Any]) -> Any:
    try:
        return Annotated[kind, msgspec.Meta(**limits)] if limits else kind
    except (TypeError, ValueError) as error:
        raise Unfit(str(error)) from error


def _described(kind: Any, words: str) -> Any:
    return Annotated[kind, msgspec.Meta(description=words)] if words else kind


def _camel(name: str, argument: str) -> str:
    return name + "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", argument))


def _definitions(root: Mapping[str, Any]) -> dict[str, Any]:
    return {word: root[word] for word in ("$defs", "definitions", "$schema") if word in root}


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    """All objects in it, found without recursion."""
    left = [schema]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield part
            left += part.values()
        elif isinstance(part, list):
            left += part


def _is_finite(value: Any) -> bool:
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, float) and not math.isfinite(part):
            return False
        if isinstance(part, dict):
            left += part.values()
        elif isinstance(part, list):
            left += part
    return True
