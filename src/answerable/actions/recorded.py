"""What the record of a call says of people: what they changed, what they told each other, what the customer wanted."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from typing import Any

from answerable.actions.ground import BOUNDARY
from answerable.domain.actions import Agreement, Change, Note
from answerable.domain.errors import Invalid
from answerable.domain.money import Money, money
from answerable.domain.people import Role

Record = Sequence[Mapping[str, Any]]
"""What happened to a call, in order."""


def changes_in(record: Record) -> tuple[Change, ...]:
    """How people made the amount smaller, in order."""
    found = []
    for one, other in pairwise(record):
        before, after = _money(one["content"]), _money(other["content"])
        if before is not None and after is not None and before != after:
            found.append(Change(other["by"], before, after, other["content"].get("why"), other["at"]))
    return tuple(found)


def notes_in(record: Record) -> tuple[Note, ...]:
    """What whoever decided told their colleagues, in order."""
    return tuple(Note(each["by"], each["content"]["note"], each["at"]) for each in record if "note" in each["content"])


def roles_in(record: Record) -> dict[str, Role]:
    """In which role each person approved, last, by their id."""
    return {each["by"]: each["content"]["approved_as"] for each in record if "approved_as" in each["content"]}


def raised_at(record: Record) -> datetime | None:
    """When the program last found that more people, or a higher role, must decide; None if it never did."""
    found = [each["at"] for each in record if (each["by"], each["state"]) == (BOUNDARY, "awaiting_approval")]
    return found[-1] if found else None


def has_approved(record: Record, by: str, arguments: Any, words: str | None) -> bool:
    """Whether a person has approved exactly this before, in these words; without `arguments`, all of it."""
    return any(
        entry["by"] == by
        and "approved_as" in entry["content"]
        and entry["content"]["arguments"] == (before["content"]["arguments"] if arguments is None else arguments)
        and words_of(entry["content"].get("why"), entry["content"].get("note")) == words
        for before, entry in pairwise(record)
    )


def has_declined(record: Record, by: str, words: str | None) -> bool:
    """Whether a person has declined it, in these words."""
    return any(
        (each["by"], each["state"]) == (by, "declined")
        and words_of(each["content"].get("why"), each["content"].get("note")) == words
        for each in record
    )


def words_of(reason: str | None, note: str | None) -> str | None:
    """All that a person said when they decided, whoever may read it."""
    return "\n".join(text for text in (reason, note) if text) or None


def agreement_in(record: Record) -> Agreement | None:
    """What shows that the customer wanted exactly this; none if nothing had to."""
    found = [Agreement(each["content"]["agreed"], each["at"]) for each in record if "agreed" in each["content"]]
    return found[-1] if found else None


def _money(content: Mapping[str, Any]) -> Money | None:
    # Older entries say it only in their arguments.
    moved = content["money"] if "money" in content else _amount_in(content["arguments"])
    with suppress(Invalid):
        return money(moved["amount"], moved["currency"]) if moved is not None else None
    return None


def _amount_in(arguments: Any) -> Mapping[str, Any] | None:
    if not isinstance(arguments, Mapping):
        return None
    if set(arguments) == {"amount", "currency"}:
        return arguments
    return next((found for value in arguments.values() if (found := _amount_in(value)) is not None), None)
