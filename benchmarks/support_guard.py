"""How well the reply guard tells supported replies from unsupported ones, on human judgements.

    python benchmarks/support_guard.py DATA

DATA is the folder `groundedness_judgements` or the one that holds it: replies to a given text that people judged
grounded in it or not (Q2: https://github.com/orhonovich/q-squared, BEGIN: https://github.com/google/BEGIN-dataset).
Only the development parts are read.
"""

import json
import math
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from answerable.agents.evidence import COVERAGE_MIN
from answerable.agents.found import FoundHit
from answerable.agents.guards import SentenceGuard

THRESHOLDS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)
SETS = ("q2", "begin_wow", "begin_cmu")


@dataclass(frozen=True, slots=True)
class Judged:
    """A reply, what people say of it and what the guard says."""

    grounded: bool
    overlap: float
    """The reference: how many of the reply's words the text has."""
    score: float | None
    """The lowest coverage of any sentence that states something, -1 with a wrong fact; none where nothing is stated."""
    verbatim: bool


def judged(case: dict[str, str]) -> Judged:
    """One case through the guard."""
    hit = FoundHit(1, "p", "a", "r", "", None, (), case["knowledge"], 1.0)
    guard = SentenceGuard([hit])
    claims = [each for each in guard.feed(case["response"]) + guard.finish() if each.verdict != "states_nothing"]
    scores = [-1.0 if "in this place" in each.reason else each.coverage for each in claims]
    reply, known = _words(case["response"]), set(_words(case["knowledge"]))
    return Judged(
        grounded=case["human_label"] == "grounded",
        overlap=sum(word in known for word in reply) / max(1, len(reply)),
        score=min(scores) if scores else None,
        verbatim=bool(claims) and all(each.reason.startswith("Its words") for each in claims),
    )


def auroc(pairs: list[tuple[float, bool]]) -> float:
    """How often a grounded reply scores above one that is not; ties count half."""
    good = [score for score, grounded in pairs if grounded]
    bad = [score for score, grounded in pairs if not grounded]
    wins = sum((one > other) + (one == other) / 2 for one in good for other in bad)
    return wins / (len(good) * len(bad))


def interval(share: float, count: int) -> str:
    """The share with its 95 % interval (Wilson)."""
    z = 1.96
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return f"{share:.1%} [{max(0.0, middle - half):.1%}, {min(1.0, middle + half):.1%}]"


def main() -> None:
    """Prints AUROC beside the reference, and what passes at each threshold."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    folder = folder / "groundedness_judgements" if (folder / "groundedness_judgements").is_dir() else folder
    console = Console(width=120)
    ranks = Table("set", "replies", "state nothing", "AUROC word overlap", "AUROC guard", title="Telling them apart")
    points = Table("set", "threshold", "grounded that pass", "ungrounded that pass", title="What may be sent")
    sentences, began = 0, time.process_time()
    for name in SETS:
        cases = [json.loads(line) for line in (folder / "dev" / f"{name}.jsonl").read_text().splitlines()]
        found = [judged(case) for case in cases if case["human_label"] in ("grounded", "not_grounded")]
        sentences += sum(len(re.findall(r"[.!?]+", case["response"])) or 1 for case in cases)
        stated = [each for each in found if each.score is not None]
        ranks.add_row(
            name,
            str(len(found)),
            str(len(found) - len(stated)),
            f"{auroc([(each.overlap, each.grounded) for each in stated]):.3f}",
            f"{auroc([(each.score or 0.0, each.grounded) for each in stated]):.3f}",
        )
        for threshold in THRESHOLDS:
            shares = []
            for grounded in (True, False):
                of_kind = [each for each in stated if each.grounded is grounded]
                passed = sum(each.verbatim or (each.score or 0.0) >= threshold for each in of_kind)
                shares.append(interval(passed / len(of_kind), len(of_kind)))
            mark = " (shipped)" if threshold == COVERAGE_MIN else ""
            points.add_row(name, f"{threshold:.2f}{mark}", *shares)
        points.add_section()
    seconds = time.process_time() - began
    console.print(
        ranks,
        points,
        f"{seconds / sentences * 1e6:.0f} µs of CPU a sentence, taking a new text apart for each reply included.",
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


if __name__ == "__main__":
    main()
