"""Asking the customer whether they want exactly this, and hearing their yes: by the program, with no model in between.

The question names what would be done with all its arguments, in the customer's language where the action has words for
it. An answer counts only if it is the next thing that the customer says, and nothing but a yes or a no.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from answerable.actions.declaring import Declaration
from answerable.agents.asked import Asked
from answerable.agents.phrases import DEFAULT_LANGUAGE, language, plain
from answerable.domain.actions import ActionCall
from answerable.knowledge.procedures.templates import PLACE

MARK = "– "
"""Before each thing that would be done."""

_CHOICE = re.compile(r"[a-z]+(_[a-z]+)+")
_CHOICE_SHOWN = re.compile(r"[a-z]+(-[a-z]+)+")
_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(?:(Z)|([+-]\d{2}:?\d{2}))?",
    re.ASCII,
)
# Such as `ch_1` or `ines@example.com`: it ends where a space or a comma stands, and needs no quotation marks.
_WORD = re.compile(r"[^\W_](?:[\w.@+/:%=-]*[^\W_])?")
# What would be read as a link, an emphasis, an entity, an end of a quotation, or not be seen at all.
_SIGNS = re.compile(
    r"[<>\[\]`|*#~\\“”‹]|:(?=//)|(?<=[mM][aA][iI][lL][tT][oO]):|&(?=#?\w)"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^ |(?<= ) | $"
    r"|[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_PART_END = re.compile(r"[,.;!…\n]+|\s(?:and|und|y|et|e|en)\s")
_BEFORE_APART = re.compile(r"(?:^|[\s(])$")
_AFTER_APART = re.compile(r"[),.;:?!]*(?:\s|$)")


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


def line_of(call: ActionCall, declared: Mapping[str, Declaration], code: str) -> str:
    """What a call would do, on one line."""
    return line(call.action, call.arguments, declared, code)


def line(name: str, arguments: Mapping[str, Any], declared: Mapping[str, Declaration], code: str) -> str:
    """What an action would do, with all its arguments whole, on one line: other arguments make another line."""
    action = declared.get(name)
    asks = action.asks if action is not None else {}
    template = asks.get(code) or asks.get(DEFAULT_LANGUAGE)
    if template is not None:
        return PLACE.sub(lambda place: _in_place(place, _value(arguments.get(place[1]))), template)
    told = ", ".join(f"{each.replace('_', ' ')}: {_value(value)}" for each, value in arguments.items())
    title = name.replace("_", " ").capitalize()
    return f"{title} ({told})" if told else title


def says(asked: Asked) -> Literal["yes", "no"] | None:
    """Whether the customer just answered yes or no, and nothing else, to what may be a question of this kind."""
    words = _asked_in(asked)
    if words is None:
        return None
    answers = {plain(message.text) for message in asked.said}
    if answers <= words.yes:
        return "yes"
    return "no" if answers <= words.no else None


def was_asked(asked: Asked, *, but: str | None = None) -> bool:
    """Whether the last that the customer read is such a question: whatever they say answers no other one.

    `but`: what something else asks in the same way.
    """
    lines = asked.before[-1].text.split("\n") if asked.before else []
    return _asked_in(asked) is not None and f"{MARK}{but}" not in lines


def _asked_in(asked: Asked) -> _Words | None:
    last = asked.before[-1] if asked.before else None
    if last is None or last.author != "agent" or last.decision is None or last.decision.kind != "ask":
        return None
    heads = {each.question: each for each in _every().values()}
    return heads.get(last.text.partition("\n")[0])


def is_yes(text: str, code: str) -> bool:
    """Whether a message is a yes and nothing else, also one in several parts: "sure, go ahead"."""
    yes = _words(code).yes | language(code).yes
    parts = [plain(each) for each in _PART_END.split(text)]
    return plain(text) in yes or (any(parts) and all(each in yes for each in parts if each))


def is_no(text: str, code: str) -> bool:
    """Whether a message begins with a no, whatever follows it: "No. What is that?\""""
    first = next(filter(None, map(plain, _PART_END.split(text))), "")
    return first in _words(code).no | language(code).no


def named_in(text: str, calls: Sequence[ActionCall], declared: Mapping[str, Declaration]) -> tuple[ActionCall, ...]:
    """The calls that a question named: exactly those, and all of them; none if it is not such a question.

    A line that could mean either of two wishes names neither.
    """
    head, _, rest = text.partition("\n\n")
    code = next((code for code, words in _every().items() if words.question == head), None)
    if code is None:
        return ()
    by_line: dict[str, ActionCall] = {}
    unclear = set()
    for call in calls:
        named = line_of(call, declared, code)
        # Of two calls for the same the newer one is meant.
        before = by_line.setdefault(named, call)
        if (before.action, before.arguments) != (call.action, call.arguments):
            unclear.add(named)
        by_line[named] = call
    put = dict.fromkeys(each.removeprefix(MARK) for each in rest.split("\n"))
    found = tuple(by_line[each] for each in put if each in by_line and each not in unclear)
    return found if question((line_of(each, declared, code) for each in found), code) == text else ()


def _in_place(place: re.Match[str], value: str) -> str:
    """A value as it stands in a sentence: within quotation marks where nothing else shows its beginning and end."""
    template = place.string
    is_apart = _BEFORE_APART.search(template[: place.start()]) and _AFTER_APART.match(template, place.end())
    return value if is_apart else f"“{value}”"


def _value(value: Any) -> str:
    """A value whole, in plain words on one line; two that differ are shown differently."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _amount(value) or f"{{{', '.join(f'{_text(name)}: {_value(value[name])}' for name in sorted(value))}}}"
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_value, value))})"
    return _text(value) if isinstance(value, str) else str(value)


def _amount(value: Mapping[str, Any]) -> str | None:
    """Money, if the value is that."""
    if set(value) != {"amount", "currency"} or not all(isinstance(part, str) for part in value.values()):
        return None
    is_money = _AMOUNT.fullmatch(value["amount"]) and _CURRENCY.fullmatch(value["currency"])
    return f"{value['amount']} {value['currency']}" if is_money else None


def _text(text: str) -> str:
    """A text whole: a moment with its time, and whatever could be taken for something else in quotation marks."""
    if moment := _MOMENT.fullmatch(text):
        day, time, is_utc, offset = moment.groups()
        return f"{day} {time}{' UTC' if is_utc else f' UTC{offset}' if offset else ''}"
    # One of several that a type allows, such as `at_period_end`. It stays one word: several would be read as ours.
    if _CHOICE.fullmatch(text):
        return text.replace("_", "-")
    harmless = _harmless(text)
    is_clear = harmless == text and _WORD.fullmatch(text) and not _reads_as_another(text)
    return text if is_clear else f"“{harmless}”"


def _harmless(text: str) -> str:
    """The text with each sign that could do something, or is not seen, written as its number in Unicode."""
    seen = _SIGNS.sub(_number, text)
    return "".join(sign if sign.isprintable() else f"‹U+{ord(sign):04X}›" for sign in seen)


def _number(sign: re.Match[str]) -> str:
    return f"‹U+{ord(sign[0]):04X}›"


def _reads_as_another(text: str) -> bool:
    """Whether a value that is no text, or a choice, is shown the same."""
    if text in ("yes", "no") or _CHOICE_SHOWN.fullmatch(text):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


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
