"""Queries about sources and the imports of each."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from answerable.domain.errors import Conflict
from answerable.domain.knowledge import ImportReport, Source, SourceKind
from answerable.store.tables import imports, sources


def source(db: Connection, kind: SourceKind, location: str) -> Source | None:
    """The source of that kind and place."""
    row = db.execute(select(sources).where(sources.c.kind == kind, sources.c.location == location)).one_or_none()
    return Source(**row._mapping) if row else None


def source_or_new(db: Connection, new: Source) -> Source:
    """The source of that kind and place; a new one where there is none. Two at once get the same."""
    found = source(db, new.kind, new.location)
    if found is not None:
        return found
    try:
        with db.begin_nested():
            db.execute(
                insert(sources).values(id=new.id, kind=new.kind, location=new.location, created_at=new.created_at)
            )
    except IntegrityError:
        found = source(db, new.kind, new.location)
        if found is None:
            raise
        return found
    return new


def begin(db: Connection, report: ImportReport, *, silent_since: datetime) -> None:
    """Keeps that an import has begun. Raises Conflict if one of the same source is under way.

    One that has given no sign of life since `silent_since` was cut off; it counts as failed.
    """
    db.execute(
        update(imports)
        .where(imports.c.source_id == report.source_id, imports.c.state == "running", imports.c.seen_at < silent_since)
        .values(state="failed", ended_at=report.started_at, skipped=[["", "It was cut off; nothing was changed."]])
    )
    try:
        with db.begin_nested():
            db.execute(insert(imports).values(seen_at=report.started_at, **_values(report)))
    except IntegrityError as error:
        raise Conflict("An import of this source is under way. Wait for it to end, then try again.") from error


def keep(db: Connection, report: ImportReport, at: datetime) -> None:
    """Keeps what an import has done so far. Raises Conflict if it has ended, or was taken for cut off."""
    running = (imports.c.id == report.id, imports.c.state == "running")
    if db.execute(update(imports).where(*running).values(seen_at=at, **_values(report))).rowcount == 0:
        raise Conflict("The import was taken for cut off, so nothing was changed. Start it again.")


def seen(db: Connection, import_id: str, at: datetime) -> None:
    """Says that an import is alive."""
    db.execute(update(imports).where(imports.c.id == import_id).values(seen_at=at))


def by_id(db: Connection, import_id: str) -> ImportReport | None:
    """The import of that name."""
    row = db.execute(select(imports).where(imports.c.id == import_id)).one_or_none()
    return _report(row) if row else None


def last_imports(db: Connection) -> dict[str, ImportReport]:
    """The newest import of each source."""
    newest = select(func.max(imports.c.id)).group_by(imports.c.source_id)
    return {row.source_id: _report(row) for row in db.execute(select(imports).where(imports.c.id.in_(newest)))}


def _values(report: ImportReport) -> dict[str, Any]:
    values = {name: getattr(report, name) for name in ImportReport.__slots__}
    return {**values, "skipped": [list(each) for each in report.skipped]}


def _report(row: Any) -> ImportReport:
    values = {name: row._mapping[name] for name in ImportReport.__slots__}
    return ImportReport(**{**values, "skipped": tuple((name, reason) for name, reason in row.skipped)})
