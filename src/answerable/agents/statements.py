"""Takes a sentence apart: its words, its numbers, and the facts in it that must not be paraphrased."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from answerable.agents.phrases import Language, language, language_of

# Two words are the same if they share this many first letters and this share of the longer one.
PREFIX_LETTERS = 4
PREFIX_SHARE = 0.7

_GROUP = r"[.,'’\u00a0\u202f]"
_NUMBER = rf"\d{{1,3}}(?:{_GROUP}\d{{3}})+(?:[.,]\d{{1,2}})?(?![\d.,]*\d)|\d+(?:[.,]\d+)?"
_ONE_BY_ONE = r"\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff"
_TOKEN = re.compile(
    rf"(?P<number>{_NUMBER})|(?P<han>[{_ONE_BY_ONE}])|(?P<sign>[$€£¥%‰])"
    rf"|(?P<word>[^\W\d_{_ONE_BY_ONE}]+(?:['’][^\W\d_{_ONE_BY_ONE}]+)?)"
)
_ELISION = re.compile(r"\b(?:l|d|j|m|t|s|n|c|qu)['’](?=\w)", re.IGNORECASE)
_GROUPED = re.compile(rf"\d{{1,3}}(?:{_GROUP}\d{{3}})+(?:[.,]\d{{1,2}})?")

_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_ADDRESS = r"[^\s<>\"'”»)\]]"
LINK = re.compile(
    rf"(?:[a-z][a-z0-9+.\-]{{1,15}}://|www\.){_ADDRESS}+"
    rf"|\b(?:[\w\-]+\.)+[a-z]{{2,10}}(?:/{_ADDRESS}*)?(?![\w@])",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\w\-])(?=[\w\-./#]*\d)(?=[\w\-./#]*[A-Za-z])#?[A-Za-z0-9][\w\-./]*[A-Za-z0-9](?![\w\-])")
_MEASURE = re.compile(r"\d+(?:[.,]\d+)?[A-Za-z]{1,3}")
_QUOTED = re.compile(
    r"“([^”\n]{2,80})”|„([^“”\n]{2,80})[“”]|«\s*([^»\n]{2,80}?)\s*»|\"([^\"\n]{2,80})\"|`([^`\n]{2,80})`|「([^」\n]{2,80})」"
)
_MAY_HOLD_FACTS = re.compile(r"[@/.\d“„«\"`「]")

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

# Also ordinary words: "you may march on".
_NOT_ONLY_MONTHS = frozenset({"may", "march", "mars", "mai"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign of a text, made comparable."""

    kind: Literal["word", "number", "sign"]
    key: str
    """Words: the stem. Numbers: without grouping and superfluous noughts."""
    shown: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, taken apart."""

    written: str
    """As it was written, in Markdown."""
    language: str
    """The code of the language that it is in."""
    text: str
    tokens: tuple[Token, ...]
    content: tuple[Token, ...]
    """The words that carry content, in the sentence's own language."""
    literals: tuple[str, ...]
    """Addresses, links, codes and quoted names, in lower case, that a passage must have literally."""
    months: tuple[str, ...]
    negated: frozenset[str]
    """The words that a negation stands beside."""

    @staticmethod
    def read(markdown: str, *, default: str = "en") -> "Statement":
        """Takes a sentence apart; Markdown around its words does not count."""
        text = strip_markup(markdown)
        spoken = language(language_of(text, default=default))
        tokens = tokens_of(text, spoken)
        return Statement(
            written=markdown,
            language=spoken.code,
            text=text,
            tokens=tokens,
            content=tuple(token for token in tokens if carries_content(token, spoken)),
            literals=literals_in(markdown),
            months=tuple(
                token.key for token in tokens if token.shown in spoken.months and token.shown not in _NOT_ONLY_MONTHS
            ),
            negated=negated_in(tokens, spoken),
        )

    @property
    def month_names(self) -> list[str]:
        """Its months as they are written."""
        return [token.shown for token in self.tokens if token.kind == "word" and token.key in self.months]

    @property
    def numbers(self) -> list[int]:
        """Where its numbers and signs stand."""
        return [index for index, token in enumerate(self.tokens) if token.kind != "word"]

    @property
    def has_facts(self) -> bool:
        """Whether it has anything that must not be paraphrased."""
        return bool(self.literals or self.months or self.numbers)


class Stems:
    """Stems that can be looked up with some tolerance for endings."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = set(keys)
        self._by_beginning: dict[str, list[str]] = {}
        for key in sorted(self._keys):
            self._by_beginning.setdefault(key[:PREFIX_LETTERS], []).append(key)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, key: str) -> str | None:
        """The stem that this one is the same word as."""
        if key in self._keys:
            return key
        if len(key) < PREFIX_LETTERS:
            return None
        return next((other for other in self._by_beginning.get(key[:PREFIX_LETTERS], ()) if _alike(key, other)), None)


def tokens_of(text: str, spoken: Language) -> tuple[Token, ...]:
    """The words, numbers and signs of a text without markup; "84 euros" reads as "€84"."""
    text = _ELISION.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    tokens = [_token(match, spoken) for match in _TOKEN.finditer(text)]
    for index, (first, second) in enumerate(pairwise(list(tokens))):
        signed_before = index > 0 and tokens[index - 1].kind == "sign"
        if first.kind == "number" and second.kind == "sign" and second.key != "%" and not signed_before:
            tokens[index], tokens[index + 1] = second, first
    return tuple(tokens)


def strip_markup(markdown: str) -> str:
    """The words of a Markdown text: labels of links, no images, no emphasis, no marks of lists, headings or tables."""
    text = markdown
    if "[" in text or "【" in text:
        text = re.sub(r"!\[[^\]\n]*\]\([^)\n]*\)", " ", text)
        text = re.sub(r"\[([^\]\n]*)\]\([^)\n]*\)", r"\1", text)
        text = re.sub(r"[ \t\u00a0]*[\[【]\d{1,3}[\]】]", " ", text)
    if "<" in text:
        text = re.sub(r"</?[a-zA-Z][^>\n]*>", " ", text)
    text = re.sub(r"(?m)^[ \t]*(?:>+[ \t]*|#{1,6}[ \t]+|[-*+•][ \t]+|\d{1,3}[.)][ \t]+|\|)+", "", text)
    return " ".join(re.sub(r"[*`~|\\]+", " ", text).split())


def carries_content(token: Token, spoken: Language) -> bool:
    """Whether a token is a word that says something, and no function word."""
    if token.kind != "word" or token.shown in spoken.silent:
        return False
    return len(token.shown) > 1 or spoken.joins_words


def negated_in(tokens: Sequence[Token], spoken: Language) -> frozenset[str]:
    """For each negation the next word that is no function word, or one right before it if the sentence ends there."""
    found: set[str] = set()
    for index, token in enumerate(tokens):
        if token.shown in spoken.negations and not (index == 0 and token.shown in spoken.no):
            after = [each for each in tokens[index + 1 : index + 5] if _is_full(each, spoken)]
            before = [each for each in tokens[max(0, index - 2) : index] if _is_full(each, spoken)]
            found.update(each.key for each in (after[:1] or before[-1:]))
    return frozenset(found)


def literals_in(markdown: str) -> tuple[str, ...]:
    """The addresses, links, codes and quoted names in a text, in lower case."""
    if not _MAY_HOLD_FACTS.search(markdown):
        return ()
    text = unicodedata.normalize("NFKC", markdown)
    found = [mail.casefold() for mail in _EMAIL.findall(text)]
    text = _EMAIL.sub(" ", text)
    found += [link.casefold().rstrip(".,;:!?") for link in LINK.findall(text)]
    text = LINK.sub(" ", text)
    found += [flat(next(group for group in groups if group)) for groups in _QUOTED.findall(text)]
    found += [code.casefold() for code in _CODE.findall(text) if not _MEASURE.fullmatch(code)]
    return tuple(dict.fromkeys(literal for literal in found if literal))


def flat(text: str) -> str:
    """A text for literal look-up: lower case, one space, no emphasis, straight apostrophes."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace("&", " and ")
    return " ".join(re.sub(r"[*`~|\\]+", " ", text).split()).strip(" .,;:!?")


def link_key(address: str) -> str:
    """An address without what does not matter: scheme http, https or mailto, www, and a slash at its end."""
    return re.sub(r"^(?:(?:https?:)?//(www\.)?|www\.|mailto:)", "", address.strip().casefold()).rstrip("/.,;:!?")


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


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    if not word.isascii():
        word = "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _alike(one: str, other: str) -> bool:
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared >= PREFIX_LETTERS and shared >= PREFIX_SHARE * max(len(one), len(other))


def _is_full(token: Token, spoken: Language) -> bool:
    return token.kind == "word" and token.shown not in spoken.stopwords and token.shown not in spoken.negations
