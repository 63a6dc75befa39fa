"""Names for records: a short prefix that says what it is, then a ULID, so that names sort by time."""

from ulid import ULID


def new_id(prefix: str) -> str:
    """A new name such as `msg_01JD2Z…`; later names sort after earlier ones (to the millisecond)."""
    return f"{prefix}_{ULID()}"
