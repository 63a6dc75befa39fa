"""Whether a customer only urges what they have asked for already, or asks how far it has come: `is_urge(text, ...)`."""

import re
import tomllib
from functools import cache
from importlib import resources

from answerable.agents.phrases import DEFAULT_LANGUAGE, Language, plain
from answerable.agents.procedures.answers import read_yes_no


def is_urge(text: str, spoken: Language) -> bool:
    """Whether a whole message says no more than "yes, do it", or asks whether it has worked."""
    if read_yes_no(text, spoken):
        return True
    said = plain(text)
    return any(pattern.fullmatch(said) for pattern in (*_patterns(spoken.code), *_patterns(DEFAULT_LANGUAGE)))


@cache
def _patterns(code: str) -> tuple[re.Pattern[str], ...]:
    content = tomllib.loads((resources.files(__package__) / "urging.toml").read_text("utf-8"))
    return tuple(map(re.compile, content.get(code, ())))
