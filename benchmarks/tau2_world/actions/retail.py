"""What agents of the shop can do, and what its clauses need to know of it."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from answerable.actions.declaring import Doing, action

from ._outside import Told, answer, own_user, row, use, used_before

OrderId = Annotated[str, msgspec.Meta(pattern=r"^#W[0-9]{7}$", description="Such as #W0000000, with its #.")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Line = Annotated[str, msgspec.Meta(max_length=200)]
ItemIds = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}$")]], msgspec.Meta(min_length=1, max_length=50)
]
Facts = Mapping[str, Any]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for."""


class Nothing(Record, frozen=True):
    """No arguments."""


class Email(Record, frozen=True):
    """An address."""

    email: Word


class NameAndZip(Record, frozen=True):
    """A name and where somebody lives."""

    first_name: Word
    last_name: Word
    zip: Word


class UserWanted(Record, frozen=True):
    """A user."""

    user_id: Word


class OrderWanted(Record, frozen=True):
    """An order."""

    order_id: OrderId


class ProductWanted(Record, frozen=True):
    """A product."""

    product_id: Word


class ItemWanted(Record, frozen=True):
    """An item."""

    item_id: Word


class Sum(Record, frozen=True):
    """Something to calculate."""

    expression: Word


class Transfer(Record, frozen=True):
    """Why a person is needed."""

    summary: Annotated[str, msgspec.Meta(max_length=2000)]


class Cancel(Record, frozen=True):
    """An order to cancel, and why."""

    order_id: OrderId
    reason: Literal["no longer needed", "ordered by mistake"]


class NewAddress(Record, frozen=True):
    """Where an order goes."""

    order_id: OrderId
    address1: Word
    address2: Line
    city: Word
    state: Word
    country: Word
    zip: Word


class NewUserAddress(Record, frozen=True):
    """Where a user lives."""

    user_id: Word
    address1: Word
    address2: Line
    city: Word
    state: Word
    country: Word
    zip: Word


class NewPayment(Record, frozen=True):
    """How an order is paid."""

    order_id: OrderId
    payment_method_id: Word


class Return(Record, frozen=True):
    """What comes back."""

    order_id: OrderId
    item_ids: ItemIds
    payment_method_id: Word


class Exchange(Record, frozen=True):
    """Which items become which others, in the same order."""

    order_id: OrderId
    item_ids: ItemIds
    new_item_ids: ItemIds
    payment_method_id: Word


# -- what clauses need to know ---------------------------------------------------------------------------------------


async def about_user(doing: Doing, wanted: Any) -> Facts:
    """Whether it is about the user who asks."""
    return {"is_own": (await own_user(doing))["user_id"] == wanted.user_id}


async def about_order(doing: Doing, wanted: Any) -> Facts:
    """Whose order it is and how it stands; no more of one that is another user's."""
    user, order = await own_user(doing), await row(doing, "orders", wanted.order_id)
    if order["user_id"] != user["user_id"]:
        return {"is_own": False}
    return {
        "is_own": True,
        "status": order["status"],
        "is_pending": order["status"] == "pending",
        "is_delivered": order["status"] == "delivered",
        "had_items_changed": order["status"] in ("pending (item modified)", "exchange requested"),
    }


async def about_payment(doing: Doing, wanted: NewPayment) -> Facts:
    """The same, and whether the other way to pay can be taken."""
    facts, (user, order) = await about_order(doing, wanted), await _user_and_order(doing, wanted)
    if not facts["is_own"]:
        return facts
    total = order["payment_history"][0]["amount"]
    return {
        **facts,
        **_about_method(user, wanted.payment_method_id, total),
        "is_another_method": order["payment_history"][0]["payment_method_id"] != wanted.payment_method_id,
    }


async def about_return(doing: Doing, wanted: Return) -> Facts:
    """The same, and whether the money may go that way."""
    facts, (user, order) = await about_order(doing, wanted), await _user_and_order(doing, wanted)
    if not facts["is_own"]:
        return facts
    method = user["payment_methods"].get(wanted.payment_method_id)
    original = order["payment_history"][0]["payment_method_id"]
    return {
        **facts,
        **_about_method(user, wanted.payment_method_id, 0),
        "are_in_order": not _missing(order, wanted.item_ids),
        "goes_back_or_to_gift_card": wanted.payment_method_id == original
        or (method is not None and method["source"] == "gift_card"),
    }


async def about_exchange(doing: Doing, wanted: Exchange) -> Facts:
    """The same, and what the new items are to the old ones."""
    facts, (user, order) = await about_order(doing, wanted), await _user_and_order(doing, wanted)
    if not facts["is_own"]:
        return facts
    are_in_order = not _missing(order, wanted.item_ids)
    if not are_in_order or len(wanted.item_ids) != len(wanted.new_item_ids):
        return {**facts, "are_in_order": are_in_order, "are_pairs": False}
    old = [next(each for each in order["items"] if each["item_id"] == item_id) for item_id in wanted.item_ids]
    products = {name: await row(doing, "products", name) for name in {each["product_id"] for each in old}}
    variants = [
        products[each["product_id"]]["variants"].get(new_id)
        for each, new_id in zip(old, wanted.new_item_ids, strict=True)
    ]
    new = [each for each in variants if each is not None]
    difference = sum(each["price"] for each in new) - sum(each["price"] for each in old)
    return {
        **facts,
        **_about_method(user, wanted.payment_method_id, difference),
        "are_in_order": True,
        "are_pairs": True,
        "are_same_products": len(new) == len(old),
        "are_available": len(new) == len(old) and all(each["available"] for each in new),
        "are_other_items": all(a != b for a, b in zip(wanted.item_ids, wanted.new_item_ids, strict=True)),
    }


async def _user_and_order(doing: Doing, wanted: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    return await own_user(doing), await row(doing, "orders", wanted.order_id)


def _missing(order: dict[str, Any], item_ids: list[str]) -> Counter[str]:
    return Counter(item_ids) - Counter(each["item_id"] for each in order["items"])


def _about_method(user: dict[str, Any], payment_method_id: str, amount: float) -> Facts:
    method = user["payment_methods"].get(payment_method_id)
    if method is None:
        return {"is_own_method": False}
    return {"is_own_method": True, "is_covered": method["source"] != "gift_card" or method["balance"] >= amount}


# -- reading ---------------------------------------------------------------------------------------------------------


@action(effect="reads", identity="anonymous")
async def find_user_id_by_email(doing: Doing, wanted: Email) -> Told:
    """Finds a user's id by their e-mail address."""
    return await use(doing, "find_user_id_by_email", wanted)


@action(effect="reads", identity="anonymous")
async def find_user_id_by_name_zip(doing: Doing, wanted: NameAndZip) -> Told:
    """Finds a user's id by first name, last name and zip code. Try the e-mail address first."""
    return await use(doing, "find_user_id_by_name_zip", wanted)


@action(effect="reads", identity="verified", facts=about_user)
async def get_user_details(doing: Doing, wanted: UserWanted) -> Told:
    """Gives a user's profile: address, payment methods, orders."""
    return await use(doing, "get_user_details", wanted)


@action(effect="reads", identity="verified", facts=about_order)
async def get_order_details(doing: Doing, wanted: OrderWanted) -> Told:
    """Gives an order: its items, status, address and payments."""
    return await use(doing, "get_order_details", wanted)


@action(effect="reads", identity="anonymous")
async def get_product_details(doing: Doing, wanted: ProductWanted) -> Told:
    """Gives a product's items with options, price and whether they can be had. A product's id is no item's id."""
    return await use(doing, "get_product_details", wanted)


@action(effect="reads", identity="anonymous")
async def get_item_details(doing: Doing, wanted: ItemWanted) -> Told:
    """Gives one item with its options, price and whether it can be had."""
    return await use(doing, "get_item_details", wanted)


@action(effect="reads", identity="anonymous")
async def list_all_product_types(doing: Doing, wanted: Nothing) -> Told:
    """Gives the names and ids of all products."""
    return await use(doing, "list_all_product_types", wanted)


@action(effect="reads", identity="anonymous")
async def calculate(doing: Doing, wanted: Sum) -> Told:
    """Calculates, such as 2 * (3.50 + 4)."""
    return await use(doing, "calculate", wanted)


@action(effect="reads", identity="anonymous")
async def transfer_to_human_agents(doing: Doing, wanted: Transfer) -> Told:
    """Passes the customer to a person, with a summary. Only if they ask for one or nothing here can help."""
    return await use(doing, "transfer_to_human_agents", wanted)


# -- changing --------------------------------------------------------------------------------------------------------


async def done_before(doing: Doing, wanted: Any) -> Told | None:
    """What came of an earlier request under the same key."""
    return await used_before(doing, "It is done.")


def imagined(doing: Doing, wanted: Any) -> Told:
    """What a replay is told."""
    return answer(doing, None, "It would be done.")


@action(effect="writes", identity="verified", facts=about_order, look_up=done_before, simulate=imagined)
async def cancel_pending_order(doing: Doing, wanted: Cancel) -> Told:
    """Cancels a pending order and gives back what was paid. Explain it and have the customer say yes first."""
    return await use(doing, "cancel_pending_order", wanted, "The order is cancelled.")


@action(effect="writes", identity="verified", facts=about_order, look_up=done_before, simulate=imagined)
async def modify_pending_order_address(doing: Doing, wanted: NewAddress) -> Told:
    """Changes where a pending order goes. Explain it and have the customer say yes first."""
    return await use(doing, "modify_pending_order_address", wanted, "The order goes to the new address.")


@action(effect="writes", identity="verified", facts=about_payment, look_up=done_before, simulate=imagined)
async def modify_pending_order_payment(doing: Doing, wanted: NewPayment) -> Told:
    """Changes how a pending order is paid. Explain it and have the customer say yes first."""
    return await use(doing, "modify_pending_order_payment", wanted, "The order is paid in the new way.")


@action(effect="writes", identity="verified", facts=about_exchange, look_up=done_before, simulate=imagined)
async def modify_pending_order_items(doing: Doing, wanted: Exchange) -> Told:
    """Changes items of a pending order into others of the same product. It can be called once: collect all items."""
    return await use(doing, "modify_pending_order_items", wanted, "The items are changed.")


@action(effect="writes", identity="verified", facts=about_return, look_up=done_before, simulate=imagined)
async def return_delivered_order_items(doing: Doing, wanted: Return) -> Told:
    """Asks for the return of items of a delivered order. Explain it and have the customer say yes first."""
    return await use(doing, "return_delivered_order_items", wanted, "The return is requested; an e-mail follows.")


@action(effect="writes", identity="verified", facts=about_exchange, look_up=done_before, simulate=imagined)
async def exchange_delivered_order_items(doing: Doing, wanted: Exchange) -> Told:
    """Exchanges items of a delivered order for others of the same product. It can be called once: collect all items."""
    return await use(doing, "exchange_delivered_order_items", wanted, "The exchange is requested; an e-mail follows.")


@action(effect="writes", identity="verified", facts=about_user, look_up=done_before, simulate=imagined)
async def modify_user_address(doing: Doing, wanted: NewUserAddress) -> Told:
    """Changes a user's default address. Explain it and have the customer say yes first."""
    return await use(doing, "modify_user_address", wanted, "The address is changed.")
