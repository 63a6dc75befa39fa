"""Whether what a procedure gives an action fits what the action takes, by their JSON Schemas."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from answerable.domain.procedures import Need
from answerable.knowledge.procedures.templates import is_one_place, places

Schema = Mapping[str, Any]
LookUp = Callable[[str], Schema | None]
_TYPES: dict[type, tuple[str, ...]] = {bool: ("boolean",), int: ("integer", "number"), float: ("number",)}


def type_of_need(need: Need) -> dict[str, Any]:
    """JSON Schema of an answer."""
    match need.kind:
        case "money":
            text = {"type": "string"}
            return {
                "type": "object",
                "properties": {"amount": text, "currency": text},
                "required": ["amount", "currency"],
            }
        case "yes_no":
            return {"type": "boolean"}
        case "choice":
            return {"type": "string", "enum": [each.value for each in need.options]}
        case _:
            return {"type": "string"}


def part(schema: Schema, path: list[str]) -> dict[str, Any] | None:
    """What stands at a path within something of this schema; None if there is nothing of that name."""
    whole = schema.get("$defs", {})
    here = _resolved(schema, whole)
    for name in path:
        properties = here.get("properties", {})
        if name in properties:
            here = _resolved(properties[name], whole)
        elif here.get("type") == "array" and name.isdigit():
            here = _resolved(here.get("items", {}), whole)
        elif "properties" not in here and here.get("type", "object") == "object":
            # Nothing is said of what it holds.
            return {}
        else:
            return None
    return {**here, "$defs": whole}


def _resolved(schema: Schema, whole: Mapping[str, Any]) -> dict[str, Any]:
    """The schema itself; of what may also be null, the rest."""
    here = dict(schema)
    for _ in range(20):
        if "$ref" in here:
            here = dict(whole.get(str(here["$ref"]).rpartition("/")[2], {}))
        elif "anyOf" in here:
            others = [each for each in here["anyOf"] if each.get("type") != "null"]
            if len(others) != 1:
                return here
            here = dict(others[0])
        else:
            return here
    return here


def argument_fault(given: Any, wanted: Schema, look: LookUp, name: str) -> str | None:
    """What is wrong with an argument, in a sentence; None if it fits."""
    whole = wanted.get("$defs", {})
    here = _resolved(wanted, whole)
    if isinstance(given, Mapping):
        return _record_fault(given, here, whole, look, name)
    if isinstance(given, str) and (path := is_one_place(given)):
        found = look(path)
        # What is not known at all has its own sentence.
        return None if found is None else _misfit(found, here, whole, f"{name}: {given}")
    if isinstance(given, str) and places(given):
        return None if here.get("type", "string") == "string" else f"{name} is a text, and must be {_kind(here)}."
    return _literal_fault(given, here, name)


def _record_fault(given: Mapping[str, Any], here: Schema, whole: Schema, look: LookUp, name: str) -> str | None:
    properties: Mapping[str, Any] = here.get("properties", {})
    if "properties" not in here and here.get("type", "object") != "object":
        return f"{name} has parts, and must be {_kind(here)}."
    for each in given:
        if each not in properties and here.get("additionalProperties") is False:
            takes = ", ".join(properties) or "no arguments"
            return f"{name} does not take {each}. It takes: {takes}."
    for each in here.get("required", ()):
        if each not in given and "default" not in properties.get(each, {}):
            return f"{name} needs {each}, and it is not given."
    for each, value in given.items():
        if each in properties:
            fault = argument_fault(value, {**properties[each], "$defs": whole}, look, f"{name}.{each}")
            if fault is not None:
                return fault
    return None


def _misfit(found: Schema, here: Schema, whole: Schema, name: str) -> str | None:
    """Whether a value of one schema may be missing something that the other one wants."""
    source, target = _resolved(found, found.get("$defs", {})), _resolved(here, whole)
    if not source or not target or "anyOf" in source or "anyOf" in target:
        return None
    kinds = (source.get("type"), target.get("type"))
    if kinds[0] != kinds[1] and kinds != ("integer", "number") and None not in kinds:
        return f"{name} is {_kind(source)}, and must be {_kind(target)}."
    strangers = set(source.get("enum", ())) - set(target.get("enum", source.get("enum", ())))
    if strangers:
        return f"{name} may be {', '.join(sorted(map(str, strangers)))}, and must be {_kind(target)}."
    if kinds[0] == "object":
        has, wants = source.get("properties", {}), target.get("properties", {})
        missing = [each for each in wants if each not in has and "default" not in wants[each]]
        if missing:
            return f"{name} has no {', '.join(missing)}."
        extra = [each for each in has if each not in wants]
        if extra and target.get("additionalProperties") is False:
            return f"{name} has {', '.join(extra)}, and must be {_kind(target)}."
    return None


def _literal_fault(given: Any, here: Schema, name: str) -> str | None:
    if "enum" in here and given not in here["enum"]:
        return f"{name} is {given!r}, and must be {_kind(here)}."
    types = _TYPES.get(type(given), ("array",) if isinstance(given, list) else ("string",))
    if here.get("type") is not None and here["type"] not in types:
        return f"{name} is {given!r}, and must be {_kind(here)}."
    if isinstance(given, str) and "pattern" in here and not re.search(here["pattern"], given):
        return f"{name} is {given!r}, and must look like {here['pattern']}."
    return None


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "properties" in schema:
        return f"a record of {', '.join(schema['properties'])}" if schema["properties"] else "a record"
    names = {"string": "a text", "boolean": "yes or no", "integer": "a whole number", "number": "a number"}
    kind = str(schema.get("type", "something else"))
    return names.get(kind, "a list" if kind == "array" else kind)
