"""How fast a search is, how long the index takes to build, and what memory it needs.

    python benchmarks/search_speed.py [--passages 10000,100000]

Passages are made of invented words with the frequencies of a real language, their vectors are random: neither changes
how long a search takes. Beside it, on the same passages: SQLite's FTS5 for words, and numpy in float32 for vectors.
"""

from __future__ import annotations

import argparse
import gc
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from answerable.inference.embedders import Vectors
from answerable.inference.embedders.minilm import MiniLmEmbedder
from answerable.inference.embedders.scale import REFERENCE
from answerable.knowledge.index import IndexedPassage, PassageIndex
from benchmarks.public_sets.measures import table

WORDS = 60_000
WORDS_A_PASSAGE = 95
PASSAGES_AN_ARTICLE = 8
QUESTIONS = 200
WORDS_A_QUESTION = 9
ADDED_LATER = 100
DIMENSIONS = 384


class RandomEmbedder:
    """Gives any text the vector of its length: embedding is measured by itself."""

    name = "random"
    dimensions = DIMENSIONS
    scale = REFERENCE

    def __init__(self) -> None:
        self._random = np.random.default_rng(1)

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """Random directions."""
        vectors = self._random.standard_normal((len(texts), DIMENSIONS), dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """A random direction."""
        return np.asarray(self.embed_batch([text])[0], dtype=np.float32)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", default="10000,100000")
    counts = [int(count) for count in parser.parse_args().passages.split(",")]
    # First, as long as nothing else has come and gone in this process's memory.
    print(table(["embedding a question", "p50 ms", "p95 ms", "memory MB"], [_embedding()]))
    print()
    rows = [row for count in counts for row in _measured(count)]
    print(table(["passages", "what", "p50 ms", "p95 ms", "build s", "memory MB"], rows))


def _measured(count: int) -> Iterator[list[str]]:
    chance = random.Random(count)
    texts, questions = _texts(chance, count), _texts(chance, QUESTIONS, words=WORDS_A_QUESTION)
    embedder = RandomEmbedder()
    vectors = embedder.embed_batch(texts)

    gc.collect()
    before, started = _resident_mb(), time.perf_counter()
    index = PassageIndex(embedder)
    index.add(_passages(texts, vectors))
    built = time.perf_counter() - started
    gc.collect()
    memory = _resident_mb() - before
    times = _timed(lambda question: index.search(question, release=1, limit=5), questions)
    yield [f"{count:,}", "ours: words and vectors", *times, f"{built:.1f}", f"{memory:.0f}"]

    started = time.perf_counter()
    index.add(_passages(_texts(chance, ADDED_LATER), embedder.embed_batch([""] * ADDED_LATER), first=count))
    yield [f"{count:,}", f"ours: {ADDED_LATER} more passages", "", "", f"{time.perf_counter() - started:.1f}", ""]

    full_text = sqlite3.connect(":memory:")
    full_text.execute("create virtual table passages using fts5(text)")
    started = time.perf_counter()
    full_text.executemany("insert into passages values (?)", ((text,) for text in texts))
    built = time.perf_counter() - started
    ask = "select rowid from passages where passages match ? order by bm25(passages) limit 5"
    times = _timed(lambda question: full_text.execute(ask, [" OR ".join(question.split())]).fetchall(), questions)
    yield [f"{count:,}", "SQLite FTS5: words", *times, f"{built:.1f}", ""]

    times = _timed(lambda question: np.argpartition(-(vectors @ embedder.embed_query(question)), 5)[:5], questions)
    yield [f"{count:,}", "numpy float32: vectors", *times, "", f"{vectors.nbytes / 2**20:.0f}"]


def _embedding() -> list[str]:
    gc.collect()
    before = _resident_mb()
    embedder = MiniLmEmbedder()
    questions = [f"How do I change the address on invoice {number}?" for number in range(QUESTIONS)]
    embedder.embed_query("warm up")
    return ["all-MiniLM-L6-v2, one thread", *_timed(embedder.embed_query, questions), f"{_resident_mb() - before:.0f}"]


def _texts(chance: random.Random, count: int, *, words: int = WORDS_A_PASSAGE) -> list[str]:
    """Invented words; the n-th commonest comes up in proportion to 1/n."""
    heights = np.cumsum(1 / np.arange(1, WORDS + 1)).tolist()
    vocabulary = [f"w{number}x" for number in range(WORDS)]
    return [" ".join(chance.choices(vocabulary, cum_weights=heights, k=words)) for _ in range(count)]


def _passages(texts: Sequence[str], vectors: Vectors, *, first: int = 0) -> list[IndexedPassage]:
    return [
        IndexedPassage(
            passage_id=f"p{number:07}",
            article_id=f"a{number // PASSAGES_AN_ARTICLE}",
            revision_id=f"r{number // PASSAGES_AN_ARTICLE}",
            title="",
            heading_path=(),
            text=text,
            language="en",
            from_release=1,
            to_release=None,
            vector=vector,
        )
        for number, (text, vector) in enumerate(zip(texts, vectors, strict=True), first)
    ]


def _timed(ask: Callable[[str], object], questions: Sequence[str]) -> list[str]:
    ask(questions[0])
    times = []
    for question in questions:
        started = time.perf_counter()
        ask(question)
        times.append((time.perf_counter() - started) * 1000)
    return [f"{statistics.median(times):.1f}", f"{statistics.quantiles(times, n=20)[-1]:.1f}"]


def _resident_mb() -> float:
    """What of this process is in memory; nan where there is no /proc."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    (line,) = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
