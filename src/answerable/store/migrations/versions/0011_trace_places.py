"""Traces: up to when ended runs were sent to each collector, and which of the last ones."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trace_places",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("held_until", Instant()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Instant(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("given_up", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_trace_places")),
    )
    op.create_table(
        "traces_sent",
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("url", "run_id", name=op.f("pk_traces_sent")),
    )
    op.create_index(op.f("ix_traces_sent_ended_at"), "traces_sent", ["ended_at"])
    op.create_index(op.f("ix_runs_ended_at"), "runs", ["ended_at"])
