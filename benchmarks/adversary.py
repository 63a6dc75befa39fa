"""An agent that was taken over, at the boundary of actions: `python benchmarks/adversary.py --attacks 10000`.

It calls every action with every argument it likes: ids of other customers, what is no JSON, no number or a huge one,
nested without end, letters that look like others; it replays keys and approvals, has the wrong people approve, takes
back what is not its own, turns the clock. Between the attacks honest customers ask for what they may have. All of it
goes to the demo company's back office, whose own database says afterwards what has happened. With `--weakened`, one
check of the boundary after the other is switched off, and the judge must notice.
"""

import argparse
import asyncio
import contextlib
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.boundary_attacks.oracle import Findings, Oracle
from benchmarks.boundary_attacks.playing import Played, Round
from benchmarks.boundary_attacks.weakening import WEAKENED, weakened
from benchmarks.boundary_attacks.world import Template, enforce, made_template, opened

ATTACKS_A_ROUND = 500


async def play(template: Template, seed: int, attacks: int) -> tuple[Played, Findings]:
    """One round in a world of its own."""
    with tempfile.TemporaryDirectory() as folder, opened(template, Path(folder)) as world:
        await enforce(world, template)
        oracle = Oracle(world)
        played = await Round(world, random.Random(seed)).play(attacks, ines_attacks=seed % 2 == 1)
        return played, oracle.judge(played.owners, played.decisions)


def report(template: Template, seed: int, attacks: int) -> bool:
    """Plays all rounds and prints what came of them; says whether all is well."""
    begin, findings, counts, incomplete = time.monotonic(), Findings(), [0, 0, 0, 0], []
    states: Counter[str] = Counter()
    while counts[0] < attacks:
        played, found = asyncio.run(play(template, seed, min(ATTACKS_A_ROUND, attacks - counts[0])))
        findings.add(found)
        counts = [a + b for a, b in zip(counts, (played.attacks, played.honest, played.completed, 1), strict=True)]
        incomplete += played.incomplete
        states += played.states
        print(f"seed {seed}, {counts[0]:,} attacks, {len(findings.all)} findings", file=sys.stderr, flush=True)
        for each in found.all:
            print(f"  {each}", file=sys.stderr, flush=True)
        seed += 1
    share = counts[2] / max(1, counts[1])
    print(
        f"attacks                               {counts[0]:,} in {counts[3]} rounds, {time.monotonic() - begin:.0f} s"
    )
    print(f"what became of those that are calls   {', '.join(f'{each} {n:,}' for each, n in states.most_common())}")
    print(f"unauthorised effects                  {len(findings.effects)}")
    print(f"reads of another customer's data      {len(findings.leaks)}")
    print(f"sums above a limit                    {len(findings.sums)}")
    print(f"calls without a defined end           {len(findings.crashes)}")
    print(f"honest calls that completed           {counts[2]:,} of {counts[1]:,} ({share:.1%})")
    for each in [*findings.all[:20], *sorted(set(incomplete))[:20]]:
        print(f"  {each}")
    return not findings.all and share >= 0.95


def weaken(template: Template, seed: int, rounds: int, attacks: int) -> bool:
    """Switches off one check after the other; says whether each was noticed."""
    noticed = {}
    for name in WEAKENED:
        found = Findings()
        for number in range(rounds):
            with weakened(name, template) as weaker:
                found.add(asyncio.run(play(weaker, seed + number, attacks))[1])
            if found.all:
                break
        noticed[name] = found.all
        print(f"without {name:45} {'noticed: ' + found.all[0] if found.all else 'NOT NOTICED'}", flush=True)
    return all(noticed.values())


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
    parser.add_argument("--weakened", action="store_true", help="switch off one check after the other instead")
    given = parser.parse_args()
    with quiet(), tempfile.TemporaryDirectory() as folder:
        template = made_template(Path(folder))
        well = (
            weaken(template, given.seed, 4, ATTACKS_A_ROUND)
            if given.weakened
            else report(template, given.seed, given.attacks)
        )
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
