"""Doing a thing once: the same idempotency key gives the same answer, and the work is done a single time."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import Connection, insert, select

from answerable_demo.back_office import tables as t
from answerable_demo.back_office.calendar import utc_text
from answerable_demo.back_office.errors import Refused, invalid, not_found
from answerable_demo.back_office.refunding import Doing
from answerable_demo.back_office.shapes import KeyRecord

KEY_LENGTH_MAX = 200

Result = TypeVar("Result", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Answer(Generic[Result]):
    """What was done."""

    result: Result
    is_repeated: bool = False
    """The key had been used before: nothing was done now."""
    is_dry_run: bool = False
    """It was only tried: nothing is kept."""


class _Rehearsed(Exception):
    """Leaves the transaction without keeping anything."""


def once(
    database: t.Database, request: str, doing: Doing, kind: type[Result], act: Callable[[Connection], Result]
) -> Answer[Result]:
    """Do what `request` (method, path and body) asks, unless its key has been used: then say again what came of it.

    The work and the record of its key are one transaction. A refusal is not recorded: nothing was done.
    """
    key = _valid(doing.key)
    fingerprint = hashlib.sha256(request.encode()).hexdigest()
    with database.write() as db:
        before = db.execute(select(t.idempotency_keys).where(t.idempotency_keys.c.key == key)).one_or_none()
        if before is not None:
            if before.fingerprint != fingerprint:
                raise invalid("key_reused", "This idempotency key was used for a different request.")
            return Answer(msgspec.json.decode(before.body, type=kind), is_repeated=True)
        result = act(db)
        body = msgspec.json.encode(result).decode()
        values = {"key": key, "fingerprint": fingerprint, "request": request.partition("\n")[0], "body": body}
        db.execute(insert(t.idempotency_keys).values(**values, at=utc_text(doing.now)))
    return Answer(result)


def rehearse(database: t.Database, act: Callable[[Connection], Result]) -> Answer[Result]:
    """What would come of it, with nothing kept; the names in it are not real."""
    try:
        with database.write() as db:
            result = act(db)
            raise _Rehearsed
    except _Rehearsed:
        return Answer(result, is_dry_run=True)


def what_was_done(db: Connection, key: str) -> KeyRecord:
    """What came of a request that was made under that key; not found means that nothing was done."""
    row = db.execute(select(t.idempotency_keys).where(t.idempotency_keys.c.key == key)).one_or_none()
    if row is None:
        raise not_found("request under that key: nothing was done")
    return KeyRecord(key=row.key, request=row.request, result=msgspec.json.decode(row.body), at=row.at)


def _valid(key: str | None) -> str:
    if not key:
        raise Refused(400, "key_missing", "Send an Idempotency-Key header, so that a repeat is harmless.")
    if len(key) > KEY_LENGTH_MAX:
        raise Refused(400, "key_too_long", f"An idempotency key has at most {KEY_LENGTH_MAX} characters.")
    return key
