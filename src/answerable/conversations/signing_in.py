"""Signing in: who the host vouches for is the same customer on any device, and has what their browser asked before."""

from dataclasses import replace

import msgspec
from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.ids import new_id
from answerable.domain.people import Customer
from answerable.people.signed import Signed
from answerable.people.tokens import digest
from answerable.store import Store, conversations, customers, events
from answerable.store.customers import AlreadyThere


async def sign_in(store: Store, signed: Signed, key: str) -> Customer:
    """The customer that the host vouches for: the one of that outside id, whoever asked from the browser before.

    What the browser with this key asked as a visitor is theirs from now on; the key opens it no more.
    """

    def look(db: Connection) -> Customer | None:
        customer = customers.by_outside_id(db, signed.outside_id)
        if customer is None or customer != _described(customer, signed):
            return None
        return None if key and customers.has_said(db, digest(key)) else customer

    customer = await store.read(look)
    if customer is not None:
        return customer
    try:
        return await store.write(_sign_in, signed, key)
    except AlreadyThere:
        # Two first requests of the same customer at the same time: the other one was first, and this one finds them.
        return await store.write(_sign_in, signed, key)


def _sign_in(db: Connection, signed: Signed, key: str) -> Customer:
    customer = customers.by_outside_id(db, signed.outside_id)
    at = now()
    if customer is None:
        customer = Customer(new_id("cus"), signed.name, signed.email, "verified", {}, at, signed.outside_id)
        customers.add(db, customer)
    elif customer != _described(customer, signed):
        customer = _described(customer, signed)
        customers.describe(db, customer)
    visitor = customers.by_key(db, digest(key)) if key else None
    for conversation_id in customers.give(db, visitor.id, customer.id) if visitor is not None else ():
        claimed = conversations.by_id(db, conversation_id)
        events.append(db, conversation_id, "conversation", msgspec.to_builtins(claimed), at, customer_sees=True)
    return customer


def _described(customer: Customer, signed: Signed) -> Customer:
    """As the host describes them; what it leaves out stays."""
    return replace(
        customer, name=signed.name or customer.name, email=signed.email or customer.email, identity="verified"
    )
