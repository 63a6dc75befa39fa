"""The online shop of tau2-bench: what its tools do to its database, written anew from their published descriptions."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.tau2_world.calculating import calculate
from benchmarks.tau2_world.outside import Refused

CANCEL_REASONS = ("no longer needed", "ordered by mistake")
Row = dict[str, Any]


class Shop:
    """Orders, products and users, and what can be done with them."""

    def __init__(self, rows: dict[str, dict[str, Any]]) -> None:
        self.rows = rows
        self.does: Mapping[str, Callable[..., Any]] = {
            name: getattr(self, name)
            for name in (
                "find_user_id_by_email",
                "find_user_id_by_name_zip",
                "get_user_details",
                "get_order_details",
                "get_product_details",
                "get_item_details",
                "list_all_product_types",
                "cancel_pending_order",
                "modify_pending_order_address",
                "modify_pending_order_payment",
                "modify_pending_order_items",
                "return_delivered_order_items",
                "exchange_delivered_order_items",
                "modify_user_address",
            )
        } | {"calculate": calculate, "transfer_to_human_agents": _transfer}

    # -- reading -----------------------------------------------------------------------------------------------------

    def find_user_id_by_email(self, email: str) -> str:
        """Whose address it is."""
        return self._the_one(user for user in self.rows["users"].values() if user["email"].lower() == email.lower())

    def find_user_id_by_name_zip(self, first_name: str, last_name: str, zip: str) -> str:  # noqa: A002
        """Who has this name and lives there."""
        wanted = (first_name.lower(), last_name.lower(), zip)
        return self._the_one(user for user in self.rows["users"].values() if _name_and_zip(user) == wanted)

    def get_user_details(self, user_id: str) -> Row:
        """A user's profile."""
        return self._row("users", user_id)

    def get_order_details(self, order_id: str) -> Row:
        """An order."""
        return self._row("orders", order_id)

    def get_product_details(self, product_id: str) -> Row:
        """A kind of product with all its items."""
        return self._row("products", product_id)

    def get_item_details(self, item_id: str) -> Row:
        """One item of whatever product."""
        for product in self.rows["products"].values():
            if item_id in product["variants"]:
                found: Row = product["variants"][item_id]
                return found
        raise Refused("There is no such item.")

    def list_all_product_types(self) -> dict[str, str]:
        """The products' ids by their names."""
        return dict(sorted((product["name"], key) for key, product in self.rows["products"].items()))

    # -- pending orders ----------------------------------------------------------------------------------------------

    def cancel_pending_order(self, order_id: str, reason: str) -> Row:
        """Cancels an order; what was paid goes back the way it came."""
        order = self._order(order_id, "pending")
        if reason not in CANCEL_REASONS:
            raise Refused("This is no reason to cancel.")
        for payment in list(order["payment_history"]):
            self._book(order, payment["payment_method_id"], -payment["amount"])
        order |= {"status": "cancelled", "cancel_reason": reason}
        return order

    def modify_pending_order_address(self, order_id: str, **address: str) -> Row:
        """Sends an order elsewhere."""
        order = self._order(order_id, "pending", "pending (item modified)")
        order["address"] = _address(address)
        return order

    def modify_pending_order_payment(self, order_id: str, payment_method_id: str) -> Row:
        """Pays an order in another way, and gives back what was paid before."""
        order = self._order(order_id, "pending", "pending (item modified)")
        method = self._method(order, payment_method_id)
        if len(order["payment_history"]) != 1 or order["payment_history"][0]["transaction_type"] != "payment":
            raise Refused("Only an order with one payment can be paid in another way.")
        before = order["payment_history"][0]
        if before["payment_method_id"] == payment_method_id:
            raise Refused("It is paid in this way already.")
        _must_cover(method, before["amount"])
        self._book(order, payment_method_id, before["amount"])
        self._book(order, before["payment_method_id"], -before["amount"])
        return order

    def modify_pending_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> Row:
        """Changes items into others of the same product, at today's prices; this can be done once."""
        order = self._order(order_id, "pending")
        new = self._exchanged(order, item_ids, new_item_ids)
        difference = _difference(order, item_ids, new)
        _must_cover(self._method(order, payment_method_id), difference)
        self._book(order, payment_method_id, difference)
        for item_id, new_id in zip(item_ids, new_item_ids, strict=True):
            item = next(each for each in order["items"] if each["item_id"] == item_id)
            # As published: all of them get the price and the options of the last one. The gold databases have it so.
            item |= {"item_id": new_id, "price": new[-1]["price"], "options": new[-1]["options"]}
        order["status"] = "pending (item modified)"
        return order

    # -- delivered orders --------------------------------------------------------------------------------------------

    def return_delivered_order_items(self, order_id: str, item_ids: list[str], payment_method_id: str) -> Row:
        """Notes that items come back, and which way their price goes then."""
        order = self._order(order_id, "delivered")
        method = self._method(order, payment_method_id)
        if method["source"] != "gift_card" and payment_method_id != order["payment_history"][0]["payment_method_id"]:
            raise Refused("The money goes back the way it came, or onto a gift card.")
        _must_hold(order, item_ids)
        order |= {
            "status": "return requested",
            "return_items": sorted(item_ids),
            "return_payment_method_id": payment_method_id,
        }
        return order

    def exchange_delivered_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> Row:
        """Notes that items are exchanged for others of the same product."""
        order = self._order(order_id, "delivered")
        new = self._exchanged(order, item_ids, new_item_ids)
        difference = _difference(order, item_ids, new)
        _must_cover(self._method(order, payment_method_id), difference)
        order |= {
            "status": "exchange requested",
            "exchange_items": sorted(item_ids),
            "exchange_new_items": sorted(new_item_ids),
            "exchange_payment_method_id": payment_method_id,
            "exchange_price_difference": difference,
        }
        return order

    def modify_user_address(self, user_id: str, **address: str) -> Row:
        """Where a user lives from now on."""
        user = self._row("users", user_id)
        user["address"] = _address(address)
        return user

    # -- what they share ---------------------------------------------------------------------------------------------

    def _row(self, kind: str, name: str) -> Row:
        found = self.rows[kind].get(name)
        if found is None:
            raise Refused(f"There is nothing of the name {name}.")
        row: Row = found
        return row

    def _the_one(self, users: Any) -> str:
        user = next(iter(users), None)
        if user is None:
            raise Refused("There is no such user.")
        return str(user["user_id"])

    def _order(self, order_id: str, *statuses: str) -> Row:
        order = self._row("orders", order_id)
        if order["status"] not in statuses:
            raise Refused(f"The order is {order['status']}, not {statuses[0]}.")
        return order

    def _method(self, order: Row, payment_method_id: str) -> Row:
        method = self.rows["users"][order["user_id"]]["payment_methods"].get(payment_method_id)
        if method is None:
            raise Refused("The user has no such way to pay.")
        found: Row = method
        return found

    def _exchanged(self, order: Row, item_ids: list[str], new_item_ids: list[str]) -> list[Row]:
        """The new items, in the order of the old ones."""
        _must_hold(order, item_ids)
        if len(item_ids) != len(new_item_ids):
            raise Refused("There must be one new item for each old one.")
        new = []
        for item_id, new_id in zip(item_ids, new_item_ids, strict=True):
            old = next(each for each in order["items"] if each["item_id"] == item_id)
            variant = self.rows["products"][old["product_id"]]["variants"].get(new_id)
            if variant is None or not variant["available"]:
                raise Refused(f"The item {new_id} is not of the same product, or not there.")
            new.append(variant)
        return new

    def _book(self, order: Row, payment_method_id: str, amount: float) -> None:
        """Takes money, or gives it back where the amount is negative."""
        kind = "payment" if amount > 0 else "refund"
        method = self._method(order, payment_method_id)
        order["payment_history"].append(
            {"transaction_type": kind, "amount": abs(amount), "payment_method_id": payment_method_id}
        )
        if method["source"] == "gift_card":
            method["balance"] = round(method["balance"] - amount, 2)


def _transfer(summary: str) -> str:
    return "The customer is with a person now."


def _name_and_zip(user: Row) -> tuple[str, str, str]:
    return user["name"]["first_name"].lower(), user["name"]["last_name"].lower(), user["address"]["zip"]


def _address(given: Mapping[str, str]) -> dict[str, str]:
    return {part: given[part] for part in ("address1", "address2", "city", "country", "state", "zip")}


def _must_hold(order: Row, item_ids: list[str]) -> None:
    missing = Counter(item_ids) - Counter(each["item_id"] for each in order["items"])
    if missing:
        raise Refused(f"The order does not have {', '.join(sorted(missing))}.")


def _must_cover(method: Row, amount: float) -> None:
    if method["source"] == "gift_card" and method["balance"] < amount:
        raise Refused("There is not enough on the gift card.")


def _difference(order: Row, item_ids: list[str], new: list[Row]) -> float:
    prices = {each["item_id"]: each["price"] for each in order["items"]}
    paired = zip(item_ids, new, strict=True)
    return float(round(sum(variant["price"] - prices[item_id] for item_id, variant in paired), 2))
