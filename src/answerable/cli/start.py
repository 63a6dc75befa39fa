"""`answerable start`: the database, the knowledge, the demo company, the doors."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import rich_click as click
import uvicorn
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from answerable.cli.opening import DEMO, opened, remember_address, settings_for, workspace_importers
from answerable.cli.tuning import event_loop, settle, tune
from answerable.domain.errors import Conflict
from answerable.domain.knowledge import ImportReport
from answerable.settings import Settings
from answerable.store.live import Live
from answerable.wiring import House, admin_link, import_sources, invite_reps, web_app
from answerable_demo.cast import the_cast
from answerable_demo.history.keeping import Memory
from answerable_demo.signing import make_keys, sign_in_routes

log = logging.getLogger(__name__)

STOP_SECONDS = 5


def start_everything(given: dict[str, Any], *, with_history: bool | None) -> None:
    """Runs until it is told to stop. Raises Conflict if the port is taken."""
    settings = settings_for(given)
    logging.getLogger().setLevel(settings.environment.log_level.upper())
    sockets = [_listen(settings.environment.host, settings.environment.port)]
    is_demo = settings.environment.workspace is None
    # uvicorn sends itself the signal again once it has shut down; ended by it, we would leave the services running.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    tune()
    with asyncio.Runner(loop_factory=event_loop()) as runner:
        runner.run(
            _serve(settings, sockets, is_demo=is_demo, with_history=is_demo if with_history is None else with_history)
        )


async def _serve(settings: Settings, sockets: list[socket.socket], *, is_demo: bool, with_history: bool) -> None:
    with contextlib.ExitStack() as services:
        if is_demo:
            back_office = services.enter_context(_back_office(settings))
            settings = replace(settings, actions={**back_office, **settings.actions})
            make_keys(settings.demo_keys)
        async with opened(settings) as house:
            remember_address(settings)
            # Knowledge from before is answered from at once, and compared with its sources meanwhile.
            knows_something = house.library.passages > 0
            if not knows_something:
                await _import_with_progress(house)
            server = _server_of(house, is_demo=is_demo)
            await _print_addresses(house, is_demo=is_demo)
            if is_demo and with_history:
                await _invite_cast(house, _history_folder(settings))
                services.enter_context(_history(settings))
            comparing = asyncio.create_task(_import_quietly(house)) if knows_something else None
            try:
                await server.serve(sockets=sockets)
            finally:
                if comparing is not None:
                    comparing.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await comparing


def _server_of(house: House, *, is_demo: bool) -> "_Server":
    demo = [sign_in_routes(house.settings.demo_keys)] if is_demo else []
    app = web_app(house, DEMO / "site" if is_demo else None, demo)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        timeout_graceful_shutdown=STOP_SECONDS,
        server_header=False,
    )
    return _Server(config, house.store.live)


class _Server(uvicorn.Server):
    """Ends the streams before it waits for what is still being answered: they never would by themselves."""

    def __init__(self, config: uvicorn.Config, live: Live) -> None:
        super().__init__(config)
        self._live = live

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.end()
        await super().shutdown(sockets)


def _listen(host: str, port: int) -> socket.socket:
    """The door's socket, opened before anything else is done, so that a taken port is said at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"Port {port} is taken. Stop what uses it, or choose another with --port {port + 1} or ANSWERABLE_PORT."
            ) from error
        raise Conflict(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error
    listening.listen(2048)
    return listening


async def _import_with_progress(house: House) -> None:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("Reading what is known …", total=None)

        def tell(report: ImportReport) -> None:
            done = report.new + report.changed + report.unchanged
            bar.update(task, description=f"Reading what is known … {done} articles")

        reports = await import_sources(house, workspace_importers(house.settings), tell)
    _warn_of_skipped(reports)
    settle()


async def _import_quietly(house: House) -> None:
    try:
        _warn_of_skipped(await import_sources(house, workspace_importers(house.settings)))
    except Exception:
        log.exception("The sources could not be compared; what was known before stays in force.")
    settle()


def _warn_of_skipped(reports: list[ImportReport]) -> None:
    for report in reports:
        for name, reason in report.skipped:
            log.warning("Skipped %s: %s", name or "the import", reason)


async def _print_addresses(house: House, *, is_demo: bool) -> None:
    address = house.settings.address
    name = house.settings.workspace.company.name
    click.echo(f"\n{name} is answering, on {house.agent.default_model}. Stop with Ctrl-C.\n")
    if is_demo:
        click.echo(f"  Ask as a customer   {address}/demo/")
    click.echo(f"  Help centre         {address}/help")
    click.echo(f"  Console             {address}/console/")
    click.echo(f"  API                 {address}/openapi.json")
    if is_demo:
        place = house.settings.actions
        click.echo(f"  Back office         {place['back_office_url']}/ (key in {place['back_office_key_file']})")
    if house.settings.writes_letters:
        click.echo(f"  Letters             {house.settings.letters}/ (no mail server is set)")
    link = await admin_link(house)
    if link:
        click.echo(f"\n  First sign-in, once: {link}")
    click.echo("")


@contextlib.contextmanager
def _back_office(settings: Settings) -> Iterator[dict[str, str]]:
    """The demo company's back office, on the next port that is free; gives what actions need to reach it."""
    port = _free_port(settings.environment.host, settings.environment.port + 1)
    data = str((settings.environment.data / "back_office").resolve())
    command = [
        sys.executable,
        "-m",
        "answerable_demo.back_office",
        "--port",
        str(port),
        "--data",
        data,
        "--with-parent",
    ]
    with _process(command, is_quiet=True):
        address = f"http://127.0.0.1:{port}"
        yield {"back_office_url": address, "back_office_key_file": f"{data}/token"}


@contextlib.contextmanager
def _history(settings: Settings) -> Iterator[None]:
    """Past conversations, replayed through the doors while the program runs; those that are there are not repeated."""
    folder = str(_history_folder(settings))
    command = [sys.executable, "-m", "answerable_demo.history", "--server", settings.address, "--data", folder]
    with _process([*command, "--quiet"]):
        yield


def _history_folder(settings: Settings) -> Path:
    return settings.environment.data / "history"


async def _invite_cast(house: House, folder: Path) -> None:
    """Lets the reps of the demo company in, so that they can deal with past conversations; admins invite themselves."""
    reps = [(rep.name, rep.email, rep.role) for rep in the_cast().reps if rep.role != "admin"]
    memory = Memory.of(folder)
    for email, token in (await invite_reps(house, reps)).items():
        memory.add_link(email, token)
    click.echo(f"  Reps of the demo    {', '.join(email for _, email, _ in reps)} (passwords in {folder}/reps.json)\n")


@contextlib.contextmanager
def _process(command: list[str], *, is_quiet: bool = False) -> Iterator[None]:
    stdout = subprocess.DEVNULL if is_quiet else None
    # The pipe closes when this process dies, even by kill -9: that is how a service knows.
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout)  # noqa: S603 - a program of ours
    assert process.stdin is not None
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port(host: str, first: int) -> int:
    for port in range(first, first + 50):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                trial.bind((host, port))
                return port
    raise Conflict(f"No port from {first} to {first + 49} is free for the back office.")
