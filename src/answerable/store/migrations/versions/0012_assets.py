"""Assets: whatever releases have revisions of, of which articles were the first."""

import sqlalchemy as sa
from alembic import op

from answerable.store.types import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assets",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_assets_kind_key")),
    )
    op.execute(
        "INSERT INTO assets (id, kind, key, created_at) "
        "SELECT id, 'article', source_id || '/' || key, created_at FROM articles"
    )
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
    else:
        _alter()


def _alter() -> None:
    op.create_foreign_key(op.f("fk_articles_id_assets"), "articles", "assets", ["id"], ["id"])
    op.drop_constraint(op.f("fk_revisions_article_id_articles"), "revisions")
    op.alter_column("revisions", "article_id", new_column_name="asset_id")
    op.execute(
        "ALTER TABLE revisions RENAME CONSTRAINT uq_revisions_article_id_number TO uq_revisions_asset_id_number"
    )
    op.create_foreign_key(op.f("fk_revisions_asset_id_assets"), "revisions", "assets", ["asset_id"], ["id"])
    for name in ("author", "reason"):
        op.add_column("revisions", sa.Column(name, sa.Text()))
        op.execute(
            f"UPDATE revisions SET {name} = (SELECT {name} FROM releases WHERE number = revisions.from_release)"
        )
        op.alter_column("revisions", name, nullable=False)
    op.alter_column("revisions", "keywords", server_default=None)


def _rebuild() -> None:
    """SQLite changes no foreign key. The tables that hang together are made anew beside the old ones.

    The old ones are dropped with their children first, so that at no moment a row points to nothing.
    """
    _create_tables()
    op.execute(
        "INSERT INTO new_articles (id, source_id, key, slug, created_at) "
        "SELECT id, source_id, key, slug, created_at FROM articles"
    )
    op.execute(
        "INSERT INTO new_revisions (id, asset_id, number, title, text, author, reason, url, language, section, keywords,"
        " digest, from_release, to_release, created_at) "
        "SELECT r.id, r.article_id, r.number, r.title, r.text, releases.author, releases.reason, r.url, r.language,"
        " r.section, r.keywords, r.digest, r.from_release, r.to_release, r.created_at "
        "FROM revisions r JOIN releases ON releases.number = r.from_release"
    )
    columns = 'id, revision_id, article_id, number, heading_path, text, start, "end", vector_digest'
    op.execute(f"INSERT INTO new_passages ({columns}) SELECT {columns} FROM passages")
    for name in ("passages", "revisions", "articles"):
        op.drop_table(name)
    for name in ("articles", "revisions", "passages"):
        op.rename_table(f"new_{name}", name)
    op.create_index(op.f("ix_revisions_from_release"), "revisions", ["from_release"])
    op.create_index(op.f("ix_revisions_to_release"), "revisions", ["to_release"])
    op.create_index(op.f("ix_passages_article_id"), "passages", ["article_id"])


def _create_tables() -> None:
    op.create_table(
        "new_articles",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["assets.id"], name=op.f("fk_articles_id_assets")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_articles_source_id_sources")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_articles")),
        sa.UniqueConstraint("slug", name=op.f("uq_articles_slug")),
        sa.UniqueConstraint("source_id", "key", name=op.f("uq_articles_source_id_key")),
    )
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
        sa.Column("from_release", sa.Integer(), nullable=False),
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
        sa.ForeignKeyConstraint(["article_id"], ["new_articles.id"], name=op.f("fk_passages_article_id_articles")),
        sa.ForeignKeyConstraint(["revision_id"], ["new_revisions.id"], name=op.f("fk_passages_revision_id_revisions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passages")),
        sa.UniqueConstraint("revision_id", "number", name=op.f("uq_passages_revision_id_number")),
    )
