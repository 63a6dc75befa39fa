"""Writing a candidate: what the next release may be, change by change, until somebody ships or drops it."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from answerable.actions.declaring import Declaration
from answerable.actions.policy_pages import head_of
from answerable.domain.clock import now
from answerable.domain.errors import Conflict, Fault, Invalid, NotFound
from answerable.domain.ids import new_id
from answerable.domain.knowledge import Draft, Source, SourceKind
from answerable.domain.page_heads import plain_lines
from answerable.domain.releases import Asset, AssetKind, Candidate, CandidateState, Change, Revision
from answerable.knowledge.procedures.reading import read_procedure
from answerable.knowledge.writing import Prepared, Writing, keep_article, slugified
from answerable.releases.compiling import WhyNot, faults_of
from answerable.releases.pinned import PINNED
from answerable.store import Store, articles, assets, candidates, imports, releases
from answerable.store.assets import Revised

REASON_CHARACTERS_MAX = 300
TITLE_CHARACTERS_MAX = 300
TEXT_BYTES_MAX = 5_000_000
LISTED_MAX = 200
WRITTEN_HERE: SourceKind = "console"
"""The source of articles that nobody imports."""

ALONE: Mapping[AssetKind, tuple[str, str]] = {
    "instruction": ("Instructions", "instructions"),
    "threshold": ("Thresholds", "thresholds"),
    "model": ("Model", "model"),
}
"""Of these kinds there is one asset each: its title and its key."""

NO_CANDIDATE = "There is no such candidate."
NO_ASSET = "There is no such asset."
IS_OVER = {
    "shipped": "This candidate was shipped as release {shipped}: begin another one.",
    "dropped": "This candidate was dropped: begin another one.",
}
ON_CANARY = "Conversations are answered by this candidate. Roll its canary back before you change it."
CHANGED_MEANWHILE = "“{title}” was changed by {author} meanwhile (revision {number}). Look at that, and change it then."


@dataclass(frozen=True, slots=True)
class Edit:
    """What somebody wants an asset to be."""

    kind: AssetKind
    text: str
    """All of it: an article's Markdown, a procedure's whole file."""
    asset_id: str | None = None
    """None for one that is not there yet."""
    made_of: str | None = None
    """The id of the revision that they had before them; none for a new one."""
    title: str = ""
    """Of an article, like all that follows."""
    language: str = "en"
    url: str | None = None
    section: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CandidateInFull:
    """A candidate with all that it changes, and what stands in its way."""

    candidate: Candidate
    changes: list[Change]
    newest: int
    """The release in force; another than its base if somebody has shipped meanwhile."""
    conflicts: list[str]
    """The ids of assets that were changed on the line since, and by the candidate."""
    faults: list[Fault]
    """Why it cannot be tried or shipped yet."""


class Candidates:
    """The candidates of a place."""

    def __init__(
        self,
        store: Store,
        writing: Writing,
        declared: Mapping[str, Declaration],
        *,
        why_not: WhyNot = lambda _: None,
    ) -> None:
        """`declared`: the actions that there are. `why_not`: why a model cannot be had."""
        self._store = store
        self._writing = writing
        self.declared = declared
        self._why_not = why_not

    async def begin(self, *, reason: str, author: str, urgent: bool = False) -> Candidate:
        """A new candidate on the release in force. Raises Invalid if it says nothing of what it is for."""
        said = readable_reason(reason)

        def keep(db: Connection) -> Candidate:
            releases.hold(db)
            candidate = new_candidate(releases.newest(db), reason=said, author=author, urgent=urgent, at=now())
            candidates.add(db, candidate)
            return candidate

        return await self._store.write(keep)

    async def listed(self, states: tuple[CandidateState, ...]) -> list[Candidate]:
        """Candidates in some states, those changed last first."""
        return await self._store.read(candidates.listed, states, LISTED_MAX)

    async def in_full(self, candidate_id: str) -> CandidateInFull:
        """A candidate with its changes, conflicts and faults. Raises NotFound."""
        return await self._store.read(self._in_full, candidate_id)

    async def describe(self, candidate_id: str, *, reason: str, urgent: bool) -> Candidate:
        """Says anew what a candidate is for, and whether it is urgent. Raises NotFound, Invalid, Conflict."""
        said = readable_reason(reason)

        def keep(db: Connection) -> Candidate:
            candidate = held(db, candidate_id)
            check_not_over(candidate)
            return candidates.change(db, candidate, now(), reason=said, urgent=urgent)

        return await self._store.write(keep)

    async def edit(self, candidate_id: str, edit: Edit, *, author: str) -> Revision:
        """Has the candidate change an asset, or add one. What is wrong with it may be mended later.

        Raises NotFound, Invalid for what cannot be kept, and Conflict if the asset is not as they saw it any more.
        """
        _check(edit)
        if edit.kind != "article":
            return await self._store.write(_edit_page, candidate_id, edit, author)
        place = await self._store.read(_article_of, edit.asset_id)
        draft = Draft(
            key=place[1] if place is not None else slugified(edit.title),
            title=edit.title.strip(),
            text=plain_lines(edit.text),
            url=edit.url,
            language=edit.language,
            section=edit.section,
            keywords=edit.keywords,
        )
        (prepared,) = await self._writing.prepared([draft])
        return await self._store.write(_edit_article, candidate_id, edit, prepared, author)

    async def remove(self, candidate_id: str, asset_id: str, *, made_of: str) -> None:
        """Has the candidate take an asset away. Raises NotFound, Conflict."""

        def keep(db: Connection) -> None:
            candidate = _to_change(db, candidate_id)
            seen = _seen(db, candidate, asset_id, made_of)
            in_force = assets.one_in_release(db, asset_id, candidate.base)
            if seen is None:
                raise NotFound(NO_ASSET)
            if in_force is None:
                # It would only have been added by the candidate itself.
                candidates.take_back(db, candidate.id, asset_id)
            else:
                _lay_over(db, candidate, asset_id, None, in_force)
            _touch(db, candidate)

        await self._store.write(keep)

    async def take_back(self, candidate_id: str, asset_id: str) -> None:
        """Has the candidate leave an asset as it is. Raises NotFound, Conflict."""

        def keep(db: Connection) -> None:
            candidate = _to_change(db, candidate_id)
            if asset_id not in candidates.laid_over(db, candidate.id):
                raise NotFound("The candidate does not change that.")
            candidates.take_back(db, candidate.id, asset_id)
            _touch(db, candidate)

        await self._store.write(keep)

    async def rebase(self, candidate_id: str, *, mine: Collection[str] = (), theirs: Collection[str] = ()) -> Candidate:
        """Puts the candidate on the release in force. Of what was changed on both sides somebody says whose counts.

        `mine` and `theirs` are ids of assets. Raises NotFound, and Conflict naming what nobody has decided. A canary
        goes on, on the newer release, if nothing was changed on both sides.
        """

        def put(db: Connection) -> Candidate:
            candidate = held(db, candidate_id)
            check_not_over(candidate)
            wanted = [each for each in conflicts_of(db, candidate) if each.asset.id not in (*mine, *theirs)]
            if wanted:
                raise Conflict(_undecided(wanted))
            if candidate.is_on_canary and (mine or theirs):
                raise Conflict(ON_CANARY)
            return rebased(db, candidate, mine=mine, theirs=theirs)

        return await self._store.write(put)

    async def drop(self, candidate_id: str) -> Candidate:
        """Ends a candidate; its revisions stay readable. Raises NotFound, Conflict."""

        def keep(db: Connection) -> Candidate:
            return candidates.change(db, _to_change(db, candidate_id), now(), state="dropped")

        return await self._store.write(keep)

    def check(self, db: Connection, candidate: Candidate) -> None:
        """Raises Invalid with all that is wrong if the candidate could not be followed, or changes nothing."""
        if not candidates.laid_over(db, candidate.id):
            raise Invalid("This candidate changes nothing yet.")
        faults = self._faults(db, candidate)
        if faults:
            told = "\n".join(str(each) for each in faults)
            raise Invalid(f"This candidate cannot be followed, so nothing was shipped:\n{told}")

    def _in_full(self, db: Connection, candidate_id: str) -> CandidateInFull:
        candidate = by_id(db, candidate_id)
        return CandidateInFull(
            candidate=candidate,
            changes=candidates.changes(db, candidate),
            newest=releases.newest(db),
            conflicts=[] if candidate.is_over else [each.asset.id for each in conflicts_of(db, candidate)],
            faults=[] if candidate.is_over else self._faults(db, candidate),
        )

    def _faults(self, db: Connection, candidate: Candidate) -> list[Fault]:
        laid_over = {each.asset.id: each for each in candidates.changes(db, candidate)}
        there = assets.in_release(db, (*PINNED, "policy"), candidate.base)
        kept = [each for each in there if each.asset.id not in laid_over]
        new = [Revised(each.asset, each.after) for each in laid_over.values() if each.after is not None]
        return faults_of([*kept, *new], self.declared, self._why_not)


# -- what shipping does with candidates as well ----------------------------------------------------------------------


def new_candidate(base: int, *, reason: str, author: str, urgent: bool, at: datetime) -> Candidate:
    """A candidate that changes nothing yet."""
    return Candidate(
        id=new_id("can"),
        reason=reason,
        author=author,
        base=base,
        state="open",
        share=0.0,
        urgent=urgent,
        version=1,
        sealed=None,
        shipped=None,
        created_at=at,
        changed_at=at,
    )


def readable_reason(reason: str) -> str:
    """Why something is done, as it is kept. Raises Invalid."""
    said = " ".join(reason.split())
    if not said:
        raise Invalid("Say in a sentence what it is for: it is what others read in the list of releases.")
    if len(said) > REASON_CHARACTERS_MAX:
        raise Invalid(f"Say what it is for in at most {REASON_CHARACTERS_MAX} characters.")
    return said


def by_id(db: Connection, candidate_id: str) -> Candidate:
    """A candidate. Raises NotFound."""
    candidate = candidates.by_id(db, candidate_id)
    if candidate is None:
        raise NotFound(NO_CANDIDATE)
    return candidate


def held(db: Connection, candidate_id: str) -> Candidate:
    """A candidate, which nobody else changes or ships to the end of the transaction. Raises NotFound."""
    releases.hold(db)
    return by_id(db, candidate_id)


def check_not_over(candidate: Candidate) -> None:
    """Raises Conflict if the candidate was shipped or dropped."""
    if candidate.is_over:
        raise Conflict(IS_OVER[candidate.state].format(shipped=candidate.shipped))


def conflicts_of(db: Connection, candidate: Candidate) -> list[Change]:
    """The changes to assets that the line has changed, too, since they were made."""
    newest = releases.newest(db)
    if newest == candidate.base:
        return []
    found = []
    for each in candidates.changes(db, candidate):
        in_force = assets.one_in_release(db, each.asset.id, newest)
        if (in_force.revision.id if in_force is not None else None) != each.made_of:
            found.append(replace(each, before=in_force.revision if in_force is not None else None))
    return found


def rebased(
    db: Connection, candidate: Candidate, *, mine: Collection[str] = (), theirs: Collection[str] = ()
) -> Candidate:
    """The candidate on the release in force; a canary goes on there from its conversations' next turns."""
    newest = releases.newest(db)
    for asset_id, revision_id in candidates.laid_over(db, candidate.id).items():
        if asset_id in theirs:
            candidates.take_back(db, candidate.id, asset_id)
        elif asset_id in mine:
            _lay_over(db, candidate, asset_id, revision_id, assets.one_in_release(db, asset_id, newest))
    before = candidate.sealed
    changed = candidates.change(db, candidate, now(), base=newest, sealed=None, version=candidate.version + 1)
    if before is None or not candidate.is_on_canary:
        return changed
    changed = sealed(db, changed)
    assert changed.sealed is not None
    releases.send_on(db, [before], to=changed.sealed)
    return changed


def sealed(db: Connection, candidate: Candidate) -> Candidate:
    """The candidate as a release beside the line, by which it can be tried; the same one until it is changed."""
    if candidate.sealed is not None:
        return candidate
    release = releases.seal(
        db,
        base=candidate.base,
        laid_over=candidates.laid_over(db, candidate.id).items(),
        reason=candidate.reason,
        author=candidate.author,
        at=now(),
        candidate_id=candidate.id,
    )
    return candidates.change(db, candidate, now(), sealed=release.number)


# -- the rest --------------------------------------------------------------------------------------------------------


def _check(edit: Edit) -> None:
    if len(edit.text.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
        raise Invalid(f"A text has at most {TEXT_BYTES_MAX // 1_000_000} MB.")
    if "\x00" in edit.text + edit.title:
        raise Invalid("There is a character U+0000 in it, which no database keeps.")
    if edit.kind == "article" and not edit.title.strip():
        raise Invalid("Give the article a title.")
    if len(edit.title) > TITLE_CHARACTERS_MAX:
        raise Invalid(f"A title has at most {TITLE_CHARACTERS_MAX} characters.")
    if not edit.text.strip():
        raise Invalid("There is nothing in it. To take something away, remove it.")


def _article_of(db: Connection, asset_id: str | None) -> tuple[str, str] | None:
    if asset_id is None:
        return None
    place = articles.article(db, asset_id)
    if place is None:
        raise NotFound(NO_ASSET)
    return place


def _edit_article(db: Connection, candidate_id: str, edit: Edit, prepared: Prepared, author: str) -> Revision:
    candidate = _to_change(db, candidate_id)
    at = now()
    if edit.asset_id is None:
        source = imports.source_or_new(db, Source(new_id("src"), WRITTEN_HERE, WRITTEN_HERE, at))
        source_id, taken = source.id, articles.ever_of_source(db, source.id)
        prepared = replace(prepared, draft=replace(prepared.draft, key=_free_key(prepared.draft.key, taken)))
    else:
        _seen(db, candidate, edit.asset_id, edit.made_of)
        place = articles.article(db, edit.asset_id)
        assert place is not None
        source_id = place[0]
    revision = keep_article(
        db,
        source_id,
        prepared,
        article_id=edit.asset_id,
        from_release=None,
        author=author,
        reason=candidate.reason,
        at=at,
    )
    return _put(db, candidate, revision)


def _edit_page(db: Connection, candidate_id: str, edit: Edit, author: str) -> Revision:
    candidate = _to_change(db, candidate_id)
    text, at = plain_lines(edit.text), now()
    title, key = _title_and_key(edit, text)
    if edit.asset_id is None:
        asset = assets.by_key(db, edit.kind, key)
        if asset is not None and _now(db, candidate, asset.id) is not None:
            raise Conflict(f"There is one with the id “{key}” already: change that one.")
        if asset is None:
            asset = Asset(new_id("ast"), edit.kind, key, at)
            assets.add(db, asset)
    else:
        known = assets.by_id(db, edit.asset_id)
        if known is None or known.kind != edit.kind:
            raise NotFound(NO_ASSET)
        asset = known
        _seen(db, candidate, asset.id, edit.made_of)
    revision = Revision(
        id=new_id("rev"),
        asset_id=asset.id,
        number=assets.last_number(db, asset.id) + 1,
        title=title,
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        author=author,
        reason=candidate.reason,
        from_release=None,
        to_release=None,
        created_at=at,
    )
    assets.add_revision(db, revision)
    return _put(db, candidate, revision)


def _title_and_key(edit: Edit, text: str) -> tuple[str, str]:
    if edit.kind in ALONE:
        return ALONE[edit.kind]
    if edit.kind == "policy":
        head = head_of(text, file="The policy").content
        title = str(head.get("title") or edit.title or "Policy")
        return title, f"{slugified(str(head.get('id') or title))}.md"
    if edit.kind != "procedure":
        raise Invalid(f"A {edit.kind} cannot be written here.")
    procedure, faults = read_procedure(text, file="The procedure")
    if procedure is None:
        raise Invalid(f"This cannot be read as a procedure:\n{faults[0]}")
    return procedure.title, procedure.id


def _to_change(db: Connection, candidate_id: str) -> Candidate:
    candidate = held(db, candidate_id)
    check_not_over(candidate)
    if candidate.is_on_canary:
        raise Conflict(ON_CANARY)
    return candidate


def _now(db: Connection, candidate: Candidate, asset_id: str) -> Revision | None:
    """What the candidate has of an asset."""
    laid_over = candidates.laid_over(db, candidate.id)
    if asset_id in laid_over:
        revision_id = laid_over[asset_id]
        return assets.revision(db, revision_id) if revision_id is not None else None
    in_force = assets.one_in_release(db, asset_id, candidate.base)
    return in_force.revision if in_force is not None else None


def _seen(db: Connection, candidate: Candidate, asset_id: str, made_of: str | None) -> Revision | None:
    """What the candidate has of an asset, if that is what they saw."""
    now_ = _now(db, candidate, asset_id)
    if now_ is not None and now_.id != made_of:
        raise Conflict(CHANGED_MEANWHILE.format(title=now_.title, author=now_.author, number=now_.number))
    return now_


def _put(db: Connection, candidate: Candidate, revision: Revision) -> Revision:
    _lay_over(
        db,
        candidate,
        revision.asset_id,
        revision.id,
        assets.one_in_release(db, revision.asset_id, candidate.base),
    )
    _touch(db, candidate)
    return revision


def _lay_over(
    db: Connection, candidate: Candidate, asset_id: str, revision_id: str | None, in_force: Revised | None
) -> None:
    made_of = in_force.revision.id if in_force is not None else None
    candidates.lay_over(db, candidate.id, asset_id, revision_id=revision_id, made_of=made_of)


def _touch(db: Connection, candidate: Candidate) -> None:
    candidates.change(db, candidate, now(), version=candidate.version + 1, sealed=None)


def _free_key(wanted: str, taken: Collection[str]) -> str:
    if wanted not in taken:
        return wanted
    return next(key for count in range(2, len(taken) + 3) if (key := f"{wanted}-{count}") not in taken)


def _undecided(conflicts: Collection[Change]) -> str:
    told = []
    for each in conflicts:
        line = f"revision {each.before.number} by {each.before.author}" if each.before is not None else "taken away"
        told.append(f"“{each.title}” ({line})")
    return f"Changed on the line meanwhile, and here as well: {', '.join(told)}. Say for each whose version counts."
