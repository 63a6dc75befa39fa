"""The one place where rooms are joined."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import Litestar

from answerable.agents.answer import SupportAgent
from answerable.api.desk import Desk
from answerable.api.routes import api_routes
from answerable.conversations import Answering
from answerable.domain.knowledge import SourceKind
from answerable.inference.embedders import Embedder
from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.inference.models import ModelDoor, door_for
from answerable.jobs import Jobs
from answerable.knowledge.importers import FolderImporter, JsonlImporter, SiteImporter
from answerable.knowledge.importing import Importing, Reading
from answerable.knowledge.library import Library
from answerable.people import first_admin_link
from answerable.settings import Settings
from answerable.store import Store
from answerable.surfaces.chat.routes import ChatDoor, chat_cors, chat_routes
from answerable.surfaces.chat.shapes import MESSAGE_BYTES_MAX, ChatConfig, Suggestion
from answerable.web import build_app
from answerable.web.pages import console_pages, front_page, site, widget_files


@dataclass(frozen=True, slots=True)
class House:
    """The rooms, joined."""

    settings: Settings
    store: Store
    library: Library
    importing: Importing
    agent: SupportAgent
    answering: Answering
    jobs: Jobs
    model: ModelDoor
    admin_link: str | None
    """Where the first admin signs in, as long as nobody has set a password."""
