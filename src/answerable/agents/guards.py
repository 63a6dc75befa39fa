"""Reads a reply sentence by sentence before the customer does: what no passage supports is never sent.

A sentence that states something must be covered by a passage that was found: its words by the passage's words, and
every number, amount, month, address, link, code and quoted name in it literally. What states nothing (a greeting, a
question, "From *Refund times*:") passes by narrow rules. A sentence that is supported by another passage than the one
that it cites gets the right marker. In another language than the passage's a sentence passes only as the translation of
one that was quoted before it. No language model takes part.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from answerable.agents.asking_secrets import asks_for_secret
from answerable.agents.effects import claims_effect
from answerable.agents.evidence import COVERAGE_MIN, LANGUAGE_LETTERS, Evidence, Support
from answerable.agents.found import FoundHit
from answerable.agents.phrases import language, language_of, plain, spoken_languages, undisguised, words
from answerable.agents.sentences import SentenceSplitter, sentences
from answerable.agents.statements import Statement
from answerable.agents.translations import differs
from answerable.domain.addresses import addresses_in

SentenceKind = Literal["claim", "frame", "courtesy", "question", "markup"]
"""A claim states something and needs a source. A frame names an article. The others state nothing."""

Verdict = Literal["supported", "unsupported", "states_nothing"]

QUESTION_WORDS_MAX = 30
OPTION_WORDS_MAX = 6

# A language model may write as much as it likes, and judging is done on the event loop, in a time that grows with the
# square of a sentence. Nobody says more at once; what goes beyond is held back unread.
REPLY_LETTERS_MAX = 12_000
SENTENCE_LETTERS_MAX = 1_000
REPLY_TOO_LONG = f"The reply is longer than {REPLY_LETTERS_MAX} letters; from here on it was not read."
NO_RECEIPT = "It says that something was done, and no receipt of this turn says so."
SENTENCE_TOO_LONG = f"It is longer than {SENTENCE_LETTERS_MAX} letters, and was not read."

PRIVATE = "It asks for what customers keep to themselves, such as a password or a code."
LEADS_AWAY = "It has an address that nothing published has, and that is not the customer's own."

_MARKERS = re.compile(r"[ \t\u00a0]*[\[【](\d{1,3})[\]】]")
_MARKDOWN_LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?(?:\s+[\"'][^\"'\n]*[\"'])?\s*\)")
_LIST_TABLE_OR_HEADING = re.compile(r"[ \t]*(?:[-*+•][ \t]|\||#{1,6}[ \t]|\d{1,3}[.)][ \t]|\*\*[^*\n]+\*\*\s*\Z)")
# What else the program says, such as that a person takes over, is true only where the program says it: no model may.
_OWN_FRAMES = (
    "greeting_reply",
    "thanks_reply",
    "goodbye_reply",
    "small_talk_reply",
    "ask_unclear",
    "ask_which",
    "all_right",
)
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]*_」』）]*\s*\Z")
_HAS_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class GuardedSentence:
    """A sentence of a reply and what was found out about it."""

    text: str
    """What may be shown if it passes: links that no source has are cut down to their words, markers are put right."""
    written: str
    """As the model wrote it, with the white space behind it."""
    kind: SentenceKind
    verdict: Verdict
    passages: tuple[int, ...] = ()
    """The numbers of the passages that support it; none if it rests on what came of an action."""
    quote: str | None = None
    """The words of the first of these that support it, verbatim."""
    coverage: float = 1.0
    """From 0 to 1: how much of what it states the passages state too."""
    missing: tuple[str, ...] = ()
    """Words, numbers and names that no single passage has."""
    reason: str = ""

    @property
    def may_be_sent(self) -> bool:
        """Whether the customer may read it."""
        return self.verdict != "unsupported"


class SentenceGuard:
    """Takes a reply piece by piece as it is written and gives its sentences with a verdict on each."""

    def __init__(
        self, hits: Sequence[FoundHit], *, own_addresses: Sequence[str] = (), coverage_min: float = COVERAGE_MIN
    ) -> None:
        """`own_addresses`: the customer's, which may be named to them."""
        self._splitter = SentenceSplitter()
        self._evidence = Evidence(hits, own_addresses=own_addresses)
        self._receipts = Evidence([hit for hit in hits if hit.is_receipt])
        self._sources = frozenset(hit.number for hit in hits if not hit.is_outcome)
        self._titles = {hit.title: plain(hit.title) for hit in hits if not hit.is_outcome}
        self._language = language_of(hits[0].text[:LANGUAGE_LETTERS]) if hits else "en"
        self._coverage_min = coverage_min
        self._letters = 0
        """How much was written so far."""
        self._line = ""
        """What was written of the line so far."""
        self._begun = ""
        """What the sentence before said, if it had no end: a claim may go on in the next line."""
        self._quoted: list[tuple[str, GuardedSentence]] = []
        """What was quoted word by word and is not translated yet."""

    def feed(self, delta: str) -> list[GuardedSentence]:
        """The sentences that this piece completed."""
        room = max(0, REPLY_LETTERS_MAX - self._letters)
        self._letters += len(delta)
        return [self.judge(sentence) for sentence in self._splitter.feed(delta[:room])]

    def finish(self) -> list[GuardedSentence]:
        """What is left: the reply has ended."""
        rest = self._splitter.finish()
        if self._letters > REPLY_LETTERS_MAX:
            return [_held_back("".join(rest), REPLY_TOO_LONG)]
        return [self.judge(sentence) for sentence in rest]

    def judge(self, sentence: str) -> GuardedSentence:
        """The verdict on the next sentence of the reply."""
        self._line += sentence
        is_too_long = len(sentence) > SENTENCE_LETTERS_MAX
        guarded = _held_back(sentence, SENTENCE_TOO_LONG) if is_too_long else self._judged(sentence)
        if sentence.endswith("\n"):
            self._line = ""
        return guarded

    def _judged(self, sentence: str) -> GuardedSentence:
        shown = self._without_foreign_links(sentence)
        if foreign := self._foreign_addresses(shown):
            return _held_back(sentence, LEADS_AWAY, missing=foreign)
        cited = tuple(dict.fromkeys(int(number) for number in _MARKERS.findall(_MARKDOWN_LINK.sub("", shown))))
        bare = _MARKERS.sub("", shown)
        told = self._without_frame(bare)
        begun, self._begun = self._begun, "" if _SENTENCE_END.search(told) else told
        if claims_effect(told) or (begun and claims_effect(f"{begun} {told}")):
            return self._effect(sentence, shown, told, cited)
        if _HAS_WORD.search(told) and (quoted := self._evidence.verbatim(told, cited)):
            guarded = self._supported(sentence, shown, quoted)
            self._quoted.append((told, guarded))
            return guarded
        return self._unquoted(sentence, shown, bare, told, cited)

    def _unquoted(self, sentence: str, shown: str, bare: str, told: str, cited: Sequence[int]) -> GuardedSentence:
        """The verdict on a sentence that stands nowhere word by word and claims no effect."""
        if "?" in told and asks_for_secret(told):
            return _held_back(sentence, PRIVATE)
        statement = Statement.read(told, default=self._language)
        if kind := self._states_nothing(bare, statement):
            return GuardedSentence(
                text=self._without_unknown_markers(shown), written=sentence, kind=kind, verdict="states_nothing"
            )
        support = self._evidence.support(statement, cited=cited, coverage_min=self._coverage_min)
        if support.is_enough(self._coverage_min):
            return self._supported(sentence, shown, support)
        if translated := self._translated(sentence, shown, statement):
            return translated
        return GuardedSentence(
            text=shown,
            written=sentence,
            kind="claim",
            verdict="unsupported",
            passages=support.passages,
            quote=support.quote,
            coverage=support.coverage,
            missing=support.missing_facts + support.missing_words,
            reason=_why_not(support),
        )

    def _foreign_addresses(self, shown: str) -> tuple[str, ...]:
        """Its addresses that nothing published has, however they are written."""
        # Taking markup out would take "<https://…>" out as well.
        found = dict.fromkeys([*addresses_in(_seen(shown)), *addresses_in(undisguised(shown))])
        return tuple(link for link in found if not self._evidence.has_address(link))

    def _effect(self, sentence: str, shown: str, told: str, cited: Sequence[int]) -> GuardedSentence:
        """A sentence that says that something was done: only a receipt supports it, whatever an article says."""
        support = self._receipts.verbatim(told, cited)
        if support is None:
            statement = Statement.read(told, default=self._language)
            support = self._receipts.support(statement, cited=cited, coverage_min=self._coverage_min)
        if support.is_enough(self._coverage_min):
            return self._supported(sentence, shown, support)
        return _held_back(sentence, NO_RECEIPT)

    def _supported(self, sentence: str, shown: str, support: Support) -> GuardedSentence:
        passages = tuple(number for number in support.passages if number in self._sources)
        return GuardedSentence(
            text=_with_markers(shown, passages) if _wants_marker(self._line, shown) else shown,
            written=sentence,
            kind="claim",
            verdict="supported",
            passages=passages,
            quote=support.quote,
            coverage=support.coverage,
            missing=support.missing_words,
            reason="Its words stand in the passage." if support.verbatim else "The passage covers what it states.",
        )

    def _translated(self, sentence: str, shown: str, statement: Statement) -> GuardedSentence | None:
        """The sentence as the translation of one that was quoted before it, each of which is translated once."""
        for place, (told, quoted) in enumerate(self._quoted):
            if differs(Statement.read(told, default=self._language), statement) is None:
                del self._quoted[place]
                return GuardedSentence(
                    text=_with_markers(shown, quoted.passages) if _wants_marker(self._line, shown) else shown,
                    written=sentence,
                    kind="claim",
                    verdict="supported",
                    passages=quoted.passages,
                    quote=quoted.quote,
                    reason="It translates a quotation before it: the same numbers, names and negations.",
                )
        return None

    def _states_nothing(self, bare: str, statement: Statement) -> SentenceKind | None:
        """The kind of a sentence that needs no source, by narrow rules; none for a claim."""
        if not _HAS_WORD.search(bare):
            return "markup"
        said = plain(bare)
        if self._is_frame(said):
            return "frame"
        if statement.has_facts or asks_for_secret(bare):
            return None
        if bare.rstrip(" \n*_\"'”»)").endswith(("?", "？", "؟")):
            return "question" if len(statement.tokens) <= QUESTION_WORDS_MAX else None
        return "courtesy" if _is_courtesy(said, statement.text) else None

    def _is_frame(self, said: str) -> bool:
        """Whether it only names an article that was found, or repeats a question to say that nothing was found."""
        for title, plain_title in self._titles.items():
            if plain_title in said and (said == plain_title or any(said == plain(frame) for frame in _frames(title))):
                return True
        return any(nothing.fullmatch(said) for nothing in _nothing_found()) and not asks_for_secret(said)

    def _without_frame(self, bare: str) -> str:
        """What follows "From *Refund times*:" in the same sentence."""
        text = bare.lstrip()
        for title in self._titles:
            if f"*{title}*" in text:
                return next((text[len(frame) :] for frame in _frames(title) if text.startswith(frame)), bare)
        return bare

    def _without_foreign_links(self, sentence: str) -> str:
        def keep(link: re.Match[str]) -> str:
            if link[1] == "" and self._evidence.has_address(link[3]):
                return link[0]
            return "" if link[1] else link[2]

        return _MARKDOWN_LINK.sub(keep, sentence)

    def _without_unknown_markers(self, shown: str) -> str:
        return _MARKERS.sub(lambda marker: marker[0] if int(marker[1]) in self._sources else "", shown)


def passing(text: str, hits: Sequence[FoundHit], own_addresses: Sequence[str] = ()) -> str:
    """What may be sent of a text that is no answer, such as a question or a refusal: its sources are not named."""
    guard = SentenceGuard(hits, own_addresses=own_addresses)
    judged = [*guard.feed(text), *guard.finish()]
    return "".join(_MARKERS.sub("", each.text) for each in judged if each.may_be_sent).strip()


def may_be_offered(option: str, hits: Sequence[FoundHit], own_addresses: Sequence[str] = ()) -> bool:
    """Whether it may be offered as an answer: a few words that state nothing, or what something that was found says."""
    if "\n" in option or not (shown := passing(option, hits, own_addresses)):
        return len(words(option)) <= OPTION_WORDS_MAX and _is_plain(option)
    return shown == option.strip()


def _is_plain(option: str) -> bool:
    has_facts = Statement.read(option).has_facts
    return not (has_facts or claims_effect(option) or asks_for_secret(option) or "\n" in option)


def _seen(text: str) -> str:
    """A text without signs that are not seen: an address is one with them as well."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")


def _held_back(sentence: str, reason: str, *, missing: tuple[str, ...] = ()) -> GuardedSentence:
    return GuardedSentence(sentence, sentence, "claim", "unsupported", coverage=0.0, missing=missing, reason=reason)


def _frames(title: str) -> list[str]:
    """How the embedded model names an article, in each language."""
    return [each.frame("from_title", title=title) for each in spoken_languages().values()]


@cache
def _nothing_found() -> tuple[re.Pattern[str], ...]:
    """How the embedded model says that it found nothing about a question, which it repeats in quotation marks."""
    frames = (each.frames["not_found_part"] for each in spoken_languages().values())
    return tuple(
        re.compile(re.escape(plain(sentences(frame)[0].replace("{part}", " partpart "))).replace("partpart", ".*"))
        for frame in frames
    )


@cache
def _own_sentences() -> frozenset[str]:
    """What the embedded model says of its own accord, sentence by sentence."""
    frames = [each.frames[name] for each in spoken_languages().values() for name in _OWN_FRAMES]
    offers = [sentences(each.frames["not_found_part"])[-1] for each in spoken_languages().values()]
    return frozenset(plain(sentence) for frame in [*frames, *offers] for sentence in sentences(frame))


def _is_courtesy(said: str, text: str) -> bool:
    """Whether it is a sentence of the embedded model's own, or every word with content is one of courtesy."""
    if said in _own_sentences():
        return True
    spoken = language(language_of(text))
    return not spoken.joins_words and all(word in spoken.stopwords or word in spoken.service for word in words(text))


def _wants_marker(line: str, shown: str) -> bool:
    """Whether a marker belongs behind the sentence.

    Steps of a list, rows of a table, headings and what has no full stop stay without if they were written so.
    """
    if _MARKERS.search(shown):
        return True
    return not _LIST_TABLE_OR_HEADING.match(line) and _SENTENCE_END.search(shown) is not None


def _with_markers(shown: str, passages: tuple[int, ...]) -> str:
    """The sentence with the markers of exactly these passages, before the white space at its end."""
    bare = _MARKERS.sub("", shown)
    if not passages:
        return bare
    body = bare.rstrip()
    markers = "".join(f"[{number}]" for number in passages)
    if body.startswith("|") and body.endswith("|"):
        # Behind the row it would stand below the table.
        return f"{body[:-1].rstrip()} {markers} |{bare[len(body) :]}"
    return f"{body} {markers}{bare[len(body) :]}"


def _why_not(support: Support) -> str:
    if not support.passages:
        return "No passage was found that it could rest on."
    if support.missing_facts:
        return f"The passage does not have {', '.join(repr(fact) for fact in support.missing_facts)} in this place."
    return f"The passage covers {support.coverage:.0%} of what it states."
