import random
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.inference.embedders import Vectors
from answerable.inference.embedders.scale import REFERENCE
from answerable.knowledge.embedding import text_to_embed
from answerable.knowledge.index import IndexedPassage, PassageIndex, SearchResult
from answerable.knowledge.postings import Postings
from answerable.knowledge.tokens import words

SENTENCES = [
    "Refunds of yearly plans take five days.",
    "Invoices are sent by mail each month.",
    "Reset your password from the sign-in page.",
    "Owners may add seats to a plan.",
    "A refund needs the number of the invoice.",
    "密码重置后请重新登录。",
]


class CountingEmbedder:
    """Its vectors count words, so that texts with like words are near."""

    name = "counting"
    dimensions = 16
    scale = REFERENCE

    def embed_query(self, text: str) -> Vectors:
        vector = np.zeros(self.dimensions, dtype=np.float32)
        for word in words(text):
            vector[sum(word.encode()) % self.dimensions] += 1
        return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.embed_query(text) for text in texts])


EMBEDDER = CountingEmbedder()


def a_passage(number: int, text: str, from_release: int, to_release: int | None, language: str) -> IndexedPassage:
    return IndexedPassage(
        passage_id=f"p{number:03}",
        article_id=f"a{number % 4}",
        revision_id=f"r{number}",
        title=f"Article {number % 4}",
        heading_path=(),
        text=text,
        language=language,
        from_release=from_release,
        to_release=to_release,
        vector=EMBEDDER.embed_query(text_to_embed(f"Article {number % 4}", (), text)),
    )


@st.composite
def shelves(draw: st.DrawFn) -> list[IndexedPassage]:
    """Passages of several releases, some with the same words."""
    rows = draw(
        st.lists(
            st.tuples(
                st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3).map(" ".join),
                st.integers(1, 5),
                st.one_of(st.none(), st.integers(2, 7)),
                st.sampled_from(["en", "zh"]),
            ),
            max_size=20,
        )
    )
    return [a_passage(number, *row) for number, row in enumerate(rows)]


QUESTIONS = st.sampled_from(["how long do refunds take", "invoice number", "重置密码", "", "seats of a plan"])


def an_index_of(passages: Sequence[IndexedPassage]) -> PassageIndex:
    index = PassageIndex(EMBEDDER)
    index.add(passages)
    return index


def found(index: PassageIndex, question: str, *, release: int = 1, language: str | None = None) -> SearchResult:
    return index.search(question, release=release, limit=30, history=("a plan",), language=language)


def is_in_force(passage: IndexedPassage, release: int) -> bool:
    return (
        passage.from_release is not None
        and passage.from_release <= release
        and (passage.to_release is None or release < passage.to_release)
    )


@given(shelves(), QUESTIONS, st.integers(1, 7), st.sampled_from([None, "en", "zh"]))
def test_a_release_is_searched_as_if_there_were_nothing_else(
    shelf: list[IndexedPassage], question: str, release: int, language: str | None
) -> None:
    in_force = [p for p in shelf if is_in_force(p, release) and language in (None, p.language)]

    whole, only_that_release = an_index_of(shelf), an_index_of(in_force)

    assert found(whole, question, release=release, language=language) == found(
        only_that_release, question, release=release
    )


@given(shelves(), QUESTIONS, st.integers(1, 7), st.randoms(use_true_random=False), st.integers(1, 5))
def test_passages_may_come_in_any_order_and_portions(
    shelf: list[IndexedPassage], question: str, release: int, chance: random.Random, portion: int
) -> None:
    shuffled = chance.sample(shelf, len(shelf))
    grown = PassageIndex(EMBEDDER)
    for start in range(0, len(shuffled), portion):
        grown.add(shuffled[start : start + portion])

    assert found(grown, question, release=release) == found(an_index_of(shelf), question, release=release)


@given(shelves(), QUESTIONS)
def test_closing_passages_is_as_if_they_had_been_added_closed(shelf: list[IndexedPassage], question: str) -> None:
    still_open = [passage for passage in shelf if passage.to_release is None]
    closed_later = an_index_of(shelf)
    closed_later.close([passage.passage_id for passage in still_open], to_release=6)
    closed_before = an_index_of(
        [a_passage(int(p.passage_id[1:]), p.text, p.from_release or 0, p.to_release or 6, p.language) for p in shelf]
    )

    assert all(
        found(closed_later, question, release=release) == found(closed_before, question, release=release)
        for release in (5, 6)
    )


def test_passages_with_the_same_words_come_in_the_order_of_their_ids() -> None:
    twins = [a_passage(number, SENTENCES[0], 1, None, "en") for number in (8, 0, 4)]

    assert [hit.passage_id for hit in found(an_index_of(twins), "refunds").hits] == ["p000", "p004", "p008"]


def test_adding_a_passage_again_changes_nothing() -> None:
    index = an_index_of([a_passage(1, SENTENCES[0], 1, None, "en")])
    before = found(index, "refunds")

    index.add([a_passage(1, SENTENCES[0], 1, None, "en")])

    assert len(index) == 1
    assert found(index, "refunds") == before


def test_without_an_embedder_passages_are_found_by_their_words() -> None:
    index = PassageIndex(None)
    index.add(
        [IndexedPassage(f"p{i}", f"a{i}", f"r{i}", "Help", (), text, "en", 1, None) for i, text in enumerate(SENTENCES)]
    )

    assert found(index, "How do I reset my password?").hits[0].passage_id == "p2"
    assert found(index, "重置密码").hits[0].passage_id == "p5"


def test_a_follow_up_is_found_by_what_was_said_before() -> None:
    index = an_index_of([a_passage(i, text, 1, None, "en") for i, text in enumerate(SENTENCES)])

    followed = index.search("And how?", release=1, limit=1, history=("I want to reset my password",))

    assert followed.hits[0].passage_id == "p002"


def test_nothing_is_found_before_the_first_release() -> None:
    index = an_index_of([a_passage(1, SENTENCES[0], 2, None, "en")])

    assert found(index, "refunds", release=1) == SearchResult((), 0.0, {})


def test_an_article_is_found_by_a_keyword_that_its_text_does_not_have() -> None:
    plans, password = a_passage(0, SENTENCES[0], 1, None, "en"), a_passage(1, SENTENCES[2], 1, None, "en")
    index = PassageIndex(EMBEDDER)
    index.add([plans, replace(password, keywords=("login", "locked out"))])

    found = index.search("I am locked out", release=1, limit=1)

    assert [hit.passage_id for hit in found.hits] == [password.passage_id]
    assert found.evidence is not None
    assert found.evidence.known == 1


def search_of(*passages: IndexedPassage, asked: str) -> SearchResult:
    index = PassageIndex(EMBEDDER)
    index.add(passages)
    return index.search(asked, release=1, limit=2)


@pytest.mark.parametrize("asked", ["reset my pasword", "reset my passwrod", "reset my passwords"])
def test_a_slip_of_the_pen_is_understood_but_trusted_less(asked: str) -> None:
    passages = [a_passage(number, text, 1, None, "en") for number, text in enumerate(SENTENCES[:4])]

    right, slipped = search_of(*passages, asked="reset my password"), search_of(*passages, asked=asked)

    assert slipped.hits[0].passage_id == right.hits[0].passage_id == "p002"
    assert slipped.rarities.keys() == right.rarities.keys(), "a quote is chosen by the word that is there"
    assert right.evidence is not None
    assert slipped.evidence is not None
    assert slipped.evidence.known <= right.evidence.known == 1


def test_a_run_of_letters_that_is_no_word_costs_no_memory() -> None:
    postings = Postings.of([words("Refunds of yearly plans take five days.")])

    tracemalloc.start()
    near = postings.near("abcdefghij" * 100)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert near == []
    assert most < 100_000, "a customer may write 32,768 letters, and all slips of such a word would be 28 GB"


def test_another_word_is_not_taken_for_a_slip() -> None:
    found = search_of(a_passage(0, "We protect your data.", 1, None, "en"), asked="Which project is it?")

    assert found.evidence is not None
    assert found.evidence.known == 0


def test_german_words_are_found_in_their_other_forms() -> None:
    cancel = a_passage(0, "Sie können jederzeit kündigen.", 1, None, "de-AT")
    invoice = a_passage(1, "Sie bekommen die Rechnungen monatlich.", 1, None, "de")

    assert search_of(cancel, invoice, asked="Wie ist das, wenn ich kündige?").hits[0].passage_id == "p000"
    assert search_of(cancel, invoice, asked="Rechnungen").hits[0].passage_id == "p001", "too short to tell the language"


def test_function_words_of_another_language_find_nothing() -> None:
    spanish = a_passage(0, "¿Por qué me han cobrado dos veces con mi tarjeta?", 1, None, "es")
    english = a_passage(1, "Cancel: a cancellation takes effect at once.", 1, None, "en")

    found = search_of(spanish, english, asked="¿Por qué me han cancelado con mi plan?")

    assert {hit.passage_id: hit.lexical for hit in found.hits}["p000"] == 0
    assert {"por", "mi"}.isdisjoint(found.rarities)
