"""Is a question found that stands in a long message? The agent's query beside the message's last 600 letters.

python benchmarks/long_messages.py DATA [--part dev] [--vectors FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from answerable.agents.turns import QUERY_LETTERS_MAX, read_turn
from answerable.inference.embedders.minilm import MiniLmEmbedder
from benchmarks.public_sets.measures import Share, table
from benchmarks.public_sets.reading import read_set
from benchmarks.public_sets.shelf import KeptEmbedder, shelf_of

PASSAGES = 60
LOG = "\n".join(
    f"2026-03-{day:02d} 10:{day:02d}:07,{day * 13 % 1000:03d} [worker-{day % 4}] INFO  http.access "
    f"GET /v1/items/{day * 7919} 200 {day * 31} ms"
    for day in range(1, 29)
)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder with the public sets")
    parser.add_argument("--part", default="dev", help="the part of the questions: dev or holdout")
    default = Path.home() / ".cache" / "answerable-benchmarks"
    parser.add_argument("--vectors", type=Path, default=default, help="where vectors are kept between runs")
    options = parser.parse_args()
    part = read_set(options.data, "techqa", part=options.part)
    index = shelf_of(part.pages, KeptEmbedder(MiniLmEmbedder(threads=2), options.vectors))
    questions = [question for question in part.questions if question.gold and question.is_answerable]

    def ranked(queries: Sequence[str]) -> list[str]:
        """Articles, best first; of several questions one after the other has its turn."""
        results = [index.search(query, release=1, limit=PASSAGES, history=()).hits for query in queries]
        turns = zip_longest(*results)
        return list(dict.fromkeys(hit.article_id for turn in turns for hit in turn if hit is not None))

    def measured(queries_of: Callable[[str], Sequence[str]], message_of: Callable[[str], str]) -> str:
        found = [(ranked(queries_of(message_of(each.query))), each.gold) for each in questions]
        hits = [Share(sum(bool(gold & set(ids[:k])) for ids, gold in found), len(found)) for k in (1, 3)]
        return " / ".join(f"{hit.value:.3f}" for hit in hits)

    messages: dict[str, Callable[[str], str]] = {
        "as they were asked": lambda asked: asked,
        "a log above": lambda asked: f"{LOG}\n\n{asked}",
        "a log below": lambda asked: f"{asked}\n\n{LOG}",
    }
    rows = [[name, measured(_last_letters, made), measured(_queries, made)] for name, made in messages.items()]
    print(
        f"{len(questions)} questions of techqa, part {options.part}; the log has {len(LOG):,} letters. hit@1 / hit@3\n"
    )
    print(table(["message", "its last 600 letters", "what the agent looks for"], rows))


def _last_letters(message: str) -> Sequence[str]:
    return (" ".join(message.split())[-QUERY_LETTERS_MAX:],)


def _queries(message: str) -> Sequence[str]:
    """What the agent looks for: a message may ask several things."""
    parts = read_turn([{"role": "user", "content": message}]).parts
    return [part.query for part in parts] or _last_letters(message)


if __name__ == "__main__":
    main()
