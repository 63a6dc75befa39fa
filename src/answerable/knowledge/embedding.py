"""What of a passage becomes a vector: `text_to_embed`, and `passage_vectors` that embeds such texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from answerable.inference.embedders import Embedder, Vectors

TITLE_SHARE = 0.25
"""How much of a passage's vector is that of its article's title. A title says what all of an article is for."""

_BETWEEN_HEADINGS = " > "


def text_to_embed(title: str, heading_path: Sequence[str], text: str) -> str:
    """What the embedder reads of a passage: where it stands, then what it says."""
    return _BETWEEN_HEADINGS.join(dict.fromkeys([" ".join(title.split()), *heading_path])) + "\n" + text


def passage_vectors(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """The vectors to index, of texts made by `text_to_embed`: each mostly its own, and a share of its title's."""
    titles = [text.split("\n", 1)[0].split(_BETWEEN_HEADINGS, 1)[0] for text in texts]
    different = list(dict.fromkeys(titles))
    row_of = {title: row for row, title in enumerate(different)}
    own, of_titles = embedder.embed_batch(texts), embedder.embed_batch(different)
    mixed = (1 - TITLE_SHARE) * own + TITLE_SHARE * of_titles[[row_of[title] for title in titles]]
    return np.asarray(mixed, dtype=np.float32)
