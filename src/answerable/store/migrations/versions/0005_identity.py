"""Identity: customers by their name in the host's system, what they have proved, and one-time codes."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("customers", sa.Column("outside_id", sa.Text()))
    op.create_index(op.f("ix_customers_outside_id"), "customers", ["outside_id"], unique=True)
    op.add_column("conversations", sa.Column("came_from", sa.Text()))
    op.create_table(
        "proofs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("email", sa.Text()),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("proved_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        *_belongs("proofs"),
    )
    op.create_index(op.f("ix_proofs_conversation_id_expires_at"), "proofs", ["conversation_id", "expires_at"])
    op.create_table(
        "codes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("came_from", sa.Text()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        *_belongs("codes"),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_codes_open", "codes", ["conversation_id"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index(op.f("ix_codes_created_at"), "codes", ["created_at"])
    for column in ("conversation_id", "customer_id", "address", "came_from"):
        op.create_index(op.f(f"ix_codes_{column}_created_at"), "codes", [column, "created_at"])


def _belongs(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f(f"fk_{table}_conversation_id_conversations")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f(f"fk_{table}_customer_id_customers")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )
