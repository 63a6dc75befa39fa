"""What goes in and out of the reps' door, as JSON."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from answerable.domain.conversations import (
    Author,
    ConversationStatus,
    DecisionKind,
    HandledBy,
    Surface,
    WaitingOn,
)
from answerable.domain.knowledge import ImportState, SourceKind
from answerable.domain.people import Identity, Role
from answerable.domain.runs import RunState, SpanKind, SpanState


class SignIn(Struct, frozen=True, kw_only=True):
    """With a password."""

    email: Annotated[str, Meta(max_length=254)]
    password: Annotated[str, Meta(max_length=200)]


class SignInByLink(Struct, frozen=True, kw_only=True):
    """With a one-time link; the password is what the rep wants to use from now on."""

    token: Annotated[str, Meta(max_length=200)]
    password: Annotated[str, Meta(min_length=10, max_length=200)]


class LinkOwner(Struct, frozen=True, kw_only=True):
    """Whose one-time link it is, before it is used."""

    name: str
    email: str


class Me(Struct, frozen=True, kw_only=True):
    """Who is signed in, and where."""

    id: str
    name: str
    email: str
    role: Role
    company: str
    release: int


class RepRow(Struct, frozen=True, kw_only=True):
    """A person who works here."""

    id: str
    name: str
    email: str
    role: Role
    active: bool
    created_at: datetime


class NewRep(Struct, frozen=True, kw_only=True):
    """Somebody to invite."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    email: Annotated[str, Meta(min_length=3, max_length=254, pattern="@")]
    role: Role


class Invitation(Struct, frozen=True, kw_only=True):
    """The new rep and the one-time link to hand over; the link is shown only this once."""

    rep: RepRow
    link: str


class RepChange(Struct, frozen=True, kw_only=True):
    """What an admin may change of a rep."""

    role: Role | None = None
    active: bool | None = None


class CustomerCard(Struct, frozen=True, kw_only=True):
    """Who is asking."""

    id: str
    name: str | None
    email: str | None
    identity: Identity
    """What they have proved in the conversation that it is about, at this moment."""
    attributes: dict[str, str]
    created_at: datetime


class StripBar(Struct, frozen=True, kw_only=True):
    """One bar of the step strip."""

    kind: SpanKind
    duration_us: int
    state: SpanState


class MoneyCard(Struct, frozen=True, kw_only=True):
    """An amount of money."""

    amount: str
    """With digits and a point, such as `84.00`."""
    currency: str


class WaitingCard(Struct, frozen=True, kw_only=True):
    """Something in a conversation that a person must decide on."""

    approval_id: str
    title: str
    """The action, in words."""
    money: MoneyCard | None
    role: Role
    """The least role of whoever decides."""
    expires_at: datetime


class InboxRow(Struct, frozen=True, kw_only=True):
    """A conversation in a list."""

    id: str
    subject: str
    customer: CustomerCard
    proved_until: datetime | None
    """Until when what the customer has proved holds; none if nothing is proved."""
    surface: Surface
    status: ConversationStatus
    handled_by: HandledBy
    waiting_on: WaitingOn
    assignee_id: str | None
    assignee_name: str | None
    why: str | None
    last_text: str
    last_author: Author
    strip: list[StripBar]
    agent_is_writing: bool
    approvals: list[WaitingCard]
    """What in it waits for a person's approval, oldest first."""
    waiting_since: datetime
    """When it began to wait for whom it waits now."""
    changed_at: datetime


class Inbox(Struct, frozen=True, kw_only=True):
    """A page of a view; `next` goes into `?cursor=`."""

    items: list[InboxRow]
    next: str | None


class InboxCounts(Struct, frozen=True, kw_only=True):
    """How many are in each view."""

    needs_you: int
    mine: int
    with_ai: int
    waiting: int
    all: int
    approvals: int
    """How many approvals are open that you may decide."""


class CitationCard(Struct, frozen=True, kw_only=True):
    """A source of a reply."""

    number: int
    title: str
    url: str | None
    quote: str
    passage_id: str
    article_id: str
    revision_id: str


class RunCard(Struct, frozen=True, kw_only=True):
    """How an answer came about, in one line."""

    id: str
    turn_id: str
    state: RunState
    decision: DecisionKind | None
    confidence: float | None
    reason: str | None
    release: int
    model: str
    tokens_in: int
    tokens_out: int
    cost_micros: int
    """Millionths of a US dollar."""
    started_at: datetime
    duration_us: int | None
    strip: list[StripBar]


class PageCard(Struct, frozen=True, kw_only=True):
    """Where on the host's site the customer was."""

    title: str
    path: str


class MessageCard(Struct, frozen=True, kw_only=True):
    """One thing one author said."""

    id: str
    number: int
    author: Author
    rep_id: str | None
    rep_name: str | None
    text: str
    turn_id: str | None
    run_id: str | None
    decision: DecisionKind | None
    confidence: float | None
    reason: str | None
    citations: list[CitationCard]
    page: PageCard | None
    helpful: bool | None
    created_at: datetime


class HandoffCard(Struct, frozen=True, kw_only=True):
    """Why the conversation came to a person."""

    id: str
    reason: str
    summary: str
    tried: list[str]
    question: str
    run_id: str | None
    created_at: datetime


class EpisodeCard(Struct, frozen=True, kw_only=True):
    """One stretch of the conversation."""

    id: str
    number: int
    opened_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None


class EarlierMessages(Struct, frozen=True, kw_only=True):
    """A stretch of what was said earlier, in order, and the runs that belong to it."""

    messages: list[MessageCard]
    runs: list[RunCard]
    has_earlier: bool
    """Whether something was said before it."""


class ConversationDetail(Struct, frozen=True, kw_only=True):
    """A conversation with what was said last."""

    row: InboxRow
    release: int
    language: str | None
    opened_at: datetime
    episodes: list[EpisodeCard]
    messages: list[MessageCard]
    runs: list[RunCard]
    has_earlier: bool
    """Whether something was said before the first of `messages`."""
    handoffs: list[HandoffCard]
    other_conversations: list[InboxRow]
    """Of the same customer, newest first."""
    last_event_id: int
    identity: Identity
    """What the customer has proved in this conversation, at this moment."""


class CodeSent(Struct, frozen=True, kw_only=True):
    """A one-time code is on its way to the customer."""

    words: str
    """Where to, for the rep."""
    expires_at: datetime


class RepReply(Struct, frozen=True, kw_only=True):
    """What a rep says. The `Idempotency-Key` header makes a resend harmless."""

    text: str
    resolve: bool = False


class Assign(Struct, frozen=True, kw_only=True):
    """Who shall have it; nobody in particular without a name."""

    rep_id: str | None


class SpanCard(Struct, frozen=True, kw_only=True):
    """One step."""

    id: str
    parent_id: str | None
    number: int
    kind: SpanKind
    name: str
    summary: str
    state: SpanState
    input: Any
    output: Any
    error: str | None
    tokens_in: int
    tokens_out: int
    cost_micros: int
    offset_us: int
    """From the run's start."""
    duration_us: int


class Trace(Struct, frozen=True, kw_only=True):
    """A run, step by step."""

    run: RunCard
    spans: list[SpanCard]


class DivergenceCard(Struct, frozen=True, kw_only=True):
    """Where a replay left its recording."""

    number: int | None
    """The recorded step; none where no such step is recorded."""
    kind: str
    name: str
    says: str
    recorded: Any
    replayed: Any


class ReplayCard(Struct, frozen=True, kw_only=True):
    """What came of an exact replay. Nothing outside was asked, and nothing was kept."""

    run_id: str
    is_equal: bool
    divergence: DivergenceCard | None
    fidelity: float
    """From 0 to 1: the share of what came from outside that was answered from the recording."""
    text: str
    """The reply."""
    decision: DecisionKind
    duration_us: int


class SearchHit(Struct, frozen=True, kw_only=True):
    """A passage that a search found. A retrieval step's output is `{"hits": [SearchHit…], "confidence": x}`."""

    passage_id: str
    article_id: str
    revision_id: str
    revision: int
    title: str
    heading_path: list[str]
    url: str | None
    text: str
    score: float
    lexical: float
    dense: float


class Search(Struct, frozen=True, kw_only=True):
    """What a search found, best first."""

    query: str
    release: int
    confidence: float
    hits: list[SearchHit]
    duration_us: int


class ArticleRow(Struct, frozen=True, kw_only=True):
    """An article in a list."""

    id: str
    slug: str
    title: str
    language: str
    section: str | None
    url: str | None
    source_id: str
    revision: int
    revised_at: datetime
    words: int


class Articles(Struct, frozen=True, kw_only=True):
    """A page of articles by title; `next` goes into `?cursor=`."""

    items: list[ArticleRow]
    next: str | None
    total: int


class RevisionRow(Struct, frozen=True, kw_only=True):
    """One version of an article."""

    id: str
    number: int
    title: str
    from_release: int | None
    to_release: int | None
    author: str
    reason: str
    created_at: datetime


class PassageCard(Struct, frozen=True, kw_only=True):
    """A piece of a revision."""

    id: str
    number: int
    heading_path: list[str]
    text: str


class ArticleDetail(Struct, frozen=True, kw_only=True):
    """An article as the release in force has it."""

    row: ArticleRow
    text: str
    revisions: list[RevisionRow]
    passages: list[PassageCard]


class SourceRow(Struct, frozen=True, kw_only=True):
    """Where articles come from."""

    id: str
    kind: SourceKind
    location: str
    articles: int
    last_import: "ImportRow | None"


class NewImport(Struct, frozen=True, kw_only=True):
    """A site to read, by the address of its sitemap or home page. Folders and files: at the command line."""

    url: Annotated[str, Meta(max_length=2000)]


class SkippedRow(Struct, frozen=True, kw_only=True):
    """Something that an import could not read."""

    name: str
    reason: str


class ImportRow(Struct, frozen=True, kw_only=True):
    """What an import did."""

    id: str
    source_id: str
    state: ImportState
    release: int | None
    new: int
    changed: int
    unchanged: int
    gone: int
    skipped: list[SkippedRow]
    started_at: datetime
    ended_at: datetime | None


class Status(Struct, frozen=True, kw_only=True):
    """How the program is doing."""

    version: str
    company: str
    release: int
    model: str
    database: Literal["sqlite", "postgres"]
    articles: int
    passages: int
    conversations: int
    turns_waiting: int


class LiveEvent(Struct, frozen=True, kw_only=True):
    """What the reps' stream carries; the event's name is its kind.

    `message`: content is a `MessageCard`. `step`: `{"run_id", "turn_id", "span": SpanCard}`. `run`: a `RunCard`.
    `conversation`: an `InboxRow`. `action`: `{"call": ActionRow, "row": InboxRow}`.
    `reply_part`: `{"turn_id", "index", "text"}`.
    """

    conversation_id: str
    content: dict[str, Any]
