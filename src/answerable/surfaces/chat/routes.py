"""The routes of the chat door."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, Router, get, patch, post, put
from litestar.config.cors import CORSConfig
from litestar.di import NamedDependency, Provide
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from litestar.status_codes import HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT
from litestar.types import Middleware
from sqlalchemy import Connection

from answerable.conversations import ask_for_person, rate, sign_in
from answerable.domain.clock import now
from answerable.domain.people import Customer
from answerable.jobs import Jobs
from answerable.people import (
    HostKeys,
    Proving,
    Signed,
    conversation_for_customer,
    customer_with,
    identify,
    introduce,
)
from answerable.people.tokens import digest
from answerable.store import Store
from answerable.store import reps as rep_queries
from answerable.surfaces.chat.deliver import (
    conversation_shown,
    conversation_stream,
    conversations_shown,
    shown,
)
from answerable.surfaces.chat.receive import receive_chat
from answerable.surfaces.chat.shapes import (
    ChatConfig,
    ChatConversation,
    ChatConversationRow,
    ChatMessage,
    CustomerKey,
    Feedback,
    NewChatMessage,
    NewCustomer,
    Received,
)
from answerable.web.live import first_id
from answerable.web.requests import COUNTED, IdempotencyKey, LastEventId

IDENTITY_HEADER = "answerable-identity"


@dataclass(frozen=True, slots=True)
class ChatDoor:
    """What the chat door needs."""

    store: Store
    jobs: Jobs
    config: ChatConfig
    host_keys: HostKeys
    proving: Proving
    origins: tuple[str, ...]
    """Sites whose pages may speak to this door; `*` for all."""
    messages_a_minute_max: int
    """Of one customer; 0 for no limit."""
    customers_a_minute_max: int
    """New ones from one address; 0 for no limit."""


AtDoor = NamedDependency[ChatDoor]
Asking = NamedDependency[Customer]
SignedIn = NamedDependency[Signed | None]


def chat_routes(door: ChatDoor) -> Router:
    """The chat door."""
    return Router(
        "/chat",
        route_handlers=[
            config,
            _limited(new_customer, door.customers_a_minute_max, _by_address),
            _limited(new_message, door.messages_a_minute_max, _by_key),
            describe_customer,
            list_conversations,
            one_conversation,
            listen,
            person,
            feedback,
        ],
        dependencies={
            "door": Provide(lambda: door, sync_to_thread=False),
            "signed": Provide(current_identity, sync_to_thread=False),
            "customer": Provide(current_customer),
        },
        tags=["Chat"],
    )


def chat_cors(door: ChatDoor) -> CORSConfig:
    """Lets pages of the workspace's origins speak to the chat door."""
    return CORSConfig(
        allow_origins=list(door.origins),
        allow_headers=["authorization", "content-type", "idempotency-key", "last-event-id", IDENTITY_HEADER],
        allow_methods=["GET", "POST", "PUT", "PATCH", "OPTIONS"],
        max_age=600,
    )


def current_identity(request: Request[Any, Any, Any], door: AtDoor) -> Signed | None:
    """Who the host page says that it is, if it does. Raises NotSignedIn."""
    token = request.headers.get(IDENTITY_HEADER, "").strip()
    return door.host_keys.read(token) if token else None


async def current_customer(request: Request[Any, Any, Any], door: AtDoor, signed: SignedIn) -> Customer:
    """Who the host page says that it is, or else whose key came with the request. Raises NotSignedIn."""
    if signed is not None:
        return await sign_in(door.store, signed, _key(request))
    return await customer_with(door.store, _key(request))


@get("/config")
async def config(door: AtDoor) -> ChatConfig:
    """What the widget shows before anything is said."""
    return door.config


@post("/customers")
async def new_customer(door: AtDoor, data: JSONBody[NewCustomer], signed: SignedIn) -> CustomerKey:
    """Introduces a visitor; the key is shown only this once.

    It is the browser's, for as long as nobody is signed in by the page.
    """
    if signed is not None:
        customer = await sign_in(door.store, signed, "")
        await identify(door.store, customer, name=None, email=None, attributes=data.attributes)
    introduced = await introduce(door.store, name=data.name, email=data.email, attributes=data.attributes)
    return CustomerKey(customer_id=introduced.customer.id, token=introduced.token)


@patch("/customers/me", status_code=HTTP_204_NO_CONTENT)
async def describe_customer(door: AtDoor, customer: Asking, data: JSONBody[NewCustomer]) -> None:
    """Adds what the visitor now says of themselves; what is left out stays, and nothing of it is proved."""
    await identify(door.store, customer, name=data.name, email=data.email, attributes=data.attributes)


@post("/messages", status_code=HTTP_202_ACCEPTED)
async def new_message(
    request: Request[Any, Any, Any],
    door: AtDoor,
    customer: Asking,
    signed: SignedIn,
    data: JSONBody[NewChatMessage],
    key: IdempotencyKey,
) -> Received:
    """Keeps a message; the reply comes over the conversation's stream. A one-time code is not kept in clear."""
    received = await receive_chat(
        door.store, door.jobs, customer, data, key, signed=signed, address=_by_address(request), proving=door.proving
    )
    return Received(
        conversation_id=received.conversation.id,
        message=shown(received.message, {}),
        turn_id=received.message.turn_id,
        last_event_id=received.last_event_id,
    )


@get("/conversations")
async def list_conversations(door: AtDoor, customer: Asking) -> list[ChatConversationRow]:
    """The customer's own conversations, newest first."""
    return await conversations_shown(door.store, customer)


@get("/conversations/{conversation_id:str}")
async def one_conversation(
    door: AtDoor, customer: Asking, conversation_id: FromPath[str], before: Annotated[int | None, COUNTED] = None
) -> ChatConversation:
    """A conversation with what was said last, or with what was said before the message of that number."""
    return await conversation_shown(door.store, customer, conversation_id, before=before)


@get("/conversations/{conversation_id:str}/events")
async def listen(
    door: AtDoor,
    customer: Asking,
    signed: SignedIn,
    conversation_id: FromPath[str],
    last_event_id: LastEventId = None,
    after: FromQuery[int | None] = None,
) -> Stream:
    """What happens in a conversation from now on, or from where the listener left off (server-sent events).

    Who is signed in hears it for as long as the token holds, and comes back with the next one.
    """

    def check(db: Connection) -> None:
        conversation_for_customer(db, customer, conversation_id)

    await door.store.read(check)

    def has_expired() -> bool:
        return signed is not None and now() >= signed.expires_at

    return conversation_stream(door.store, conversation_id, first_id(last_event_id, after), has_expired)


@post("/conversations/{conversation_id:str}/person", status_code=HTTP_202_ACCEPTED)
async def person(door: AtDoor, customer: Asking, conversation_id: FromPath[str]) -> ChatConversation:
    """Asks for a person."""
    await ask_for_person(door.store, customer, conversation_id)
    return await conversation_shown(door.store, customer, conversation_id)


@put("/messages/{message_id:str}/feedback")
async def feedback(door: AtDoor, customer: Asking, message_id: FromPath[str], data: JSONBody[Feedback]) -> ChatMessage:
    """Says whether a reply helped."""
    rated = await rate(door.store, customer, message_id, helpful=data.helpful)
    return shown(rated, await door.store.read(rep_queries.names))


def _limited(handler: object, a_minute_max: int, identify: object) -> Router:
    middleware: list[Middleware] = []
    if a_minute_max > 0:
        limit = RateLimitConfig(rate_limit=("minute", a_minute_max), identifier_for_request=identify)  # type: ignore[arg-type]
        middleware.append(limit.middleware)
    return Router("/", route_handlers=[handler], middleware=middleware)  # type: ignore[list-item]


def _key(request: Request[Any, Any, Any]) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _by_key(request: Request[Any, Any, Any]) -> str:
    return digest(request.headers.get(IDENTITY_HEADER, "").strip() or _key(request))


def _by_address(request: Request[Any, Any, Any]) -> str:
    return request.client.host if request.client else "unknown"
