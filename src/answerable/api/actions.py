"""Actions at the reps' door: what waits for approval, what was done, its record, and taking it back."""

import hashlib
from datetime import datetime
from typing import Annotated, Literal

from litestar import get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK
from sqlalchemy import Connection

from answerable.actions import looking
from answerable.actions.arguments import with_amount
from answerable.actions.asking import Request
from answerable.actions.declaring import NotDone
from answerable.api import exporting
from answerable.api.action_cards import action_detail, action_row, approval_card, declared_card, tried_card
from answerable.api.action_shapes import (
    ActionCalls,
    ActionDetail,
    ApprovalCard,
    Approvals,
    Approve,
    DeclaredAction,
    Decline,
    NewAction,
    TriedAction,
    WebhookRow,
)
from answerable.api.desk import AtDesk, Desk, RepHere
from answerable.domain.actions import CallState
from answerable.domain.clock import now
from answerable.domain.conversations import Conversation
from answerable.domain.errors import Conflict, Invalid
from answerable.domain.people import Rep
from answerable.people import conversation_for_rep, require_role
from answerable.store.actions import Wanted
from answerable.web import at_least
from answerable.web.requests import IdempotencyKey

NOT_YOURS = "Take the conversation over first: only who has it may ask for an action in it."
Words = Annotated[str, QueryParameter(max_length=200)]
States = Annotated[list[CallState] | None, QueryParameter(name="state")]
Which = Annotated[Literal["open", "decided"], QueryParameter(name="state")]


def wanted_calls(
    states: States = None,
    action: FromQuery[str | None] = None,
    customer: FromQuery[str | None] = None,
    conversation: FromQuery[str | None] = None,
    clause: FromQuery[str | None] = None,
    since: FromQuery[datetime | None] = None,
    until: FromQuery[datetime | None] = None,
    q: Words = "",
) -> Wanted:
    """Which calls the address asks for. `q` is in the customer's name or address, or is the call's id."""
    for moment in (since, until):
        if moment is not None and moment.tzinfo is None:
            raise Invalid("A time needs its zone, such as 2026-11-23T12:00:00Z.")
    return Wanted(
        states=tuple(states or ()),
        action=action or None,
        customer_id=customer or None,
        conversation_id=conversation or None,
        clause_id=clause or None,
        since=since,
        until=until,
        search=q.strip(),
    )


WantedHere = NamedDependency[Wanted]
WANTED = {"wanted": Provide(wanted_calls, sync_to_thread=False)}


@get("/approvals")
async def list_approvals(
    desk: AtDesk,
    rep: RepHere,
    which: Which = "open",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> Approvals:
    """What people must decide on, the longest-waiting first; or what was decided, newest first.

    Everybody sees all of it: each says whether you may decide, and if not, why.
    """
    queue = await looking.approvals(desk.store, rep, is_open=which == "open", cursor=cursor, limit=limit)
    at, declared = now(), desk.boundary.declared
    return Approvals(items=[approval_card(each, declared, rep, at) for each in queue.calls], next=queue.next)


@get("/approvals/{approval_id:str}")
async def one_approval(desk: AtDesk, rep: RepHere, approval_id: FromPath[str]) -> ApprovalCard:
    """One approval with all that whoever decides needs to see."""
    return await _approval(desk, rep, approval_id)


@post("/approvals/{approval_id:str}/approve", status_code=HTTP_200_OK)
async def approve_it(desk: AtDesk, rep: RepHere, approval_id: FromPath[str], data: JSONBody[Approve]) -> ApprovalCard:
    """Yes, or yes to less. Only the first decision counts: whoever is later is told who decided and when. The same from
    the same person once more changes nothing, and gives what became of it.

    The customer is told the reason of whoever approves less; of all of it, it is kept as a note to colleagues.
    """
    arguments = None
    if data.amount is not None:
        looked = await looking.approval(desk.store, rep, approval_id)
        arguments = with_amount(looked.seen.call.arguments, data.amount)
    reason, note = _words(data.reason), _words(data.note)
    await desk.boundary.approve(approval_id, rep, arguments=arguments, reason=reason, note=note)
    return await _approval(desk, rep, approval_id)


@post("/approvals/{approval_id:str}/decline", status_code=HTTP_200_OK)
async def decline_it(desk: AtDesk, rep: RepHere, approval_id: FromPath[str], data: JSONBody[Decline]) -> ApprovalCard:
    """No, and why: the customer is told. Only the first decision counts."""
    await desk.boundary.decline(approval_id, rep, reason=data.reason.strip(), note=_words(data.note))
    return await _approval(desk, rep, approval_id)


@get("/actions", dependencies=WANTED)
async def list_actions(
    desk: AtDesk,
    rep: RepHere,
    wanted: WantedHere,
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> ActionCalls:
    """A page of what was asked for, newest first."""
    page = await looking.calls(desk.store, rep, wanted, cursor=cursor, limit=limit)
    return ActionCalls(items=[action_row(each, desk.boundary.declared) for each in page.calls], next=page.next)


@get("/actions/export", dependencies=WANTED, guards=[at_least("lead")])
async def export_actions(
    desk: AtDesk,
    rep: RepHere,
    wanted: WantedHere,
    format: FromQuery[exporting.Format] = "csv",  # noqa: A002  (the address's own word)
) -> Stream:
    """All that fits, as a file: a row a call (`csv`), or a JSON object a line with the whole record (`jsonl`)."""
    at = now()
    return exporting.as_file(looking.exported(desk.store, rep, wanted, at), format, at)


@get("/actions/declared")
async def list_declared(desk: AtDesk) -> list[DeclaredAction]:
    """All that can be done, by name."""
    return [declared_card(each) for _, each in sorted(desk.boundary.declared.items())]


@get("/actions/{call_id:str}")
async def one_action(desk: AtDesk, rep: RepHere, call_id: FromPath[str]) -> ActionDetail:
    """One call with its record."""
    return await _call(desk, rep, call_id)


@post("/actions/{call_id:str}/undo", status_code=HTTP_200_OK)
async def undo_it(desk: AtDesk, rep: RepHere, call_id: FromPath[str]) -> ActionDetail:
    """Takes back what was done, within its time; what a lead had to approve only a lead takes back."""
    detail = await _call(desk, rep, call_id)
    require_role(rep, detail.call.undo_role)
    try:
        await desk.boundary.undo(call_id, rep)
    except NotDone as error:
        raise Conflict(str(error)) from error
    return await _call(desk, rep, call_id)


@post("/conversations/{conversation_id:str}/actions", status_code=HTTP_200_OK)
async def ask_for_action(
    desk: AtDesk, rep: RepHere, conversation_id: FromPath[str], data: JSONBody[NewAction], key: IdempotencyKey
) -> ActionDetail:
    """Asks for an action in a conversation that you have. The same rules hold as for the agent; see `call.state`."""
    call = await desk.boundary.request(await _wish(desk, rep, conversation_id, data, key))
    return await _call(desk, rep, call.id)


@post("/conversations/{conversation_id:str}/actions/try", status_code=HTTP_200_OK)
async def try_action(
    desk: AtDesk, rep: RepHere, conversation_id: FromPath[str], data: JSONBody[NewAction]
) -> TriedAction:
    """What would become of an action in a conversation that you have. Nothing is kept or done."""
    tried = await desk.boundary.try_out(await _wish(desk, rep, conversation_id, data, "try"))
    before = await looking.call(desk.store, rep, tried.before.id) if tried.before else None
    return tried_card(tried, action_row(before.seen, desk.boundary.declared) if before else None)


@get("/webhooks", guards=[at_least("lead")])
async def list_webhooks(desk: AtDesk) -> list[WebhookRow]:
    """How it goes with each address that hears of what happens to actions."""
    return [
        WebhookRow(
            url=url,
            waiting=each.waiting,
            delivered=each.delivered,
            given_up=each.given_up,
            last_error=each.last_error,
        )
        for url, each in (await desk.webhooks.traffic()).items()
    ]


def _words(text: str | None) -> str | None:
    return (text or "").strip() or None


async def _approval(desk: Desk, rep: Rep, approval_id: str) -> ApprovalCard:
    looked = await looking.approval(desk.store, rep, approval_id)
    return approval_card(looked, desk.boundary.declared, rep, now())


async def _call(desk: Desk, rep: Rep, call_id: str) -> ActionDetail:
    looked = await looking.call(desk.store, rep, call_id)
    return action_detail(looked, desk.boundary.declared, rep, now())


async def _wish(desk: Desk, rep: Rep, conversation_id: str, data: NewAction, key: str) -> Request:
    conversation = await desk.store.read(_own_conversation, rep, conversation_id)
    return Request(
        # Two reps may choose the same key.
        key="rep:" + hashlib.sha256(f"{rep.id}\n{key}".encode()).hexdigest(),
        action=data.action,
        arguments=data.arguments,
        customer_id=conversation.customer_id,
        conversation_id=conversation.id,
        requested_by=rep.id,
    )


def _own_conversation(db: Connection, rep: Rep, conversation_id: str) -> Conversation:
    conversation = conversation_for_rep(db, rep, conversation_id)
    is_mine = conversation.handled_by == "rep" and conversation.assignee_id == rep.id
    if not is_mine or conversation.status == "resolved":
        raise Conflict(NOT_YOURS)
    return conversation


ROUTES = [
    list_approvals,
    one_approval,
    approve_it,
    decline_it,
    list_actions,
    export_actions,
    list_declared,
    one_action,
    undo_it,
    ask_for_action,
    try_action,
    list_webhooks,
]
