"""Queries about runs and their spans: the ledger."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, null, or_, select, tuple_, update

from answerable.domain.conversations import Decision, Reply
from answerable.domain.runs import REPLIED, Run, RunState, Span, Usage
from answerable.store.tables import runs, spans

# What every turn asks is put together once: building a statement costs more than running it.
_START = insert(runs)
_UNFINISHED = select(runs).where(runs.c.turn_id == bindparam("wanted"), runs.c.state == "running")
_END = update(runs).where(runs.c.id == bindparam("wanted"))
_RECORD = insert(spans)


def start(db: Connection, run: Run, began: dict[str, Any]) -> None:
    """Keeps that a run has begun, and what with, as JSON."""
    db.execute(
        _START,
        {
            "id": run.id,
            "turn_id": run.turn_id,
            "conversation_id": run.conversation_id,
            "release": run.release,
            "model": run.model,
            "state": run.state,
            "tokens_in": 0,
            "tokens_out": 0,
            "cost_micros": 0,
            "strip": [],
            "began": began,
            "started_at": run.started_at,
        },
    )


def unfinished(db: Connection, turn_id: str) -> Run | None:
    """The run of a turn that was cut off, if there is one."""
    row = db.execute(_UNFINISHED, {"wanted": turn_id}).first()
    return _run(row) if row else None


def by_id(db: Connection, run_id: str) -> Run | None:
    """The run of that name."""
    row = db.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    return _run(row) if row else None


def recorded(db: Connection, run_id: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What a run began with and the reply that came of it, as JSON; none of what an older program did not keep."""
    began, reply = db.execute(select(runs.c.began, runs.c.reply).where(runs.c.id == run_id)).one()
    return began, reply


def replayable(db: Connection, limit: int) -> list[str]:
    """The newest runs that were brought to an end and of which enough is kept, by their ids, oldest first."""
    kept = select(runs.c.id).where(runs.c.state.in_(REPLIED), runs.c.reply.is_not(None))
    return list(db.execute(kept.order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)).scalars())[::-1]


def of_conversation(
    db: Connection, conversation_id: str, *, since: datetime | None, until: datetime | None
) -> list[tuple[Run, list[list[Any]]]]:
    """The runs of a conversation that were started in a stretch of time, with their strips, oldest first."""
    query = select(runs).where(runs.c.conversation_id == conversation_id)
    if since is not None:
        query = query.where(runs.c.started_at >= since)
    if until is not None:
        query = query.where(runs.c.started_at < until)
    return [(_run(row), row.strip) for row in db.execute(query.order_by(runs.c.started_at, runs.c.id))]


def begun_between(
    db: Connection,
    *,
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> list[tuple[datetime, str]]:
    """When runs that have ended began, and their names, oldest first; `after` goes on behind one of them."""
    own = runs.c
    query = select(own.started_at, own.id).where(own.ended_at.is_not(None))
    if since is not None:
        query = query.where(own.started_at >= since)
    if until is not None:
        query = query.where(own.started_at < until)
    if after is not None:
        moment, name = after
        query = query.where(own.started_at >= moment, or_(own.started_at > moment, own.id > name))
    return [(row.started_at, row.id) for row in db.execute(query.order_by(own.started_at, own.id).limit(limit))]


def with_strip(db: Connection, run_id: str) -> tuple[Run, list[list[Any]]] | None:
    """A run with its strip: kind, duration and state of each step, in order."""
    row = db.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    return (_run(row), row.strip) if row else None


def strips(db: Connection, run_ids: set[str]) -> dict[str, list[list[Any]]]:
    """The strips of several runs."""
    return {row.id: row.strip for row in db.execute(select(runs.c.id, runs.c.strip).where(runs.c.id.in_(run_ids)))}


def end(
    db: Connection,
    run_id: str,
    *,
    state: RunState,
    decision: Decision | None,
    usage: Usage,
    strip: Sequence[Sequence[Any]],
    reply: Reply | None,
    at: datetime,
) -> None:
    """Keeps how a run ended."""
    db.execute(
        _END,
        {
            "wanted": run_id,
            "state": state,
            "decision": decision.kind if decision else None,
            "confidence": decision.confidence if decision else None,
            "reason": decision.reason if decision else None,
            "tokens_in": usage.tokens_in,
            "tokens_out": usage.tokens_out,
            "cost_micros": usage.cost_micros,
            "strip": [list(bar) for bar in strip],
            "reply": msgspec.to_builtins(reply),
            "ended_at": at,
        },
    )


def give_up(db: Connection, turn_id: str, at: datetime) -> None:
    """Ends the run of a turn that the agent does not answer any more, whether a process is still at it or died."""
    db.execute(
        update(runs).where(runs.c.turn_id == turn_id, runs.c.state == "running").values(state="given_up", ended_at=at)
    )


def record(db: Connection, steps: Sequence[Span]) -> None:
    """Adds steps to the ledger."""
    db.execute(
        _RECORD,
        [
            {
                "run_id": span.run_id,
                "number": span.number,
                "id": span.id,
                "parent_id": span.parent_id,
                "kind": span.kind,
                "name": span.name,
                "summary": span.summary,
                "state": span.state,
                "input": span.input,
                "output": span.output,
                "error": span.error,
                "tokens_in": span.usage.tokens_in,
                "tokens_out": span.usage.tokens_out,
                "cost_micros": span.usage.cost_micros,
                "started_at": span.started_at,
                "duration_us": span.duration_us,
            }
            for span in steps
        ],
    )


def steps(db: Connection, run_id: str) -> list[Span]:
    """The ledger of a run, in its order."""
    return [_span(row) for row in db.execute(select(spans).where(spans.c.run_id == run_id).order_by(spans.c.number))]


def steps_in_short(db: Connection, wanted: Collection[tuple[str, int]]) -> list[Span]:
    """Steps by their run and number, without what went in and came out."""
    if not wanted:
        return []
    heavy = ("input", "output")
    short = [null().label(column.name) if column.name in heavy else column for column in spans.c]
    query = select(*short).where(tuple_(spans.c.run_id, spans.c.number).in_(wanted))
    return [_span(row) for row in db.execute(query)]


def _run(row: Any) -> Run:
    return Run(
        id=row.id,
        turn_id=row.turn_id,
        conversation_id=row.conversation_id,
        release=row.release,
        model=row.model,
        state=row.state,
        decision=row.decision,
        confidence=row.confidence,
        reason=row.reason,
        usage=Usage(row.tokens_in, row.tokens_out, row.cost_micros),
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _span(row: Any) -> Span:
    return Span(
        id=row.id,
        run_id=row.run_id,
        parent_id=row.parent_id,
        number=row.number,
        kind=row.kind,
        name=row.name,
        summary=row.summary,
        state=row.state,
        input=row.input,
        output=row.output,
        error=row.error,
        usage=Usage(row.tokens_in, row.tokens_out, row.cost_micros),
        started_at=row.started_at,
        duration_us=row.duration_us,
    )
