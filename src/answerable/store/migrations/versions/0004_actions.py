"""Actions: the clauses that rule them, the calls, what happened to each, and what people decided."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON()


def upgrade() -> None:
    op.create_table(
        "clauses",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("from_moment", Instant(), nullable=False),
        sa.Column("to_moment", Instant()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", "number", name=op.f("pk_clauses")),
    )
    op.create_table(
        "action_calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("turn_id", sa.Text()),
        sa.Column("run_id", sa.Text()),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("arguments", JSON, nullable=False),
        sa.Column("likeness", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger()),
        sa.Column("currency", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("clause_id", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", JSON, nullable=False),
        sa.Column("verdicts", JSON, nullable=False),
        sa.Column("receipt", JSON),
        sa.Column("undone_by", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant()),
        sa.Column("look_at", Instant()),
        sa.Column("told", sa.Text()),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_action_calls_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_action_calls_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_calls")),
        sa.UniqueConstraint("key", name=op.f("uq_action_calls_key")),
    )
    for columns in (
        ["conversation_id"],
        ["customer_id", "action", "created_at"],
        ["action", "created_at"],
        ["likeness", "created_at"],
        ["created_at", "id"],
    ):
        op.create_index(op.f(f"ix_action_calls_{'_'.join(columns)}"), "action_calls", columns)
    waits = sa.text("look_at IS NOT NULL")
    op.create_index("ix_action_calls_due", "action_calls", ["look_at"], sqlite_where=waits, postgresql_where=waits)
    open_ = sa.text("told IN ('awaiting_approval', 'ready', 'sent', 'unknown')")
    op.create_index("ix_action_calls_told", "action_calls", ["told"], sqlite_where=open_, postgresql_where=open_)
    op.create_table(
        "action_records",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("content", JSON, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["action_calls.id"], name=op.f("fk_action_records_call_id_action_calls")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_records")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_action_records_call_id_id"), "action_records", ["call_id", "id"])
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("clause_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("approved_by", JSON, nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("decided_at", Instant()),
        sa.ForeignKeyConstraint(["call_id"], ["action_calls.id"], name=op.f("fk_approvals_call_id_action_calls")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("call_id", name=op.f("uq_approvals_call_id")),
    )
    op.create_index(op.f("ix_approvals_state_asked_at"), "approvals", ["state", "asked_at"])
    op.add_column("conversations", sa.Column("procedure", sa.JSON(none_as_null=True)))
    _forbid_changes(op.get_bind().dialect.name)


def _forbid_changes(dialect: str) -> None:
    """The record is only ever added to: the database itself sees to it."""
    sentence = "The record of actions is only ever added to."
    if dialect == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER action_records_no_{verb.lower()} BEFORE {verb} ON action_records "
                f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION action_records_stay() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{sentence}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER action_records_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON action_records "
        "FOR EACH STATEMENT EXECUTE FUNCTION action_records_stay()"
    )
