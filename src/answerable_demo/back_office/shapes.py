"""What goes in and out of the back office, as JSON. Money is a decimal text with its currency."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from answerable_demo.cast import Currency, Interval, PlanCode

Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,9}\.[0-9]{2}$", description="A decimal with two places: `84.00`.")]
RefundReason = Literal[
    "duplicate",
    "withdrawal",
    "unused_renewal",
    "returned_goods",
    "vat_correction",
    "not_delivered",
    "change_taken_back",
    "goodwill",
]
Component = Literal[
    "web_app", "invoice_email", "online_payments", "payouts", "exports", "api", "webhooks", "mobile_sync"
]
IncidentState = Literal["investigating", "identified", "monitoring", "resolved"]


class Nothing(Struct, frozen=True):
    """A request without a body."""


class Money(Struct, frozen=True):
    """An amount in a currency."""

    amount: Amount
    currency: Currency


class Address(Struct, frozen=True, kw_only=True):
    """Where a customer is."""

    street: str
    postcode: str
    city: str
    country: str


class PaymentMethod(Struct, frozen=True, kw_only=True):
    """A card, or a bank account (brand `sepa`); never its whole number."""

    brand: str
    last4: str
    country: str


class Customer(Struct, frozen=True, kw_only=True):
    """Somebody who uses Ledgerly."""

    id: str
    name: str
    email: str
    company: str
    address: Address
    locale: str
    currency: Currency
    vat_id: str | None
    payment_method: PaymentMethod | None
    created_at: str


class PlanPrice(Struct, frozen=True, kw_only=True):
    """What a plan costs, net."""

    interval: Interval
    price: Money


class Plan(Struct, frozen=True, kw_only=True):
    """Something to subscribe to."""

    code: str
    name: str
    seats: int
    prices: list[PlanPrice]
    retired_on: str | None


class AddOn(Struct, frozen=True, kw_only=True):
    """Something to buy once."""

    code: str
    name: str
    prices: list[Money]
    is_shipped: bool


class Catalogue(Struct, frozen=True, kw_only=True):
    """Everything that is sold."""

    plans: list[Plan]
    add_ons: list[AddOn]


class Subscription(Struct, frozen=True, kw_only=True):
    """The plan that a customer has."""

    id: str
    customer_id: str
    plan: PlanCode
    interval: Interval
    price: Money
    status: Literal["trialing", "active", "past_due", "cancelling", "ended"]
    seats_used: int
    seats_included: int
    started_on: str
    period_start: str
    period_end: str
    """The first day that is not paid for."""
    can_withdraw_until: str
    """The last day of the 14 day legal window."""
    cancels_on: str | None
    next_plan: PlanCode | None
    next_interval: Interval | None


class Order(Struct, frozen=True, kw_only=True):
    """Something bought once."""

    id: str
    customer_id: str
    item: str
    name: str
    quantity: int
    total: Money
    status: Literal["processing", "shipped", "delivered", "cancelled"]
    tracking: str | None
    invoice_number: str
    ordered_at: str
    shipped_at: str | None
    delivered_at: str | None


class Charge(Struct, frozen=True, kw_only=True):
    """One attempt to take money."""

    id: str
    invoice_number: str
    customer_id: str
    amount: Money
    refunded: Money
    refundable: Money
    status: Literal["succeeded", "failed"]
    failure: str | None
    payment_method: PaymentMethod
    is_disputed: bool
    at: str


class CreditNote(Struct, frozen=True, kw_only=True):
    """What takes an invoice back, whole or in part."""

    number: str
    invoice_number: str
    refund_id: str | None
    amount: Money
    reason: str
    issued_on: str
    is_void: bool
    """Its refund was cancelled before it had left."""


class InvoiceLine(Struct, frozen=True, kw_only=True):
    """One line of an invoice."""

    description: str
    quantity: int
    unit_price: Money


class Invoice(Struct, frozen=True, kw_only=True):
    """An invoice of Ledgerly to a customer."""

    number: str
    customer_id: str
    kind: Literal["subscription", "plan_change", "order"]
    status: Literal["paid", "open", "void", "credited"]
    issued_on: str
    supplied_on: str
    period_start: str | None
    period_end: str | None
    lines: list[InvoiceLine]
    net: Money
    vat_rate: str
    """Per cent."""
    vat: Money
    total: Money
    vat_note: str | None
    customer_vat_id: str | None
    charges: list[Charge]
    credit_notes: list[CreditNote]
    replaces: str | None
    replaced_by: str | None


class Refund(Struct, frozen=True, kw_only=True):
    """Money given back."""

    id: str
    charge_id: str
    invoice_number: str
    customer_id: str
    amount: Money
    reason: RefundReason
    note: str | None
    status: Literal["on_its_way", "done", "cancelled"]
    payment_method: PaymentMethod
    credit_note: str | None
    expected_from: str
    expected_by: str
    leaves_at: str
    """Until then it can be cancelled; then it is with the bank."""
    idempotency_key: str | None
    created_at: str


class NewRefund(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money to give back; everything that is left of the charge if no amount is given."""

    charge_id: str
    reason: RefundReason
    amount: Money | None = None
    customer_id: str | None = None
    """If it is given, the charge must be this customer's."""
    note: Annotated[str, Meta(max_length=500)] | None = None


class NewPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change a subscription to."""

    plan: PlanCode
    interval: Interval
    due_now: Money | None = None
    """What the customer has agreed to; if it is given and something else is due, nothing is changed."""


class PlanChange(Struct, frozen=True, kw_only=True):
    """What a change of plan means."""

    id: str
    subscription: Subscription
    starts_on: str
    due_now: Money
    """With VAT."""
    invoice_number: str | None
    take_back_until: str


class NewCancellation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to end a subscription."""

    withdraw: bool = False
    """Within the 14 day legal window: end now, and give everything back."""
    money_back: Money | None = None
    """What the customer was told; if it is given and something else would be given back, nothing is done."""
    reason: Annotated[str, Meta(max_length=500)] | None = None


class Cancellation(Struct, frozen=True, kw_only=True):
    """How a subscription ends."""

    subscription: Subscription
    ends_on: str
    refunds: list[Refund]


class Reissued(Struct, frozen=True, kw_only=True):
    """The invoice that takes another's place."""

    invoice: Invoice
    credit_note: CreditNote
    refund: Refund | None
    """VAT that was not due."""


class NewMail(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an invoice shall be sent; only ever to the customer's own address."""

    credit_note: bool = False
    """Send the credit note of the invoice along."""


class Mail(Struct, frozen=True, kw_only=True):
    """A mail that was sent (here: written into the database)."""

    id: str
    customer_id: str
    address: str
    subject: str
    attachment: str | None
    at: str


class Link(Struct, frozen=True, kw_only=True):
    """An address at which one PDF can be read without a key, for an hour. It is signed, and kept nowhere."""

    path: Annotated[str, Meta(pattern="^/[^/]")]
    expires_at: str


class Payout(Struct, frozen=True, kw_only=True):
    """Money on its way to a customer's bank."""

    id: str
    customer_id: str
    amount: Money
    status: Literal["scheduled", "sent", "on_hold", "failed"]
    reason: str | None
    scheduled_for: str
    sent_at: str | None


class IncidentUpdate(Struct, frozen=True, kw_only=True):
    """What was said about an incident, and when."""

    state: IncidentState
    text: str
    at: str


class Incident(Struct, frozen=True, kw_only=True):
    """Something that does not work."""

    id: str
    title: str
    component: Component
    impact: Literal["minor", "major", "critical"]
    state: IncidentState
    opened_at: str
    resolved_at: str | None
    updates: list[IncidentUpdate]


class NewIncident(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that has stopped working."""

    title: Annotated[str, Meta(min_length=3, max_length=200)]
    component: Component
    impact: Literal["minor", "major", "critical"]
    text: Annotated[str, Meta(min_length=3, max_length=2000)]


class NewIncidentUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """News about an incident."""

    state: IncidentState
    text: Annotated[str, Meta(min_length=3, max_length=2000)]


class NewIncidentSubscription(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who wants to be told."""

    customer_id: str


class IncidentSubscription(Struct, frozen=True, kw_only=True):
    """A customer who is told about an incident."""

    id: str
    incident_id: str
    customer_id: str
    created_at: str


class KeyRecord(Struct, frozen=True, kw_only=True):
    """What was done under an idempotency key: how to find out after a time-out."""

    key: str
    request: str
    """Method and path: `POST /refunds`."""
    result: Any
    """What was answered."""
    at: str


class Usage(Struct, frozen=True, kw_only=True):
    """What a customer does with Ledgerly."""

    customer_id: str
    last_finalised_on: str | None
    """The day of the last invoice that they finalised."""


class Health(Struct, frozen=True, kw_only=True):
    """That the service lives, and how it was filled."""

    status: Literal["ok"]
    now: str
    """Its own clock: whatever it dates is counted by it."""
    seed: int
    seeded_on: str
