"""Live updates: an SSE stream that begins where the listener left off (WHATWG HTML, server-sent events)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from litestar.response import Stream

from answerable.store import Store

# Proxies close connections on which nothing is said for a minute.
KEEP_ALIVE_SECONDS = 20.0
RETRY_MS = 1000
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Sent:
    """An event on the wire."""

    id: int
    name: str
    data: bytes
    """JSON on one line."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came after an event."""

    seen: int
    """The id up to which was looked."""
    sent: Sequence[Sent]
    more: bool
    """Whether there may be more than was looked at."""
    ended: bool = False
    """Whether the listener may not listen any more."""


def stream(
    store: Store,
    topic: str,
    after: int,
    fetch: Callable[[int], Awaitable[Fetched]],
    has_expired: Callable[[], bool] = lambda: False,
) -> Stream:
    """A stream of what `fetch` finds after an event id, now and whenever the topic is woken, until it has expired."""

    async def lines() -> AsyncIterator[bytes]:
        seen = after
        with store.live.listen(topic) as listener:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while not (store.live.has_ended or has_expired()):
                fetched = await fetch(seen)
                if fetched.ended:
                    return
                seen = fetched.seen
                if fetched.sent:
                    yield b"".join(_on_the_wire(each) for each in fetched.sent)
                # What is committed from now on wakes the listener, also if it does not wait yet.
                while not (fetched.more or has_expired() or await listener.wait(KEEP_ALIVE_SECONDS)):
                    yield b": still here\n\n"

    return Stream(
        lines(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def first_id(last_event_id: str | None, after: int | None) -> int:
    """Where to begin: what the browser saw last, or what the address says."""
    if last_event_id and last_event_id.isascii() and last_event_id.isdigit():
        return int(last_event_id[:18])
    return max(0, min(after or 0, LARGEST_ID))


def _on_the_wire(sent: Sent) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (sent.id, sent.name.encode(), sent.data)
