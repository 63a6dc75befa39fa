"""Keywords of articles: what people call a thing who do not use the article's words."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Articles that are here already get theirs when their source is imported again.
    op.add_column("revisions", sa.Column("keywords", sa.JSON(), nullable=False, server_default="[]"))
