"""Reads a reply sentence by sentence before the customer does: what no passage supports is never sent.

A sentence that states something must be covered by a passage that was found: its words by the passage's words, and
every number, amount, month, address, link, code and quoted name in it literally. What states nothing (a greeting, a
question, "From *Refund times*:") passes by narrow rules. A sentence that is supported by another passage than the one
that it cites gets the right marker. No language model takes part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from answerable.agents.evidence import Evidence, Statement, Support, strip_markup
from answerable.agents.found import FoundHit
from answerable.agents.phrases import language, language_of, languages, plain, words
from answerable.agents.sentences import SentenceSplitter, sentences

SentenceKind = Literal["claim", "frame", "courtesy", "question", "markup"]
"""A claim states something and needs a source. A frame names an article. The others state nothing."""

Verdict = Literal["supported", "unsupported", "states_nothing"]

# Chosen on the development part of human groundedness judgements (docs/benchmarks.md, "Support guard").
COVERAGE_MIN = 0.8

QUESTION_WORDS_MAX = 30

_MARKERS = re.compile(r"[ \t\u00a0]*[\[【](\d{1,3})[\]】]")
_MARKDOWN_LINK = re.compile(r"(!?)\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?(?:\s+[\"'][^\"'\n]*[\"'])?\s*\)")
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
    """The numbers of the passages that support it."""
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

    def __init__(self, hits: Sequence[FoundHit], *, coverage_min: float = COVERAGE_MIN) -> None:
        self._splitter = SentenceSplitter()
        self._evidence = Evidence(hits)
        self._titles = {plain(hit.title) for hit in hits}
        self._frames = tuple(
            {each.frame("from_title", title=hit.title) for each in languages().values() for hit in hits}
        )
        self._coverage_min = coverage_min

    def feed(self, delta: str) -> list[GuardedSentence]:
        """The sentences that this piece completed."""
        return [self.judge(sentence) for sentence in self._splitter.feed(delta)]

    def finish(self) -> list[GuardedSentence]:
        """What is left: the reply has ended."""
        return [self.judge(sentence) for sentence in self._splitter.finish()]

    def judge(self, sentence: str) -> GuardedSentence:
        """The verdict on one sentence."""
        shown = self._without_foreign_links(sentence)
        cited = tuple(dict.fromkeys(int(number) for number in _MARKERS.findall(_MARKDOWN_LINK.sub("", shown))))
        bare = _MARKERS.sub("", shown)
        if kind := self._states_nothing(bare):
            return GuardedSentence(text=self._without_unknown_markers(shown), written=sentence, kind=kind,
                                   verdict="states_nothing")  # fmt: skip
        support = self._evidence.support(Statement.read(self._without_frame(bare)), cited=cited)
        if support.verbatim or (support.coverage >= self._coverage_min and not support.missing_facts):
            return self._supported(sentence, shown, support)
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

    def _supported(self, sentence: str, shown: str, support: Support) -> GuardedSentence:
        return GuardedSentence(
            text=_with_markers(shown, support.passages),
            written=sentence,
            kind="claim",
            verdict="supported",
            passages=support.passages,
            quote=support.quote,
            coverage=support.coverage,
            missing=support.missing_words,
            reason="Its words stand in the passage." if support.verbatim else "The passage covers what it states.",
        )

    def _states_nothing(self, bare: str) -> SentenceKind | None:
        """The kind of a sentence that needs no source, by narrow rules; none for a claim."""
        text = strip_markup(bare)
        if not _HAS_WORD.search(text):
            return "markup"
        said = plain(text)
        if self._is_frame(said):
            return "frame"
        if Statement.read(bare).has_facts:
            return None
        if text.rstrip(" \"'”»)").endswith(("?", "？")):
            return "question" if len(words(text)) <= QUESTION_WORDS_MAX else None
        return "courtesy" if _is_courtesy(said, text) else None

    def _is_frame(self, said: str) -> bool:
        """Whether it is a title that was found, alone or in one of the embedded model's frames."""
        return (
            said in self._titles
            or any(said == plain(frame) for frame in self._frames)
            or any(nothing.fullmatch(said) for nothing in _nothing_found())
        )

    def _without_frame(self, bare: str) -> str:
        """What follows "From *Refund times*:" in the same sentence."""
        text = bare.lstrip()
        return next((text[len(frame) :] for frame in self._frames if text.startswith(frame)), bare)

    def _without_foreign_links(self, sentence: str) -> str:
        def keep(link: re.Match[str]) -> str:
            if link[1] == "" and self._evidence.has_link(link[3]):
                return link[0]
            return "" if link[1] else link[2]

        return _MARKDOWN_LINK.sub(keep, sentence)

    def _without_unknown_markers(self, shown: str) -> str:
        return _MARKERS.sub(lambda marker: marker[0] if self._evidence.has(int(marker[1])) else "", shown)


@cache
def _nothing_found() -> tuple[re.Pattern[str], ...]:
    """How the embedded model says that it found nothing about a question, which it repeats in quotation marks."""
    frames = (each.frames["not_found_part"] for each in languages().values())
    return tuple(
        re.compile(re.escape(plain(sentences(frame)[0].replace("{part}", " partpart "))).replace("partpart", ".*"))
        for frame in frames
    )


@cache
def _own_sentences() -> frozenset[str]:
    """What the embedded model says of its own accord, sentence by sentence."""
    frames = [frame for each in languages().values() for frame in each.frames.values() if "{" not in frame]
    offers = [sentences(each.frames["not_found_part"])[-1] for each in languages().values()]
    return frozenset(plain(sentence) for frame in [*frames, *offers] for sentence in sentences(frame))


def _is_courtesy(said: str, text: str) -> bool:
    """Whether it is a sentence of the embedded model's own, or every word with content is one of courtesy."""
    if said in _own_sentences():
        return True
    spoken = language(language_of(text))
    return not spoken.joins_words and all(word in spoken.stopwords or word in spoken.service for word in words(text))


def _with_markers(shown: str, passages: tuple[int, ...]) -> str:
    """The sentence with the markers of exactly these passages, before the white space at its end."""
    bare = _MARKERS.sub("", shown)
    body = bare.rstrip()
    return f"{body} {''.join(f'[{number}]' for number in passages)}{bare[len(body) :]}"


def _why_not(support: Support) -> str:
    if not support.passages:
        return "No passage was found that it could rest on."
    if support.missing_facts:
        return f"The passage does not have {', '.join(repr(fact) for fact in support.missing_facts)} in this place."
    return f"The passage covers {support.coverage:.0%} of what it states."
