"""The clauses of a workspace's policies, kept in force: a file that is changed holds from then on."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection

from answerable.actions.declaring import Action
from answerable.actions.policy_heads import clauses_of
from answerable.domain.actions import Clause
from answerable.domain.clock import now
from answerable.domain.errors import Fault, Faulty, Invalid
from answerable.domain.page_heads import BrokenYaml, Lined, read_yaml, split_page
from answerable.store import Store, actions, clauses

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0


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

        Raises Faulty for clauses that cannot be meant; then those from before stay in force.
        """
        changed_at = await asyncio.to_thread(self._changes)
        found = await asyncio.to_thread(clauses_in, self._folder, self._declared)

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


def clauses_in(folder: Path, declared: Mapping[str, Action]) -> list[Clause]:
    """The clauses for code in the heads of a folder's policies.

    Raises Faulty, with file and line, for all that cannot be meant, and for two of one id.
    """
    found: list[Clause] = []
    faults: list[Fault] = []
    places: dict[str, Path] = {}
    for file in _files(folder):
        try:
            content, lined = _head_of(file)
            own = clauses_of(str(file), content, declared, line=lined.line)
        except Faulty as error:
            faults += error.faults
            continue
        for clause in own:
            if clause.id in places:
                faults.append(_twice(file, clause.id, lined, places[clause.id]))
            places.setdefault(clause.id, file)
        found += own
    if faults:
        raise Faulty(*faults)
    return found


def _twice(file: Path, clause_id: str, lined: Lined, other: Path) -> Fault:
    named = [place for place, each in enumerate(lined.content["clauses"]) if each.get("id") == clause_id]
    line = lined.line(("clauses", max(named, default=0), "id"))
    return Fault(str(file), line, f"The clause {clause_id} is in {other} as well.")


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.md"))


def _head_of(file: Path) -> tuple[Mapping[str, Any], Lined]:
    """What a policy's head says, with its types, and where. Raises Faulty."""
    try:
        page = split_page(file.read_text(encoding="utf-8"))
        if page is None:
            return {}, Lined()
        lined, content = read_yaml(page[0], first_line=2), yaml.safe_load(page[0])
    except (OSError, UnicodeDecodeError) as error:
        raise Faulty(Fault(str(file), 1, "It cannot be read.")) from error
    except BrokenYaml as error:
        raise Faulty(Fault(str(file), error.line, str(error))) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Such as a day that there is not.
        raise Faulty(Fault(str(file), 2, f"Its head is not valid YAML: {error}.")) from error
    return (content, lined) if isinstance(content, dict) else ({}, lined)
