"""Runs: what each began with and the reply that came of it, so that it can be replayed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Runs of an older program have neither: they can be read, and not be replayed.
    op.add_column("runs", sa.Column("began", sa.JSON(none_as_null=True)))
    op.add_column("runs", sa.Column("reply", sa.JSON(none_as_null=True)))
