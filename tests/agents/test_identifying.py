"""Who is not known is told how to change that, in their own language."""

import tomllib
from importlib import resources

import pytest

from answerable.agents.phrases import spoken_languages
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
