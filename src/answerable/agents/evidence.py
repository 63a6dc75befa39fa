"""Whether passages support a statement, by their words and their facts; no language model takes part.

Facts are what must not be paraphrased: numbers, amounts, per cent signs, months, mail addresses, links, codes and
quoted names. A number must stand in the right place: among the words that it stands among in the statement. A sentence
that is word by word in a passage but for its numbers is not a paraphrase, it is wrong.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from answerable.agents.found import FoundHit
from answerable.agents.phrases import language, language_of, undisguised
from answerable.agents.sentences import sentences
from answerable.agents.statements import (
    LINK,
    Statement,
    Stems,
    Token,
    flat,
    link_key,
    negated_in,
    strip_markup,
    tokens_of,
)
from answerable.domain.addresses import addresses_in

# What a statement's coverage is made of: how much of its content the passage has, how much of it the nearest sentence
# of the passage has, and how many of its words follow one another there as they do in the statement. Longer words count
# more, up to so many letters; "follow" means within so many words. Chosen on the development part of human judgements
# (docs/benchmarks.md, "Support guard"), as is the threshold.
SHARE_IN_PASSAGE, SHARE_IN_SENTENCE, SHARE_IN_ORDER = 0.4, 0.3, 0.3
WORD_LETTERS_MAX = 9
FOLLOWS_WORDS_MAX = 6
COVERAGE_MIN = 0.7

# When this much of a statement's content is in one sentence of a passage, that sentence is what the statement is about,
# and both must be negated or neither.
ALIGNED = 0.8

# How many words on each side make the surroundings of a number, and how well they must fit, compared with the number of
# the passage that they fit best. Where they fit none this well, the number's place cannot be told and does not count.
SURROUNDINGS_WORDS = 6
FIT_SHARE = 0.75
FIT_MIN = 0.75

# A passage's language is told from its first letters.
LANGUAGE_LETTERS = 400

# Most questions are about few passages, and taking one apart costs more than judging by it.
PASSAGES_REMEMBERED = 128


@dataclass(frozen=True, slots=True)
class Support:
    """How far passages support a statement."""

    passages: tuple[int, ...]
    """Their numbers; empty if nothing was found at all."""
    quote: str | None
    """The words of the passage that are nearest to the statement."""
    coverage: float
    """From 0 to 1: how much of what the statement says the passage says too."""
    missing_words: tuple[str, ...]
    missing_facts: tuple[str, ...]
    verbatim: bool = False
    """Whether the statement stands there word by word."""

    def is_enough(self, coverage_min: float) -> bool:
        """Whether the statement may be made on these passages."""
        return self.verbatim or (self.coverage >= coverage_min and not self.missing_facts)


class Evidence:
    """The passages that a reply may rest on."""

    def __init__(self, hits: Sequence[FoundHit], *, own_addresses: Sequence[str] = ()) -> None:
        """`own_addresses`: the customer's, of whom nobody leads them away."""
        self._hits = {hit.number: hit for hit in hits}
        self._own_addresses = own_addresses
        self._sources: dict[tuple[int, ...], _Source] = {}

    def has_address(self, address: str) -> bool:
        """Whether a passage has this link or mail address or is at it, or it is the customer's own."""
        return link_key(address) in self._links

    def verbatim(self, sentence: str, cited: Sequence[int]) -> Support | None:
        """The support of a sentence that stands word by word in a passage that is cited, or was before; quickly."""
        text = strip_markup(sentence)
        for numbers in [*((number,) for number in cited if number in self._hits), *self._sources]:
            if support := self._source(numbers).verbatim(text):
                return support
        return None

    def support(
        self, statement: Statement, *, cited: Sequence[int] = (), coverage_min: float = COVERAGE_MIN
    ) -> Support:
        """How far the cited passages support the statement, or another one if they do not."""
        seen: list[Support] = []
        for source in self._nearest_first(cited):
            support = source.support(statement, self._links)
            if support.verbatim or (set(source.numbers) <= set(cited) and support.is_enough(coverage_min)):
                return support
            seen.append(support)
        if not seen:
            return Support((), None, 0.0, tuple(token.shown for token in statement.content), ())
        return max(
            seen, key=lambda support: (support.is_enough(coverage_min), not support.missing_facts, support.coverage)
        )

    def _nearest_first(self, cited: Sequence[int]) -> "Iterator[_Source]":
        """The cited passages, those together, then all others."""
        known = [number for number in cited if number in self._hits]
        groups = [*((number,) for number in known), *([tuple(known)] if len(known) > 1 else [])]
        for numbers in [*groups, *((number,) for number in self._hits if number not in known)]:
            yield self._source(numbers)

    def _source(self, numbers: tuple[int, ...]) -> "_Source":
        if numbers not in self._sources:
            self._sources[numbers] = _Source(tuple(self._hits[number] for number in numbers))
        return self._sources[numbers]

    @cached_property
    def _links(self) -> frozenset[str]:
        # What a tool only looked up may be anybody's words; what was done, a receipt says.
        trusted = [hit for hit in self._hits.values() if hit.is_receipt or not hit.is_outcome]
        texts = [text for hit in trusted for text in (hit.text, hit.title, *hit.heading_path)]
        texts += [*(hit.url for hit in self._hits.values() if hit.url), *self._own_addresses]
        return frozenset().union(
            *map(_addresses_of, texts), (link_key(hit.url) for hit in self._hits.values() if hit.url)
        )


@lru_cache(maxsize=PASSAGES_REMEMBERED)
def _segments_of(text: str) -> "tuple[_Segment, ...]":
    """A passage's sentences."""
    spoken = language(language_of(text[:LANGUAGE_LETTERS]))
    return tuple(
        _Segment(sentence.strip(), tokens, negated_in(tokens, spoken))
        for sentence in sentences(text)
        if (tokens := tokens_of(strip_markup(sentence), spoken))
    )


class _Source:
    """One passage, or those that a sentence cites together, taken apart."""

    def __init__(self, hits: tuple[FoundHit, ...]) -> None:
        self.numbers = tuple(hit.number for hit in hits)
        self._hits = hits
        text = "\n".join(hit.text for hit in hits)
        self._spoken = spoken = language(language_of(text[:LANGUAGE_LETTERS]))
        self.segments = _segments_of(text)
        self._titles = [
            tokens_of(strip_markup(title), spoken) for hit in hits for title in (hit.title, *hit.heading_path)
        ]

    def support(self, statement: Statement, links: frozenset[str]) -> Support:
        """How far this source supports the statement."""
        if verbatim := self._same(statement.tokens):
            return verbatim
        met = [self._stems.find(token.key) for token in statement.content]
        nearest = max(self.segments, key=lambda segment: segment.likeness(statement, met), default=None)
        facts = [*self._missing_literals(statement, links), *self._missing_numbers(statement)]
        if nearest is not None and self._turned_round(statement, nearest, met):
            facts.append("not")
        return Support(
            passages=self.numbers,
            quote=nearest.text if nearest else None,
            coverage=self._coverage(statement, nearest, met),
            missing_words=tuple(
                token.shown for token, known in zip(statement.content, met, strict=True) if known is None
            ),
            missing_facts=tuple(dict.fromkeys(facts)),
            verbatim=not facts and self._has_run(statement, masked=False),
        )

    def verbatim(self, text: str) -> Support | None:
        """The support of a sentence without markup that stands here as a sentence."""
        return self._same(tokens_of(text, self._spoken))

    def _same(self, tokens: Sequence[Token]) -> Support | None:
        keys = [token.key for token in tokens]
        same = next((segment for segment in self.segments if segment.keys == keys), None)
        return None if same is None else Support(self.numbers, same.text, 1.0, (), (), verbatim=True)

    @cached_property
    def _stems(self) -> Stems:
        tokens = [token for segment in self.segments for token in segment.tokens]
        return Stems(token.key for token in [*tokens, *(each for title in self._titles for each in title)])

    @cached_property
    def _positions(self) -> dict[str, list[int]]:
        positions: dict[str, list[int]] = {}
        for position, key in enumerate(key for segment in self.segments for key in segment.keys):
            positions.setdefault(key, []).append(position)
        return positions

    @cached_property
    def _runs(self) -> dict[bool, list[str]]:
        """The passage and its titles, each as one string of tokens, with and without their numbers."""
        text = [token for segment in self.segments for token in segment.tokens]
        return {masked: [_run(line, masked=masked) for line in [text, *self._titles]] for masked in (False, True)}

    @cached_property
    def _literal(self) -> str:
        return " ".join(
            flat(f"{hit.title}\n{' '.join(hit.heading_path)}\n{hit.text}\n{hit.url or ''}") for hit in self._hits
        )

    @cached_property
    def _places(self) -> "list[_Place]":
        return [
            _Place(token.kind, token.key, _surroundings(segment.tokens, index))
            for segment in self.segments
            for index, token in enumerate(segment.tokens)
            if token.kind != "word"
        ]

    def _coverage(self, statement: Statement, nearest: "_Segment | None", met: Sequence[str | None]) -> float:
        if not statement.content or nearest is None:
            return 0.0
        in_passage = _share(statement.content, [known is not None for known in met])
        places = [self._positions.get(known or "", ()) for known in met]
        followed = [_follows(first, second) for first, second in pairwise(places)]
        in_order = sum(followed) / len(followed) if followed else in_passage
        in_sentence = nearest.coverage(statement, met)
        return SHARE_IN_PASSAGE * in_passage + SHARE_IN_SENTENCE * in_sentence + SHARE_IN_ORDER * in_order

    def _has_run(self, statement: Statement, *, masked: bool) -> bool:
        """Whether the statement stands there word by word; a single word proves nothing."""
        run = _run(statement.tokens, masked=masked)
        return len(statement.content) + len(statement.numbers) > 1 and any(run in line for line in self._runs[masked])

    def _missing_literals(self, statement: Statement, links: frozenset[str]) -> Iterable[str]:
        for literal in statement.literals:
            if link_key(literal) not in links and not _has_whole(self._literal, literal):
                yield literal
        for month in statement.months:
            if self._stems.find(month) is None:
                yield month

    def _missing_numbers(self, statement: Statement) -> Iterable[str]:
        """The numbers and signs that this source does not have, or has only in another place."""
        if not statement.numbers or self._has_run(statement, masked=False):
            return
        if self._has_run(statement, masked=True):
            yield from (statement.tokens[index].shown for index in statement.numbers)
            return
        titled = {token.key for title in self._titles for token in title if token.kind == "number"}
        for index in statement.numbers:
            token = statement.tokens[index]
            if token.key not in titled and not self._is_in_place(token, _surroundings(statement.tokens, index)):
                yield token.shown

    def _is_in_place(self, token: Token, surroundings: dict[str, int]) -> bool:
        fits = [(place.key, place.fit(surroundings)) for place in self._places if place.kind == token.kind]
        own = [fit for key, fit in fits if key == token.key]
        best = max((fit for _, fit in fits), default=0.0)
        return bool(own) and (best < FIT_MIN or max(own) >= FIT_SHARE * best)

    def _turned_round(self, statement: Statement, nearest: "_Segment", met: Sequence[str | None]) -> bool:
        """Whether one of the two denies what the other states."""
        denied, denied_there = statement.negated, nearest.negated
        if bool(denied) == bool(denied_there) or nearest.coverage(statement, met) < ALIGNED:
            return False
        stated = Stems(token.key for token in statement.tokens)
        stated_there = Stems(nearest.keys)
        return any(stated.find(word) for word in denied_there) or any(stated_there.find(word) for word in denied)


class _Segment:
    """A sentence of a passage."""

    def __init__(self, text: str, tokens: tuple[Token, ...], negated: frozenset[str]) -> None:
        self.text = text
        self.tokens = tokens
        self.negated = negated
        self.keys = [token.key for token in tokens]
        self._set = frozenset(self.keys)

    def coverage(self, statement: Statement, met: Sequence[str | None]) -> float:
        """How much of the statement's content this sentence has."""
        return _share(statement.content, [known in self._set for known in met])

    def likeness(self, statement: Statement, met: Sequence[str | None]) -> tuple[float, int]:
        """How near it is to the statement: by content, then by all words and numbers."""
        return self.coverage(statement, met), sum(token.key in self._set for token in statement.tokens)


@dataclass(frozen=True, slots=True)
class _Place:
    """A number or sign of a passage and the words around it."""

    kind: str
    key: str
    surroundings: dict[str, int]

    def fit(self, wanted: dict[str, int]) -> float:
        """How well the words around it are those around another number; near words on the same side count most."""
        return sum(
            1 / (abs(distance) * (1 + abs(distance - self.surroundings[word]) / 2))
            for word, distance in wanted.items()
            if word in self.surroundings
        )


@lru_cache(maxsize=PASSAGES_REMEMBERED)
def _addresses_of(text: str) -> frozenset[str]:
    """The addresses that a passage has, as they are written and as they look."""
    return frozenset(map(link_key, (*LINK.findall(text), *addresses_in(text), *addresses_in(undisguised(text)))))


def _share(tokens: Sequence[Token], known: Sequence[bool]) -> float:
    """How many of the tokens are known, longer ones counting more."""
    weights = [min(len(token.shown), WORD_LETTERS_MAX) for token in tokens]
    return sum(weight for weight, each in zip(weights, known, strict=True) if each) / sum(weights) if weights else 0.0


def _follows(first: Sequence[int], second: Sequence[int]) -> bool:
    return any(0 < later - earlier <= FOLLOWS_WORDS_MAX for earlier in first for later in second)


def _surroundings(tokens: Sequence[Token], index: int) -> dict[str, int]:
    """The nearest words on each side of a number and how far off they are; other numbers and signs do not count."""
    before = [token.key for token in reversed(tokens[:index]) if token.kind == "word"][:SURROUNDINGS_WORDS]
    after = [token.key for token in tokens[index + 1 :] if token.kind == "word"][:SURROUNDINGS_WORDS]
    found = {word: -distance for distance, word in reversed(list(enumerate(before, 1)))}
    for distance, word in reversed(list(enumerate(after, 1))):
        if word not in found or distance <= abs(found[word]):
            found[word] = distance
    return found


def _run(tokens: Iterable[Token], *, masked: bool) -> str:
    """Tokens as one string in which a sequence of them can be found; masked: all numbers and signs are alike."""
    return "\x1f".join(["", *("#" if masked and token.kind != "word" else token.key for token in tokens), ""])


def _has_whole(text: str, run: str) -> bool:
    """Whether the run stands in the text as whole words."""
    return re.search(rf"(?<!\w){re.escape(run)}(?!\w)", text) is not None
