"""What Ledgerly sells, at what price, and which VAT it adds: the one place for these facts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from answerable_demo.cast import Currency, Interval, PlanCode


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan and its prices in cents, net, for the whole workspace."""

    code: str
    name: str
    seats: int
    monthly_cents: dict[Currency, int]
    retired_on: date | None = None

    def price_cents(self, interval: Interval, currency: Currency) -> int:
        """The net price of one period. A year costs ten months."""
        return self.monthly_cents[currency] * (10 if interval == "yearly" else 1)


PLANS: dict[str, Plan] = {
    "solo": Plan("solo", "Solo", 1, {"EUR": 1200, "GBP": 1100, "USD": 1300}),
    "team": Plan("team", "Team", 10, {"EUR": 8400, "GBP": 7400, "USD": 9200}),
    "business": Plan("business", "Business", 50, {"EUR": 24000, "GBP": 21000, "USD": 26400}),
    "starter": Plan("starter", "Starter", 1, {"EUR": 900, "GBP": 800, "USD": 1000}, retired_on=date(2024, 6, 30)),
}

PLAN_ORDER: tuple[PlanCode, ...] = ("solo", "team", "business")


@dataclass(frozen=True, slots=True)
class AddOn:
    """Something that is bought once."""

    code: str
    name: str
    cents: dict[Currency, int]
    is_shipped: bool = False


ADD_ONS: dict[str, AddOn] = {
    "e_invoices": AddOn("e_invoices", "100 e-invoices", {"EUR": 1900, "GBP": 1700, "USD": 2100}),
    "sms": AddOn("sms", "200 SMS reminders", {"EUR": 1800, "GBP": 1600, "USD": 2000}),
    "tap": AddOn("tap", "Ledgerly Tap card reader", {"EUR": 3900, "GBP": 3500, "USD": 4300}, is_shipped=True),
    "onboarding": AddOn("onboarding", "Onboarding session, 60 minutes", {"EUR": 14900, "GBP": 12900, "USD": 16500}),
    "data_import": AddOn("data_import", "Data import service", {"EUR": 24900, "GBP": 21900, "USD": 27500}),
}

HOME_COUNTRY = "IE"

# Standard rates in per cent of the EU countries in which the cast lives.
VAT_RATES: dict[str, Decimal] = {
    code: Decimal(rate)
    for code, rate in {
        "AT": "20",
        "BE": "21",
        "BG": "20",
        "CZ": "21",
        "DE": "19",
        "DK": "25",
        "ES": "21",
        "FI": "25.5",
        "FR": "20",
        "GR": "24",
        "IE": "23",
        "IT": "22",
        "NL": "21",
        "PL": "23",
        "PT": "23",
        "RO": "21",
        "SE": "25",
    }.items()
}

REVERSE_CHARGE_NOTE = "Reverse charge: VAT to be accounted for by the recipient (Article 196, Directive 2006/112/EC)."
OUTSIDE_SCOPE_NOTE = "Outside the scope of EU VAT."


@dataclass(frozen=True, slots=True)
class VatTreatment:
    """The rate on an invoice, and the note that explains a rate of nought."""

    rate: Decimal
    note: str | None

    def vat_cents(self, net_cents: int) -> int:
        """VAT on a net amount, rounded to the cent, half up."""
        return int((Decimal(net_cents) * self.rate / 100).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


def vat_for(country: str, vat_id: str | None) -> VatTreatment:
    """How an invoice to a customer in `country` is taxed."""
    if country not in VAT_RATES:
        return VatTreatment(Decimal(0), OUTSIDE_SCOPE_NOTE)
    if vat_id is not None and country != HOME_COUNTRY:
        return VatTreatment(Decimal(0), REVERSE_CHARGE_NOTE)
    return VatTreatment(VAT_RATES[country], None)


# Refunds reach cards issued in these countries sooner.
FAST_REFUND_COUNTRIES = frozenset({*VAT_RATES, "GB"})


def refund_business_days(brand: str, card_country: str) -> tuple[int, int]:
    """Within how many business days a refund arrives, as the help article "Refunds to your card" says."""
    if brand == "sepa":
        return 2, 2
    return (3, 5) if card_country in FAST_REFUND_COUNTRIES else (5, 10)
