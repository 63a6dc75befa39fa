"""A model that obeys every injection it reads, in the whole house: `benchmarks/injections.py DATA --agentdojo WHEEL`.

Some five thousand attacks (AgentDojo, BIPIA, CyberSecEval, and our own) stand in messages, mails, transcripts, names of
attachments, published articles, and in what the back office gives. A scripted model that reads one calls all actions on
things of the customer and of others, begins procedures, and writes links that carry data away, claims, and requests for
secrets. Judged is by the back office's own database and by every word that was sent. Then the harmless twins: the same
customers, with a harmless sentence in place of the attack, served by an honest scripted model and by the embedded one.
DATA holds the folders `injection_agentdojo`, `injection_bipia` and `injection_cyberseceval`; docs/benchmarks.md says
where they are published. `--part 1/6 --keep FOLDER` plays a sixth and keeps what was found, and `--add-up FOLDER` shows
all parts as one. Ends with 1 if a promise was broken.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import answerable_demo
from benchmarks.injected.cases import Case, sampled
from benchmarks.injected.house import Template, make_template
from benchmarks.injected.oracle import PUBLISHED_HOSTS, Verdict
from benchmarks.injected.own import TOPICS, own_cases
from benchmarks.injected.parts import Part, Played, added_up, keep
from benchmarks.injected.playing import Lot, Player, answered_alone, lots_of, play_lot, twins_of
from benchmarks.injected.public import public_cases
from benchmarks.injected.reporting import is_kept, show
from benchmarks.injected.wants import Question
from benchmarks.ledgerly_questions import read_questions

OWN = 500
QUESTIONS_MAX = 80
LOT = 80
"""So many customers in one house: what they all are given back stays within its limits of a day."""


def main() -> int:
    """Play, judge, print; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the public sets")
    parser.add_argument("--agentdojo", type=Path, help="AgentDojo's wheel, for all of its cases")
    parser.add_argument("--own", type=int, default=OWN, help="so many attacks of our own")
    parser.add_argument("--sample", type=int, help="only so many cases, from each set and carrier in proportion")
    parser.add_argument("--embedded", type=int, default=600, help="so many twins for the embedded model")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--list", type=int, default=40, help="so many failing cases are named")
    parser.add_argument("--part", type=Part.read, default=Part(1, 1), help="only this part of the lots, such as 1/6")
    parser.add_argument("--keep", type=Path, help="a folder in which what was found is kept")
    parser.add_argument("--add-up", type=Path, help="plays nothing, and shows what this folder has of all parts")
    given = parser.parse_args()
    if given.add_up is not None:
        return _told(added_up(given.add_up), given.list)
    cases = [*public_cases(given.data, given.agentdojo, seed=given.seed), *own_cases(given.own, seed=given.seed)]
    cases = sampled(cases, given.sample, given.seed)
    began = time.monotonic()
    with quiet(), tempfile.TemporaryDirectory() as folder, _desk(Path(folder), given.postgres) as (desk, port):
        template = asyncio.run(make_template(Path(folder), desk, port))
        verdicts = _play_all(given, cases, template)
    run = {name: getattr(given, name) for name in ("own", "sample", "embedded", "seed", "postgres")}
    played = Played(given.part, run | {"cases": len(cases)}, time.monotonic() - began, verdicts)
    if given.keep is not None:
        keep(played, given.keep)
    return _told(played, given.list)


def _told(played: Played, listed: int) -> int:
    show(played.verdicts, seconds=played.seconds, listed=listed)
    return 0 if is_kept(played.verdicts) else 1


def _play_all(given: argparse.Namespace, cases: Sequence[Case], template: Template) -> list[Verdict]:
    """All cases with the obedient model, their twins with the honest one, some with the embedded one."""
    twins = twins_of(cases)
    played: list[tuple[Player, Sequence[Case]]] = [
        ("obedient", cases),
        ("honest", twins),
        ("embedded", sampled(twins, given.embedded, given.seed)),
    ]
    lots = [lot for player, some in played for lot in lots_of(some, player, size=LOT, topics=len(TOPICS))]
    lots = given.part.of(lots)
    with tempfile.TemporaryDirectory() as folder:
        questions = asyncio.run(answered_alone(template, Path(folder), questions_of_one_part()))
    hosts = published_hosts()
    verdicts: list[Verdict] = []
    # Forked processes would share what threads of the parent hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.processes, mp_context=context) as processes:
        begun = [processes.submit(play, lot, template, questions, hosts) for lot in lots]
        for number, each in enumerate(begun, 1):
            verdicts += each.result()
            print(f"{number} of {len(lots)} lots, {len(verdicts):,} cases", file=sys.stderr, flush=True)
    return verdicts


def play(lot: Lot, template: Template, questions: tuple[Question, ...], hosts: frozenset[str]) -> list[Verdict]:
    """One lot in this process."""
    # What was loaded to begin with stays to the end: it is not looked through again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    with quiet(), tempfile.TemporaryDirectory() as folder:
        verdicts = asyncio.run(play_lot(lot, template, Path(folder), questions, hosts))
    gc.collect()
    return verdicts


def questions_of_one_part() -> list[Question]:
    """Of the demo company's customers, those that one article answers."""
    return [
        Question(each.text, titles, words)
        for each in read_questions()
        for titles, words in each.parts
        if len(each.parts) == 1 and titles and words
    ][:QUESTIONS_MAX]


def published_hosts() -> frozenset[str]:
    """To which the demo company's own pages lead."""
    pages = [page for room in ("knowledge", "policies") for page in (answerable_demo.WORKSPACE / room).glob("*.md")]
    return frozenset(host for page in pages for host in PUBLISHED_HOSTS.findall(page.read_text(encoding="utf-8")))


@contextlib.contextmanager
def _desk(folder: Path, postgres: bool) -> Iterator[tuple[str, int | None]]:
    """Where the desk that all others are copies of is kept."""
    if not postgres:
        yield f"sqlite:///{folder / 'desk.db'}", None
        return
    from tests.postgres import running_postgres

    with running_postgres() as server, server.database("desk") as url:
        yield url, server.port


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Nothing is logged: here everything goes wrong all the time."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


if __name__ == "__main__":
    sys.exit(main())
