"""What a database holds, in one text: the same for databases that say the same. Needs nothing but Python."""

import hashlib
import json
from typing import Any


def digest(database: Any) -> str:
    """A database's hash. The order of lists counts; for the rest see `plain`."""
    return hashlib.sha256(json.dumps(plain(database), sort_keys=True).encode()).hexdigest()


def plain(value: Any) -> Any:
    """Its content: what is nothing is as what is absent, 5.0 as 5, and 0.04999999999999716 as five cents."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if not isinstance(value, float):
        return value
    cents = round(value, 2)
    return int(cents) if cents.is_integer() else cents
