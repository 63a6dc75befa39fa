"""Does it know when not to answer? False answers and needless hand-offs at the shipped threshold, and the whole curve.

    python benchmarks/abstention.py DATA [--part dev] [--vectors FOLDER]

On the dev part, what `benchmarks/fit_confidence.py` learnt from is left out; another part is taken whole.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.knowledge.confidence import shipped
from benchmarks.fit_confidence import is_for_fitting
from benchmarks.public_sets.measures import Share, auroc, table
from benchmarks.public_sets.shelf import KeptEmbedder
from benchmarks.public_sets.situations import OWN, Situation, own_situations, wrong_situations

COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

Score = Callable[[Situation], float]


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with the public sets")
    parser.add_argument("--part", default="dev", help="the part of the questions: dev or holdout")
    parser.add_argument("--vectors", type=Path, default=Path.home() / ".cache" / "answerable-benchmarks")
    options = parser.parse_args()
    embedder = KeptEmbedder(MiniLmEmbedder(threads=2), options.vectors)
    own = [each for each in own_situations(options.data, options.part, embedder) if _is_reported(each, options.part)]
    wrong = [
        each for each in wrong_situations(options.data, options.part, embedder) if _is_reported(each, options.part)
    ]
    print(f"Embedder {embedder.name}, part {options.part}, threshold {shipped().threshold}.\n")
    print(_at_the_threshold(own, wrong))
    print("\nAUROC: ours, and the cosine of the best hit alone for comparison\n")
    print(_aurocs(own, wrong))
    print("\nRisk and coverage: of the most confident share of the questions, how many got a wrong answer\n")
    print(_curve(own, wrong))


def _is_reported(situation: Situation, part: str) -> bool:
    return part != "dev" or not is_for_fitting(situation)


def _at_the_threshold(own: Sequence[Situation], wrong: Sequence[Situation]) -> str:
    groups = [(name, [each for each in own if each.group == name]) for name in OWN]
    centres = sorted({each.group for each in wrong})
    groups += [(centre, [each for each in wrong if each.group == centre]) for centre in centres]
    groups.append(("all wrong centres", list(wrong)))
    head = ["group", "false answers", "needless hand-offs", "wrong article answered"]
    return table(head, [[name, *_errors(situations)] for name, situations in groups])


def _errors(situations: Sequence[Situation]) -> list[str]:
    """Of what nothing answers, the answered; of right best hits, those handed off; of wrong ones, the answered."""

    def answered(among: Sequence[Situation]) -> Share:
        return Share(sum(each.confidence >= shipped().threshold for each in among), len(among))

    unanswerable = [each for each in situations if not each.has_answer]
    right = [each for each in situations if each.is_right]
    missed = [each for each in situations if each.has_answer and not each.is_right]
    handed_off = Share(len(right) - answered(right).hits, len(right))
    shares = (answered(unanswerable), handed_off, answered(missed))
    return [str(share) if share.total else "" for share in shares]


def _aurocs(own: Sequence[Situation], wrong: Sequence[Situation]) -> str:
    def confidence(situation: Situation) -> float:
        return situation.confidence

    def cosine(situation: Situation) -> float:
        return situation.evidence.nearness

    rows = []
    for name in OWN:
        situations = [each for each in own if each.group == name]
        elsewhere = [each for each in wrong if each.source == name]
        answerable = [each for each in situations if each.has_answer]
        rows.append(
            [
                name,
                _both(situations, lambda each: each.is_right, (confidence, cosine)),
                _both(situations, lambda each: each.has_answer, (confidence, cosine)),
                _both([*answerable, *elsewhere], lambda each: each.has_answer, (confidence, cosine)),
            ]
        )
    return table(["questions of", "best hit right", "answerable here", "asked here or of a wrong centre"], rows)


def _both(situations: Sequence[Situation], label: Callable[[Situation], bool], scores: Sequence[Score]) -> str:
    labels = [label(each) for each in situations]
    if all(labels) or not any(labels):
        return ""
    ours, cosine = (auroc([score(each) for each in situations], labels) for score in scores)
    return f"{ours:.3f} ({cosine:.3f})"


def _curve(own: Sequence[Situation], wrong: Sequence[Situation]) -> str:
    mixes = [(name, [each for each in own if each.group == name]) for name in OWN]
    mixes.append(("own and wrong", [*own, *wrong]))
    rows = []
    for name, situations in mixes:
        surest = sorted(situations, key=lambda each: (-each.confidence, each.question.id))
        risks = []
        for coverage in COVERAGES:
            taken = surest[: max(1, round(coverage * len(surest)))]
            risks.append(f"{sum(not each.is_right for each in taken) / len(taken):.2f}")
        rows.append([name, *risks])
    return table(["questions of", *(f"{coverage:.0%}" for coverage in COVERAGES)], rows)


if __name__ == "__main__":
    main()
