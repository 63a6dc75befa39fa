"""`answerable link`: the way back in for whoever has the machine, when nobody at the console can help."""

import asyncio
from typing import Any

import rich_click as click

from answerable.cli.opening import address_of, settings_for
from answerable.people import renew_link_by_email
from answerable.settings import Settings
from answerable.store import Store
from answerable.web import link_address


def print_link(given: dict[str, Any], email: str) -> None:
    """Prints a new one-time link. Raises NotFound, Conflict."""
    settings = settings_for(given)
    click.echo(link_address(address_of(settings), asyncio.run(_renew(settings, email))))


async def _renew(settings: Settings, email: str) -> str:
    with Store(settings.database) as store:
        await asyncio.to_thread(store.migrate)
        _, token = await renew_link_by_email(store, email)
        return token
