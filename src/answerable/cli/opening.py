"""Opening the house from the command line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import answerable_demo
from answerable.domain.errors import Invalid
from answerable.knowledge.importers.folder import FolderImporter
from answerable.knowledge.importers.importer import Importer
from answerable.knowledge.importers.jsonl import JsonlImporter
from answerable.knowledge.importers.site import SiteImporter
from answerable.settings import Settings, read_settings
from answerable.wiring import House, open_house

DEMO = Path(answerable_demo.__file__).parent


def settings_for(given: dict[str, Any]) -> Settings:
    """What the command line, the environment and the workspace say."""
    return read_settings(DEMO / "workspace", **given)


def remember_address(settings: Settings) -> None:
    """For the other commands: a port that is given to `start` stands in no setting."""
    _address_file(settings).write_text(settings.address, encoding="utf-8")


def address_of(settings: Settings) -> str:
    """Where the program of this data folder is, or was when it was last started."""
    file = _address_file(settings)
    if settings.environment.address or not file.is_file():
        return settings.address
    return file.read_text(encoding="utf-8").strip()


def _address_file(settings: Settings) -> Path:
    return settings.environment.data / "address"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """The house, ready to work."""

    def site(url: str) -> Importer:
        return SiteImporter(url, allow_private=settings.environment.allow_private_sites)

    async with open_house(settings, site) as house:
        yield house


def workspace_importers(settings: Settings) -> list[Importer]:
    """What reads the sources that the workspace names."""
    return [
        importer_for(each.path if "://" in each.path else str(settings.folder / each.path), base_url=each.url)
        for each in settings.workspace.sources
    ]


def importer_for(location: str, *, base_url: str | None = None, allow_private: bool = False) -> Importer:
    """What reads a folder, a .zip, a .jsonl file, or a site by its address. Raises Invalid for anything else."""
    if not location.strip():
        # The empty path would mean the folder that happens to be the current one.
        raise Invalid("Nothing is named. Give a folder, a .zip, a .jsonl file, or an address with https://.")
    if location.startswith(("http://", "https://")):
        return SiteImporter(location, allow_private=allow_private)
    path = Path(location).resolve()
    if path.is_dir() or path.suffix == ".zip":
        return FolderImporter(path, base_url=base_url)
    if path.suffix in (".jsonl", ".ndjson"):
        return JsonlImporter(path)
    if not path.exists():
        raise Invalid(f"There is no {location}. Give a folder, a .zip, a .jsonl file, or an address with https://.")
    raise Invalid(f"{location} is neither a folder, a .zip nor a .jsonl file.")
