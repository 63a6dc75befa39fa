"""Opening the house from the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import answerable_demo
from answerable.knowledge.importers import read_folder, read_jsonl, read_site
from answerable.knowledge.importing import Reading
from answerable.settings import Settings, SourceSettings, read_settings
from answerable.wiring import House, open_house

DEMO = Path(answerable_demo.__file__).parent


def settings_for(given: dict[str, Any]) -> Settings:
    """What the command line, the environment and the workspace say."""
    return read_settings(DEMO / "workspace", **given)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """The house, ready to work."""
    allow_private = settings.environment.allow_private_sites

    def site(url: str) -> Reading:
        return read_site(url, allow_private=allow_private)

    async with open_house(settings, site) as house:
        yield house


def read_source(source: SourceSettings, folder: Path) -> Reading:
    """What a source of the workspace holds."""
    match source.kind:
        case "folder":
            return read_folder(folder / source.path, url=source.url)
        case "jsonl":
            return read_jsonl(folder / source.path)
        case _:
            return read_site(source.path)
