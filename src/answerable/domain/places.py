"""A place in a list, as a text that a page gives and the next page begins at."""

import base64
import binascii
from datetime import datetime

from answerable.domain.errors import Invalid

Place = tuple[datetime, str]
"""The time by which a row stands where it does, and its id."""


def place_as_cursor(at: datetime, row_id: str) -> str:
    """The place as a text."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{row_id}".encode()).decode()


def place_of_cursor(cursor: str) -> Place:
    """The place that a page gave. Raises Invalid for anything else."""
    try:
        moment, row_id = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        at = datetime.fromisoformat(moment)
    except (ValueError, binascii.Error) as error:
        raise Invalid("The cursor is not one that a page gave; begin without it.") from error
    if at.tzinfo is None:
        raise Invalid("The cursor is not one that a page gave; begin without it.")
    return at, row_id
