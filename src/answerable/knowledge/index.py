"""The search index in the process: `PassageIndex` holds the passages of every release and finds the best ones.

Public names: `IndexedPassage`, `PassageIndex`, `SearchResult`, `Hit`. Vectors of passages: `embedding.passage_vectors`.

A search is answered *as a release has it*: which passages take part, and every statistic a score is made of, come from
the passages in force in that release and from nothing else. A replay of an old run therefore finds what it found then.
The same passages give the same result in whatever order and portions they were added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
import numpy.typing as npt

from answerable.inference.embedders import CosineScale, Embedder, Vectors
from answerable.inference.embedders.scale import REFERENCE
from answerable.knowledge.confidence import Evidence, confidence_in
from answerable.knowledge.embedding import text_to_embed
from answerable.knowledge.lexical import LexicalScores, View, score_words
from answerable.knowledge.postings import Postings
from answerable.knowledge.questions import Question, question_of
from answerable.knowledge.tokens import STEMMED, words
from answerable.knowledge.vectors import PackedVectors

DENSE_WEIGHT = 0.6
"""What meaning counts; the rest is the weight of words."""
DENSE_WEIGHT_OF_FOLLOW_UP = 0.5
"""The words said before tell more about a follow-up than its own few words mean."""
TRUST_IN_WORDS = 1.5
"""If less than two thirds of what is asked, by rarity, are known words, words count less: a question in a language that
nobody wrote in matches by accident only."""

CANDIDATES_MIN = 64
"""So many of the best are compared to the last digit before their order is fixed."""
SCORE_DIGITS = 9
"""Scores that agree this far are equal; the order is then that of the ids."""
VIEWS_REMEMBERED = 8
NEAREST = 5

_ROUNDING = 1e-5
"""Scores of float32 that are this near may change places when a row stands among others."""
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A passage as the index needs it."""

    passage_id: str
    article_id: str
    revision_id: str
    title: str
    heading_path: tuple[str, ...]
    text: str
    language: str
    from_release: int | None
    """The first release of the line that has it; none as long as only releases beside the line do."""
    to_release: int | None
    """The first release in which it is no longer in force."""
    vector: Vectors | None = None
    """As `passage_vectors` gives it; without one the passage is found by its words only."""
    keywords: tuple[str, ...] = ()
    """Of its article: what people call it who do not use its words."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found, and why."""

    passage_id: str
    article_id: str
    revision_id: str
    score: float
    """What the order is made by; comparable within one search only."""
    lexical: float
    """From 0 to 1: its match by words, in passage and article, beside the best there is."""
    dense: float
    """Nearness in meaning: the cosine with the question, on the scale of the default embedder; 0 without vectors."""
    lexical_rank: int
    dense_rank: int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found, best first."""

    hits: tuple[Hit, ...]
    confidence: float
    """From 0 to 1: how likely it is that the best hit answers the question."""
    rarities: Mapping[str, float]
    """How much each word of the question tells in this release, as passages spell it; `choose_quotes` takes it."""
    evidence: Evidence | None = None
    """What the confidence is made of; none where nothing is in force."""


def words_to_index(
    title: str, heading_path: Sequence[str], text: str, keywords: Sequence[str] = (), language: str = "en"
) -> list[str]:
    """The words by which a passage is found.

    Those of another language than English stand there twice if its own stemmer makes another form of them: a question
    is stemmed by the rules of its language, and where too few words tell which one that is, by those of English.
    """
    searched = "\n".join([text_to_embed(title, heading_path, text), *keywords])
    found, primary = words(searched), language[:2]
    if primary == "en" or primary not in STEMMED:
        return found
    own = words(searched, language=primary)
    return found + [form for form, english in zip(own, found, strict=True) if form != english]


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a release beside the line has otherwise than its base."""

    base: int
    covered_article_ids: frozenset[str]
    """Of these it has nothing that its base has."""
    revision_ids: frozenset[str]
    """These it has in their place."""


@dataclass(frozen=True)
class _Snapshot:
    """The index as a reader sees it: unchanging, row by row. A writer puts a new one in its place."""

    passage_ids: tuple[str, ...]
    revision_ids: tuple[str, ...]
    languages: npt.NDArray[np.str_]
    articles: npt.NDArray[np.int32]
    """Each row's article, by number."""
    article_ids: tuple[str, ...]
    from_releases: npt.NDArray[np.int64]
    to_releases: npt.NDArray[np.int64]
    postings: Postings
    vectors: PackedVectors
    overlays: Mapping[int, Overlay]
    """Of the releases beside the line."""
    views: dict[tuple[int, str | None], View] = field(default_factory=dict)
    """What was asked for lately; the only thing here that readers write, each entry once and whole."""

    def view(self, release: int, language: str | None) -> View:
        """What is in force in a release, with its statistics."""
        key = (release, language)
        known = self.views.get(key)
        if known is None:
            in_force = self._in_force(release)
            if language is not None:
                in_force &= self.languages == language
            known = View.of(in_force, self.postings.lengths, self.articles)
            if len(self.views) >= VIEWS_REMEMBERED:
                self.views.clear()
            self.views[key] = known
        return known

    def _in_force(self, release: int) -> npt.NDArray[np.bool_]:
        overlay = self.overlays.get(release)
        base = release if overlay is None else overlay.base
        in_force: npt.NDArray[np.bool_] = (self.from_releases <= base) & (self.to_releases > base)
        if overlay is not None:
            covered = [each in overlay.covered_article_ids for each in self.article_ids]
            in_force &= ~np.array(covered, dtype=np.bool_)[self.articles]
            in_force |= np.array([each in overlay.revision_ids for each in self.revision_ids], dtype=np.bool_)
        return in_force


class PassageIndex:
    """Finds passages by words and by meaning. Reads never wait; writes come one after the other."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder
        self._dimensions = embedder.dimensions if embedder is not None else 0
        self._scale = embedder.scale if embedder is not None else REFERENCE
        self._snapshot = _empty(self._dimensions)
        self._rows: dict[str, int] = {}
        self._article_numbers: dict[str, int] = {}
        self._writing = Lock()

    def __len__(self) -> int:
        return len(self._snapshot.passage_ids)

    @property
    def beside_line(self) -> Set[int]:
        """The releases beside the line that can be searched."""
        return self._snapshot.overlays.keys()

    def add(self, passages: Iterable[IndexedPassage]) -> None:
        """Takes passages in. One that is known already only has its releases set anew: its text never changes."""
        with self._writing:
            given = {passage.passage_id: passage for passage in passages}
            new = [passage for passage_id, passage in given.items() if passage_id not in self._rows]
            snapshot = self._with_releases(
                self._snapshot,
                {
                    passage_id: (passage.from_release, passage.to_release)
                    for passage_id, passage in given.items()
                    if passage_id in self._rows
                },
            )
            if new:
                added = self._snapshot_of(new)
                snapshot = _joined(snapshot, added, tuple(self._article_numbers))
                for passage_id in added.passage_ids:
                    self._rows[passage_id] = len(self._rows)
            self._snapshot = snapshot

    def lay_over(self, release: int, overlay: Overlay) -> None:
        """From now on that release is one beside the line; its passages must have been added."""
        with self._writing:
            overlays = {**self._snapshot.overlays, release: overlay}
            self._snapshot = replace(self._snapshot, overlays=overlays, views={})

    def close(self, passage_ids: Iterable[str], *, to_release: int) -> None:
        """Ends the time of some passages: `to_release` is the first release without them."""
        with self._writing:
            starts = self._snapshot.from_releases
            changes = {
                passage_id: (int(starts[self._rows[passage_id]]), to_release)
                for passage_id in passage_ids
                if passage_id in self._rows
            }
            self._snapshot = self._with_releases(self._snapshot, changes)

    def search(
        self, query: str, *, release: int, limit: int, history: tuple[str, ...] = (), language: str | None = None
    ) -> SearchResult:
        """The best passages for a question, as a release has them.

        `history` is what both sides said before, oldest first. With a `language`, only passages in it are looked at.
        """
        snapshot = self._snapshot
        view = snapshot.view(release, language)
        question = question_of(query, history, self._embedder)
        if view.passage_count == 0 or limit < 1:
            return SearchResult((), 0.0, {})
        words_said = score_words(question.terms, snapshot.postings, snapshot.articles, view)
        ranking = _ranked(snapshot, view, self._scale, question, words_said, limit)
        evidence = _evidence(snapshot, self._scale, question, words_said, ranking)
        return SearchResult(
            hits=tuple(_hit(snapshot, ranking, place) for place in range(min(limit, len(ranking.rows)))),
            confidence=confidence_in(evidence),
            rarities={words_said.met.get(term, term): words_said.rarities[term] for term in question.asked},
            evidence=evidence,
        )

    def _snapshot_of(self, passages: Sequence[IndexedPassage]) -> _Snapshot:
        for passage in passages:
            self._article_numbers.setdefault(passage.article_id, len(self._article_numbers))
        return _Snapshot(
            passage_ids=tuple(passage.passage_id for passage in passages),
            revision_ids=tuple(passage.revision_id for passage in passages),
            languages=np.array([passage.language for passage in passages], dtype=np.str_),
            articles=np.array([self._article_numbers[passage.article_id] for passage in passages], dtype=np.int32),
            article_ids=(),
            from_releases=np.array([_moment(passage.from_release) for passage in passages], dtype=np.int64),
            to_releases=np.array([_moment(passage.to_release) for passage in passages], dtype=np.int64),
            postings=Postings.of(
                words_to_index(p.title, p.heading_path, p.text, p.keywords, p.language) for p in passages
            ),
            vectors=PackedVectors.of([passage.vector for passage in passages], self._dimensions),
            overlays={},
        )

    def _with_releases(self, snapshot: _Snapshot, changes: Mapping[str, tuple[int | None, int | None]]) -> _Snapshot:
        if not changes:
            return snapshot
        from_releases, to_releases = snapshot.from_releases.copy(), snapshot.to_releases.copy()
        for passage_id, (from_release, to_release) in changes.items():
            from_releases[self._rows[passage_id]] = _moment(from_release)
            to_releases[self._rows[passage_id]] = _moment(to_release)
        return replace(snapshot, from_releases=from_releases, to_releases=to_releases, views={})


def _moment(release: int | None) -> int:
    """When it is in force from, or no longer; never, if that is still to come."""
    return _NEVER if release is None else release


def _empty(dimensions: int) -> _Snapshot:
    nothing = np.zeros(0, dtype=np.int64)
    return _Snapshot(
        passage_ids=(),
        revision_ids=(),
        languages=np.zeros(0, dtype=np.str_),
        articles=np.zeros(0, dtype=np.int32),
        article_ids=(),
        from_releases=nothing,
        to_releases=nothing,
        postings=Postings.of([]),
        vectors=PackedVectors.of([], dimensions),
        overlays={},
    )


def _joined(one: _Snapshot, other: _Snapshot, article_ids: tuple[str, ...]) -> _Snapshot:
    return _Snapshot(
        passage_ids=one.passage_ids + other.passage_ids,
        revision_ids=one.revision_ids + other.revision_ids,
        languages=np.concatenate([one.languages, other.languages]),
        articles=np.concatenate([one.articles, other.articles]),
        article_ids=article_ids,
        from_releases=np.concatenate([one.from_releases, other.from_releases]),
        to_releases=np.concatenate([one.to_releases, other.to_releases]),
        postings=one.postings.followed_by(other.postings),
        vectors=one.vectors.followed_by(other.vectors),
        overlays=one.overlays,
    )


@dataclass(frozen=True, slots=True)
class _Ranking:
    """The best rows in their final order, with what they were ranked by."""

    rows: tuple[int, ...]
    scores: tuple[float, ...]
    dense: tuple[float, ...]
    all_lexical: npt.NDArray[np.float32]
    all_dense: npt.NDArray[np.float32]


def _ranked(
    snapshot: _Snapshot, view: View, scale: CosineScale, question: Question, words_said: LexicalScores, limit: int
) -> _Ranking:
    """More rows than asked for, so that the best can be told from the best of another article."""
    dense_weight = DENSE_WEIGHT_OF_FOLLOW_UP if question.is_follow_up else DENSE_WEIGHT
    lexical_weight = (1 - dense_weight) * min(1.0, TRUST_IN_WORDS * _known_share(question, words_said))
    lexical = _lexical(snapshot, words_said)
    dense = _dense(snapshot, scale, question.vector)
    fused = dense_weight * dense + lexical_weight * lexical
    fused[~view.in_force] = -np.inf
    rows = _best_rows(fused, min(max(4 * limit, CANDIDATES_MIN), view.passage_count))
    exact = _exact_dense(snapshot, scale, question.vector, rows)
    scores = np.round(dense_weight * exact + lexical_weight * lexical[rows].astype(np.float64), SCORE_DIGITS)
    order = sorted(range(len(rows)), key=lambda place: (-scores[place], snapshot.passage_ids[rows[place]]))
    return _Ranking(
        tuple(int(rows[place]) for place in order),
        tuple(float(scores[place]) for place in order),
        tuple(float(exact[place]) for place in order),
        np.where(view.in_force, lexical, np.float32(-np.inf)),
        np.where(view.in_force, dense, np.float32(-np.inf)),
    )


def _hit(snapshot: _Snapshot, ranking: _Ranking, place: int) -> Hit:
    row = ranking.rows[place]
    lexical, dense = ranking.all_lexical, ranking.all_dense
    return Hit(
        passage_id=snapshot.passage_ids[row],
        article_id=snapshot.article_ids[snapshot.articles[row]],
        revision_id=snapshot.revision_ids[row],
        score=ranking.scores[place],
        lexical=float(lexical[row]),
        dense=ranking.dense[place],
        lexical_rank=1 + int(np.count_nonzero(lexical > lexical[row] + _ROUNDING)),
        dense_rank=1 + int(np.count_nonzero(dense > dense[row] + _ROUNDING)),
    )


def _lexical(snapshot: _Snapshot, scores: LexicalScores) -> npt.NDArray[np.float32]:
    """Passage and article each beside the best there is, in equal parts."""
    articles = scores.articles[snapshot.articles] / max(float(scores.articles.max()), 1e-9)
    passages = scores.passages / max(float(scores.passages.max()), 1e-9)
    return np.asarray((articles + passages) / 2, dtype=np.float32)


def _dense(snapshot: _Snapshot, scale: CosineScale, vector: Vectors | None) -> npt.NDArray[np.float32]:
    if vector is None:
        return np.zeros(len(snapshot.passage_ids), dtype=np.float32)
    cosines = snapshot.vectors.likeness(vector)
    return np.asarray(scale.to_reference(cosines), dtype=np.float32)


def _exact_dense(
    snapshot: _Snapshot, scale: CosineScale, vector: Vectors | None, rows: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    if vector is None:
        return np.zeros(len(rows), dtype=np.float64)
    return np.asarray(scale.to_reference(snapshot.vectors.likeness_of(rows, vector)), dtype=np.float64)


def _best_rows(scores: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.intp]:
    """The rows of the best scores: all that are as good as the last one, up to rounding."""
    last = np.partition(scores, len(scores) - count)[len(scores) - count]
    return np.flatnonzero(scores >= last - _ROUNDING)


def _evidence(
    snapshot: _Snapshot, scale: CosineScale, question: Question, words_said: LexicalScores, ranking: _Ranking
) -> Evidence:
    """What the confidence is made of."""
    best = np.array(ranking.rows[:1], dtype=np.intp)
    article = snapshot.articles[best[0]]
    of_others = (
        score for row, score in zip(ranking.rows, ranking.scores, strict=True) if snapshot.articles[row] != article
    )
    in_context = _exact_dense(snapshot, scale, question.vector_in_context, best)
    nearest = _best_rows(ranking.all_dense, min(NEAREST, int(np.count_nonzero(np.isfinite(ranking.all_dense)))))
    distances = np.sort(_exact_dense(snapshot, scale, question.vector, nearest))[::-1][:NEAREST]
    return Evidence(
        nearness=max(ranking.dense[0], float(in_context[0])),
        lead=1 - next(of_others, 0.0) / ranking.scores[0] if ranking.scores[0] > 0 else 0.0,
        known=_known_share(question, words_said),
        distinctness=float(distances[0] - distances.mean()),
    )


def _known_share(question: Question, words_said: LexicalScores) -> float:
    """How much of what is looked for, by the rarity of its words, anything in force has."""
    weights = {term: weight or 1.0 for term, weight in question.terms.items()}
    total = sum(weight * words_said.rarities[term] for term, weight in weights.items())
    known = sum(weight * words_said.known.get(term, 0.0) for term, weight in weights.items())
    return known / total if total else 0.0
