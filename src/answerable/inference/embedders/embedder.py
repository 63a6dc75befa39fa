"""What an embedder promises: `Embedder`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from answerable.domain.errors import Unavailable
from answerable.inference.embedders.scale import CosineScale, Vectors


class EmbedderUnavailable(Unavailable):
    """The embedder cannot be used: a file is missing or altered, or an endpoint does not answer."""

    def __init__(self, sentence: str, *, may_pass: bool) -> None:
        super().__init__(sentence)
        self.may_help_to_retry = may_pass


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """Names model and weights; vectors of different names must not be compared."""

    @property
    def dimensions(self) -> int:
        """How long a vector is."""

    @property
    def scale(self) -> CosineScale:
        """How its cosines lie, so that they can be compared with those of the default embedder."""

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text that is to be found, normalised to length one."""

    def embed_query(self, text: str) -> Vectors:
        """The vector of what somebody asks, normalised to length one."""
