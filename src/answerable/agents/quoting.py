"""What the embedded model does next: search, quote, ask, or hand off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from answerable.agents.evidence import LANGUAGE_LETTERS
from answerable.agents.excerpts import excerpt, has_steps, is_block, marked, steps, untold
from answerable.agents.found import Found, FoundHit
from answerable.agents.instructions import ToolName
from answerable.agents.phrases import Language, content_words, language_of, plain
from answerable.agents.sentences import sentences
from answerable.agents.statements import Statement, Stems, Token
from answerable.agents.turns import QUERY_LETTERS_MAX, CustomerTurn, Part, Proposed
from answerable.domain.addresses import without_addresses

# Passages of other articles compete if they are this close to the best one; then a short question is asked back.
RIVAL_SHARE = 0.97
RIVAL_QUESTION_WORDS_MAX = 2
OPTIONS_MAX = 4

# What is not sure, but has half of the confidence that is needed, is asked back before it is handed off: on the public
# sets, nine in ten of such questions are answered by one of the best three articles. Titles that are worse than this
# beside the best one are not offered.
ASK_SHARE = 0.5
OFFERED_SHARE = 0.6

# One of what is offered has more of the question's words than this, or is this near in meaning, and each has a word of
# it: some titles are nearest also to a question about something that nothing published is about.
OFFERED_WORDS = 0.5
OFFERED_NEARNESS = 0.35

SUMMARY_LETTERS_MAX = 400


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to call."""

    tool: ToolName
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """Either a text for the customer, which ends the turn, or calls."""

    text: str | None = None
    calls: tuple[Call, ...] = ()


def next_step(turn: CustomerTurn) -> Step:
    """What to do now, from what the customer said and what the tools of this turn gave."""
    if turn.outcomes:
        return Step(text="\n\n".join(turn.outcomes))
    if turn.followed is not None:
        return _as_the_procedure_says(turn, turn.followed)
    if turn.is_under_way:
        return Step(calls=(Call("follow_procedure", {"procedure": ""}),))
    if turn.kind == "question" and turn.can_follow and not turn.searches:
        searches = tuple(_search(part.query) for part in turn.parts)
        return Step(calls=(Call("find_procedure", {"query": turn.text[:QUERY_LETTERS_MAX]}), *searches))
    if turn.proposed is not None and _is_to_follow(turn, turn.proposed):
        return Step(calls=(Call("follow_procedure", {"procedure": turn.proposed.id}),))
    return _answer(turn)


def _is_to_follow(turn: CustomerTurn, proposed: Proposed) -> bool:
    """Whether what the customer says rather asks for a procedure than for what articles tell."""
    if proposed.is_sure:
        return True
    # Of whoever is not known nothing can be done at once: what may be a question is one, if an article is near.
    return not _is_any_sure(turn) and (proposed.is_open or not _nearby(turn))


def _as_the_procedure_says(turn: CustomerTurn, says: dict[str, Any]) -> Step:
    told, question, options = str(says.get("say", "")), str(says.get("question", "")), list(says.get("options") or ())
    asking = Call("ask_customer", {"question": "\n\n".join(filter(None, (told, question))), "options": options})
    match says.get("do"):
        case "ask_customer":
            return Step(calls=(asking,))
        case "answer_then_ask":
            # The question comes behind it, whoever answers. What nothing is found about does not stop the procedure.
            return _answer_beside(turn) or (Step(text=_not_found(turn)) if turn.is_under_way else Step(calls=(asking,)))
        case "answer_then_end":
            answer = _answer_beside(turn) or Step(text=_not_found(turn))
            return answer if answer.calls else Step(text="\n\n".join(filter(None, (told, answer.text))))
        case "hand_off":
            return Step(calls=(Call("hand_off", {"reason": says["reason"], "summary": says["summary"]}),))
        case "leave" if says.get("why") != "unwanted":
            return _answer(turn)
        case _:
            return Step(text=told or turn.language.frame("all_right"))


def _answer_beside(turn: CustomerTurn) -> Step | None:
    """What answers what they asked beside a procedure, or looks for it; none if nothing is found about it."""
    answer = _answer(turn)
    return None if any(call.tool != "search_knowledge" for call in answer.calls) else answer


def _not_found(turn: CustomerTurn) -> str:
    """Says of what they asked beside a procedure that nothing is found about it."""
    frames = (turn.language.frame("not_found_part", part=without_addresses(part.asked)) for part in turn.parts)
    # Without the offer of a person: the procedure's own question comes behind it.
    return " ".join(sentences(frame)[0].strip() for frame in frames)


def _answer(turn: CustomerTurn) -> Step:
    """What to do about it without a procedure."""
    if turn.kind != "question":
        return _courtesy(turn)
    if not turn.searches:
        return Step(calls=tuple(_search(part.query) for part in turn.parts))
    if any(search.found is None for search in turn.searches):
        return _hand_off(turn, "The search for knowledge failed.")
    asked = {search.query for search in turn.searches}
    wider = [part.wider for part in turn.parts if part.wider and not _answering(turn, part)]
    if wider and asked.isdisjoint(wider):
        return Step(calls=tuple(_search(query) for query in wider))
    return _conclude(turn)


def _courtesy(turn: CustomerTurn) -> Step:
    spoken = turn.language
    if turn.kind == "person":
        return _hand_off(turn, "The customer asks for a person.")
    if turn.kind == "not_helped":
        return _hand_off(turn, "The customer says that the last answer did not help.")
    if turn.kind == "unclear":
        return Step(calls=(Call("ask_customer", {"question": spoken.frame("ask_unclear"), "options": []}),))
    if turn.kind == "greeting":
        return Step(calls=(Call("ask_customer", {"question": spoken.frame("greeting_reply"), "options": []}),))
    frames = {
        "thanks": "thanks_reply",
        "goodbye": "goodbye_reply",
        "small_talk": "small_talk_reply",
        "declined": "all_right",
    }
    return Step(text=spoken.frame(frames[turn.kind]))


def _conclude(turn: CustomerTurn) -> Step:
    """Each part is judged by itself: what is found is quoted, what is not is named."""
    found = {part: search for part in turn.parts if (search := _answering(turn, part))}
    if not found:
        if options := _nearby(turn):
            return _ask_which(turn, options)
        return _hand_off(turn, _why_unsure(turn))
    if len(turn.parts) == 1 and (options := _rivals(turn, found[turn.parts[0]])):
        return _ask_which(turn, options)
    told: list[str] = []
    for part in turn.parts:
        if part in found:
            _quote(part, found[part], turn, told)
        elif not any(other.query.startswith(part.query) for other in found):
            # A part that another goes on with ("What does Solo cost? And Team?") is looked for with that one.
            # It is repeated to them without an address, which no published text has.
            told.append(turn.language.frame("not_found_part", part=without_addresses(part.asked)))
    if not told:
        return _hand_off(turn, "The best passage has no words that could be quoted.")
    return Step(text="\n\n".join(told))


def _answering(turn: CustomerTurn, part: Part) -> Found | None:
    """What answers a part, by its own words or else by the wider ones; none if no search for it was sure."""
    by_query = {search.query: search.found for search in turn.searches}
    found = (by_query.get(query) for query in (part.query, part.wider) if query)
    return next((each for each in found if each is not None and each.is_sure), None)


def _ask_which(turn: CustomerTurn, options: list[str]) -> Step:
    # With a way out, so that a single title is a question, too.
    offered = [*options, turn.language.frame("something_else")]
    return Step(calls=(Call("ask_customer", {"question": turn.language.frame("ask_which"), "options": offered}),))


def _quote(part: Part, found: Found, turn: CustomerTurn, told: list[str]) -> None:
    """Tells the best article's words under its title, with their marker; what was told before is not told again."""
    # The confidence is that of the best hit, so that one is quoted, or another passage of its article if that has words
    # of the question.
    of_article = [hit for hit in found.hits if hit.article_id == found.hits[0].article_id]
    hit = next((each for each in of_article if each.quotes), of_article[0])
    if (asked := Statement.read(part.asked).content) and _has_all(hit.title, asked):
        # It asks what the whole article is about, so the beginning of that is the answer.
        hit = min(of_article, key=lambda each: each.place)
    before = "\n\n".join(told)
    if part.query != part.asked:
        # What goes on with the last question is not answered by the words that answered that one, if there are others.
        others = [each for each in of_article if each.quotes and each is not hit]
        earlier = f"{turn.told_before}\n\n{before}"
        hit = next((each for each in (hit, *others) if _body(part, each, of_article, turn.language, earlier)), hit)
        before = earlier if _body(part, hit, of_article, turn.language, earlier) else before
    body = _body(part, hit, of_article, turn.language, before)
    if not body:
        return
    frame = turn.language.frame("from_title", title=hit.title.replace("*", ""))
    joint = "\n\n" if is_block(body) else ("" if turn.language.joins_words else " ")
    told.append(f"{frame}{joint}{body}")


def _body(part: Part, hit: FoundHit, of_article: Sequence[FoundHit], spoken: Language, before: str) -> str:
    """What is told from a passage, without what was told before; to a "how" with the steps of its article."""
    pieces = [(hit, piece) for piece in excerpt(part.query, hit)]
    if spoken.how.search(plain(part.asked)) and not any(has_steps(piece) for _, piece in pieces):
        listed = ((each, steps(part.query, each)) for each in (hit, *of_article))
        pieces += [pair for pair in listed if pair[1]][:1]
        pieces.sort(key=lambda pair: pair[0].place)
    fresh = [marked(each, source.number) for source, piece in pieces if (each := untold(piece, before))]
    return "\n\n".join(fresh)


def _rivals(turn: CustomerTurn, found: Found) -> list[str]:
    """The titles to choose from if a short question fits several articles about equally well."""
    if turn.answers_back or len(content_words(turn.parts[0].query)) > RIVAL_QUESTION_WORDS_MAX:
        return []
    best = found.hits[0]
    titles: dict[str, str] = {}
    for hit in found.hits:
        if hit.score >= RIVAL_SHARE * best.score:
            titles.setdefault(hit.article_id, hit.title)
    distinct = list({plain(title): title for title in titles.values()}.values())
    return distinct[:OPTIONS_MAX] if len(distinct) > 1 else []


def _nearby(turn: CustomerTurn) -> list[str]:
    """The titles to choose from if what was found is not sure but near, or they have all words of a short question."""
    every = [search.found for search in turn.searches if search.found and search.found.hits]
    if turn.answers_back or len(turn.parts) > 1 or not every:
        return []
    found = max(every, key=lambda each: each.confidence)
    is_short = len(turn.text) <= QUERY_LETTERS_MAX and len(content_words(turn.text)) <= RIVAL_QUESTION_WORDS_MAX
    asked = Statement.read(turn.text).content if is_short else ()
    near = [hit for hit in found.hits if hit.score >= OFFERED_SHARE * found.hits[0].score]
    shares = {hit.number: _share(hit, turn.text) for hit in near}
    titles = list(dict.fromkeys(hit.title for hit in near if shares[hit.number] > 0))
    named = [title for title in titles if asked and _has_all(title, asked)]
    is_near = found.confidence >= ASK_SHARE * found.threshold and any(
        hit.dense >= OFFERED_NEARNESS or shares[hit.number] > OFFERED_WORDS for hit in near
    )
    return list(dict.fromkeys([*named, *(titles if is_near else ())]))[:OPTIONS_MAX]


def _share(hit: FoundHit, question: str) -> float:
    """How many of a question's words a passage, its title or keywords have; all, where another language has others."""
    asked = Statement.read(question).content
    if not asked or language_of(question) != language_of(hit.text[:LANGUAGE_LETTERS]):
        return 1.0
    said = "\n".join((hit.title, *hit.heading_path, *hit.keywords, hit.text))
    stems = Stems(token.key for token in Statement.read(said).content)
    return sum(stems.find(token.key) is not None for token in asked) / len(asked)


def _has_all(title: str, asked: Sequence[Token]) -> bool:
    stems = Stems(token.key for token in Statement.read(title).content)
    return all(stems.find(token.key) for token in asked)


def _is_any_sure(turn: CustomerTurn) -> bool:
    return any(search.found is not None and search.found.is_sure for search in turn.searches)


def _search(query: str) -> Call:
    return Call("search_knowledge", {"query": query})


def _why_unsure(turn: CustomerTurn) -> str:
    hits = [(search.found, hit) for search in turn.searches if search.found for hit in search.found.hits[:1]]
    if not hits:
        return "Nothing published is about this."
    found, hit = max(hits, key=lambda pair: pair[0].confidence)
    return (
        f"Not sure enough, {found.confidence:.2f} where {found.threshold:.2f} is needed: "
        f"the nearest article is “{hit.title}”."
    )


def _hand_off(turn: CustomerTurn, reason: str) -> Step:
    asked = " ".join(turn.text.split())
    if len(asked) > SUMMARY_LETTERS_MAX:
        asked = asked[:SUMMARY_LETTERS_MAX].rsplit(" ", 1)[0] + " …"
    looked = list(dict.fromkeys(hit.title for search in turn.searches if search.found for hit in search.found.hits[:2]))
    summary = f"The customer wrote: “{asked}”" + ("" if asked.endswith((".", "!", "?", "…")) else ".")
    if turn.searches:
        summary += f" Looked at: {'; '.join(looked)}." if looked else " The search found nothing."
    return Step(calls=(Call("hand_off", {"reason": reason, "summary": summary}),))
