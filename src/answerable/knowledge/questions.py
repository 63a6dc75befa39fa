"""What is looked for: `question_of` weighs the words of a question and of what was said before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from answerable.inference.embedders import Embedder, Vectors
from answerable.knowledge.tokens import words

EARLIER_WEIGHT = 0.5
"""What a word said before counts beside a word of the question, each time that it was said."""
EARLIER_DECAY = 0.85
"""What it loses with each turn that it lies farther back."""
EARLIER_TURNS_MAX = 20


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks, ready to be looked for."""

    asked: tuple[str, ...]
    """The words of the question itself, each once, in a fixed order."""
    terms: dict[str, float]
    """These and the words said before, each with its weight."""
    vector: Vectors | None
    """Of the question alone: a vector of a whole conversation is of nothing in particular."""


def question_of(query: str, history: Sequence[str], embedder: Embedder | None) -> Question:
    """A question in its conversation; `history` is what both sides said before, oldest first."""
    asked = tuple(sorted(set(words(query))))
    terms = dict.fromkeys(asked, 1.0)
    for back, earlier in enumerate(reversed(history[-EARLIER_TURNS_MAX:])):
        for word in set(words(earlier)):
            terms[word] = terms.get(word, 0.0) + EARLIER_WEIGHT * EARLIER_DECAY**back
    vector = embedder.embed_query(query) if embedder is not None and query.strip() else None
    return Question(asked, dict(sorted(terms.items())), vector)
