"""A person, at any moment: whoever asks for one is understood, and whoever only speaks of people is not."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from answerable.agents.turns import read_turn

MESSAGES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("asking_for_a_person.toml").read_text("utf-8"))


def asks_for_person(text: str) -> bool:
    return read_turn([{"role": "user", "content": text}]).kind == "person"


@pytest.mark.parametrize("code", MESSAGES)
def test_whoever_asks_for_a_person_is_understood(code: str) -> None:
    asks = MESSAGES[code]["asks"]

    assert len(asks) >= 40
    assert [each for each in asks if not asks_for_person(each)] == []


@pytest.mark.parametrize("code", MESSAGES)
def test_whoever_speaks_of_people_asks_for_none(code: str) -> None:
    asks_not = MESSAGES[code]["asks_not"]

    assert len(asks_not) >= 40
    assert [each for each in asks_not if asks_for_person(each)] == []


@pytest.mark.parametrize(
    "text",
    [
        "Vorrei parlare con una persona",
        "un operatore per favore",
        "Mi passi un operatore",
        "Quero falar com alguém",
        "uma pessoa, por favor",
        "Preciso de um atendente",
        "Ik wil graag met een medewerker spreken",
        "een mens alstublieft",
        "Ik wil een mens",
        "转人工",
        "我要找客服",
        "请给我真人",
        "Non voglio parlare con una macchina",
        "Ci sono persone vere da voi?",
        "Não quero falar com uma máquina",
        "Há pessoas reais aí?",
        "Ik wil niet met een machine praten",
        "Werken er bij jullie ook echte mensen?",
        "我不想和机器人说话",
    ],
)
def test_in_the_other_languages_that_are_read_they_are_understood_too(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "Which roles do you have: rep, manager, admin?",
        "Come aggiungo una persona al mio team?",
        "Posso convidar alguém?",
        "Hoe voeg ik een medewerker toe?",
        "Kan iemand anders de factuur betalen?",
        "如何添加成员？",
        "Quante persone possono usare il piano Team?",
        "Quantas pessoas podem usar o plano?",
        "Hoeveel mensen kunnen het Team-abonnement gebruiken?",
        "多少人可以使用团队版？",
        "I miei clienti non vogliono parlare con una macchina",
        "Er zijn echte mensen die dit gebruiken",
    ],
)
def test_a_list_of_roles_and_questions_in_other_languages_ask_for_none(text: str) -> None:
    assert not asks_for_person(text)
