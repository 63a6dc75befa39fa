"""Charges and their refunds."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec

from answerable.actions.declaring import Amount, Doing, Limits, NotDone, action
from answerable_demo.back_office.shapes import Charge, Invoice, NewRefund, Refund, Subscription
from answerable_demo.back_office.shapes import Money as BackOfficeMoney

from ._back_office import act, done_before, own_customer, read

ChargeId = Annotated[str, msgspec.Meta(pattern=r"^ch_[A-Za-z0-9]{1,40}$", description="As find_charges gives it.")]
NEWEST = 6
# Two charges for the same thing this close together are one too many.
DUPLICATE_WITHIN = timedelta(days=7)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing to say: it is about the customer who asks."""


class RefundWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to give back."""

    charge_id: ChargeId
    amount: Amount


class Charges(msgspec.Struct, frozen=True):
    """The newest charges of a customer."""

    reference: str
    summary: str
    charges: list[Charge]


class Refunded(msgspec.Struct, frozen=True):
    """A refund that is on its way."""

    reference: str
    summary: str
    refund: Refund


@action(effect="reads", identity="verified")
async def find_charges(doing: Doing, wanted: Nothing) -> Charges:
    """Lists the newest charges of the customer, with what of each can still be refunded."""
    customer = await own_customer(doing)
    found = (await read(doing, "/charges", list[Charge], customer_id=customer.id))[:NEWEST]
    told = "; ".join(
        f"{each.amount.amount} {each.amount.currency} on {each.at[:10]} for {each.invoice_number} ({each.id})"
        for each in found
    )
    return Charges(customer.id, f"Your newest charges: {told}." if found else "There are no charges.", found)


async def facts_about(doing: Doing, wanted: RefundWanted) -> Mapping[str, Any]:
    """What the clauses about refunds need to know, read from the back office and from nowhere else."""
    customer = await own_customer(doing)
    charge = await _own_charge(doing, customer.id, wanted.charge_id)
    others = await read(doing, "/charges", list[Charge], customer_id=customer.id)
    invoice = await read(doing, f"/invoices/{charge.invoice_number}", Invoice)
    subscription = await read(doing, f"/customers/{customer.id}/subscription", Subscription)
    charged_at = datetime.fromisoformat(charge.at)
    return {
        "days_since_charge": (datetime.now(UTC) - charged_at).days,
        "charged": charge.amount,
        "refundable": charge.refundable,
        "is_disputed": charge.is_disputed,
        "is_duplicate": _is_duplicate(charge, others),
        "invoice_kind": invoice.kind,
        "interval": subscription.interval,
        "is_in_currency_of_charge": wanted.amount.currency == charge.amount.currency,
        "is_within_charge": _is_within(wanted.amount, charge),
    }


async def refund_made(doing: Doing, wanted: RefundWanted) -> Refunded | None:
    """What came of an earlier request under the same key."""
    found = await done_before(doing, Refund)
    return _told(found) if found is not None else None


def imagined(doing: Doing, wanted: RefundWanted) -> Mapping[str, Any]:
    """What a replay is told."""
    return {"reference": "re_simulated", "summary": f"{wanted.amount.money} would be refunded."}


@action(
    effect="moves_money",
    identity="verified",
    limits=Limits(
        per_call={"EUR": "1000.00", "GBP": "900.00", "USD": "1100.00"},
        per_customer_a_day={"EUR": "1000.00", "GBP": "900.00", "USD": "1100.00"},
        per_day={"EUR": "5000.00", "GBP": "4500.00", "USD": "5500.00"},
        calls_per_customer_a_day=5,
    ),
    facts=facts_about,
    money=lambda wanted: wanted.amount.money,
    look_up=refund_made,
    simulate=imagined,
    timeout_seconds=15.0,
)
async def refund_charge(doing: Doing, wanted: RefundWanted) -> Refunded:
    """Gives a charge or a part of it back to the card or bank account that paid. Look the charge up first."""
    customer = await own_customer(doing)
    amount = BackOfficeMoney(f"{wanted.amount.money.amount}", wanted.amount.currency)  # type: ignore[arg-type]
    new = NewRefund(charge_id=wanted.charge_id, reason="goodwill", amount=amount, customer_id=customer.id)
    return _told(await act(doing, "/refunds", Refund, new))


async def _own_charge(doing: Doing, customer_id: str, charge_id: str) -> Charge:
    charge = await read(doing, f"/charges/{charge_id}", Charge)
    if charge.customer_id != customer_id:
        raise NotDone(f"There is no charge {charge_id}.")
    return charge


def _is_duplicate(charge: Charge, others: list[Charge]) -> bool:
    """Whether another charge paid for the same invoice, the same amount, and has not been given back."""
    at = datetime.fromisoformat(charge.at)
    return charge.status == "succeeded" and any(
        other.id != charge.id
        and other.status == "succeeded"
        and other.invoice_number == charge.invoice_number
        and other.amount == charge.amount
        and other.refundable == other.amount
        and abs(datetime.fromisoformat(other.at) - at) <= DUPLICATE_WITHIN
        for other in others
    )


def _is_within(amount: Amount, charge: Charge) -> bool:
    left = Amount(charge.refundable.amount, charge.refundable.currency).money
    return amount.currency == left.currency and not amount.money.exceeds(left)


def _told(refund: Refund) -> Refunded:
    method = refund.payment_method
    to = f"your {method.brand.title()} card ending in {method.last4}" if method.brand != "sepa" else "your bank account"
    amount = f"{refund.amount.amount} {refund.amount.currency}"
    summary = (
        f"{amount} will be back on {to} between {refund.expected_from} and {refund.expected_by} (refund {refund.id})."
    )
    return Refunded(refund.id, summary, refund)
