"""Actions: keys that were answered with a call that was there already, and an index to count against limits."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.create_table(
        "action_keys",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["action_calls.id"], name=op.f("fk_action_keys_call_id_action_calls")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_action_keys_conversation_id_conversations")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_action_keys")),
    )
    op.create_index(op.f("ix_action_keys_call_id"), "action_keys", ["call_id"])
    _forbid_changes(dialect)
    columns = ["action", "state", "sent_at", "customer_id", "currency", "units", "id"]
    op.create_index("ix_action_calls_counted", "action_calls", columns)
    # What was sent counts from when it was sent, and that is never before it was asked for, even if the clock went back.
    op.execute("UPDATE action_calls SET sent_at = created_at WHERE sent_at < created_at")


def _forbid_changes(dialect: str) -> None:
    """What a key was answered with stays so: the database itself sees to it."""
    sentence = "What a key was answered with is only ever added to."
    if dialect == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER action_keys_no_{verb.lower()} BEFORE {verb} ON action_keys "
                f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION action_keys_stay() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{sentence}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER action_keys_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON action_keys "
        "FOR EACH STATEMENT EXECUTE FUNCTION action_keys_stay()"
    )
