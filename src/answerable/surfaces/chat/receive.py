"""Chat in: from JSON to the customer's plain words."""

from answerable.conversations import Arrival, Received, receive
from answerable.domain.conversations import Page
from answerable.domain.people import Customer
from answerable.jobs import Jobs
from answerable.people import Proving, Signed
from answerable.store import Store
from answerable.surfaces.chat.shapes import NewChatMessage


async def receive_chat(
    store: Store,
    jobs: Jobs,
    customer: Customer,
    sent: NewChatMessage,
    key: str,
    *,
    signed: Signed | None,
    address: str,
    proving: Proving,
) -> Received:
    """Keeps a chat message. Raises what `conversations.receive` raises."""
    page = Page(sent.page.title, sent.page.path.split("?", 1)[0]) if sent.page else None
    arrival = Arrival(
        customer=customer,
        surface="chat",
        outside_id=key,
        text=sent.text,
        conversation_id=sent.conversation_id,
        page=page,
        signed=signed,
        came_from=proving.place(address),
    )
    return await receive(store, jobs, arrival, proving)
