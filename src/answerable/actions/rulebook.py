"""The clauses of a workspace's policies, kept in force: a file that is changed holds from then on."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from answerable.actions.declaring import Action
from answerable.actions.policy_heads import clauses_of
from answerable.actions.policy_pages import head_of, listing
from answerable.domain.actions import Clause
from answerable.domain.clock import now
from answerable.domain.errors import Fault, Faulty, Invalid
from answerable.domain.page_heads import Lined
from answerable.store import Store, actions, clauses

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Policies:
    """What a folder of policies says."""

    clauses: list[Clause]
    files: Mapping[str, Path]
    """Which file each policy is, by the name that its clauses have for it."""


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
        self._files: dict[str, Path] = {}

    async def keep(self) -> int:
        """From now on the clauses of the folder hold, and no others. Gives how many have changed.

        Raises Faulty for clauses that cannot be meant; then those from before stay in force.
        """
        changed_at = await asyncio.to_thread(self._changes)
        found = await asyncio.to_thread(policies_in, self._folder, self._declared)

        def put(db: Connection) -> tuple[list[Clause], int]:
            # Nobody is ruled by half of the old ones and half of the new ones, nor by old ones after the new ones hold.
            actions.hold(db)
            at = self._clock()
            return clauses.left_out(db, found.clauses, at), clauses.put(db, found.clauses, at)

        gone, kept = await self._store.write(put)
        self._read = changed_at
        self._files |= found.files
        for sentence in told_of_gone(gone, self._files):
            log.warning("%s", sentence)
        return kept

    async def keep_for_ever(self) -> None:
        """Keeps what is changed in the folder, within seconds, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look_again()

    async def look_again(self) -> None:
        """Keeps what was changed in the folder since it was last read; what cannot be meant is told in the log."""
        try:
            seen = await asyncio.to_thread(self._changes)
            if seen == self._read:
                return
            try:
                log.info("%s clauses have changed.", await self.keep())
            except Invalid as error:
                # A file that cannot be meant is told once, not every few seconds.
                self._read = seen
                log.warning("%s The clauses from before stay in force.", error)
        except Exception:
            log.exception("The policies could not be read; the clauses from before stay in force.")

    def _changes(self) -> dict[Path, int]:
        listed = listing(self._folder)
        return {file: _changed_at(file) for file in (*listed.pages, *listed.others)}


def _changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        # Gone since it was listed, or a link that leads nowhere.
        return 0


def policies_in(folder: Path, declared: Mapping[str, Action]) -> Policies:
    """What the heads of a folder's policies say for code.

    Raises Faulty, with file and line, for all that cannot be meant, and for two clauses of one id.
    """
    listed = listing(folder)
    found: list[Clause] = []
    files: dict[str, Path] = {}
    faults: list[Fault] = [*listed.faults]
    places: dict[str, Path] = {}
    for file in listed.pages:
        try:
            head = head_of(file)
            own = clauses_of(str(file), head.content, declared, line=head.lined.line)
        except Faulty as error:
            faults += error.faults
            continue
        files.setdefault(str(head.content.get("id") or file), file)
        for clause in own:
            if clause.id in places:
                faults.append(_twice(file, clause.id, head.lined, places[clause.id]))
            places.setdefault(clause.id, file)
        found += own
    if faults:
        raise Faulty(*faults)
    return Policies(found, files)


def told_of_gone(gone: Iterable[Clause], files: Mapping[str, Path]) -> list[str]:
    """Which clauses hold no longer, in a sentence for each policy that had them."""
    by_policy: dict[str, list[str]] = {}
    for each in sorted(gone, key=lambda clause: clause.id):
        by_policy.setdefault(each.policy, []).append(each.id)
    return [_gone(policy, ids, files.get(policy, Path(policy))) for policy, ids in by_policy.items()]


def _gone(policy: str, ids: list[str], file: Path) -> str:
    *most, last = ids
    named, hold, them = (f"{', '.join(most)} and {last}", "hold", "them") if most else (last, "holds", "it")
    if file.is_file():
        return f"{named} {hold} no longer: {file} does not have {them} with an effect any more."
    return f"{named} {hold} no longer: the policy {policy} is not there any more."


def _twice(file: Path, clause_id: str, lined: Lined, other: Path) -> Fault:
    named = [place for place, each in enumerate(lined.content["clauses"]) if each.get("id") == clause_id]
    line = lined.line(("clauses", max(named, default=0), "id"))
    return Fault(str(file), line, f"The clause {clause_id} is in {other} as well.")
