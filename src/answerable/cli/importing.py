"""`answerable import`: a folder, a .zip, a .jsonl file or a site, with progress."""

import asyncio
import sys
from typing import Any

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from answerable.cli.opening import importer_for, opened, settings_for
from answerable.cli.tuning import tune
from answerable.domain.errors import AnswerableError
from answerable.domain.knowledge import ImportReport
from answerable.knowledge.importers.importer import Importer
from answerable.knowledge.importing import Progress as Report
from answerable.settings import Settings

SKIPPED_SHOWN_MAX = 20


class ImportFailed(AnswerableError):
    """Nothing was changed; the message says why."""


def import_location(given: dict[str, Any], location: str, *, as_json: bool, allow_private: bool) -> None:
    """Imports and prints what was done. Raises ImportFailed if nothing could be."""
    settings = settings_for(given)
    tune()
    importer = importer_for(location, allow_private=allow_private or settings.environment.allow_private_sites)
    report = asyncio.run(_import(settings, importer, show=not as_json))
    if as_json:
        click.echo(msgspec.json.encode(report))
    if report.state == "failed":
        raise ImportFailed(report.skipped[0][1] if report.skipped else "The import failed; nothing was changed.")
    if not as_json:
        _print(report)


async def _import(settings: Settings, importer: Importer, *, show: bool) -> ImportReport:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    async with opened(settings) as house:
        with Progress(*columns, console=Console(file=sys.stderr), disable=not show, transient=True) as bar:
            task = bar.add_task("Reading …", total=None)

            def tell(report: ImportReport) -> None:
                bar.update(task, description=_counts(report))

            progress: Report = tell
            return await house.importing.run(importer, author="Command line", progress=progress)


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
