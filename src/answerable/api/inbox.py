"""The inbox, conversations, and the trace of how an answer came about."""

from dataclasses import asdict
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from sqlalchemy import Connection

from answerable.actions.looking import count_to_decide
from answerable.api.desk import AtDesk, RepHere
from answerable.api.shapes import (
    Assign,
    CodeSent,
    ConversationDetail,
    DivergenceCard,
    EarlierMessages,
    Inbox,
    InboxCounts,
    ReplayCard,
    RepReply,
    Trace,
)
from answerable.api.showing import conversation_detail, earlier_messages, inbox_row, run_card, span_card
from answerable.conversations import (
    assign,
    detail,
    earlier,
    hand_back,
    inbox,
    inbox_counts,
    reply,
    resolve,
    take_over,
)
from answerable.domain.clock import now
from answerable.domain.conversations import View
from answerable.domain.errors import NotFound
from answerable.store import runs
from answerable.traces.recording import read_recording
from answerable.web.requests import COUNTED, IdempotencyKey

Search = Annotated[str, QueryParameter(max_length=200)]


@get("/inbox")
async def look_into_inbox(
    desk: AtDesk,
    rep: RepHere,
    view: FromQuery[View] = "needs_you",
    q: Search = "",
    cursor: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> Inbox:
    """A page of one of the views: `needs_you` longest-waiting first, the others newest first."""
    page = await inbox(desk.store, rep, view, search=q.strip(), cursor=cursor, limit=limit)
    return Inbox(items=[inbox_row(each) for each in page.rows], next=page.next)


@get("/inbox/counts")
async def count_inbox(desk: AtDesk, rep: RepHere) -> InboxCounts:
    """How many conversations are in each view."""
    counts = await inbox_counts(desk.store, rep)
    return InboxCounts(**counts, approvals=await count_to_decide(desk.store, rep, now()))


@get("/conversations/{conversation_id:str}")
async def one_conversation(desk: AtDesk, rep: RepHere, conversation_id: FromPath[str]) -> ConversationDetail:
    """A conversation with what was said last: the newest 200 messages."""
    return conversation_detail(await detail(desk.store, rep, conversation_id))


@get("/conversations/{conversation_id:str}/messages")
async def messages_before(
    desk: AtDesk, rep: RepHere, conversation_id: FromPath[str], before: Annotated[int, COUNTED]
) -> EarlierMessages:
    """At most 200 messages before the one of that number, in order."""
    return earlier_messages(await earlier(desk.store, rep, conversation_id, before=before))


@post("/conversations/{conversation_id:str}/take-over", status_code=HTTP_200_OK)
async def take_it_over(desk: AtDesk, rep: RepHere, conversation_id: FromPath[str]) -> ConversationDetail:
    """I have it from now on."""
    await take_over(desk.store, rep, conversation_id)
    return conversation_detail(await detail(desk.store, rep, conversation_id))


@post("/conversations/{conversation_id:str}/reply", status_code=HTTP_200_OK)
async def reply_to_it(
    desk: AtDesk, rep: RepHere, conversation_id: FromPath[str], data: JSONBody[RepReply], key: IdempotencyKey
) -> ConversationDetail:
    """Says something to the customer; takes the conversation if nobody has it."""
    await reply(desk.store, rep, conversation_id, text=data.text, outside_id=key, resolve=data.resolve)
    return conversation_detail(await detail(desk.store, rep, conversation_id))


@post("/conversations/{conversation_id:str}/hand-back", status_code=HTTP_200_OK)
async def hand_it_back(desk: AtDesk, rep: RepHere, conversation_id: FromPath[str]) -> ConversationDetail:
    """The agent has it again."""
    await hand_back(desk.store, desk.jobs, rep, conversation_id)
    return conversation_detail(await detail(desk.store, rep, conversation_id))


@post("/conversations/{conversation_id:str}/resolve", status_code=HTTP_200_OK)
async def resolve_it(desk: AtDesk, rep: RepHere, conversation_id: FromPath[str]) -> ConversationDetail:
    """It is done."""
    await resolve(desk.store, rep, conversation_id)
    return conversation_detail(await detail(desk.store, rep, conversation_id))


@post("/conversations/{conversation_id:str}/assign", status_code=HTTP_200_OK)
async def assign_it(
    desk: AtDesk, rep: RepHere, conversation_id: FromPath[str], data: JSONBody[Assign]
) -> ConversationDetail:
    """Somebody in particular shall have it, or nobody in particular."""
    await assign(desk.store, rep, conversation_id, data.rep_id)
    return conversation_detail(await detail(desk.store, rep, conversation_id))


@post("/conversations/{conversation_id:str}/code", status_code=HTTP_202_ACCEPTED)
async def send_code(desk: AtDesk, conversation_id: FromPath[str]) -> CodeSent:
    """Sends the customer a one-time code to prove again who they are; they type it into the conversation.

    409 or 503 say why none was sent.
    """
    asked = await desk.proving.send_code(conversation_id)
    return CodeSent(words=asked.words, expires_at=asked.expires_at)


@get("/runs/{run_id:str}")
async def one_run(desk: AtDesk, run_id: FromPath[str]) -> Trace:
    """A run, step by step."""

    def look(db: Connection) -> Trace:
        found = runs.with_strip(db, run_id)
        if found is None:
            raise NotFound("There is no such run.")
        run, strip = found
        return Trace(run=run_card(run, strip), spans=[span_card(span, run) for span in runs.steps(db, run_id)])

    return await desk.store.read(look)


@post("/runs/{run_id:str}/replays", status_code=HTTP_200_OK)
async def replay_run(desk: AtDesk, run_id: FromPath[str]) -> ReplayCard:
    """Answers a run again, from its recording alone, and says whether it came to the same. 400 if that cannot be."""
    replay = await desk.replayer.exact(await desk.store.read(read_recording, run_id))
    return ReplayCard(
        run_id=replay.run_id,
        is_equal=replay.is_equal,
        divergence=DivergenceCard(**asdict(replay.divergence)) if replay.divergence else None,
        fidelity=replay.fidelity,
        text=replay.reply.text,
        decision=replay.reply.decision.kind,
        duration_us=replay.duration_us,
    )


ROUTES = [
    look_into_inbox,
    count_inbox,
    one_conversation,
    messages_before,
    take_it_over,
    reply_to_it,
    hand_it_back,
    resolve_it,
    assign_it,
    send_code,
    one_run,
    replay_run,
]
