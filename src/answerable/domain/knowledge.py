"""What we know: articles, and the passages of their revisions that are found and cited."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

SourceKind = Literal["folder", "site", "jsonl", "console"]

ImportState = Literal["running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Draft:
    """An article as an importer read it, before it is compared with what we have."""

    key: str
    """What makes it the same article next time: its path in the folder, its address, or its id in the file."""
    title: str
    text: str
    """Markdown."""
    url: str | None
    language: str
    section: str | None = None
    keywords: tuple[str, ...] = ()
    """What people call it who do not use its words, as its author listed them."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where articles come from."""

    id: str
    kind: SourceKind
    location: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Article:
    """Something we know, as one release has it."""

    id: str
    source_id: str
    key: str
    slug: str
    """Its name in the help centre's addresses."""
    revision_id: str
    revision: int
    title: str
    text: str
    url: str | None
    language: str
    section: str | None
    from_release: int | None
    """The first release of the line that has this revision; none as long as only a candidate does."""
    revised_at: datetime


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a revision, small enough to retrieve and cite."""

    id: str
    revision_id: str
    article_id: str
    number: int
    heading_path: tuple[str, ...]
    text: str
    start: int
    end: int
    """Where it stands in the revision's text: `text == revision.text[start:end]`."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did."""

    id: str
    source_id: str
    state: ImportState
    release: int | None
    """The release that it made; none when nothing changed."""
    new: int
    changed: int
    unchanged: int
    gone: int
    skipped: tuple[tuple[str, str], ...]
    """Name and reason of each thing that could not be read."""
    started_at: datetime
    ended_at: datetime | None
