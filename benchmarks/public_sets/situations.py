"""Questions with what a search says about them: whether to answer is learnt from these, and measured on these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from answerable.inference.embedders import Embedder
from answerable.knowledge.confidence import Evidence
from answerable.knowledge.index import PassageIndex
from benchmarks.public_sets.reading import Asked, Page, help_centre, read_set
from benchmarks.public_sets.shelf import shelf_of

# doc2dial has twelve times as many questions as the others; its every sixth one is enough.
EVERY = {"doc2dial": 6}

WRONG_CENTRES = {
    # Asked of -> questions of. Those in FITTED_CENTRES are for fitting, the others were never seen by it.
    "logingov": ("techqa", "mtrag_un", "doc2dial"),
    "cloudgov": ("techqa", "retired"),
    "techqa": ("retired", "doc2dial", "mtrag_un"),
    "plausible": ("wixqa", "techqa"),
    "odk": ("wixqa", "doc2dial", "mtrag_un"),
    "actualbudget": ("techqa", "retired", "mtrag_un"),
    "hoppscotch": ("wixqa", "retired", "doc2dial"),
}
FITTED_CENTRES = ("logingov", "cloudgov", "techqa")
OWN = ("techqa", "mtrag_un", "doc2dial", "retired", "wixqa")
FITTED_SETS = ("techqa", "mtrag_un", "doc2dial", "retired")
WRONG_QUESTIONS = 60
"""So many of a set are asked of each wrong centre."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A question that was searched for."""

    question: Asked
    group: str
    """The set, or the wrong centre that it was asked of."""
    source: str
    """The set that the question is from."""
    evidence: Evidence
    confidence: float
    has_answer: bool
    """Whether anything there answers it."""
    is_right: bool
    """Whether the best hit is of an article that answers it."""


def own_situations(data: Path, part: str, embedder: Embedder) -> Iterator[Situation]:
    """The questions of each set, asked where they belong."""
    for name in OWN:
        public = read_set(data, name, part=part)
        index = shelf_of(public.pages, embedder)
        for question in public.questions[:: EVERY.get(name, 1)]:
            yield _situation(index, question, group=name, source=name, belongs=True)


def wrong_situations(data: Path, part: str, embedder: Embedder) -> Iterator[Situation]:
    """Questions asked of a help centre that they have nothing to do with."""
    for centre, sources in WRONG_CENTRES.items():
        pages: Sequence[Page] = read_set(data, centre).pages if centre in OWN else help_centre(data, centre)
        index = shelf_of(pages, embedder)
        for source in sources:
            questions = [each for each in read_set(data, source, part=part).questions if each.is_answerable]
            step = max(1, len(questions) // WRONG_QUESTIONS)
            for question in questions[::step][:WRONG_QUESTIONS]:
                yield _situation(index, question, group=f"wrong centre {centre}", source=source, belongs=False)


def _situation(index: PassageIndex, question: Asked, *, group: str, source: str, belongs: bool) -> Situation:
    result = index.search(question.query, release=1, limit=1, history=question.history)
    assert result.evidence is not None
    has_answer = belongs and question.is_answerable
    is_right = has_answer and result.hits[0].article_id in question.gold
    return Situation(question, group, source, result.evidence, result.confidence, has_answer, is_right)
