"""Names for new rows."""

import secrets

_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_id(prefix: str) -> str:
    """A name such as `re_x7Kp2mQw9dTz`, without letters that look alike."""
    return f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(12))}"
