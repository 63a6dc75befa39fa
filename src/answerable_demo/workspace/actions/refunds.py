"""Charges and their refunds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

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
# R-14 has the same number; that clause decides, and this only tells beforehand.
YEARLY_RENEWAL_DAYS = 30
LONGEST_MONTH = timedelta(days=31)
INVOICES_READ = 100

Standing = Literal[
    "refundable",
    "given_back",
    "disputed",
    "not_paid",
    "monthly_renewal",
    "yearly_renewal",
    "withdrawable",
    "first_payment",
    "other",
]
"""What is known of a refund of a charge before anybody asks for one; the clauses decide when they do.

`withdrawable`: the first payment for a plan, in the days in which a withdrawal gives it back. `first_payment`: after
them. `other`: only a person can know.
"""


class ChargesWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which charges."""

    invoice_number: InvoiceNumber | None = None
    """Only those for this invoice; the newest, and all that were made twice, if it is null."""


class RefundWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to give back."""

    charge_id: ChargeId
    amount: Amount


class GivenBack(msgspec.Struct, frozen=True):
    """Money of a charge that was given back, or is on its way."""

    charge_id: str
    invoice_number: str
    charged_at: str
    amount: BackOfficeMoney
    """All refunds of the charge together."""
    on: str
    """The day of the newest of them."""
    refund_id: str
    expected_by: str


class FoundCharge(Charge, frozen=True, kw_only=True):
    """A charge, and what is known of giving it back."""

    is_duplicate: bool
    """Whether it is one too many."""
    returned: Literal["nothing", "part", "all"]
    given_back: GivenBack | None
    standing: Standing


class Charges(msgspec.Struct, frozen=True):
    """Charges of a customer."""

    reference: str
    summary: str
    charges: list[FoundCharge]
    duplicate_ids: list[str]
    """The later one of every two that were made for the same and have both been kept."""
    settled_duplicates: list[GivenBack]
    """Of every two that were made for the same the one that was given back already, newest first."""


class Refunded(msgspec.Struct, frozen=True):
    """A refund that is on its way."""

    reference: str
    summary: str
    refund: Refund
    summaries: dict[str, str] = {}
    """The summary in other languages."""


@action(effect="reads", identity="verified")
async def find_charges(doing: Doing, wanted: ChargesWanted) -> Charges:
    """Lists charges of the customer, newest first: what of each can still be refunded or was given back already, and
    which were made twice.
    """
    customer = await own_customer(doing)
    everything = await read(doing, "/charges", list[Charge], customer_id=customer.id)
    returned = await _given_back(doing, customer.id, everything)
    duplicates = {each.id for each in everything if _is_duplicate(each, everything, only_later=True)}
    settled = [
        returned[each.id]
        for each in everything
        if _how_much_returned(each) == "all" and each.id in returned and _has_twin(each, everything)
    ]
    if wanted.invoice_number is not None:
        found = [each for each in everything if each.invoice_number == wanted.invoice_number]
    else:
        kept = duplicates | {each.charge_id for each in settled}
        found = [each for number, each in enumerate(everything) if number < NEWEST or each.id in kept]
    account = await _account(doing, customer.id)
    invoices = await read(doing, "/invoices", list[Invoice], customer_id=customer.id, limit=str(INVOICES_READ))
    by_number = {each.number: each for each in invoices}
    shown = [
        FoundCharge(
            **msgspec.structs.asdict(each),
            is_duplicate=each.id in duplicates,
            returned=_how_much_returned(each),
            given_back=returned.get(each.id),
            standing=_standing(each, everything, by_number.get(each.invoice_number), account),
        )
        for each in found
    ]
    told = "; ".join(map(_in_words, shown))
    summary = f"The charges: {told}." if found else "There are no such charges."
    return Charges(customer.id, summary, shown, [each.id for each in shown if each.is_duplicate], settled)


async def facts_about(doing: Doing, wanted: RefundWanted) -> Mapping[str, Any]:
    """What the clauses about refunds need to know, read from the back office and from nowhere else."""
    customer = await own_customer(doing)
    is_refund = wanted.charge_id.startswith("re_")
    charge_id = await _charge_of_refund(doing, customer.id, wanted.charge_id) if is_refund else wanted.charge_id
    others = await read(doing, "/charges", list[Charge], customer_id=customer.id)
    charge = _own_charge(others, charge_id)
    invoice = await read(doing, f"/invoices/{charge.invoice_number}", Invoice)
    account = await _account(doing, customer.id)
    is_duplicate = not is_refund and _is_duplicate(charge, others)
    # Of a disputed charge nothing is left, and of a refund there never was: their own clauses say so better.
    has_own_clause = is_refund or charge.is_disputed
    return {
        "gives_money_back": True,
        "is_refund": is_refund,
        "days_since_charge": (account.now - datetime.fromisoformat(charge.at)).days,
        "charged": charge.amount,
        "refundable": charge.refundable,
        "is_disputed": charge.is_disputed,
        "is_duplicate": is_duplicate,
        "is_unused_yearly_renewal": _is_unused_renewal(charge, invoice, account),
        "is_monthly_renewal": not (has_own_clause or is_duplicate) and _is_monthly_renewal(invoice, account),
        "is_first_payment": not (has_own_clause or is_duplicate) and _is_first_payment(invoice, account),
        "invoice_kind": invoice.kind,
        "interval": account.subscription.interval,
        "is_in_currency_of_charge": wanted.amount.currency == charge.amount.currency,
        "exceeds_what_is_left": not has_own_clause and not _is_within(wanted.amount, charge),
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
        "fr": "Rembourser {amount} du paiement {charge_id}",
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


def _are_for_the_same(charge: Charge, other: Charge) -> bool:
    """Whether both took the same amount for the same invoice, days apart."""
    return (
        other.id != charge.id
        and charge.status == other.status == "succeeded"
        and other.invoice_number == charge.invoice_number
        and other.amount == charge.amount
        and abs(datetime.fromisoformat(other.at) - datetime.fromisoformat(charge.at)) <= DUPLICATE_WITHIN
    )


def _has_twin(charge: Charge, others: list[Charge]) -> bool:
    """Whether another charge was for the same, whatever became of it since."""
    return any(_are_for_the_same(charge, other) for other in others)


def _is_duplicate(charge: Charge, others: list[Charge], *, only_later: bool = False) -> bool:
    """Whether another charge paid for the same invoice, the same amount, and has not been given back."""
    return any(
        _are_for_the_same(charge, other)
        and other.refundable == other.amount
        and (not only_later or ((charge.at, charge.id) > (other.at, other.id) and charge.refundable == charge.amount))
        for other in others
    )


@dataclass(frozen=True, slots=True)
class _Account:
    """What is known of a customer beside their charges."""

    subscription: Subscription
    usage: Usage
    now: datetime


async def _account(doing: Doing, customer_id: str) -> _Account:
    return _Account(
        subscription=await read(doing, f"/customers/{customer_id}/subscription", Subscription),
        usage=await read(doing, f"/customers/{customer_id}/usage", Usage),
        now=await clock_of(doing),
    )


async def _given_back(doing: Doing, customer_id: str, charges: list[Charge]) -> Mapping[str, GivenBack]:
    """What was given back of each charge of which something was."""
    refunds = await read(doing, "/refunds", list[Refund], customer_id=customer_id)
    found = {}
    for charge in charges:
        # The newest stands first.
        newest = next((each for each in refunds if each.charge_id == charge.id and each.status != "cancelled"), None)
        if newest is not None and _how_much_returned(charge) != "nothing":
            day = newest.created_at[:10]
            about = (charge.id, charge.invoice_number, charge.at)
            found[charge.id] = GivenBack(*about, charge.refunded, day, newest.id, newest.expected_by)
    return found


def _how_much_returned(charge: Charge) -> Literal["nothing", "part", "all"]:
    if Decimal(charge.refunded.amount) == 0:
        return "nothing"
    return "all" if charge.refunded == charge.amount else "part"


def _standing(  # noqa: PLR0911  (one rule a line, the first that fits)
    charge: Charge, others: list[Charge], invoice: Invoice | None, account: _Account
) -> Standing:
    """What can be said of a refund of the charge before it is asked for."""
    if charge.status != "succeeded":
        return "not_paid"
    if charge.is_disputed:
        return "disputed"
    if charge.refunded == charge.amount:
        return "given_back"
    if _is_duplicate(charge, others):
        return "refundable"
    if invoice is None:
        return "other"
    if _is_first_payment(invoice, account):
        is_in_time = f"{account.now:%Y-%m-%d}" <= account.subscription.can_withdraw_until
        return "withdrawable" if is_in_time and account.subscription.status != "ended" else "first_payment"
    if _is_monthly_renewal(invoice, account):
        return "monthly_renewal"
    is_unused = _is_unused_renewal(charge, invoice, account)
    if is_unused and (account.now - datetime.fromisoformat(charge.at)).days <= YEARLY_RENEWAL_DAYS:
        return "refundable"
    is_of_a_year = invoice.kind == "subscription" and not _is_of_a_month(invoice)
    return "yearly_renewal" if is_of_a_year and is_unused is not None else "other"


def _is_of_a_month(invoice: Invoice) -> bool:
    """Whether it is for a month of a plan, as it was paid then."""
    if invoice.kind != "subscription" or invoice.period_start is None or invoice.period_end is None:
        return False
    return date.fromisoformat(invoice.period_end) - date.fromisoformat(invoice.period_start) <= LONGEST_MONTH


def _is_first_payment(invoice: Invoice, account: _Account) -> bool:
    """Whether it paid for the beginning of the plan."""
    return invoice.kind == "subscription" and invoice.period_start == account.subscription.started_on


def _is_monthly_renewal(invoice: Invoice, account: _Account) -> bool:
    """Whether it renewed a plan for a month, and not after a cancellation that we failed to carry out."""
    if not _is_of_a_month(invoice) or _is_first_payment(invoice, account):
        return False
    ended_on = account.subscription.cancels_on
    return ended_on is None or (invoice.period_start or "") < ended_on


def _is_unused_renewal(charge: Charge, invoice: Invoice, account: _Account) -> bool | None:
    """Whether it renewed a yearly plan with which nothing was done since; none if that is not known."""
    if invoice.kind != "subscription" or account.subscription.interval != "yearly":
        return False
    if charge.at[:10] <= account.subscription.started_on:
        # The first year is no renewal.
        return False
    last = account.usage.last_finalised_on
    return None if last is None else last < charge.at[:10]


def _in_words(charge: FoundCharge) -> str:
    """A charge for a model, with what may be known of giving it back."""
    told = f"{words(charge.amount)} on {charge.at[:10]} for {charge.invoice_number} ({charge.id})"
    if (back := charge.given_back) is not None:
        told += f", of which {words(back.amount)} went back with the refund {back.refund_id} of {back.on}"
    return told


def _is_within(amount: Amount, charge: Charge) -> bool:
    left = Amount(charge.refundable.amount, charge.refundable.currency).money
    return amount.currency == left.currency and not amount.money.exceeds(left)


def _told(refund: Refund) -> Refunded:
    method = refund.payment_method
    card, end = method.brand.title(), method.last4
    is_card = method.brand != "sepa"
    to = f"the {card} card ending in {end}" if is_card else "the bank account"
    auf = f"Ihrer Karte {card} mit der Endung {end}" if is_card else "Ihrem Bankkonto"
    en = f"su tarjeta {card} terminada en {end}" if is_card else "su cuenta bancaria"
    sur = f"votre carte {card} se terminant par {end}" if is_card else "votre compte bancaire"
    amount, first, last = words(refund.amount), refund.expected_from, refund.expected_by
    summaries = {
        "de": f"{amount} sind zwischen dem {first} und dem {last} wieder auf {auf} (Erstattung {refund.id}).",
        "es": f"{amount} volverán a estar en {en} entre el {first} y el {last} (reembolso {refund.id}).",
        "fr": f"{amount} seront de retour sur {sur} entre le {first} et le {last} (remboursement {refund.id}).",
    }
    summary = f"{amount} will be back on {to} between {first} and {last} (refund {refund.id})."
    return Refunded(refund.id, summary, refund, summaries)
