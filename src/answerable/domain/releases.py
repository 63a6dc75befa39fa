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

Way = Literal["added", "changed", "removed"]
"""What happens to an asset in a release."""


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


@dataclass(frozen=True, slots=True)
class Difference:
    """What a release did to one asset."""

    asset_id: str
    kind: AssetKind
    key: str
    title: str
    before: int | None
    """The number of the revision that was in force until then; none if there was none."""
    after: int | None
    """The number of the one that is in force since; none if it was taken away."""
    author: str
    reason: str

    @property
    def way(self) -> Way:
        """What it was, in one word."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"
