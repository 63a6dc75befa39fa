"""What happens everywhere, as reps see it, live."""

from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromQuery
from litestar.response import Stream
from sqlalchemy import Connection

from answerable.actions.looking import seen_call
from answerable.api.action_cards import Declared, action_row
from answerable.api.desk import AtDesk
from answerable.api.shapes import LiveEvent
from answerable.api.showing import inbox_row, message_card, run_card, span_card
from answerable.conversations import Row, rows_for
from answerable.domain.conversations import Message
from answerable.domain.live import Event
from answerable.domain.people import Rep
from answerable.people import is_signed_in
from answerable.store import events, reps, runs
from answerable.store.live import EVERYTHING
from answerable.web.live import Fetched, Sent, first_id, stream
from answerable.web.requests import LastEventId

EVENTS_A_READ = 200

encode = msgspec.json.Encoder().encode


@get("/events")
async def listen(
    desk: AtDesk,
    request: Request[Rep, str, Any],
    last_event_id: LastEventId = None,
    after: FromQuery[int | None] = None,
) -> Stream:
    """What happens from now on, or from where the listener left off (server-sent events of `LiveEvent`)."""
    begin = first_id(last_event_id, after)
    if not last_event_id and after is None:
        begin = await desk.store.read(events.last_id)

    async def fetch(seen: int) -> Fetched:
        return await desk.store.read(_sent_after, seen, request.auth, desk.boundary.declared)

    return stream(desk.store, EVERYTHING, begin, fetch)


def _sent_after(db: Connection, seen: int, token: str, declared: Declared) -> Fetched:
    if not is_signed_in(db, token):
        return Fetched(seen, (), more=False, ended=True)
    found = events.after(db, seen, conversation_id=None, for_customer=False, limit=EVENTS_A_READ)
    if not found:
        return Fetched(seen, (), more=False)
    names = reps.names(db)
    changed = rows_for(db, {event.conversation_id for event in found if event.kind in ("conversation", "action")})
    steps = _steps(db, found)
    sent = []
    for event in found:
        content = _content(db, event, names, changed, steps, declared)
        if content is not None:
            data = encode(LiveEvent(conversation_id=event.conversation_id, content=content))
            sent.append(Sent(event.id, event.kind, data))
    return Fetched(found[-1].id, sent, more=len(found) == EVENTS_A_READ)


def _content(
    db: Connection,
    event: Event,
    names: dict[str, str],
    changed: dict[str, Row],
    steps: dict[tuple[str, int], Any],
    declared: Declared,
) -> Any:
    match event.kind:
        case "message":
            return msgspec.to_builtins(message_card(msgspec.convert(event.content, Message), names))
        case "conversation":
            row = changed.get(event.conversation_id)
            return msgspec.to_builtins(inbox_row(row)) if row else None
        case "action":
            row, seen = changed.get(event.conversation_id), seen_call(db, event.content["call_id"])
            shown = {"call": action_row(seen, declared), "row": inbox_row(row)} if row and seen else None
            return msgspec.to_builtins(shown)
        case "run":
            found = runs.with_strip(db, event.content["run_id"])
            return msgspec.to_builtins(run_card(*found)) if found else None
        case "step":
            span = steps.get((event.content["run_id"], event.content["number"]))
            return {**event.content, "span": span} if span else None
        case "reply_part":
            return event.content


def _steps(db: Connection, found: list[Event]) -> dict[tuple[str, int], Any]:
    """The steps that the events speak of, each without input and output: those are fetched when somebody looks."""
    wanted = {(event.content["run_id"], event.content["number"]) for event in found if event.kind == "step"}
    known = {run_id: runs.by_id(db, run_id) for run_id in {run_id for run_id, _ in wanted}}
    return {
        (span.run_id, span.number): msgspec.to_builtins(span_card(span, run))
        for span in runs.steps_in_short(db, wanted)
        if (run := known[span.run_id]) is not None
    }
