"""The head of a procedure's file as it is written, and its JSON Schema: editors complete and check it by that.

A step is one of several records, told by the word that it begins with. They are decoded one by one, so that each
fault has its line.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

ID = r"^[a-z][a-z0-9-]{0,63}$"
NAME = r"^[a-z][a-z0-9_]{0,63}$"
TEXT_MAX = 2_000

Name = Annotated[str, Meta(pattern=NAME)]
Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
Template = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, description="May hold {name} and {name.field}.")]
Spoken = Annotated[
    Any,
    Meta(
        description="What is said to the customer: one text, or one for each language (en: …, de: …).",
        extra_json_schema={
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": TEXT_MAX},
                {
                    "type": "object",
                    "minProperties": 1,
                    "propertyNames": {"pattern": "^[a-z]{2}$"},
                    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": TEXT_MAX},
                },
            ]
        },
    ),
]
Steps = Annotated[Any, Meta(extra_json_schema={"type": "array", "items": {"$ref": "#/$defs/Step"}})]


class NeedHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"found_in": "found"}):
    """Something to ask the customer for."""

    kind: Literal["text", "money", "date", "choice", "yes_no", "id", "found"]
    ask: Spoken = None
    options: Annotated[
        Any,
        Meta(
            description="For a choice: the values, each with what it is called.",
            extra_json_schema={"type": "object", "additionalProperties": {"$ref": "#/$defs/Spoken"}},
        ),
    ] = None
    also: Annotated[
        Any,
        Meta(
            description="For a choice: by value, words that customers use for it besides, in any language.",
            extra_json_schema={
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string", "minLength": 1}},
            },
        ),
    ] = None
    default: Annotated[
        str,
        Meta(
            description="For a choice that nobody is asked for: the value that holds unless the customer's first words "
            "name another."
        ),
    ] = ""
    pattern: Annotated[str, Meta(max_length=100, description="For an id: a regular expression.")] = ""
    currency: Annotated[str, Meta(description="For money: EUR, or {charge.amount.currency}.")] = ""
    whole: Annotated[str, Meta(description="For money: what “all of it” is, such as {charge.refundable}.")] = ""
    found_in: Annotated[str, Meta(description="For what was found: the list, such as charges.charges.")] = ""
    id: Annotated[str, Meta(description="For what was found: the field that names one of them.")] = ""
    shown: Annotated[str, Meta(description="For what was found: how one is shown, from its own fields.")] = ""
    where: Annotated[
        Any,
        Meta(
            description="For what was found: only those of which this holds.",
            extra_json_schema={"type": "array", "items": {"$ref": "#/$defs/Filter"}},
        ),
    ] = None
    marks: Annotated[
        Any,
        Meta(
            description="For what was found: what is said beside those of which this holds.",
            extra_json_schema={"type": "array", "items": {"$ref": "#/$defs/Mark"}},
        ),
    ] = None
    take_only_one: Annotated[bool, Meta(description="Whether a list of one is not asked about.")] = False
    from_first_words: Annotated[bool, Meta(description="Whether it is read from the customer's first words.")] = False


class Filter(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"equals": "is"}):
    """A condition on a field."""

    field: str
    equals: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    is_empty: bool | None = None


class MarkHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"equals": "is"}):
    """A condition on a field, and what is said where it holds."""

    field: str
    say: Spoken
    equals: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    is_empty: bool | None = None


class Case(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"equals": "is"}):
    """A condition, and what is done if it holds."""

    do: Steps
    equals: str | None = None
    at_most: float | None = None
    at_least: float | None = None
    is_empty: bool | None = None


class CallHead(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    rename={"arguments": "with", "result": "as"},
):
    """Do an action."""

    call: Name
    name: Name | None = None
    arguments: Annotated[dict[str, Any], Meta(description="Its arguments: words, or {name.field}.")] = {}
    result: Annotated[Name | None, Meta(description="What later steps call it; the action's name if left out.")] = None
    on: Annotated[
        dict[str, Any],
        Meta(
            description="What is done by the state of the call; after done the next step, if done is not named.",
            extra_json_schema={
                "propertyNames": {
                    "enum": ["done", "refused", "awaiting_approval", "failed", "unknown", "else"],
                },
                "additionalProperties": {"type": "array", "items": {"$ref": "#/$defs/Step"}},
            },
        ),
    ]


class AskHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Ask for what is needed, if it is not known yet."""

    ask: Name
    name: Name | None = None


class BranchHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"otherwise": "else"}):
    """Go on by what is known."""

    branch: Annotated[str, Meta(description="A need, a field of a result (charges.charges), or its state.")]
    cases: Annotated[Any, Meta(extra_json_schema={"type": "array", "items": {"$ref": "#/$defs/Case"}})]
    otherwise: Steps
    name: Name | None = None


class SayHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tell the customer something. What states an effect must name a receipt: {refund.summary}."""

    say: Spoken
    name: Name | None = None


class GoToHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Follow another procedure, and come back."""

    go_to: Annotated[str, Meta(pattern=ID)]
    name: Name | None = None


class BackHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Go back to an earlier step, and forget what is to be asked again."""

    back_to: Name
    forget: Annotated[list[Name], Meta(description="The needs that are asked for again: one at least.")] = []
    name: Name | None = None


class HandOffHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Give the conversation to a person, with the reason for the rep."""

    hand_off: Template
    say: Spoken = None
    name: Name | None = None


class EndHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The procedure is over. The words are a note for reps."""

    end: Annotated[str, Meta(max_length=200)] = ""
    name: Name | None = None


STEPS: dict[str, type[Struct]] = {
    "call": CallHead,
    "ask": AskHead,
    "branch": BranchHead,
    "say": SayHead,
    "go_to": GoToHead,
    "back_to": BackHead,
    "hand_off": HandOffHead,
    "end": EndHead,
}
"""By the word that a step begins with. `hand_off` is looked for before `say`, which may stand in it."""


class Head(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The head of a procedure."""

    id: Annotated[str, Meta(pattern=ID)]
    title: Text
    when: Text
    examples: Annotated[list[Text], Meta(min_length=1, description="What customers say, in any language.")]
    not_examples: Annotated[list[Text], Meta(description="What sounds alike and is not meant.")] = []
    needs: Annotated[
        dict[str, Any],
        Meta(
            extra_json_schema={"propertyNames": {"pattern": NAME}, "additionalProperties": {"$ref": "#/$defs/Need"}},
        ),
    ] = {}
    may_promise: Annotated[
        dict[str, Text], Meta(description="By action: what may be said of its effect, once it has a receipt.")
    ] = {}
    steps: Steps


def schema() -> dict[str, Any]:
    """JSON Schema of the head."""
    every = [Head, NeedHead, Filter, MarkHead, Case, *STEPS.values()]
    heads, parts = msgspec.json.schema_components(every, ref_template="#/$defs/{name}")
    named = {heads[at]["$ref"]: name for at, name in enumerate(["Head", "Need", "Filter", "Mark", "Case"])}
    found: dict[str, Any] = {}
    for name, part in parts.items():
        found[named.get(f"#/$defs/{name}", name)] = part
    steps = [{"$ref": each["$ref"]} for each in heads[4:]]
    found["Step"] = {"anyOf": [*steps, {"const": "end"}]}
    found["Spoken"] = next(part for part in (found["Need"]["properties"]["ask"],))
    for part in found.values():
        for property_ in part.get("properties", {}).values():
            # An empty default is no value that anybody should write.
            property_.pop("default", None)
    whole = found.pop("Head")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Head of a procedure",
        **whole,
        "$defs": dict(sorted(found.items())),
    }
