"""`answerable import`: a folder, a .zip, a .jsonl file or a site, with progress."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from answerable.cli.opening import opened, settings_for
from answerable.domain.errors import AnswerableError, Invalid
from answerable.domain.knowledge import ImportReport, SourceKind
from answerable.knowledge.importers import read_folder, read_jsonl, read_site
from answerable.knowledge.importing import Progress as Report
from answerable.knowledge.importing import Reading
from answerable.settings import Settings

SKIPPED_SHOWN_MAX = 20


class ImportFailed(AnswerableError):
    """Nothing was changed; the message says why."""


def import_location(given: dict[str, Any], location: str, *, as_json: bool, allow_private: bool) -> None:
    """Imports and prints what was done. Raises ImportFailed if nothing could be."""
    settings = settings_for(given)
    kind, place, reading = _reading(location, allow_private=allow_private)
    report = asyncio.run(_import(settings, kind, place, reading, show=not as_json))
    if as_json:
        click.echo(msgspec.json.encode(report))
    if report.state == "failed":
        raise ImportFailed(report.skipped[0][1] if report.skipped else "The import failed; nothing was changed.")
    if not as_json:
        _print(report)


def _reading(location: str, *, allow_private: bool) -> tuple[SourceKind, str, Reading]:
    if location.startswith(("http://", "https://")):
        return "site", location, read_site(location, allow_private=allow_private)
    path = Path(location).resolve()
    if path.is_dir() or path.suffix == ".zip":
        return "folder", str(path), read_folder(path)
    if path.suffix in (".jsonl", ".ndjson"):
        return "jsonl", str(path), read_jsonl(path)
    if not path.exists():
        raise Invalid(f"There is no {location}. Give a folder, a .zip, a .jsonl file, or an address with https://.")
    raise Invalid(f"{location} is neither a folder, a .zip nor a .jsonl file.")


async def _import(settings: Settings, kind: SourceKind, place: str, reading: Reading, *, show: bool) -> ImportReport:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    async with opened(settings) as house:
        with Progress(*columns, console=Console(file=sys.stderr), disable=not show, transient=True) as bar:
            task = bar.add_task("Reading …", total=None)

            def tell(report: ImportReport) -> None:
                bar.update(task, description=_counts(report))

            progress: Report = tell
            return await house.importing.run(kind, place, reading, author="Command line", progress=progress)


def _print(report: ImportReport) -> None:
    shipped = f"release {report.release}" if report.release is not None else "nothing to ship"
    click.echo(f"{_counts(report)}; {shipped}.")
    for name, reason in report.skipped[:SKIPPED_SHOWN_MAX]:
        click.echo(f"  skipped {name}: {reason}", err=True)
    if len(report.skipped) > SKIPPED_SHOWN_MAX:
        click.echo(f"  and {len(report.skipped) - SKIPPED_SHOWN_MAX} more", err=True)


def _counts(report: ImportReport) -> str:
    return (
        f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged, {report.gone} gone, "
        f"{len(report.skipped)} skipped"
    )
