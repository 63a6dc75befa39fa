"""Whoever writes is answered in their language, as far as the program speaks of its own accord."""

import re
import unicodedata

import pytest

from answerable.agents.guards import SentenceGuard
from answerable.agents.phrases import language, language_of, languages, spoken_languages
from answerable.agents.turns import read_turn

QUESTIONS = {
    "ar": "كيف يمكنني إلغاء اشتراكي؟",
    "cs": "Jak můžu zrušit předplatné?",
    "da": "Hvordan opsiger jeg mit abonnement?",
    "hi": "मैं अपनी सदस्यता कैसे रद्द करूँ?",
    "ja": "定期購入を解約するにはどうすればいいですか？",
    "ko": "구독을 취소하려면 어떻게 해야 하나요?",
    "pl": "Jak mogę anulować subskrypcję?",
    "ru": "Как отменить подписку?",
    "sv": "Hur säger jag upp mitt abonnemang?",
    "tr": "Aboneliğimi nasıl iptal edebilirim?",
    "uk": "Як скасувати підписку?",
    "vi": "Làm thế nào để hủy đăng ký của tôi?",
}
WIDELY_SPOKEN = {*QUESTIONS, "de", "en", "es", "fr", "it", "nl", "pt", "zh"}


def test_every_language_has_every_phrase_with_the_same_places() -> None:
    english = languages()["en"].frames
    places = {name: set(re.findall(r"\{\w+\}", text)) for name, text in english.items()}

    assert set(spoken_languages()) == WIDELY_SPOKEN
    for code, each in spoken_languages().items():
        assert {name: set(re.findall(r"\{\w+\}", text)) for name, text in each.frames.items()} == places, code
        assert code == "en" or not set(each.frames.values()) & set(english.values()), code


@pytest.mark.parametrize(("code", "asked"), QUESTIONS.items())
def test_a_question_is_taken_for_the_language_that_it_is_in(code: str, asked: str) -> None:
    turn = read_turn([{"role": "user", "content": asked}])

    assert language_of(asked) == code
    assert turn.language.frames == spoken_languages()[code].frames
    assert turn.kind == "question"


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("fr", "Passez-moi un humain, vite !"),
        ("fr", "Combien de personnes peuvent utiliser l'offre Team ?"),
        ("fr", "Combien de factures ?"),
        ("fr", "L'abonnement annuel"),
        ("it", "Quanto costa l'abbonamento?"),
        ("it", "C'è un limite?"),
        ("es", "¿Cuántas facturas de Team?"),
        ("pt", "Envie-me um recibo"),
        ("en", "Where is my e-mail?"),
        ("en", "Can I sign-in on a sub-account?"),
        ("de", "Was kostet das Add-on?"),
    ],
)
def test_few_words_are_told_by_what_is_cut_off_and_by_what_else_only_one_language_says(code: str, asked: str) -> None:
    assert language_of(asked) == code


@pytest.mark.parametrize(
    "asked",
    [
        "Faktura",
        "I am at work and for the most part under men",
        "چگونه اشتراک خود را لغو کنم؟",  # Persian
        "Как да отменя абонамента си?",  # Bulgarian
        "Hvordan sier jeg opp abonnementet mitt?",  # Norwegian
        "Ako zruším predplatné, môžem to urobiť sám?",  # Slovak
        "Miten voin peruuttaa tilauksen?",  # Finnish
    ],
)
def test_what_may_be_another_language_is_not_guessed(asked: str) -> None:
    assert language_of(asked) not in QUESTIONS


@pytest.mark.parametrize("code", sorted(WIDELY_SPOKEN))
def test_guards_let_pass_what_the_program_says_of_its_own_accord(code: str) -> None:
    spoken = language(code)
    for name in ("greeting_reply", "thanks_reply", "goodbye_reply", "small_talk_reply", "ask_which", "all_right"):
        guard = SentenceGuard([])
        said = guard.feed(spoken.frame(name)) + guard.finish()
        assert all(each.may_be_sent for each in said), (code, name)


def test_what_runs_the_other_way_is_set_apart_in_arabic() -> None:
    for name, text in language("ar").frames.items():
        first = next(sign for sign in text if unicodedata.bidirectional(sign) in ("L", "R", "AL"))
        assert unicodedata.bidirectional(first) == "AL", "a reader's program takes the direction from it"
        for place in re.findall(r".\*?\{\w+\}\*?.", text):
            assert (place[0], place[-1]) == ("\u2068", "\u2069"), name
