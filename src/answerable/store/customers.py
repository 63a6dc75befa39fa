"""Queries about customers and the keys of their browsers."""

from sqlalchemy import Connection, bindparam, insert, select, update

from answerable.domain.people import Customer
from answerable.store.tables import customer_keys, customers

_FIELDS = tuple(customers.c[name] for name in Customer.__slots__)

# What every turn asks is put together once: building a statement costs more than running it.
_BY_KEY = select(*_FIELDS).join(customer_keys).where(customer_keys.c.token_digest == bindparam("wanted"))
_BY_ID = select(*_FIELDS).where(customers.c.id == bindparam("wanted"))
_BY_ID_FOR_UPDATE = _BY_ID.with_for_update()


def add(db: Connection, customer: Customer, *, token_digest: str) -> None:
    """Keeps a new customer and the key of the browser that it asks from."""
    db.execute(
        insert(customers).values(
            id=customer.id,
            name=customer.name,
            email=customer.email,
            identity=customer.identity,
            attributes=customer.attributes,
            created_at=customer.created_at,
        )
    )
    db.execute(
        insert(customer_keys).values(token_digest=token_digest, customer_id=customer.id, created_at=customer.created_at)
    )


def by_key(db: Connection, token_digest: str) -> Customer | None:
    """Whose key it is."""
    row = db.execute(_BY_KEY, {"wanted": token_digest}).one_or_none()
    return Customer(*row) if row else None


def by_id(db: Connection, customer_id: str, *, for_update: bool = False) -> Customer | None:
    """The customer of that name; `for_update` makes others wait until this transaction ends."""
    row = db.execute(_BY_ID_FOR_UPDATE if for_update else _BY_ID, {"wanted": customer_id}).one_or_none()
    return Customer(*row) if row else None


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
