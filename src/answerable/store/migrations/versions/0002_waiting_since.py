"""Since when a conversation waits, so that whoever waits longest can come first."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # SQLite adds a column that must be filled only with a default, and copies the whole table to take it away again.
    op.add_column(
        "conversations",
        sa.Column("waiting_since", Instant(), nullable=False, server_default="1970-01-01T00:00:00.000000Z"),
    )
    op.execute("UPDATE conversations SET waiting_since = changed_at")
    op.create_index(
        op.f("ix_conversations_status_handled_by_waiting_on_waiting_since"),
        "conversations",
        ["status", "handled_by", "waiting_on", "waiting_since"],
        unique=False,
    )
