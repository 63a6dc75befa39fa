"""How a procedure asks for what it needs, and how it asks once more: `question(known, need)`."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

from answerable.agents.phrases import DEFAULT_LANGUAGE, plain
from answerable.agents.procedures.knowing import Known
from answerable.domain.procedures import Need, words_in

Why = Literal["not_understood", "several", "unknown", "none"]
"""Why something is asked again: the answer was not understood, fits several, names what is not there, or fits none."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the customer is asked, and what they may choose from."""

    words: str
    options: tuple[str, ...] = ()

    def offers(self, text: str) -> bool:
        """Whether a text is one of the options, word for word."""
        return plain(text) in map(plain, self.options)


def question(known: Known, need: Need, *, why: Why | None = None, name: str = "") -> Question:
    """The question for a need. `why` it is asked again, and the `name` that is unknown. Raises Missing."""
    words = known.told(words_in(need.ask, known.spoken.code))
    offered = [each.shown for each in known.offered(need)]
    offered += [words_in(each.words, known.spoken.code) for each in need.options]
    if offered:
        offered.append(known.spoken.frame("something_else"))
    if why is not None:
        before = _sentences().get(known.spoken.code, _sentences()[DEFAULT_LANGUAGE])[why]
        words = f"{before.replace('{name}', name)} {words}"
    return Question(words, tuple(offered))


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files(__package__) / "asking.toml").read_text("utf-8"))
