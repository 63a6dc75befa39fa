"""Looking at conversations: the inbox, and one conversation with all that was said."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from answerable.domain.actions import ActionCall, Approval
from answerable.domain.clock import now
from answerable.domain.conversations import Conversation, Episode, Handoff, Message, View
from answerable.domain.people import Customer, Rep
from answerable.domain.places import place_as_cursor, place_of_cursor
from answerable.domain.runs import Run
from answerable.people import conversation_for_rep, proven_in_each
from answerable.store import Store, actions, conversations, customers, events, messages, reps, runs
from answerable.store.conversations import Listed

PAGE_SIZE_MAX = 200
OTHER_CONVERSATIONS_MAX = 20
MESSAGES_AT_ONCE = 200

Strip = list[list[Any]]
"""Kind, duration in microseconds and state of each step."""


@dataclass(frozen=True, slots=True)
class Row:
    """A conversation in a list."""

    listed: Listed
    customer: Customer
    """As we know them, with what they have proved in it at this moment."""
    proved_until: datetime | None
    """Until when that holds; none if nothing is proved."""
    assignee_name: str | None
    strip: Strip
    waiting: list[tuple[Approval, ActionCall]]
    """What people must decide on in it, oldest first."""

    @property
    def conversation(self) -> Conversation:
        """The conversation itself."""
        return self.listed.conversation


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rows, in the order of its view."""

    rows: list[Row]
    next: str | None
    """Where the next page begins; none if this is the last."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of what was said, and the runs that belong to it."""

    messages: list[Message]
    runs: list[tuple[Run, Strip]]
    has_earlier: bool
    """Whether something was said before it."""
    rep_names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Detail:
    """A conversation with what was said last."""

    row: Row
    episodes: list[Episode]
    newest: Stretch
    handoffs: list[Handoff]
    others: list[Row]
    """The same customer's other conversations, newest first."""
    last_event_id: int


async def inbox(
    store: Store, rep: Rep, view: View, *, search: str = "", cursor: str | None = None, limit: int = 50
) -> Page:
    """A page of one of the rep's views: newest first, but those who need a person longest-waiting first.

    Raises Invalid for a cursor that no page gave.
    """
    after = place_of_cursor(cursor) if cursor else None
    size = max(1, min(limit, PAGE_SIZE_MAX))

    def look(db: Connection) -> Page:
        found = conversations.inbox(db, view, rep.id, search=search, after=after, limit=size + 1)
        rows = _rows(db, found[:size])
        more = len(found) > size
        last = rows[-1].listed if more else None
        return Page(rows, place_as_cursor(conversations.place_in(view, last), last.conversation.id) if last else None)

    return await store.read(look)


async def inbox_counts(store: Store, rep: Rep) -> dict[View, int]:
    """How many conversations are in each of the rep's views."""
    return await store.read(conversations.counts, rep.id)


async def detail(store: Store, rep: Rep, conversation_id: str) -> Detail:
    """A conversation with its newest `MESSAGES_AT_ONCE` messages. Raises NotFound."""

    def look(db: Connection) -> Detail:
        conversation = conversation_for_rep(db, rep, conversation_id)
        listed = conversations.listed(db, conversation.id)
        assert listed is not None
        siblings = conversations.of_customer(db, conversation.customer_id, OTHER_CONVERSATIONS_MAX + 1)
        return Detail(
            row=_rows(db, [listed])[0],
            episodes=conversations.all_episodes(db, conversation.id),
            newest=_stretch(db, conversation, before=None),
            handoffs=conversations.all_handoffs(db, conversation.id),
            others=_rows(db, [each for each in siblings if each.conversation.id != conversation.id]),
            last_event_id=events.last_id(db),
        )

    return await store.read(look)


async def earlier(store: Store, rep: Rep, conversation_id: str, *, before: int) -> Stretch:
    """The messages before the one of that number, at most `MESSAGES_AT_ONCE`. Raises NotFound."""

    def look(db: Connection) -> Stretch:
        return _stretch(db, conversation_for_rep(db, rep, conversation_id), before=before)

    return await store.read(look)


def _stretch(db: Connection, conversation: Conversation, *, before: int | None) -> Stretch:
    found = messages.of_conversation(db, conversation.id, before=before, limit=MESSAGES_AT_ONCE + 1)
    told = found[-MESSAGES_AT_ONCE:]
    # The run of a reply began after what was said before the reply: that is where one stretch's runs end and the
    # next one's begin.
    has_earlier = len(found) > len(told)
    since = found[0].created_at if has_earlier else None
    until = told[-1].created_at if before is not None and told else None
    belonging = runs.of_conversation(db, conversation.id, since=since, until=until)
    return Stretch(told, belonging, has_earlier, reps.names(db))


def rows_for(db: Connection, conversation_ids: set[str]) -> dict[str, Row]:
    """Several conversations as a list shows them, by id."""
    if not conversation_ids:
        return {}
    return {row.conversation.id: row for row in _rows(db, conversations.several_listed(db, conversation_ids))}


def _rows(db: Connection, found: list[Listed]) -> list[Row]:
    if not found:
        return []
    asking = customers.by_ids(db, {each.conversation.customer_id for each in found})
    whose = {each.conversation.id: asking[each.conversation.customer_id] for each in found}
    proved = proven_in_each(db, whose, now())
    names = reps.names(db) if any(each.conversation.assignee_id for each in found) else {}
    strips = runs.strips(db, {each.last_run_id for each in found if each.last_run_id})
    waiting = actions.waiting_in(db, {each.conversation.id for each in found})
    return [
        Row(
            listed=each,
            customer=replace(whose[each.conversation.id], identity=proved[each.conversation.id].customer.identity),
            proved_until=proved[each.conversation.id].until,
            assignee_name=names.get(each.conversation.assignee_id or ""),
            strip=strips.get(each.last_run_id or "", []),
            waiting=waiting.get(each.conversation.id, []),
        )
        for each in found
    ]
