"""Imports a JSONL file: one article a line, with `title`, `text`, `url` and `lang`."""

import json
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

from answerable.domain.errors import Invalid
from answerable.domain.knowledge import Draft, SourceKind
from answerable.knowledge.importers.front_matter import keywords_in
from answerable.knowledge.importers.html import UnreadablePage, fragment_to_markdown
from answerable.knowledge.importers.importer import Item, Skipped, off_the_loop
from answerable.knowledge.importers.languages import LanguageTeller, tag
from answerable.knowledge.importers.markdown import TITLE_LENGTH_MAX, clean_markdown
from answerable.knowledge.importers.opening import open_regular_file
from answerable.knowledge.importers.texts import clean, one_line

_KEY_LENGTH_MAX = 1_000


class _Unusable(Exception):
    """A line holds no article; the message says why."""


@dataclass(frozen=True, slots=True)
class JsonlLimits:
    """What is too much."""

    line_bytes_max: int = 5_000_000


class JsonlImporter:
    """Reads one article from each line; a line that cannot be read is skipped by its number."""

    kind: SourceKind = "jsonl"

    def __init__(self, path: Path, *, default_language: str = "en", limits: JsonlLimits | None = None) -> None:
        self._path = path
        self._default_language = default_language
        self._limits = limits or JsonlLimits()

    @property
    def location(self) -> str:
        """The file's whole path: the same from wherever it is named."""
        return str(self._path.absolute())

    def read(self) -> AsyncIterator[Item]:
        """The articles, in the order of the lines."""
        return off_the_loop(self.items())

    def items(self) -> Iterator[Item]:
        """The same, for a caller that may wait."""
        with open_regular_file(self._path) as file:
            yield from self._articles(file)

    def _articles(self, file: BinaryIO) -> Iterator[Item]:
        teller = LanguageTeller(otherwise=self._default_language)
        line_of_key: dict[bytes, int] = {}
        for number, line in _lines(file, self._limits.line_bytes_max):
            if number == 1 and line is not None and (line.lstrip(BOM_UTF8).startswith(b"[") or line.strip() == b"{"):
                raise Invalid("This is JSON, but not JSONL: write each article as one object on a line of its own.")
            try:
                draft = _article(line, teller, length_max=self._limits.line_bytes_max)
            except (_Unusable, UnreadablePage) as error:
                yield Skipped(f"line {number}", f"Line {number}: {error}", hides_others=True)
                continue
            if draft is None:
                continue
            first = line_of_key.setdefault(blake2b(draft.key.encode(), digest_size=16).digest(), number)
            if first != number:
                yield Skipped(f"line {number}", f"Line {number}: it has the same id, address or title as line {first}.")
            else:
                yield draft


def _lines(file: BinaryIO, length_max: int) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number; none in the place of one that is too long, of which only a piece is held at a time."""
    number = 0
    while line := file.readline(length_max + 1):
        number += 1
        is_too_long = len(line) > length_max
        while is_too_long and not line.endswith(b"\n") and line:
            line = file.readline(length_max)
        yield number, None if is_too_long else line


def _article(line: bytes | None, teller: LanguageTeller, *, length_max: int) -> Draft | None:
    if line is None:
        raise _Unusable(f"it is longer than {length_max:,} bytes.")
    fields = _fields(line)
    if fields is None:
        return None
    title = one_line(clean(_words(fields, "title", "name")), length_max=TITLE_LENGTH_MAX)
    text = _text(fields)
    if not title:
        raise _Unusable('it has no "title".')
    if not text.strip():
        raise _Unusable('it has no "text".')
    said = _words(fields, "lang", "language", "locale")
    url = one_line(clean(_words(fields, "url", "link")), length_max=2_000)
    section = one_line(clean(_words(fields, "section", "category")), length_max=200)
    language = tag(said) or teller.language_of(title, text)
    key = one_line(clean(_words(fields, "id", "key")), length_max=_KEY_LENGTH_MAX) or url
    return Draft(
        key=key or " / ".join(filter(None, (section, title, tag(said)))),
        title=title,
        text=text,
        url=url if url.startswith(("https://", "http://")) else None,
        language=language,
        section=section or None,
        keywords=keywords_in(fields),
    )


def _fields(line: bytes) -> dict[str, Any] | None:
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise _Unusable(f"it is not UTF-8 (byte {error.start + 1}).") from error
    if not text:
        return None
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise _Unusable(f"it is not valid JSON ({error.msg} at character {error.pos + 1}).") from error
    except (ValueError, RecursionError) as error:
        raise _Unusable("it is not valid JSON (a number of too many digits, or too deep).") from error
    if not isinstance(fields, dict):
        raise _Unusable("it is not an object with fields such as title and text.")
    return fields


def _text(fields: dict[str, Any]) -> str:
    text = clean(_words(fields, "text", "markdown", "body", "content"))
    if text.strip():
        return clean_markdown(text)
    return fragment_to_markdown(clean(_words(fields, "html")))


def _words(fields: dict[str, Any], *names: str) -> str:
    """The first of the fields that is there, as text; a number will do, for an id."""
    for name in names:
        value = fields.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _Unusable(f'its "{name}" is not text.')
        return str(value)
    return ""
