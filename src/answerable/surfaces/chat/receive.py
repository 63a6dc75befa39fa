"""Chat in: from JSON to the customer's plain words."""

from answerable.conversations import Arrival, Received, receive
from answerable.domain.conversations import Page
from answerable.domain.people import Customer
from answerable.jobs import Jobs
from answerable.store import Store
from answerable.surfaces.chat.shapes import NewChatMessage


async def receive_chat(store: Store, jobs: Jobs, customer: Customer, sent: NewChatMessage, key: str) -> Received:
    """Keeps a chat message. Raises what `conversations.receive` raises."""
    page = Page(sent.page.title, sent.page.path.split("?", 1)[0]) if sent.page else None
    arrival = Arrival(
        customer=customer,
        surface="chat",
        outside_id=key,
        text=sent.text,
        conversation_id=sent.conversation_id,
        page=page,
    )
    return await receive(store, jobs, arrival)
