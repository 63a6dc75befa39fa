"""Cents inside, decimal text outside."""

from decimal import Decimal

from answerable_demo.back_office.shapes import Money
from answerable_demo.cast import Currency


def money(cents: int, currency: Currency) -> Money:
    """Cents as the API shows them."""
    return Money(f"{cents // 100}.{cents % 100:02d}", currency)


def cents_of(amount: Money) -> int:
    """What the API was given, in cents. The shape has already refused everything but two places."""
    return int(Decimal(amount.amount) * 100)
