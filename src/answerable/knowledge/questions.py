"""What is looked for: `question_of` weighs the words of a question and of what was said before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from answerable.inference.embedders import Embedder, Vectors
from answerable.knowledge.function_words import function_words_of, told_language
from answerable.knowledge.tokens import spelt, words

EARLIER_WEIGHT = 0.5
"""What a word said before counts beside a word of the question, each time that it was said."""
EARLIER_DECAY = 0.85
"""What it loses with each turn that it lies farther back."""
EARLIER_TURNS_MAX = 20

CONTEXT_WEIGHT = 0.5
CONTEXT_DECAY = 0.7
CONTEXT_TURNS_MAX = 4
CONTEXT_CHARACTERS_MAX = 120
"""Longer turns are mostly our own answers; embedding them would cost more than the question itself."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks, ready to be looked for."""

    asked: tuple[str, ...]
    """The words of the question itself, each once, in a fixed order."""
    terms: dict[str, float]
    """These and the words said before, each with its weight.

    Function words of other languages than English weigh nothing: where two of sixty articles are in Spanish, "por" is
    as rare as any name, and a question in Spanish would find one of the two whatever it asks. They are here all the
    same: whether they are known tells whether anybody wrote in that language.
    """
    vector: Vectors | None
    """Of the question alone: ranking by the vector of a whole conversation finds nothing in particular."""
    vector_in_context: Vectors | None
    """Of the question and the short turns before it; tells whether a follow-up like "and for how long?" is answered."""
    is_follow_up: bool


def question_of(query: str, history: Sequence[str], embedder: Embedder | None) -> Question:
    """A question in its conversation; `history` is what both sides said before, oldest first."""
    language = told_language(spelt(query))
    telling = words(query, language=language, without=function_words_of(language))
    asked = tuple(sorted(set(telling)))
    terms = {**dict.fromkeys(words(query, language=language), 0.0), **dict.fromkeys(asked, 1.0)}
    for back, earlier in enumerate(reversed(history[-EARLIER_TURNS_MAX:])):
        for word in set(words(earlier)):
            terms[word] = terms.get(word, 0.0) + EARLIER_WEIGHT * EARLIER_DECAY**back
    vector = embedder.embed_query(query) if embedder is not None and query.strip() else None
    in_context = _in_context(vector, history, embedder) if embedder is not None and vector is not None else None
    return Question(asked, dict(sorted(terms.items())), vector, in_context, bool(history))


def _in_context(vector: Vectors, history: Sequence[str], embedder: Embedder) -> Vectors:
    short = [turn for turn in history if turn.strip() and len(turn) <= CONTEXT_CHARACTERS_MAX]
    total = vector.copy()
    for back, earlier in enumerate(reversed(short[-CONTEXT_TURNS_MAX:])):
        total += np.float32(CONTEXT_WEIGHT * CONTEXT_DECAY**back) * embedder.embed_query(earlier)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-12), dtype=np.float32)
