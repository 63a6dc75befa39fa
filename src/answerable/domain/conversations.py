"""An exchange with a customer and its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from answerable.domain.actions import CallState

Surface = Literal["chat", "email", "voice", "product"]
"""Where a message came in."""

Author = Literal["customer", "agent", "rep", "note"]
"""Who said it. A note is a line that the program adds, such as "Maya took over"."""

ConversationStatus = Literal["open", "resolved"]
HandledBy = Literal["agent", "rep"]
WaitingOn = Literal["agent", "rep", "customer", "nobody"]

DecisionKind = Literal["answer", "ask", "act", "hand_off", "refuse"]
"""How a turn ends."""

TurnState = Literal["open", "running", "answered", "passed"]
"""Open: still taking messages. Running: a run is under way. Answered: its reply is kept. Passed: a person has it."""

View = Literal["needs_you", "mine", "with_ai", "waiting", "all"]
"""Of the inbox: needs a person (anybody, or me); assigned to me; the agent has it; the customer's turn; all."""

OutboxState = Literal["waiting", "claimed", "delivered", "failed"]


@dataclass(frozen=True, slots=True)
class Page:
    """Where on the host's site a customer was when they wrote."""

    title: str
    path: str


@dataclass(frozen=True, slots=True)
class Citation:
    """The link from words in a reply to the passage that supports them."""

    number: int
    """As shown in the text: `[1]`."""
    passage_id: str
    article_id: str
    revision_id: str
    title: str
    url: str | None
    quote: str
    """The words of the passage that support the reply, verbatim."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How a turn ended, and why."""

    kind: DecisionKind
    confidence: float | None
    """From 0 to 1: how likely the answer is right; none where there was nothing to weigh."""
    reason: str
    """One sentence for a rep."""
    asks_behind: bool = False
    """Whether a question stands behind what was answered, at the end of the reply."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """An ongoing exchange with a customer."""

    id: str
    customer_id: str
    surface: Surface
    subject: str
    """The first words of the first message, cut at a word."""
    status: ConversationStatus
    handled_by: HandledBy
    waiting_on: WaitingOn
    assignee_id: str | None
    """The rep who has it, if a particular one does."""
    release: int
    language: str | None
    why: str | None
    """Why a person is needed, or what the agent is doing; one short phrase for the inbox row."""
    running_turn_id: str | None
    opened_at: datetime
    changed_at: datetime
    procedure: dict[str, Any] | None = None
    """Where the agent is in a procedure, as JSON; none if it follows none. Events that were kept do without."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One stretch of a conversation, from opening to resolution."""

    id: str
    conversation_id: str
    number: int
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None
    """A rep's id, or `customer` or `agent`."""


@dataclass(frozen=True, slots=True)
class Message:
    """One thing one author said."""

    id: str
    conversation_id: str
    episode_id: str
    number: int
    """Counts the conversation's messages from 1, without gaps."""
    author: Author
    rep_id: str | None
    text: str
    """Plain words for a customer's message; Markdown for a reply."""
    turn_id: str | None
    run_id: str | None
    outside_id: str | None
    decision: Decision | None
    citations: tuple[Citation, ...]
    page: Page | None
    helpful: bool | None
    """What the customer said of it, if anything."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Turn:
    """What the customer said since the last reply: the unit that an agent answers."""

    id: str
    conversation_id: str
    episode_id: str
    number: int
    state: TurnState
    opened_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Handoff:
    """The conversation goes to a person."""

    id: str
    conversation_id: str
    episode_id: str
    run_id: str | None
    reason: str
    summary: str
    tried: tuple[str, ...]
    question: str
    """What is still open, in the customer's words."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent says at the end of a turn, before it is kept."""

    text: str
    decision: Decision
    citations: tuple[Citation, ...] = ()
    handoff_summary: str | None = None
    tried: tuple[str, ...] = ()
    told: Mapping[str, CallState] = field(default_factory=dict)
    """By the call's id: how far each action had come when this was said."""
    procedure: dict[str, Any] | None = None
    """Where the agent is in a procedure from now on."""
