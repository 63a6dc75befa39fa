"""Whether a sentence says that something was done for the customer: that needs a receipt, whatever an article says."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from answerable.agents.phrases import undisguised, words

# Whoever says that something was done says it in so many letters; more is not read.
READ_LETTERS_MAX = 1_000
# Behind these a clause stands for itself: "No problem, I have refunded you."
_JOINS = re.compile(r"[.!?;:,、，()\[\]{}–—]|\b(?:so|but|and|aber|und|pero|y|mais|et|ma|e|mas|maar|en)\b")


@dataclass(frozen=True, slots=True)
class _Claims:
    """How a language says that something was done."""

    claims: tuple[re.Pattern[str], ...]
    tells: re.Pattern[str]
    """What stands before it where it only tells when or whether something is so."""


def claims_effect(sentence: str) -> bool:
    """Whether the sentence claims an effect, in any of our languages: also in another than the customer's."""
    text = undisguised(sentence[:READ_LETTERS_MAX])
    if not words(text):
        return False
    return any(_claims_in(text, each) for each in _languages())


def _claims_in(text: str, language: _Claims) -> bool:
    for pattern in language.claims:
        for found in pattern.finditer(text):
            before = text[: found.start()]
            clause = _JOINS.split(before)[-1]
            if not language.tells.search(clause):
                return True
    return False


@cache
def _languages() -> tuple[_Claims, ...]:
    content = tomllib.loads((resources.files(__package__) / "effects.toml").read_text("utf-8"))
    return tuple(
        _Claims(tuple(map(re.compile, table["claims"])), re.compile("|".join(table["tells"])))
        for table in content.values()
    )
