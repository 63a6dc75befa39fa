"""SQLite: one writer thread that commits what waits together, and a few readers."""

import logging
import queue
import sqlite3
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from answerable.domain.errors import Unavailable
from answerable.store.dialects.dialect import Lock, Unit, take_topics
from answerable.store.live import Live
from answerable.store.types import decode_json, encode_json

log = logging.getLogger(__name__)

T = TypeVar("T")

# SQLite waits this long for a writer in another process, such as an import at the command line.
BUSY_TIMEOUT_MS = 30_000
READERS = 3
# Of each connection; what does not fit is in the system's cache anyway.
CACHE_KIB = 4_000
# More units than this are not put into one transaction, so that the first of them does not wait for long.
UNITS_A_COMMIT_MAX = 64


class SQLite:
    """One file. Every commit is synced, so that what was acknowledged survives a power cut."""

    name: Literal["sqlite", "postgres"] = "sqlite"

    def __init__(self, url: str) -> None:
        path = make_url(url).database
        if path and path != ":memory:":
            _make_folder(Path(path).parent)
        self.engine: Engine = create_engine(
            url,
            # Messages and addresses must not reach the log with an error.
            hide_parameters=True,
            json_serializer=encode_json,
            json_deserializer=decode_json,
            pool_size=READERS + 2,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)
        self._units: queue.SimpleQueue[tuple[Unit[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._live: Live | None = None
        self._writer = threading.Thread(target=self._write_for_ever, name="store-write", daemon=True)
        self._writer.start()

    def write(self, unit: Unit[T]) -> "Future[T]":
        """Joins the queue of the writer."""
        future: Future[T] = Future()
        self._units.put((unit, future))
        return future

    def read(self, unit: Unit[T]) -> "Future[T]":
        """Runs on a reader's connection; WAL lets it see the last commit without waiting for the writer."""

        def on_snapshot() -> T:
            try:
                with self.engine.connect() as db:
                    return unit(db)
            except OperationalError as error:
                raise self.explained(error) from error

        return self._readers.submit(on_snapshot)

    def wake_with(self, live: Live) -> None:
        """All writers of a chat are in this process."""
        self._live = live

    def lock(self, db: Connection, what: Lock) -> None:
        """There is one writer: whoever writes holds every lock."""

    def explained(self, error: DBAPIError) -> Exception:
        """What SQLite says of the file and its disk, in words that help."""
        said = str(error.orig)
        if "disk is full" in said or "disk I/O" in said:
            return Unavailable(
                "The disk is full: the database cannot be written. Free some space; nothing that was acknowledged is "
                "lost."
            )
        if "locked" in said:
            return Unavailable("The database is locked by another program; try again in a moment.")
        if "readonly" in said:
            return Unavailable(
                "The database file cannot be written; check the owner and the rights of the data folder."
            )
        if "unable to open" in said:
            return Unavailable(
                "The database file cannot be opened; check that it is a file and no folder, and that the data folder "
                "exists and can be written."
            )
        if "not a database" in said or "malformed" in said:
            return Unavailable(
                "The database file is damaged, or no database at all. Restore a backup, or name another one."
            )
        return error

    def close(self) -> None:
        """Lets queued work finish first."""
        self._units.put(None)
        self._writer.join()
        self._readers.shutdown()
        self.engine.dispose()

    def _write_for_ever(self) -> None:
        while (first := self._units.get()) is not None:
            batch = [first]
            stop = False
            while len(batch) < UNITS_A_COMMIT_MAX:
                try:
                    following = self._units.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stop = True
                    break
                batch.append(following)
            self._commit([(unit, future) for unit, future in batch if future.set_running_or_notify_cancel()])
            if stop:
                return

    def _commit(self, batch: list[tuple[Unit[Any], Future[Any]]], *, guarded: bool = False) -> None:
        """Commits the batch as one transaction. A unit that raises ends it; then each is guarded from the others."""
        outcomes: list[tuple[Future[Any], Any]] = []
        topics: set[str] = set()
        try:
            with self.engine.connect() as db:
                # BEGIN IMMEDIATE: a transaction that begins by reading could not become a writer later on.
                db.execution_options(answerable_writes=True)
                take_topics(db)
                with db.begin():
                    for unit, future in batch:
                        self._run(db, unit, future, outcomes, guarded=guarded)
                    topics = take_topics(db)
        except Exception as error:
            if len(batch) > 1 and not guarded and not isinstance(error, OperationalError):
                self._commit(batch, guarded=True)
                return
            explained = self.explained(error) if isinstance(error, OperationalError) else error
            for _, future in batch:
                if not future.done():
                    future.set_exception(explained)
            return
        for future, outcome in outcomes:
            future.set_result(outcome)
        if topics and self._live:
            self._live.wake(topics)

    def _run(
        self,
        db: Connection,
        unit: Unit[Any],
        future: Future[Any],
        outcomes: list[tuple[Future[Any], Any]],
        *,
        guarded: bool,
    ) -> None:
        if not guarded:
            outcomes.append((future, unit(db)))
            return
        savepoint = db.begin_nested()
        before = set(db.info.get("topics", ()))
        try:
            outcome = unit(db)
        except OperationalError:
            # The disk or the lock: nothing of this batch can be trusted to be kept.
            raise
        except Exception as error:
            savepoint.rollback()
            db.info["topics"] = before
            future.set_exception(error)
        else:
            savepoint.commit()
            outcomes.append((future, outcome))


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    # Python's own idea of transactions would begin them late; ours begin with BEGIN or BEGIN IMMEDIATE below.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"cache_size=-{CACHE_KIB}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(db: Connection) -> None:
    writes = db.get_execution_options().get("answerable_writes", False)
    db.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The database's folder {folder} cannot be made: {error.strerror}. Name another one."
        ) from error
