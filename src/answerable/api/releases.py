"""Releases and candidates: what is in force, what differs, and everything by which that is changed."""

from typing import Annotated

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_200_OK
from sqlalchemy import Connection

from answerable.api.desk import AtDesk, RepHere
from answerable.api.release_shapes import (
    AssetDetail,
    AssetDifference,
    AssetRow,
    CandidateDetail,
    CandidateRow,
    ChangeRow,
    DifferenceRow,
    FaultRow,
    HoldOutRow,
    InForce,
    NewCanary,
    NewCandidate,
    NewEdit,
    NewHoldOut,
    Rebase,
    ReleaseDetail,
    ReleaseRow,
    Removal,
    RevisionDetail,
    RollBack,
    RolledBack,
    Seen,
)
from answerable.domain.errors import NotFound
from answerable.domain.releases import AssetKind, Candidate, CandidateState, Change, HoldOut, Release, Revision
from answerable.releases.candidates import NO_ASSET, CandidateInFull, Edit
from answerable.releases.looking import release_in_full
from answerable.store import assets, candidates, conversations, releases
from answerable.web import at_least
from answerable.web.requests import COUNTED, COUNTED_IN_PATH

RELEASES_MAX = 200
DIFFERENCES_SHOWN_MAX = 500
UNDER_WAY: tuple[CandidateState, ...] = ("open", "canary", "paused")
ENDED: tuple[CandidateState, ...] = ("shipped", "dropped")
ReleaseNumber = Annotated[int, COUNTED_IN_PATH]
OtherRelease = Annotated[int | None, COUNTED]
BUILDER, LEAD = [at_least("builder")], [at_least("lead")]

# -- releases --------------------------------------------------------------------------------------------------------


@get("/releases")
async def list_releases(desk: AtDesk) -> list[ReleaseRow]:
    """The line of releases, newest first."""
    return [_release_row(each) for each in await desk.store.read(releases.line, RELEASES_MAX)]


@get("/releases/in-force")
async def in_force(desk: AtDesk) -> InForce:
    """What new conversations get, and on which releases conversations are open."""

    def look(db: Connection) -> InForce:
        newest = releases.by_number(db, releases.newest(db))
        assert newest is not None
        canary, hold_out = candidates.on_canary(db), candidates.hold_out(db)
        return InForce(
            newest=_release_row(newest),
            canary=_candidate_row(canary) if canary is not None else None,
            hold_out=_hold_out_row(db, hold_out) if hold_out is not None else None,
            open_conversations=conversations.open_by_release(db),
        )

    return await desk.store.read(look)


@get("/releases/{number:int}")
async def one_release(desk: AtDesk, number: ReleaseNumber, before: OtherRelease = None) -> ReleaseDetail:
    """A release, and what it has otherwise than another; without `before`, than the one before it."""
    found = await release_in_full(desk.store, number, before=before)
    return ReleaseDetail(
        row=_release_row(found.release),
        before=found.before,
        differences=[
            DifferenceRow(
                asset_id=each.asset_id,
                kind=each.kind,
                key=each.key,
                title=each.title,
                change=each.way,
                before=each.before,
                after=each.after,
                author=each.author,
                reason=each.reason,
            )
            for each in found.differences[:DIFFERENCES_SHOWN_MAX]
        ],
        total=len(found.differences),
    )


@get("/releases/{number:int}/assets/{asset_id:str}")
async def asset_in_releases(
    desk: AtDesk, number: ReleaseNumber, asset_id: FromPath[str], before: OtherRelease = None
) -> AssetDifference:
    """An asset as a release has it, beside how another does; without `before`, the one before it."""

    def look(db: Connection) -> AssetDifference:
        release = releases.by_number(db, number)
        if release is None or assets.by_id(db, asset_id) is None:
            raise NotFound(NO_ASSET)
        was, has = [
            assets.one_in_release(db, asset_id, each)
            for each in (before if before is not None else releases.before(db, release), number)
        ]
        return AssetDifference(
            before=_revision(was.revision) if was is not None else None,
            after=_revision(has.revision) if has is not None else None,
        )

    return await desk.store.read(look)


@post("/releases/roll-back", guards=LEAD, status_code=HTTP_200_OK)
async def roll_back(desk: AtDesk, rep: RepHere, data: JSONBody[RollBack]) -> RolledBack:
    """The next release has all that an older one had; conversations since then go on with it."""
    done = await desk.line.roll_back(to=data.to, reason=data.reason, author=rep.name)
    return RolledBack(
        release=_release_row(done.release),
        canary=_candidate_row(done.canary) if done.canary is not None else None,
        hold_out_ended=done.hold_out is not None,
    )


@post("/hold-out", guards=LEAD)
async def begin_hold_out(desk: AtDesk, rep: RepHere, data: JSONBody[NewHoldOut]) -> HoldOutRow:
    """A share of new conversations stays on a release, so that what changes since can be measured."""
    begun = await desk.line.hold_out(release=data.release, share=data.share, author=rep.name)
    return await desk.store.read(_hold_out_row, begun)


@post("/hold-out/end", guards=LEAD, status_code=HTTP_200_OK)
async def end_hold_out(desk: AtDesk) -> HoldOutRow:
    """Its conversations go on with the release in force."""
    return await desk.store.read(_hold_out_row, await desk.line.end_hold_out())


# -- assets ----------------------------------------------------------------------------------------------------------


@get("/assets")
async def list_assets(desk: AtDesk, kind: FromQuery[AssetKind], release: OtherRelease = None) -> list[AssetRow]:
    """The assets of a kind as a release has them; without one, the release in force."""

    def look(db: Connection) -> list[AssetRow]:
        found = assets.in_release(db, [kind], release if release is not None else releases.newest(db))
        return [
            AssetRow(
                id=each.asset.id,
                kind=each.asset.kind,
                key=each.asset.key,
                title=each.revision.title,
                revision_id=each.revision.id,
                revision=each.revision.number,
                author=each.revision.author,
                reason=each.revision.reason,
                revised_at=each.revision.created_at,
            )
            for each in found
        ]

    return await desk.store.read(look)


@get("/assets/{asset_id:str}")
async def one_asset(desk: AtDesk, asset_id: FromPath[str]) -> AssetDetail:
    """An asset with all of its versions."""

    def look(db: Connection) -> AssetDetail:
        asset = assets.by_id(db, asset_id)
        if asset is None:
            raise NotFound(NO_ASSET)
        found = [_revision(each) for each in assets.revisions_of(db, asset_id)]
        return AssetDetail(id=asset.id, kind=asset.kind, key=asset.key, revisions=found)

    return await desk.store.read(look)


# -- candidates ------------------------------------------------------------------------------------------------------


@get("/candidates")
async def list_candidates(desk: AtDesk, ended: FromQuery[bool] = False) -> list[CandidateRow]:
    """Candidates that can still be shipped, or those that have ended; those changed last first."""
    return [_candidate_row(each) for each in await desk.candidates.listed(ENDED if ended else UNDER_WAY)]


@post("/candidates", guards=BUILDER)
async def begin_candidate(desk: AtDesk, rep: RepHere, data: JSONBody[NewCandidate]) -> CandidateDetail:
    """Begins a candidate on the release in force."""
    begun = await desk.candidates.begin(reason=data.reason, author=rep.name, urgent=data.urgent)
    return await _detail(desk, begun.id)


@get("/candidates/{candidate_id:str}")
async def one_candidate(desk: AtDesk, candidate_id: FromPath[str]) -> CandidateDetail:
    """A candidate with all that it changes."""
    return await _detail(desk, candidate_id)


@patch("/candidates/{candidate_id:str}", guards=BUILDER)
async def describe_candidate(
    desk: AtDesk, candidate_id: FromPath[str], data: JSONBody[NewCandidate]
) -> CandidateDetail:
    """Says anew what it is for, and whether it is urgent."""
    await desk.candidates.describe(candidate_id, reason=data.reason, urgent=data.urgent)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/edits", guards=BUILDER, status_code=HTTP_200_OK)
async def edit_asset(
    desk: AtDesk, rep: RepHere, candidate_id: FromPath[str], data: JSONBody[NewEdit]
) -> CandidateDetail:
    """Has the candidate change an asset, or add one."""
    edit = Edit(
        kind=data.kind,
        text=data.text,
        asset_id=data.asset_id,
        made_of=data.made_of,
        title=data.title,
        language=data.language,
        url=data.url,
        section=data.section,
        keywords=tuple(data.keywords),
    )
    await desk.candidates.edit(candidate_id, edit, author=rep.name)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/assets/{asset_id:str}/remove", guards=BUILDER, status_code=HTTP_200_OK)
async def remove_asset(
    desk: AtDesk, candidate_id: FromPath[str], asset_id: FromPath[str], data: JSONBody[Removal]
) -> CandidateDetail:
    """Has the candidate take an asset away."""
    await desk.candidates.remove(candidate_id, asset_id, made_of=data.made_of)
    return await _detail(desk, candidate_id)


@delete("/candidates/{candidate_id:str}/assets/{asset_id:str}", guards=BUILDER, status_code=HTTP_200_OK)
async def take_back_change(desk: AtDesk, candidate_id: FromPath[str], asset_id: FromPath[str]) -> CandidateDetail:
    """Has the candidate leave an asset as it is."""
    await desk.candidates.take_back(candidate_id, asset_id)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/rebase", guards=BUILDER, status_code=HTTP_200_OK)
async def rebase_candidate(desk: AtDesk, candidate_id: FromPath[str], data: JSONBody[Rebase]) -> CandidateDetail:
    """Puts the candidate on the release in force."""
    await desk.candidates.rebase(candidate_id, mine=data.mine, theirs=data.theirs)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/seal", guards=BUILDER, status_code=HTTP_200_OK)
async def seal_candidate(desk: AtDesk, candidate_id: FromPath[str]) -> CandidateDetail:
    """Makes a release beside the line of it, by which replays can try it."""
    await desk.line.seal(candidate_id)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/canary", guards=LEAD, status_code=HTTP_200_OK)
async def begin_canary(desk: AtDesk, candidate_id: FromPath[str], data: JSONBody[NewCanary]) -> CandidateDetail:
    """That share of new conversations is answered by the candidate from now on."""
    await desk.line.canary(candidate_id, version=data.version, share=data.share)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/pause", guards=LEAD, status_code=HTTP_200_OK)
async def pause_canary(desk: AtDesk, candidate_id: FromPath[str]) -> CandidateDetail:
    """No new conversation gets it; those that have it keep it."""
    await desk.line.pause(candidate_id)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/resume", guards=LEAD, status_code=HTTP_200_OK)
async def resume_canary(desk: AtDesk, candidate_id: FromPath[str]) -> CandidateDetail:
    """New conversations get it again."""
    await desk.line.resume(candidate_id)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/stop", guards=LEAD, status_code=HTTP_200_OK)
async def stop_canary(desk: AtDesk, candidate_id: FromPath[str]) -> CandidateDetail:
    """Rolls its canary back: its conversations go on with the release in force."""
    await desk.line.stop(candidate_id)
    return await _detail(desk, candidate_id)


@post("/candidates/{candidate_id:str}/ship", guards=LEAD, status_code=HTTP_200_OK)
async def ship_candidate(desk: AtDesk, rep: RepHere, candidate_id: FromPath[str], data: JSONBody[Seen]) -> ReleaseRow:
    """The candidate becomes the next release of the line."""
    return _release_row(await desk.line.ship(candidate_id, version=data.version, author=rep.name))


@post("/candidates/{candidate_id:str}/drop", guards=BUILDER, status_code=HTTP_200_OK)
async def drop_candidate(desk: AtDesk, candidate_id: FromPath[str]) -> CandidateRow:
    """Ends a candidate."""
    return _candidate_row(await desk.candidates.drop(candidate_id))


# -- as it is shown --------------------------------------------------------------------------------------------------


async def _detail(desk: AtDesk, candidate_id: str) -> CandidateDetail:
    return _candidate_detail(await desk.candidates.in_full(candidate_id))


def _candidate_detail(found: CandidateInFull) -> CandidateDetail:
    return CandidateDetail(
        row=_candidate_row(found.candidate),
        changes=[_change_row(each, is_conflict=each.asset.id in found.conflicts) for each in found.changes],
        newest=found.newest,
        faults=[FaultRow(title=each.file, line=each.line, says=each.says) for each in found.faults],
    )


def _change_row(change: Change, *, is_conflict: bool) -> ChangeRow:
    return ChangeRow(
        asset_id=change.asset.id,
        kind=change.asset.kind,
        key=change.asset.key,
        title=change.title,
        change=change.way,
        before=_revision(change.before) if change.before is not None else None,
        after=_revision(change.after) if change.after is not None else None,
        is_conflict=is_conflict,
    )


def _candidate_row(candidate: Candidate) -> CandidateRow:
    return CandidateRow(
        id=candidate.id,
        reason=candidate.reason,
        author=candidate.author,
        state=candidate.state,
        base=candidate.base,
        share=candidate.share,
        urgent=candidate.urgent,
        version=candidate.version,
        sealed=candidate.sealed,
        shipped=candidate.shipped,
        created_at=candidate.created_at,
        changed_at=candidate.changed_at,
    )


def _release_row(release: Release) -> ReleaseRow:
    return ReleaseRow(
        number=release.number,
        reason=release.reason,
        author=release.author,
        created_at=release.created_at,
        base=release.base,
        candidate_id=release.candidate_id,
        urgent=release.urgent,
        goes_on_with=release.goes_on_with,
    )


def _hold_out_row(db: Connection, hold_out: HoldOut) -> HoldOutRow:
    release = releases.by_number(db, hold_out.release)
    assert release is not None
    assert release.base is not None
    return HoldOutRow(
        id=hold_out.id,
        release=hold_out.release,
        base=release.base,
        share=hold_out.share,
        author=hold_out.author,
        started_at=hold_out.started_at,
        ended_at=hold_out.ended_at,
    )


def _revision(revision: Revision) -> RevisionDetail:
    return RevisionDetail(
        id=revision.id,
        asset_id=revision.asset_id,
        number=revision.number,
        title=revision.title,
        text=revision.text,
        author=revision.author,
        reason=revision.reason,
        from_release=revision.from_release,
        to_release=revision.to_release,
        created_at=revision.created_at,
        url=revision.url,
        language=revision.language,
        section=revision.section,
        keywords=list(revision.keywords),
    )


ROUTES = [
    list_releases,
    in_force,
    one_release,
    asset_in_releases,
    roll_back,
    begin_hold_out,
    end_hold_out,
    list_assets,
    one_asset,
    list_candidates,
    begin_candidate,
    one_candidate,
    describe_candidate,
    edit_asset,
    remove_asset,
    take_back_change,
    rebase_candidate,
    seal_candidate,
    begin_canary,
    pause_canary,
    resume_canary,
    stop_canary,
    ship_candidate,
    drop_candidate,
]
