"""Looking at action calls: what people must decide, what was done, and the record of each."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from answerable.actions.deciders import taken_over, why_still
from answerable.actions.limits import ruled
from answerable.actions.policies import fixing
from answerable.actions.recorded import agreement_in, changes_in, notes_in, raised_at, roles_in
from answerable.domain.actions import ActionCall, Agreement, Approval, Change, Clause, Note
from answerable.domain.clock import now
from answerable.domain.conversations import Message
from answerable.domain.errors import NotFound
from answerable.domain.people import Customer, Rep
from answerable.domain.places import Place, place_as_cursor, place_of_cursor
from answerable.people import proven_in_each, require_role
from answerable.store import Store, actions, clauses, conversations, customers, messages, reps
from answerable.store.actions import Wanted

PAGE_SIZE_MAX = 200
COUNTED_MAX = 1_000
EXPORTED_AT_ONCE = 500
WORDS_AS_EVIDENCE = 8
"""So many of the customer's messages, up to the moment of asking, are shown beside what was asked for: between the
wish itself and their last yes stand answers to what a procedure asks."""

Record = list[dict[str, Any]]
"""What happened to a call, in order."""

NO_APPROVAL = "There is no such approval."
NO_CALL = "There is no such call."


@dataclass(frozen=True, slots=True)
class Seen:
    """A call with those whom it concerns."""

    call: ActionCall
    approval: Approval | None
    customer: Customer
    subject: str
    """Of its conversation."""
    names: dict[str, str]
    """Every rep's name, by id."""
    changes: tuple[Change, ...] = ()
    """How people made its amount smaller, in order."""
    notes: tuple[Note, ...] = ()
    """What whoever decided told their colleagues, in order."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A call with all that is known of it."""

    seen: Seen
    clause: Clause | None
    """The one that wants a person, or else the one that allowed or forbade it: as it was when the call was made, and
    as long as people must decide, as it is now."""
    forbidden: str | None
    """The rule that forbids all of it by now, as long as people must decide. Limits are counted when they do."""
    why_still: str | None
    """Why people must decide more of it than the rules want by now, as long as they must."""
    fixed_by: Clause | None
    """The one by which all of what was asked for is approved or nothing, as long as people must decide."""
    evidence: list[Message]
    """What the customer said last before it was asked for."""
    agreed: Agreement | None
    """What shows that the customer wants exactly this; only with its record."""
    record: Record


@dataclass(frozen=True, slots=True)
class Page:
    """A page of calls."""

    calls: list[Seen]
    next: str | None
    """Where the next page begins; none if this is the last."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of what people must decide on, or have decided."""

    calls: list[Looked]
    next: str | None


async def approvals(store: Store, rep: Rep, *, is_open: bool, cursor: str | None = None, limit: int = 50) -> Queue:
    """What people must decide on, oldest first; or what was decided, newest first. Raises Invalid, NotAllowed."""
    require_role(rep, "rep")
    after, size = place_of_cursor(cursor) if cursor else None, max(1, min(limit, PAGE_SIZE_MAX))

    def look(db: Connection) -> Queue:
        find = actions.open_approvals if is_open else actions.decided_approvals
        found = find(db, after=after, limit=size + 1)
        shown = found[:size]
        calls = actions.several(db, {each.call_id for each in shown})
        seen = _seen(db, [calls[each.call_id] for each in shown])
        more = place_as_cursor(shown[-1].asked_at, shown[-1].id) if len(found) > size else None
        return Queue([_looked(db, each, with_record=False) for each in seen], more)

    return await store.read(look)


async def count_to_decide(store: Store, rep: Rep, at: datetime) -> int:
    """How much waits for this rep to decide; from `COUNTED_MAX` on it is not counted further."""

    def count(db: Connection) -> int:
        waiting = actions.open_approvals(db, decider=rep, after=None, limit=COUNTED_MAX)
        return sum(each.expires_at > at for each in waiting)

    return await store.read(count)


async def approval(store: Store, rep: Rep, approval_id: str) -> Looked:
    """What one approval is about. Raises NotFound, NotAllowed."""
    require_role(rep, "rep")

    def look(db: Connection) -> Looked:
        found = actions.approval_by_id(db, approval_id)
        if found is None:
            raise NotFound(NO_APPROVAL)
        return _one(db, found.call_id)

    return await store.read(look)


async def call(store: Store, rep: Rep, call_id: str) -> Looked:
    """One call with its record. Raises NotFound, NotAllowed."""
    require_role(rep, "rep")
    return await store.read(_one, call_id)


async def calls(store: Store, rep: Rep, wanted: Wanted, *, cursor: str | None = None, limit: int = 50) -> Page:
    """The calls that fit, newest first. Raises Invalid, NotAllowed."""
    require_role(rep, "rep")
    after, size = place_of_cursor(cursor) if cursor else None, max(1, min(limit, PAGE_SIZE_MAX))

    def look(db: Connection) -> Page:
        found = actions.page(db, wanted, after=after, limit=size + 1)
        shown = found[:size]
        more = place_as_cursor(shown[-1].created_at, shown[-1].id) if len(found) > size else None
        return Page(_seen(db, shown), more)

    return await store.read(look)


async def exported(store: Store, rep: Rep, wanted: Wanted, at: datetime) -> AsyncIterator[tuple[Seen, Record]]:
    """All calls that fit and were asked for before `at`, newest first, each with its record. Raises NotAllowed."""
    require_role(rep, "lead")
    wanted = replace(wanted, until=min(at, wanted.until) if wanted.until else at)
    place: Place | None = None

    def look(db: Connection) -> list[tuple[Seen, Record]]:
        found = actions.page(db, wanted, after=place, limit=EXPORTED_AT_ONCE)
        records = actions.records(db, {each.id for each in found})
        return [(each, records[each.call.id]) for each in _seen(db, found)]

    while found := await store.read(look):
        for each in found:
            yield each
        last = found[-1][0].call
        place = (last.created_at, last.id)


def seen_call(db: Connection, call_id: str) -> Seen | None:
    """One call with those whom it concerns."""
    found = actions.by_id(db, call_id)
    return _seen(db, [found])[0] if found else None


def _one(db: Connection, call_id: str) -> Looked:
    seen = seen_call(db, call_id)
    if seen is None:
        raise NotFound(NO_CALL)
    return _looked(db, seen, with_record=True)


def _seen(db: Connection, found: list[ActionCall]) -> list[Seen]:
    if not found:
        return []
    asked = actions.approvals_of(db, {each.id for each in found})
    decided = {each.call_id for each in asked.values() if each.approved_by or each.decided_by}
    records = actions.records(db, decided) if decided else {}
    known = customers.by_ids(db, {each.customer_id for each in found})
    proved = proven_in_each(db, {each.conversation_id: known[each.customer_id] for each in found}, now())
    listed = conversations.several_listed(db, {each.conversation_id for each in found})
    subjects = {each.conversation.id: each.conversation.subject for each in listed}
    names = reps.names(db)
    return [
        Seen(
            call=each,
            approval=asked.get(each.id),
            customer=replace(known[each.customer_id], identity=proved[each.conversation_id].customer.identity),
            subject=subjects.get(each.conversation_id, ""),
            names=names,
            changes=changes_in(records.get(each.id, ())),
            notes=notes_in(records.get(each.id, ())),
        )
        for each in found
    ]


def _looked(db: Connection, seen: Seen, *, with_record: bool) -> Looked:
    seen, forbidden, still = _as_of_now(db, seen)
    found = seen.call
    is_open = seen.approval is not None and seen.approval.state == "open"
    rules = clauses.in_force_now(db, now()) if is_open else []
    record = actions.record(db, found.id) if with_record else []
    said = messages.said_by_customer(db, found.conversation_id, until=found.created_at, limit=WORDS_AS_EVIDENCE)
    return Looked(
        seen=seen,
        clause=_clause_of(db, seen, rules),
        forbidden=forbidden,
        why_still=still,
        fixed_by=fixing(rules, found.action, found.facts, found.money),
        evidence=said,
        agreed=agreement_in(record),
        record=record,
    )


def _as_of_now(db: Connection, seen: Seen) -> tuple[Seen, str | None, str | None]:
    """What people must decide on as the clauses of this moment have it, and why approving it would come to nothing.

    At last, why it takes more than these clauses want.
    """
    call, approval = seen.call, seen.approval
    if approval is None or approval.state != "open":
        return seen, None, None
    call, ruling = ruled(db, call, now())
    record = actions.record(db, call.id)
    if ruling.approval is not None:
        approval = taken_over(approval, ruling.approval, roles_in(record))
    seen = replace(seen, call=replace(call, verdicts=ruling.verdicts), approval=approval)
    if not ruling.is_allowed:
        return seen, ruling.reason, None
    return seen, None, why_still(approval, ruling.approval, raised_at(record) or approval.asked_at)


def _clause_of(db: Connection, seen: Seen, rules: list[Clause]) -> Clause | None:
    """The clause that is shown as the one that decided, or that wants a person."""
    clause_id = seen.approval.clause_id if seen.approval else seen.call.clause_id
    if clause_id is None:
        return None
    # A clause that came later wants more people, and may be gone again.
    for held in (rules, clauses.in_force(db, seen.call.created_at), clauses.in_force(db, seen.call.changed_at)):
        found = next((each for each in held if each.id == clause_id), None)
        if found is not None:
            return found
    return None
