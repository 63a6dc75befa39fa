"""The words of a language that carry no content, read from `function_words.toml`, and what they tell of a question."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from answerable.knowledge.tokens import normalise

TELLING_MIN = 2
"""So many function words of a language, and more than of English, tell that a question is in it."""


@cache
def function_words() -> dict[str, frozenset[str]]:
    """By the code of their language."""
    content = tomllib.loads((resources.files(__package__) / "function_words.toml").read_text("utf-8"))
    return {code: frozenset(listed.split()) for code, listed in content.items()}


def told_language(tokens: Sequence[str]) -> str:
    """The language that a question is in, told by its function words; English if too few of them tell."""
    found = {code: sum(token in known for token in tokens) for code, known in _spelt().items()}
    best = max(found, key=lambda code: found[code])
    return best if found[best] >= TELLING_MIN and found[best] > found["en"] else "en"


def function_words_of(language: str) -> frozenset[str]:
    """As `tokens` spells words: folded, without accents. None for English, whose `tokens` leaves out by itself."""
    return _spelt()[language] if language != "en" else frozenset()


@cache
def _spelt() -> dict[str, frozenset[str]]:
    return {code: frozenset(normalise(word) for word in known) for code, known in function_words().items()}
