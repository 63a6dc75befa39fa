"""The store: runs a room's queries as transactions, off the event loop."""

import asyncio
from collections.abc import Callable
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from answerable.store import events
from answerable.store.dialects import dialect_for
from answerable.store.live import Live

P = ParamSpec("P")
T = TypeVar("T")

Query = Callable[Concatenate[Connection, P], T]


class Store:
    """One database. `read` and `write` take a function of queries and run it as one transaction.

    The functions run in a thread, so they must not touch anything that belongs to the event loop.
    """

    def __init__(self, url: str) -> None:
        """Opens `sqlite:///path` or `postgresql://…`; raises Invalid for another address."""
        self._dialect = dialect_for(url)
        self.live = Live()
        self._dialect.wake_with(self.live)

    @property
    def database(self) -> Literal["sqlite", "postgres"]:
        """Which of the two it is."""
        return self._dialect.name

    async def read(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        """What the query gives, on one snapshot of the database."""
        return await asyncio.wrap_future(self._dialect.read(lambda db: query(db, *args, **kwargs)))

    async def write(self, query: "Query[P, T]", *args: P.args, **kwargs: P.kwargs) -> T:
        """What the query gives, once all that it wrote is durable; if it raises, nothing is kept.

        The work goes on when the caller is cancelled: half a transaction is not a thing.
        """

        def unit(db: Connection) -> T:
            db.info["lock"] = self._dialect.lock
            try:
                outcome = query(db, *args, **kwargs)
                events.write_waiting(db)
            finally:
                events.drop_waiting(db)
            return outcome

        return await asyncio.shield(asyncio.wrap_future(self._dialect.write(unit)))

    def migrate(self) -> None:
        """Brings the schema up to date.

        Raises Conflict if the database was made by a newer program, and Unavailable with a sentence if it does not
        answer.
        """
        from answerable.store.migrations import upgrade

        try:
            upgrade(self._dialect)
        except DBAPIError as error:
            raise self._dialect.explained(error) from error

    def close(self) -> None:
        """Finishes what was begun."""
        self._dialect.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
