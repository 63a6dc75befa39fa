"""`python -m answerable_demo.history`: replay past conversations through the product's own doors."""

import argparse
import asyncio
import getpass
import sys
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from answerable_demo.history.doors import DoorError
from answerable_demo.history.keeping import Memory
from answerable_demo.history.playing import Player, invite_cast, sign_in_reps
from answerable_demo.history.writing import write_scripts

DEFAULT_COUNT = 240
DEFAULT_SEED = 2025
AT_ONCE = 2

EXIT_INCOMPLETE = 1
EXIT_NO_SERVER = 69


def main(arguments: list[str] | None = None) -> int:
    """Replay what has not been replayed; a second run adds nothing. Gives the exit code."""
    wanted = _parser().parse_args(arguments)
    admin_password = getpass.getpass(f"Password of {wanted.admin}: ") if wanted.admin else None
    try:
        return asyncio.run(_replay(wanted, admin_password))
    except DoorError as error:
        print(error, file=sys.stderr)
        return EXIT_NO_SERVER
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m answerable_demo.history", description=main.__doc__)
    parser.add_argument("--server", default="http://127.0.0.1:8080", help="where Answerable answers")
    parser.add_argument("--count", type=int, default=DEFAULT_COUNT, help="how many conversations there shall be")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="another seed gives other conversations")
    parser.add_argument(
        "--data", type=Path, default=Path(".answerable/history"), help="remembers what has been replayed"
    )
    parser.add_argument("--admin", help="e-mail of an admin, who invites the reps of the cast; asks for the password")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many conversations go on at the same time")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


async def _replay(wanted: argparse.Namespace, admin_password: str | None) -> int:
    server = wanted.server.rstrip("/")
    await _wait_for(server)
    memory = Memory.of(wanted.data)
    if admin_password is not None:
        await invite_cast(server, memory, email=wanted.admin, password=admin_password)
    reps = await sign_in_reps(server, memory)
    scripts = write_scripts(wanted.count, wanted.seed)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with httpx.AsyncClient(base_url=server, timeout=30) as client:
        player = Player(client, memory, reps)
        with Progress(*columns, console=Console(stderr=True), disable=wanted.quiet) as progress:
            bar = progress.add_task("Replaying past conversations", total=len(scripts))
            progress.advance(bar, sum(script.id in memory.done for script in scripts))
            await player.play_all(scripts, at_once=wanted.at_once, told=lambda _: progress.advance(bar))
    for rep in reps.values():
        await rep.close()
    return _report(player, len(scripts), is_quiet=wanted.quiet, has_reps=bool(reps))


async def _wait_for(server: str) -> None:
    """Give a server that is just starting a minute."""
    async with httpx.AsyncClient(base_url=server, timeout=5) as client:
        for _ in range(120):
            try:
                if (await client.get("/healthz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.5)
    raise DoorError(f"Nobody answers at {server}. Start Answerable, or name its address with --server.")


def _report(player: Player, count: int, *, is_quiet: bool, has_reps: bool) -> int:
    for failure in player.failures:
        print(failure, file=sys.stderr)
    if not has_reps and not is_quiet:
        print("No rep could sign in, so nobody took over; name an admin with --admin.", file=sys.stderr)
    if not is_quiet:
        print(f"{count - len(player.failures)} of {count} past conversations are there.")
    return EXIT_INCOMPLETE if player.failures else 0


if __name__ == "__main__":
    sys.exit(main())
