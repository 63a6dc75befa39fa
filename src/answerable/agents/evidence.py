"""Whether passages support a statement, by their words and their facts; no language model takes part.

Facts are what must not be paraphrased: numbers, amounts, per cent signs, months, mail addresses, links, codes and
quoted names. A number must stand in the right place: among the words that it stands among in the statement. A sentence
that is word by word in a passage but for its numbers is not a paraphrase, it is wrong.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from answerable.agents.found import FoundHit
from answerable.agents.phrases import Language, language, language_of
from answerable.agents.sentences import sentences

# Two words are the same if they share this many first letters and this share of the longer one.
PREFIX_LETTERS = 4
PREFIX_SHARE = 0.7

# From this coverage on, one sentence of a passage is clearly the one that a statement speaks of, and both must be
# negated or neither.
ALIGNED = 0.8

# How many words on each side make the surroundings of a number, and how well those must fit, compared with the number
# of the passage that they fit best.
SURROUNDINGS_WORDS = 6
FIT_SHARE = 0.75

_GROUP = r"[.,'’\u00a0\u202f]"
_NUMBER = rf"\d{{1,3}}(?:{_GROUP}\d{{3}})+(?:[.,]\d{{1,2}})?(?![\d.,]*\d)|\d+(?:[.,]\d+)?"
_ONE_BY_ONE = r"[\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff]"
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER})|(?P<han>{_ONE_BY_ONE})|(?P<sign>[$€£¥%‰])"
    rf"|(?P<word>(?:(?!{_ONE_BY_ONE})[^\W\d_])+(?:['’][^\W\d_]+)?)"
)
_ELISION = re.compile(r"\b(?:l|d|j|m|t|s|n|c|qu)['’](?=\w)", re.IGNORECASE)
_GROUPED = re.compile(rf"\d{{1,3}}(?:{_GROUP}\d{{3}})+(?:[.,]\d{{1,2}})?")

_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_ADDRESS = r"[^\s<>\"'”»)\]]"
_LINK = re.compile(
    rf"(?:[a-z][a-z0-9+.\-]{{1,15}}://|www\.){_ADDRESS}+"
    rf"|\b(?:[\w\-]+\.)+[a-z]{{2,10}}(?:/{_ADDRESS}*)?(?![\w@])",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w\-])(?=[\w\-./#]*\d)(?=[\w\-./#]*[A-Za-z])#?[A-Za-z0-9][\w\-./]*[A-Za-z0-9](?![\w\-])")
_MEASURE = re.compile(r"\d+(?:[.,]\d+)?[A-Za-z]{1,3}")
_QUOTED = re.compile(
    r"“([^”\n]{2,80})”|„([^“”\n]{2,80})[“”]|«\s*([^»\n]{2,80}?)\s*»|\"([^\"\n]{2,80})\"|`([^`\n]{2,80})`|「([^」\n]{2,80})」"
)

_SIGN_WORDS = {
    **dict.fromkeys(["€", "eur", "euro", "euros"], "€"),
    **dict.fromkeys(["$", "usd", "dollar", "dollars", "dólar", "dólares"], "$"),
    **dict.fromkeys(["£", "gbp", "pound", "pounds"], "£"),
    **dict.fromkeys(["¥", "yen", "jpy"], "¥"),
    **dict.fromkeys(["%", "percent", "prozent", "pourcent", "percento", "procent"], "%"),
}

_ENDINGS = (
    *("ations", "mente", "ments", "ingly", "ungen", "ation", "ment", "ings", "edly", "ies", "ied", "ing", "ung"),
    *("ed", "es", "en", "er", "em", "ly", "'s", "s", "e", "n", "y"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign of a text, made comparable."""

    kind: str
    """`word`, `number` or `sign`."""
    key: str
    """Words: the stem. Numbers: without grouping and superfluous noughts."""
    shown: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, taken apart."""

    text: str
    tokens: tuple[Token, ...]
    content: tuple[Token, ...]
    """The words that carry content, in the sentence's own language."""
    facts: tuple[str, ...]
    """Addresses, links, codes and quoted names, in lower case, that a passage must have literally."""
    months: tuple[str, ...]
    negated: frozenset[str]
    """The words that a negation stands beside."""

    @staticmethod
    def read(markdown: str, *, code: str | None = None) -> "Statement":
        """Takes a sentence apart; Markdown around its words does not count."""
        text = strip_markup(markdown)
        spoken = language(code or language_of(text))
        tokens = tuple(tokens_of(text, spoken))
        return Statement(
            text=text,
            tokens=tokens,
            content=tuple(token for token in tokens if _carries_content(token, spoken)),
            facts=tuple(dict.fromkeys(_literal_facts(markdown))),
            months=tuple(
                token.key for token in tokens if token.shown in spoken.months and token.shown not in ("may", "march")
            ),
            negated=_negated(tokens, spoken),
        )

    @property
    def numbers(self) -> list[int]:
        """Where its numbers and signs stand."""
        return [index for index, token in enumerate(self.tokens) if token.kind != "word"]

    @property
    def has_facts(self) -> bool:
        """Whether it has anything that must not be paraphrased."""
        return bool(self.facts or self.months or self.numbers)


@dataclass(frozen=True, slots=True)
class Support:
    """How far passages support a statement."""

    passages: tuple[int, ...]
    """Their numbers, the best first; empty if nothing was found at all."""
    quote: str | None
    """The words of the first one that are nearest to the statement."""
    coverage: float
    """From 0 to 1: how much of the statement's content they have."""
    missing_words: tuple[str, ...]
    missing_facts: tuple[str, ...]
    verbatim: bool = False
    """Whether the statement stands there word by word."""


class Evidence:
    """The passages that a reply may rest on."""

    def __init__(self, hits: Sequence[FoundHit]) -> None:
        self._sources = [_Source((hit,)) for hit in hits]
        self._hits = {hit.number: hit for hit in hits}
        self._links = {_link_key(hit.url) for hit in hits if hit.url}
        for hit in hits:
            self._links.update(_link_key(link) for link in _LINK.findall(hit.text))

    def has(self, number: int) -> bool:
        """Whether a passage has this number."""
        return number in self._hits

    def has_link(self, address: str) -> bool:
        """Whether a passage has this link, or is at this address."""
        return _link_key(address) in self._links

    def support(self, statement: Statement, *, cited: Sequence[int] = ()) -> Support:
        """How far the cited passages support the statement, or any other if they do not."""
        sources = list(self._sources)
        together = tuple(self._hits[number] for number in cited if number in self._hits)
        if len(together) > 1:
            sources.append(_Source(together))
        found = [source.support(statement, self._links) for source in sources]
        if not found:
            return Support((), None, 0.0, tuple(token.shown for token in statement.content), ())
        return max(found, key=lambda support: _rank(support, cited))


class _Source:
    """One passage, or those that a sentence cites together, taken apart."""

    def __init__(self, hits: tuple[FoundHit, ...]) -> None:
        self.numbers = tuple(hit.number for hit in hits)
        text = "\n".join(hit.text for hit in hits)
        code = language_of(text)
        self.segments = [
            _Segment(sentence.strip(), Statement.read(sentence, code=code))
            for sentence in sentences(text)
            if re.search(r"\w", sentence)
        ]
        titles = " ".join(part for hit in hits for part in (hit.title, *hit.heading_path))
        context = tokens_of(strip_markup(titles), language(code))
        lines = [
            tokens_of(strip_markup(each), language(code))
            for hit in hits
            for each in (hit.text, hit.title, *hit.heading_path)
        ]
        self.runs = [_run(line) for line in lines]
        self.masked_runs = [_run(line, masked=True) for line in lines]
        self.places = [
            _Place(segment.statement.tokens[index].kind, segment.statement.tokens[index].key,
                   _surroundings(segment.statement.tokens, index))
            for segment in self.segments
            for index in segment.statement.numbers
        ]  # fmt: skip
        self.words = _WordSet(
            [token.key for segment in self.segments for token in segment.statement.tokens if token.kind == "word"]
            + [token.key for token in context if token.kind == "word"]
        )
        self.literal = " ".join(
            _flat(f"{hit.title}\n{' '.join(hit.heading_path)}\n{hit.text}\n{hit.url or ''}") for hit in hits
        )
        self.codes = set(_literal_facts(self.literal))
        self.title_numbers = {token.key for token in context if token.kind == "number"}

    def support(self, statement: Statement, links: set[str]) -> Support:
        """How far this source supports the statement."""
        nearest = max(self.segments, key=lambda segment: segment.likeness(statement), default=None)
        missing_words = tuple(token.shown for token in statement.content if token.key not in self.words)
        coverage = 1 - len(missing_words) / len(statement.content) if statement.content else 0.0
        quote = nearest.text if nearest else None
        if any(segment.is_same(statement) for segment in self.segments):
            return Support(self.numbers, quote, 1.0, (), (), verbatim=True)
        missing_facts = [*self._missing_literals(statement, links), *self._missing_numbers(statement)]
        if nearest is not None and self._turned_round(statement, nearest):
            missing_facts.append("not")
        return Support(
            passages=self.numbers,
            quote=quote,
            coverage=coverage,
            missing_words=missing_words,
            missing_facts=tuple(dict.fromkeys(missing_facts)),
            verbatim=not missing_facts and self._has_run(statement, self.runs, _run(statement.tokens)),
        )

    def _has_run(self, statement: Statement, runs: list[str], run: str) -> bool:
        """Whether the statement stands there word by word; a single word proves nothing."""
        return len(statement.content) + len(statement.numbers) > 1 and any(run in line for line in runs)

    def _missing_literals(self, statement: Statement, links: set[str]) -> Iterable[str]:
        for fact in statement.facts:
            if not (fact in self.codes or _link_key(fact) in links or _has_whole(self.literal, fact)):
                yield fact
        for month in statement.months:
            if month not in self.words:
                yield month

    def _missing_numbers(self, statement: Statement) -> Iterable[str]:
        """The numbers and signs that this source does not have, or has only in another place."""
        if not statement.numbers or self._has_run(statement, self.runs, _run(statement.tokens)):
            return
        if self._has_run(statement, self.masked_runs, _run(statement.tokens, masked=True)):
            yield from (statement.tokens[index].shown for index in statement.numbers)
            return
        for index in statement.numbers:
            token = statement.tokens[index]
            if token.key not in self.title_numbers and not self._is_in_place(
                token, _surroundings(statement.tokens, index)
            ):
                yield token.shown

    def _is_in_place(self, token: Token, surroundings: dict[str, int]) -> bool:
        rivals = [place for place in self.places if place.kind == token.kind]
        fits = [place.fit(surroundings) for place in rivals if place.key == token.key]
        return bool(fits) and max(fits) >= FIT_SHARE * max(place.fit(surroundings) for place in rivals)

    def _turned_round(self, statement: Statement, nearest: "_Segment") -> bool:
        """Whether one of the two denies what the other states."""
        denied, denied_there = statement.negated, nearest.statement.negated
        if nearest.coverage(statement) < ALIGNED or bool(denied) == bool(denied_there):
            return False
        stated = _WordSet(token.key for token in statement.tokens)
        return any(word in stated for word in denied_there) or any(word in nearest.words for word in denied)


class _Segment:
    """A sentence of a passage."""

    def __init__(self, text: str, statement: Statement) -> None:
        self.text = text
        self.statement = statement
        self.keys = [token.key for token in statement.tokens]
        self.words = _WordSet(self.keys)

    def is_same(self, statement: Statement) -> bool:
        """Whether it has the same words and numbers in the same order."""
        return bool(statement.tokens) and self.keys == [token.key for token in statement.tokens]

    def coverage(self, statement: Statement) -> float:
        """How much of the statement's content this sentence has."""
        return self._share(statement.content)

    def likeness(self, statement: Statement) -> tuple[float, float]:
        """How near it is to the statement: by content, then by all words and numbers."""
        return self._share(statement.content), self._share(statement.tokens)

    def _share(self, tokens: Sequence[Token]) -> float:
        return sum(token.key in self.words for token in tokens) / len(tokens) if tokens else 0.0


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


class _WordSet:
    """Stems that can be looked up with some tolerance for endings."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = set(keys)
        self._by_beginning: dict[str, list[str]] = {}
        for key in self._keys:
            self._by_beginning.setdefault(key[:PREFIX_LETTERS], []).append(key)

    def __contains__(self, key: str) -> bool:
        if key in self._keys:
            return True
        if len(key) < PREFIX_LETTERS:
            return False
        return any(_alike(key, other) for other in self._by_beginning.get(key[:PREFIX_LETTERS], ()))


def tokens_of(text: str, spoken: Language) -> list[Token]:
    """The words, numbers and signs of a text without markup; "84 euros" reads as "€84"."""
    text = _ELISION.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    tokens = [_token(match, spoken) for match in _TOKEN.finditer(text)]
    for index, (first, second) in enumerate(pairwise(list(tokens))):
        if (first.kind, second.kind) == ("number", "sign") and second.key != "%" and not _is_sign(tokens, index - 1):
            tokens[index], tokens[index + 1] = second, first
    return tokens


def _is_sign(tokens: Sequence[Token], index: int) -> bool:
    return index >= 0 and tokens[index].kind == "sign"


def strip_markup(markdown: str) -> str:
    """The words of a Markdown text: labels of links, no images, no emphasis, no marks of lists, headings or tables."""
    text = re.sub(r"!\[[^\]\n]*\]\([^)\n]*\)", " ", markdown)
    text = re.sub(r"\[([^\]\n]*)\]\([^)\n]*\)", r"\1", text)
    text = re.sub(r"[ \t\u00a0]*[\[【]\d{1,3}[\]】]", " ", text)
    text = re.sub(r"</?[a-zA-Z][^>\n]*>", " ", text)
    text = re.sub(r"(?m)^[ \t]*(?:>+[ \t]*|#{1,6}[ \t]+|[-*+•][ \t]+|\d{1,3}[.)][ \t]+|\|)+", "", text)
    return " ".join(re.sub(r"[*_`~|\\]+", lambda mark: "_" if mark[0] == "_" else " ", text).split())


def _token(match: re.Match[str], spoken: Language) -> Token:
    shown = match.group()
    if match.lastgroup == "number":
        return Token("number", _number_key(shown), shown)
    if shown in _SIGN_WORDS:
        return Token("sign", _SIGN_WORDS[shown], shown)
    if shown in spoken.numbers:
        return Token("number", spoken.numbers[shown], shown)
    return Token("word", _stem(shown), shown)


def _number_key(shown: str) -> str:
    if _GROUPED.fullmatch(shown):
        whole = re.split(r"[.,](?=\d{1,2}$)", shown)
        digits = re.sub(r"\D", "", whole[0])
        return _number_key(f"{digits}.{whole[1]}" if len(whole) > 1 else digits)
    whole_part, _, fraction = shown.replace(",", ".").partition(".")
    fraction = fraction.rstrip("0")
    return (whole_part.lstrip("0") or "0") + (f".{fraction}" if fraction else "")


@cache
def _stem(word: str) -> str:
    word = "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


@cache
def _alike(one: str, other: str) -> bool:
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared >= PREFIX_LETTERS and shared >= PREFIX_SHARE * max(len(one), len(other))


def _carries_content(token: Token, spoken: Language) -> bool:
    if token.kind != "word" or token.shown in spoken.stopwords or token.shown in spoken.negations:
        return False
    return len(token.shown) > 1 or spoken.joins_words


def _negated(tokens: Sequence[Token], spoken: Language) -> frozenset[str]:
    """For each negation the next word with content, or the one right before it if the sentence ends there."""
    found: set[str] = set()
    for index, token in enumerate(tokens):
        if token.shown in spoken.negations:
            after = [each for each in tokens[index + 1 : index + 5] if _carries_content(each, spoken)]
            before = [each for each in tokens[max(0, index - 2) : index] if _carries_content(each, spoken)]
            found.update(each.key for each in (after[:1] or before[-1:]))
    return frozenset(found)


def _literal_facts(markdown: str) -> Iterable[str]:
    text = unicodedata.normalize("NFKC", markdown)
    for mail in _EMAIL.findall(text):
        yield mail.casefold()
    text = _EMAIL.sub(" ", text)
    for link in _LINK.findall(text):
        yield link.casefold().rstrip(".,;:!?")
    text = _LINK.sub(" ", text)
    for groups in _QUOTED.findall(text):
        quoted = _flat(next(group for group in groups if group))
        if quoted:
            yield quoted
    for code in _CODE.findall(text):
        if not _MEASURE.fullmatch(code):
            yield code.casefold()


def _flat(text: str) -> str:
    """A text for literal look-up: lower case, one space, no emphasis, straight apostrophes."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(re.sub(r"[*`~|\\]+", " ", text).split()).strip(" .,;:!?")


def _has_whole(text: str, run: str) -> bool:
    """Whether the run stands in the text as whole words."""
    return re.search(rf"(?<!\w){re.escape(run)}(?!\w)", text) is not None


def _link_key(address: str) -> str:
    return re.sub(r"^https?://(www\.)?|^www\.", "", address.strip().casefold()).rstrip("/.,;:!?")


def _surroundings(tokens: Sequence[Token], index: int) -> dict[str, int]:
    """The nearest words on each side of a number and how far off they are; other numbers and signs do not count."""
    before = [token.key for token in reversed(tokens[:index]) if token.kind == "word"][:SURROUNDINGS_WORDS]
    after = [token.key for token in tokens[index + 1 :] if token.kind == "word"][:SURROUNDINGS_WORDS]
    found = {word: -distance for distance, word in reversed(list(enumerate(before, 1)))}
    for distance, word in reversed(list(enumerate(after, 1))):
        if word not in found or distance < abs(found[word]):
            found[word] = distance
    return found


def _run(tokens: Iterable[Token], *, masked: bool = False) -> str:
    """Tokens as one string in which a sequence of them can be found; masked: all numbers and signs are alike."""
    return "\x1f".join(["", *("#" if masked and token.kind != "word" else token.key for token in tokens), ""])


def _rank(support: Support, cited: Sequence[int]) -> tuple[bool, bool, bool, float]:
    cites = all(number in cited for number in support.passages)
    return (not support.missing_facts, support.verbatim, cites and support.coverage > 0, support.coverage)
