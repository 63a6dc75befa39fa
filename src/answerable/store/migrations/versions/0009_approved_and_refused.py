"""Approvals: a yes that a rule forbade by then is a yes and a refusal, and no longer kept as somebody's no."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    approvals = sa.table(
        "approvals",
        sa.column("id", sa.Text()),
        sa.column("call_id", sa.Text()),
        sa.column("state", sa.Text()),
        sa.column("approved_by", sa.JSON()),
        sa.column("decided_by", sa.Text()),
    )
    calls = sa.table("action_calls", sa.column("id", sa.Text()), sa.column("state", sa.Text()))
    db = op.get_bind()
    refused = sa.select(calls.c.id).where(calls.c.state == "refused")
    for row in db.execute(
        sa.select(approvals).where(approvals.c.state == "declined", approvals.c.call_id.in_(refused))
    ).all():
        approved_by = [*row.approved_by, *([row.decided_by] if row.decided_by else [])]
        told = {"state": "refused", "approved_by": approved_by, "decided_by": "boundary"}
        db.execute(sa.update(approvals).where(approvals.c.id == row.id).values(**told))
