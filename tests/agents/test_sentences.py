"""A reply is cut into the same sentences, however it comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.agents.sentences import SentenceSplitter, sentences

PIECES = [*'aB1 .!?\n`*[]()-#。？:"…', "e.g. ", "[1]", "3. März", "```", "Dr. ", "https://x.y/z. "]
WRITING = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Dr. Smith paid 3.5 euros, e.g. by card. Then he left.",
            ["Dr. Smith paid 3.5 euros, e.g. by card. ", "Then he left."],
        ),
        ("It takes 5 days. [1] Else 7.[2][3] Fine", ["It takes 5 days. [1] ", "Else 7.[2][3] ", "Fine"]),
        ("See https://a.example/b.c. Then stop.", ["See https://a.example/b.c. ", "Then stop."]),
        ("1. Open it.\n2. Save. Done\n", ["1. Open it.\n", "2. Save. ", "Done\n"]),
        ("Am 3. März ist frei. Am 4. Danach nicht.", ["Am 3. März ist frei. ", "Am 4. ", "Danach nicht."]),
        ("你好。可以退款！[1]好吗？", ["你好。", "可以退款！[1]", "好吗？"]),
        ("No. See No. 5 for more.", ["No. ", "See No. 5 for more."]),
        ("**Note.** Use `a. B` here.", ["**Note.** ", "Use `a. B` here."]),
        ("```\nrun a. B\n```\nThat is all.", ["```\n", "run a. B\n", "```\n", "That is all."]),
        ("He said “Stop.” Then we left… Ok?!", ["He said “Stop.” ", "Then we left… ", "Ok?!"]),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_says_they_do(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(WRITING, st.lists(st.integers(1, 12), max_size=40))
def test_a_text_is_cut_alike_in_whatever_pieces_it_comes(text: str, sizes: list[int]) -> None:
    splitter, start = SentenceSplitter(), 0
    found: list[str] = []
    for size in [*sizes, len(text) + 1]:
        found += splitter.feed(text[start : start + size])
        start += size
    found += splitter.finish()

    assert found == sentences(text)
    assert "".join(found) == text, "nothing is lost"


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    splitter = SentenceSplitter()

    assert splitter.feed("Refunds take 5 days. [1]") == []
    assert splitter.feed(" T") == ["Refunds take 5 days. [1] "]
