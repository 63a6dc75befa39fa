"""Secrets that stand for a person. Only their digests are kept, so a stolen database opens no door."""

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """A secret that nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """What is kept of it. A plain hash is enough for a secret of full entropy."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
