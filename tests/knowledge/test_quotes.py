from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from answerable.knowledge.quotes import choose_quotes
from tests.knowledge.test_passages import BODIES

REFUNDS = """## Refunds

Yearly plans can be refunded within 30 days. Monthly plans cannot.

To ask for a refund:

1. Open **Billing**.
2. Choose the invoice.
3. Press *Ask for a refund*.

It takes up to five working days until the money is back.
"""


@given(st.text(), BODIES)
def test_a_quote_is_always_verbatim(question: str, text: str) -> None:
    for quote in choose_quotes(question, text):
        assert quote.text
        assert quote.text == text[quote.start : quote.end]


@given(BODIES)
def test_a_text_that_is_its_own_question_is_quoted(text: str) -> None:
    quotes = choose_quotes(text, text)

    assert all(before.end <= after.start for before, after in pairwise(quotes))


def test_steps_stay_together_with_what_leads_up_to_them() -> None:
    (quote,) = choose_quotes("Which invoice do I choose to ask for a refund?", REFUNDS, characters_max=150)

    assert quote.text.startswith("To ask for a refund:")
    assert quote.text.endswith("3. Press *Ask for a refund*.")


def test_the_sentence_that_answers_is_quoted_whole() -> None:
    (quote,) = choose_quotes("Within how many days can yearly plans be refunded?", REFUNDS, characters_max=50)

    assert quote.text == "Yearly plans can be refunded within 30 days."


def test_nothing_is_quoted_of_a_text_that_has_nothing_to_do_with_the_question() -> None:
    assert choose_quotes("Which aeroplanes fly to Lisbon?", REFUNDS) == ()


def test_room_that_is_left_at_the_end_of_a_section_goes_to_what_stands_before() -> None:
    text = "## Data\n\nIt is kept for 90 days.\n\nThen it is deleted.\n\nSee the deletion policy.\n\n## More\n\nOther."

    (quote,) = choose_quotes("What does the deletion policy say?", text)

    assert quote.text.startswith("It is kept for 90 days.")
    assert quote.text.endswith("See the deletion policy.")


def test_words_of_the_title_do_not_choose_the_sentence() -> None:
    text = "Charities get 30 % off.\n\nThe discount holds from the next charge on. A discount cannot be combined."

    (quote,) = choose_quotes(
        "Is there a discount for charities?", text, above=("Discounts for charitable work",), characters_max=30
    )

    assert quote.text == "Charities get 30 % off."


def test_a_question_about_the_whole_article_is_answered_with_its_beginning() -> None:
    text = (
        "In force from 1 January.\n\n## R-1 Cards\n\nRefunds go back to the card.\n\n## R-2 Limits\n\n"
        + "More of it " * 99
        + "."
    )

    (quote,) = choose_quotes("What is your refund policy?", text, above=("Refund policy",))

    assert quote.text.startswith("In force from 1 January.\n\n## R-1 Cards\n\nRefunds go back to the card.")
    assert quote.text.endswith("the card."), "no heading is left without what it announces"
