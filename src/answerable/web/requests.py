"""Headers that several doors ask for."""

from typing import Annotated

from litestar.params import HeaderParameter

IdempotencyKey = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=200)]
"""Makes a resend harmless: the same key from the same author is the same message."""
LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=30)]
"""The event that a browser saw last, by which its stream goes on (WHATWG HTML, server-sent events)."""
