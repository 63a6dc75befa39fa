"""Queries about conversations, their episodes and hand-offs, and the inbox."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from answerable.domain.conversations import Author, Conversation, Episode, Handoff, View
from answerable.store.tables import action_calls, approvals, conversations, customers, episodes, handoffs, messages

VIEWS: tuple[View, ...] = ("needs_you", "mine", "with_ai", "waiting", "all")

_FIELDS = tuple(conversations.c[name] for name in Conversation.__slots__)

# What every turn asks is put together once: building a statement costs more than running it.
_BY_ID = select(*_FIELDS).where(conversations.c.id == bindparam("wanted"))
_BY_ID_FOR_UPDATE = _BY_ID.with_for_update()
_LAST_EPISODE = (
    select(*(episodes.c[name] for name in Episode.__slots__))
    .where(episodes.c.conversation_id == bindparam("wanted"))
    .order_by(episodes.c.number.desc())
    .limit(1)
)
_CHANGE = update(conversations).where(conversations.c.id == bindparam("wanted")).returning(*_FIELDS)
_CHANGE_WAITING = _CHANGE.values(
    waiting_since=case(
        (conversations.c.waiting_on == bindparam("waits_on"), conversations.c.waiting_since),
        else_=bindparam("waits_since", type_=conversations.c.waiting_since.type),
    )
)
_ADD = insert(conversations)
_ADD_EPISODE = insert(episodes)
_AWAITING_APPROVAL = (
    select(action_calls.c.conversation_id)
    .join(approvals, approvals.c.call_id == action_calls.c.id)
    .where(approvals.c.state == "open")
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation as a list shows it."""

    conversation: Conversation
    last_text: str
    last_author: Author
    last_run_id: str | None
    waiting_since: datetime
    """When it began to wait for whom it waits now."""


def add(db: Connection, conversation: Conversation) -> None:
    """Keeps a new conversation."""
    values = {name: getattr(conversation, name) for name in Conversation.__slots__}
    first = {"waiting_since": conversation.changed_at, "message_count": 0, "last_text": "", "last_author": "customer"}
    db.execute(_ADD, {**values, **first})


def by_id(db: Connection, conversation_id: str, *, for_update: bool = False) -> Conversation | None:
    """The conversation of that name; `for_update` makes others wait until this transaction ends."""
    row = db.execute(_BY_ID_FOR_UPDATE if for_update else _BY_ID, {"wanted": conversation_id}).one_or_none()
    return Conversation(*row) if row else None


def of_customer(db: Connection, customer_id: str, limit: int) -> list[Listed]:
    """A customer's conversations, newest first."""
    query = _listed().where(conversations.c.customer_id == customer_id)
    return _read_listed(db, query.order_by(conversations.c.changed_at.desc(), conversations.c.id.desc()).limit(limit))


def listed(db: Connection, conversation_id: str) -> Listed | None:
    """One conversation as a list shows it."""
    rows = several_listed(db, {conversation_id})
    return rows[0] if rows else None


def several_listed(db: Connection, conversation_ids: set[str]) -> list[Listed]:
    """Several conversations as a list shows them, in no order."""
    return _read_listed(db, _listed().where(conversations.c.id.in_(sorted(conversation_ids))))


def inbox(
    db: Connection, view: View, rep_id: str, *, search: str, after: tuple[datetime, str] | None, limit: int
) -> list[Listed]:
    """A page of a view in its order, beginning after the row whose time (see `place_in`) and id are `after`."""
    query = _listed().where(_in_view(view, rep_id))
    if search:
        query = query.join(customers, customers.c.id == conversations.c.customer_id).where(
            or_(
                conversations.c.subject.icontains(search, autoescape=True),
                customers.c.name.icontains(search, autoescape=True),
                customers.c.email.icontains(search, autoescape=True),
                conversations.c.id.in_(
                    select(messages.c.conversation_id).where(messages.c.text.icontains(search, autoescape=True))
                ),
            )
        )
    place = _order(view)
    key = tuple_(place, conversations.c.id)
    if after is not None:
        last = tuple_(bindparam(None, after[0], type_=place.type), bindparam(None, after[1]))
        query = query.where(key > last if view == "needs_you" else key < last)
    columns = (place, conversations.c.id)
    query = query.order_by(*(columns if view == "needs_you" else (column.desc() for column in columns)))
    return _read_listed(db, query.limit(limit))


def place_in(view: View, listed: Listed) -> datetime:
    """The time by which a conversation stands where it does in a view."""
    return listed.waiting_since if view == "needs_you" else listed.conversation.changed_at


def counts(db: Connection, rep_id: str) -> dict[View, int]:
    """How many conversations are in each view of a rep."""
    row = db.execute(select(*(func.count().filter(_in_view(view, rep_id)).label(view) for view in VIEWS))).one()
    return {view: row._mapping[view] for view in VIEWS}


def change(db: Connection, conversation_id: str, at: datetime, **values: Any) -> Conversation:
    """Sets columns of a conversation, and gives it as it is then; it moves to the top of the lists.

    Whom it waited for already goes on waiting.
    """
    values |= {"changed_at": at, "wanted": conversation_id}
    if "waiting_on" in values:
        row = db.execute(_CHANGE_WAITING, {**values, "waits_on": values["waiting_on"], "waits_since": at}).one()
    else:
        row = db.execute(_CHANGE, values).one()
    return Conversation(*row)


def running(db: Connection) -> int:
    """How many conversations have a turn under way."""
    return db.execute(select(func.count()).where(conversations.c.running_turn_id.is_not(None))).scalar_one()


def open_by_release(db: Connection) -> dict[int, int]:
    """How many conversations are open on each release."""
    own = conversations.c
    query = select(own.release, func.count().label("number")).where(own.status == "open").group_by(own.release)
    return {row.release: row.number for row in db.execute(query)}


def count(db: Connection) -> int:
    """How many conversations there are."""
    return db.execute(select(func.count()).select_from(conversations)).scalar_one()


# -- episodes --------------------------------------------------------------------------------------------------------


def add_episode(db: Connection, episode: Episode) -> None:
    """Opens an episode."""
    db.execute(
        _ADD_EPISODE,
        {
            "id": episode.id,
            "conversation_id": episode.conversation_id,
            "number": episode.number,
            "opened_at": episode.opened_at,
        },
    )


def last_episode(db: Connection, conversation_id: str) -> Episode:
    """The episode under way, or the last one that was resolved."""
    return Episode(*db.execute(_LAST_EPISODE, {"wanted": conversation_id}).one())


def all_episodes(db: Connection, conversation_id: str) -> list[Episode]:
    """All episodes, in order."""
    rows = db.execute(select(episodes).where(episodes.c.conversation_id == conversation_id).order_by(episodes.c.number))
    return [Episode(**row._mapping) for row in rows]


def resolve_episode(db: Connection, episode_id: str, by: str, at: datetime) -> None:
    """Closes an episode."""
    db.execute(
        update(episodes)
        .where(episodes.c.id == episode_id, episodes.c.resolved_at.is_(None))
        .values(resolved_at=at, resolved_by=by)
    )


# -- hand-offs -------------------------------------------------------------------------------------------------------


def add_handoff(db: Connection, handoff: Handoff) -> None:
    """Keeps why the conversation goes to a person."""
    db.execute(
        insert(handoffs).values(
            id=handoff.id,
            conversation_id=handoff.conversation_id,
            episode_id=handoff.episode_id,
            run_id=handoff.run_id,
            reason=handoff.reason,
            summary=handoff.summary,
            tried=list(handoff.tried),
            question=handoff.question,
            created_at=handoff.created_at,
        )
    )


def all_handoffs(db: Connection, conversation_id: str) -> list[Handoff]:
    """All hand-offs, in order."""
    rows = db.execute(
        select(handoffs)
        .where(handoffs.c.conversation_id == conversation_id)
        .order_by(handoffs.c.created_at, handoffs.c.id)
    )
    return [Handoff(**{**row._mapping, "tried": tuple(row.tried)}) for row in rows]


def _in_view(view: View, rep_id: str) -> ColumnElement[bool]:
    table = conversations.c
    is_open = table.status == "open"
    match view:
        case "needs_you":
            nobody_or_me = or_(table.assignee_id.is_(None), table.assignee_id == rep_id)
            waits = and_(table.handled_by == "rep", table.waiting_on == "rep", nobody_or_me)
            return and_(is_open, or_(waits, table.id.in_(_AWAITING_APPROVAL)))
        case "mine":
            return and_(is_open, table.assignee_id == rep_id)
        case "with_ai":
            return and_(is_open, table.handled_by == "agent", table.waiting_on == "agent")
        case "waiting":
            return and_(is_open, table.waiting_on == "customer")
        case "all":
            return table.id.is_not(None)


def _listed() -> Any:
    own = conversations.c
    return select(*_FIELDS, own.last_text, own.last_author, own.last_run_id, own.waiting_since)


def _order(view: View) -> Column[Any]:
    """Those who wait for a person come longest-waiting first, everything else newest first."""
    return conversations.c.waiting_since if view == "needs_you" else conversations.c.changed_at


def _read_listed(db: Connection, query: Any) -> list[Listed]:
    rows: Sequence[Any] = db.execute(query).all()
    own = Conversation.__slots__
    return [
        Listed(
            conversation=Conversation(**{name: row._mapping[name] for name in own}),
            last_text=row.last_text,
            last_author=row.last_author,
            last_run_id=row.last_run_id,
            waiting_since=row.waiting_since,
        )
        for row in rows
    ]
