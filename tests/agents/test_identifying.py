"""Who is not known is told how to change that, in their own language."""

import tomllib
from importlib import resources

import pytest

from answerable.agents.identifying import asks_for_code
from answerable.agents.phrases import language, spoken_languages
from answerable.people.proving import address_in


def test_every_language_can_ask_who_it_is() -> None:
    sentences = tomllib.loads((resources.files("answerable.agents") / "identifying.toml").read_text("utf-8"))
    english = sentences["en"]

    assert set(sentences) == set(spoken_languages())
    for code, each in sentences.items():
        assert set(each) == set(english), code
        assert code == "en" or not set(each.values()) & set(english.values()), code


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ines@studiomare.example", "ines@studiomare.example"),
        ("It is Ines@StudioMare.example.", "Ines@StudioMare.example"),
        ("my mail: <ines@studiomare.example>, thanks!", "ines@studiomare.example"),
        ("ines@studiomare.example or bram@studiomare.example", None),
        ("I have none", None),
        ("ines@studiomare.example " + "and so on " * 40, None),
    ],
)
def test_an_address_is_read_where_there_is_one(text: str, address: str | None) -> None:
    assert address_in(text) == address


FOR_A_CODE = {
    "en": [
        "I did not get it", "send me another code", "Can you send it again?", "nothing came",
        "It hasn't arrived yet",
        "I have not received any email", "Please resend the code.", "there is no mail in my inbox",
        "another one please",
        "I never got a code, and I am in a hurry", "can I have a new one?", "The mail still has not arrived",
    ],
    "de": [
        "Ich habe nichts bekommen", "Bitte schicken Sie mir den Code noch einmal", "Der Code ist nicht angekommen",
        "nochmal bitte",
        "Ich brauche einen neuen Code", "Es kam keine Mail", "Können Sie ihn erneut senden?",
    ],
    "es": ["No me ha llegado", "Envíeme otro código", "¿Me lo puede enviar otra vez?", "No he recibido nada"],
    "fr": ["Je n'ai rien reçu", "Renvoyez-le-moi", "Envoyez-moi un nouveau code", "Le code n'est pas arrivé"],
    "it": ["Non ho ricevuto niente", "Mi mandi un nuovo codice", "Può inviarlo di nuovo?"],
    "pt": ["Não recebi nada", "Envie-me um novo código", "O código não chegou"],
    "nl": ["Ik heb niets ontvangen", "Stuur de code opnieuw", "Ik heb geen code gekregen"],
    "zh": ["没收到", "请再发一次", "请重新发送验证码"],
}  # fmt: skip
FOR_SOMETHING_ELSE = {
    "en": [
        "Please send me an invoice again", "I have not received my invoice", "I need another seat",
        "Resend the receipt",
        "I didn't get my money back", "I do not have time", "I want another person to pay",
        "never have I been so angry",
        "Can you send me another reminder?",
    ],
    "de": [
        "Bitte schicken Sie mir die Rechnung noch einmal", "Ich habe mein Geld nicht bekommen",
        "Erneut zu viel bezahlt",
    ],
    "es": ["Envíeme la factura otra vez", "No he recibido la factura", "Necesito de nuevo el recibo"],
    "fr": ["Renvoyez-moi la facture", "Je n'ai pas reçu la facture", "On m'a débité encore une fois"],
    "it": ["Mi mandi di nuovo la fattura", "Non ho ricevuto il rimborso"],
    "pt": ["Envie-me a fatura novamente", "Não recebi o reembolso"],
    "nl": ["Stuur de factuur opnieuw", "Ik heb mijn geld niet ontvangen"],
    "zh": ["请再发一次发票", "没收到退款"],
}  # fmt: skip


@pytest.mark.parametrize("code", FOR_A_CODE)
def test_only_what_is_about_a_code_asks_for_another_one(code: str) -> None:
    spoken = language(code)

    assert [each for each in FOR_A_CODE[code] if not asks_for_code(each, spoken)] == []
    assert [each for each in FOR_SOMETHING_ELSE[code] if asks_for_code(each, spoken)] == []
