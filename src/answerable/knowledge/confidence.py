"""How likely it is that the best hit answers the question: `confidence_in(evidence)`, calibrated on data.

`shipped().threshold` is the confidence below which a turn should be handed off.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

COEFFICIENTS = Path(__file__).parent / "confidence.json"
"""Written by `benchmarks/fit_confidence.py`, with where it comes from."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a search says about its best hit."""

    nearness: float
    """The cosine of the best hit with the question, or with the question in its conversation if that is higher; on the
    scale of the default embedder."""
    lead: float
    """By how much of its score the best hit is before the best one of another article."""
    known: float
    """How much of what is asked, by the rarity of its words, anything in force speaks about at all."""
    distinctness: float
    """By how much the nearest passage is nearer than the nearest five are on the average."""


EVIDENCE = ("nearness", "lead", "known", "distinctness")


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic regression over `Evidence`, and where to draw the line."""

    intercept: float
    weights: tuple[float, ...]
    """In the order of `EVIDENCE`."""
    threshold: float
    """Below this confidence a turn should be handed off."""

    def confidence(self, evidence: Evidence) -> float:
        """From 0 to 1."""
        values = (getattr(evidence, name) for name in EVIDENCE)
        logit = self.intercept + sum(weight * value for weight, value in zip(self.weights, values, strict=True))
        return round(1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))), 6)


def confidence_in(evidence: Evidence) -> float:
    """From 0 to 1: how likely it is that the best hit answers the question."""
    return shipped().confidence(evidence)


@lru_cache(maxsize=1)
def shipped() -> Calibration:
    """The calibration in `COEFFICIENTS`."""
    content = json.loads(COEFFICIENTS.read_text(encoding="utf-8"))
    weights = tuple(float(content["weights"][name]) for name in EVIDENCE)
    return Calibration(float(content["intercept"]), weights, float(content["threshold"]))
