"""What the shop's agents can press, declared as actions. Nobody publishes the system behind the buttons."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from answerable.actions.declaring import Amount, Doing, Limits, NotDone, action

AWAY = "The system behind this button is not published."
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
ReturnWay = Literal["by mail", "in store", "drop off center"]
Change = Literal[
    "change address", "change date", "change item", "change method", "change order", "change price", "change time"
]
OrderUpdate = Literal["give credit", "tomorrow", "next week", "cancel shipment", "waive fee"] | ReturnWay | Change
KINDS = {
    **dict.fromkeys(("by mail", "in store", "drop off center"), "return"),
    **dict.fromkeys(("tomorrow", "next week", "change date", "change time"), "date"),
    "change method": "method",
    "waive fee": "fee",
    "give credit": "credit",
}


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is entered before a button is pressed."""


class Nothing(Record, frozen=True):
    """Nothing is entered."""


class NameOrAccount(Record, frozen=True):
    """Who it is."""

    name_or_account_id: Word


class Identity(Record, frozen=True):
    """What proves who it is."""

    customer_name: Word
    account_id: Word
    order_id: Word


class Purchase(Record, frozen=True):
    """What proves a purchase."""

    username: Word
    email: Word
    order_id: Word


class Question(Record, frozen=True):
    """What is looked for."""

    about: Word


class Text(Record, frozen=True):
    """A line."""

    text: Word


class Update(Record, frozen=True):
    """What becomes of an order."""

    order_id: Word
    change: OrderUpdate
    detail: Annotated[str, msgspec.Meta(max_length=200)]


class AccountUpdate(Record, frozen=True):
    """What becomes of an account."""

    change: Literal["add service", "remove service", "extend subscription", "renew subscription", "details"]
    detail: Annotated[str, msgspec.Meta(max_length=200)]


class Refund(Record, frozen=True):
    """How much goes back, and why."""

    because: Literal["cancelled order", "disputed bill", "other"]
    amount: Amount


class Product(Record, frozen=True):
    """What is bought for the customer."""

    product: Word


class Team(Record, frozen=True):
    """Who is told."""

    team: Literal["manager", "website team", "purchasing department"]


class Code(Record, frozen=True):
    """Why a code is given."""

    because: Literal["a code that fails", "unhappy"]


class Told(msgspec.Struct, frozen=True):
    """What the system answered."""

    reference: str
    summary: str


async def record_of_order(doing: Doing, wanted: Any) -> Mapping[str, Any]:
    """What the clauses need: membership, days since the purchase, receipt, packaging, shipping, who has erred."""
    raise NotDone(AWAY)


async def what_was_done(doing: Doing, wanted: Any) -> Told | None:
    """What came of an earlier request under the same key."""
    raise NotDone(AWAY)


def imagined(doing: Doing, wanted: Any) -> Told:
    """What a replay is told."""
    return Told("simulated", "It would be done.")


async def _pressed(doing: Doing) -> Told:
    raise NotDone(AWAY)


@action(effect="reads", identity="anonymous")
async def pull_up_account(doing: Doing, wanted: NameOrAccount) -> Told:
    """Brings up an account by name or id."""
    return await _pressed(doing)


@action(effect="reads", identity="anonymous")
async def verify_identity(doing: Doing, wanted: Identity) -> Told:
    """Proves who the customer is by name, account and order."""
    return await _pressed(doing)


@action(effect="reads", identity="anonymous")
async def validate_purchase(doing: Doing, wanted: Purchase) -> Told:
    """Proves a purchase by user name, e-mail address and order."""
    return await _pressed(doing)


@action(effect="reads", identity="known")
async def ask_the_oracle(doing: Doing, wanted: Nothing) -> Told:
    """Tells whether the company has erred."""
    return await _pressed(doing)


@action(effect="reads", identity="known")
async def membership_privileges(doing: Doing, wanted: Nothing) -> Told:
    """Tells the customer's level: guest, bronze, silver or gold."""
    return await _pressed(doing)


@action(effect="reads", identity="known")
async def shipping_status(doing: Doing, wanted: Nothing) -> Told:
    """Tells how far an order has come: received, in transit, out for delivery, delivered."""
    return await _pressed(doing)


@action(effect="reads", identity="verified")
async def subscription_status(doing: Doing, wanted: Nothing) -> Told:
    """Tells whether the subscription is active, what is due and when."""
    return await _pressed(doing)


@action(effect="reads", identity="anonymous")
async def search_faq(doing: Doing, wanted: Question) -> Told:
    """Looks something up."""
    return await _pressed(doing)


@action(effect="reads", identity="anonymous")
async def select_answer(doing: Doing, wanted: Question) -> Told:
    """Takes one of the answers found."""
    return await _pressed(doing)


@action(effect="writes", identity="known", look_up=what_was_done, simulate=imagined)
async def record_reason(doing: Doing, wanted: Text) -> Told:
    """Notes why the customer has come."""
    return await _pressed(doing)


@action(effect="writes", identity="known", look_up=what_was_done, simulate=imagined)
async def enter_details(doing: Doing, wanted: Text) -> Told:
    """Notes a detail, such as an address."""
    return await _pressed(doing)


@action(effect="writes", identity="known", look_up=what_was_done, simulate=imagined)
async def notify_internal_team(doing: Doing, wanted: Team) -> Told:
    """Tells a team."""
    return await _pressed(doing)


@action(effect="writes", identity="known", look_up=what_was_done, simulate=imagined)
async def send_link(doing: Doing, wanted: Text) -> Told:
    """Sends a link to the customer."""
    return await _pressed(doing)


@action(effect="writes", identity="verified", look_up=what_was_done, simulate=imagined)
async def make_password(doing: Doing, wanted: Nothing) -> Told:
    """Makes a new password."""
    return await _pressed(doing)


@action(effect="writes", identity="verified", look_up=what_was_done, simulate=imagined)
async def make_purchase(doing: Doing, wanted: Product) -> Told:
    """Orders something for the customer."""
    return await _pressed(doing)


@action(effect="writes", identity="verified", facts=record_of_order, look_up=what_was_done, simulate=imagined)
async def promo_code(doing: Doing, wanted: Code) -> Told:
    """Gives the customer a code for a discount."""
    return await _pressed(doing)


@action(effect="writes", identity="verified", facts=record_of_order, look_up=what_was_done, simulate=imagined)
async def update_order(doing: Doing, wanted: Update) -> Told:
    """Changes an order: a return, another date or way to pay, a fee that is waived, a credit."""
    return await _pressed(doing)


@action(effect="writes", identity="verified", facts=record_of_order, look_up=what_was_done, simulate=imagined)
async def update_account(doing: Doing, wanted: AccountUpdate) -> Told:
    """Changes an account."""
    return await _pressed(doing)


@action(
    effect="moves_money",
    identity="verified",
    # The guidelines name no limit; money that moves must have one.
    limits=Limits(per_call={"USD": "200.00"}, per_customer_a_day={"USD": "200.00"}, per_day={"USD": "5000.00"}),
    facts=record_of_order,
    money=lambda wanted: wanted.amount.money,
    look_up=what_was_done,
    simulate=imagined,
)
async def offer_refund(doing: Doing, wanted: Refund) -> Told:
    """Gives money back."""
    return await _pressed(doing)
