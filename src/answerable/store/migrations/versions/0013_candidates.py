"""Candidates: releases beside the line, what they lay over it, and where conversations on a release go on."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_IN_FORCE = "SELECT digest FROM revisions WHERE revisions.asset_id = assets.id AND revisions.to_release IS NULL"


def upgrade() -> None:
    _create_tables()
    # Said in SQL: of a column that is added, SQLite takes a tie only with the column itself.
    for name, kind, table, key in (
        ("base", "INTEGER", "releases", "number"),
        ("candidate_id", "TEXT", "candidates", "id"),
        ("goes_on_with", "INTEGER", "releases", "number"),
    ):
        tie = f"CONSTRAINT fk_releases_{name}_{table} REFERENCES {table} ({key})"
        op.execute(f"ALTER TABLE releases ADD COLUMN {name} {kind} {tie}")
    op.add_column("releases", sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f("ix_releases_goes_on_with"), "releases", ["goes_on_with"])
    op.add_column("assets", sa.Column("source_digest", sa.Text(), nullable=True))
    # Until now there was nothing but what files and sites had.
    op.execute(f"UPDATE assets SET source_digest = ({_IN_FORCE})")
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_revisions()
    else:
        op.alter_column("releases", "urgent", server_default=None)
        op.alter_column("revisions", "from_release", nullable=True)
    _create_ties_to_revisions()


def _create_tables() -> None:
    op.create_table(
        "candidates",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Integer(), nullable=True),
        sa.Column("shipped", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
    )
    op.create_index(op.f("ix_candidates_state_changed_at"), "candidates", ["state", "changed_at"])
    op.create_table(
        "hold_outs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["release"], ["releases.number"], name=op.f("fk_hold_outs_release_releases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold_outs")),
    )


def _create_ties_to_revisions() -> None:
    op.create_table(
        "overlays",
        sa.Column("release", sa.Integer(), nullable=False),
        sa.Column("asset_id", sa.Text(), nullable=False),
        sa.Column("revision_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["release"], ["releases.number"], name=op.f("fk_overlays_release_releases")),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_overlays_asset_id_assets")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_overlays_revision_id_revisions")),
        sa.PrimaryKeyConstraint("release", "asset_id", name=op.f("pk_overlays")),
    )
    op.create_index(op.f("ix_overlays_revision_id"), "overlays", ["revision_id"])
    name = "candidate_changes"
    op.create_table(
        name,
        sa.Column("candidate_id", sa.Text(), nullable=False),
        sa.Column("asset_id", sa.Text(), nullable=False),
        sa.Column("revision_id", sa.Text(), nullable=True),
        sa.Column("made_of", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["candidate_id"], ["candidates.id"], name=op.f(f"fk_{name}_candidate_id_candidates")),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f(f"fk_{name}_asset_id_assets")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f(f"fk_{name}_revision_id_revisions")),
        sa.ForeignKeyConstraint(["made_of"], ["revisions.id"], name=op.f(f"fk_{name}_made_of_revisions")),
        sa.PrimaryKeyConstraint("candidate_id", "asset_id", name=op.f(f"pk_{name}")),
    )


def _rebuild_revisions() -> None:
    """SQLite takes no NOT NULL back: both tables are made anew, and the old ones dropped with the child first."""
    op.create_table(
        "new_revisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("asset_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("keywords", sa.JSON(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("from_release", sa.Integer(), nullable=True),
        sa.Column("to_release", sa.Integer(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint("to_release IS NULL OR to_release > from_release", name=op.f("ck_revisions_in_force")),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_revisions_asset_id_assets")),
        sa.ForeignKeyConstraint(["from_release"], ["releases.number"], name=op.f("fk_revisions_from_release_releases")),
        sa.ForeignKeyConstraint(["to_release"], ["releases.number"], name=op.f("fk_revisions_to_release_releases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("asset_id", "number", name=op.f("uq_revisions_asset_id_number")),
    )
    op.create_table(
        "new_passages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision_id", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("heading_path", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("end", sa.Integer(), nullable=False),
        sa.Column("vector_digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name=op.f("fk_passages_article_id_articles")),
        sa.ForeignKeyConstraint(["revision_id"], ["new_revisions.id"], name=op.f("fk_passages_revision_id_revisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
        sa.UniqueConstraint("revision_id", "number", name=op.f("uq_passages_revision_id_number")),
    )
    kept = "id, asset_id, number, title, text, author, reason, url, language, section, keywords, digest, from_release"
    kept += ", to_release, created_at"
    op.execute(f"INSERT INTO new_revisions ({kept}) SELECT {kept} FROM revisions")
    cut = 'id, revision_id, article_id, number, heading_path, text, start, "end", vector_digest'
    op.execute(f"INSERT INTO new_passages ({cut}) SELECT {cut} FROM passages")
    for name in ("passages", "revisions"):
        op.drop_table(name)
    for name in ("revisions", "passages"):
        op.rename_table(f"new_{name}", name)
    op.create_index(op.f("ix_revisions_from_release"), "revisions", ["from_release"])
    op.create_index(op.f("ix_revisions_to_release"), "revisions", ["to_release"])
    op.create_index(op.f("ix_passages_article_id"), "passages", ["article_id"])
