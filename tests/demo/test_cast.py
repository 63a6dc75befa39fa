"""The cast and the back office tell one story."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from answerable_demo.back_office import tables as t
from answerable_demo.back_office.catalogue import PLANS
from answerable_demo.back_office.seed import current_period, seed
from answerable_demo.back_office.tables import Database
from answerable_demo.cast import the_cast
from tests.demo.conftest import TODAY

CAST = the_cast()


def test_names_and_addresses_are_given_once_and_belong_to_nobody() -> None:
    emails = [rep.email for rep in CAST.reps] + [customer.email for customer in CAST.customers]

    assert len(set(emails)) == len(emails)
    assert all(email.endswith(".example") and email == email.lower() for email in emails)
    assert len({customer.key for customer in CAST.customers}) == len(CAST.customers) >= 40


def test_every_role_is_held_and_maya_is_lead() -> None:
    assert {rep.role for rep in CAST.reps} == {"rep", "builder", "lead", "admin"}
    assert CAST.rep("Maya").role == "lead"


def test_nobody_uses_more_seats_than_the_plan_has() -> None:
    assert all(customer.seats_used <= PLANS[customer.plan].seats for customer in CAST.customers)


def test_the_back_office_knows_the_whole_cast(database: Database) -> None:
    with database.read() as db:
        customers = {row.email: row for row in db.execute(select(t.customers))}
        plans = {row.customer_id: row for row in db.execute(select(t.subscriptions))}

    assert set(customers) == {customer.email for customer in CAST.customers}
    for customer in CAST.customers:
        row = plans[customers[customer.email].id]
        assert (row.plan, row.interval, row.seats_used) == (customer.plan, customer.interval, customer.seats_used)
        assert row.period_start <= TODAY.isoformat() < row.period_end


def test_ines_was_charged_twice_41_seconds_apart(database: Database) -> None:
    with database.read() as db:
        rows = db.execute(select(t.charges).where(t.charges.c.invoice_number == "INV-2025-0317")).all()

    assert {(row.id, row.cents, row.currency, row.method_last4, row.at) for row in rows} == {
        ("ch_fN1", 8400, "EUR", "4242", "2025-03-03T09:14:07Z"),
        ("ch_fNq", 8400, "EUR", "4242", "2025-03-03T09:14:48Z"),
    }


def test_only_those_whose_story_says_so_paid_an_invoice_twice(database: Database) -> None:
    with database.read() as db:
        paid = Counter(
            (row.customer_id, row.invoice_number)
            for row in db.execute(select(t.charges).where(t.charges.c.status == "succeeded"))
        )

    twice = {customer_id.removeprefix("cus_") for (customer_id, _), times in paid.items() if times > 1}
    told = {"duplicate_charge", "duplicate_recent", "refunded"}
    assert twice == {customer.key for customer in CAST.customers if told & set(customer.story)}


def test_a_paid_invoice_has_a_charge_of_its_total_and_an_open_one_has_none(database: Database) -> None:
    with database.read() as db:
        invoices = db.execute(select(t.invoices)).all()
        charges = db.execute(select(t.charges).where(t.charges.c.status == "succeeded")).all()

    paid = {charge.invoice_number: charge.cents for charge in charges}
    assert {invoice.number for invoice in invoices if invoice.status == "paid"} == set(paid)
    assert all(paid[invoice.number] == invoice.total_cents for invoice in invoices if invoice.status == "paid")
    assert 300 <= len(invoices) <= 500


def test_invoice_numbers_rise_with_their_dates(database: Database) -> None:
    with database.read() as db:
        rows = db.execute(select(t.invoices.c.number, t.invoices.c.issued_on)).all()

    assert [row.issued_on for row in sorted(rows)] == sorted(row.issued_on for row in rows)


def test_tobias_has_three_invoices_without_his_vat_id(database: Database) -> None:
    with database.read() as db:
        rows = db.execute(select(t.invoices).where(t.invoices.c.customer_id == "cus_tobias")).all()

    assert sum(row.customer_vat_id is None and row.vat_rate == "25" for row in rows) == 3


def test_the_same_seed_and_day_give_the_same_rows(tmp_path: Path) -> None:
    assert _dump(tmp_path / "one.db", TODAY) == _dump(tmp_path / "two.db", TODAY)


@pytest.mark.parametrize("day", [date(2026, 1, 1) + timedelta(days=days) for days in range(0, 800, 131)])
def test_the_back_office_can_be_filled_on_any_day(day: date, tmp_path: Path) -> None:
    rows = _dump(tmp_path / "any.db", day)

    assert any("INV-2025-0317" in row for row in rows)
    inside = [each for each in CAST.customers if each.started_days_ago is not None and each.started_days_ago <= 14]
    assert len(inside) >= 3, "somebody is inside the legal window, whatever the day"
    assert all(current_period(each, day)[0] <= day for each in CAST.customers)


def _dump(file: Path, day: date) -> list[str]:
    database = Database(file)
    with database.write() as db:
        seed(db, CAST, today=day, number=2025)
    with database.read() as db:
        rows = [
            f"{table.name}: {tuple(row)}"
            for table in t.metadata.sorted_tables
            for row in db.execute(text(f"SELECT * FROM {table.name}"))
        ]
    database.close()
    return rows
