"""What procedures must know of the actions that are declared: `shapes_of(declared)`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from answerable.actions.declaring import Declaration
from answerable.domain.procedures import ActionShape


def shapes_of(declared: Mapping[str, Declaration]) -> dict[str, ActionShape]:
    """The actions as procedures see them, by name."""
    return {name: _shape(each) for name, each in declared.items()}


def _shape(declared: Declaration) -> ActionShape:
    # As it is declared, with its defaults: for language models every property is required.
    return ActionShape(declared.name, declared.effect, _schema(declared.wanted), _schema(declared.result))


def _schema(kind: type[Any]) -> dict[str, Any]:
    parts: dict[str, Any]
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    whole = {**parts[schema["$ref"].rpartition("/")[2]], "$defs": parts}
    if getattr(kind, "__struct_config__", None) is not None and kind.__struct_config__.forbid_unknown_fields:
        whole["additionalProperties"] = False
    return whole
