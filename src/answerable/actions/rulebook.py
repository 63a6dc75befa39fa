"""The clauses of a workspace's policies, kept in force: a file that is changed holds from then on."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection

from answerable.actions.declaring import Action
from answerable.actions.policy_heads import clauses_of
from answerable.domain.actions import Clause
from answerable.domain.clock import now
from answerable.domain.errors import Invalid
from answerable.store import Store, actions, clauses

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
_MARK = "---\n"


class Rulebook:
    """The policies of a folder, as the boundary rules by them."""

    def __init__(
        self, store: Store, folder: Path, declared: Mapping[str, Action], *, clock: Callable[[], datetime] = now
    ) -> None:
        self._store = store
        self._folder = folder
        self._declared = declared
        self._clock = clock
        self._read: dict[Path, int] = {}

    async def keep(self) -> int:
        """From now on the clauses of the folder hold, and no others. Gives how many have changed.

        Raises Invalid, with the file's name, for a clause that cannot be meant; then those from before stay in force.
        """
        changed_at = await asyncio.to_thread(self._changes)
        found = await asyncio.to_thread(lambda: list(clauses_in(self._folder, self._declared)))

        def put(db: Connection) -> int:
            # Nobody is ruled by half of the old ones and half of the new ones, nor by old ones after the new ones hold.
            actions.hold(db)
            return clauses.put(db, found, self._clock())

        kept = await self._store.write(put)
        self._read = changed_at
        return kept

    async def keep_for_ever(self) -> None:
        """Keeps what is changed in the folder, within seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                seen = await asyncio.to_thread(self._changes)
                if seen != self._read:
                    # A file that cannot be meant is told once, not every few seconds.
                    self._read = seen
                    log.info("%s clauses have changed.", await self.keep())
            except Invalid as error:
                log.warning("%s The clauses from before stay in force.", error)
            except Exception:
                log.exception("The policies could not be read; the clauses from before stay in force.")

    def _changes(self) -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in _files(self._folder)}


def clauses_in(folder: Path, declared: Mapping[str, Action]) -> Iterator[Clause]:
    """The clauses for code in the heads of a folder's policies.

    Raises Invalid, with the file's name, for one that cannot be meant, and for two of one id.
    """
    places: dict[str, Path] = {}
    for file in _files(folder):
        for clause in clauses_of(str(file), _head_of(file), declared):
            if clause.id in places:
                raise Invalid(f"{file}: the clause {clause.id} is in {places[clause.id]} as well.")
            places[clause.id] = file
            yield clause


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.md"))


def _head_of(file: Path) -> Mapping[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read.") from error
    text = text.replace("\r\n", "\n")
    if not text.startswith(_MARK):
        return {}
    try:
        head = yaml.safe_load(text[len(_MARK) :].partition("\n" + _MARK)[0])
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Invalid(f"{file}: its head is not valid YAML.") from error
    return head if isinstance(head, dict) else {}
