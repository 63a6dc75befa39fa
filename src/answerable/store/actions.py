"""Queries about action calls, what happened to each, and what people decided."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from answerable.domain.actions import (
    ENDED,
    MAY_HAVE_HAPPENED,
    MAY_STILL_HAPPEN,
    OPEN,
    SILENT,
    STILL_COUNTS,
    ActionCall,
    Approval,
    CallState,
    Receipt,
    Said,
    Verdict,
)
from answerable.domain.money import Money, money_of_units
from answerable.domain.people import ROLES, Rep
from answerable.domain.places import Place
from answerable.store import events
from answerable.store.tables import action_calls, action_keys, action_records, approvals, customers

_CALLS = action_calls.c
_FIXED = (
    *("id", "key", "conversation_id", "customer_id", "turn_id", "run_id", "requested_by", "action", "effect"),
    *("likeness", "created_at"),
)

# What every call asks is put together once: building a statement costs more than running it.
_ADD, _ADD_KEY, _WRITE_DOWN = insert(action_calls), insert(action_keys), insert(action_records)
_CHANGE = update(action_calls).where(_CALLS.id == bindparam("changed"))
_BY_ID = select(action_calls).where(_CALLS.id == bindparam("wanted"))
_BY_OTHER_KEY = select(action_keys.c.call_id).where(action_keys.c.key == bindparam("wanted")).scalar_subquery()
_BY_KEY = (
    select(action_calls, func.coalesce(action_keys.c.conversation_id, _CALLS.conversation_id).label("asked_in"))
    .outerjoin(action_keys, and_(action_keys.c.call_id == _CALLS.id, action_keys.c.key == bindparam("wanted")))
    .where(or_(_CALLS.key == bindparam("wanted"), _CALLS.id == _BY_OTHER_KEY))
)
_APPROVAL_OF = select(approvals).where(approvals.c.call_id == bindparam("wanted"))


def _in(states: Collection[CallState]) -> ColumnElement[bool]:
    """Whether a call is in one of the states; without parameters that would be filled in anew each time."""
    return _CALLS.state.in_([literal_column(f"'{each}'") for each in sorted(states)])


_ALIKE = (
    select(action_calls)
    .where(_CALLS.likeness == bindparam("likeness"), _CALLS.created_at >= bindparam("since"), _in(STILL_COUNTS))
    .order_by(_CALLS.created_at.desc(), _CALLS.id.desc())
    .limit(1)
)
_OF_CUSTOMER = _CALLS.customer_id == bindparam("customer")
_IN_CURRENCY = _CALLS.currency == bindparam("currency")
_MAY_HAVE_HAPPENED_SINCE = (
    # What was asked for long ago and sent only now counts, and what may yet be sent or come about does.
    _in(MAY_STILL_HAPPEN),
    and_(_in(MAY_HAVE_HAPPENED - MAY_STILL_HAPPEN), _CALLS.sent_at >= bindparam("since")),
)
_TAKEN = union_all(
    *(
        select(
            func.sum(case((_OF_CUSTOMER, 1), else_=0)),
            func.sum(case((and_(_OF_CUSTOMER, _IN_CURRENCY), _CALLS.units), else_=0)),
            func.count(),
            func.sum(case((_IN_CURRENCY, _CALLS.units), else_=0)),
        ).where(_CALLS.action == bindparam("action"), _CALLS.id != bindparam("but"), these)
        for these in _MAY_HAVE_HAPPENED_SINCE
    )
)
_MOVED_UNSEEN = select(func.sum(_CALLS.units)).where(
    _OF_CUSTOMER,
    _IN_CURRENCY,
    _CALLS.action == bindparam("action"),
    _CALLS.id != bindparam("but"),
    or_(*_MAY_HAVE_HAPPENED_SINCE),
    ~exists().where(approvals.c.call_id == _CALLS.id, approvals.c.state == literal_column("'approved'")),
)

_OTHERS_SENT = select(
    func.sum(_CALLS.attempts),
    func.sum(case((_CALLS.state == literal_column("'sent'"), 1), else_=0)),
).where(_OF_CUSTOMER, _CALLS.action == bindparam("action"), _CALLS.id != bindparam("but"), _CALLS.attempts > 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are looked for; what is not said does not matter."""

    states: tuple[CallState, ...] = ()
    action: str | None = None
    customer_id: str | None = None
    conversation_id: str | None = None
    clause_id: str | None = None
    """The clause that allowed it, forbade it, or wanted a person."""
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""
    """In the customer's name or address, or the call's id."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a key was answered with."""

    call: ActionCall
    conversation_id: str
    """Where the key was used; the call may be the same wish of another conversation."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How much of an action there may have been; the units are those of one currency."""

    customer_calls: int
    customer_units: int
    calls: int
    units: int


@dataclass(frozen=True, slots=True)
class OthersSent:
    """What else of an action was ever sent for a customer."""

    ended: int
    """So many attempts came back, or are not awaited any more; it never becomes less."""
    on_their_way: int
    """So many are being asked for outside at this moment."""


def hold(db: Connection) -> None:
    """From here to the end of the transaction nobody else decides on a call: what is counted stays as it is."""
    db.info["lock"](db, "actions")


def add(db: Connection, call: ActionCall, *, by: str, said: Said = SILENT) -> None:
    """Keeps a new call and the beginning of its record."""
    fixed = {name: getattr(call, name) for name in _FIXED}
    db.execute(_ADD, {**fixed, **_changing(call)})
    _write_down(db, call, by, said)


def add_sent(
    db: Connection, ready: ActionCall, sent: ActionCall, *, by: str, sent_by: str, said: Said = SILENT
) -> None:
    """Keeps a new call that is sent at once: both that it was ready and that it is sent stand in its record."""
    fixed = {name: getattr(sent, name) for name in _FIXED}
    db.execute(_ADD, {**fixed, **_changing(sent)})
    _write_down_all(db, (ready, by, said), (sent, sent_by, SILENT))


def change(db: Connection, call: ActionCall, *, by: str, said: Said = SILENT) -> None:
    """Keeps what became of a call, and adds it to the record."""
    db.execute(_CHANGE, {"changed": call.id, **_changing(call)})
    _write_down(db, call, by, said)


def by_id(db: Connection, call_id: str) -> ActionCall | None:
    """The call of that name."""
    row = db.execute(_BY_ID, {"wanted": call_id}).one_or_none()
    return _call(row) if row else None


def by_key(db: Connection, key: str) -> Answered | None:
    """What that key was answered with: the call that was requested under it, or that was the same wish."""
    row = db.execute(_BY_KEY, {"wanted": key}).one_or_none()
    return Answered(_call(row), row.asked_in) if row else None


def add_key(db: Connection, key: str, call: ActionCall, conversation_id: str, at: datetime) -> None:
    """From now on the key is answered with that call, for ever."""
    db.execute(_ADD_KEY, {"key": key, "call_id": call.id, "conversation_id": conversation_id, "at": at})


def alike(db: Connection, likeness: str, since: datetime) -> ActionCall | None:
    """The newest call since then that asked for the same and has not come to nothing."""
    row = db.execute(_ALIKE, {"likeness": likeness, "since": since}).one_or_none()
    return _call(row) if row else None


def asked_about(db: Connection, likeness: str, conversation_id: str) -> ActionCall | None:
    """The call for the same that waits for the customer's yes in this conversation."""
    row = db.execute(
        select(action_calls)
        .where(
            _CALLS.likeness == likeness,
            _CALLS.conversation_id == conversation_id,
            _CALLS.state == "awaiting_customer",
        )
        .order_by(_CALLS.created_at.desc())
        .limit(1)
    ).one_or_none()
    return _call(row) if row else None


def taken(db: Connection, action: str, since: datetime, *, customer_id: str, currency: str | None, but: str) -> Taken:
    """How much of an action since then may have happened, of one customer and of all; the call `but` is left out."""
    asked = {"action": action, "since": since, "customer": customer_id, "currency": currency, "but": but}
    rows = db.execute(_TAKEN, asked).all()
    return Taken(*(sum(int(row[place] or 0) for row in rows) for place in range(4)))


def moved_unseen(db: Connection, call: ActionCall, since: datetime) -> Money | None:
    """What else of the action may have moved for the customer since then and no person approved; None without money.

    In the currency of the call, which is left out.
    """
    if call.money is None:
        return None
    asked = {"action": call.action, "since": since, "customer": call.customer_id, "but": call.id}
    units = db.execute(_MOVED_UNSEEN, {**asked, "currency": call.money.currency}).scalar()
    return money_of_units(int(units or 0), call.money.currency)


def others_sent(db: Connection, action: str, customer_id: str, *, but: str) -> OthersSent:
    """What else of an action was ever sent for a customer; the call `but` is left out."""
    row = db.execute(_OTHERS_SENT, {"action": action, "customer": customer_id, "but": but}).one()
    on_their_way = int(row[1] or 0)
    return OthersSent(int(row[0] or 0) - on_their_way, on_their_way)


def due(db: Connection, at: datetime, limit: int) -> list[ActionCall]:
    """The calls that must be looked at by now, longest due first."""
    query = select(action_calls).where(_CALLS.look_at <= at).order_by(_CALLS.look_at, _CALLS.id).limit(limit)
    return [_call(row) for row in db.execute(query)]


def of_conversation(db: Connection, conversation_id: str) -> list[ActionCall]:
    """The calls of a conversation, oldest first."""
    query = select(action_calls).where(_CALLS.conversation_id == conversation_id).order_by(_CALLS.created_at, _CALLS.id)
    return [_call(row) for row in db.execute(query)]


def page(db: Connection, wanted: Wanted, *, after: Place | None, limit: int) -> list[ActionCall]:
    """The calls that fit, newest first, beginning after a place."""
    query = _fitting(wanted)
    if after is not None:
        last = tuple_(bindparam(None, after[0], type_=_CALLS.created_at.type), bindparam(None, after[1]))
        query = query.where(tuple_(_CALLS.created_at, _CALLS.id) < last)
    query = query.order_by(_CALLS.created_at.desc(), _CALLS.id.desc()).limit(limit)
    return [_call(row) for row in db.execute(query)]


def several(db: Connection, call_ids: Collection[str]) -> dict[str, ActionCall]:
    """Several calls, by their ids."""
    rows = db.execute(select(action_calls).where(_CALLS.id.in_(sorted(call_ids))))
    return {row.id: _call(row) for row in rows}


def tell(db: Connection, told: Mapping[str, CallState], *, only_in: str | None = None) -> None:
    """Keeps how far each call had come when the customer was last told of it, everywhere or `only_in` a conversation.

    Whoever was told less of it in another conversation still awaits its end there.
    """
    for call_id, state in told.items():
        query = update(action_calls).where(_CALLS.id == call_id)
        if only_in is not None and state in ENDED and set(asked_in(db, call_id)) - {only_in}:
            query = query.where(_CALLS.told.is_(None) | _CALLS.told.not_in(OPEN))
        db.execute(query.values(told=state))


def tell_later(db: Connection, conversation_id: str, run_id: str) -> None:
    """A run ended without a word of what it did, or of what was agreed to: the customer is told once it is known."""
    told: CallState = "unknown"
    of_run = _CALLS.told.is_(None) & (_CALLS.run_id == run_id)
    query = update(action_calls).where(
        _CALLS.conversation_id == conversation_id,
        _CALLS.effect != "reads",
        _CALLS.state.not_in(("refused", "awaiting_customer", "declined", "expired")),
        of_run | (_CALLS.told == "awaiting_customer"),
    )
    db.execute(query.values(told=told))


def tell_again(db: Connection, call_id: str) -> None:
    """What the customer was told of a call holds no more: they are told what holds now."""
    told: CallState = "unknown"
    db.execute(update(action_calls).where(_CALLS.id == call_id, _CALLS.told.is_not(None)).values(told=told))


def asked_in(db: Connection, call_id: str) -> list[str]:
    """The conversations in which a call was asked for: also those that met it because they wanted the same."""
    own = select(_CALLS.conversation_id).where(_CALLS.id == call_id)
    others = select(action_keys.c.conversation_id).where(action_keys.c.call_id == call_id)
    return sorted(db.execute(own.union(others)).scalars())


def to_tell(db: Connection, limit: int) -> list[ActionCall]:
    """The calls of which the customer awaits the outcome, and it is there; longest waiting first."""
    query = (
        select(action_calls)
        .where(_CALLS.told.in_(OPEN), _CALLS.state.in_(ENDED))
        .order_by(_CALLS.changed_at, _CALLS.id)
        .limit(limit)
    )
    return [_call(row) for row in db.execute(query)]


def is_to_tell(db: Connection, call_id: str) -> bool:
    """Whether the customer still awaits the outcome of the call."""
    query = select(_CALLS.id).where(_CALLS.id == call_id, _CALLS.told.in_(OPEN), _CALLS.state.in_(ENDED))
    return db.execute(query).first() is not None


def record(db: Connection, call_id: str) -> list[dict[str, Any]]:
    """What happened to a call, in order."""
    query = select(action_records).where(action_records.c.call_id == call_id).order_by(action_records.c.id)
    return [dict(row._mapping) for row in db.execute(query)]


def records(db: Connection, call_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """What happened to each of several calls, in order, by their ids."""
    own = action_records.c
    found: dict[str, list[dict[str, Any]]] = {call_id: [] for call_id in call_ids}
    for row in db.execute(select(action_records).where(own.call_id.in_(sorted(call_ids))).order_by(own.id)):
        found[row.call_id].append(dict(row._mapping))
    return found


def records_after(db: Connection, record_id: int, limit: int) -> list[dict[str, Any]]:
    """What happened to any call after an entry of the record, in order, each with the state before it.

    Hold the calls first: then nothing can become visible behind the last entry that this gives.
    """
    own, before = action_records.c, action_records.alias("before")
    state_before = (
        select(before.c.state)
        .where(before.c.call_id == own.call_id, before.c.id < own.id)
        .order_by(before.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(action_records, state_before.label("state_before")).where(own.id > record_id)
    return [dict(row._mapping) for row in db.execute(query.order_by(own.id).limit(limit))]


def last_record_id(db: Connection) -> int:
    """The newest entry of the record, or 0."""
    return db.execute(select(func.max(action_records.c.id))).scalar() or 0


# -- approvals -------------------------------------------------------------------------------------------------------


def add_approval(db: Connection, approval: Approval) -> None:
    """Asks people to decide."""
    db.execute(insert(approvals).values(**_approval_values(approval)))


def change_approval(db: Connection, approval: Approval) -> None:
    """Keeps what was decided."""
    db.execute(update(approvals).where(approvals.c.id == approval.id).values(**_approval_values(approval)))


def approval_of(db: Connection, call_id: str) -> Approval | None:
    """What people were asked about a call."""
    row = db.execute(_APPROVAL_OF, {"wanted": call_id}).one_or_none()
    return _approval(row) if row else None


def approval_by_id(db: Connection, approval_id: str) -> Approval | None:
    """The approval of that name."""
    row = db.execute(select(approvals).where(approvals.c.id == approval_id)).one_or_none()
    return _approval(row) if row else None


def approvals_of(db: Connection, call_ids: Collection[str]) -> dict[str, Approval]:
    """What people were asked about several calls, by the calls' ids."""
    rows = db.execute(select(approvals).where(approvals.c.call_id.in_(sorted(call_ids))))
    return {row.call_id: _approval(row) for row in rows}


def waiting_in(db: Connection, conversation_ids: Collection[str]) -> dict[str, list[tuple[Approval, ActionCall]]]:
    """What people must decide on in each of these conversations, oldest first."""
    query = (
        select(approvals)
        .join(action_calls, _CALLS.id == approvals.c.call_id)
        .where(approvals.c.state == "open", _CALLS.conversation_id.in_(sorted(conversation_ids)))
        .order_by(approvals.c.asked_at, approvals.c.id)
    )
    asked = [_approval(row) for row in db.execute(query)]
    calls = several(db, {each.call_id for each in asked}) if asked else {}
    found: dict[str, list[tuple[Approval, ActionCall]]] = {}
    for approval in asked:
        call = calls[approval.call_id]
        found.setdefault(call.conversation_id, []).append((approval, call))
    return found


def open_approvals(db: Connection, *, decider: Rep | None = None, after: Place | None, limit: int) -> list[Approval]:
    """What people must decide on, oldest first, beginning after a place; with `decider` what this one may decide."""
    own = approvals.c
    query = select(approvals).where(own.state == "open")
    if decider is not None:
        reached = [role for role in ROLES if decider.may_act_as(role)]
        asked_by_others = select(_CALLS.id).where(_CALLS.id == own.call_id, _CALLS.requested_by != decider.id).exists()
        query = query.where(own.role.in_(reached), asked_by_others)
    if after is not None:
        last = tuple_(bindparam(None, after[0], type_=own.asked_at.type), bindparam(None, after[1]))
        query = query.where(tuple_(own.asked_at, own.id) > last)
    found = [_approval(row) for row in db.execute(query.order_by(own.asked_at, own.id).limit(limit))]
    return [each for each in found if decider is None or decider.id not in each.approved_by]


def decided_approvals(db: Connection, *, after: Place | None, limit: int) -> list[Approval]:
    """What people have decided, or did not decide in time, newest first, beginning after a place."""
    own = approvals.c
    query = select(approvals).where(own.state != "open")
    if after is not None:
        last = tuple_(bindparam(None, after[0], type_=own.asked_at.type), bindparam(None, after[1]))
        query = query.where(tuple_(own.asked_at, own.id) < last)
    return [_approval(row) for row in db.execute(query.order_by(own.asked_at.desc(), own.id.desc()).limit(limit))]


def _fitting(wanted: Wanted) -> Select[Any]:
    query = select(action_calls)
    for column, value in (
        (_CALLS.action, wanted.action),
        (_CALLS.customer_id, wanted.customer_id),
        (_CALLS.conversation_id, wanted.conversation_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.states:
        query = query.where(_CALLS.state.in_(wanted.states))
    if wanted.clause_id is not None:
        asked = select(approvals.c.call_id).where(approvals.c.clause_id == wanted.clause_id)
        query = query.where(or_(_CALLS.clause_id == wanted.clause_id, _CALLS.id.in_(asked)))
    if wanted.since is not None:
        query = query.where(_CALLS.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(_CALLS.created_at < wanted.until)
    if wanted.search:
        words = (customers.c.name, customers.c.email)
        who = select(customers.c.id).where(or_(*(each.icontains(wanted.search, autoescape=True) for each in words)))
        query = query.where(or_(_CALLS.id == wanted.search, _CALLS.customer_id.in_(who)))
    return query


def _write_down(db: Connection, call: ActionCall, by: str, said: Said) -> None:
    _write_down_all(db, (call, by, said))


def _write_down_all(db: Connection, *entries: tuple[ActionCall, str, Said]) -> None:
    """Adds to the record, in this order."""
    rows = [_entry(db, *each) for each in entries]
    db.execute(_WRITE_DOWN, rows if len(rows) > 1 else rows[0])


def _entry(db: Connection, call: ActionCall, by: str, said: Said) -> dict[str, Any]:
    events.append(db, call.conversation_id, "action", {"call_id": call.id}, call.changed_at, customer_sees=False)
    content = {
        "arguments": call.arguments,
        "clause_id": call.clause_id,
        "facts": call.facts,
        "attempts": call.attempts,
        "receipt": msgspec.to_builtins(call.receipt),
        "money": {"amount": str(call.money.amount), "currency": call.money.currency} if call.money else None,
        **{name: text for name in Said.__slots__ if (text := getattr(said, name)) is not None},
    }
    entry = {"call_id": call.id, "state": call.state, "by": by, "reason": call.reason, "at": call.changed_at}
    return {**entry, "content": content}


def _changing(call: ActionCall) -> dict[str, Any]:
    return {
        "arguments": call.arguments,
        "units": call.money.units if call.money else None,
        "currency": call.money.currency if call.money else None,
        "state": call.state,
        "clause_id": call.clause_id,
        "reason": call.reason,
        "facts": call.facts,
        "verdicts": msgspec.to_builtins(call.verdicts),
        "receipt": msgspec.to_builtins(call.receipt),
        "undone_by": call.undone_by,
        "attempts": call.attempts,
        "changed_at": call.changed_at,
        "sent_at": call.sent_at,
        "look_at": call.look_at,
    }


def _call(row: Any) -> ActionCall:
    return ActionCall(
        id=row.id,
        key=row.key,
        conversation_id=row.conversation_id,
        customer_id=row.customer_id,
        turn_id=row.turn_id,
        run_id=row.run_id,
        requested_by=row.requested_by,
        action=row.action,
        effect=row.effect,
        arguments=row.arguments,
        likeness=row.likeness,
        money=money_of_units(row.units, row.currency) if row.currency else None,
        state=row.state,
        clause_id=row.clause_id,
        reason=row.reason,
        facts=row.facts,
        verdicts=msgspec.convert(row.verdicts, tuple[Verdict, ...]),
        receipt=msgspec.convert(row.receipt, Receipt | None),
        undone_by=row.undone_by,
        attempts=row.attempts,
        created_at=row.created_at,
        changed_at=row.changed_at,
        sent_at=row.sent_at,
        look_at=row.look_at,
    )


def _approval_values(approval: Approval) -> dict[str, Any]:
    names = Approval.__slots__
    return {**{name: getattr(approval, name) for name in names}, "approved_by": list(approval.approved_by)}


def _approval(row: Any) -> Approval:
    return Approval(**{**row._mapping, "approved_by": tuple(row.approved_by)})
