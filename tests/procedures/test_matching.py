"""What asks for a procedure begins it; the verb of a request tells it from questions about the same."""

from pathlib import Path

import pytest

import answerable_demo
from answerable.agents.procedures.matching import Matcher, is_request, verb_of_request
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
