"""Charges and their refunds."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec

from answerable.actions.declaring import Amount, Doing, Limits, NotDone, action
from answerable_demo.back_office.shapes import Charge, Invoice, NewRefund, Refund, RefundReason, Subscription, Usage
from answerable_demo.back_office.shapes import Money as BackOfficeMoney

from ._back_office import InvoiceNumber, act, clock_of, done_before, own_customer, read, words

# A refund's id is let in as well, so that it is a clause that refuses it, with its reason.
ChargeId = Annotated[str, msgspec.Meta(pattern=r"^(ch|re)_[A-Za-z0-9]{1,40}$", description="As find_charges gives it.")]
NEWEST = 6
# Two charges for the same thing this close together are one too many.
DUPLICATE_WITHIN = timedelta(days=7)


class ChargesWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which charges."""

    invoice_number: InvoiceNumber | None = None
    """Only those for this invoice; the newest, and all that were made twice, if it is null."""


class RefundWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to give back."""

    charge_id: ChargeId
    amount: Amount


class FoundCharge(Charge, frozen=True, kw_only=True):
    """A charge, and whether it is one too many."""

    is_duplicate: bool


class Charges(msgspec.Struct, frozen=True):
    """Charges of a customer."""

    reference: str
    summary: str
    charges: list[FoundCharge]
    duplicate_ids: list[str]
    """The later one of every two that were made for the same and have both been kept."""


class Refunded(msgspec.Struct, frozen=True):
    """A refund that is on its way."""

    reference: str
    summary: str
    refund: Refund


@action(effect="reads", identity="verified")
async def find_charges(doing: Doing, wanted: ChargesWanted) -> Charges:
    """Lists charges of the customer, newest first: what of each can still be refunded, and which were made twice."""
    customer = await own_customer(doing)
    everything = await read(doing, "/charges", list[Charge], customer_id=customer.id)
    duplicates = {each.id for each in everything if _is_duplicate(each, everything, only_later=True)}
    if wanted.invoice_number is not None:
        found = [each for each in everything if each.invoice_number == wanted.invoice_number]
    else:
        found = [each for number, each in enumerate(everything) if number < NEWEST or each.id in duplicates]
    told = "; ".join(f"{words(each.amount)} on {each.at[:10]} for {each.invoice_number} ({each.id})" for each in found)
    summary = f"The charges: {told}." if found else "There are no such charges."
    shown = [FoundCharge(**msgspec.structs.asdict(each), is_duplicate=each.id in duplicates) for each in found]
    return Charges(customer.id, summary, shown, [each.id for each in shown if each.is_duplicate])


async def facts_about(doing: Doing, wanted: RefundWanted) -> Mapping[str, Any]:
    """What the clauses about refunds need to know, read from the back office and from nowhere else."""
    customer = await own_customer(doing)
    is_refund = wanted.charge_id.startswith("re_")
    charge_id = await _charge_of_refund(doing, customer.id, wanted.charge_id) if is_refund else wanted.charge_id
    others = await read(doing, "/charges", list[Charge], customer_id=customer.id)
    charge = _own_charge(others, charge_id)
    invoice = await read(doing, f"/invoices/{charge.invoice_number}", Invoice)
    subscription = await read(doing, f"/customers/{customer.id}/subscription", Subscription)
    usage = await read(doing, f"/customers/{customer.id}/usage", Usage)
    return {
        "gives_money_back": True,
        "is_refund": is_refund,
        "days_since_charge": (await clock_of(doing) - datetime.fromisoformat(charge.at)).days,
        "charged": charge.amount,
        "refundable": charge.refundable,
        "is_disputed": charge.is_disputed,
        "is_duplicate": not is_refund and _is_duplicate(charge, others),
        "is_unused_yearly_renewal": _is_unused_renewal(charge, invoice, subscription, usage),
        "invoice_kind": invoice.kind,
        "interval": subscription.interval,
        "is_in_currency_of_charge": wanted.amount.currency == charge.amount.currency,
        # Of a disputed charge nothing is left, and of a refund there never was: their own clauses say so better.
        "exceeds_what_is_left": not (is_refund or charge.is_disputed) and not _is_within(wanted.amount, charge),
    }


async def refund_made(doing: Doing, wanted: RefundWanted) -> Refunded | None:
    """What came of an earlier request under the same key."""
    found = await done_before(doing, Refund)
    return _told(found) if found is not None else None


def imagined(doing: Doing, wanted: RefundWanted) -> Mapping[str, Any]:
    """What a replay is told."""
    amount = {"amount": f"{wanted.amount.money.amount:.2f}", "currency": wanted.amount.currency}
    refund = {
        "id": "re_simulated",
        "charge_id": wanted.charge_id,
        "invoice_number": "",
        "customer_id": "nobody",
        "amount": amount,
        "reason": "goodwill",
        "note": None,
        "status": "on_its_way",
        "payment_method": {"brand": "card", "last4": "0000", "country": ""},
        "credit_note": None,
        "expected_from": "",
        "expected_by": "",
        "leaves_at": "",
        "idempotency_key": None,
        "created_at": "",
    }
    return {"reference": "re_simulated", "summary": f"{wanted.amount.money} would be refunded.", "refund": refund}


async def stop_refund(doing: Doing, wanted: RefundWanted, made: Refunded) -> Refund:
    """Cancels a refund that has not gone to the bank yet; the back office refuses it afterwards."""
    return await act(doing, f"/refunds/{made.refund.id}/cancel", Refund)


@action(
    effect="moves_money",
    identity="verified",
    limits=Limits(
        per_call={"EUR": "1500.00", "GBP": "1350.00", "USD": "1650.00"},
        per_customer_a_day={"EUR": "1500.00", "GBP": "1350.00", "USD": "1650.00"},
        per_day={"EUR": "5000.00", "GBP": "4500.00", "USD": "5500.00"},
        calls_per_customer_a_day=5,
    ),
    facts=facts_about,
    money=lambda wanted: wanted.amount.money,
    look_up=refund_made,
    undo=stop_refund,
    undo_within=timedelta(minutes=30),
    simulate=imagined,
    has_dry_run=True,
    timeout_seconds=15.0,
    asks={
        "en": "Refund {amount} of the charge {charge_id}",
        "de": "{amount} der Zahlung {charge_id} erstatten",
        "es": "Devolver {amount} del cargo {charge_id}",
    },
)
async def refund_charge(doing: Doing, wanted: RefundWanted) -> Refunded:
    """Gives a charge or a part of it back to the card or bank account that paid. Look the charge up first."""
    customer = await own_customer(doing)
    charges = await read(doing, "/charges", list[Charge], customer_id=customer.id)
    amount = BackOfficeMoney(f"{wanted.amount.money.amount}", wanted.amount.currency)  # type: ignore[arg-type]
    # Of two that were made for the same only one is given back: the back office, which sees both at once, is told why.
    reason: RefundReason = "duplicate"
    if not _is_duplicate(_own_charge(charges, wanted.charge_id), charges):
        if not (await facts_about(doing, wanted))["is_unused_yearly_renewal"]:
            # The other one of two was given back since this was allowed.
            raise NotDone("What this refund was allowed for does not hold any more. Nothing was refunded.")
        reason = "unused_renewal"
    new = NewRefund(charge_id=wanted.charge_id, reason=reason, amount=amount, customer_id=customer.id)
    return _told(await act(doing, "/refunds", Refund, new))


async def _charge_of_refund(doing: Doing, customer_id: str, refund_id: str) -> str:
    refund = await read(doing, f"/refunds/{refund_id}", Refund)
    if refund.customer_id != customer_id:
        raise NotDone(f"There is no refund {refund_id}.")
    return refund.charge_id


def _own_charge(charges: list[Charge], charge_id: str) -> Charge:
    """The one of that name among the customer's own. Raises NotDone: somebody else's is as if it were not there."""
    charge = next((each for each in charges if each.id == charge_id), None)
    if charge is None:
        raise NotDone(f"There is no charge {charge_id}.")
    return charge


def _is_duplicate(charge: Charge, others: list[Charge], *, only_later: bool = False) -> bool:
    """Whether another charge paid for the same invoice, the same amount, and has not been given back."""
    at = datetime.fromisoformat(charge.at)
    return charge.status == "succeeded" and any(
        other.id != charge.id
        and other.status == "succeeded"
        and other.invoice_number == charge.invoice_number
        and other.amount == charge.amount
        and other.refundable == other.amount
        and abs(datetime.fromisoformat(other.at) - at) <= DUPLICATE_WITHIN
        and (not only_later or ((charge.at, charge.id) > (other.at, other.id) and charge.refundable == charge.amount))
        for other in others
    )


def _is_unused_renewal(charge: Charge, invoice: Invoice, subscription: Subscription, usage: Usage) -> bool | None:
    """Whether it renewed a yearly plan with which nothing was done since; none if that is not known."""
    if invoice.kind != "subscription" or subscription.interval != "yearly":
        return False
    if charge.at[:10] <= subscription.started_on:
        # The first year is no renewal.
        return False
    return None if usage.last_finalised_on is None else usage.last_finalised_on < charge.at[:10]


def _is_within(amount: Amount, charge: Charge) -> bool:
    left = Amount(charge.refundable.amount, charge.refundable.currency).money
    return amount.currency == left.currency and not amount.money.exceeds(left)


def _told(refund: Refund) -> Refunded:
    method = refund.payment_method
    to = f"the {method.brand.title()} card ending in {method.last4}" if method.brand != "sepa" else "the bank account"
    summary = (
        f"{words(refund.amount)} will be back on {to} between {refund.expected_from} and {refund.expected_by} "
        f"(refund {refund.id})."
    )
    return Refunded(refund.id, summary, refund)
