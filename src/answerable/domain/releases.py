"""What decides how the agent behaves, as one thing: assets, their unchanging revisions, and releases of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

AssetKind = Literal[
    "article",
    "policy",
    "procedure",
    "instruction",
    "classifier",
    "grader",
    "automation",
    "routing",
    "threshold",
    "model",
]


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that releases have revisions of."""

    id: str
    kind: AssetKind
    key: str
    """What makes it the same one next time, among all of its kind."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """An unchanging version of an asset."""

    id: str
    asset_id: str
    number: int
    title: str
    text: str
    """All of it, as its author wrote it: an article's Markdown, a procedure's whole file."""
    digest: str
    """SHA-256 of all that its author wrote, in hexadecimal."""
    author: str
    reason: str
    from_release: int
    to_release: int | None
    """The first release in which it is no longer in force."""
    created_at: datetime
    url: str | None = None
    language: str = ""
    """Of an article. What is below stands with articles alone, too."""
    section: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """A set of revisions in force, by its number in the one line of releases."""

    number: int
    reason: str
    author: str
    created_at: datetime
