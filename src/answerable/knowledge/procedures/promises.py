"""Tells a sentence that states an effect, such as that something was refunded: `states_effect(text)`.

It reads clause by clause. A question states nothing, and neither does a clause that denies, or that says "if". It errs
on the side of finding an effect: whoever writes such a sentence is asked to name the receipt in it.
"""

import re
import tomllib
from functools import cache
from importlib import resources

_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_CLAUSES = re.compile(r"[,;:–—，；：]|\s(?:and|but|und|aber|y|pero|et|mais|e|ma|mas|en|maar)\s")


def states_effect(text: str) -> str | None:
    """The first clause of a text that states an effect, or None."""
    for sentence in _SENTENCE.findall(text):
        if sentence.rstrip().endswith(("?", "？")):
            continue
        for clause in _CLAUSES.split(sentence):
            lower = clause.casefold().replace("’", "'")
            if any(_states(lower, *patterns) for patterns in _patterns()):
                return clause.strip()
    return None


def _states(clause: str, effects: re.Pattern[str], denials: re.Pattern[str]) -> bool:
    denial = denials.search(clause)
    # What denies stands before what it denies: "was refunded without delay" denies nothing.
    return any(denial is None or denial.start() > found.start() for found in effects.finditer(clause))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    content = tomllib.loads((resources.files(__package__) / "promises.toml").read_text("utf-8"))
    return tuple(
        (re.compile("|".join(table["effects"])), re.compile("|".join(table["denials"]))) for table in content.values()
    )
