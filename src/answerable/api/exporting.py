"""The record of actions as a file: for a spreadsheet, or for another program."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar.response import Stream

from answerable.actions.looking import Record, Seen
from answerable.actions.recorded import agreement_in
from answerable.api.action_cards import who
from answerable.domain.actions import Said

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv", "jsonl": "application/x-ndjson"}
# What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection).
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001
_SAID = ("money", *Said.__slots__)
"""What not every entry of the record has."""
COLUMNS = (
    "id", "asked_at", "asked_by", "customer_id", "customer_name", "customer_email", "conversation_id", "action",
    "effect", "amount", "currency", "state", "reason", "clause_id", "approval_state", "approval_clause_id",
    "approved_by", "decided_by", "decided_at", "approval_reason", "receipt_reference", "receipt_summary", "receipt_at",
    "undone_by", "attempts", "changed_at", "arguments", "amount_asked", "amount_changed_by", "amount_changed_at",
    "amount_changed_why", "notes", "agreed_to", "agreed_at",
)  # fmt: skip


def as_file(calls: AsyncIterator[tuple[Seen, Record]], wanted: Format, at: datetime) -> Stream:
    """The calls as a file that is sent while it is read: as large as it may be, little of it is ever in memory."""
    name = f"actions-{at:%Y-%m-%d-%H%M}.{wanted}"
    return Stream(
        _as_csv(calls) if wanted == "csv" else _as_lines(calls),
        media_type=MEDIA_TYPES[wanted],
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


async def _as_csv(calls: AsyncIterator[tuple[Seen, Record]]) -> AsyncIterator[bytes]:
    # The mark tells spreadsheets that it is UTF-8.
    yield b"\xef\xbb\xbf" + _line(COLUMNS)
    async for seen, record in calls:
        values = _values(seen, record)
        yield _line(tuple(_defused(values[name]) for name in COLUMNS))


async def _as_lines(calls: AsyncIterator[tuple[Seen, Record]]) -> AsyncIterator[bytes]:
    async for seen, record in calls:
        whole = {
            **_values(seen, record),
            "arguments": seen.call.arguments,
            "facts": seen.call.facts,
            "clauses": msgspec.to_builtins(seen.call.verdicts),
            "result": seen.call.receipt.content if seen.call.receipt else None,
            "record": [_entry(each, seen.names) for each in record],
        }
        yield msgspec.json.encode(whole) + b"\n"


def _values(seen: Seen, record: Record) -> dict[str, Any]:
    call, approval, receipt = seen.call, seen.approval, seen.call.receipt
    last, agreed = seen.changes[-1] if seen.changes else None, agreement_in(record)
    approved_by = ", ".join(who(each, seen.names).name for each in approval.approved_by) if approval else None
    return {
        "id": call.id,
        "asked_at": _moment(call.created_at),
        "asked_by": who(call.requested_by, seen.names).name,
        "customer_id": call.customer_id,
        "customer_name": seen.customer.name,
        "customer_email": seen.customer.email,
        "conversation_id": call.conversation_id,
        "action": call.action,
        "effect": call.effect,
        "amount": str(call.money.amount) if call.money else None,
        "currency": call.money.currency if call.money else None,
        "state": call.state,
        "reason": call.reason,
        "clause_id": call.clause_id,
        "approval_state": approval.state if approval else None,
        "approval_clause_id": approval.clause_id if approval else None,
        "approved_by": approved_by,
        "decided_by": who(approval.decided_by, seen.names).name if approval and approval.decided_by else None,
        "decided_at": _moment(approval.decided_at) if approval else None,
        "approval_reason": approval.reason if approval else None,
        "receipt_reference": receipt.reference if receipt else None,
        "receipt_summary": receipt.summary if receipt else None,
        "receipt_at": _moment(receipt.at) if receipt else None,
        "undone_by": who(call.undone_by, seen.names).name if call.undone_by else None,
        "attempts": call.attempts,
        "changed_at": _moment(call.changed_at),
        "arguments": msgspec.json.encode(call.arguments).decode(),
        "amount_asked": str(seen.changes[0].before.amount if seen.changes else call.money.amount)
        if call.money
        else None,
        "amount_changed_by": ", ".join(who(each.by, seen.names).name for each in seen.changes) or None,
        "amount_changed_at": _moment(last.at) if last else None,
        "amount_changed_why": "; ".join(each.why for each in seen.changes if each.why) or None,
        "notes": "; ".join(f"{who(each.by, seen.names).name}: {each.text}" for each in seen.notes) or None,
        "agreed_to": agreed.to if agreed else None,
        "agreed_at": _moment(agreed.at) if agreed else None,
    }


def _entry(entry: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        "state": entry["state"],
        "by": who(entry["by"], names).name,
        "reason": entry["reason"],
        "at": _moment(entry["at"]),
        **dict.fromkeys(_SAID),
        **entry["content"],
    }


def _defused(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_BEGINS) else value


def _line(values: tuple[Any, ...]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerow(values)
    return written.getvalue().encode()


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at is not None else None
