import shutil
from pathlib import Path

import numpy as np
import pytest

from answerable.inference.embedders import Embedder, EmbedderUnavailable
from answerable.inference.embedders.minilm import VOCABULARY, MiniLmEmbedder


def test_texts_that_mean_the_same_are_near(embedder: Embedder) -> None:
    password, secret, weather = embedder.embed_batch(
        ["How do I reset my password?", "I forgot my login secret", "It rains in Paris"]
    )

    assert password @ secret > 0.5
    assert password @ weather < 0.2


def test_a_text_has_the_same_vector_alone_and_among_others(embedder: Embedder) -> None:
    texts = ["Refunds take five days.", "Write to us. " * 80, "", "密码"]

    together = embedder.embed_batch(texts)
    alone = np.stack([embedder.embed_query(text) for text in texts])

    assert np.allclose(together, alone, atol=1e-5)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_an_altered_file_is_refused(tmp_path: Path) -> None:
    altered = tmp_path / "vocabulary.txt"
    shutil.copy(VOCABULARY, altered)
    altered.write_text(altered.read_text(encoding="utf-8") + "!", encoding="utf-8")

    with pytest.raises(EmbedderUnavailable, match="not the one that we ship with"):
        MiniLmEmbedder(vocabulary=altered)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match=r"weights\.onnx cannot be read"):
        MiniLmEmbedder(weights=tmp_path / "weights.onnx")
