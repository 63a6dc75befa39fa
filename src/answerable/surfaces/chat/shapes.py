"""What goes in and out of the chat door, as JSON."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from answerable.domain.conversations import Author, ConversationStatus, DecisionKind, HandledBy
from answerable.people.customers import ATTRIBUTES_MAX


class ChatConfig(Struct, frozen=True, kw_only=True):
    """What the widget shows before anything is said."""

    company: str
    greeting: str
    ai_notice: str
    people_notice: str
    """When people are there, in a sentence."""
    suggestions: list["Suggestion"]
    message_bytes_max: int


class Suggestion(Struct, frozen=True, kw_only=True):
    """A question to start with."""

    text: str
    path: str | None
    """Shown only on pages whose path begins so; everywhere if there is none."""


class NewCustomer(Struct, frozen=True, kw_only=True):
    """A visitor, as they describe themselves; everything may be left out."""

    name: Annotated[str, Meta(max_length=200)] | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    attributes: Annotated[
        dict[Annotated[str, Meta(max_length=100)], Annotated[str, Meta(max_length=500)]],
        Meta(max_length=ATTRIBUTES_MAX),
    ] = {}


class CustomerKey(Struct, frozen=True, kw_only=True):
    """The key that a visitor's browser keeps; it is shown only this once."""

    customer_id: str
    token: str
    """Goes into `Authorization: Bearer …` from now on."""


class ChatPage(Struct, frozen=True, kw_only=True):
    """Where the visitor is; never with a query string."""

    title: Annotated[str, Meta(max_length=300)]
    path: Annotated[str, Meta(max_length=1000)]


class NewChatMessage(Struct, frozen=True, kw_only=True):
    """Something a customer says. The `Idempotency-Key` header makes a resend harmless."""

    text: str
    conversation_id: str | None = None
    """The conversation it goes on with; a new one is opened without it."""
    page: ChatPage | None = None


class ChatCitation(Struct, frozen=True, kw_only=True):
    """A source of a reply."""

    number: int
    title: str
    url: str | None
    quote: str


class ChatMessage(Struct, frozen=True, kw_only=True):
    """A message as the customer may see it."""

    id: str
    number: int
    author: Author
    name: str | None
    """The rep's first name, where a person wrote it."""
    text: str
    """Plain for the customer's own, Markdown for a reply; `[1]` refers to a citation."""
    decision: DecisionKind | None
    asks: bool
    """Whether it ends in a question of the agent: a list at its end is then what may be chosen."""
    citations: list[ChatCitation]
    turn_id: str | None
    helpful: bool | None
    created_at: datetime


class ChatConversation(Struct, frozen=True, kw_only=True):
    """A conversation as its customer sees it."""

    id: str
    subject: str
    status: ConversationStatus
    handled_by: HandledBy
    agent_is_writing: bool
    rep_name: str | None
    last_event_id: int
    """Where to begin listening: everything before it has been said."""
    messages: list[ChatMessage]
    """The newest 200, or the 200 before the one that was asked for; in order."""
    has_earlier: bool
    """Whether something was said before the first of them."""
    changed_at: datetime


class ChatConversationRow(Struct, frozen=True, kw_only=True):
    """A conversation in the customer's list."""

    id: str
    subject: str
    status: ConversationStatus
    last_text: str
    changed_at: datetime


class Received(Struct, frozen=True, kw_only=True):
    """The message is kept; from here on it is answered whatever happens."""

    conversation_id: str
    message: ChatMessage
    turn_id: str | None
    """The turn that it belongs to; none where a person answers."""
    last_event_id: int


class Feedback(Struct, frozen=True, kw_only=True):
    """Whether a reply helped."""

    helpful: bool


class ReplyPart(Struct, frozen=True, kw_only=True):
    """A sentence of a reply that has passed the guards while the rest is still being written. Event `reply_part`."""

    turn_id: str
    index: int
    """From 0; a part that comes again with the same index replaces the first."""
    text: str


class ConversationChanged(Struct, frozen=True, kw_only=True):
    """Who has the conversation now. Event `conversation`."""

    status: ConversationStatus
    handled_by: HandledBy
    agent_is_writing: bool
    rep_name: str | None


ChatEventName = Literal["message", "reply_part", "conversation"]
"""The names of the events on the stream: data is a `ChatMessage`, a `ReplyPart` or a `ConversationChanged`."""
