"""What the reps' door says and hears of releases, candidates and assets."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from answerable.domain.releases import AssetKind, CandidateState, Way

Reason = Annotated[str, Meta(max_length=300)]


class ReleaseRow(Struct, frozen=True, kw_only=True):
    """A release: a point in their line, or one beside it, which tries a candidate or is a hold-out's."""

    number: int
    reason: str
    author: str
    created_at: datetime
    base: int | None
    """Of one beside the line: that of the line which it stands on."""
    candidate_id: str | None
    """The candidate that it tries, or that it was."""
    urgent: bool
    goes_on_with: int | None
    """The release with which its conversations begin their next turns; none as long as they stay on it."""


class DifferenceRow(Struct, frozen=True, kw_only=True):
    """What a release has otherwise of one asset: an article, a procedure, the company's instructions."""

    asset_id: str
    kind: AssetKind
    key: str
    title: str
    change: Way
    before: int | None
    """The number of the revision that was in force until then."""
    after: int | None
    author: str
    reason: str


class ReleaseDetail(Struct, frozen=True, kw_only=True):
    """A release, and what it has otherwise than another: the one before, if no other was asked for."""

    row: ReleaseRow
    before: int
    """The release that it is compared with."""
    differences: list[DifferenceRow]
    """By kind and title; at most 500."""
    total: int


class RevisionDetail(Struct, frozen=True, kw_only=True):
    """A version of an asset with all of its text."""

    id: str
    asset_id: str
    number: int
    title: str
    text: str
    author: str
    reason: str
    from_release: int | None
    """None as long as only a candidate has it."""
    to_release: int | None
    created_at: datetime
    url: str | None
    language: str
    section: str | None
    keywords: list[str]


class AssetDifference(Struct, frozen=True, kw_only=True):
    """An asset as two releases have it; nothing where one does not."""

    before: RevisionDetail | None
    after: RevisionDetail | None


class AssetRow(Struct, frozen=True, kw_only=True):
    """An asset as a release has it."""

    id: str
    kind: AssetKind
    key: str
    title: str
    revision_id: str
    revision: int
    author: str
    reason: str
    revised_at: datetime


class AssetDetail(Struct, frozen=True, kw_only=True):
    """An asset with all of its versions, newest first, those of candidates among them."""

    id: str
    kind: AssetKind
    key: str
    revisions: list[RevisionDetail]


class NewCandidate(Struct, frozen=True, kw_only=True):
    """What a candidate is for, in a sentence, and whether it must reach everybody at once."""

    reason: Reason
    urgent: bool = False


class CandidateRow(Struct, frozen=True, kw_only=True):
    """A candidate in a list."""

    id: str
    reason: str
    author: str
    state: CandidateState
    base: int
    share: float
    """From 0 to 1: of new conversations, how many its canary gets."""
    urgent: bool
    version: int
    """Goes into what ships it or tries it: what has been changed since somebody looked is not shipped."""
    sealed: int | None
    """The release beside the line by which it is tried."""
    shipped: int | None
    """The release of the line that it became."""
    created_at: datetime
    changed_at: datetime


class ChangeRow(Struct, frozen=True, kw_only=True):
    """What a candidate does to an asset."""

    asset_id: str
    kind: AssetKind
    key: str
    title: str
    change: Way
    before: RevisionDetail | None
    after: RevisionDetail | None
    is_conflict: bool
    """Whether the line has changed it, too, since this change was made."""


class FaultRow(Struct, frozen=True, kw_only=True):
    """Why something cannot be followed."""

    title: str
    line: int
    says: str


class CandidateDetail(Struct, frozen=True, kw_only=True):
    """A candidate with all that it changes, and what stands in its way."""

    row: CandidateRow
    changes: list[ChangeRow]
    newest: int
    """The release in force: if it is not the candidate's base, it must be rebased before it is shipped."""
    faults: list[FaultRow]


class NewEdit(Struct, frozen=True, kw_only=True):
    """What somebody wants an asset to be. Without `asset_id` it is a new one."""

    kind: Literal["article", "instruction", "model", "policy", "procedure", "threshold"]
    text: Annotated[str, Meta(max_length=5_000_000)]
    asset_id: str | None = None
    made_of: str | None = None
    """The id of the revision that they had before them."""
    title: Annotated[str, Meta(max_length=300)] = ""
    """Of an article, like all that follows; the others have theirs in the text."""
    language: Annotated[str, Meta(max_length=35)] = "en"
    url: Annotated[str, Meta(max_length=2000)] | None = None
    section: Annotated[str, Meta(max_length=300)] | None = None
    keywords: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=100)] = []


class Removal(Struct, frozen=True, kw_only=True):
    """Takes an asset away; `made_of` is the id of the revision that they had before them."""

    made_of: str


class Rebase(Struct, frozen=True, kw_only=True):
    """Whose version counts of what was changed on both sides, by the ids of assets."""

    mine: list[str] = []
    theirs: list[str] = []


class Seen(Struct, frozen=True, kw_only=True):
    """Which version of the candidate they have looked at."""

    version: int


class NewCanary(Struct, frozen=True, kw_only=True):
    """Begins a canary, or gives it another share of new conversations."""

    version: int
    share: Annotated[float, Meta(gt=0, le=1)]


class RollBack(Struct, frozen=True, kw_only=True):
    """The release of the line whose assets shall be in force again, and why."""

    to: Annotated[int, Meta(ge=0, le=2_147_483_647)]
    reason: Reason


class RolledBack(Struct, frozen=True, kw_only=True):
    """What a roll-back did."""

    release: ReleaseRow
    canary: CandidateRow | None
    """A canary that stood on what was rolled back: it has ended, too."""
    hold_out_ended: bool


class NewHoldOut(Struct, frozen=True, kw_only=True):
    """A share of new conversations stays on a release of the line, but for urgent changes."""

    release: Annotated[int, Meta(ge=0, le=2_147_483_647)]
    share: Annotated[float, Meta(gt=0, le=0.5)]


class HoldOutRow(Struct, frozen=True, kw_only=True):
    """A hold-out."""

    id: str
    release: int
    """Beside the line; its base is the release that it stays on."""
    base: int
    share: float
    author: str
    started_at: datetime
    ended_at: datetime | None


class InForce(Struct, frozen=True, kw_only=True):
    """What new conversations get."""

    newest: ReleaseRow
    canary: CandidateRow | None
    hold_out: HoldOutRow | None
    open_conversations: dict[int, int]
    """How many conversations are open on each release."""
