"""What the embedded model and the reply guard know of languages, read from `phrases.toml` and `frames.toml`.

Of the languages in `frames.toml` they only know how to say what the program says of its own accord: a customer is told
in their language that a person takes over. What is written in them is read by the rules of English, as is any other.
"""

import html
import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from answerable.knowledge.function_words import function_words

DEFAULT_LANGUAGE = "en"
# A language is told from so many letters; what is remembered of texts must not grow with them.
TELLING_LETTERS_MAX = 2_000

_WORD = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*", re.UNICODE)
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
# Letters of other scripts that nobody tells from ours.
_LOOK_ALIKE = str.maketrans("аеорсхуіѕјԁһԛԝοαντιı", "aeopcxyisjdhqwoavtii")
_MARKUP = re.compile(r"[*_~`]+|</?[a-z][^>]*>|<!--.*?-->")
_ELISION = re.compile(r"\b(?:l|d|j|m|t|s|n|c|qu)['’](?=\w)", re.IGNORECASE)

# In these a pronoun stands behind its verb with a hyphen.
_JOINED_BY_HYPHEN = frozenset({"fr", "pt"})

# Letters that only some of our languages have: they decide where a text is too short for function words.
_TELLING_LETTERS = (("ß", "de"), ("ä", "de"), ("ö", "de"), ("ü", "de"), ("ñ", "es"), ("¿", "es"), ("¡", "es"),
                    ("ã", "pt"), ("õ", "pt"), ("ê", "fr"), ("œ", "fr"), ("ç", "fr"), ("è", "fr"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Language:
    """What we know of one language."""

    code: str
    stopwords: frozenset[str]
    greeting: frozenset[str]
    thanks: frozenset[str]
    goodbye: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    unclear: frozenset[str]
    small_talk: frozenset[str]
    not_helped: frozenset[str]
    person: tuple[re.Pattern[str], ...]
    resend: tuple[re.Pattern[str], ...]
    """Something is wanted once more, or has not come."""
    code_words: frozenset[str]
    """Words that name a one-time code."""
    sending: frozenset[str]
    """Words of sending and of coming, which name nothing else than a code that is waited for."""
    follow_up: tuple[str, ...]
    points_back: frozenset[str]
    expletives: tuple[str, ...]
    asks: frozenset[str]
    how: re.Pattern[str]
    """What asks for the steps to something, not for a length or an amount."""
    wishes: re.Pattern[str]
    """What a question may begin with before it asks: "I would also like to know"."""
    negations: frozenset[str]
    silent: frozenset[str]
    """Words that carry no content in a statement: function words, negations and words that it can do without."""
    service: frozenset[str]
    months: tuple[str, ...]
    numbers: dict[str, str]
    frames: dict[str, str]

    @property
    def telling_words(self) -> frozenset[str]:
        """What else is mostly said in this language: how it asks, denies and is polite."""
        return self.asks | self.negations | self.silent | self.service

    @property
    def joins_words(self) -> bool:
        """Whether it is written without spaces between words."""
        return self.code == "zh"

    def frame(self, name: str, **parts: str) -> str:
        """What the embedded model says of its own accord, with the parts put in."""
        text = self.frames[name]
        for key, part in parts.items():
            text = text.replace("{" + key + "}", part)
        return text


@cache
def languages() -> dict[str, Language]:
    """All languages by their code."""
    content = tomllib.loads((resources.files(__package__) / "phrases.toml").read_text("utf-8"))
    return {code: _language(code, table) for code, table in content.items()}


@cache
def spoken_languages() -> dict[str, Language]:
    """These, and those that are only spoken: English with other frames."""
    english = languages()[DEFAULT_LANGUAGE]
    return languages() | {code: replace(english, frames=each.frames) for code, each in _only_spoken().items()}


def language(code: str | None) -> Language:
    """The language with this code, or English."""
    return spoken_languages().get((code or DEFAULT_LANGUAGE)[:2].lower(), languages()[DEFAULT_LANGUAGE])


@dataclass(frozen=True, slots=True)
class _OnlySpoken:
    """A language that is not read: what tells it, and its frames."""

    letters: re.Pattern[str] | None
    """Its script, if that is not the Latin one."""
    telling: re.Pattern[str] | None
    others: re.Pattern[str] | None
    """What only its neighbours write."""
    words: frozenset[str]
    frames: dict[str, str]

    def votes(self, lower: str, tokens: list[str]) -> int:
        """How many of a text's words are of this language; 0 if it may well be another one."""
        if self.others and self.others.search(lower):
            return 0
        if self.letters and len(self.letters.findall(lower)) * 2 <= sum(map(str.isalpha, lower)):
            return 0
        found = sum(token in self.words for token in tokens) if self.words else len(tokens)
        is_told = self.letters or (self.telling and self.telling.search(lower))
        return found if found >= (1 if is_told else 2) else 0


@cache
def _only_spoken() -> dict[str, _OnlySpoken]:
    content = tomllib.loads((resources.files(__package__) / "frames.toml").read_text("utf-8"))
    return {
        code: _OnlySpoken(
            **{name: re.compile(table[name]) if name in table else None for name in ("letters", "telling", "others")},
            words=frozenset(table["words"].split()),
            frames=dict(table["frames"]),
        )
        for code, table in content.items()
    }


def plain(text: str) -> str:
    """A message as the phrase lists have it: lower case, one space, no punctuation around words."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(_WORD.findall(text))


def undisguised(text: str) -> str:
    """A text in lower case as it looks to who reads it: no signs that are not seen, no letters that look like others.

    What a page shows counts: entities are letters, and emphasis within a word is none.
    """
    shown = unicodedata.normalize("NFKC", html.unescape(text)).casefold().translate(_LOOK_ALIKE)
    seen = "".join(sign for sign in _MARKUP.sub("", shown) if unicodedata.category(sign) not in ("Cf", "Mn"))
    return " ".join(seen.split())


def words(text: str) -> list[str]:
    """The words of a text in lower case; each Chinese character counts as one, elided articles are cut off."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    found: list[str] = []
    for match in _WORD.finditer(_ELISION.sub(" ", text)):
        word = match.group()
        if not word.isascii() and _HAN.search(word):
            found += re.findall(r"[\u3400-\u9fff\uf900-\ufaff]|[^\u3400-\u9fff\uf900-\ufaff]+", word)
        else:
            found.append(word)
    return found


def content_words(text: str, *, code: str | None = None) -> list[str]:
    """The words that carry content; without a language, no language's function words count."""
    known = [language(code)] if code else list(languages().values())
    return [word for word in words(text) if not any(word in each.stopwords for each in known)]


def language_of(text: str, *, default: str = DEFAULT_LANGUAGE, is_settled: bool = False) -> str:
    """The language that a text is most likely in, told by its script, its function words and telling letters.

    Where the default `is_settled`, no single letter tells another one: an answer may be a street or a name.
    """
    return _language_of(text[:TELLING_LETTERS_MAX], default, is_settled)


@lru_cache(maxsize=1024)
def _language_of(text: str, default: str, is_settled: bool) -> str:
    if _KANA.search(text):
        return "ja"
    if len(_HAN.findall(text)) > len(_WORD.findall(_HAN.sub(" ", text))):
        return "zh"
    plain_text = plain(text)
    tokens = words(plain_text)
    votes = {code: _votes(plain_text, tokens, each) for code, each in languages().items() if code != "zh"}
    best = max(votes, key=lambda code: votes[code])
    rivals = [code for code, count in votes.items() if count == votes[best]]
    lower = unicodedata.normalize("NFC", text).casefold()
    spoken = {code: each.votes(lower, tokens) for code, each in _only_spoken().items()}
    told = max(spoken, key=lambda code: spoken[code])
    if spoken[told] > votes[best]:
        return told
    for letter, code in () if is_settled else _TELLING_LETTERS:
        if letter in lower and (votes[best] == 0 or code in rivals):
            return code
    if votes[best] == 0 or (len(rivals) > 1 and default in rivals):
        return default
    # "De" is a word of four languages, "combien" of one.
    return max(rivals, key=lambda code: len(languages()[code].telling_words.intersection(tokens)))


def _votes(plain_text: str, tokens: list[str], each: Language) -> int:
    whole = each.greeting, each.thanks, each.goodbye, each.unclear, each.yes, each.no, each.small_talk
    said = 3 if any(plain_text in phrases for phrases in whole) else 0
    opening = 2 if tokens and tokens[0] in each.greeting else 0
    # What words are joined to is a word of the language, too: "l'offre", "passez-moi".
    joined = _ELISION.findall(plain_text)
    if each.code in _JOINED_BY_HYPHEN:
        joined += [part for token in tokens for part in token.split("-")[1:]]
    return said + opening + sum(token in each.stopwords for token in [*tokens, *joined])


def _with_parts(pattern: str, table: dict[str, Any]) -> str:
    for name in ("who", "desk"):
        pattern = pattern.replace(f"{{{name}}}", f"(?:{table[name]})" if name in table else "(?!)")
    return pattern


def _language(code: str, table: dict[str, Any]) -> Language:
    return Language(
        code=code,
        stopwords=function_words()[code],
        greeting=frozenset(table["greeting"]),
        thanks=frozenset(table["thanks"]),
        goodbye=frozenset(table["goodbye"]),
        yes=frozenset(table["yes"]),
        no=frozenset(table["no"]),
        unclear=frozenset(table["unclear"]),
        small_talk=frozenset(table["small_talk"]),
        not_helped=frozenset(table["not_helped"]),
        person=tuple(re.compile(_with_parts(pattern, table)) for pattern in table["person"]),
        resend=tuple(re.compile(pattern) for pattern in table["resend"]),
        code_words=frozenset(table["code_words"].split()),
        sending=frozenset(table["sending"].split()),
        follow_up=tuple(table["follow_up"]),
        points_back=frozenset(table["points_back"]),
        expletives=tuple(table["expletives"]),
        asks=frozenset(table["asks"]),
        how=re.compile(table["how"]),
        wishes=re.compile(table["wishes"], re.IGNORECASE),
        negations=frozenset(table["negations"].split()),
        silent=function_words()[code] | frozenset(f"{table['negations']} {table['fillers']}".split()),
        service=frozenset(table["service"].split()),
        months=tuple(table["months"].split()),
        numbers=dict(pair.split("=") for pair in table["numbers"].split()),
        frames=dict(table["frames"]),
    )
