"""What the store asks of a database."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Literal, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from answerable.store.live import Live

T = TypeVar("T")

Lock = Literal["events", "releases", "schema", "people", "actions", "traces"]
"""Events: ids become visible in order. Releases: no gaps. Schema: one migrates at a time. People: an admin stays.
Actions: whoever counts what has been taken of a limit counts what others take, too. Traces: one process sends them."""

Unit = Callable[[Connection], T]
"""Work that happens whole or not at all."""


class Dialect(Protocol):
    """A database, as far as it is not like the other."""

    name: Literal["sqlite", "postgres"]
    engine: Engine

    def write(self, unit: Unit[T]) -> "Future[T]":
        """Runs the unit in one transaction, off this thread; the future is done once it is durable."""
        ...

    def read(self, unit: Unit[T]) -> "Future[T]":
        """Runs the unit on one snapshot, off this thread."""
        ...

    def wake_with(self, live: Live) -> None:
        """Wake-ups of committed transactions go to `live` from now on, those of other processes included."""
        ...

    def lock(self, db: Connection, what: Lock) -> None:
        """From here to the end of the transaction nobody else holds this lock."""
        ...

    def explained(self, error: DBAPIError) -> Exception:
        """The error as a sentence for whoever runs the program; itself, if it is a fault of ours."""
        ...

    def close(self) -> None:
        """Finishes what was begun and lets the database go."""
        ...


def take_topics(db: Connection) -> set[str]:
    """The topics that the transaction wants woken, and forgets them."""
    topics: set[str] = db.info.pop("topics", set())
    return topics
