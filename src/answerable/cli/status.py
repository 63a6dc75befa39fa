"""`answerable status`: how the program is doing."""

import asyncio
from typing import Any

import msgspec
import rich_click as click
from sqlalchemy import Connection

from answerable import __version__
from answerable.cli.opening import settings_for
from answerable.inference.models.checking import check
from answerable.settings import Settings
from answerable.store import Store, articles, conversations, releases
from answerable.wiring import endpoint_for


def show_status(given: dict[str, Any], *, as_json: bool) -> None:
    """Prints how the program is doing."""
    settings = settings_for(given)
    found = asyncio.run(_status(settings))
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for name, value in found.items():
        click.echo(f"{name:20} {value}")


async def _status(settings: Settings) -> dict[str, Any]:
    def look(db: Connection) -> dict[str, Any]:
        return {
            "release": releases.newest(db),
            "articles": articles.count(db),
            "conversations": conversations.count(db),
            "turns_under_way": conversations.running(db),
        }

    with Store(settings.database) as store:
        await asyncio.to_thread(store.migrate)
        checked = await check(endpoint_for(settings))
        return {
            "version": __version__,
            "company": settings.workspace.company.name,
            "model": settings.model,
            "model_works": checked.works,
            "model_says": checked.sentence,
            "database": store.database,
            "workspace": str(settings.folder),
            **await store.read(look),
        }
