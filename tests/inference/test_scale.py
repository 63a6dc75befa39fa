import numpy as np

from answerable.inference.embedders import Embedder
from answerable.inference.embedders.scale import REFERENCE, CosineScale, measured_scale


def test_the_reference_is_the_scale_of_the_default_embedder(embedder: Embedder) -> None:
    measured = measured_scale(embedder.embed_query, embedder.embed_batch)

    assert np.isclose(measured.related, REFERENCE.related, atol=0.01)
    assert np.isclose(measured.unrelated, REFERENCE.unrelated, atol=0.01)


def test_cosines_of_another_embedder_are_brought_onto_the_scale_of_the_default_one() -> None:
    crowded = CosineScale(related=0.9, unrelated=0.8)

    assert np.allclose(crowded.to_reference(np.array([0.9, 0.8])), [REFERENCE.related, REFERENCE.unrelated])
