"""Chat out: what a customer may see, and the stream of it.

A chat reply is delivered by being there: its row and its event are kept in the transaction that ends the turn, and
every browser that listens, now or later, gets it by its event id. Nothing has to be pushed and retried.
"""

from collections.abc import Callable

import msgspec
from litestar.response import Stream
from sqlalchemy import Connection

from answerable.conversations import MESSAGES_AT_ONCE
from answerable.domain.conversations import Conversation, Message
from answerable.domain.live import Event
from answerable.domain.people import Customer
from answerable.people import conversation_for_customer
from answerable.store import Store, conversations, events, messages, reps
from answerable.surfaces.chat.shapes import (
    ChatCitation,
    ChatConversation,
    ChatConversationRow,
    ChatMessage,
    ConversationChanged,
    ReplyPart,
)
from answerable.web.live import Fetched, Sent, stream

CONVERSATIONS_MAX = 50
EVENTS_A_READ = 200

encode = msgspec.json.Encoder().encode


def shown(message: Message, rep_names: dict[str, str]) -> ChatMessage:
    """A message as its customer sees it."""
    return ChatMessage(
        id=message.id,
        number=message.number,
        author=message.author,
        name=_first_name(rep_names.get(message.rep_id)) if message.rep_id else None,
        text=message.text,
        decision=message.decision.kind if message.decision else None,
        asks=message.decision is not None and (message.decision.kind == "ask" or message.decision.asks_behind),
        citations=[
            ChatCitation(number=each.number, title=each.title, url=each.url, quote=each.quote)
            for each in message.citations
        ],
        turn_id=message.turn_id,
        helpful=message.helpful,
        created_at=message.created_at,
    )


async def conversation_shown(
    store: Store, customer: Customer, conversation_id: str, *, before: int | None = None
) -> ChatConversation:
    """A conversation as its customer sees it, up to the message of that number. Raises NotFound."""

    def look(db: Connection) -> ChatConversation:
        conversation = conversation_for_customer(db, customer, conversation_id)
        names = reps.names(db)
        found = messages.of_conversation(db, conversation.id, before=before, limit=MESSAGES_AT_ONCE + 1)
        told = found[-MESSAGES_AT_ONCE:]
        return ChatConversation(
            id=conversation.id,
            subject=conversation.subject,
            status=conversation.status,
            handled_by=conversation.handled_by,
            agent_is_writing=conversation.running_turn_id is not None,
            rep_name=_rep_name(conversation, names),
            last_event_id=events.last_id(db),
            messages=[shown(each, names) for each in told if each.author != "note"],
            has_earlier=len(found) > len(told),
            changed_at=conversation.changed_at,
        )

    return await store.read(look)


async def conversations_shown(store: Store, customer: Customer) -> list[ChatConversationRow]:
    """The customer's own conversations, newest first."""
    found = await store.read(conversations.of_customer, customer.id, CONVERSATIONS_MAX)
    return [
        ChatConversationRow(
            id=each.conversation.id,
            subject=each.conversation.subject,
            status=each.conversation.status,
            last_text=each.last_text,
            changed_at=each.conversation.changed_at,
        )
        for each in found
    ]


def conversation_stream(
    store: Store, conversation_id: str, after: int, has_expired: Callable[[], bool] = lambda: False
) -> Stream:
    """What happens in a conversation, as its customer sees it, for as long as they may listen."""

    async def fetch(seen: int) -> Fetched:
        found, names = await store.read(_events_after, conversation_id, seen)
        sent = [_sent(event, names) for event in found]
        return Fetched(found[-1].id if found else seen, sent, more=len(found) == EVENTS_A_READ)

    return stream(store, conversation_id, after, fetch, has_expired)


def _events_after(db: Connection, conversation_id: str, seen: int) -> tuple[list[Event], dict[str, str]]:
    found = events.after(db, seen, conversation_id=conversation_id, for_customer=True, limit=EVENTS_A_READ)
    by_reps = any(event.content.get("rep_id") or event.content.get("assignee_id") for event in found)
    return found, reps.names(db) if by_reps else {}


def _sent(event: Event, names: dict[str, str]) -> Sent:
    match event.kind:
        case "message":
            data = encode(shown(msgspec.convert(event.content, Message), names))
        case "conversation":
            conversation = msgspec.convert(event.content, Conversation)
            data = encode(
                ConversationChanged(
                    status=conversation.status,
                    handled_by=conversation.handled_by,
                    agent_is_writing=conversation.running_turn_id is not None,
                    rep_name=_rep_name(conversation, names),
                )
            )
        case _:
            data = encode(ReplyPart(**event.content))
    return Sent(event.id, event.kind, data)


def _rep_name(conversation: Conversation, names: dict[str, str]) -> str | None:
    if conversation.handled_by != "rep" or conversation.assignee_id is None:
        return None
    return _first_name(names.get(conversation.assignee_id))


def _first_name(name: str | None) -> str | None:
    return name.split()[0] if name else None
