"""Numbered steps from any older schema to this one."""

from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from answerable.domain.errors import Conflict
from answerable.store.dialects import Dialect
from answerable.store.tables import metadata

VERSION_TABLE = "schema_version"


def script_directory() -> ScriptDirectory:
    """The numbered steps."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def upgrade(dialect: Dialect, to: str = "head") -> None:
    """Takes the steps that are missing, in one transaction; whoever comes second waits and then finds nothing to do.

    Raises Conflict if the database has taken steps that this program does not know.
    """
    scripts = script_directory()
    with dialect.engine.connect() as db:
        db.execution_options(answerable_writes=True)
        with db.begin():
            dialect.lock(db, "schema")
            _refuse_newer(db, scripts)
            _take_steps(db, scripts, to)


def current(db: Connection) -> str | None:
    """The number of the last step that was taken; none in an empty database."""
    return MigrationContext.configure(db, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _refuse_newer(db: Connection, scripts: ScriptDirectory) -> None:
    at = current(db)
    if at is not None and at not in {script.revision for script in scripts.walk_revisions()}:
        raise Conflict(
            f"The database is at schema {at}, which this version of Answerable does not know "
            f"(it knows up to {scripts.get_current_head()}). Start the newer version again, or restore an older backup; "
            "nothing was changed."
        )


def _take_steps(db: Connection, scripts: ScriptDirectory, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with EnvironmentContext(
        config, scripts, fn=lambda revision, _: scripts._upgrade_revs(to, revision), destination_rev=to
    ) as environment:
        environment.configure(
            connection=db, target_metadata=metadata, version_table=VERSION_TABLE, transactional_ddl=False, render_as_batch=True
        )
        environment.run_migrations()
