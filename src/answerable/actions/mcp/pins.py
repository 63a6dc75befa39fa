"""Pins: a server's tools as somebody has looked at them. Whatever differs from its pin is not called."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from answerable.domain.errors import Invalid


class Definition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What a server says of one of its tools."""

    name: str
    title: str | None = None
    description: str | None = None
    """For people who look at it. No model reads it: it could say anything."""
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None = None
    annotations: dict[str, Any] | None = None

    @property
    def fingerprint(self) -> str:
        """The same for definitions that say the same, in whatever order."""
        return "sha256:" + hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class _Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fingerprint: str
    tool: Definition


class _Pins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tools: list[_Pin] = []


def read_pins(file: Path) -> dict[str, Definition]:
    """The pinned tools by their names; none if nothing is pinned yet. Raises Invalid, with the file's name."""
    if not file.exists():
        return {}
    try:
        pins = msgspec.json.decode(file.read_bytes(), type=_Pins)
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise Invalid(f"{file} cannot be read: {error}. Pin the tools again with `answerable tools`.") from error
    for each in pins.tools:
        if each.tool.fingerprint != each.fingerprint:
            raise Invalid(f"{file}: {each.tool.name} was changed by hand. Pin it again with `answerable tools`.")
    return {each.tool.name: each.tool for each in pins.tools}


def write_pins(file: Path, definitions: Mapping[str, Definition]) -> None:
    """Keeps these, and no others; readable, and in an order that makes differences small."""
    pins = _Pins([_Pin(each.fingerprint, each) for _, each in sorted(definitions.items())])
    content = msgspec.json.format(msgspec.json.encode(pins, order="sorted"), indent=2)
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_bytes(content + b"\n")
    fresh.replace(file)


def differences(pinned: Definition, found: Definition) -> list[str]:
    """What has changed since it was pinned, in words: none if nothing has."""
    parts = {
        "its title": (pinned.title, found.title),
        "its description": (pinned.description, found.description),
        "its arguments": (pinned.input_schema, found.input_schema),
        "its result": (pinned.output_schema, found.output_schema),
        "its annotations": (pinned.annotations, found.annotations),
    }
    # As JSON: for Python `True` and `1` are the same.
    return [what for what, (before, after) in parts.items() if _as_json(before) != _as_json(after)]


def _as_json(part: Any) -> bytes:
    return msgspec.json.encode(part, order="sorted")
