"""An empty SQLite database with its tables, made once and copied: the migrations take longer than most tests."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from answerable.store import Store


def copy_to(folder: Path) -> str:
    """Puts one of its own into the folder; gives its URL."""
    return f"sqlite:///{shutil.copy(_once(), folder / 'answerable.db')}"


@cache
def _once() -> Path:
    path = Path(tempfile.mkdtemp(prefix="answerable-migrated-")) / "answerable.db"
    atexit.register(shutil.rmtree, path.parent)
    with Store(f"sqlite:///{path}") as store:
        store.migrate()
    return path
