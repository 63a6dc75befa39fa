"""A run as it was recorded, whole: what was asked, every step, and the reply. From it a run is replayed anywhere."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from answerable.domain.conversations import Conversation, Message, Reply
from answerable.domain.errors import Invalid, NotFound
from answerable.domain.people import Customer
from answerable.domain.runs import REPLIED, Run, Span
from answerable.store import messages, runs, turns

SCHEMA = 1
"""Counts up whenever what a recording has changes; older ones must stay readable."""
NOT_ENDED = "This run was not brought to an end: there is no reply to compare with."
KEPT_LESS = "This run was recorded by an older program that kept less of it: it cannot be replayed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One run, whole."""

    schema: int
    run: Run
    customer: Customer
    """As they were when the run began."""
    conversation: Conversation
    """As it was when the run began: its release, and where it was in a procedure."""
    said: tuple[Message, ...]
    """What the customer said since the last reply."""
    before: tuple[Message, ...]
    """What was said before in this episode, notes left out."""
    steps: tuple[Span, ...]
    reply: Reply


class _Head(msgspec.Struct, frozen=True):
    schema: int


def beginning(customer: Customer, conversation: Conversation) -> dict[str, Any]:
    """What is kept of the beginning of a run besides the messages, as JSON."""
    kept: dict[str, Any] = msgspec.to_builtins({"schema": SCHEMA, "customer": customer, "conversation": conversation})
    return kept


def read_recording(db: Connection, run_id: str) -> Recording:
    """The recording of a run. Raises NotFound, and Invalid if the run was not ended or an older program kept less."""
    run = runs.by_id(db, run_id)
    turn = turns.by_id(db, run.turn_id) if run is not None else None
    if run is None or turn is None:
        raise NotFound("There is no such run.")
    if run.state not in REPLIED:
        raise Invalid(NOT_ENDED)
    began, reply = runs.recorded(db, run_id)
    if began is None or reply is None:
        raise Invalid(KEPT_LESS)
    said, before = messages.asked_in(db, turn)
    return _typed(
        {**began, "run": run, "said": said, "before": before, "steps": runs.steps(db, run_id), "reply": reply}
    )


def write_file(recording: Recording, file: Path) -> None:
    """Keeps a recording as a file of JSON."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(recording), indent=1) + b"\n")


def read_file(file: Path) -> Recording:
    """A recording from a file. Raises Invalid with a sentence for what is none."""
    try:
        found = msgspec.json.decode(file.read_bytes())
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise Invalid(f"{file} is no recording, or it is cut off: {error}.") from error
    return _typed(found, named=str(file))


def _typed(found: Any, *, named: str = "The recording") -> Recording:
    try:
        schema = msgspec.convert(found, _Head, from_attributes=True).schema
    except msgspec.ValidationError as error:
        raise Invalid(f"{named} does not say which schema it has: it is no recording of a run.") from error
    if schema > SCHEMA:
        raise Invalid(f"{named} comes from a newer program (schema {schema}; this one reads up to {SCHEMA}).")
    try:
        return msgspec.convert(msgspec.to_builtins(found), Recording)
    except msgspec.ValidationError as error:
        raise Invalid(f"{named} is no recording of a run, or a part of it is missing: {error}.") from error
