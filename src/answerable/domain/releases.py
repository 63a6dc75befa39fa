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
    source_digest: str | None = None
    """What its file or site had when it was last taken from there; none if it was not there."""


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
    from_release: int | None
    """The first release of the line that has it; none as long as only a candidate does."""
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
    """A set of revisions in force, by its number.

    Most stand in one line, each on the one before. A release beside the line is a candidate that is tried, or what a
    hold-out stays on: it has all of its base but what is laid over that.
    """

    number: int
    reason: str
    author: str
    created_at: datetime
    base: int | None = None
    """Of a release beside the line: the one of the line that it stands on."""
    candidate_id: str | None = None
    """The candidate that it tries, or that it was before it was shipped."""
    urgent: bool = False
    """It reached everybody at once."""
    goes_on_with: int | None = None
    """Where conversations on it go on with their next turn; none as long as they stay."""


CandidateState = Literal["open", "canary", "paused", "shipped", "dropped"]
"""Open: it is written. Canary: a share of new conversations gets it. Paused: those that have it keep it, no others get
it. The last two are for ever."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that may be: the newest one of the line when it was begun or last rebased, and changes to it."""

    id: str
    reason: str
    """What it is for, as the release will say."""
    author: str
    base: int
    """The release of the line that its changes are made to."""
    state: CandidateState
    share: float
    """From 0 to 1: of new conversations, how many a canary gets."""
    urgent: bool
    """Shipped, it reaches everybody at once: conversations that are open, and the hold-out."""
    version: int
    """Counts up with each change: who ships says which one they have seen."""
    sealed: int | None
    """The release beside the line by which it is tried; none if it was changed since, or never tried."""
    shipped: int | None
    """The release of the line that it became."""
    created_at: datetime
    changed_at: datetime

    @property
    def is_on_canary(self) -> bool:
        """Whether conversations are answered by it."""
        return self.state in ("canary", "paused")

    @property
    def is_over(self) -> bool:
        """Whether nothing can be done with it any more."""
        return self.state in ("shipped", "dropped")


@dataclass(frozen=True, slots=True)
class Change:
    """What a candidate does to an asset."""

    asset: Asset
    before: Revision | None
    """What its base has of it."""
    after: Revision | None
    """What it has in its place; none if it takes it away."""
    made_of: str | None
    """The id of the revision that was in force when the change was made; none if there was none."""

    @property
    def title(self) -> str:
        """Of the asset, as the change leaves it."""
        shown = self.after or self.before
        return shown.title if shown is not None else self.asset.key

    @property
    def way(self) -> Way:
        """What it does, in one word."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class HoldOut:
    """A share of new conversations that stays on an older release, so that what changes since can be measured."""

    id: str
    release: int
    """Beside the line: that older release, and every urgent change since."""
    share: float
    """From 0 to 1."""
    author: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What one release has otherwise than another, of one asset."""

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
