"""Webhooks: up to where the record of actions was read for each address, and what is on its way there."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_places",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_webhook_places")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("next_at", Instant()),
        sa.Column("ended_at", Instant()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("url", "record_id", name=op.f("uq_webhook_deliveries_url_record_id")),
    )
    waits = sa.text("next_at IS NOT NULL")
    op.create_index(
        "ix_webhook_deliveries_due", "webhook_deliveries", ["next_at"], sqlite_where=waits, postgresql_where=waits
    )
