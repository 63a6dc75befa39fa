"""`answerable bench`: the benchmarks that live in a checkout."""

import subprocess
import sys
from pathlib import Path

import rich_click as click

from answerable.domain.errors import Invalid

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


def run_benchmark(name: str | None, arguments: tuple[str, ...]) -> int:
    """Runs `benchmarks/NAME.py` and gives its exit code. Raises Invalid outside a checkout."""
    known = {file.stem: file for file in sorted(FOLDER.glob("*.py")) if not file.stem.startswith("_")}
    if not known:
        raise Invalid("Benchmarks come with a checkout of the project, not with an installed package.")
    if name in (None, "-h", "--help"):
        for each, file in known.items():
            click.echo(f"{each:20} {_first_line(file)}")
        return 0
    if name not in known:
        raise Invalid(f"There is no benchmark {name!r}. There are: {', '.join(known)}.")
    return subprocess.call([sys.executable, str(known[name]), *arguments])  # noqa: S603 - a file of ours


def _first_line(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next((line.strip('"') for line in lines if line.startswith('"""')), "")
