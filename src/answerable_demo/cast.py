"""The cast: who works at the demo company and who its customers are. Tests, docs and the history share it."""

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

Role = Literal["rep", "builder", "lead", "admin"]
PlanCode = Literal["solo", "team", "business"]
Interval = Literal["monthly", "yearly"]
Currency = Literal["EUR", "GBP", "USD"]

CAST_FILE = Path(__file__).with_name("cast.toml")


@dataclass(frozen=True, slots=True)
class Rep:
    """A person who works at Ledgerly."""

    name: str
    email: str
    role: Role
    languages: tuple[str, ...]
    good_at: str


@dataclass(frozen=True, slots=True)
class Card:
    """How a customer pays: a card, or a bank account (brand `sepa`)."""

    brand: str
    last4: str
    country: str


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who uses Ledgerly."""

    key: str
    """The first name without accents, by which tests call them."""
    name: str
    email: str
    company: str
    street: str
    postcode: str
    city: str
    country: str
    locale: str
    currency: Currency
    vat_id: str | None
    plan: PlanCode
    interval: Interval
    seats_used: int
    since: date | None
    """When the paid plan (or the trial) started; none if it is counted back from today."""
    started_days_ago: int | None
    card: Card | None
    story: tuple[str, ...]
    """What happened to them, one word each; the back office turns each into rows."""
    history: str
    """One sentence for people."""

    @property
    def language(self) -> str:
        """The language of the locale: `pt` for `pt-PT`."""
        return self.locale.split("-")[0]


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody."""

    reps: tuple[Rep, ...]
    customers: tuple[Customer, ...]

    def customer(self, key: str) -> Customer:
        """The customer of that key."""
        return next(customer for customer in self.customers if customer.key == key)

    def rep(self, name: str) -> Rep:
        """The rep whose name begins so."""
        return next(rep for rep in self.reps if rep.name.startswith(name))


@cache
def the_cast() -> Cast:
    """The cast as `cast.toml` has it."""
    table = tomllib.loads(CAST_FILE.read_text(encoding="utf-8"))
    return Cast(
        reps=tuple(Rep(**{**row, "languages": tuple(row["languages"])}) for row in table["reps"]),
        customers=tuple(_customer(row) for row in table["customers"]),
    )


def _customer(row: dict[str, Any]) -> Customer:
    card = row.get("card")
    optional = {"vat_id": None, "since": None, "started_days_ago": None}
    return Customer(
        **{**optional, **row, "card": Card(**card) if card else None, "story": tuple(row.get("story", ()))},
    )
