"""Words to search by: `words(text)` cuts any language into comparable tokens, `stem` joins English word forms.

Languages that put spaces between words give words; languages that do not (Chinese, Japanese, Thai, Lao, Khmer,
Burmese, Tibetan) give pairs of neighbouring characters, which finds them without a dictionary.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from threading import Lock
from typing import Any

import snowballstemmer

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_TOKEN = re.compile(
    rf"(?P<unspaced>[{_UNSPACED}]+)"
    r"|(?P<number>\d+(?:[.,]\d+)+)"
    rf"|(?P<word>(?:(?![{_UNSPACED}_])[\w\u0300-\u036f\u0900-\u0dff])+(?:['’](?:s|t|re|ve|ll|d|m)\b)?)",
)
# Accents are dropped where people leave them out when they type; in Indic and Thai writing marks are vowels and stay.
_ACCENT = re.compile("[\u0300-\u036f]")
_APOSTROPHE = re.compile("['’].*$")

# Closed-class words of English: they say nothing about a question's subject.
STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a an and are as at be been but by can could did do does for from had has have he her his how i if in into is it
        its me my of on or our out she should so than that the their them then there these they this those to up us was
        we were what when where which who why will with would you your am not no any some about just im ive id dont
        please hi hello hey thanks thank
        """,
    )
)


def normalise(text: str) -> str:
    """The text in one spelling: compatible forms joined, case folded, accents dropped."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    return unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", folded)))


def words(text: str, *, language: str = "en", without: frozenset[str] = frozenset()) -> list[str]:
    """The tokens that carry a text's subject, in order.

    Stemmed words without the commonest English ones and those of `without`, numbers (whole and in parts), pairs of
    unspaced characters.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(normalise(text)):
        token = match.group()
        if match.lastgroup == "unspaced":
            found.extend(_pairs(token))
        elif match.lastgroup == "number":
            # 8.5.7 must match 8.5.7 best, but also say something about 8.5.
            found.append(token)
            found.extend(re.split("[.,]", token))
        elif token not in STOPWORDS and token not in without:
            found.append(stem(token, language))
    return found


def _pairs(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    return [run[i : i + 2] for i in range(len(run) - 1)]


def spelt(text: str) -> list[str]:
    """The words of a text as they are written, folded and without accents, the commonest among them."""
    return [match.group() for match in _TOKEN.finditer(normalise(text)) if match.lastgroup == "word"]


@lru_cache(maxsize=65_536)
def stem(word: str, language: str = "en") -> str:
    """One form for the forms of a word. The English stemmer leaves words of other languages mostly as they are."""
    with _STEMMER_LOCK:
        return str(_stemmer(language).stemWord(_APOSTROPHE.sub("", word)))


STEMMED = {
    "en": "english",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "pt": "portuguese",
    "nl": "dutch",
}
"""The languages whose words are stemmed by their own rules."""

# A stemmer keeps the word it works on in itself.
_STEMMER_LOCK = Lock()


@cache
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(STEMMED.get(language, "english"))
