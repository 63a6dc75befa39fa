"""Runs are written as traces that others can read, whole or not at all."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from answerable.cli import exporting, main
from answerable.store import Store
from answerable.traces import whole_runs
from answerable.traces.otlp.files import read_otlp
from answerable.traces.otlp.telling import trace_of_run
from answerable.traces.records import TraceRecord
from tests.traces.generated import NOON
from tests.traces.kept import DAY, keep_runs

# rich-click warns of a setting of its own that it will once rename.
pytestmark = pytest.mark.filterwarnings("ignore:.use_markdown=:PendingDeprecationWarning")


@pytest.fixture
async def kept(database_url: str) -> str:
    with Store(database_url) as store:
        await store.write(keep_runs, 5)
    return database_url


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("ANSWERABLE_", "OPENAI_")):
            monkeypatch.delenv(name)


def export(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--database", url, "traces", "export", *arguments])


def _read(file: str) -> Iterator[TraceRecord]:
    return read_otlp(Path(file), clock=lambda: datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_all_that_has_ended_is_written_in_pages(kept: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_runs, "NAMES_AT_ONCE", 2)
    done = export(kept, "out", "--format", encoding)

    assert (done.exit_code, done.stderr) == (0, "5 runs.\n")
    traces = list(_read("out"))
    assert [(trace.said, trace.reply) for trace in traces] == [(f"Ines asks {n}", f"Told {n}") for n in range(1, 6)]
    assert [step.kind for step in traces[0].steps] == ["agent", "retrieval"]
    assert Path("out").stat().st_mode & 0o077 == 0


def test_what_was_said_can_be_left_out(kept: str) -> None:
    assert export(kept, "out", "--no-content").exit_code == 0
    assert b"Ines" not in Path("out").read_bytes()
    assert len(list(_read("out"))) == 5


def test_a_run_or_a_stretch_of_time_can_be_chosen(kept: str) -> None:
    assert export(kept, "one", "--run", "run_3").stderr == "1 run.\n"
    assert [trace.said for trace in _read("one")] == ["Ines asks 3"]

    stretch = ["--since", (NOON + DAY).isoformat(), "--until", (NOON + 3 * DAY).replace(tzinfo=None).isoformat()]
    assert export(kept, "some", *stretch).exit_code == 0
    assert [trace.said for trace in _read("some")] == ["Ines asks 2", "Ines asks 3"]


def test_a_dash_is_standard_output(kept: str) -> None:
    done = export(kept, "-", "--run", "run_1")
    assert done.stdout_bytes.startswith(b'{"resourceSpans":')
    assert done.stderr == "1 run.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--run", "run_9"], "There is no run run_9."),
        (["--run", "run_6"], "The run run_6 is still under way. Export it once it has ended."),
        (["--run", "run_1", "--since", "2026-01-01"], "Name a run, or a stretch of time, but not both."),
        (["--since", "noon"], "This is no time: noon. Write it like 2026-11-24 or 2026-11-24T09:00+01:00."),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_the_file_as_it_was(kept: str, arguments: list[str], says: str) -> None:
    Path("out").write_text("before")
    done = export(kept, "out", *arguments)

    assert (done.exit_code, done.stderr) == (1, says + "\n")
    assert Path("out").read_text() == "before"
    assert list(Path().glob(".out*")) == []


def test_a_file_that_cannot_be_written_is_named(kept: str) -> None:
    assert export(kept, "no/where").stderr == "no/where cannot be written: No such file or directory.\n"
    Path("folder").mkdir()
    assert export(kept, "folder").stderr == "folder is a folder. Name a file in it.\n"


def test_an_export_that_breaks_off_leaves_nothing(kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number = iter(range(3))

    def breaks(*_: Any, **__: Any) -> Any:
        if next(number) == 2:
            raise KeyboardInterrupt
        return trace_of_run(*_, **__)

    monkeypatch.setattr(exporting, "trace_of_run", breaks)

    assert export(kept, "out").exit_code != 0
    assert list(Path().glob("*out*")) == []
