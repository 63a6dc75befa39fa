"""Money: a decimal with a currency. It is never a float, and never added up across currencies."""

import re
from dataclasses import dataclass
from decimal import Decimal

from answerable.domain.errors import Invalid

# ISO 4217 (list one): currencies whose smallest unit is not a hundredth.
_PLACES = {
    "BHD": 3, "BIF": 0, "CLF": 4, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KMF": 0,
    "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0, "UYI": 0, "UYW": 4, "VND": 0,
    "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
AMOUNT_MAX = Decimal(10) ** 12
"""More than that is a slip or an attack."""

# No sign, no exponent, no thousands, ASCII digits only: what looks like a number and is none is refused here.
_AMOUNT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,4})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount that is not negative, in the smallest units that its currency has."""

    amount: Decimal
    currency: str
    """ISO 4217."""

    def __post_init__(self) -> None:
        """Raises Invalid for what is no amount of money."""
        if not _CURRENCY.fullmatch(self.currency):
            raise Invalid(f"'{self.currency}' is not a currency. Use three capital letters such as EUR.")
        if not self.amount.is_finite() or self.amount.is_signed() or self.amount > AMOUNT_MAX:
            raise Invalid(f"An amount of money is from 0 to {AMOUNT_MAX:,}.")
        if self.amount != self.amount.quantize(self.unit):
            raise Invalid(f"{self.amount} {self.currency} has smaller parts than {self.unit} {self.currency}.")
        object.__setattr__(self, "amount", self.amount.quantize(self.unit))

    @property
    def unit(self) -> Decimal:
        """The smallest amount of the currency."""
        return Decimal(1).scaleb(-_PLACES.get(self.currency, 2))

    @property
    def units(self) -> int:
        """How many of the smallest units it is."""
        return int(self.amount / self.unit)

    def exceeds(self, other: "Money") -> bool:
        """Whether it is more. Raises Invalid for two currencies."""
        self._must_match(other)
        return self.amount > other.amount

    def _must_match(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise Invalid(f"{self.currency} and {other.currency} cannot be compared or added up.")

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def money(amount: str, currency: str) -> Money:
    """Money from its text, such as `84.00` and `EUR`. Raises Invalid."""
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        raise Invalid("An amount of money is written with digits and a point, such as 84.00.")
    return Money(Decimal(amount), currency)


def money_of_units(units: int, currency: str) -> Money:
    """Money from a number of its smallest units, such as 8400 and `EUR`. Raises Invalid."""
    return Money(units * Decimal(1).scaleb(-_PLACES.get(currency, 2)), currency)
