"""Scores by words: BM25 over passages and over whole articles, with the statistics of one release only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from answerable.knowledge.postings import Postings, Rows

Scores = npt.NDArray[np.float32]

K1 = 1.6
"""How soon more of the same word stops to count. 1.2, 1.6 and 2 were within a hundredth of each other."""
NEAR_TRUST = 0.7
"""What a word counts that nobody wrote, by the word that is one slip of the pen away."""
B = 0.75
"""How much long texts are held back: the customary value."""


@dataclass(frozen=True, slots=True)
class View:
    """Which rows are in force, and what BM25 must know about them."""

    in_force: npt.NDArray[np.bool_]
    passage_count: int
    passage_norms: Scores
    article_count: int
    article_norms: Scores

    @classmethod
    def of(
        cls, in_force: npt.NDArray[np.bool_], lengths: npt.NDArray[np.int32], articles: npt.NDArray[np.int32]
    ) -> View:
        """The statistics of the rows in force; `articles` numbers each row's article."""
        lengths_in_force = np.where(in_force, lengths, 0)
        article_lengths = np.bincount(articles, weights=lengths_in_force)
        passage_count = int(in_force.sum())
        article_count = len(np.unique(articles[in_force]))
        total = int(lengths_in_force.sum())
        return cls(
            in_force,
            passage_count,
            _norms(lengths, total / max(passage_count, 1)),
            article_count,
            _norms(article_lengths, total / max(article_count, 1)),
        )


@dataclass(frozen=True, slots=True)
class LexicalScores:
    """What words say about every row; rows out of force have nothing."""

    passages: Scores
    articles: Scores
    """By the number of the article."""
    rarities: dict[str, float]
    """How much each word that was looked for tells: its inverse document frequency among the passages in force."""
    met: dict[str, str]
    """Those of the words that any passage in force has, and what each was met by: itself, or a word one slip away."""
    known: dict[str, float]
    """How much of what they tell is told here: all, or what is trusted of the word one slip away."""


def score_words(
    terms: Mapping[str, float], postings: Postings, articles: npt.NDArray[np.int32], view: View
) -> LexicalScores:
    """BM25 of weighted words for every passage and every article in force."""
    by_passage = np.zeros(len(view.in_force), dtype=np.float32)
    by_article = np.zeros(len(view.article_norms), dtype=np.float32)
    rarities: dict[str, float] = {}
    met: dict[str, str] = {}
    known: dict[str, float] = {}
    for term, wanted in terms.items():
        found, rows, frequencies = _met(term, postings, view)
        weight = wanted if found == term else wanted * NEAR_TRUST
        rarity = rarity_of(len(rows), view.passage_count)
        rarities[term] = rarity if found == term else rarity_of(0, view.passage_count)
        if len(rows):
            met[term] = found
            known[term] = rarity if found == term else rarity * NEAR_TRUST
        by_passage[rows] += np.float32(weight * rarity) * _saturated(frequencies, view.passage_norms[rows])
        in_articles = np.bincount(articles[rows], weights=frequencies, minlength=len(by_article)).astype(np.float32)
        (holding,) = np.nonzero(in_articles)
        rarity = rarity_of(len(holding), view.article_count)
        by_article[holding] += np.float32(weight * rarity) * _saturated(
            in_articles[holding], view.article_norms[holding]
        )
    return LexicalScores(by_passage, by_article, rarities, met, known)


def _met(term: str, postings: Postings, view: View) -> tuple[str, Rows, Scores]:
    """The rows in force that hold a term, and how often; if none does, those that hold the commonest one near it."""
    best = term, *_in_force(term, postings, view)
    if len(best[1]) == 0:
        for other in postings.near(term):
            rows, frequencies = _in_force(other, postings, view)
            if len(rows) > len(best[1]):
                best = other, rows, frequencies
    return best


def _in_force(term: str, postings: Postings, view: View) -> tuple[Rows, Scores]:
    rows, counts = postings.of_term(term)
    held = view.in_force[rows]
    return rows[held], counts[held].astype(np.float32)


def rarity_of(holding: int, count: int) -> float:
    """How much a word tells that `holding` of `count` texts have."""
    return math.log(1 + (count - holding + 0.5) / (holding + 0.5))


def _saturated(frequencies: Scores, norms: Scores) -> Scores:
    return frequencies * np.float32(K1 + 1) / (frequencies + norms)


def _norms(lengths: npt.NDArray[np.signedinteger] | npt.NDArray[np.float64], mean_length: float) -> Scores:
    return np.asarray(K1 * (1 - B + B * lengths / max(mean_length, 1.0)), dtype=np.float32)
