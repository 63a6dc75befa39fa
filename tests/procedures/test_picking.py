"""Which of a list is meant: by day, amount, name, order or place; what fits several is asked, nothing is guessed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.agents.figures import for_customer
from answerable.agents.phrases import language, languages
from answerable.agents.procedures.answers import read_which
from answerable.agents.procedures.picking import Picked
from answerable.agents.procedures.things import Thing, thing_of
from answerable.domain.procedures import Need

NEED = Need(
    "charge",
    1,
    "found",
    {"en": "Which charge is it about?", "de": "Um welche Zahlung geht es?", "es": "¿De qué cargo se trata?"},
)
TODAY = date(2026, 11, 23)


def charge(name: str, amount: str, at: str, invoice: str, currency: str = "EUR") -> Thing:
    shown = for_customer(f"{amount} {currency} on {at[:10]} for {invoice}", "en")
    money: dict[str, Any] = {"amount": amount, "currency": currency}
    return thing_of({"id": name}, [money, at, invoice], shown=shown, name=name)


CHARGES = (
    charge("ch_6", "2372.00", "2026-11-23T10:00:00Z", "INV-2026-1690"),
    charge("ch_5", "84.00", "2026-11-03T10:00:00Z", "INV-2026-1587"),
    charge("ch_4", "84.00", "2026-10-03T10:00:00Z", "INV-2026-1426"),
    charge("ch_3", "12.00", "2026-03-05T10:00:41Z", "INV-2026-0317"),
    charge("ch_2", "12.00", "2026-03-05T10:00:00Z", "INV-2026-0317"),
    charge("ch_1", "84.00", "2025-03-03T10:00:00Z", "INV-2025-0317"),
)


def picked(text: str, code: str = "en", *, seen: int = len(CHARGES)) -> list[str] | str | None:
    found = read_which(NEED, CHARGES, text, language(code), seen=seen, today=TODAY)
    return found.unknown or [each.id for each in found.things] if found is not None else None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("the newest one", ["ch_6"]),
        ("the latest", ["ch_6"]),
        ("my last payment", ["ch_6"]),
        ("the most recent one please", ["ch_6"]),
        ("the oldest", ["ch_1"]),
        ("the first", ["ch_6"]),
        ("the second charge", ["ch_5"]),
        ("the third one", ["ch_4"]),
        ("2", ["ch_5"]),
        ("the bottom one", ["ch_1"]),
        ("the biggest", ["ch_6"]),
        ("march 2025", ["ch_1"]),
        ("the one from October", ["ch_4"]),
        ("3 October", ["ch_4"]),
        ("October 3rd", ["ch_4"]),
        ("3.11.", ["ch_5"]),
        ("2026-11-03", ["ch_5"]),
        ("today's", ["ch_6"]),
        ("last month", ["ch_4"]),
        ("the 84.00 one from November", ["ch_5"]),
        ("€2,372", ["ch_6"]),
        ("1587", ["ch_5"]),
        ("INV-1587", ["ch_5"]),
        ("invoice 2025-0317", ["ch_1"]),
        ("no, the one from October", ["ch_4"]),
        ("the latest 12 euro one", ["ch_3"]),
    ],
)
def test_one_of_a_list_is_found_however_it_is_named(text: str, meant: list[str]) -> None:
    assert picked(text) == meant


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("the last one", ["ch_6", "ch_1"]),
        ("the one from March", ["ch_3", "ch_2", "ch_1"]),
        ("the 84 euro one", ["ch_5", "ch_4", "ch_1"]),
        ("the 12 euro one from march", ["ch_3", "ch_2"]),
        ("317", ["ch_3", "ch_2", "ch_1"]),
        ("the last two", ["ch_6", "ch_5"]),
        ("INV-2026-1587 or INV-2026-1426", ["ch_5", "ch_4"]),
    ],
)
def test_what_fits_several_is_not_decided(text: str, fit: list[str]) -> None:
    assert picked(text) in (fit, None)


DENIED = ("not the last one", "not march", "maybe the latest", "anything but the newest", "half of it")
UNHEARD_OF = ("the blue one", "I don't know", "both", "all of them")


@pytest.mark.parametrize("text", [*DENIED, *UNHEARD_OF])
def test_what_is_denied_doubted_or_unheard_of_is_not_understood(text: str) -> None:
    assert picked(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("INV-9999", "INV-9999"),
        ("inv-2024-0001 please", "inv-2024-0001"),
        ("ch_9", "ch_9"),
        ("ch_twicecarmen", "ch_twicecarmen"),
    ],
)
def test_a_name_that_none_has_is_said_to_be_unknown(text: str, name: str) -> None:
    assert picked(text) == name
    assert picked(f"please refund {text}", seen=0) == name


@pytest.mark.parametrize("text", ["May of last year, or 2019", "yesterday", "99 euros"])
def test_what_is_understood_and_not_there_is_none(text: str) -> None:
    assert picked(text) in ([], None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Please refund my last payment", ["ch_6"]),
        ("I did not receive my last invoice", ["ch_6"]),
        ("May I have the latest invoice?", ["ch_6"]),
        ("I was billed by mistake on 3 October, please give it back", ["ch_4"]),
        ("I need a copy of my March invoice", ["ch_3", "ch_2", "ch_1"]),
        ("order 4711 was bad, refund it", None),
        ("I first need to know something", None),
        ("The last time I asked nobody answered", None),
        ("I want a refund", None),
    ],
)
def test_first_words_speak_of_one_only_where_they_do_so_beyond_doubt(text: str, meant: list[str] | None) -> None:
    assert picked(text, seen=0) == meant


@pytest.mark.parametrize(
    ("code", "text", "meant"),
    [
        ("de", "die neueste bitte", ["ch_6"]),
        ("de", "meine letzte Zahlung", ["ch_6"]),
        ("de", "die vom 3. Oktober", ["ch_4"]),
        ("de", "die zweite", ["ch_5"]),
        ("de", "nicht die letzte", None),
        ("es", "la más reciente", ["ch_6"]),
        ("es", "la de marzo de 2025", ["ch_1"]),
        ("es", "la segunda", ["ch_5"]),
        ("fr", "la plus récente", ["ch_6"]),
        ("fr", "celle de mars 2025", ["ch_1"]),
        ("it", "il più recente", ["ch_6"]),
        ("pt", "a mais recente", ["ch_6"]),
        ("nl", "die van oktober", ["ch_4"]),
        ("zh", "最新的", ["ch_6"]),
        ("zh", "第二个", ["ch_5"]),
        ("zh", "10月3日", ["ch_4"]),
    ],
)
def test_it_is_understood_in_each_language(code: str, text: str, meant: list[str] | None) -> None:
    assert picked(text, code) == meant


NAMES = st.integers(1000, 9999).map(lambda number: f"INV-2026-{number}")
LISTS = st.lists(
    st.builds(
        lambda name, cents, days, seconds: charge(
            f"ch_{name[-4:]}x",
            f"{Decimal(cents) / 100:.2f}",
            (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=days, seconds=seconds)).isoformat(),
            name,
        ),
        NAMES,
        st.sampled_from([1200, 8400, 7400, 237200]) | st.integers(1, 10**7),
        st.integers(0, 1000),
        st.integers(0, 86_399),
    ),
    min_size=1,
    max_size=10,
    unique_by=lambda each: each.id,
)


def which(things: list[Thing], text: str, code: str = "en") -> Picked | None:
    return read_which(NEED, things, text, language(code), seen=len(things), today=TODAY)


@given(things=LISTS, code=st.sampled_from(sorted(languages())), data=st.data())
def test_whatever_is_picked_has_what_was_said_of_it(things: list[Thing], code: str, data: st.DataObject) -> None:
    meant = data.draw(st.sampled_from(things))
    assert meant.day is not None

    by_day = which(things, for_customer(meant.day.isoformat(), code), code)
    assert by_day is not None
    assert list(by_day.things) == [each for each in things if each.day == meant.day]
    by_amount = which(things, for_customer(f"{meant.amounts[0][0]} EUR", code), code)
    assert by_amount is not None
    assert list(by_amount.things) == [each for each in things if each.amounts == meant.amounts]
    by_name = which(things, meant.names[1], code)
    assert by_name is not None
    assert list(by_name.things) == [each for each in things if each.names[1] == meant.names[1]]
    assert which(things, meant.id, code) == Picked((meant,))


@given(things=LISTS)
def test_the_newest_and_the_oldest_are(things: list[Thing]) -> None:
    newest, oldest = which(things, "the newest"), which(things, "the oldest")
    moments = [each.at for each in things if each.at]

    assert newest is not None
    assert oldest is not None
    assert {each.at for each in newest.things} == {max(moments)}
    assert {each.at for each in oldest.things} == {min(moments)}


@settings(max_examples=300)
@given(
    things=LISTS,
    code=st.sampled_from(sorted(languages())),
    text=st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            ["the", "last", "not", "84", "€", "march", "3", "INV-2026-1000", "second", "newest", "or", "2026"]
        ),
        max_size=7,
    ).map(" ".join),
)
def test_nothing_breaks_it_and_a_denied_answer_picks_nothing(things: list[Thing], code: str, text: str) -> None:
    found = which(things, text, code)

    if "not" in text.split() and code == "en":
        assert found is None or found.unknown
