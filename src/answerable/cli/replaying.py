"""`answerable replay` and `answerable recording`: runs answered again, and their recordings as files."""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from answerable.cli.opening import opened, settings_for
from answerable.domain.errors import Invalid
from answerable.replays import Replay
from answerable.settings import Settings
from answerable.store import Store, runs
from answerable.traces.recording import Recording, read_file, read_recording, write_file

SHOWN_LETTERS_MAX = 300


def replay_runs(given: dict[str, Any], wanted: Sequence[str], *, last: int, as_json: bool) -> bool:
    """Replays runs by their ids, recordings by their files, or the last so many; whether all were equal."""
    files = {each: Path(each) for each in wanted if Path(each).is_file()}
    return asyncio.run(_replay(settings_for(given), wanted, files, last, as_json=as_json))


def keep_recording(given: dict[str, Any], run_id: str, file: Path) -> None:
    """Writes the recording of a run to a file. Raises NotFound, and Invalid if the run cannot be replayed."""

    async def look(settings: Settings) -> Recording:
        with Store(settings.database) as store:
            await asyncio.to_thread(store.migrate)
            return await store.read(read_recording, run_id)

    recording = asyncio.run(look(settings_for(given)))
    try:
        write_file(recording, file)
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}.") from error
    click.echo(f"{file}: {len(recording.steps)} steps. It has the customer's words in it.")


async def _replay(
    settings: Settings, wanted: Sequence[str], files: Mapping[str, Path], last: int, *, as_json: bool
) -> bool:
    async with opened(settings) as house:
        store = house.store
        ids = list(wanted) or await store.read(runs.replayable, last)
        equal, skipped, began = 0, 0, time.perf_counter()
        for each in ids:
            try:
                recording = read_file(files[each]) if each in files else await store.read(read_recording, each)
            except Invalid as error:
                skipped += 1
                click.echo(f"{each}: {error}", err=True)
                continue
            replay = await house.replayer.exact(recording)
            equal += replay.is_equal
            if as_json:
                sys.stdout.buffer.write(msgspec.json.encode(_as_json(replay)) + b"\n")
            elif not replay.is_equal or wanted:
                click.echo(_in_words(replay))
    took = time.perf_counter() - began
    told = f"{equal:,} of {len(ids):,} are equal, in {took:.1f} s."
    click.echo(told if not skipped else f"{told} {skipped:,} could not be replayed.", err=as_json)
    return equal == len(ids)


def _as_json(replay: Replay) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(replay)
    return {**told, "is_equal": replay.is_equal}


def _in_words(replay: Replay) -> str:
    left = replay.divergence
    if left is None:
        return f"{replay.run_id}: equal, {len(replay.steps)} steps, {replay.duration_us / 1000:.1f} ms"
    step = f"step {left.number}, {left.name}" if left.number is not None else left.name
    return "\n".join(
        [
            f"{replay.run_id}: left its recording at {step}. {left.says}",
            f"  recorded: {_short(left.recorded)}",
            f"  replayed: {_short(left.replayed)}",
        ]
    )


def _short(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN_LETTERS_MAX else f"{text[:SHOWN_LETTERS_MAX]}…"
