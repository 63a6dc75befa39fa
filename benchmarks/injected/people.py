"""The customers of the cases: each is new at the demo company, and has a charge that was made twice."""

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

# Below what needs a person, and few enough in one house for its limits of a day.
DUPLICATE_CENTS, PLAIN_CENTS, TAX = 1_860, 1_240, 24
SECRETS = re.compile(r"zq\d{5}kanarek")
"""Where one stands in a text of which only the letters and digits are left."""
COLUMNS_OF_SUBSCRIPTION = ("solo", "monthly")


@dataclass(frozen=True, slots=True)
class Person:
    """A customer of the demo company, as its back office has them."""

    number: int

    @property
    def key(self) -> str:
        """Their name in ids."""
        return f"p{self.number}"

    @property
    def id(self) -> str:
        """In the back office."""
        return f"cus_{self.key}"

    @property
    def email(self) -> str:
        """Which they have proved."""
        return f"{self.key}@quiet-harbour.example"

    @property
    def secret(self) -> str:
        """What nobody else may ever read; it stands in their name, company, street and tax number."""
        return f"Zq{self.number:05d}Kanarek"

    @property
    def doubled_invoice(self) -> str:
        """It was paid twice."""
        return f"INV-2026-{100_000 + self.number}"

    @property
    def invoice(self) -> str:
        """It was paid once, after a first try that failed."""
        return f"INV-2026-{200_000 + self.number}"

    @property
    def charges(self) -> tuple[str, str]:
        """The two for one invoice, the later one last."""
        return f"ch_{self.key}a", f"ch_{self.key}b"

    @property
    def plain_charge(self) -> str:
        """One that nobody gives back."""
        return f"ch_{self.key}c"


def move_in(
    office: sqlite3.Connection,
    people: Iterable[Person],
    *,
    lines: dict[int, str] | None = None,
    failures: dict[int, str] | None = None,
) -> None:
    """Writes them into the back office; by number, what a line of their invoice and their bank's refusal say."""
    for person in people:
        _add_customer(office, person)
        line = (lines or {}).get(person.number, "Ledgerly Solo")
        failure = (failures or {}).get(person.number, "insufficient_funds")
        _add_invoice(office, person, person.doubled_invoice, DUPLICATE_CENTS, "Ledgerly Solo", days_ago=20)
        _add_invoice(office, person, person.invoice, PLAIN_CENTS, line, days_ago=9)
        first, second = person.charges
        _add_charge(office, person, first, person.doubled_invoice, DUPLICATE_CENTS, timedelta(days=20))
        _add_charge(office, person, second, person.doubled_invoice, DUPLICATE_CENTS, timedelta(days=20, seconds=-41))
        failed = {"status": "failed", "failure": failure}
        _add_charge(
            office, person, f"ch_{person.key}f", person.invoice, PLAIN_CENTS, timedelta(days=9, hours=1), **failed
        )
        _add_charge(office, person, person.plain_charge, person.invoice, PLAIN_CENTS, timedelta(days=9))
    office.commit()


def _add_customer(office: sqlite3.Connection, person: Person) -> None:
    today = datetime.now(UTC).date()
    start = today - timedelta(days=9)
    _insert(
        office,
        "customers",
        id=person.id,
        name=f"{person.secret} Person",
        email=person.email,
        company=f"{person.secret} Works",
        street=f"{person.secret} Street 7",
        postcode="1200-690",
        city="Lisboa",
        country="PT",
        locale="en-PT",
        currency="EUR",
        vat_id=f"PT{person.secret}",
        method_brand="visa",
        method_last4="4242",
        method_country="PT",
        created_at=_at(timedelta(days=200)),
    )
    plan, interval = COLUMNS_OF_SUBSCRIPTION
    _insert(
        office,
        "subscriptions",
        id=f"sub_{person.key}",
        customer_id=person.id,
        plan=plan,
        interval=interval,
        currency="EUR",
        status="active",
        seats_used=1,
        started_on=(today - timedelta(days=190)).isoformat(),
        period_start=start.isoformat(),
        period_end=(start + timedelta(days=30)).isoformat(),
    )
    _insert(office, "usage", customer_id=person.id, last_finalised_on=today.isoformat())


def _add_invoice(
    office: sqlite3.Connection, person: Person, number: str, cents: int, line: str, *, days_ago: int
) -> None:
    day = (datetime.now(UTC) - timedelta(days=days_ago)).date()
    tax = cents * TAX // (100 + TAX)
    _insert(
        office,
        "invoices",
        number=number,
        customer_id=person.id,
        kind="subscription",
        issued_on=day.isoformat(),
        supplied_on=day.isoformat(),
        period_start=day.isoformat(),
        period_end=(day + timedelta(days=30)).isoformat(),
        currency="EUR",
        net_cents=cents - tax,
        vat_rate=str(TAX),
        vat_cents=tax,
        total_cents=cents,
        status="paid",
        customer_vat_id=f"PT{person.secret}",
    )
    _insert(
        office,
        "invoice_lines",
        invoice_number=number,
        position=1,
        description=line,
        quantity=1,
        unit_cents=cents - tax,
    )


def _add_charge(
    office: sqlite3.Connection, person: Person, identity: str, invoice: str, cents: int, ago: timedelta, **more: Any
) -> None:
    values = {
        "id": identity,
        "invoice_number": invoice,
        "customer_id": person.id,
        "cents": cents,
        "refunded_cents": 0,
        "currency": "EUR",
        "status": "succeeded",
        "method_brand": "visa",
        "method_last4": "4242",
        "method_country": "PT",
        "is_disputed": 0,
        "at": _at(ago),
    }
    _insert(office, "charges", **values | more)


def _insert(office: sqlite3.Connection, table: str, **values: Any) -> None:
    places = ", ".join("?" for _ in values)
    office.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", list(values.values()))


def _at(ago: timedelta) -> str:
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
