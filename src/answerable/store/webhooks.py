"""Queries about webhooks: up to where the record was read for each address, and what is on its way there."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from answerable.domain.webhooks import Delivery, DeliveryState, Traffic
from answerable.store.tables import webhook_deliveries, webhook_places

_OWN = webhook_deliveries.c
_WAITING: DeliveryState = "waiting"


def place_of(db: Connection, url: str) -> int | None:
    """Up to which entry the record was read for an address; None if it is new."""
    row = db.execute(select(webhook_places.c.record_id).where(webhook_places.c.url == url)).one_or_none()
    return row.record_id if row else None


def begin(db: Connection, url: str, record_id: int) -> None:
    """A new address hears of what comes after an entry."""
    db.execute(insert(webhook_places).values(url=url, record_id=record_id))


def move(db: Connection, url: str, record_id: int) -> None:
    """The record was read up to an entry."""
    db.execute(update(webhook_places).where(webhook_places.c.url == url).values(record_id=record_id))


def add(db: Connection, deliveries: Sequence[Delivery]) -> None:
    """Leaves rows for whoever delivers."""
    if deliveries:
        db.execute(
            insert(webhook_deliveries),
            [{name: getattr(each, name) for name in Delivery.__slots__} for each in deliveries],
        )


def due(db: Connection, urls: Sequence[str], at: datetime, limit: int) -> list[Delivery]:
    """What may be sent to these addresses now, longest due first."""
    query = select(webhook_deliveries).where(_OWN.next_at <= at, _OWN.state == _WAITING, _OWN.url.in_(urls))
    return [Delivery(**row._mapping) for row in db.execute(query.order_by(_OWN.next_at, _OWN.id).limit(limit))]


def claim(db: Connection, delivery: Delivery, until: datetime) -> bool:
    """Takes a row for sending until a moment; False if somebody else was first."""
    mine = update(webhook_deliveries).where(
        _OWN.id == delivery.id, _OWN.state == _WAITING, _OWN.attempts == delivery.attempts
    )
    return db.execute(mine.values(attempts=delivery.attempts + 1, next_at=until)).rowcount == 1


def end(db: Connection, delivery_id: str, state: DeliveryState, error: str | None, at: datetime) -> None:
    """It has arrived, or will not be tried again."""
    ended = update(webhook_deliveries).where(_OWN.id == delivery_id, _OWN.state == _WAITING)
    db.execute(ended.values(state=state, error=error, next_at=None, ended_at=at))


def try_again(db: Connection, delivery_id: str, error: str, next_at: datetime) -> None:
    """It has not arrived, and is sent again later."""
    later = update(webhook_deliveries).where(_OWN.id == delivery_id, _OWN.state == _WAITING)
    db.execute(later.values(error=error, next_at=next_at))


def traffic(db: Connection, url: str) -> Traffic:
    """What has arrived at an address, what is on its way, and what was given up."""
    own = select(_OWN.state, func.count().label("number")).where(_OWN.url == url).group_by(_OWN.state)
    numbers = {row.state: row.number for row in db.execute(own)}
    failed = select(_OWN.error).where(_OWN.url == url, _OWN.error.is_not(None)).order_by(_OWN.id.desc()).limit(1)
    return Traffic(
        waiting=numbers.get("waiting", 0),
        delivered=numbers.get("delivered", 0),
        given_up=numbers.get("given_up", 0),
        last_error=db.execute(failed).scalar(),
    )


def forget_before(db: Connection, moment: datetime) -> int:
    """Drops what ended before a moment. Gives how many rows."""
    return db.execute(webhook_deliveries.delete().where(_OWN.ended_at < moment)).rowcount
