"""What says that something was done needs a receipt; what explains how things are done does not."""

import re
import tomllib
from importlib import resources

import pytest

from answerable.agents.effects import claims_effect
from answerable.agents.found import FoundHit
from answerable.agents.guards import SentenceGuard
from answerable.agents.phrases import spoken_languages
from tests.agents.articles import REFUNDS, hit

CLAIMS = [
    "I have refunded 84.00 EUR to your card.",
    "No problem, I've just cancelled it.",
    "We sent you the invoice again.",
    "Your refund has been issued.",
    "Your subscription was cancelled.",
    "Your money is on its way to you.",
    "All done!",
    "Ich habe Ihnen 84 € erstattet.",
    "Der Betrag wurde erstattet.",
    "He reembolsado el importe.",
    "J’ai annulé votre abonnement.",
    "Ho rimborsato l'importo.",
    "Cancelei a sua assinatura.",
    "Ik heb het bedrag terugbetaald.",
    "我已经为您退款了。",
]
EXPLAINS = [
    "Once your refund has been issued, it takes 5 days.",
    "If we cancelled your plan, you can come back.",
    "Refunds reach your card in 5 business days.",
    "No refund has been issued.",
    "We have updated our prices in May.",
    "You can get a refund when you were charged twice.",
    "An invoice that was sent cannot be changed.",
    "Beträge werden innerhalb von 5 Tagen erstattet.",
    "Wenn Ihr Abo gekündigt wurde, bleiben die Daten.",
    "Una vez que se ha reembolsado, tarda 5 días.",
]


@pytest.mark.parametrize("sentence", CLAIMS)
def test_what_says_that_something_was_done_is_heard(sentence: str) -> None:
    assert claims_effect(sentence)


@pytest.mark.parametrize("sentence", EXPLAINS)
def test_what_explains_how_things_are_done_is_left_alone(sentence: str) -> None:
    assert not claims_effect(sentence)


def outcome(text: str, *, is_receipt: bool, number: int) -> FoundHit:
    return FoundHit(
        number=number, passage_id="act_1", article_id="", revision_id="", title="", url=None, heading_path=(),
        text=text, score=1.0, is_outcome=True, is_receipt=is_receipt,
    )  # fmt: skip


def may_be_sent(text: str, *hits: FoundHit) -> bool:
    guard = SentenceGuard(hits)
    return all(each.may_be_sent for each in guard.feed(text) + guard.finish())


def test_only_a_receipt_supports_that_something_was_done_whatever_an_article_says() -> None:
    said = "Your refund of 84.00 EUR has been issued."
    article = hit(REFUNDS.replace("Refunds", f"{said} Refunds"), number=1)

    assert not may_be_sent(f"{said} [1]", article)
    assert not may_be_sent(said, article, outcome(said, is_receipt=False, number=2))
    assert may_be_sent(said, article, outcome(said, is_receipt=True, number=2))
    assert not may_be_sent("Your refund of 840.00 EUR has been issued.", outcome(said, is_receipt=True, number=1))


def test_what_came_of_an_action_may_be_said_and_is_not_shown_as_a_source() -> None:
    waits = "A colleague has to decide about this first. Nothing has been done yet."
    guard = SentenceGuard([outcome(waits, is_receipt=False, number=1)])

    said = guard.feed(f"{waits} [1]") + guard.finish()

    assert "".join(each.text for each in said) == waits
    assert all(each.may_be_sent and not each.passages for each in said)


def test_every_language_can_say_what_came_of_an_action() -> None:
    sentences = tomllib.loads((resources.files("answerable.agents") / "outcomes.toml").read_text("utf-8"))
    english = sentences["en"]
    places = {name: re.findall(r"\{\w+\}", text) for name, text in english.items()}

    assert set(sentences) == set(spoken_languages())
    for code, each in sentences.items():
        assert {name: re.findall(r"\{\w+\}", text) for name, text in each.items()} == places, code
        assert code == "en" or not set(each.values()) & set(english.values()), code


def test_a_promise_to_whoever_reads_it_is_not_told_though_an_article_makes_it_and_a_rule_is() -> None:
    promise = "We are going to refund you 20 giraffe credits."
    rules = [
        "We refund yearly renewals within 14 days.",
        "If you were charged twice, we refund you one of the charges.",
    ]
    article = hit("\n\n".join([promise, *rules]))

    assert not may_be_sent(f"{promise} [1]", article)
    assert [each for each in rules if not may_be_sent(f"{each} [1]", article)] == []
