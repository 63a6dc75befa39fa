"""Queries about candidates, what they change, and the hold-out."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from answerable.domain.releases import Candidate, CandidateState, Change, HoldOut
from answerable.store import assets
from answerable.store.tables import candidate_changes, candidates, hold_outs

_OWN = candidates.c
_CHANGES = candidate_changes.c
# What every opened conversation asks is put together once.
_ON_CANARY = select(candidates).where(_OWN.state.in_(("canary", "paused")))
_HOLD_OUT = select(hold_outs).where(hold_outs.c.ended_at.is_(None))


def add(db: Connection, candidate: Candidate) -> None:
    """Keeps a new candidate."""
    db.execute(insert(candidates).values({name: getattr(candidate, name) for name in Candidate.__slots__}))


def by_id(db: Connection, candidate_id: str) -> Candidate | None:
    """A candidate."""
    row = db.execute(select(candidates).where(_OWN.id == candidate_id)).one_or_none()
    return Candidate(**row._mapping) if row else None


def listed(db: Connection, states: tuple[CandidateState, ...], limit: int) -> list[Candidate]:
    """Candidates in some states, those changed last first."""
    query = select(candidates).where(_OWN.state.in_(states)).order_by(_OWN.changed_at.desc(), _OWN.id).limit(limit)
    return [Candidate(**row._mapping) for row in db.execute(query)]


def on_canary(db: Connection) -> Candidate | None:
    """The candidate by which conversations are answered, also while it is paused; there is at most one."""
    row = db.execute(_ON_CANARY).one_or_none()
    return Candidate(**row._mapping) if row else None


def change(db: Connection, candidate: Candidate, at: datetime, **values: Any) -> Candidate:
    """Sets something of a candidate, and gives it as it is then."""
    db.execute(update(candidates).where(_OWN.id == candidate.id).values(**values, changed_at=at))
    changed = by_id(db, candidate.id)
    assert changed is not None
    return changed


def lay_over(db: Connection, candidate_id: str, asset_id: str, *, revision_id: str | None, made_of: str | None) -> None:
    """The candidate has another revision of an asset, or none, in place of what it had of it."""
    take_back(db, candidate_id, asset_id)
    values = {"revision_id": revision_id, "made_of": made_of}
    db.execute(insert(candidate_changes).values(candidate_id=candidate_id, asset_id=asset_id, **values))


def take_back(db: Connection, candidate_id: str, asset_id: str) -> None:
    """The candidate leaves an asset as it is."""
    db.execute(delete(candidate_changes).where(_CHANGES.candidate_id == candidate_id, _CHANGES.asset_id == asset_id))


def laid_over(db: Connection, candidate_id: str) -> dict[str, str | None]:
    """What a candidate has in place of its base's, by asset: a revision's id, or none."""
    rows = db.execute(select(candidate_changes).where(_CHANGES.candidate_id == candidate_id))
    return {row.asset_id: row.revision_id for row in rows}


def changes(db: Connection, candidate: Candidate) -> list[Change]:
    """What a candidate does to each asset, by kind and title."""
    query = select(candidate_changes).where(_CHANGES.candidate_id == candidate.id)
    found = [_as_change(db, candidate, row) for row in db.execute(query)]
    return sorted(found, key=lambda each: (each.asset.kind, each.title.casefold(), each.asset.key))


def hold_out(db: Connection) -> HoldOut | None:
    """The hold-out that is under way; there is at most one."""
    row = db.execute(_HOLD_OUT).one_or_none()
    return HoldOut(**row._mapping) if row else None


def add_hold_out(db: Connection, begun: HoldOut) -> None:
    """Keeps a hold-out."""
    db.execute(insert(hold_outs).values({name: getattr(begun, name) for name in HoldOut.__slots__}))


def change_hold_out(db: Connection, hold_out_id: str, **values: Any) -> None:
    """Sets something of a hold-out."""
    db.execute(update(hold_outs).where(hold_outs.c.id == hold_out_id).values(**values))


def _as_change(db: Connection, candidate: Candidate, row: Any) -> Change:
    asset = assets.by_id(db, row.asset_id)
    assert asset is not None
    held = assets.one_in_release(db, asset.id, candidate.base)
    return Change(
        asset=asset,
        before=held.revision if held is not None else None,
        after=assets.revision(db, row.revision_id) if row.revision_id is not None else None,
        made_of=row.made_of,
    )
