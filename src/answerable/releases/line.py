"""Putting candidates in force: canary, shipping, rolling back, and the hold-out.

Each is one transaction: it is done whole, or nothing of it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.errors import Conflict, Invalid, NotFound
from answerable.domain.ids import new_id
from answerable.domain.releases import Candidate, HoldOut, Release
from answerable.releases.candidates import (
    Candidates,
    check_not_over,
    conflicts_of,
    held,
    readable_reason,
    rebased,
    sealed,
)
from answerable.releases.rulebook import put_in_force
from answerable.store import Store, articles, assets, candidates, releases
from answerable.store.assets import Revised

SHIPPED_MEANWHILE = (
    "Release {newest} was shipped by {author} meanwhile: {reason} This candidate was made on release {base}. Rebase "
    "it, look at it once more, and ship it then."
)
NOT_AS_SEEN = "This candidate was changed since you looked at it. Look at it once more."
ANOTHER_CANARY = "There is a canary already: “{reason}”. Ship it or roll it back first."
NO_CANARY = "This candidate has no canary."


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a roll-back did."""

    release: Release
    canary: Candidate | None
    """A canary that stood on what was rolled back, and ended with it."""
    hold_out: HoldOut | None
    """A hold-out likewise."""


class Line:
    """The line of releases of a place."""

    def __init__(self, store: Store, written: Candidates) -> None:
        self._store = store
        self._written = written

    async def seal(self, candidate_id: str) -> Candidate:
        """The candidate as a release beside the line, by which replays can try it.

        Raises NotFound, Conflict, and Invalid if it cannot be followed.
        """

        def put(db: Connection) -> Candidate:
            candidate = held(db, candidate_id)
            check_not_over(candidate)
            self._written.check(db, candidate)
            return sealed(db, candidate)

        return await self._store.write(put)

    async def canary(self, candidate_id: str, *, version: int, share: float) -> Candidate:
        """From now on that share of new conversations is answered by the candidate; or another share than until now.

        Raises NotFound, Invalid, and Conflict if it is not as they saw it, not on the release in force, or if there is
        another canary.
        """
        if not 0 < share <= 1:
            raise Invalid("Give a share of more than 0 % and at most 100 %.")

        def put(db: Connection) -> Candidate:
            candidate = held(db, candidate_id)
            check_not_over(candidate)
            _check_version(candidate, version)
            if not candidate.is_on_canary:
                other = candidates.on_canary(db)
                if other is not None:
                    raise Conflict(ANOTHER_CANARY.format(reason=other.reason))
                _check_base(db, candidate)
                self._written.check(db, candidate)
                candidate = sealed(db, candidate)
            return candidates.change(db, candidate, now(), state="canary", share=share)

        return await self._store.write(put)

    async def pause(self, candidate_id: str) -> Candidate:
        """No new conversation gets the candidate; those that have it keep it. Raises NotFound, Conflict."""
        return await self._store.write(_set_canary, candidate_id, "paused")

    async def resume(self, candidate_id: str) -> Candidate:
        """New conversations get it again, as many as before. Raises NotFound, Conflict."""
        return await self._store.write(_set_canary, candidate_id, "canary")

    async def stop(self, candidate_id: str) -> Candidate:
        """Rolls a canary back: its conversations go on with the release in force from their next turns.

        Raises NotFound, Conflict.
        """

        def put(db: Connection) -> Candidate:
            candidate = held(db, candidate_id)
            if not candidate.is_on_canary:
                raise Conflict(NO_CANARY)
            return _stopped(db, candidate, to=releases.newest(db))

        return await self._store.write(put)

    async def ship(self, candidate_id: str, *, version: int, author: str) -> Release:
        """The candidate becomes the next release of the line, at once for new conversations and those of its canary.

        Raises NotFound, Invalid, and Conflict if it is not as they saw it or somebody has shipped meanwhile.
        """
        return await self._store.write(self._ship, candidate_id, version, author)

    async def roll_back(self, *, to: int, reason: str, author: str) -> RolledBack:
        """The next release of the line has all that an older one had; conversations on those between go on with it.

        A canary or a hold-out that stands on one of those ends as well. Raises NotFound, Invalid, Conflict.
        """
        return await self._store.write(_roll_back, to, readable_reason(reason), author, self._written.declared.keys())

    async def hold_out(self, *, release: int, share: float, author: str) -> HoldOut:
        """From now on that share of new conversations stays on a release of the line, but for urgent changes.

        Raises NotFound, Invalid, and Conflict if there is a hold-out.
        """
        if not 0 < share <= 0.5:
            raise Invalid("Give a share of more than 0 % and at most 50 %.")

        def put(db: Connection) -> HoldOut:
            releases.hold(db)
            if candidates.hold_out(db) is not None:
                raise Conflict("There is a hold-out already: end it first.")
            on = _on_line(db, release)
            at = now()
            reason = f"Hold-out on release {on.number}."
            kept = releases.seal(db, base=on.number, laid_over=(), reason=reason, author=author, at=at)
            begun = HoldOut(new_id("hld"), kept.number, share, author, at, None)
            candidates.add_hold_out(db, begun)
            return begun

        return await self._store.write(put)

    async def end_hold_out(self) -> HoldOut:
        """Its conversations go on with the release in force from their next turns. Raises Conflict if there is none."""

        def put(db: Connection) -> HoldOut:
            releases.hold(db)
            running = candidates.hold_out(db)
            if running is None:
                raise Conflict("There is no hold-out.")
            return _without_hold_out(db, running, to=releases.newest(db))

        return await self._store.write(put)

    def _ship(self, db: Connection, candidate_id: str, version: int, author: str) -> Release:
        candidate = held(db, candidate_id)
        check_not_over(candidate)
        _check_version(candidate, version)
        _check_base(db, candidate)
        self._written.check(db, candidate)
        at = now()
        release = releases.ship(
            db, reason=candidate.reason, author=author, at=at, urgent=candidate.urgent, candidate_id=candidate.id
        )
        changes = candidates.changes(db, candidate)
        for each in changes:
            if each.before is not None:
                assets.end_revision(db, each.before.id, to_release=release.number)
            if each.after is not None:
                assets.begin_revision(db, each.after.id, from_release=release.number)
        if candidate.is_on_canary and candidate.sealed is not None:
            releases.send_on(db, [candidate.sealed], to=release.number)
        candidates.change(db, candidate, at, state="shipped", shipped=release.number)
        if candidate.urgent:
            _reach_everybody(db, release, candidates.laid_over(db, candidate.id))
        if any(each.asset.kind == "policy" for each in changes):
            put_in_force(db, self._written.declared.keys(), at)
        return release


def _check_version(candidate: Candidate, version: int) -> None:
    if candidate.version != version:
        raise Conflict(NOT_AS_SEEN)


def _check_base(db: Connection, candidate: Candidate) -> None:
    newest = releases.newest(db)
    if newest == candidate.base:
        return
    shipped = releases.by_number(db, newest)
    assert shipped is not None
    raise Conflict(
        SHIPPED_MEANWHILE.format(newest=newest, author=shipped.author, reason=shipped.reason, base=candidate.base)
    )


def _on_line(db: Connection, number: int) -> Release:
    release = releases.by_number(db, number)
    if release is None:
        raise NotFound("There is no such release.")
    if release.base is not None:
        raise Invalid(f"Release {number} stands beside the line: it only tries a candidate, or is a hold-out's.")
    return release


def _set_canary(db: Connection, candidate_id: str, state: str) -> Candidate:
    candidate = held(db, candidate_id)
    if not candidate.is_on_canary:
        raise Conflict(NO_CANARY)
    return candidates.change(db, candidate, now(), state=state)


def _stopped(db: Connection, candidate: Candidate, *, to: int) -> Candidate:
    assert candidate.sealed is not None
    releases.send_on(db, [candidate.sealed], to=to)
    # Tried again, it is another release: conversations of this one have gone on without it.
    return candidates.change(db, candidate, now(), state="open", share=0.0, sealed=None)


def _reach_everybody(db: Connection, release: Release, changed: dict[str, str | None]) -> None:
    """Nobody stays without an urgent change: open conversations, the hold-out, the canary of another candidate."""
    hold_out = candidates.hold_out(db)
    if hold_out is not None:
        _lay_over_hold_out(db, hold_out, changed, release)
    canary = candidates.on_canary(db)
    if canary is not None and conflicts_of(db, canary):
        _stopped(db, canary, to=release.number)
    elif canary is not None:
        rebased(db, canary)
    releases.send_on(db, [each for each in releases.on_line_after(db, -1) if each != release.number], to=release.number)


def _lay_over_hold_out(db: Connection, hold_out: HoldOut, changed: dict[str, str | None], release: Release) -> None:
    before = releases.by_number(db, hold_out.release)
    assert before is not None
    assert before.base is not None
    after = releases.seal(
        db,
        base=before.base,
        laid_over={**releases.laid_over(db, before.number), **changed}.items(),
        reason=f"Hold-out, with the urgent release {release.number}.",
        author=release.author,
        at=release.created_at,
    )
    candidates.change_hold_out(db, hold_out.id, release=after.number)
    releases.send_on(db, [before.number], to=after.number)


def _roll_back(db: Connection, to: int, reason: str, author: str, declared: Collection[str]) -> RolledBack:
    releases.hold(db)
    wanted, newest = _on_line(db, to), releases.newest(db)
    if wanted.number == newest:
        raise Invalid(f"Release {to} is in force.")
    differing = assets.differing(db, to, newest)
    between = releases.on_line_after(db, to)
    said = f"Rolled back to release {to}: {reason}"
    release = releases.ship(db, reason=said, author=author, at=now())
    _bring_back(db, differing.values(), release)
    releases.send_on(db, between, to=release.number)
    if any(each.asset.kind == "policy" for both in differing.values() for each in both if each is not None):
        put_in_force(db, declared, release.created_at)
    canary, hold_out = candidates.on_canary(db), candidates.hold_out(db)
    stopped = canary is not None and canary.base in between
    ended = hold_out is not None and _base_of(db, hold_out) in between
    return RolledBack(
        release,
        _stopped(db, canary, to=release.number) if canary is not None and stopped else None,
        _without_hold_out(db, hold_out, to=release.number) if hold_out is not None and ended else None,
    )


def _bring_back(db: Connection, differing: Iterable[tuple[Revised | None, Revised | None]], release: Release) -> None:
    for then, since in differing:
        if since is not None:
            assets.end_revision(db, since.revision.id, to_release=release.number)
        if then is not None:
            again = replace(
                then.revision,
                id=new_id("rev"),
                number=assets.last_number(db, then.asset.id) + 1,
                author=release.author,
                reason=release.reason,
                from_release=release.number,
                to_release=None,
                created_at=release.created_at,
            )
            assets.add_revision(db, again)
            if then.asset.kind == "article":
                articles.copy_passages(db, then.revision.id, to=again.id)


def _base_of(db: Connection, hold_out: HoldOut) -> int | None:
    release = releases.by_number(db, hold_out.release)
    return release.base if release is not None else None


def _without_hold_out(db: Connection, hold_out: HoldOut, *, to: int) -> HoldOut:
    at = now()
    candidates.change_hold_out(db, hold_out.id, ended_at=at)
    releases.send_on(db, [hold_out.release], to=to)
    return replace(hold_out, ended_at=at)
