"""A customer's subscription: another plan, or its end. What it costs or gives back is shown before it is done."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from answerable.actions.declaring import Amount, Doing, Limits, action
from answerable.domain.money import Money
from answerable_demo.back_office.shapes import Cancellation, NewCancellation, NewPlan, PlanChange, Subscription
from answerable_demo.back_office.shapes import Money as Price
from answerable_demo.cast import Interval, PlanCode

from ._back_office import Nothing, act, clock_of, done_before, own_customer, read, try_out, words

Way = Literal["withdraw", "at_period_end"]


class PlanAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan that a customer thinks about."""

    plan: PlanCode
    interval: Interval


class PlanPreview(msgspec.Struct, frozen=True):
    """What a change of plan would mean."""

    reference: str
    summary: str
    due_now: Price
    starts_on: str
    starts: Literal["at_once", "next_period", "has_it", "will_have_it"]
    """Whoever has the plan already, or has asked for it from the next period on, needs no change."""


class PlanNow(msgspec.Struct, frozen=True):
    """The plan that a customer has."""

    reference: str
    summary: str
    plan: str
    """Its name."""
    interval: Interval
    can_change: bool
    """Whether it can be changed here: not in the trial, with a payment open, or when it ends."""


class PlanWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The plan that a customer wants, at the price that they were shown."""

    plan: PlanCode
    interval: Interval
    due_now: Amount
    """As preview_plan_change gave it and the customer agreed to it; 0.00 if nothing is due now."""


class PlanChanged(msgspec.Struct, frozen=True):
    """A change of plan."""

    reference: str
    summary: str
    change: PlanChange
    summaries: dict[str, str] = {}
    """The summary in other languages."""


class CancellationPreview(msgspec.Struct, frozen=True):
    """What ending the subscription would mean, in either way."""

    reference: str
    summary: str
    stands: Literal["goes_on", "trial", "ends", "ended"]
    """In the trial nothing has been paid. One that ends was cancelled before."""
    period_end: str
    """On which day it ends, or would end if it were cancelled now; of one that has ended the day on which it did."""
    can_withdraw: bool
    """Only where there is something to give back."""
    money_back: Price
    """On a withdrawal; 0.00 outside the legal window, or where nothing was paid."""


class CancellationWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the subscription shall end."""

    way: Way
    """Withdraw: now, within the legal window, with the money back. At period end: it is not renewed."""
    money_back: Amount
    """As preview_cancellation gave it and the customer was told; 0.00 at the end of the period."""


class Cancelled(msgspec.Struct, frozen=True):
    """A subscription that ends."""

    reference: str
    summary: str
    cancellation: Cancellation
    summaries: dict[str, str] = {}
    """The summary in other languages."""


def moved(amount: Amount) -> Money | None:
    """It as money, or none if it is nothing."""
    return amount.money if amount.money.units else None


def back_office_price(amount: Amount) -> Price:
    """An argument as the back office writes it."""
    return Price(f"{amount.money.amount:.2f}", amount.currency)  # type: ignore[arg-type]


# -- another plan ----------------------------------------------------------------------------------------------------


@action(effect="reads", identity="verified")
async def find_plan(doing: Doing, wanted: Nothing) -> PlanNow:
    """Tells which plan the customer has, how it is paid, and whether it can be changed at the moment."""
    subscription = await _own_subscription(doing)
    plan = subscription.plan.title()
    summary = f"{plan} with {subscription.interval} payment; it is {subscription.status}."
    return PlanNow(subscription.id, summary, plan, subscription.interval, subscription.status == "active")


@action(effect="reads", identity="verified")
async def preview_plan_change(doing: Doing, wanted: PlanAsked) -> PlanPreview:
    """Tells what another plan would cost the customer today, counted by the day, and when it would start."""
    subscription = await _own_subscription(doing)
    if (known := _without_change(subscription, wanted)) is not None:
        return known
    change = await _tried(doing, subscription, wanted.plan, wanted.interval)
    starts = await _start_of(doing, change)
    then = "at once" if starts == "at_once" else f"on {change.starts_on}"
    summary = (
        f"{wanted.plan.title()} with {wanted.interval} payment would start {then}; {words(change.due_now)} with VAT "
        "would be charged today."
    )
    return PlanPreview(subscription.id, summary, change.due_now, change.starts_on, starts)


def _without_change(subscription: Subscription, wanted: PlanAsked) -> PlanPreview | None:
    """What is told of a plan for which nothing has to be changed; none if something must."""
    plan = f"{wanted.plan.title()} with {wanted.interval} payment"
    nothing = _nothing(subscription)
    if (subscription.next_plan, subscription.next_interval) == (wanted.plan, wanted.interval):
        day = subscription.period_end
        return PlanPreview(
            subscription.id, f"The plan changes to {plan} on {day} already.", nothing, day, "will_have_it"
        )
    if subscription.next_plan is None and (subscription.plan, subscription.interval) == (wanted.plan, wanted.interval):
        told = f"The plan is {plan} already."
        return PlanPreview(subscription.id, told, nothing, subscription.period_start, "has_it")
    return None


async def facts_about_change(doing: Doing, wanted: PlanWanted) -> Mapping[str, Any]:
    """What the clauses about changes of plan need to know: the back office counts, and keeps nothing."""
    subscription = await _own_subscription(doing)
    change = await _tried(doing, subscription, wanted.plan, wanted.interval)
    return {
        "plan_before": subscription.plan,
        "interval_before": subscription.interval,
        "starts": await _start_of(doing, change),
        "due_now": change.due_now,
        "is_price_agreed": _is_same(wanted.due_now, change.due_now),
    }


async def change_made(doing: Doing, wanted: PlanWanted) -> PlanChanged | None:
    """What came of an earlier request under the same key."""
    found = await done_before(doing, PlanChange)
    return _told_change(found) if found is not None else None


async def take_back_change(doing: Doing, wanted: PlanWanted, made: PlanChanged) -> Subscription:
    """The plan is as it was, and what was charged is given back; the back office refuses it after a day."""
    return await act(doing, f"/plan-changes/{made.change.id}/take-back", Subscription)


def imagined_change(doing: Doing, wanted: PlanWanted) -> Mapping[str, Any]:
    """What a replay is told."""
    subscription = _imagined_subscription(wanted.plan, wanted.interval)
    price = {"amount": f"{wanted.due_now.money.amount:.2f}", "currency": wanted.due_now.currency}
    change = {
        "id": "pc_simulated",
        "subscription": subscription,
        "starts_on": "",
        "due_now": price,
        "invoice_number": None,
        "take_back_until": "",
    }
    return {"reference": "pc_simulated", "summary": f"The plan would become {wanted.plan}.", "change": change}


@action(
    effect="moves_money",
    identity="verified",
    limits=Limits(
        per_call={"EUR": "3500.00", "GBP": "3000.00", "USD": "3500.00"},
        per_customer_a_day={"EUR": "3500.00", "GBP": "3000.00", "USD": "3500.00"},
        per_day={"EUR": "35000.00", "GBP": "30000.00", "USD": "35000.00"},
        calls_per_customer_a_day=5,
    ),
    facts=facts_about_change,
    money=lambda wanted: moved(wanted.due_now),
    look_up=change_made,
    undo=take_back_change,
    undo_within=timedelta(hours=24),
    simulate=imagined_change,
    timeout_seconds=15.0,
    repeats_within=timedelta(minutes=10),
    has_dry_run=True,
    asks={
        "en": "Change the plan to {plan}, paid {interval}, with {due_now} due now",
        "de": "Auf den Tarif {plan} wechseln (Zahlung: {interval}), jetzt fällig: {due_now}",
        "es": "Cambiar a la tarifa {plan} (pago: {interval}), a pagar ahora: {due_now}",
        "fr": "Passer à l'offre {plan} (paiement : {interval}), à payer maintenant : {due_now}",
    },
)
async def change_plan(doing: Doing, wanted: PlanWanted) -> PlanChanged:
    """Changes the customer's plan at the price that they agreed to: a bigger one at once, a smaller one later."""
    subscription = await _own_subscription(doing)
    new = NewPlan(plan=wanted.plan, interval=wanted.interval, due_now=back_office_price(wanted.due_now))
    return _told_change(await act(doing, f"/subscriptions/{subscription.id}/change", PlanChange, new))


# -- its end ---------------------------------------------------------------------------------------------------------


@action(effect="reads", identity="verified")
async def preview_cancellation(doing: Doing, wanted: Nothing) -> CancellationPreview:
    """Tells when the customer's subscription would end, and whether and how much money would come back."""
    subscription = await _own_subscription(doing)
    stands = _stands(subscription)
    is_in_window = stands != "ended" and await _is_within_window(doing, subscription)
    back = await _money_back(doing, subscription) if is_in_window else _nothing(subscription)
    can_withdraw = Decimal(back.amount) > 0
    ends_on = subscription.cancels_on or subscription.period_end
    summary = {
        "goes_on": f"Cancelled now, it would end on {ends_on}, and nothing is given back.",
        "trial": f"It is a trial, for which nothing was paid. Cancelled now, it would end on {ends_on}.",
        "ends": f"It is cancelled already and ends on {ends_on}.",
        "ended": f"It ended on {ends_on}.",
    }[stands]
    if can_withdraw:
        summary += (
            f" Until {subscription.can_withdraw_until} a withdrawal is possible instead: it would end today and "
            f"{words(back)} would be given back."
        )
    return CancellationPreview(subscription.id, summary, stands, ends_on, can_withdraw, back)


def _stands(subscription: Subscription) -> Literal["goes_on", "trial", "ends", "ended"]:
    match subscription.status:
        case "ended":
            return "ended"
        case "cancelling":
            return "ends"
        case "trialing":
            return "trial"
        case _:
            return "goes_on"


async def facts_about_end(doing: Doing, wanted: CancellationWanted) -> Mapping[str, Any]:
    """What the clauses about cancellation and about money back need to know."""
    subscription = await _own_subscription(doing)
    is_within_window = await _is_within_window(doing, subscription)
    withdraws = wanted.way == "withdraw"
    back = await _money_back(doing, subscription) if withdraws and is_within_window else _nothing(subscription)
    return {
        "way": wanted.way,
        "is_within_window": is_within_window,
        "money_back": back,
        "gives_money_back": withdraws,
        "is_money_back_agreed": _is_same(wanted.money_back, back),
        "interval": subscription.interval,
    }


async def end_made(doing: Doing, wanted: CancellationWanted) -> Cancelled | None:
    """What came of an earlier request under the same key."""
    found = await done_before(doing, Cancellation)
    return _told_end(found) if found is not None else None


async def resume(doing: Doing, wanted: CancellationWanted, made: Cancelled) -> Subscription:
    """The subscription goes on; the back office refuses it from its last day on, and after a withdrawal."""
    return await act(doing, f"/subscriptions/{made.cancellation.subscription.id}/resume", Subscription)


def imagined_end(doing: Doing, wanted: CancellationWanted) -> Mapping[str, Any]:
    """What a replay is told."""
    cancellation = {"subscription": _imagined_subscription("solo", "monthly"), "ends_on": "", "refunds": []}
    summary = "The subscription would end."
    return {"reference": "sub_simulated", "summary": summary, "cancellation": cancellation}


@action(
    effect="moves_money",
    identity="verified",
    limits=Limits(
        per_call={"EUR": "1500.00", "GBP": "1350.00", "USD": "1650.00"},
        per_customer_a_day={"EUR": "1500.00", "GBP": "1350.00", "USD": "1650.00"},
        per_day={"EUR": "5000.00", "GBP": "4500.00", "USD": "5500.00"},
        calls_per_customer_a_day=3,
    ),
    facts=facts_about_end,
    money=lambda wanted: moved(wanted.money_back),
    look_up=end_made,
    undo=resume,
    # A yearly plan has so long; the back office knows the day itself.
    undo_within=timedelta(days=366),
    simulate=imagined_end,
    timeout_seconds=15.0,
    repeats_within=timedelta(minutes=10),
    has_dry_run=True,
    asks={
        "en": "End the subscription ({way}), with {money_back} back",
        "de": "Das Abo beenden ({way}), {money_back} zurück",
        "es": "Terminar la suscripción ({way}), con devolución de {money_back}",
        "fr": "Mettre fin à l'abonnement ({way}), avec remboursement de {money_back}",
    },
)
async def cancel_subscription(doing: Doing, wanted: CancellationWanted) -> Cancelled:
    """Ends the customer's subscription: with its period, or, within the legal window, now with the money back."""
    subscription = await _own_subscription(doing)
    new = NewCancellation(withdraw=wanted.way == "withdraw", money_back=back_office_price(wanted.money_back))
    return _told_end(await act(doing, f"/subscriptions/{subscription.id}/cancel", Cancellation, new))


# -- what both need --------------------------------------------------------------------------------------------------


async def _own_subscription(doing: Doing) -> Subscription:
    customer = await own_customer(doing)
    return await read(doing, f"/customers/{customer.id}/subscription", Subscription)


async def _tried(doing: Doing, subscription: Subscription, plan: PlanCode, interval: Interval) -> PlanChange:
    path = f"/subscriptions/{subscription.id}/change"
    return await try_out(doing, path, PlanChange, NewPlan(plan=plan, interval=interval))


async def _start_of(doing: Doing, change: PlanChange) -> Literal["at_once", "next_period"]:
    return "at_once" if change.starts_on <= f"{await clock_of(doing):%Y-%m-%d}" else "next_period"


async def _is_within_window(doing: Doing, subscription: Subscription) -> bool:
    return f"{await clock_of(doing):%Y-%m-%d}" <= subscription.can_withdraw_until


async def _money_back(doing: Doing, subscription: Subscription) -> Price:
    path = f"/subscriptions/{subscription.id}/cancel"
    tried = await try_out(doing, path, Cancellation, NewCancellation(withdraw=True))
    total = sum((Decimal(each.amount.amount) for each in tried.refunds), Decimal(0))
    return Price(f"{total:.2f}", subscription.price.currency)


def _nothing(subscription: Subscription) -> Price:
    return Price("0.00", subscription.price.currency)


def _is_same(asked: Amount, counted: Price) -> bool:
    return asked.money == Amount(counted.amount, counted.currency).money


_PAID: Mapping[Interval, Mapping[str, str]] = {
    "monthly": {"de": "monatlicher Zahlung", "es": "pago mensual", "fr": "paiement mensuel"},
    "yearly": {"de": "jährlicher Zahlung", "es": "pago anual", "fr": "paiement annuel"},
}


def _told_change(change: PlanChange) -> PlanChanged:
    plan, number = change.subscription, change.invoice_number
    if number is not None:
        name, paid, due = plan.plan.title(), _PAID[plan.interval], words(change.due_now)
        summary = f"The plan is {name} with {plan.interval} payment now; {due} with VAT was charged (invoice {number})."
        summaries = {
            "de": f"Ihr Tarif ist jetzt {name} mit {paid['de']}; {due} mit Umsatzsteuer wurden abgebucht "
            f"(Rechnung {number}).",
            "es": f"Su tarifa es ahora {name} con {paid['es']}; se han cobrado {due} con IVA (factura {number}).",
            "fr": f"Votre offre est maintenant {name} avec {paid['fr']} ; {due} TVA comprise ont été prélevés "
            f"(facture {number}).",
        }
    else:
        name, interval = (plan.next_plan or plan.plan).title(), plan.next_interval or plan.interval
        paid, day = _PAID[interval], change.starts_on
        summary = f"The plan changes to {name} with {interval} payment on {day}; nothing is charged now."
        summaries = {
            "de": f"Ihr Tarif wechselt am {day} zu {name} mit {paid['de']}; jetzt wird nichts abgebucht.",
            "es": f"Su tarifa cambia a {name} con {paid['es']} el {day}; ahora no se cobra nada.",
            "fr": f"Votre offre passe à {name} avec {paid['fr']} le {day} ; rien n'est prélevé maintenant.",
        }
    return PlanChanged(change.id, summary, change, summaries)


def _told_end(made: Cancellation) -> Cancelled:
    subscription, day = made.subscription, made.ends_on
    if subscription.status == "cancelling":
        summary = f"The subscription is cancelled and ends on {day}; until then everything stays as it is."
        summaries = {
            "de": f"Ihr Abo ist gekündigt und endet am {day}; bis dahin bleibt alles, wie es ist.",
            "es": f"Su suscripción está cancelada y termina el {day}; hasta entonces todo sigue igual.",
            "fr": f"Votre abonnement est résilié et prend fin le {day} ; d'ici là, rien ne change.",
        }
    else:
        total = sum((Decimal(each.amount.amount) for each in made.refunds), Decimal(0))
        back = f"{total:.2f} {subscription.price.currency}"
        last = max((each.expected_by for each in made.refunds), default="")
        by = {
            "en": f", by {last}",
            "de": f" bis {last}",
            "es": f" a más tardar el {last}",
            "fr": f" au plus tard le {last}",
        }
        by = by if last else dict.fromkeys(by, "")
        summary = f"The subscription ended on {day}, and {back} will be back on the way that it was paid{by['en']}."
        summaries = {
            "de": f"Ihr Abo endete am {day}, und {back} kommen{by['de']} auf dem Weg zurück, auf dem gezahlt wurde.",
            "es": f"Su suscripción terminó el {day}, y {back} volverán{by['es']} por la vía por la que se pagó.",
            "fr": f"Votre abonnement a pris fin le {day}, et {back} reviendront{by['fr']} par la voie du paiement.",
        }
    return Cancelled(subscription.id, summary, made, summaries)


def _imagined_subscription(plan: str, interval: str) -> dict[str, Any]:
    return {
        "id": "sub_simulated",
        "customer_id": "nobody",
        "plan": plan,
        "interval": interval,
        "price": {"amount": "0.00", "currency": "EUR"},
        "status": "active",
        "seats_used": 1,
        "seats_included": 1,
        "started_on": "",
        "period_start": "",
        "period_end": "",
        "can_withdraw_until": "",
        "cancels_on": None,
        "next_plan": None,
        "next_interval": None,
    }
