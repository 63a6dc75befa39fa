"""Who wants to know when something has happened: rows first, then a wake-up."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection

EVERYTHING = "*"
"""The topic of those who follow every conversation."""


def wake_after_commit(db: Connection, topic: str) -> None:
    """Listeners of the topic look again once the transaction is committed."""
    db.info.setdefault("topics", set()).add(topic)


class Listener:
    """Sleeps until one of its topics is woken. A wake-up that comes while nobody waits is kept."""

    def __init__(self, live: "Live", topics: tuple[str, ...]) -> None:
        self._live = live
        self._topics = topics
        self._woken = asyncio.Event()

    async def wait(self, seconds_max: float) -> bool:
        """Whether there was a wake-up within the time."""
        try:
            async with asyncio.timeout(seconds_max):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    def wake(self) -> None:
        """Ends the wait; called on the event loop only."""
        self._woken.set()

    def __enter__(self) -> "Listener":
        for topic in self._topics:
            self._live.listeners[topic].add(self)
        self._live.loop = asyncio.get_running_loop()
        return self

    def __exit__(self, *_: object) -> None:
        for topic in self._topics:
            self._live.listeners[topic].discard(self)
            if not self._live.listeners[topic]:
                del self._live.listeners[topic]


class Live:
    """Carries wake-ups from committed transactions to listeners in this process."""

    def __init__(self) -> None:
        self.listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.has_ended = False
        """Whether nobody shall listen any more: the program stops."""

    def end(self) -> None:
        """Wakes everybody for the last time; called on the event loop only."""
        self.has_ended = True
        for listeners in tuple(self.listeners.values()):
            for listener in tuple(listeners):
                listener.wake()

    def listen(self, *topics: str) -> Listener:
        """A listener for these topics; use it as a context manager."""
        return Listener(self, topics)

    def wake(self, topics: Iterable[str]) -> None:
        """Wakes whoever listens to one of these topics, from any thread."""
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._wake, tuple(topics))

    def _wake(self, topics: tuple[str, ...]) -> None:
        for topic in (*topics, EVERYTHING):
            for listener in tuple(self.listeners.get(topic, ())):
                listener.wake()
