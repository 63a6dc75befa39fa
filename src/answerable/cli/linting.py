"""`answerable lint`: everything that is wrong in a workspace, before a customer finds it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from answerable.actions.loading import load_actions
from answerable.actions.policy_reading import Policies, policies_in, told_of_gone
from answerable.cli.opening import DEMO
from answerable.domain.actions import Clause
from answerable.domain.clock import now
from answerable.domain.errors import AnswerableError, Fault, Faulty, Invalid
from answerable.releases.workspace import asset_faults
from answerable.settings import WORKSPACE_FILE, Environment, read_environment, read_workspace
from answerable.store import Store, clauses


def lint_workspace(folder: Path | None, *, as_json: bool, given: Mapping[str, Any] | None = None) -> int:
    """Prints every fault, and gives how many there are. Without a folder it looks at the one that would be started.

    With what is `given` at the command line it also says which clauses hold in the database there, and would not hold
    any more with this workspace.
    """
    environment = read_environment(**(given or {}))
    own_folder = environment.workspace or DEMO / "workspace"
    folder = folder or own_folder
    faults, policies = _faults(folder)
    gone: list[str] = []
    if given is not None and policies is not None:
        gone = _gone(environment, policies, is_own=folder.resolve() == own_folder.resolve())
    if as_json:
        click.echo(msgspec.json.encode({"workspace": str(folder), "faults": faults, "gone": gone}))
        return len(faults)
    for told in (*faults, *gone):
        click.echo(str(told))
    if not faults:
        click.echo(f"{folder}: nothing is wrong.")
    return len(faults)


def _faults(folder: Path) -> tuple[list[Fault], Policies | None]:
    """Each part is looked at by itself: a broken policy does not hide a broken procedure."""
    policies = None
    try:
        read_workspace(folder)
        faults = []
    except Faulty as error:
        faults = [*error.faults]
    except Invalid as error:
        faults = [Fault(str(folder / WORKSPACE_FILE), 1, str(error))]
    try:
        declared = load_actions(folder / "actions")
    except Faulty as error:
        # Without the actions nothing can be said of what names them.
        return [*faults, *error.faults], None
    try:
        policies = policies_in(folder / "policies", declared)
    except Faulty as error:
        faults += error.faults
    return [*faults, *asset_faults(folder, declared)], policies


def _gone(environment: Environment, policies: Policies, *, is_own: bool) -> list[str]:
    """Which clauses would hold no longer, in sentences; none where no program has run yet."""
    if environment.database is None and not environment.sqlite_file.exists():
        return []

    def left_out(db: Connection) -> list[Clause]:
        held = {each.id for each in clauses.in_force_now(db, now())}
        # What has not one clause of this workspace is the database of another one.
        is_its_database = is_own or any(each.id in held for each in policies.clauses)
        return clauses.left_out(db, policies.clauses, now()) if is_its_database else []

    async def asked() -> list[Clause]:
        with Store(environment.database_address) as store:
            return await store.read(left_out)

    try:
        return told_of_gone(asyncio.run(asked()), policies.by_name)
    except (AnswerableError, SQLAlchemyError) as error:
        why = str(error) if isinstance(error, AnswerableError) else "No program of this version has opened it yet."
        click.echo(f"Which clauses hold by now cannot be read from the database. {why}", err=True)
        return []
