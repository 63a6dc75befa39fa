"""The one place where rooms are joined."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from answerable.agents.answer import SupportAgent
from answerable.agents.embedded import EMBEDDED_MODEL, EmbeddedModel
from answerable.api.desk import Desk
from answerable.api.routes import api_routes
from answerable.conversations import Answering
from answerable.domain.errors import Conflict
from answerable.domain.knowledge import ImportReport
from answerable.inference.embedders import Embedder
from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.jobs import Jobs
from answerable.knowledge.importers.importer import Importer
from answerable.knowledge.importing import Importing, Progress
from answerable.knowledge.library import Library
from answerable.people import first_admin_link
from answerable.settings import Settings
from answerable.store import Store
from answerable.surfaces.chat.routes import ChatDoor, chat_cors, chat_routes
from answerable.surfaces.chat.shapes import MESSAGE_BYTES_MAX, ChatConfig, Suggestion
from answerable.web import build_app
from answerable.web.pages import console_pages, front_page, site, widget_files

log = logging.getLogger(__name__)

PROGRAM = "Answerable"
THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class House:
    """The rooms that need no web, joined."""

    settings: Settings
    store: Store
    library: Library
    importing: Importing
    agent: SupportAgent
    answering: Answering
    jobs: Jobs


@asynccontextmanager
async def open_house(settings: Settings, site_importer: Callable[[str], Importer]) -> AsyncIterator[House]:
    """Brings the database up to date, loads the library, and answers turns until it is closed."""
    store = Store(settings.database)
    try:
        await asyncio.to_thread(store.migrate)
        embedder = await asyncio.to_thread(_embedder)
        library = Library(store, embedder)
        importing = Importing(store, embedder, site_importer)
        await library.load()
        agent = SupportAgent(
            EmbeddedModel(),
            library,
            model_name=EMBEDDED_MODEL,
            company=settings.workspace.company.name,
            threshold=THRESHOLD,
            streams=False,
        )
        answering = Answering(store, agent)
        jobs = Jobs(store, settings.jobs_database, {"answer_turn": answering.answer_turn})
        answering.work_with(jobs)
        await jobs.launch()
        sweeping = asyncio.create_task(answering.sweep_for_ever())
        try:
            yield House(settings, store, library, importing, agent, answering, jobs)
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            await importing.close()
            await jobs.close()
    finally:
        store.close()


async def import_sources(
    house: House, importers: Iterable[Importer], progress: Progress | None = None
) -> list[ImportReport]:
    """Imports several sources, one after the other; what has not changed costs little."""
    reports = []
    for importer in importers:
        try:
            reports.append(await house.importing.run(importer, author=PROGRAM, progress=progress))
        except Conflict as error:
            log.warning("%s: %s", importer.location, error)
    await house.library.load()
    return reports


def web_app(house: House, site_folder: Path | None) -> Litestar:
    """The application with all its doors."""
    settings = house.settings
    desk = Desk(
        store=house.store,
        jobs=house.jobs,
        library=house.library,
        importing=house.importing,
        company=settings.workspace.company.name,
        model_name=house.agent.model_name,
        address=settings.address,
        secure=settings.secure,
    )
    door = ChatDoor(
        store=house.store,
        jobs=house.jobs,
        config=_chat_config(settings),
        origins=tuple(settings.workspace.chat.origins),
        messages_a_minute_max=settings.environment.messages_a_minute_max,
        customers_a_minute_max=settings.environment.customers_a_minute_max,
    )
    routes: list[ControllerRouterHandler] = [
        api_routes(desk),
        chat_routes(door),
        *console_pages(),
        *widget_files(),
        front_page("/demo/" if site_folder else "/console/"),
    ]
    if site_folder:
        routes.append(site("/demo", site_folder))
    return build_app(house.store, routes, secret=settings.secret(), secure=settings.secure, cors=chat_cors(door))


async def admin_link(house: House) -> str | None:
    """Where the first admin signs in, as long as nobody has set a password."""
    environment = house.settings.environment
    token = await first_admin_link(house.store, name=environment.admin_name, email=environment.admin_email)
    return f"{house.settings.address}/console/link/{token}" if token else None


def _embedder() -> Embedder:
    return MiniLmEmbedder()


def _chat_config(settings: Settings) -> ChatConfig:
    workspace = settings.workspace
    return ChatConfig(
        company=workspace.company.name,
        greeting=workspace.chat.greeting,
        ai_notice=workspace.chat.ai_notice,
        people_notice=workspace.people.notice,
        suggestions=[
            Suggestion(text=question, path=each.path)
            for each in workspace.chat.suggestions
            for question in each.questions
        ],
        message_bytes_max=MESSAGE_BYTES_MAX,
    )
