"""`answerable traces export`: runs as OpenTelemetry traces, whole in a file or not there at all."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import rich_click as click

from answerable.cli.opening import settings_for
from answerable.domain.errors import Conflict, Invalid, NotFound, Unavailable
from answerable.store import Store
from answerable.traces.otlp.telling import trace_of_run
from answerable.traces.otlp.wire import request_of, to_json
from answerable.traces.whole_runs import WholeRun, ended_runs, whole_run

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs."""

    run_id: str | None
    since: datetime | None
    until: datetime | None


def export_traces(
    given: dict[str, Any],
    file: str,
    *,
    as_json: bool,
    content: bool,
    run_id: str | None,
    since: str | None,
    until: str | None,
) -> None:
    """Writes the runs, and says how many on standard error. Raises NotFound, Conflict, Invalid or Unavailable."""
    if run_id is not None and (since is not None or until is not None):
        raise Invalid("Name a run, or a stretch of time, but not both.")
    wanted = Wanted(run_id, _moment(since), _moment(until))
    database = settings_for(given).database
    with _written(file) as out:
        number = asyncio.run(_export(database, wanted, out.write, as_json=as_json, content=content))
    click.echo("1 run." if number == 1 else f"{number} runs.", err=True)


async def _export(database: str, wanted: Wanted, write: Callable[[bytes], Any], *, as_json: bool, content: bool) -> int:
    number = 0
    with Store(database) as store:
        await asyncio.to_thread(store.migrate)
        async for whole in _runs(store, wanted):
            request = request_of([trace_of_run(whole, content=content)])
            # Protobuf messages of one kind behind each other are one message with the contents of all.
            write(to_json(request) + b"\n" if as_json else request.SerializeToString())
            number += 1
    return number


async def _runs(store: Store, wanted: Wanted) -> AsyncIterator[WholeRun]:
    if wanted.run_id is None:
        async for whole in ended_runs(store, since=wanted.since, until=wanted.until):
            yield whole
        return
    found = await store.read(whole_run, wanted.run_id)
    if found is None:
        raise NotFound(f"There is no run {wanted.run_id}.")
    if found.run.ended_at is None:
        raise Conflict(f"The run {wanted.run_id} is still under way. Export it once it has ended.")
    yield found


def _moment(written: str | None) -> datetime | None:
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise Invalid(f"This is no time: {written}. Write it like 2026-11-24 or 2026-11-24T09:00+01:00.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def _written(file: str) -> Iterator[IO[bytes]]:
    """Where to write to: what ends with an error leaves the file as it was. Only its owner may read a new one."""
    if file == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    if path.is_dir():
        raise Invalid(f"{file} is a folder. Name a file in it.")
    part: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as out:
            part = Path(out.name)
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
        part = None
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)
