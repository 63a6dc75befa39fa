"""The reference: Okapi BM25 over whole articles, lower-cased words and nothing else, and TF-IDF beside it."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from benchmarks.public_sets.reading import Page

K1 = 1.5
B = 0.75


def plain_words(text: str) -> list[str]:
    """Lower-cased words; single characters for scripts without spaces."""
    return re.findall(r"[一-鿿]|\w+", text.lower())


class Reference:
    """Ranks articles by BM25 and by the cosine of TF-IDF."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._ids = [page.id for page in pages]
        counts = [Counter(plain_words(f"{page.title}\n{page.text}")) for page in pages]
        self._lengths = [sum(count.values()) for count in counts]
        self._mean = sum(self._lengths) / len(counts)
        self._holding: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, count in enumerate(counts):
            for word, times in count.items():
                self._holding[word].append((row, times))
        self._norms = [
            math.sqrt(sum(((1 + math.log(times)) * self._rarity(word)) ** 2 for word, times in count.items()))
            for count in counts
        ]

    def bm25(self, query: str, limit: int) -> list[str]:
        """The best articles by BM25."""
        scores: dict[int, float] = defaultdict(float)
        for word in plain_words(query):
            holding = self._holding.get(word, [])
            rarity = math.log(1 + (len(self._ids) - len(holding) + 0.5) / (len(holding) + 0.5))
            for row, times in holding:
                norm = K1 * (1 - B + B * self._lengths[row] / self._mean)
                scores[row] += rarity * times * (K1 + 1) / (times + norm)
        return self._best(scores, limit)

    def tf_idf(self, query: str, limit: int) -> list[str]:
        """The best articles by TF-IDF."""
        scores: dict[int, float] = defaultdict(float)
        for word, asked in Counter(plain_words(query)).items():
            weight = (1 + math.log(asked)) * self._rarity(word) ** 2
            for row, times in self._holding.get(word, []):
                scores[row] += weight * (1 + math.log(times)) / max(self._norms[row], 1e-9)
        return self._best(scores, limit)

    def _rarity(self, word: str) -> float:
        return math.log((1 + len(self._ids)) / (1 + len(self._holding.get(word, [])))) + 1

    def _best(self, scores: dict[int, float], limit: int) -> list[str]:
        order = sorted(scores, key=lambda row: (-scores[row], self._ids[row]))
        return [self._ids[row] for row in order[:limit]]
