"""Builds an index of a set; vectors are kept in a file, so that the second run is a matter of seconds."""

from __future__ import annotations

import hashlib
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from answerable.inference.embedders import CosineScale, Embedder, Vectors
from answerable.knowledge.embedding import passage_vectors, text_to_embed
from answerable.knowledge.index import IndexedPassage, PassageIndex
from answerable.knowledge.passages import cut_passages
from benchmarks.public_sets.reading import Page

TEXTS_AT_ONCE = 64


class KeptEmbedder:
    """An embedder whose vectors are kept in a file."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self._embedder = embedder
        folder.mkdir(parents=True, exist_ok=True)
        self._kept = sqlite3.connect(folder / f"{embedder.name}.sqlite")
        self._kept.execute("create table if not exists vectors (digest blob primary key, vector blob) without rowid")

    @property
    def name(self) -> str:
        """Of the embedder."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """Of the embedder."""
        return self._embedder.dimensions

    @property
    def scale(self) -> CosineScale:
        """Of the embedder."""
        return self._embedder.scale

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, in order."""
        missing = [text for text in dict.fromkeys(texts) if self._vector("passage", text) is None]
        for start in range(0, len(missing), TEXTS_AT_ONCE):
            part = missing[start : start + TEXTS_AT_ONCE]
            for text, vector in zip(part, self._embedder.embed_batch(part), strict=True):
                self._keep("passage", text, vector)
            self._kept.commit()
            if sys.stderr.isatty():
                print(f"\r{start + len(part)} of {len(missing)} passages embedded", end="", file=sys.stderr)
        found = [self._vector("passage", text) for text in texts]
        return (
            np.stack([vector for vector in found if vector is not None])
            if texts
            else np.zeros((0, self.dimensions), dtype=np.float32)
        )

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question."""
        vector = self._vector("query", text)
        if vector is None:
            vector = self._embedder.embed_query(text)
            self._keep("query", text, vector)
            self._kept.commit()
        return vector

    def _vector(self, kind: str, text: str) -> Vectors | None:
        row = self._kept.execute("select vector from vectors where digest = ?", [_digest(kind, text)]).fetchone()
        return None if row is None else np.frombuffer(row[0], dtype=np.float32)

    def _keep(self, kind: str, text: str, vector: Vectors) -> None:
        content = vector.astype(np.float32).tobytes()
        self._kept.execute("insert or replace into vectors values (?, ?)", [_digest(kind, text), content])


def _digest(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}\n{text}".encode()).digest()


def passages_of(pages: Sequence[Page], embedder: Embedder | None) -> list[IndexedPassage]:
    """The pages cut as an import cuts them, with vectors if there is an embedder."""
    cut = [(page, span) for page in pages for span in cut_passages(page.text)]
    texts = [text_to_embed(page.title, span.heading_path, span.text) for page, span in cut]
    vectors = passage_vectors(embedder, texts) if embedder is not None else [None] * len(cut)
    return [
        IndexedPassage(
            passage_id=f"{page.id}:{span.number:04}",
            article_id=page.id,
            revision_id=page.id,
            title=page.title,
            heading_path=span.heading_path,
            text=span.text,
            language="en",
            from_release=1,
            to_release=None,
            vector=vector,
        )
        for (page, span), vector in zip(cut, vectors, strict=True)
    ]


def shelf_of(pages: Sequence[Page], embedder: Embedder | None) -> PassageIndex:
    """An index of the pages."""
    index = PassageIndex(embedder)
    index.add(passages_of(pages, embedder))
    return index
