"""An answer to a choice is understood by what its values are called, and by other words that are named for them."""

import pytest

from answerable.agents.phrases import language
from answerable.agents.procedures.answers import read_answer
from tests.procedures.shop import procedure

TEXT = """\
---
id: pay
title: Pay
when: Somebody pays.
examples: [pay]
needs:
  how:
    kind: choice
    options:
      monthly: {en: Monthly, de: Monatlich}
      yearly: {en: Yearly, de: Jährlich}
    also:
      monthly: [per month, every month]
      yearly: [once a year, annual, im jahr]
    ask: How?
steps:
  - ask: how
---

Words.
"""


@pytest.mark.parametrize(
    ("code", "text", "meant"),
    [
        ("en", "yearly", "yearly"),
        ("en", "I'd pay once a year", "yearly"),
        ("en", "once a year!!!", "yearly"),
        ("de", "einmal im Jahr", "yearly"),
        ("en", "not every month, once a year", "yearly"),
        ("en", "every month and I can't wait", "monthly"),
        ("en", "not once a year", None),
        ("en", "once a year is not for me", None),
        ("en", "once a year or every month", None),
        ("en", "maybe once a year", None),
        ("en", "biannual", None),
        ("en", "yes", None),
        ("en", "both", None),
    ],
)
def test_a_value_is_known_by_its_other_words_unless_they_are_denied(code: str, text: str, meant: str | None) -> None:
    need = procedure(TEXT).needs["how"]

    assert read_answer(need, text, language(code)) == meant
