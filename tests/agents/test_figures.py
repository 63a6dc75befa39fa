"""What a customer reads of amounts and days is what is kept: to the cent, to the day, in each language."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.agents.figures import amounts_in, for_customer
from answerable.agents.phrases import language, languages
from answerable.agents.procedures.answers import read_answer, read_money
from answerable.agents.statements import Statement
from answerable.domain.procedures import Need

LANGUAGES = st.sampled_from(sorted(languages()))
CENTS = st.integers(0, 10**11).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))
DAY = Need("day", 1, "date", {"en": "Which day?"})


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("en", "€1,033.20 on 14 March 2026"),
        ("de", "1.033,20 € on 14. März 2026"),
        ("es", "1033,20 € on 14 de marzo de 2026"),
        ("fr", "1033,20 € on 14 mars 2026"),
        ("nl", "€ 1.033,20 on 14 maart 2026"),
        ("zh", "€1,033.20 on 2026年3月14日"),
        ("ja", "1033.20 EUR on 2026-03-14"),
    ],
)
def test_amounts_and_days_are_written_as_the_language_writes_them(code: str, reads: str) -> None:
    assert for_customer("1033.20 EUR on 2026-03-14", code).replace("\u00a0", " ") == reads


@given(code=LANGUAGES, amount=CENTS, currency=st.sampled_from(["EUR", "GBP", "USD", "CHF", "SEK"]))
def test_an_amount_that_is_shown_is_read_as_the_same(code: str, amount: str, currency: str) -> None:
    shown = for_customer(f"{amount} {currency}", code)

    assert amounts_in(shown) == [(amount, currency)]
    assert read_money(shown, language(code)) == {"amount": amount, "currency": currency}


@given(code=LANGUAGES, day=DAYS)
def test_a_day_that_is_shown_is_read_as_the_same(code: str, day: date) -> None:
    shown = for_customer(day.isoformat(), code)

    assert read_answer(DAY, shown, language(code)) == day.isoformat()


@given(code=LANGUAGES, amount=CENTS, other=CENTS)
def test_amounts_that_differ_are_shown_differently(code: str, amount: str, other: str) -> None:
    same = for_customer(f"{amount} EUR", code) == for_customer(f"{other} EUR", code)

    assert same == (amount == other)


@given(code=LANGUAGES, amount=CENTS)
def test_the_guard_takes_an_amount_for_the_same_however_it_is_written(code: str, amount: str) -> None:
    kept = {each.key for each in Statement.read(f"Refunded: {amount} EUR").tokens if each.kind != "word"}
    shown = Statement.read(f"Refunded: {for_customer(f'{amount} EUR', code)}")

    assert {each.key for each in shown.tokens if each.kind != "word"} == kept


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/2026-03-14/a",
        "invoice-2026-03-14.pdf",
        "INV-2026-03-14",
        "2026-13-14",
        "1.84.00 EUR",
        "84.00 EURO",
    ],
)
def test_what_is_a_piece_of_something_else_stays(text: str) -> None:
    assert for_customer(text, "en") == text


@given(code=LANGUAGES, text=st.text(max_size=80) | st.from_regex(r"[0-9 .,EUR-]{0,30}", fullmatch=True))
def test_nothing_is_written_twice(code: str, text: str) -> None:
    once = for_customer(text, code)

    assert for_customer(once, code) == once
