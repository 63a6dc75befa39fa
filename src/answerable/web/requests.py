"""What several doors ask for in headers and addresses."""

from typing import Annotated

from litestar.params import HeaderParameter, PathParameter, QueryParameter

IdempotencyKey = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=1, max_length=200)]
"""Makes a resend harmless: the same key from the same author is the same message."""
LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID", max_length=30)]
"""The event that a browser saw last, by which its stream goes on (WHATWG HTML, server-sent events)."""
COUNTED_MAX = 2_147_483_647
"""What databases make of a larger number differs."""
COUNTED = QueryParameter(ge=0, le=COUNTED_MAX)
"""The number of a message or a release."""
COUNTED_IN_PATH = PathParameter(ge=0, le=COUNTED_MAX)
