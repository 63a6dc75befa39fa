"""`answerable status`: how the program is doing."""

import asyncio
from typing import Any

import msgspec
import rich_click as click
from sqlalchemy import Connection

from answerable import __version__
from answerable.api.collecting import Collector
from answerable.cli.opening import settings_for
from answerable.inference.models.checking import check
from answerable.settings import Settings
from answerable.store import Store, articles, conversations, releases, trace_places
from answerable.wiring import collector_for, endpoint_for


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

    collector = collector_for(settings)
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
            **(await _told(store, collector) if collector else {}),
        }


async def _told(store: Store, collector: Collector) -> dict[str, Any]:
    sent, given_up, waiting = await store.read(trace_places.numbers, collector.name)
    return {"collector": collector.name, "traces_sent": sent, "traces_given_up": given_up, "traces_waiting": waiting}
