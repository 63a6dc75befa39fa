"""Fits how sure a search may be, and writes it into the package: `knowledge/confidence.json`.

    python benchmarks/fit_confidence.py DATA [--vectors FOLDER] [--dry-run]

Fits on one half (by hash) of the dev questions of four sets, asked where they belong and asked of three wrong help
centres. The other half, wixqa, and four more help centres are left for `benchmarks/abstention.py` to report on.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt

from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.knowledge.confidence import COEFFICIENTS, EVIDENCE, Calibration
from benchmarks.public_sets.measures import auroc
from benchmarks.public_sets.reading import half_of
from benchmarks.public_sets.shelf import KeptEmbedder
from benchmarks.public_sets.situations import (
    FITTED_CENTRES,
    FITTED_SETS,
    Situation,
    own_situations,
    wrong_situations,
)

RIDGE = 1.0
ELSEWHERE_SHARE = 0.5
"""So much of all weight have questions asked of a wrong help centre; the sets share the rest evenly."""
THRESHOLD = 0.5
"""Above it an answer is more likely right than not, if half of what is asked belongs elsewhere."""

ELSEWHERE = "wrong centre"

Floats = npt.NDArray[np.float64]


def main() -> None:
    """Fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with the public sets")
    parser.add_argument("--vectors", type=Path, default=Path.home() / ".cache" / "answerable-benchmarks")
    parser.add_argument("--dry-run", action="store_true", help="show, but write nothing")
    options = parser.parse_args()
    embedder = KeptEmbedder(MiniLmEmbedder(threads=2), options.vectors)
    situations = [*own_situations(options.data, "dev", embedder), *wrong_situations(options.data, "dev", embedder)]
    fitted = [each for each in situations if is_for_fitting(each)]
    calibration = fit(fitted)
    content = {
        "intercept": round(calibration.intercept, 4),
        "weights": {name: round(weight, 4) for name, weight in zip(EVIDENCE, calibration.weights, strict=True)},
        "threshold": calibration.threshold,
        "fitted_by": "benchmarks/fit_confidence.py",
        "fitted_on": dict(sorted(Counter(f"{each.source} > {each.group}" for each in fitted).items())),
        "embedder": embedder.name,
    }
    print(json.dumps(content, indent=2))
    scores = [calibration.confidence(each.evidence) for each in fitted]
    print(f"AUROC of a right best hit, on what was fitted: {auroc(scores, [each.is_right for each in fitted]):.3f}")
    if not options.dry_run:
        COEFFICIENTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def is_for_fitting(situation: Situation) -> bool:
    """Whether a situation may be learnt from; all others are for reports."""
    centre = situation.group.removeprefix("wrong centre ")
    return (
        half_of(situation.question.id) == 0
        and situation.source in FITTED_SETS
        and (situation.group in FITTED_SETS or centre in FITTED_CENTRES)
    )


def fit(situations: Sequence[Situation]) -> Calibration:
    """A logistic regression in which every set weighs the same."""
    sizes = Counter(_kind(each) for each in situations)
    own_share = (1 - ELSEWHERE_SHARE) / (len(sizes) - 1)
    shares = {kind: ELSEWHERE_SHARE if kind == ELSEWHERE else own_share for kind in sizes}
    weights = np.array([len(situations) * shares[_kind(each)] / sizes[_kind(each)] for each in situations])
    values = np.array([[getattr(each.evidence, name) for name in EVIDENCE] for each in situations])
    right = np.array([each.is_right for each in situations], dtype=np.float64)
    means, spreads = values.mean(axis=0), values.std(axis=0)
    solved = _newton((values - means) / spreads, right, weights)
    coefficients = solved[1:] / spreads
    return Calibration(float(solved[0] - coefficients @ means), tuple(map(float, coefficients)), THRESHOLD)


def _kind(situation: Situation) -> str:
    return ELSEWHERE if situation.group.startswith(ELSEWHERE) else situation.group


def _newton(values: Floats, right: Floats, weights: Floats) -> Floats:
    table = np.column_stack([np.ones(len(values)), values])
    ridge = np.diag([0.0, *[RIDGE] * values.shape[1]])
    solved = np.zeros(table.shape[1])
    for _ in range(30):
        likely = 1 / (1 + np.exp(-table @ solved))
        slope = table.T @ (weights * (likely - right)) + ridge @ solved
        bend = (table * (weights * likely * (1 - likely))[:, None]).T @ table + ridge
        solved = solved - np.linalg.solve(bend, slope)
    return solved


if __name__ == "__main__":
    main()
