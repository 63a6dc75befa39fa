"""PostgreSQL: for more than one machine, or more than one process."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, OperationalError

from answerable.domain.errors import Invalid, Unavailable
from answerable.store.dialects.dialect import Lock, Unit, take_topics
from answerable.store.live import Live
from answerable.store.types import decode_json, encode_json

log = logging.getLogger(__name__)

T = TypeVar("T")

CHANNEL = "answerable"
CONNECTIONS = 12
_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
# Names of advisory locks: any two numbers that nobody else is likely to use in this database.
LOCKS: dict[Lock, int] = {
    "events": 4_170_001,
    "schema": 4_170_002,
    "releases": 4_170_003,
    "people": 4_170_004,
    "actions": 4_170_005,
    "traces": 4_170_006,
}
# A transaction that PostgreSQL ends to break a tie (serialisation failure, deadlock), or that finds its connection
# closed, is tried so often.
TRIES = 5
TIE_BREAKS = frozenset({"40001", "40P01"})
# NOTIFY carries at most 8000 bytes; more topics than fit wake everybody.
PAYLOAD_BYTES_MAX = 7_900
TOO_MANY = "!"
RECONNECT_SECONDS = 1.0

NO_ANSWER = "The database server does not answer. Check that it runs and that the address is right."
NO_HOST = "The name of the database server's host is not known. Check the host in the database address."
NO_DATABASE = "The database server has no database of that name. Make it (createdb), or correct the database address."
REFUSED = "The database server refuses the name or the password. Check both in the database address."
# Before a session is there, psycopg has no codes, only words. None is repeated, since the address may be cut in the
# wrong place and half a password stand where the host should be.
WHY_NOT_CONNECTED = {
    "resolve host": NO_HOST,
    "translate host": NO_HOST,
    'database "': NO_DATABASE,
    "authentication failed": REFUSED,
    "no password supplied": REFUSED,
    'role "': REFUSED,
    "no pg_hba.conf entry": "The database server lets nobody in from this machine. Allow it there, in pg_hba.conf.",
    "too many": "The database server has no connection left. Let it have more (max_connections), or close some.",
}


class Postgres:
    """A server, spoken to by psycopg from a few threads."""

    name: Literal["sqlite", "postgres"] = "postgres"

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        _check_options(self._address)
        self.engine: Engine = create_engine(
            self._url,
            # Messages and addresses must not reach the log with an error.
            hide_parameters=True,
            json_serializer=encode_json,
            json_deserializer=decode_json,
            pool_size=CONNECTIONS,
            max_overflow=0,
        )
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="store")
        self._listening: threading.Thread | None = None
        self._closing = threading.Event()

    def write(self, unit: Unit[T]) -> "Future[T]":
        """Runs on a connection of its own; ties between transactions are broken by trying again.

        So are connections that the server closed meanwhile: that costs nothing, where asking before each transaction
        whether the connection still holds would cost a round trip.
        """
        return self._threads.submit(self._write, unit)

    def read(self, unit: Unit[T]) -> "Future[T]":
        """Runs on a connection of its own, on one snapshot."""
        return self._threads.submit(self._read, unit)

    def wake_with(self, live: Live) -> None:
        """Listens on a connection of its own, and wakes everybody after a reconnect, since something may be missed."""
        self._listening = threading.Thread(target=self._listen_for_ever, args=(live,), name="store-listen", daemon=True)
        self._listening.start()

    def lock(self, db: Connection, what: Lock) -> None:
        """An advisory lock. Without the one on events, an event with a smaller id could become visible after a larger
        one was read, and be missed.
        """
        db.execute(_LOCK, {"lock": LOCKS[what]})

    def explained(self, error: DBAPIError) -> Exception:
        """What the server says of itself, in words that help."""
        state: str | None = getattr(error.orig, "sqlstate", None)
        if isinstance(error, DataError):
            return Invalid("There is a character or a number in it that cannot be kept, such as U+0000.")
        if state == "53100":
            return Unavailable(
                "The database server's disk is full. Free some space there; nothing that was acknowledged is lost."
            )
        if state == "42501":
            return Unavailable(
                "The database user lacks a right. Make it the owner of the database, or grant it CREATE on the schema."
            )
        if isinstance(error, OperationalError) and state is None:
            return Unavailable(_why_not_connected(str(error.orig)))
        if isinstance(error, OperationalError) and state is not None and state.startswith(("08", "57")):
            return Unavailable(NO_ANSWER)
        return error

    def close(self) -> None:
        """Lets running work finish first."""
        self._closing.set()
        self._threads.shutdown()
        if self._listening:
            self._listening.join()
        self.engine.dispose()

    def _write(self, unit: Unit[T]) -> T:
        for attempt in range(1, TRIES + 1):
            commits = False
            try:
                with self.engine.connect() as db, db.begin():
                    db.info.pop("topics", None)
                    outcome = unit(db)
                    _notify(db, take_topics(db))
                    commits = True
            except DBAPIError as error:
                tied = getattr(error.orig, "sqlstate", None) in TIE_BREAKS
                # Who loses the connection while committing cannot know whether it was kept.
                lost = error.connection_invalidated and not commits
                if not (tied or lost) or attempt == TRIES:
                    raise self.explained(error) from error
            else:
                return outcome
        raise AssertionError("the last try returns or raises")

    def _read(self, unit: Unit[T]) -> T:
        for attempt in range(1, TRIES + 1):
            try:
                with self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
                    return unit(db)
            except DBAPIError as error:
                if not error.connection_invalidated or attempt == TRIES:
                    raise self.explained(error) from error
        raise AssertionError("the last try returns or raises")

    def _listen_for_ever(self, live: Live) -> None:
        had = False
        while not self._closing.is_set():
            try:
                with psycopg.connect(self._address, autocommit=True) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    had = True
                    live.wake(live.listeners.copy())
                    while not self._closing.is_set():
                        for notice in connection.notifies(timeout=0.5):
                            named = notice.payload.split(",")
                            live.wake(live.listeners.copy() if named == [TOO_MANY] else named)
            except psycopg.OperationalError as error:
                # What never could connect is said by whoever asks the database first.
                if had:
                    log.warning("Lost the connection that listens to PostgreSQL: %s", error)
                self._closing.wait(RECONNECT_SECONDS)


def _notify(db: Connection, topics: set[str]) -> None:
    if not topics:
        return
    payload = ",".join(sorted(topics))
    if len(payload) > PAYLOAD_BYTES_MAX:
        payload = TOO_MANY
    db.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})


def _check_options(address: str) -> None:
    try:
        conninfo_to_dict(address)
    except psycopg.ProgrammingError as error:
        raise Invalid(
            "The database address cannot be read; there may be an option behind the ? that PostgreSQL does not know."
        ) from error


def _why_not_connected(said: str) -> str:
    """The sentence for what the server, or the way to it, said at the first of several tries."""
    first = said.partition("\n")[0]
    reason = first.rpartition("FATAL:")[2]
    return next((sentence for words, sentence in WHY_NOT_CONNECTED.items() if words in reason), NO_ANSWER)
