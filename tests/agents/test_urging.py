"""Whoever only urges what is under way is told how far it has come, and nothing is looked for or done again."""

import pytest

from answerable.agents.phrases import language
from answerable.agents.urging import is_urge


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "yes, please do it"),
        ("en", "Please go ahead!"),
        ("en", "Did it work?"),
        ("en", "did my refund go through yet?"),
        ("en", "any news?"),
        ("en", "what about my refund"),
        ("de", "Ja, bitte machen Sie das"),
        ("de", "Hat es geklappt?"),
        ("es", "adelante por favor"),
        ("fr", "allez-y"),
        ("it", "proceda"),
        ("nl", "is het gelukt?"),
        ("zh", "继续吧"),
    ],
)
def test_an_urge_is_known(code: str, text: str) -> None:
    assert is_urge(text, language(code))


@pytest.mark.parametrize(
    "text",
    [
        "What does the Team plan cost?",
        "no",
        "please refund another one",
        "yes, but only half of it",
        "Did it rain in Lisbon when you made the invoice?",
        "go away",
        "do it for the other charge instead",
    ],
)
def test_whoever_says_something_else_is_heard(text: str) -> None:
    assert not is_urge(text, language("en"))
