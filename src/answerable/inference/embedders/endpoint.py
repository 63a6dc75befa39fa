"""Any OpenAI-compatible embeddings endpoint as an embedder: `EndpointEmbedder`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property

import httpx2
import numpy as np
import openai

from answerable.inference.embedders.embedder import EmbedderUnavailable
from answerable.inference.embedders.remembered import RememberedQueries
from answerable.inference.embedders.scale import CosineScale, Vectors, measured_scale

TEXTS_A_REQUEST = 128
CHARACTERS_MAX = 8_000
"""The rest of a longer text is not sent: endpoints refuse texts that are longer than their model reads."""
TIMEOUT_SECONDS = 30.0
TRIES = 3

log = logging.getLogger(__name__)


class EndpointEmbedder:
    """Turns texts into vectors by asking an endpoint."""

    def __init__(self, *, base_url: str | None, api_key: str, model: str, client: httpx2.Client | None = None) -> None:
        self._model = model
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key,
            timeout=TIMEOUT_SECONDS,
            max_retries=TRIES - 1,
            http_client=client,
        )
        self._remembered = RememberedQueries()

    @property
    def name(self) -> str:
        """The model and where it is served."""
        return f"{self._model}@{self._client.base_url.host}"

    @cached_property
    def dimensions(self) -> int:
        """How long a vector is; asks the endpoint once."""
        return int(self.embed_query("How long is a vector?").shape[0])

    @cached_property
    def scale(self) -> CosineScale:
        """Measured once, with two short requests."""
        return measured_scale(self.embed_query, self.embed_batch)

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, in order."""
        parts = [self._request(texts[at : at + TEXTS_A_REQUEST]) for at in range(0, len(texts), TEXTS_A_REQUEST)]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimensions), dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question; recent ones are remembered."""
        return self._remembered.get(text, lambda: np.asarray(self._request([text])[0], dtype=np.float32))

    def _request(self, texts: Sequence[str]) -> Vectors:
        # Endpoints refuse an empty text; a space is as empty.
        inputs = [text[:CHARACTERS_MAX] or " " for text in texts]
        try:
            answer = self._client.embeddings.create(model=self._model, input=inputs, encoding_format="float")
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise EmbedderUnavailable("The embeddings endpoint refuses the key.", may_pass=False) from error
        except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as error:
            log.warning("Embeddings endpoint %s: %s", self._client.base_url, error)
            raise EmbedderUnavailable("The embeddings endpoint does not answer.", may_pass=True) from error
        except openai.APIError as error:
            log.warning("Embeddings endpoint %s: %s", self._client.base_url, error)
            raise EmbedderUnavailable("The embeddings endpoint refuses the request.", may_pass=False) from error
        rows = sorted(answer.data, key=lambda row: row.index)
        if len(rows) != len(texts):
            sentence = f"The embeddings endpoint gave {len(rows)} vectors for {len(texts)} texts."
            raise EmbedderUnavailable(sentence, may_pass=False)
        vectors = np.array([row.embedding for row in rows], dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
