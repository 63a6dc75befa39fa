"""Whether a sentence asks the customer for what nobody may ask them for: passwords, codes, numbers of cards."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from answerable.agents.phrases import undisguised

READ_LETTERS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class _Asking:
    """How a language asks for them."""

    things: re.Pattern[str]
    asks: re.Pattern[str]


def asks_for_secret(sentence: str) -> bool:
    """Whether the sentence asks for a secret, in any of our languages: also in another than the customer's."""
    text = undisguised(sentence[:READ_LETTERS_MAX])
    return any(each.things.search(text) and each.asks.search(text) for each in _languages())


@cache
def _languages() -> tuple[_Asking, ...]:
    content = tomllib.loads((resources.files(__package__) / "asking_secrets.toml").read_text("utf-8"))
    return tuple(_Asking(re.compile(table["things"]), re.compile(table["asks"])) for table in content.values())
