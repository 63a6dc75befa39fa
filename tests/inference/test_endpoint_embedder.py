import json

import httpx2
import numpy as np
import pytest

from answerable.inference.embedders import EmbedderUnavailable
from answerable.inference.embedders.endpoint import EndpointEmbedder


def an_embedder(answer: httpx2.Response | None = None, *, asked: list[list[str]] | None = None) -> EndpointEmbedder:
    """Its endpoint gives vectors of length five, last text first, or always one answer."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        if answer is not None:
            return answer
        texts = json.loads(request.content)["input"]
        if asked is not None:
            asked.append(texts)
        rows = [{"object": "embedding", "index": i, "embedding": [3.0, 4.0 * (i + 1), 0.0]} for i in range(len(texts))]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return httpx2.Response(200, json={"object": "list", "data": rows[::-1], "model": "m", "usage": usage})

    client = httpx2.Client(transport=httpx2.MockTransport(respond))
    return EndpointEmbedder(base_url="http://127.0.0.1:1/v1", api_key="k", model="m", client=client)


def test_vectors_come_in_the_order_of_the_texts_and_have_length_one() -> None:
    vectors = an_embedder().embed_batch(["one", "two"])

    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.allclose(vectors[0], [0.6, 0.8, 0.0])


def test_many_texts_go_in_several_requests() -> None:
    asked: list[list[str]] = []

    vectors = an_embedder(asked=asked).embed_batch(["text"] * 300)

    assert vectors.shape == (300, 3)
    assert [len(texts) for texts in asked] == [128, 128, 44]


def test_a_question_is_asked_for_once() -> None:
    asked: list[list[str]] = []
    embedder = an_embedder(asked=asked)

    embedder.embed_query("Where is my invoice?")
    embedder.embed_query("Where is my invoice?")

    assert len(asked) == 1


def test_a_refused_key_is_said_and_is_not_worth_another_try() -> None:
    refused = httpx2.Response(401, json={"error": {"message": "bad key"}})

    with pytest.raises(EmbedderUnavailable, match="refuses the key") as raised:
        an_embedder(refused).embed_query("Hello?")

    assert not raised.value.may_help_to_retry


def test_a_lost_vector_is_noticed() -> None:
    empty = {"object": "list", "data": [], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}

    with pytest.raises(EmbedderUnavailable, match="0 vectors for 1 texts"):
        an_embedder(httpx2.Response(200, json=empty)).embed_query("Hello?")
