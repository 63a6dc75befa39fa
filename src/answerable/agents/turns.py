"""Reads what a customer said: which language, what kind of turn, which questions. Rules and phrase lists, no model."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from answerable.agents.found import Found, found_from_json
from answerable.agents.phrases import Language, content_words, language, language_of, plain, words
from answerable.agents.sentences import sentences

TurnKind = Literal[
    "question", "greeting", "thanks", "goodbye", "small_talk", "person", "not_helped", "unclear", "declined"
]
"""What the customer wants: an answer, courtesy, a person, another answer than the last, no more; or it is not clear."""

PARTS_MAX = 3
QUERY_LETTERS_MAX = 600

# A question with fewer content words than this, or one that points back, is understood only with the one before it.
WORDS_ALONE_MIN = 3

_OPTION = re.compile(r"(?m)^\s*(?:[-*•]|(\d{1,2})[.)])\s+(.+?)\s*$")
_NUMBER = re.compile(r"\W*(?:option|nummer|number|numéro|opción|die|the|la|le|el|第)?\s*(\d{1,2})\W*")
_JOINED = re.compile(r"(?i)[,;]?\s+(?:and|und|y|et|e|en|also)\s+(?=(\w+))")
_BROKEN_OFF = re.compile(r"[,;:\s]+\Z")


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was made in this turn."""

    query: str
    found: Found | None
    """None if the search failed."""


@dataclass(frozen=True, slots=True)
class CustomerTurn:
    """What the customer said since the last reply, and what was done about it so far."""

    text: str
    language: Language
    kind: TurnKind
    queries: tuple[str, ...]
    """One complete question for each thing that the customer asks."""
    wider_query: str | None
    """The last question with the one before it, for when it is not understood alone."""
    searches: tuple[Search, ...]
    answers_back: bool = False
    """Whether it answers a question of ours: one more would be one too many."""


def read_turn(items: list[Any]) -> CustomerTurn:
    """The turn that a model is asked to go on with, from the input items of the Agents SDK."""
    said, since, reply, earlier = _parts(items)
    text = "\n".join(said).strip()
    spoken = language(language_of(text, default=language_of("\n".join(earlier))))
    asked = reply if reply is not None and _asks(reply) else None
    kind = _kind(text, spoken, asked=asked, reply=reply)
    if kind == "question" and not earlier and not content_words(text, code=spoken.code):
        kind = "unclear"
    chosen = _chosen_option(text, asked) if asked else None
    queries = _queries(chosen or text, spoken, before=earlier[-1] if earlier else None, answers=asked is not None)
    # A question that can stand alone changes the subject; with the one before it, it would find that one's answer.
    is_short = len(content_words(text, code=spoken.code)) < WORDS_ALONE_MIN
    wider = f"{earlier[-1]} {text}"[-QUERY_LETTERS_MAX:] if earlier and is_short else None
    return CustomerTurn(
        text=text,
        language=spoken,
        kind="question" if chosen else kind,
        queries=queries,
        wider_query=wider if wider not in queries else None,
        searches=tuple(_searches(since)),
        answers_back=asked is not None,
    )


def _asks(reply: str) -> bool:
    """Whether the reply asks something: it ends in a question, or is one with options below. Steps are no options."""
    first, _, rest = reply.strip().partition("\n")
    marks = ("?", "？")
    return reply.rstrip().endswith(marks) or (first.rstrip().endswith(marks) and bool(_OPTION.search(rest)))


def _parts(items: list[Any]) -> tuple[list[str], list[dict[str, Any]], str | None, list[str]]:
    """What was said in this turn, the tool items since, the reply before it, and what the customer said before that."""
    last_reply = max((index for index, item in enumerate(items) if _role(item) == "assistant"), default=-1)
    said = [_text(item) for item in items[last_reply + 1 :] if _role(item) == "user"]
    since = [item for item in items[last_reply + 1 :] if _role(item) is None]
    reply = _text(items[last_reply]) if last_reply >= 0 else None
    return said, since, reply, [_text(item) for item in items[: last_reply + 1] if _role(item) == "user"]


def _role(item: dict[str, Any]) -> str | None:
    return item.get("role")


def _text(item: dict[str, Any]) -> str:
    content = item.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text") or "" for part in content if isinstance(part, dict))


def _searches(since: list[dict[str, Any]]) -> list[Search]:
    queries = {item.get("call_id"): _query_of(item) for item in since if item.get("type") == "function_call"}
    return [
        Search(queries.get(item.get("call_id"), ""), found_from_json(_output_text(item.get("output"))))
        for item in since
        if item.get("type") == "function_call_output"
    ]


def _query_of(call: dict[str, Any]) -> str:
    try:
        return str(json.loads(call.get("arguments") or "{}").get("query", ""))
    except (ValueError, AttributeError):
        return ""


def _output_text(output: Any) -> str:
    if isinstance(output, str):
        return output
    return "".join(part.get("text") or "" for part in output or [] if isinstance(part, dict))


def _kind(  # noqa: PLR0911  (one rule a line, the first that fits)
    text: str, spoken: Language, *, asked: str | None, reply: str | None
) -> TurnKind:
    said = plain(text)
    if any(pattern.search(said) for pattern in spoken.person):
        return "person"
    if asked and said in spoken.yes:
        return "person" if _offers_person(asked, spoken) else "unclear"
    if asked and said in spoken.no:
        return "declined"
    if reply and said in spoken.not_helped:
        return "not_helped"
    for name in ("greeting", "small_talk", "thanks", "goodbye"):
        if said in getattr(spoken, name):
            return name
    if not said or said in spoken.unclear or said in spoken.yes | spoken.no:
        return "unclear"
    rest = _without_courtesy(text, spoken)
    if not rest or plain(rest) in spoken.unclear:
        return "unclear" if plain(rest) in spoken.unclear else "greeting"
    return "question"


def _offers_person(asked: str, spoken: Language) -> bool:
    offer = sentences(spoken.frames["not_found_part"].replace("{part}", ""))[-1]
    return plain(offer) in plain(asked)


def _without_courtesy(text: str, spoken: Language) -> str:
    """The text without a greeting before it and thanks behind it."""
    kept = [sentence for sentence in sentences(text) if plain(sentence) not in spoken.greeting | spoken.thanks]
    rest = "".join(kept).strip()
    for greeting in sorted(spoken.greeting, key=len, reverse=True):
        head = re.match(
            rf"(?i){re.escape(greeting)}(?:[\s,.!:;，。！]+|(?=[\u3400-\u9fff]))(?:(?:team|all|everyone)[,.!]\s*)?",
            rest,
        )
        if head and head.end() < len(rest) and (not rest[: head.end()].isalpha() or spoken.joins_words):
            return rest[head.end() :]
    return rest


def _queries(text: str, spoken: Language, *, before: str | None, answers: bool) -> tuple[str, ...]:
    parts = _split_questions(_without_courtesy(text, spoken), spoken)
    complete: list[str] = []
    for part in parts:
        previous = complete[-1] if complete else before
        if previous and not content_words(previous, code=spoken.code):
            previous = None
        needs_more = (answers and not complete) or _points_back(part, spoken, begins=not complete)
        query = f"{previous} {part}" if previous and needs_more else part
        complete.append(" ".join(query.split())[-QUERY_LETTERS_MAX:])
    return tuple(dict.fromkeys(complete))


def _split_questions(text: str, spoken: Language) -> list[str]:
    """The questions in a text, each with the statements that lead to it; the whole text if there is one or none."""
    questions: list[str] = []
    lead = ""
    for sentence in (piece.strip() for piece in sentences(text) if piece.strip()):
        if not _is_question(sentence, spoken):
            lead = f"{lead} {sentence}".strip()
            continue
        first, *others = _split_joined(sentence, spoken)
        questions += [f"{lead} {first}".strip(), *others]
        lead = ""
    if lead and questions:
        questions[-1] = f"{questions[-1]} {lead}"
    return questions if 1 < len(questions) <= PARTS_MAX else [text]


def _split_joined(sentence: str, spoken: Language) -> list[str]:
    """Cuts "How do I … and how do I …?" in two."""
    for joint in _JOINED.finditer(sentence):
        left, right = sentence[: joint.start()], sentence[joint.end() :]
        if (
            joint[1].casefold() in spoken.asks
            and min(len(content_words(side, code=spoken.code)) for side in (left, right)) > 0
        ):
            return [_BROKEN_OFF.sub("", left), *_split_joined(right, spoken)]
    return [sentence]


def _is_question(sentence: str, spoken: Language) -> bool:
    if sentence.rstrip(" \"'”»)").endswith(("?", "？")):
        return True
    return any(word in spoken.asks for word in words(sentence)[:1])


def _points_back(part: str, spoken: Language, *, begins: bool) -> bool:
    """Whether the part is understood only with what was said before: it says "that", or begins the turn with "and"."""
    follows = begins and any(plain(part).startswith(beginning) for beginning in _beginnings(spoken))
    if spoken.joins_words:
        return follows or (begins and len(words(part)) < WORDS_ALONE_MIN)
    points = any(word in spoken.points_back for word in words(part))
    return (follows or points) and len(content_words(part, code=spoken.code)) < WORDS_ALONE_MIN


def _beginnings(spoken: Language) -> list[str]:
    return [beginning if spoken.joins_words else f"{beginning} " for beginning in spoken.follow_up]


def _chosen_option(text: str, asked: str) -> str | None:
    """The option that the customer picked by its number, if they did."""
    picked = _NUMBER.fullmatch(text.casefold().strip())
    if not picked:
        return None
    options = [option for _, option in _OPTION.findall(asked)]
    number = int(picked[1])
    return options[number - 1] if 0 < number <= len(options) else None
