"""The tables. Every change here comes with a numbered migration; a test holds the two against each other."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from answerable.store.types import Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Not JSONB: it forgets the order of keys, and a recording must come back byte for byte.
Json = JSON()
# SQLite only counts up by itself in a column of the very type INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")

# -- people ----------------------------------------------------------------------------------------------------------

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("email", Text),
    Column("identity", Text, nullable=False),
    Column("attributes", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("outside_id", Text),
    Index(None, "email"),
    Index(None, "outside_id", unique=True),
)

customer_keys = Table(
    "customer_keys",
    metadata,
    Column("token_digest", Text, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "customer_id"),
)

proofs = Table(
    "proofs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("email", Text),
    Column("by", Text, nullable=False),
    Column("proved_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "conversation_id", "expires_at"),
)

codes = Table(
    "codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("address", Text),
    Column("digest", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("came_from", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # One at a time: a newer one takes the place of the one before.
    Index(
        "uq_codes_open",
        "conversation_id",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    Index(None, "created_at"),
    Index(None, "conversation_id", "created_at"),
    Index(None, "customer_id", "created_at"),
    Index(None, "address", "created_at"),
    Index(None, "came_from", "created_at"),
)

reps = Table(
    "reps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("created_at", Instant, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_digest", Text, primary_key=True),
    Column("rep_id", ForeignKey("reps.id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("token_digest", Text, primary_key=True),
    Column("rep_id", ForeignKey("reps.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "rep_id"),
)

# -- knowledge -------------------------------------------------------------------------------------------------------

releases = Table(
    "releases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # Of a release beside the line: that of the line which it has everything of that no overlay of its own covers.
    Column("base", ForeignKey("releases.number")),
    Column("candidate_id", ForeignKey("candidates.id")),
    Column("urgent", Boolean, nullable=False),
    # Where conversations on it go on with their next turn; none as long as they stay.
    Column("goes_on_with", ForeignKey("releases.number")),
    Index(None, "goes_on_with"),
)

# What a release beside the line has in place of its base's: a revision of an asset, or nothing.
overlays = Table(
    "overlays",
    metadata,
    Column("release", ForeignKey("releases.number"), primary_key=True),
    Column("asset_id", ForeignKey("assets.id"), primary_key=True),
    Column("revision_id", ForeignKey("revisions.id")),
    Index(None, "revision_id"),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("base", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("share", Float, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("sealed", Integer),
    Column("shipped", Integer),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index(None, "state", "changed_at"),
)

# What a candidate would do to an asset: another revision, or none; and of which revision that was made.
candidate_changes = Table(
    "candidate_changes",
    metadata,
    Column("candidate_id", ForeignKey("candidates.id"), primary_key=True),
    Column("asset_id", ForeignKey("assets.id"), primary_key=True),
    Column("revision_id", ForeignKey("revisions.id")),
    Column("made_of", ForeignKey("revisions.id")),
)

hold_outs = Table(
    "hold_outs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("release", ForeignKey("releases.number"), nullable=False),
    Column("share", Float, nullable=False),
    Column("author", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("location", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("kind", "location"),
)

imports = Table(
    "imports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("release", Integer),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("gone", Integer, nullable=False),
    Column("skipped", Json, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    # Two imports of one source at once: the second is refused by the database itself.
    Index(
        "uq_imports_running",
        "source_id",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index(None, "source_id", "started_at"),
)

# Everything that releases have revisions of.
assets = Table(
    "assets",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    # What its file or site had when it was last taken from there; none if it was not there.
    Column("source_digest", Text),
    UniqueConstraint("kind", "key"),
)

# What an article has besides being an asset, under the same id.
articles = Table(
    "articles",
    metadata,
    Column("id", ForeignKey("assets.id"), primary_key=True),
    Column("source_id", ForeignKey("sources.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("slug", Text, nullable=False, unique=True),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("source_id", "key"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("asset_id", ForeignKey("assets.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # The next four are about articles; all other kinds leave them empty.
    Column("url", Text),
    Column("language", Text, nullable=False),
    Column("section", Text),
    Column("keywords", Json, nullable=False),
    Column("digest", Text, nullable=False),
    # None as long as no release of the line has had it.
    Column("from_release", ForeignKey("releases.number")),
    Column("to_release", ForeignKey("releases.number")),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("asset_id", "number"),
    CheckConstraint("to_release IS NULL OR to_release > from_release", name="in_force"),
    Index(None, "from_release"),
    Index(None, "to_release"),
)

passages = Table(
    "passages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision_id", ForeignKey("revisions.id"), nullable=False),
    Column("article_id", ForeignKey("articles.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("heading_path", Json, nullable=False),
    Column("text", Text, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("vector_digest", Text, nullable=False),
    UniqueConstraint("revision_id", "number"),
    Index(None, "article_id"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("embedder", Text, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

# -- conversations ---------------------------------------------------------------------------------------------------

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("surface", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("handled_by", Text, nullable=False),
    Column("waiting_on", Text, nullable=False),
    Column("assignee_id", ForeignKey("reps.id")),
    Column("release", ForeignKey("releases.number"), nullable=False),
    Column("language", Text),
    Column("why", Text),
    Column("running_turn_id", Text),
    Column("procedure", JSON(none_as_null=True)),
    Column("message_count", Integer, nullable=False),
    Column("last_text", Text, nullable=False),
    Column("last_author", Text, nullable=False),
    Column("last_run_id", Text),
    Column("opened_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("waiting_since", Instant, nullable=False),
    Column("came_from", Text),
    Index(None, "changed_at", "id"),
    Index(None, "customer_id", "changed_at"),
    Index(None, "status", "handled_by", "waiting_on", "changed_at"),
    Index(None, "status", "handled_by", "waiting_on", "waiting_since"),
    Index(None, "assignee_id", "status"),
    Index(
        "ix_conversations_running",
        "running_turn_id",
        sqlite_where=text("running_turn_id IS NOT NULL"),
        postgresql_where=text("running_turn_id IS NOT NULL"),
    ),
)

episodes = Table(
    "episodes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolved_by", Text),
    UniqueConstraint("conversation_id", "number"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("episode_id", ForeignKey("episodes.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("ended_at", Instant),
    UniqueConstraint("conversation_id", "number"),
    Index(
        "ix_turns_unfinished", "state", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")
    ),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("episode_id", ForeignKey("episodes.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("rep_id", ForeignKey("reps.id")),
    Column("text", Text, nullable=False),
    Column("turn_id", ForeignKey("turns.id")),
    Column("run_id", Text),
    Column("outside_id", Text),
    Column("decision", Json),
    Column("citations", Json, nullable=False),
    Column("page", Json),
    Column("helpful", Boolean),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("conversation_id", "number"),
    # One reply a turn, whatever is killed when.
    Index(
        "uq_messages_reply",
        "turn_id",
        unique=True,
        sqlite_where=text("author = 'agent'"),
        postgresql_where=text("author = 'agent'"),
    ),
    Index(None, "episode_id"),
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("author_id", Text, primary_key=True),
    Column("outside_id", Text, primary_key=True),
    Column("message_id", ForeignKey("messages.id"), nullable=False),
    Column("digest", Text, nullable=False),
)
"""Which outside messages have been received, by who sent them and the name that they gave."""

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("episode_id", ForeignKey("episodes.id"), nullable=False),
    Column("run_id", Text),
    Column("reason", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("tried", Json, nullable=False),
    Column("question", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "conversation_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("surface", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("claimed_at", Instant),
    Column("delivered_at", Instant),
    Column("error", Text),
    Index("ix_outbox_waiting", "surface", "state"),
)

# -- runs ------------------------------------------------------------------------------------------------------------

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("turn_id", ForeignKey("turns.id"), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("release", ForeignKey("releases.number"), nullable=False),
    Column("model", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("decision", Text),
    Column("confidence", Float),
    Column("reason", Text),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("strip", Json, nullable=False),
    # What it began with beside the messages, and what came of it: with the spans, all that a replay needs.
    Column("began", JSON(none_as_null=True)),
    Column("reply", JSON(none_as_null=True)),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "conversation_id"),
    Index(None, "turn_id"),
    Index(None, "started_at"),
    Index(None, "ended_at"),
)

spans = Table(
    "spans",
    metadata,
    Column("run_id", ForeignKey("runs.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("parent_id", Text),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("input", Json),
    Column("output", Json),
    Column("error", Text),
    Column("tokens_in", Integer, nullable=False),
    Column("tokens_out", Integer, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
)

# -- actions ---------------------------------------------------------------------------------------------------------

clauses = Table(
    "clauses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", Json, nullable=False),
    Column("from_moment", Instant, nullable=False),
    Column("to_moment", Instant),
    Column("created_at", Instant, nullable=False),
)

action_calls = Table(
    "action_calls",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("turn_id", Text),
    Column("run_id", Text),
    Column("requested_by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("effect", Text, nullable=False),
    Column("arguments", Json, nullable=False),
    Column("likeness", Text, nullable=False),
    Column("units", BigInteger),
    Column("currency", Text),
    Column("state", Text, nullable=False),
    Column("clause_id", Text),
    Column("reason", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("verdicts", Json, nullable=False),
    Column("receipt", Json),
    Column("undone_by", Text),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("look_at", Instant),
    Column("told", Text),
    UniqueConstraint("key"),
    Index(None, "conversation_id"),
    Index(None, "customer_id", "action", "created_at"),
    Index(None, "action", "created_at"),
    Index(None, "likeness", "created_at"),
    Index(None, "created_at", "id"),
    # All that limits count: no row has to be read.
    Index("ix_action_calls_counted", "action", "state", "sent_at", "customer_id", "currency", "units", "id"),
    Index(
        "ix_action_calls_told",
        "told",
        sqlite_where=text("told IN ('awaiting_approval', 'ready', 'sent', 'unknown')"),
        postgresql_where=text("told IN ('awaiting_approval', 'ready', 'sent', 'unknown')"),
    ),
    Index(
        "ix_action_calls_due",
        "look_at",
        sqlite_where=text("look_at IS NOT NULL"),
        postgresql_where=text("look_at IS NOT NULL"),
    ),
)

# Keys that were answered with a call that was there already: the same wish. Triggers refuse to change or delete a row.
action_keys = Table(
    "action_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("call_id", ForeignKey("action_calls.id"), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "call_id"),
)

# What happened to each call, in order. Triggers refuse to change or to delete a row.
action_records = Table(
    "action_records",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("call_id", ForeignKey("action_calls.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("content", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "call_id", "id"),
    sqlite_autoincrement=True,
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", Text, primary_key=True),
    Column("call_id", ForeignKey("action_calls.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("clause_id", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("needed", Integer, nullable=False),
    Column("approved_by", Json, nullable=False),
    Column("decided_by", Text),
    Column("reason", Text),
    Column("asked_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("decided_at", Instant),
    UniqueConstraint("call_id"),
    Index(None, "state", "asked_at"),
)

# Up to where the record of actions was read for each address that wants to hear of it.
webhook_places = Table(
    "webhook_places",
    metadata,
    Column("url", Text, primary_key=True),
    Column("record_id", BigInteger, nullable=False),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("ended_at", Instant),
    UniqueConstraint("url", "record_id"),
    Index(
        "ix_webhook_deliveries_due",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
)

# Up to when ended runs were sent to each collector, and which of those that ended since then.
trace_places = Table(
    "trace_places",
    metadata,
    Column("url", Text, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("holder", Text),
    Column("held_until", Instant),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("given_up", BigInteger, nullable=False),
)

traces_sent = Table(
    "traces_sent",
    metadata,
    Column("url", Text, primary_key=True),
    Column("run_id", Text, primary_key=True),
    Column("ended_at", Instant, nullable=False),
    Index(None, "ended_at"),
)

events = Table(
    "events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("conversation_id", Text, nullable=False),
    Column("customer_sees", Boolean, nullable=False),
    Column("kind", Text, nullable=False),
    Column("content", Json, nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "conversation_id", "id"),
    sqlite_autoincrement=True,
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)
