"""How likely it is that the best hit answers the question: `confidence_in(evidence)`, calibrated on data."""

from __future__ import annotations

import json
import math
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from pathlib import Path

COEFFICIENTS = Path(__file__).parent / "confidence.json"
"""Fitted by `benchmarks/fit_confidence.py`, which writes where they come from into the same file."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a search says about its best hit. All but `dense` lie between 0 and 1."""

    dense: float
    """The cosine between question and best passage."""
    covered: float
    """How much of the question, by the rarity of its words, the best passage holds."""
    covered_by_article: float
    """The same for the whole article."""
    known: float
    """The same for everything in force: words that nobody has written about count against."""
    lead: float
    """How far the best hit is before the best one of another article."""
    agreement: float
    """1 when words and meaning choose the same passage, less the farther apart they are."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """A logistic regression over `Evidence`."""

    intercept: float
    weights: tuple[float, ...]


def confidence_in(evidence: Evidence) -> float:
    """From 0 to 1: how likely it is that the best hit answers the question."""
    coefficients = shipped_coefficients()
    logit = coefficients.intercept + sum(
        weight * value for weight, value in zip(coefficients.weights, astuple(evidence), strict=True)
    )
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@lru_cache(maxsize=1)
def shipped_coefficients() -> Coefficients:
    """What `COEFFICIENTS` holds."""
    content = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    weights = tuple(float(content["weights"][field.name]) for field in fields(Evidence))
    return Coefficients(float(content["intercept"]), weights)
