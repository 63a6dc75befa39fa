"""What there is to read: titles by language and section."""

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from answerable.domain.knowledge import Article

# A shipped change is to be seen at once as people feel it; a busy page must not read every article each time.
REMEMBERED_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """An article in a list."""

    id: str
    slug: str
    title: str
    section: str | None
    language: str
    source_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Section:
    """Articles about one thing, by title."""

    name: str | None
    entries: tuple[Entry, ...]


class Contents:
    """Every article's title, read from time to time."""

    def __init__(self, read: Callable[[], Awaitable[Sequence[Article]]]) -> None:
        self._read = read
        self._entries: tuple[Entry, ...] = ()
        self._read_at = -REMEMBERED_SECONDS
        self._reading = asyncio.Lock()

    async def entries(self) -> tuple[Entry, ...]:
        """All of them."""
        # Who comes while they are being read waits for them: each reading is of every article.
        async with self._reading:
            if time.monotonic() - self._read_at >= REMEMBERED_SECONDS:
                self._entries = tuple(_entry(each) for each in await self._read())
                self._read_at = time.monotonic()
        return self._entries


def languages_of(entries: Iterable[Entry]) -> list[str]:
    """The languages in which there is something to read, the most used first."""
    return [language for language, _ in Counter(each.language for each in entries).most_common()]


def sections_of(entries: Iterable[Entry], language: str) -> list[Section]:
    """A language's articles by section; those without one come last."""
    grouped: dict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.language == language:
            grouped[entry.section].append(entry)
    names = sorted((name for name in grouped if name), key=str.casefold)
    return [
        Section(name, tuple(sorted(grouped[name], key=lambda entry: entry.title.casefold())))
        for name in [*names, *([None] if None in grouped else [])]
    ]


def translations_of(article: Article, entries: Iterable[Entry]) -> list[Entry]:
    """The same article in other languages: its name is the same but for the language."""
    name = _without_language(article.key, article.language)
    return [
        entry
        for entry in entries
        if entry.source_id == article.source_id
        and entry.language != article.language
        and _without_language(entry.key, entry.language) == name
    ]


def choose_language(available: Sequence[str], wanted: str | None, accepted: str) -> str:
    """The language that was asked for, else the first that the browser accepts, else the most used."""
    by_code = {language.partition("-")[0].lower(): language for language in reversed(available)}
    accepted_codes = re.findall(r"(?:^|,)\s*([A-Za-z]{2,3})", accepted[:500])
    for code in [(wanted or "").partition("-")[0], *accepted_codes]:
        if code.lower() in by_code:
            return by_code[code.lower()]
    return available[0] if available else "en"


def _without_language(key: str, language: str) -> str:
    return "/".join(part for part in re.split(r"[/.]", key.lower()) if part != language.lower())


def _entry(article: Article) -> Entry:
    return Entry(
        id=article.id,
        slug=article.slug,
        title=article.title,
        section=article.section,
        language=article.language,
        source_id=article.source_id,
        key=article.key,
    )
