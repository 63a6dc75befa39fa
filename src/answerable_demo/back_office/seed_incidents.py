"""Incidents of the past year, and one that is still open: payouts to some banks are late."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, insert

from answerable_demo.back_office import tables
from answerable_demo.back_office.calendar import utc_text

# Title, component, impact, days ago, hour, minutes until it was over, what was said at each state.
_PAST = (
    ("Invoice e-mails delayed", "invoice_email", "minor", 301, 9, 74, "A queue at our mail provider had stopped."),
    ("Card payments declined for some issuers", "online_payments", "major", 246, 17, 52, "A certificate had run out."),
    ("Exports take longer than usual", "exports", "minor", 199, 7, 210, "One of two export workers was out of memory."),
    ("API answers 503", "api", "major", 158, 13, 38, "A database index was being rebuilt during the day."),
    (
        "Sign-in with Google not possible",
        "web_app",
        "minor",
        103,
        8,
        95,
        "Google had changed a key earlier than expected.",
    ),
    ("Webhooks delivered twice", "webhooks", "minor", 61, 20, 130, "A worker was restarted while it was sending."),
    ("Web app slow", "web_app", "minor", 27, 10, 41, "A report query held locks for too long."),
)


def seed_incidents(db: Connection, today: date) -> None:
    """Write them, the oldest first."""
    for index, (title, component, impact, days_ago, hour, minutes, cause) in enumerate(_PAST, start=1):
        opened = datetime.combine(today - timedelta(days=days_ago), time(hour, 12), UTC)
        over = opened + timedelta(minutes=minutes)
        row = {"title": title, "component": component, "impact": impact, "state": "resolved"}
        _add_incident(db, {"id": f"INC-{index + 7}", **row}, opened, over)
        _add_update(db, f"INC-{index + 7}", "investigating", "We see it and are looking for the cause.", opened)
        _add_update(db, f"INC-{index + 7}", "identified", cause, opened + timedelta(minutes=minutes // 2))
        _add_update(db, f"INC-{index + 7}", "resolved", "It is over. We are sorry for the trouble.", over)
    _add_open_incident(db, today)


def _add_open_incident(db: Connection, today: date) -> None:
    opened = datetime.combine(today - timedelta(days=1), time(6, 5), UTC)
    row = {"title": "Payouts to some banks are late", "component": "payouts", "impact": "minor"}
    _add_incident(db, {"id": "INC-15", **row, "state": "identified"}, opened, None)
    _add_update(db, "INC-15", "investigating", "Some payouts of this morning have not left yet.", opened)
    text = "A partner bank processes our files late. Delayed payouts leave by themselves, by tomorrow 12:00 CET."
    _add_update(db, "INC-15", "identified", text, opened + timedelta(hours=2))


def _add_incident(db: Connection, row: dict[str, str], opened: datetime, over: datetime | None) -> None:
    times = {"opened_at": utc_text(opened), "resolved_at": utc_text(over) if over else None}
    db.execute(insert(tables.incidents).values(**row, **times))


def _add_update(db: Connection, incident_id: str, state: str, text: str, at: datetime) -> None:
    values = {"incident_id": incident_id, "state": state, "text": text, "at": utc_text(at)}
    db.execute(insert(tables.incident_updates).values(**values))
