"""What asks for a procedure begins it; the verb of a request tells it from questions about the same."""

from pathlib import Path

import pytest

import answerable_demo
from answerable.agents.procedures.matching import Matcher, is_clear_request, is_request, verb_of_request
from answerable.inference.embedders import Embedder
from answerable.knowledge.procedures.reading import by_id, read_folder


@pytest.fixture(scope="module")
def matcher(embedder: Embedder) -> Matcher:
    found, faults = read_folder(Path(answerable_demo.__file__).parent / "workspace" / "procedures")
    assert not faults
    return Matcher(by_id(found), embedder)


@pytest.mark.parametrize(
    ("text", "procedure"),
    [
        ("refund my yearly renewal", "refund-a-charge"),
        ("refund my last invoice", "refund-a-charge"),
        ("cancel my plan", "cancel-subscription"),
        ("Could you refund my last payment?", "refund-a-charge"),
    ],
)
def test_a_request_in_its_own_verb_begins_a_procedure_though_an_article_answers(
    matcher: Matcher, text: str, procedure: str
) -> None:
    match = matcher.find(text)

    assert match is not None
    assert match.procedure == procedure
    assert match.is_wanted
    assert match.is_sure


@pytest.mark.parametrize(
    "text", ["How do I refund a client?", "When will my refund arrive?", "What is your refund policy?"]
)
def test_a_question_about_it_begins_none(matcher: Matcher, text: str) -> None:
    match = matcher.find(text)

    assert match is None or not match.is_wanted


@pytest.mark.parametrize(
    ("text", "procedure"),
    [
        ("Please change my plan", "change-plan"),
        ("switch me to monthly payment please", "change-plan"),
        ("Ich möchte vom Vertrag zurücktreten", "cancel-subscription"),
        ("Quisiera darme de baja", "cancel-subscription"),
        ("can i get back half of what i paid last month", "refund-a-charge"),
        ("Ich hätte gern das Geld für die letzte Abbuchung zurück", "refund-a-charge"),
        ("someone at your end took 84 euros from me twice", "duplicate-charge"),
        ("vous m'avez prélevé deux fois", "duplicate-charge"),
        ("Bonjour, vous m'avez prélevé deux fois", "duplicate-charge"),
        ("Mi móvil se ha roto y no puedo entrar", "lost-access"),
        ("delete my account", "data-deletion"),
        ("is there an outage right now? my payout is stuck", "service-incident"),
        ("Die Seite lädt bei uns überhaupt nicht", "service-incident"),
    ],
)
def test_a_request_in_a_customers_own_words_begins_its_procedure(matcher: Matcher, text: str, procedure: str) -> None:
    match = matcher.find(text)

    assert match is not None
    assert (match.procedure, match.is_wanted) == (procedure, True)


@pytest.mark.parametrize(
    "text",
    [
        "is there a fee if I change my plan?",
        "can I withdraw after 20 days?",
        "why is my payout late",
        "What happens to my invoices when I delete my account?",
        "Combien coûte le passage à l'offre Team ?",
        "Was passiert, wenn ich herunterstufe?",
    ],
)
def test_a_question_in_a_customers_own_words_begins_none(matcher: Matcher, text: str) -> None:
    match = matcher.find(text)

    assert match is None or not match.is_wanted


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("refund my renewal", "refund"),
        ("Could you please cancel our plan", "cancel"),
        ("My card was billed twice, fix it please", "fix"),
        ("Bitte erstatten Sie mir die Zahlung", "erstatten"),
        ("Quiero cancelar mi suscripción", "cancelar"),
        ("How do I cancel?", None),
        ("my account is locked", None),
    ],
)
def test_the_verb_of_a_request_is_found(text: str, verb: str | None) -> None:
    assert verb_of_request(text) == verb
    assert is_request(text) == (verb is not None)


@pytest.mark.parametrize(
    "text",
    [
        "Please don't send me my last invoice again",
        "Please stop sending me my last invoice again and again",
        "Please do not refund my last payment",
        "Do not cancel my plan",
        "Bitte schicken Sie mir die letzte Rechnung nicht noch einmal",
        "Ne m'envoyez pas la dernière facture",
    ],
)
def test_what_is_forbidden_begins_nothing(matcher: Matcher, text: str) -> None:
    match = matcher.find(text)

    assert match is None or not match.is_wanted


@pytest.mark.parametrize(
    ("text", "is_clear"),
    [
        ("Please send me my last invoice again", True),
        ("I did not get my invoice, could you send it again?", True),
        ("If possible, please send me my last invoice again", True),
        ("Thanks for sending my last invoice again", False),
        ("If I asked you to send my last invoice again, would you?", False),
        ("Ich möchte mein Abo nicht kündigen", False),
        ("Would you mind not sending me the invoice again", False),
        ("Here is what you sent me about my invoice", False),
    ],
)
def test_only_a_request_that_cannot_be_taken_for_its_opposite_is_clear(text: str, is_clear: bool) -> None:
    assert is_clear_request(text) == is_clear


@pytest.mark.parametrize(
    ("text", "procedure"),
    [
        ("I was charged twice for INV-2025-0317, please refund it", "duplicate-charge"),
        ("You charged me twice for INV-2025-0317. I want my money back.", "duplicate-charge"),
        ("please refund ch_9f2aZ1", "refund-a-charge"),
    ],
)
def test_the_name_of_a_thing_hides_no_wish(matcher: Matcher, text: str, procedure: str) -> None:
    match = matcher.find(text)

    assert match is not None
    assert (match.procedure, match.is_sure) == (procedure, True)
