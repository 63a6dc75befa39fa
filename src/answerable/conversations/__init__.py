"""The reception: receives messages, keeps turns, hands over to people and back, one verb a file."""

from answerable.conversations.answering import Answering, forget_old_events_for_ever
from answerable.conversations.looking import (
    MESSAGES_AT_ONCE,
    Detail,
    Row,
    Stretch,
    detail,
    earlier,
    inbox,
    inbox_counts,
    rows_for,
)
from answerable.conversations.outcomes import tell_outcomes, tell_outcomes_for_ever
from answerable.conversations.receiving import MESSAGE_BYTES_MAX, Arrival, Received, ask_for_person, rate, receive
from answerable.conversations.signing_in import sign_in
from answerable.conversations.working import assign, hand_back, reply, resolve, take_over

__all__ = [
    "MESSAGES_AT_ONCE",
    "MESSAGE_BYTES_MAX",
    "Answering",
    "Arrival",
    "Detail",
    "Received",
    "Row",
    "Stretch",
    "ask_for_person",
    "assign",
    "detail",
    "earlier",
    "forget_old_events_for_ever",
    "hand_back",
    "inbox",
    "inbox_counts",
    "rate",
    "receive",
    "reply",
    "resolve",
    "rows_for",
    "sign_in",
    "take_over",
    "tell_outcomes",
    "tell_outcomes_for_ever",
]
