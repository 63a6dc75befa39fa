"""Which rules hold: the clauses of the policies that the newest release of the line has.

A policy is an asset like any other, and its clauses hold for everybody from the moment on which it is shipped: a rule
that was made stricter does not wait for conversations to end.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from answerable.actions.policy_pages import listing
from answerable.actions.policy_reading import PolicyPage, policies_in, told_of_gone
from answerable.domain.clock import now
from answerable.domain.errors import Invalid
from answerable.releases.policies import POLICY, policies_among
from answerable.releases.shipping import ship_in
from answerable.releases.workspace import AssetFile
from answerable.store import Store, actions, assets, clauses, releases

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0


class Rulebook:
    """The policies of a place: those of a folder, and what people have made of them."""

    def __init__(
        self, store: Store, folder: Path, declared: Collection[str], *, clock: Callable[[], datetime] = now
    ) -> None:
        """`declared`: the names of all actions."""
        self._store = store
        self._folder = folder
        self._declared = declared
        self._clock = clock
        self._read: dict[Path, int] = {}
        self._pages: dict[str, PolicyPage] = {}

    async def keep(self) -> int:
        """Ships what has changed in the folder; from now on the clauses of all policies in force hold, and no others.

        Gives how many clauses have changed. Raises Faulty for those that cannot be meant; then those from before stay.
        """
        changed_at = await asyncio.to_thread(self._changes)
        found = await asyncio.to_thread(policies_in, self._folder, self._declared)
        files = [AssetFile("policy", page.name, title, page.text) for title, page in found.titled]

        def put(db: Connection) -> tuple[list[str], int]:
            ship_in(db, files, POLICY)
            return put_in_force(db, self._declared, self._clock(), known={**self._pages, **found.by_name})

        gone, kept = await self._store.write(put)
        self._read = changed_at
        self._pages |= found.by_name
        for sentence in gone:
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


def put_in_force(
    db: Connection, declared: Collection[str], at: datetime, *, known: dict[str, PolicyPage] | None = None
) -> tuple[list[str], int]:
    """From now on the clauses of the newest release's policies hold.

    Gives which hold no longer, in sentences, and how many have changed. Raises Faulty for what cannot be meant.
    """
    # Nobody is ruled by half of the old ones and half of the new ones, nor by old ones after the new ones hold.
    actions.hold(db)
    found = policies_among(assets.in_release(db, POLICY, releases.newest(db)), declared)
    gone = told_of_gone(clauses.left_out(db, found.clauses, at), known or {})
    return gone, clauses.put(db, found.clauses, at)
