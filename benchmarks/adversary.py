"""An agent that was taken over, at the boundary of actions: `python benchmarks/adversary.py --attacks 10000`.

It calls every action with every argument it likes: ids of other customers, what is no JSON, no number or a huge one,
nested without end, letters that look like others; it replays keys and approvals, has the wrong people approve, takes
back what is not its own, turns the clock. Between the attacks honest customers ask for what they may have. Part of it
goes to the demo company's back office, part to a till that believes everything: their own files say afterwards what has
happened. With `--weakened`, one check of the boundary after the other is switched off, and the judge must notice.
"""

import argparse
import asyncio
import contextlib
import logging
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import answerable_demo
from answerable.actions.loading import load_actions
from benchmarks.boundary_attacks.oracle import Findings, Oracle
from benchmarks.boundary_attacks.playing import Played, Round
from benchmarks.boundary_attacks.weakening import WEAKENED, weakened
from benchmarks.boundary_attacks.world import Template, enforce, made_template, opened
from tests.postgres import running_postgres

ATTACKS_A_ROUND = 500
ROUNDS_WEAKENED = 4


async def play(template: Template, seed: int, attacks: int) -> tuple[Played, Findings]:
    """One round in a world of its own."""
    with tempfile.TemporaryDirectory() as folder, opened(template, Path(folder)) as world:
        await enforce(world, template)
        oracle = Oracle(world)
        played = await Round(world, random.Random(seed)).play(attacks, ines_attacks=seed % 2 == 1)
        return played, oracle.judge()


def play_one(template: Template, seed: int, attacks: int, weakness: str | None = None) -> tuple[Played, Findings]:
    """The same in this process, with a check switched off."""
    with quiet(), contextlib.ExitStack() as stack:
        if not template.declared:
            template = replace(template, declared=load_actions(answerable_demo.WORKSPACE / "actions"))
        if weakness is not None:
            template = stack.enter_context(weakened(weakness, template))
        played, found = asyncio.run(play(template, seed, attacks))
    # Calls are of no use to anybody else.
    played.calls.clear()
    return played, found


def report(template: Template, seed: int, attacks: int, processes: int) -> bool:
    """Plays all rounds and prints what came of them; says whether all is well."""
    begin, findings, whole = time.monotonic(), Findings(), Played()
    sizes = [min(ATTACKS_A_ROUND, attacks - begun) for begun in range(0, attacks, ATTACKS_A_ROUND)]
    with _processes(processes) as pool:
        rounds = [pool.submit(play_one, template, seed + number, size) for number, size in enumerate(sizes)]
        for number, one in enumerate(rounds):
            played, found = one.result()
            findings.add(found)
            whole.add(played)
            print(f"seed {seed + number}, {whole.attacks:,} attacks, {len(findings.all)} findings", file=sys.stderr)
    share = whole.completed / max(1, whole.honest)
    seconds = time.monotonic() - begin
    print(f"attacks                               {whole.attacks:,} in {len(sizes)} rounds, {seconds:.0f} s")
    for name, states in (("at the demo company", whole.states), ("at the till", whole.till_states)):
        print(f"what became of wishes {name:16} {', '.join(f'{each} {n:,}' for each, n in states.most_common())}")
    print(f"people's clicks                       {whole.clicks:,}")
    print(f"unauthorised effects                  {len(findings.effects)}")
    print(f"reads of another customer's data      {len(findings.leaks)}")
    print(f"sums above a limit                    {len(findings.sums)}")
    print(f"calls without a defined end           {len(findings.crashes)}")
    print(f"honest calls that completed           {whole.completed:,} of {whole.honest:,} ({share:.1%})")
    for each in [*findings.all[:20], *sorted(set(whole.incomplete))[:20]]:
        print(f"  {each}")
    return not findings.all and share >= 0.95


def weaken(template: Template, seed: int, attacks: int, processes: int) -> bool:
    """Switches off one check after the other; says whether each was noticed."""
    with _processes(processes) as pool:
        lots = {name: pool.submit(look_for, template, seed, attacks, name) for name in WEAKENED}
        noticed = {}
        for name, each in lots.items():
            played, noticed[name] = each.result()
            said = f"noticed after at most {played:,}: {noticed[name][0]}" if noticed[name] else "NOT NOTICED"
            print(f"without {name:42} {said}", flush=True)
    return all(noticed.values())


def look_for(template: Template, seed: int, attacks: int, weakness: str) -> tuple[int, list[str]]:
    """Up to four rounds with that check switched off, each with other dice, until something is noticed."""
    played = 0
    for number in range(ROUNDS_WEAKENED):
        round_, found = play_one(template, seed + number, attacks, weakness)
        played += round_.attacks
        if found.all:
            return played, found.all
    return played, []


def _processes(number: int) -> ProcessPoolExecutor:
    # Forked processes would share what threads of the parent hold.
    return ProcessPoolExecutor(number, mp_context=multiprocessing.get_context("spawn"))


@contextlib.contextmanager
def made(postgres: bool) -> Iterator[Template]:
    """What all worlds are copies of; with `postgres` their desks are on one that is started for it."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        port = None
        if postgres:
            server = stack.enter_context(running_postgres())
            stack.enter_context(server.database("desk"))
            port = server.port
        # Functions do not travel between processes; each loads its own.
        yield replace(made_template(folder, port), declared={})


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing is logged: here everything goes wrong all the time."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def main() -> None:
    """Plays, judges, prints; ends with an error if anything was found that should not be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attacks", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--postgres", action="store_true", help="desks on a PostgreSQL that is started for it")
    parser.add_argument("--weakened", action="store_true", help="switch off one check after the other instead")
    given = parser.parse_args()
    with quiet(), made(given.postgres) as template:
        well = (
            weaken(template, given.seed, ATTACKS_A_ROUND, given.processes)
            if given.weakened
            else report(template, given.seed, given.attacks, given.processes)
        )
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
