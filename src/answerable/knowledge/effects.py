"""Finds where a text says that something was done for the customer, or surely will be: `effect_in(text)`.

Whoever says so needs a receipt: a model that answers, and a procedure that is written down. Both are read with the same
table of words, `effects.toml`. A question that stands the other way round, a condition, a denial and a rule such as
"Refunds are paid back within 5 days" claim nothing.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal

_SENTENCE = re.compile(r"(?:[^.!?。！？\n]|\.(?=\w))+[.!?。！？]*")
# Behind these a clause stands for itself: "No problem, I have refunded you." The comma in 1,50 is none.
_JOINS = re.compile(
    r"[.,:](?!\d)|[!?;、，；：()\[\]{}|–—]|\b(?:so|but|and|aber|und|pero|y|mais|et|ma|e|mas|maar)\b(?!-)"
)  # fmt: skip
_BREAKS = re.compile(r"[,:;()–—](?!\d)")
# A sum of money; or a number behind whoever gets it: "We will refund you 20 credits".
_AMOUNT = re.compile(
    r"[€$£] ?\d|\d[\d.,]* ?(?:€|\$|£|(?:eur|euros?|usd|dollars?|gbp|pounds?|chf|franken|credits?|dólares|元)\b)"
    r"|\b(?:you|ihnen|dir|le|les|vous|lhe|u|je) (?!\d+ ?(?:business |working )?(?:days?|hours?|weeks?|months?))\d"
)
_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language says that something was done; `effects.toml` tells what each is."""

    claims: re.Pattern[str]
    futures: re.Pattern[str]
    to_you: re.Pattern[str]
    terms: re.Pattern[str]
    requests: re.Pattern[str]
    loosely: re.Pattern[str]
    nots: re.Pattern[str]
    conditions: re.Pattern[str]
    own: re.Pattern[str]
    that: re.Pattern[str]
    tells: re.Pattern[str]
    rules: re.Pattern[str]


def effect_in(text: str, *, written_by: Literal["model", "person"]) -> str | None:
    """The first clause of a text that claims an effect, in any of our languages, or None.

    A person can still be asked to write it otherwise, so that with theirs it errs on the side of finding one. They may
    have a procedure say that something was asked for; a model may not.
    """
    for sentence in _SENTENCE.findall(text):
        lower = " ".join(sentence.casefold().replace("’", "'").split())
        for language in _languages():
            more = _requested if written_by == "model" else _loosely
            found = _claimed(lower, language) or more(lower, language)
            if found:
                return _clause_of(" ".join(sentence.split()), found)
    return None


def _claimed(sentence: str, language: _Language) -> re.Match[str] | None:
    if found := _past(language.claims, sentence, language):
        return found
    for found in _all(language.futures, sentence):
        # What is told of a time to come is a rule as soon as a condition stands anywhere: "We will pay if …"
        if not (_is_denied(sentence, found, language) or language.conditions.search(sentence)):
            return found
    return _promised_to_you(sentence, language)


def _promised_to_you(sentence: str, language: _Language) -> re.Match[str] | None:
    """What is promised to whoever reads it. With a term it is told as a rule, but not with an amount in it."""
    is_rule = language.terms.search(sentence) and not _AMOUNT.search(sentence)
    if is_rule or language.conditions.search(sentence) or sentence.endswith(("?", "？")):
        return None
    return next((each for each in _all(language.to_you, sentence) if not _is_denied(sentence, each, language)), None)


def _requested(sentence: str, language: _Language) -> re.Match[str] | None:
    return _past(language.requests, sentence, language)


def _past(pattern: re.Pattern[str], sentence: str, language: _Language) -> re.Match[str] | None:
    for found in _all(pattern, sentence):
        # "It arrives after it was approved" tells when; "The refund, once more, was approved" does not.
        is_conditional = language.conditions.search(_before(sentence, found)) or language.conditions.search(
            _last(found)
        )
        if not (is_conditional or _is_denied(sentence, found, language)):
            return found
    return None


def _loosely(sentence: str, language: _Language) -> re.Match[str] | None:
    if sentence.endswith(("?", "？")):
        return None
    for found in _all(language.loosely, sentence):
        is_rule = language.rules.search(_before(sentence, found).strip())
        if not (is_rule or language.conditions.search(sentence) or _is_denied(sentence, found, language)):
            return found
    return None


def _all(pattern: re.Pattern[str], sentence: str) -> list[re.Match[str]]:
    """Every place where it begins, also within another: what is denied in the first may be claimed in the second."""
    found, start = [], 0
    while match := pattern.search(sentence, start):
        found.append(match)
        start = match.start() + 1
    return found


def _is_denied(sentence: str, found: re.Match[str], language: _Language) -> bool:
    before = _before(sentence, found)
    # "It was not refunded" denies it; "The refund, don't worry, was issued" does not.
    if language.nots.search(_last(found)):
        return True
    denials = list(language.nots.finditer(before))
    if not language.own.match(found[0]):
        return bool(denials or language.tells.search(before))
    # "I cannot say that I have refunded you" denies it; "Don't worry I have refunded you" does not.
    if denials and language.that.search(before[denials[-1].end() :]):
        return True
    # "Could I have refunded you?" tells of nothing; "I can confirm that I have refunded you" does.
    word = " ".join(before.split()[-1:])
    return bool(language.tells.search(word) and not language.that.fullmatch(word))


def _last(found: re.Match[str]) -> str:
    """What stands in it behind the last break."""
    return _BREAKS.split(found[0])[-1]


def _before(sentence: str, found: re.Match[str]) -> str:
    """What stands before it in the same clause."""
    return _JOINS.split(sentence[: found.start()])[-1]


def _clause_of(sentence: str, found: re.Match[str]) -> str:
    """The clause around it, as it was written; the whole sentence where lower case has other places."""
    if len(sentence) != len(found.string):
        return sentence
    begun = found.start() - len(_before(sentence, found))
    rest = _JOINS.search(sentence, found.end())
    return sentence[begun : rest.start() if rest and rest[0] not in ".!" else len(sentence)].strip()


@cache
def _languages() -> tuple[_Language, ...]:
    content = tomllib.loads((resources.files(__package__) / "effects.toml").read_text("utf-8"))
    return tuple(
        _Language(**{name: _pattern(table[name], table["words"]) for name in table if name != "words"})
        for table in content.values()
    )


def _pattern(parts: list[str], words: dict[str, str]) -> re.Pattern[str]:
    if not parts:
        return _NOTHING
    joined = "|".join(f"(?:{part})" for part in parts)
    while any(f"<{name}>" in joined for name in words):
        for name, word in words.items():
            joined = joined.replace(f"<{name}>", word)
    return re.compile(joined)
