"""Asking the customer whether they want exactly this, and hearing their yes: by the program, with no model in between.

The question names what would be done with all its arguments, in the customer's language where the action has words for
it. An answer counts only if it is the next thing that the customer says, and nothing but a yes or a no.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from answerable.actions.declaring import Action
from answerable.agents.asked import Asked
from answerable.agents.phrases import DEFAULT_LANGUAGE, language, plain
from answerable.domain.actions import ActionCall
from answerable.knowledge.procedures.templates import Missing, fill, shown

_CHOICE = re.compile(r"[a-z]+(_[a-z]+)+")
MARK = "– "
"""Before each thing that would be done."""


@dataclass(frozen=True, slots=True)
class _Words:
    """How it is said in one language."""

    question: str
    dropped: str
    yes: frozenset[str]
    no: frozenset[str]


def question(lines: Iterable[str], code: str) -> str:
    """The question whether all of this shall be done."""
    return "\n".join([_words(code).question, "", *(f"{MARK}{line}" for line in lines)])


def dropped(code: str) -> str:
    """What is said after a no."""
    return _words(code).dropped


def line_of(call: ActionCall, declared: Mapping[str, Action], code: str) -> str:
    """What would be done, with all its arguments, on one line."""
    action = declared.get(call.action)
    asks = action.asks if action is not None else {}
    template = asks.get(code) or asks.get(DEFAULT_LANGUAGE)
    if template is not None:
        return fill(template, lambda name: _value(call.arguments.get(name)))
    told = ", ".join(f"{name.replace('_', ' ')}: {_value(value)}" for name, value in call.arguments.items())
    title = call.action.replace("_", " ").capitalize()
    return f"{title} ({told})" if told else title


def says(asked: Asked) -> Literal["yes", "no"] | None:
    """Whether the customer just answered yes or no, and nothing else, to what may be a question of this kind."""
    last = asked.before[-1] if asked.before else None
    if last is None or last.author != "agent" or last.decision is None or last.decision.kind != "ask":
        return None
    heads = {each.question: each for each in _every().values()}
    words = heads.get(last.text.partition("\n")[0])
    if words is None:
        return None
    answers = {plain(message.text) for message in asked.said}
    if answers <= words.yes:
        return "yes"
    return "no" if answers <= words.no else None


def is_yes(text: str, code: str) -> bool:
    """Whether a message is a yes and nothing else."""
    return plain(text) in _words(code).yes


def named_in(text: str, calls: Sequence[ActionCall], declared: Mapping[str, Action]) -> tuple[ActionCall, ...]:
    """The calls that a question named: exactly those, and all of them; none if it is not such a question."""
    head, _, rest = text.partition("\n\n")
    code = next((code for code, words in _every().items() if words.question == head), None)
    if code is None:
        return ()
    # Of two calls for the same the newer one is meant.
    by_line = {line_of(call, declared, code): call for call in calls}
    lines = [line.removeprefix(MARK) for line in rest.split("\n")]
    found = tuple(by_line[line] for line in lines if line in by_line)
    return found if question((line_of(each, declared, code) for each in found), code) == text else ()


def _value(value: Any) -> str:
    """A value in plain words on one line."""
    if value is None:
        return "–"
    try:
        text = shown(value)
    except Missing:
        text = shown(json.dumps(value, ensure_ascii=False, sort_keys=True))
    # One of several that a type allows, such as `at_period_end`; a reference is shown as it is.
    return text.replace("_", " ") if _CHOICE.fullmatch(text) else text


def _words(code: str) -> _Words:
    return _every().get(code, _every()[DEFAULT_LANGUAGE])


@cache
def _every() -> dict[str, _Words]:
    content = tomllib.loads((resources.files(__package__) / "agreeing.toml").read_text("utf-8"))
    english = language(DEFAULT_LANGUAGE)
    return {
        code: _Words(
            question=table["question"],
            dropped=table["dropped"],
            # What is read of a language anyway counts, and English always does.
            yes=frozenset(map(plain, table["yes"])) | language(code).yes | english.yes,
            no=frozenset(map(plain, table["no"])) | language(code).no | english.no,
        )
        for code, table in content.items()
    }
