"""Reads what a customer said: which language, what kind of turn, which questions. Rules and phrase lists, no model."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from answerable.agents.found import Found, found_from_json
from answerable.agents.phrases import (
    Language,
    content_words,
    language,
    language_of,
    languages,
    plain,
    spoken_languages,
    words,
)
from answerable.agents.sentences import sentences

TurnKind = Literal[
    "question", "greeting", "thanks", "goodbye", "small_talk", "person", "not_helped", "unclear", "declined"
]
"""What the customer wants: an answer, courtesy, a person, another answer than the last, no more; or it is not clear."""

PROCEDURE_ROLE: Literal["developer"] = "developer"
"""Who says that a procedure is under way."""

PARTS_MAX = 5
QUERY_LETTERS_MAX = 600
# A language may be taken for another one in so few.
UNTOLD_LETTERS_MAX = 80
# In a message of more words, a clause of one or two is a piece of a list.
CLAUSE_WORDS_ALONE = 6
# A longer sentence that seems to ask is a line of a log.
ASKED_LETTERS_MAX = 300
# Nobody asks in more letters; of what is pasted, the beginning and the end are read. A customer may write eight times
# as much, and reading is done on the event loop.
READ_LETTERS_MAX = 4_000
# In these the first word stands.
BEGINNING_LETTERS = 100

# A question with fewer content words than this, or one that points back, is understood only with the one before it.
WORDS_ALONE_MIN = 3

# "And Team?" goes on with the question before it in the same message; "And what does a seat cost?" does not.
MORE_THAN_A_NAME = 2

_OPTION = re.compile(r"(?m)^[^\S\n]*(?:[-*•]|(\d{1,2})[.)])[^\S\n]+(\S(?:.*\S)?)")
_NUMBER = re.compile(r"\W*(?:option|nummer|number|numéro|opción|die|the|la|le|el|第)?\s*(\d{1,2})\W*")
_JOINED = re.compile(r"(?i)[,;]?\s+(?:and|und|y|et|e|en|also)\s+(?=(.+))")
_LIST_MARK = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+")
_SPACE = re.compile(r"\s+")
_CLAUSE_END = re.compile(r"[.,;:!?…\n。，；：！？]+")
# Sounds of whoever thinks, in no language a word; "um" and "er" are German ones.
_HESITATES = re.compile(r"\s*(?:(?:h+m+|m+h+m*|[uäöe]h+m*|erm+|euh+)\b[\s,.…!:;–-]*)+", re.IGNORECASE)

# A message of at least so many words that has so few different ones says nothing, however often it says it.
NOISE_WORDS_MIN = 8
NOISE_SHARE_MAX = 0.2
_BROKEN_OFF = re.compile(r"[,;:\s]+\Z")


@dataclass(frozen=True, slots=True)
class Search:
    """A search that was made in this turn."""

    query: str
    found: Found | None
    """None if the search failed."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that the customer asks."""

    asked: str
    """Their words."""
    query: str
    """A complete question: with what was said before, where their words point back to it."""
    wider: str | None = None
    """The same with the question before it, for when a few words are not understood alone."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A procedure that was found."""

    id: str
    is_sure: bool
    """Whether it is meant though an article answers, too."""
    is_open: bool
    """Whether who they are is known well enough for it."""


@dataclass(frozen=True, slots=True)
class CustomerTurn:
    """What the customer said since the last reply, and what was done about it so far."""

    text: str
    language: Language
    kind: TurnKind
    parts: tuple[Part, ...]
    """One for each thing that the customer asks."""
    searches: tuple[Search, ...]
    answers_back: bool = False
    """Whether it answers a question of ours: one more would be one too many."""
    told_before: str = ""
    """Our reply to what the customer said before."""
    can_follow: bool = False
    """Whether there are procedures."""
    is_under_way: bool = False
    """Whether one of them is being followed."""
    proposed: Proposed | None = None
    """The procedure that was found for what the customer said."""
    followed: dict[str, Any] | None = None
    """What the procedure says is to be done now."""
    outcomes: tuple[str, ...] = ()
    """What came of the calls to which the customer has just said yes or no, in words for them."""


def read_turn(items: list[Any], *, can_follow: bool = False) -> CustomerTurn:
    """The turn that a model is asked to go on with, from the input items of the Agents SDK."""
    said, since, reply, earlier = _parts(items)
    is_under_way = any(_role(item) == PROCEDURE_ROLE for item in items)
    text = _legible("\n".join(said))
    before = language_of("\n".join(earlier))
    spoken = language(language_of(text, default=before, is_settled=is_under_way))
    # What a procedure has asked is answered to the procedure; anything else then stands for itself.
    asked = reply if reply is not None and _asks(reply) and not is_under_way else None
    kind = _kind(text, spoken, asked=asked, reply=reply)
    if kind == "question" and not earlier and not content_words(text, code=spoken.code):
        kind = "unclear"
    chosen = chosen_option(text, asked) if asked else None
    return CustomerTurn(
        text=text,
        language=spoken,
        kind="question" if chosen and kind != "not_helped" else kind,
        parts=_asked_parts(
            chosen or text, spoken, before=_legible(earlier[-1]) if earlier else None, answers=asked is not None
        ),
        searches=tuple(_searches(since)),
        answers_back=asked is not None,
        told_before=reply or "",
        can_follow=can_follow,
        is_under_way=is_under_way,
        proposed=_proposed(_output_of("find_procedure", since)),
        followed=_output_of("follow_procedure", since),
        outcomes=tuple(_outcomes(since)),
    )


def is_courtesy(text: str) -> bool:
    """Whether a message asks for nothing: thanks, a greeting, a goodbye, small talk."""
    said = _legible(text)
    kind = _kind(said, language(language_of(said)), asked=None, reply=None)
    return kind in ("greeting", "thanks", "goodbye", "small_talk")


def asks_something(text: str, spoken: Language) -> bool:
    """Whether there is a question in it."""
    return any(_is_question(each, spoken) for each in sentences(_legible(text)) if each.strip())


def wants_person(text: str, spoken: Language) -> bool:
    """Whether the customer asks for a person: in a clause of their words, or in all of them together."""
    said = _legible(text)
    whole = plain(said)
    is_short = len(whole.split()) <= CLAUSE_WORDS_ALONE
    # "… rep, manager or admin?" asks for none of them.
    parts = [each for each in map(plain, _CLAUSE_END.split(said)) if is_short or len(each.split()) > 2]
    clauses = dict.fromkeys([whole, *parts])
    # "Un humain svp" does not tell its language.
    among = languages().values() if len(said) <= UNTOLD_LETTERS_MAX else (spoken,)
    return any(pattern.search(clause) for each in among for pattern in each.person for clause in clauses)


def _legible(text: str) -> str:
    """What is read of a text: one blank or line end where it has many, and of a very long one its beginning and end."""
    joined = _SPACE.sub(lambda run: "\n" if "\n" in run[0] else " ", text).strip()
    half = READ_LETTERS_MAX // 2
    return joined if len(joined) <= READ_LETTERS_MAX else f"{joined[:half]}\n{joined[-half:]}"


def _asks(reply: str) -> bool:
    """Whether the reply asks something: it ends in a question, or is one with options below. Steps are no options."""
    first, _, rest = reply.strip().partition("\n")
    marks = ("?", "？", "؟")
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
    queries = {item.get("call_id"): _query_of(item) for item in since if item.get("name") == "search_knowledge"}
    return [
        Search(queries[item.get("call_id")], found_from_json(_output_text(item.get("output"))))
        for item in since
        if item.get("type") == "function_call_output" and item.get("call_id") in queries
    ]


def _outcomes(since: list[dict[str, Any]]) -> list[str]:
    """What there is to say of the calls of actions; none of the other tools gives a summary."""
    told = [_content(item) for item in since if item.get("type") == "function_call_output"]
    return [str(each["summary"]) for each in told if each is not None and each.get("summary") and "state" in each]


def _output_of(tool: str, since: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The newest output of a tool in this turn; none if it was not called, or failed."""
    calls = {item.get("call_id") for item in since if item.get("name") == tool}
    outputs = (item for item in since if item.get("type") == "function_call_output" and item.get("call_id") in calls)
    found = [_content(item) for item in outputs]
    return found[-1] if found else None


def _content(item: dict[str, Any]) -> dict[str, Any] | None:
    """What a tool gave; none if it failed."""
    try:
        content = json.loads(_output_text(item.get("output")))
    except ValueError:
        return None
    return content if isinstance(content, dict) and "error" not in content else None


def _proposed(content: dict[str, Any] | None) -> Proposed | None:
    found = content.get("procedure") if content else None
    return (
        Proposed(str(found["id"]), bool(found["is_sure"]), bool(found["is_open"])) if isinstance(found, dict) else None
    )


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
    if wants_person(text, spoken):
        return "person"
    if asked and said in spoken.yes:
        return "person" if _offers_person(asked, spoken) else "unclear"
    if asked and said in spoken.no:
        return "declined"
    if reply and (said in spoken.not_helped or _says_something_else(said, asked)):
        return "not_helped"
    for name in ("greeting", "small_talk", "thanks", "goodbye"):
        if said in getattr(spoken, name):
            return name
    if not said or said in spoken.unclear or said in spoken.yes | spoken.no or _is_noise(said, spoken):
        return "unclear"
    rest = without_courtesy(text, spoken)
    if not rest or plain(rest) in spoken.unclear:
        return "unclear" if plain(rest) in spoken.unclear else "greeting"
    return "question"


def _says_something_else(said: str, asked: str | None) -> bool:
    """Whether none of the options that were offered is meant."""
    ways_out = {each.frames["something_else"] for each in spoken_languages().values()}
    chosen = chosen_option(said, asked) if asked else None
    return chosen in ways_out


def _is_noise(said: str, spoken: Language) -> bool:
    """Whether it is no message at all: single letters only, or the same few words over and over."""
    found = words(said)
    if not spoken.joins_words and all(len(word) == 1 and word.isascii() and word.isalpha() for word in found):
        return True
    return len(found) >= NOISE_WORDS_MIN and len(set(found)) <= NOISE_SHARE_MAX * len(found)


def _offers_person(asked: str, spoken: Language) -> bool:
    offer = sentences(spoken.frames["not_found_part"].replace("{part}", ""))[-1]
    return plain(offer) in plain(asked)


def without_courtesy(text: str, spoken: Language) -> str:
    """The text without a greeting before it and thanks behind it."""
    kept = [sentence for sentence in sentences(text) if plain(sentence) not in spoken.greeting | spoken.thanks]
    rest = "".join(kept).strip()
    sound = _HESITATES.match(rest)
    if sound and sound.end() < len(rest):
        rest = rest[sound.end() :]
    for greeting in sorted(spoken.greeting, key=len, reverse=True):
        head = re.match(
            rf"(?i){re.escape(greeting)}(?:[\s,.!:;，。！]+|(?=[\u3400-\u9fff]))(?:(?:team|all|everyone)[,.!]\s*)?",
            rest,
        )
        if head and head.end() < len(rest) and (not rest[: head.end()].isalpha() or spoken.joins_words):
            return rest[head.end() :]
    return rest


def _asked_parts(text: str, spoken: Language, *, before: str | None, answers: bool) -> tuple[Part, ...]:
    parts: dict[str, Part] = {}
    previous = before
    for number, asked in enumerate(_split_questions(without_courtesy(text, spoken), spoken)):
        if previous and not content_words(previous, code=spoken.code):
            previous = None
        needs_more = (answers and not number) or _points_back(asked, spoken, begins=not number)
        query = _shortened(f"{previous} {asked}" if previous and needs_more else asked, spoken)
        # A question that can stand alone changes the subject; with the one before it, it would find that one's answer.
        # So would the second question of a message.
        is_short = not number and len(content_words(asked, code=spoken.code)) < WORDS_ALONE_MIN
        wider = _shortened(f"{previous} {asked}", spoken) if previous and is_short else None
        parts.setdefault(query, Part(_shortened(asked, spoken), query, wider if wider != query else None))
        previous = query
    return tuple(parts.values())


def _shortened(query: str, spoken: Language) -> str:
    """A long text cut down to its questions, wherever they stand, and to what stands nearest to them."""
    joined = " ".join(query.split())
    if len(joined) <= QUERY_LETTERS_MAX:
        return joined
    said = [" ".join(sentence.split()) for sentence in sentences(query)]
    asks = [place for place, each in enumerate(said) if len(each) <= ASKED_LETTERS_MAX and _is_question(each, spoken)]
    if not asks:
        return joined[-QUERY_LETTERS_MAX:]
    # What leads to a question stands before it, so that of two at one distance the earlier comes first.
    nearest = sorted(range(len(said)), key=lambda place: (min(abs(place - ask) for ask in asks), place))
    room = QUERY_LETTERS_MAX
    kept: list[int] = []
    for place in nearest:
        room -= len(said[place]) + 1
        if room < -1:
            break
        kept.append(place)
    return " ".join(said[place] for place in sorted(kept))


def _split_questions(text: str, spoken: Language) -> list[str]:
    """The questions in a text, each with the statements that lead to it; the whole text if there is one or none."""
    questions: list[str] = []
    lead = ""
    for sentence in (_LIST_MARK.sub("", piece.strip(), count=1) for piece in sentences(text) if piece.strip()):
        first, *others = _split_joined(sentence, spoken)
        if not others and not _is_question(sentence, spoken):
            lead = f"{lead} {sentence}".strip()
            continue
        questions += [f"{lead} {first}".strip(), *others]
        lead = ""
    if lead and questions:
        questions[-1] = f"{questions[-1]} {lead}"
    if len(questions) < 2:
        return [text]
    return (
        [*questions[: PARTS_MAX - 1], " ".join(questions[PARTS_MAX - 1 :])] if len(questions) > PARTS_MAX else questions
    )


def _split_joined(sentence: str, spoken: Language) -> list[str]:
    """Cuts "How do I … and how do I …?" in two, and "I must … and also want to know how …"."""
    is_question = _is_question(sentence, spoken)
    for joint in _JOINED.finditer(sentence):
        left, right = sentence[: joint.start()], _without_wish(joint[1], spoken)
        # "I lost my phone and have no codes" asks nothing; "… and want to know how …" does.
        if (
            _first_word(right) in spoken.asks
            and (is_question or right != joint[1])
            and min(len(content_words(side, code=spoken.code)) for side in (left, right)) > 0
        ):
            return [_BROKEN_OFF.sub("", left), *_split_joined(right, spoken)]
    return [sentence]


def _without_wish(text: str, spoken: Language) -> str:
    """The text without "I would like to know" before it."""
    wish = spoken.wishes.match(text)
    return text[wish.end() :] if wish else text


def _is_question(sentence: str, spoken: Language) -> bool:
    if sentence.rstrip(" \"'”»)").endswith(("?", "？", "؟")):
        return True
    return _first_word(sentence) in spoken.asks


def _first_word(text: str) -> str:
    return next(iter(words(text[:BEGINNING_LETTERS])), "")


def _points_back(part: str, spoken: Language, *, begins: bool) -> bool:
    """Whether the part is understood only with what was said before: it says "that", or begins the turn with "and"."""
    says_little = len(content_words(part, code=spoken.code)) < MORE_THAN_A_NAME
    follows = (begins or says_little) and any(plain(part).startswith(each) for each in _beginnings(spoken))
    if spoken.joins_words:
        return follows or (begins and len(words(part)) < WORDS_ALONE_MIN)
    told = plain(part)
    for expletive in spoken.expletives:
        told = told.replace(expletive, "")
    points = any(word in spoken.points_back for word in words(told))
    return (follows or points) and len(content_words(part, code=spoken.code)) < WORDS_ALONE_MIN


def _beginnings(spoken: Language) -> list[str]:
    return [beginning if spoken.joins_words else f"{beginning} " for beginning in spoken.follow_up]


def chosen_option(text: str, asked: str) -> str | None:
    """Which of the options of a question the customer picked, by its number or its words."""
    options = [option for _, option in _OPTION.findall(asked)]
    text = _legible(text)
    picked = _NUMBER.fullmatch(text.casefold())
    if picked:
        return options[int(picked[1]) - 1] if 0 < int(picked[1]) <= len(options) else None
    said = plain(text)
    return next((option for option in options if said and plain(option) == said), None)
