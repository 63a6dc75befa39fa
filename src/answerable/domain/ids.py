"""Names for records: a short prefix that says what it is, then a ULID, so that names sort by time."""

import os
import random
import time

from ulid import ULID

# Names are no secrets, and a turn makes twenty: asking the operating system for each costs more than all the rest.
_dice = random.Random(os.urandom(32))  # noqa: S311 - see above
os.register_at_fork(after_in_child=lambda: _dice.seed(os.urandom(32)))


def new_id(prefix: str) -> str:
    """A new name such as `msg_01JD2Z…`; later names sort after earlier ones (to the millisecond)."""
    moment = time.time_ns() // 1_000_000
    return f"{prefix}_{ULID.from_bytes(moment.to_bytes(6) + _dice.getrandbits(80).to_bytes(10))}"
