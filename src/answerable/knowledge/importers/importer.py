"""What an importer is, what it yields, and how its articles are told from those that we have."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from answerable.domain.knowledge import Draft, SourceKind

# A few at a time keep the event loop free and the memory small; an article may have 5 MB.
_ITEMS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not read."""

    name: str
    """Its key, where it would have had one."""
    reason: str
    """One sentence for the person who looks after the articles."""
    is_withdrawn: bool = False
    """It is there no more, or is not meant to be read: what was imported of it earlier is gone."""
    hides_others: bool = False
    """It stands for more than itself: what lies behind it was not looked at, so nothing may be called gone."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """An article that is as it was, by the word of its server; it was not read again."""

    key: str


Item = Draft | Skipped | Unchanged


class Importer(Protocol):
    """Reads the articles of one source, one after the other, never more than a few in memory.

    The same source gives the same articles again, each key at most once. What concerns one article comes as a
    `Skipped` among the others; what makes the whole import impossible is raised as an `AnswerableError`.
    """

    @property
    def kind(self) -> SourceKind:
        """What kind of source it reads."""
        ...

    @property
    def location(self) -> str:
        """Where it reads, in the one spelling by which its source is known again."""
        ...

    def read(self) -> AsyncIterator[Item]:
        """What is there, in no order to rely on."""
        ...


class RollCall:
    """Notes what an import saw, to tell at its end which of the articles that we had are gone."""

    def __init__(self) -> None:
        self._present: set[str] = set()
        self._saw_everything = True

    def note(self, item: Item) -> None:
        """Takes in one item of the import."""
        if isinstance(item, Skipped):
            self._saw_everything = self._saw_everything and not item.hides_others
            if not item.is_withdrawn:
                self._present.add(item.name)
        else:
            self._present.add(item.key)

    def gone(self, known_keys: Iterable[str]) -> list[str]:
        """Those of `known_keys` that are not there any more. What could not be read or was not reached is not gone."""
        return sorted(set(known_keys) - self._present) if self._saw_everything else []


def digest(draft: Draft) -> str:
    """SHA-256 of all that the author wrote, in hexadecimal: equal when nothing changed."""
    parts: list[str | None] = [draft.title, draft.text, draft.url, draft.language, draft.section, *draft.keywords]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


async def off_the_loop(items: Iterator[Item]) -> AsyncIterator[Item]:
    """The same items, read in a thread while the event loop goes on."""
    while few := await asyncio.to_thread(lambda: list(islice(items, _ITEMS_AT_ONCE))):
        for item in few:
            yield item
