"""Brings the cosines of different embedders onto one scale: `CosineScale`, and `measured_scale` for one we do not know.

Some embedders give 0.1 to two texts that have nothing to do with each other, some 0.8. Weights and thresholds are
chosen on the scale of the default embedder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
"""Rows of length one: their dot product is the cosine."""

_Float = TypeVar("_Float", np.float32, np.float64)

QUESTIONS = (
    "How do I change the address on my invoices?",
    "Why was my card declined?",
    "Can I invite a colleague to my workspace?",
    "The app closes as soon as I open a photo.",
    "Where can I download all my data?",
    "How long does delivery to Norway take?",
)
ANSWERS = (
    "Invoices show the address in your billing settings. Open Billing, choose Edit, and save the new address.",
    "Banks decline a card when it has expired, when the limit is reached, or when online payments are switched off.",
    "Owners may invite people by mail. The invitation is valid for a week and can be sent again.",
    "Crashes after an update are mostly solved by installing the newest version and restarting the phone.",
    "An export of everything you have stored is made in the background and sent to you as a link.",
    "Parcels to Scandinavia arrive within four to seven working days, and customs may add two more.",
)


@dataclass(frozen=True, slots=True)
class CosineScale:
    """How an embedder's cosines lie."""

    related: float
    """What a question and the text that answers it usually have."""
    unrelated: float
    """What texts usually have that share no subject."""

    def to_reference(self, cosines: npt.NDArray[_Float]) -> npt.NDArray[_Float]:
        """What the default embedder would have given."""
        if self == REFERENCE:
            return cosines
        stretch = (REFERENCE.related - REFERENCE.unrelated) / max(self.related - self.unrelated, 1e-3)
        return REFERENCE.unrelated + (cosines - self.unrelated) * stretch


def measured_scale(
    embed_query: Callable[[str], Vectors], embed_batch: Callable[[Sequence[str]], Vectors]
) -> CosineScale:
    """The scale of an embedder, from a few questions of which we know the answers."""
    cosines = np.stack([embed_query(question) for question in QUESTIONS]) @ embed_batch(ANSWERS).T
    own = np.eye(len(QUESTIONS), dtype=np.bool_)
    return CosineScale(related=float(cosines[own].mean()), unrelated=float(cosines[~own].mean()))


REFERENCE = CosineScale(related=0.553, unrelated=0.052)
"""That of all-MiniLM-L6-v2, measured by `measured_scale`."""
