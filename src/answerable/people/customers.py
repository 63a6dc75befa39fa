"""Customers and the keys that their browsers keep."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.errors import NotSignedIn, TooMuch
from answerable.domain.ids import new_id
from answerable.domain.people import Customer
from answerable.people.tokens import digest, new_token
from answerable.store import Store, customers

ATTRIBUTES_MAX = 50


@dataclass(frozen=True, slots=True)
class Introduction:
    """A new customer and the key to be known by from now on."""

    customer: Customer
    token: str


async def introduce(
    store: Store, *, name: str | None = None, email: str | None = None, attributes: dict[str, str] | None = None
) -> Introduction:
    """Keeps a new customer, as they describe themselves; nothing of it is proved."""
    customer = Customer(
        id=new_id("cus"),
        name=name or None,
        email=email or None,
        identity="known" if email else "anonymous",
        attributes=attributes or {},
        created_at=now(),
    )
    token = new_token()
    await store.write(customers.add, customer, token_digest=digest(token))
    return Introduction(customer, token)


async def customer_with(store: Store, token: str) -> Customer:
    """The customer whose key it is. Raises NotSignedIn."""
    customer = await store.read(customers.by_key, digest(token)) if token else None
    if customer is None:
        raise NotSignedIn("The customer key is missing or not known; get a new one with POST /chat/customers.")
    return customer


async def identify(
    store: Store, customer: Customer, *, name: str | None, email: str | None, attributes: dict[str, str]
) -> Customer:
    """Adds what the customer now says of themselves; it proves nothing. Raises TooMuch for too many attributes."""

    def add(db: Connection) -> Customer:
        # As it is now: another page of the same browser may be saying something else.
        known = customers.by_id(db, customer.id, for_update=True) or customer
        together = {**known.attributes, **attributes}
        if len(together) > ATTRIBUTES_MAX:
            raise TooMuch(f"A customer has at most {ATTRIBUTES_MAX} attributes.")
        # What their own system says of them is not theirs to change here: another address would be another account.
        is_known_outside = known.outside_id is not None
        described = replace(
            known,
            name=known.name if is_known_outside else name or known.name,
            email=known.email if is_known_outside else email or known.email,
            identity="known" if (email or known.email) and known.identity == "anonymous" else known.identity,
            attributes=together,
        )
        customers.describe(db, described)
        return described

    return await store.write(add)
