"""The only way to hold a customer's thing is to say who is asking."""

from sqlalchemy import Connection

from answerable.domain.conversations import Conversation, Message
from answerable.domain.errors import NotAllowed, NotFound
from answerable.domain.people import Customer, Rep, Role
from answerable.store import conversations, messages

NO_CONVERSATION = "There is no such conversation."
NO_MESSAGE = "There is no such message."


def require_role(rep: Rep, role: Role) -> None:
    """Raises NotAllowed unless the rep's role reaches to `role`."""
    if not rep.may_act_as(role):
        raise NotAllowed(f"This needs the role '{role}'; yours is '{rep.role}'. Ask an admin.")


def conversation_for_customer(
    db: Connection, customer: Customer, conversation_id: str, *, for_update: bool = False
) -> Conversation:
    """The customer's own conversation. Raises NotFound for anybody else's."""
    conversation = conversations.by_id(db, conversation_id, for_update=for_update)
    if conversation is None or conversation.customer_id != customer.id:
        raise NotFound(NO_CONVERSATION)
    return conversation


def conversation_for_rep(db: Connection, rep: Rep, conversation_id: str, *, for_update: bool = False) -> Conversation:
    """A conversation, for somebody who works here. Raises NotFound."""
    require_role(rep, "rep")
    conversation = conversations.by_id(db, conversation_id, for_update=for_update)
    if conversation is None:
        raise NotFound(NO_CONVERSATION)
    return conversation


def message_for_customer(db: Connection, customer: Customer, message_id: str) -> Message:
    """A message in one of the customer's own conversations. Raises NotFound for anybody else's."""
    message = messages.by_id(db, message_id)
    if message is None:
        raise NotFound(NO_MESSAGE)
    conversation = conversations.by_id(db, message.conversation_id)
    if conversation is None or conversation.customer_id != customer.id:
        raise NotFound(NO_MESSAGE)
    return message
