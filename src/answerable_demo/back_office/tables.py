"""The back office's database: SQLite through SQLAlchemy Core. Money is in whole cents, times are text in UTC."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)

metadata = MetaData()

customers = Table(
    "customers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("company", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("postcode", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("vat_id", Text),
    Column("method_brand", Text),
    Column("method_last4", Text),
    Column("method_country", Text),
    Column("created_at", Text, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, unique=True),
    Column("plan", Text, nullable=False),
    Column("interval", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("seats_used", Integer, nullable=False),
    Column("started_on", Text, nullable=False),
    Column("period_start", Text, nullable=False),
    Column("period_end", Text, nullable=False),
    Column("cancels_on", Text),
    Column("next_plan", Text),
    Column("next_interval", Text),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("item", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("tracking", Text),
    Column("invoice_number", Text, nullable=False),
    Column("ordered_at", Text, nullable=False),
    Column("shipped_at", Text),
    Column("delivered_at", Text),
)

invoices = Table(
    "invoices",
    metadata,
    Column("number", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("issued_on", Text, nullable=False),
    Column("supplied_on", Text, nullable=False),
    Column("period_start", Text),
    Column("period_end", Text),
    Column("currency", Text, nullable=False),
    Column("net_cents", Integer, nullable=False),
    Column("vat_rate", Text, nullable=False),
    Column("vat_cents", Integer, nullable=False),
    Column("total_cents", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("vat_note", Text),
    Column("customer_vat_id", Text),
    Column("replaces", Text, ForeignKey("invoices.number"), unique=True),
    CheckConstraint("net_cents + vat_cents = total_cents", name="invoice_adds_up"),
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    Column("invoice_number", Text, ForeignKey("invoices.number"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("description", Text, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit_cents", Integer, nullable=False),
)

charges = Table(
    "charges",
    metadata,
    Column("id", Text, primary_key=True),
    Column("invoice_number", Text, ForeignKey("invoices.number"), nullable=False, index=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("cents", Integer, nullable=False),
    Column("refunded_cents", Integer, nullable=False, default=0),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("failure", Text),
    Column("method_brand", Text, nullable=False),
    Column("method_last4", Text, nullable=False),
    Column("method_country", Text, nullable=False),
    Column("is_disputed", Integer, nullable=False, default=0),
    Column("at", Text, nullable=False),
    CheckConstraint("cents > 0", name="charge_is_positive"),
    # The last line of defence: whatever the code above does, no charge gives back more than it took.
    CheckConstraint("refunded_cents BETWEEN 0 AND cents", name="refunds_within_charge"),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("charge_id", Text, ForeignKey("charges.id"), nullable=False, index=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("cents", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text),
    Column("status", Text, nullable=False),
    Column("idempotency_key", Text, index=True),
    Column("expected_from", Text, nullable=False),
    Column("expected_by", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    CheckConstraint("cents > 0", name="refund_is_positive"),
)

credit_notes = Table(
    "credit_notes",
    metadata,
    Column("number", Text, primary_key=True),
    Column("invoice_number", Text, ForeignKey("invoices.number"), nullable=False, index=True),
    Column("refund_id", Text, ForeignKey("refunds.id")),
    Column("cents", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("issued_on", Text, nullable=False),
)

payouts = Table(
    "payouts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("cents", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("scheduled_for", Text, nullable=False),
    Column("sent_at", Text),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("impact", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("resolved_at", Text),
)

incident_updates = Table(
    "incident_updates",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident_id", Text, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("state", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Text, nullable=False),
)

incident_subscriptions = Table(
    "incident_subscriptions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident_id", Text, ForeignKey("incidents.id"), nullable=False),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("incident_id", "customer_id"),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("attachment", Text),
    Column("at", Text, nullable=False),
)

mail_files = Table(
    "mail_files",
    metadata,
    Column("mail_id", Text, ForeignKey("mails.id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

usage = Table(
    "usage",
    metadata,
    Column("customer_id", Text, ForeignKey("customers.id"), primary_key=True),
    Column("last_finalised_on", Text),
)

plan_changes = Table(
    "plan_changes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("subscription_id", Text, ForeignKey("subscriptions.id"), nullable=False, index=True),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("invoice_number", Text, ForeignKey("invoices.number")),
    Column("created_at", Text, nullable=False),
    Column("taken_back_at", Text),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Text, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)


class Database:
    """The database in one file. Writers take their turn; what a block does happens whole or not at all."""

    def __init__(self, file: Path) -> None:
        self._engine = _engine(file)
        try:
            metadata.create_all(self._engine)
        except BaseException:
            self.close()
            raise
        self._writing = self._engine.execution_options(begins_with="BEGIN IMMEDIATE")

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment."""
        return self._engine.begin()

    def write(self) -> AbstractContextManager[Connection]:
        """A connection that holds the one right to write until the block ends."""
        return self._writing.begin()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


def _engine(file: Path) -> Engine:
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        # SQLAlchemy begins and ends transactions here, not the driver.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begins_with", "BEGIN"))

    return engine
