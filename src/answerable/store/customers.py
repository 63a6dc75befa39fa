"""Queries about customers and the keys of their browsers."""

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from answerable.domain.errors import Conflict
from answerable.domain.people import Customer
from answerable.store.tables import arrivals, conversations, customer_keys, customers

_FIELDS = tuple(customers.c[name] for name in Customer.__slots__)

# What every turn asks is put together once: building a statement costs more than running it.
_BY_KEY = select(*_FIELDS).join(customer_keys).where(customer_keys.c.token_digest == bindparam("wanted"))
_BY_ID = select(*_FIELDS).where(customers.c.id == bindparam("wanted"))
_BY_ID_FOR_UPDATE = _BY_ID.with_for_update()
_BY_OUTSIDE_ID = select(*_FIELDS).where(customers.c.outside_id == bindparam("wanted"))
_HAS_SAID = (
    select(conversations.c.id)
    .join(customer_keys, customer_keys.c.customer_id == conversations.c.customer_id)
    .where(customer_keys.c.token_digest == bindparam("wanted"))
    .limit(1)
)


class AlreadyThere(Conflict):
    """Another transaction kept the same customer first; the whole transaction must be tried again."""


def add(db: Connection, customer: Customer, *, token_digest: str | None = None) -> None:
    """Keeps a new customer and, if it comes by one, the key of its browser. Raises AlreadyThere for its outside id."""
    try:
        db.execute(insert(customers).values({name: getattr(customer, name) for name in Customer.__slots__}))
    except IntegrityError as error:
        raise AlreadyThere("The same customer signed in at the same time.") from error
    if token_digest is not None:
        db.execute(
            insert(customer_keys).values(
                token_digest=token_digest, customer_id=customer.id, created_at=customer.created_at
            )
        )


def by_key(db: Connection, token_digest: str) -> Customer | None:
    """Whose key it is."""
    row = db.execute(_BY_KEY, {"wanted": token_digest}).one_or_none()
    return Customer(*row) if row else None


def by_id(db: Connection, customer_id: str, *, for_update: bool = False) -> Customer | None:
    """The customer of that name; `for_update` makes others wait until this transaction ends."""
    row = db.execute(_BY_ID_FOR_UPDATE if for_update else _BY_ID, {"wanted": customer_id}).one_or_none()
    return Customer(*row) if row else None


def by_outside_id(db: Connection, outside_id: str) -> Customer | None:
    """The customer of that name in the host's system."""
    row = db.execute(_BY_OUTSIDE_ID, {"wanted": outside_id}).one_or_none()
    return Customer(*row) if row else None


def has_said(db: Connection, token_digest: str) -> bool:
    """Whether the browser with this key has a conversation."""
    return db.execute(_HAS_SAID, {"wanted": token_digest}).one_or_none() is not None


def give(db: Connection, customer_id: str, to: str) -> list[str]:
    """Gives a customer's conversations to another one, with what is known of messages that may arrive again.

    Gives their ids.
    """
    moved = db.execute(
        update(conversations)
        .where(conversations.c.customer_id == customer_id)
        .values(customer_id=to)
        .returning(conversations.c.id)
    )
    ids = [row.id for row in moved]
    theirs = select(arrivals.c.outside_id).where(arrivals.c.author_id == to)
    db.execute(
        update(arrivals)
        .where(arrivals.c.author_id == customer_id, arrivals.c.outside_id.not_in(theirs))
        .values(author_id=to)
    )
    return ids


def by_ids(db: Connection, customer_ids: set[str]) -> dict[str, Customer]:
    """Several customers, by their ids."""
    rows = db.execute(select(customers).where(customers.c.id.in_(customer_ids)))
    return {row.id: Customer(**row._mapping) for row in rows}


def describe(db: Connection, customer: Customer) -> None:
    """Keeps what a customer now says of themselves."""
    db.execute(
        update(customers)
        .where(customers.c.id == customer.id)
        .values(name=customer.name, email=customer.email, identity=customer.identity, attributes=customer.attributes)
    )
