"""Who says that something was done is heard, in eight languages; who asks, denies or tells a rule is left in peace."""

import tomllib
from pathlib import Path
from typing import Literal

import pytest

from answerable.agents.effects import claims_effect
from answerable.knowledge.effects import effect_in

SAID = tomllib.loads((Path(__file__).parent / "said.toml").read_text("utf-8"))
Writer = Literal["model", "person"]
WRITERS: tuple[Writer, ...] = ("model", "person")


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("language", SAID)
def test_a_promise_is_heard_whoever_makes_it(language: str, writer: Writer) -> None:
    unheard = [each for each in SAID[language]["promises"] if effect_in(each, written_by=writer) is None]

    assert unheard == []


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("language", SAID)
def test_what_promises_nothing_is_left_in_peace(language: str, writer: Writer) -> None:
    faults = [each for each in SAID[language]["harmless"] if effect_in(each, written_by=writer) is not None]

    assert faults == []


def test_a_model_may_not_say_that_it_asked_for_something_and_a_procedure_may() -> None:
    asked = "I have requested the refund and got no answer in time."

    assert effect_in(asked, written_by="model")
    assert effect_in(asked, written_by="person") is None


def test_the_clause_is_told_and_not_what_stands_around_it() -> None:
    said = "No problem, your refund of 20.00 EUR was issued, and all is well."

    assert effect_in(said, written_by="person") == "your refund of 20.00 EUR was issued"


@pytest.mark.parametrize("said", ["I have refunded you, is that all right?", "NO PROBLEM: IT HAS BEEN PAID!"])
def test_a_question_or_an_exclamation_behind_it_takes_nothing_back(said: str) -> None:
    assert claims_effect(said)
    assert effect_in(said, written_by="person")


@pytest.mark.parametrize(
    "condition", ["If the charge was made twice, ", "Once a colleague has agreed, ", "When you have cancelled, "]
)
def test_what_will_be_done_under_a_condition_is_a_rule(condition: str) -> None:
    assert effect_in("I'll refund you.", written_by="model")
    assert effect_in(f"{condition}I'll refund you.", written_by="model") is None


@pytest.mark.parametrize(
    "said",
    [
        "I can confirm that I have refunded you.",
        "I can confirm your refund has been issued.",
        "You will be glad to hear that I have refunded you.",
        "Without further delay I have refunded you.",
        "Don't worry I have refunded you.",
        "Because you never used it I have cancelled your subscription.",
        "Ohne weitere Verzögerung habe ich Ihnen das Geld erstattet.",
        "Puedo confirmar que he reembolsado el importe.",
    ],
)
def test_a_not_or_a_can_before_it_that_is_about_something_else_takes_nothing_back(said: str) -> None:
    assert claims_effect(said)
    assert effect_in(said, written_by="person")


@pytest.mark.parametrize(
    "said",
    [
        "A refund reaches your card within 3 to 5 business days after it was approved.",
        "I cannot say that I have refunded you.",
        "I can't confirm that your refund was issued.",
        "No he cancelado nada.",
    ],
)
def test_a_not_that_is_about_it_or_a_time_within_it_does(said: str) -> None:
    assert effect_in(said, written_by="model") is None
    assert effect_in(said, written_by="person") is None


@pytest.mark.parametrize(
    "policy",
    [
        "We refund yearly renewals within 14 days.",
        "We will refund you within 14 days of the purchase.",
        "Your subscription is cancelled at the end of the paid period.",
        "We will send you an e-mail.",
        "Once cancelled, you are no longer a subscriber.",
        "Wir erstatten Ihnen den Betrag innerhalb von 14 Tagen.",
        "Le reembolsamos el importe en un plazo de 14 días.",
        "Nous vous remboursons dans un délai de 14 jours.",
    ],
)
def test_a_policy_that_is_told_in_general_or_with_its_term_may_be_quoted(policy: str) -> None:
    assert effect_in(policy, written_by="model") is None


@pytest.mark.parametrize(
    "promise",
    [
        "We will refund you 20 euros within 14 days.",
        "We are going to refund you 20 giraffe credits within 14 days.",
        "Wir erstatten Ihnen 20 € innerhalb von 14 Tagen.",
        "Le reembolsamos 20 euros en un plazo de 14 días.",
        "Nous vous remboursons 20 euros dans un délai de 14 jours.",
    ],
)
def test_an_amount_in_it_makes_it_a_promise_whatever_the_term(promise: str) -> None:
    assert effect_in(promise, written_by="model") is not None
