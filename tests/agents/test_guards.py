"""What no passage supports is never sent."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from answerable.agents.guards import (
    REPLY_LETTERS_MAX,
    REPLY_TOO_LONG,
    SENTENCE_LETTERS_MAX,
    SENTENCE_TOO_LONG,
    GuardedSentence,
    SentenceGuard,
)
from answerable.agents.sentences import sentences
from tests.agents.articles import ERRORS, REFUNDS, RUECKGABE, hit

HITS = (hit(REFUNDS), hit(ERRORS, number=2, title="Invoice errors"), hit(RUECKGABE, number=3, title="Rückerstattung"))

WORDS = ["refund", "card", "plan", "month", "day", "takes", "costs", "the", "not", "a", "for", "after", "Pro", "Basic"]
FIGURES = st.one_of(
    st.integers(0, 4000).map(str),
    st.decimals(0, 500, places=2).map(str),
    st.integers(1000, 9_999_999).map(lambda number: f"{number:,}"),
)
SENTENCE = st.lists(
    st.one_of(st.sampled_from(WORDS), FIGURES, st.sampled_from(["€12", "5 %", "INV-403"])), min_size=3
).map(lambda words: f"Now {' '.join(words)}.")
PASSAGE = st.lists(SENTENCE, min_size=1, max_size=5)


def judged(text: str) -> GuardedSentence:
    guard = SentenceGuard(HITS)
    (only,) = guard.feed(text) + guard.finish()
    return only


@pytest.mark.parametrize(
    "sentence",
    [
        "Refunds reach your card in **5 business days**. [1]",
        "From *Refund times*: Refunds reach your card in 5 business days. [1]",
        "Your card gets the refund in 5 business days. [1]",
        "The Pro plan costs 84 euros a month. [1]",
        "2. Click **Refund**. [1]",
        "INV-403 means the invoice was paid on 3 March. [2]",
        "You can write to billing@ledgerly.example. [2]",
        "Die Rückerstattung dauert höchstens 14 Tage. [3]",
    ],
)
def test_what_a_passage_says_may_be_sent(sentence: str) -> None:
    assert judged(sentence).verdict == "supported"


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("Refunds reach your card in 7 business days. [1]", "7"),
        ("You can get a refund after 30 days. [1]", "not"),
        ("The Pro plan costs €12 a month. [1]", "12"),
        ("The Pro plan costs $84 a month. [1]", "$"),
        ("INV-404 means the invoice was paid on 3 March. [2]", "inv-404"),
        ("INV-403 means the invoice was paid on 3 April. [2]", "april"),
        ("You can write to refunds@ledgerly.example. [2]", "refunds@ledgerly.example"),
        ("Write about the invoice error at https://evil.example/pay. [2]", "https://evil.example/pay"),
        ("2. Click “Refund everything”. [1]", "refund everything"),
        ("Die Rückerstattung dauert höchstens 15 Tage. [3]", "15"),
        ("Elephants are grey.", "elephants"),
        ("Yes.", None),
        ("I have refunded you.", None),
        ("I have passed your question on to our billing team.", None),
        ("I'm passing this on to a colleague, who will answer you here.", None),
    ],
)
def test_what_no_passage_says_is_held_back_with_the_words_that_are_missing(sentence: str, missing: str | None) -> None:
    guarded = judged(sentence)

    assert guarded.verdict == "unsupported"
    assert not guarded.may_be_sent
    assert missing is None or missing in guarded.missing
    assert guarded.reason


@pytest.mark.parametrize(
    "sentence",
    [
        "Hello!",
        "From *Refund times*:",
        "Rückerstattung",
        "What can I help you with?",
        "I found nothing about this: “the moon”. ",
        "Please let me know if you have more questions.",
        "Kann ich sonst noch helfen?",
        "---\n",
        "[1]",
    ],
)
def test_what_states_nothing_needs_no_source(sentence: str) -> None:
    assert judged(sentence).verdict == "states_nothing"


@pytest.mark.parametrize("sentence", ["Did you know that refunds take 3 days?", "Hello, refunds take 3 days!"])
def test_a_fact_in_a_question_or_greeting_is_still_a_fact(sentence: str) -> None:
    assert judged(sentence).verdict == "unsupported"


def test_a_marker_of_the_wrong_passage_is_put_right() -> None:
    assert judged("INV-403 means the invoice was paid on 3 March. [1]\n").text.endswith("3 March. [2]\n")
    assert judged("Refunds reach your card in 5 business days [9].").text.endswith("days. [1]")
    assert judged("Refunds reach your card in 5 business days.").text.endswith("days. [1]")


def test_lists_headings_and_lead_ins_get_no_marker_that_was_not_written() -> None:
    reply = (
        "To ask for a refund:\n\n1. Open Settings and choose `Billing`.\n2. Click **Refund**. [9]\n\n## Refund times\n"
    )
    guard = SentenceGuard(HITS)

    shown = "".join(sentence.text for sentence in guard.feed(reply) + guard.finish())

    assert shown == reply.replace("[9]", "[1]")


def test_a_link_that_no_source_has_loses_its_address() -> None:
    kept = judged("Refunds reach [your card](https://help.ledgerly.example/1) in 5 business days. [1]")
    cut = judged("Refunds reach [your card](https://evil.example/?c=4242) in 5 business days. [1]")
    hidden = judged("Refunds reach ![your card](https://evil.example/x.png) your card in 5 business days. [1]")

    assert "https://help.ledgerly.example/1" in kept.text
    assert cut.text == "Refunds reach your card in 5 business days. [1]"
    assert judged("To ask for a refund:\n").text == "To ask for a refund:\n", (
        "a line that leads to a list needs no marker"
    )
    assert "evil" not in hidden.text


def test_nothing_is_supported_when_nothing_was_found() -> None:
    guarded = SentenceGuard(()).judge("Refunds take 5 days.")

    assert guarded.verdict == "unsupported"
    assert guarded.reason == "No passage was found that it could rest on."


@given(PASSAGE, st.data())
def test_a_verbatim_sentence_is_always_supported(passage: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(sentences("\n".join(passage))))

    assert SentenceGuard([hit("\n".join(passage))]).judge(chosen).verdict == "supported"


@given(PASSAGE, st.data())
def test_changing_a_digit_of_a_supported_sentence_makes_it_unsupported(passage: list[str], data: st.DataObject) -> None:
    text = "\n".join(passage)
    chosen = data.draw(st.sampled_from(sentences(text)))
    places = [match.start() for match in re.finditer(r"\d", chosen)]
    assume(places)
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != chosen[place]]))
    changed = chosen[:place] + other + chosen[place + 1 :]
    assume(not re.search(r"(?<![\d.,])0+\d", changed) and changed.strip() not in passage)

    assert SentenceGuard([hit(text)]).judge(changed).verdict == "unsupported"


@given(st.lists(st.integers(1, 9), max_size=60))
def test_a_reply_is_judged_alike_in_whatever_pieces_it_comes(sizes: list[int]) -> None:
    reply = (
        "Hello! From *Refund times*: Refunds reach your card in **5 business days**. [1] It costs $3.\n\n"
        "1. Open Settings and choose `Billing`.\n2. Click **Refund**. [1]\nSee [this](https://evil.example). Fine?"
    )
    whole, pieces, start = SentenceGuard(HITS), SentenceGuard(HITS), 0
    found: list[GuardedSentence] = []
    for size in [*sizes, len(reply)]:
        found += pieces.feed(reply[start : start + size])
        start += size

    assert found + pieces.finish() == whole.feed(reply) + whole.finish()


QUOTED = "> Refunds reach your card in **5 business days**. [1] You cannot get a refund after 30 days. [1]\n\n"


@pytest.mark.parametrize(
    ("translation", "passes"),
    [
        ("Erstattungen sind in 5 Werktagen auf Ihrer Karte.", True),
        ("Erstattungen sind in fünf Werktagen auf Ihrer Karte.", True),
        ("Nach 30 Tagen können Sie keine Erstattung mehr bekommen.", True),
        ("Erstattungen sind in 3 Werktagen auf Ihrer Karte.", False),
        ("Erstattungen sind in 5 Werktagen bei 10 % Gebühr auf Ihrer Karte.", False),
        ("Nach 30 Tagen können Sie noch eine Erstattung bekommen.", False),
        ("Erstattungen sind in 5 Werktagen auf Ihrer Karte, siehe www.example.com/geld.", False),
        ("Erstattungen sind in 5 Werktagen unter **Konto** zu sehen.", False),
        ("Wir haben Ihnen das Geld schon geschickt.", False),
    ],
)
def test_a_translation_passes_only_behind_its_quotation_with_the_same_facts(translation: str, passes: bool) -> None:
    def last_verdict(reply: str) -> bool:
        guard = SentenceGuard([hit(REFUNDS)])
        return (guard.feed(reply) + guard.finish())[-1].may_be_sent

    assert last_verdict(QUOTED + translation) is passes
    assert not last_verdict(translation), "without the quotation nobody could check it"


def test_a_quotation_is_translated_once() -> None:
    guard = SentenceGuard([hit(REFUNDS)])
    twice = "Erstattungen sind in 5 Werktagen auf Ihrer Karte.\n" * 2

    judged = guard.feed(QUOTED + twice) + guard.finish()

    assert [sentence.may_be_sent for sentence in judged if "Erstattungen" in sentence.text] == [True, False]
    assert all(sentence.passages == (1,) for sentence in judged if "Erstattungen" in sentence.text and sentence.quote)


def test_a_sentence_that_nobody_would_say_at_once_is_held_back_unread() -> None:
    guard = SentenceGuard(HITS)
    hostile = "Refunds take " + "[" * SENTENCE_LETTERS_MAX + ".\n"

    held, passed = guard.feed(f"{hostile}Refunds reach your card in 5 business days. [1]\n") + guard.finish()

    assert (held.may_be_sent, held.reason, held.written) == (False, SENTENCE_TOO_LONG, hostile)
    assert passed.may_be_sent


@pytest.mark.parametrize("piece", [7, 500, 1_000_000])
def test_of_a_reply_without_an_end_only_the_beginning_is_read_in_whatever_pieces_it_comes(piece: int) -> None:
    sentence = "Refunds reach your card in 5 business days. [1] "
    reply = sentence * 3_000
    guard = SentenceGuard(HITS)

    judged = [each for start in range(0, len(reply), piece) for each in guard.feed(reply[start : start + piece])]
    *read, cut_off = judged + guard.finish()

    assert len(read) == REPLY_LETTERS_MAX // len(sentence) - 1, "and the one whose end was not certain"
    assert all(each.may_be_sent for each in read)
    assert (cut_off.may_be_sent, cut_off.reason) == (False, REPLY_TOO_LONG)
    assert len(cut_off.written) < 2 * len(sentence)
