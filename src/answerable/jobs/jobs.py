"""Jobs on DBOS: each is a workflow of one tiny body, so that upgrades find nothing of ours in its records.

A job is named by its kind and its subject (`answer_turn` and a turn's id). The same name twice is one job. A job may be
begun again after a crash, so a handler must leave the world the same when it is run twice.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from datetime import datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.store import Store, workers

log = logging.getLogger(__name__)

Handler = Callable[[str], Awaitable[None]]

# Workflows of an older program are finished by a newer one: their bodies never change.
APPLICATION_VERSION = "1"
HEARTBEAT_SECONDS = 2.0
# A thread of DBOS sleeps so long between looks for messages between jobs, of which we have none, and a stop waits until
# it wakes.
NAP_SECONDS = 0.05
# A stop waits so long for handlers under way; what is not done by then goes on at the next start.
CLOSE_SECONDS_MAX = 5.0
# A worker that was silent for so long is taken for dead, wherever it runs.
SILENCE_MAX = timedelta(seconds=15)
# A job whose every try ended in an error is tried so often in all.
TRIES_MAX = 20
UNDER_WAY = frozenset({"PENDING", "ENQUEUED", "DELAYED"})


class Jobs:
    """Runs jobs in this process, and takes over those of processes that died. One per process."""

    def __init__(self, store: Store, url: str, handlers: dict[str, Handler], *, at_once: int = 32) -> None:
        """`url` is the database of the jobs' own records; `at_once` bounds how many handlers run together."""
        self.worker_id = new_id("wrk")
        self._store = store
        self._handlers = handlers
        self._places = asyncio.Semaphore(at_once)
        self._loop = asyncio.get_running_loop()
        self._heart: asyncio.Task[None] | None = None
        self._starting: set[asyncio.Task[None]] = set()
        self._handling: set[asyncio.Task[None]] = set()
        logging.getLogger("dbos").setLevel(logging.ERROR)
        self._engine = _engine(url)
        DBOS(
            config=DBOSConfig(
                name="answerable",
                system_database_url=url,
                system_database_engine=self._engine,
                executor_id=self.worker_id,
                application_version=APPLICATION_VERSION,
                enable_otlp=False,
                use_listen_notify=False,
                notification_listener_polling_interval_sec=NAP_SECONDS,
                log_level="ERROR",
            )
        )

        async def job(kind: str, subject: str) -> None:
            await self._job(kind, subject)

        self._workflow = DBOS.workflow(name="job", max_recovery_attempts=None)(job)

    async def launch(self) -> None:
        """Begins to work, first on what dead processes left."""
        await self._store.write(workers.add, self.worker_id, host=socket.gethostname(), process=os.getpid(), at=now())
        await asyncio.to_thread(DBOS.launch)
        await self._take_over()
        self._heart = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """Stops; jobs under way go on at the next start."""
        if self._heart:
            self._heart.cancel()
            with suppress(asyncio.CancelledError):
                await self._heart
        await asyncio.gather(*self._starting, return_exceptions=True)
        if self._handling:
            await asyncio.wait(self._handling, timeout=CLOSE_SECONDS_MAX)
        left = await DBOS.list_workflows_async(status="PENDING", executor_id=self.worker_id, load_input=False)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        self._engine.dispose()
        if not left:
            # With jobs left, the name stays on the list: whoever starts next finds it dead and takes them over.
            await self._store.write(workers.remove, self.worker_id)

    def start_soon(self, kind: str, subject: str) -> None:
        """Starts a job without waiting for its record. If the process dies first, a sweep must start it again."""
        task = self._loop.create_task(self.start(kind, subject))
        self._starting.add(task)
        task.add_done_callback(self._started)

    async def start(self, kind: str, subject: str) -> None:
        """Starts a job; returns as soon as it is recorded. The same job twice is one."""
        await self._start(f"{kind}:{subject}", kind, subject)

    async def ensure(self, kind: str, subject: str) -> bool:
        """Starts a job that should be under way and may not be: never recorded, or ended in an error.

        False if it failed so often that trying again is no use.
        """
        for attempt in range(1, TRIES_MAX + 1):
            name = f"{kind}:{subject}" if attempt == 1 else f"{kind}:{subject}:{attempt}"
            status = await DBOS.get_workflow_status_async(name)
            if status is None:
                await self._start(name, kind, subject)
                return True
            if status.status in UNDER_WAY:
                return True
        log.error("The job %s of %s failed %d times.", kind, subject, TRIES_MAX)
        return False

    async def _start(self, name: str, kind: str, subject: str) -> None:
        async def begin() -> None:
            with SetWorkflowID(name):
                await DBOS.start_workflow_async(self._workflow, kind, subject)

        # A context of its own: started from inside a job it would otherwise count as a step of that job.
        await self._loop.create_task(begin(), context=Context())

    async def _job(self, kind: str, subject: str) -> None:
        # A job that is taken over runs on a loop of DBOS; what the handlers use belongs to ours.
        handled = asyncio.run_coroutine_threadsafe(self._handle(kind, subject), self._loop)
        await asyncio.wrap_future(handled)

    async def _handle(self, kind: str, subject: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handling.add(task)
        try:
            async with self._places:
                await _in_own_context(self._loop, self._handlers[kind](subject))
        finally:
            self._handling.discard(task)

    def _started(self, task: "asyncio.Task[None]") -> None:
        self._starting.discard(task)
        if not task.cancelled() and task.exception():
            log.error("A job could not be started; the sweep will try again.", exc_info=task.exception())

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                if not await self._store.write(workers.seen, self.worker_id, now()):
                    log.warning("Other workers took this one for dead; it goes on under its old name.")
                    await self._store.write(
                        workers.add, self.worker_id, host=socket.gethostname(), process=os.getpid(), at=now()
                    )
                await self._take_over()
            except Exception:
                log.exception("The heartbeat failed; the next one follows in %s s.", HEARTBEAT_SECONDS)

    async def _take_over(self) -> None:
        for worker_id, host, process, seen_at in await self._store.read(workers.others, self.worker_id):
            gone = host == socket.gethostname() and (process == os.getpid() or not _alive(process))
            dead = gone or now() - seen_at > SILENCE_MAX
            if not dead or not await self._claim(worker_id, seen_at):
                continue
            left = await DBOS.list_workflows_async(status="PENDING", executor_id=worker_id, load_input=False)
            if left:
                log.info("Taking over %d jobs of a process that ended: %s.", len(left), worker_id)
                await DBOS.resume_workflows_async([each.workflow_id for each in left])
            # Only now: if this process dies before, the next one finds the claim and its dead owner.
            await self._store.write(workers.remove, worker_id)

    async def _claim(self, worker_id: str, seen_before: datetime) -> bool:
        return await self._store.write(
            workers.claim,
            worker_id,
            seen_before=seen_before,
            host=socket.gethostname(),
            process=os.getpid(),
            at=now(),
        )


async def _in_own_context(loop: asyncio.AbstractEventLoop, work: Awaitable[None]) -> None:
    async def do() -> None:
        await work

    body: Coroutine[Any, Any, None] = do()
    await loop.create_task(body, context=Context())


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(make_url(url).set(drivername="postgresql+psycopg"), pool_size=6, max_overflow=2)
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # NORMAL: a power cut may lose the newest job records, and the sweep finds their turns again.
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
