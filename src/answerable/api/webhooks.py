"""Tells other programs what happens to actions, as Standard Webhooks (https://www.standardwebhooks.com, 1.0).

The record of actions is the outbox: what is new in it becomes a row for each address that wants to hear of it, and
whoever claims the row sends it. It is sent at least once, always under the same id, and given up after three days.
"""

import asyncio
import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args

import httpcore
import msgspec
from sqlalchemy import Connection
from standardwebhooks import Webhook

from answerable import __version__
from answerable.actions.looking import Seen, seen_call
from answerable.api.action_cards import approval_row, who
from answerable.api.plain_words import title_of
from answerable.api.showing import money_card
from answerable.domain.clock import now
from answerable.domain.errors import Invalid
from answerable.domain.ids import new_id
from answerable.domain.webhooks import Delivery, Traffic, WebhookKind
from answerable.knowledge.importers.addresses import ForbiddenAddress
from answerable.knowledge.importers.fetching import CheckedMachines, tls_context
from answerable.store import Store, actions, webhooks
from answerable.store.live import EVERYTHING

log = logging.getLogger(__name__)

KINDS: tuple[WebhookKind, ...] = get_args(WebhookKind)
TIMEOUT_SECONDS = 15.0
# Whoever claimed a row and died has it for so long; it is longer than a request can take.
CLAIM = timedelta(seconds=60)
# The schedule that Standard Webhooks recommends: after the last pause, some 76 hours in all, it is given up.
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
KEPT = timedelta(days=30)
GONE = 410
KEY_BYTES_MIN, KEY_BYTES_MAX = 24, 64
AT_ONCE_MAX = 20
RECORDS_AT_ONCE = 200
LOOK_SECONDS = 5.0
TIDY_EVERY = timedelta(hours=1)
_DECIDED = frozenset({"ready", "declined", "expired", "refused"})
_ENDINGS: dict[str, WebhookKind] = {
    "done": "action.done", "failed": "action.failed", "unknown": "action.unknown", "undone": "action.undone",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An address that wants to hear of something."""

    url: str
    kinds: frozenset[WebhookKind]
    allow_private: bool
    """Whether it may be in our own network."""


class Webhooks:
    """Reads the record on, and sends what it says."""

    def __init__(
        self,
        store: Store,
        subscribers: Sequence[Subscriber],
        *,
        secret: str | None,
        program: str,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """`program` is the address of the program, for links. Raises Invalid without a secret that can sign."""
        self._store = store
        self._subscribers = {each.url: each for each in subscribers}
        self._program = program
        self._clock = clock
        self._seen: int | None = None
        self._tidied_at: datetime | None = None
        self._signer = _signer(secret) if subscribers else None
        self._pools = {
            allow: httpcore.AsyncConnectionPool(
                ssl_context=tls_context(),
                max_connections=AT_ONCE_MAX,
                keepalive_expiry=30,
                network_backend=CheckedMachines(allow_private=allow),
            )
            for allow in {each.allow_private for each in subscribers}
        }

    async def deliver_for_ever(self) -> None:
        """Sends what is left for sending, until cancelled; returns at once if nobody wants to hear of anything."""
        if not self._subscribers:
            return
        try:
            with self._store.live.listen(EVERYTHING) as listener:
                while True:
                    try:
                        await self.read_on()
                        await self.deliver()
                    except Exception:
                        log.exception("Webhooks could not be sent; the next try follows in %s s.", LOOK_SECONDS)
                        await asyncio.sleep(LOOK_SECONDS)
                    await listener.wait(LOOK_SECONDS)
        finally:
            await self.close()

    async def close(self) -> None:
        """Hangs up."""
        for pool in self._pools.values():
            await pool.aclose()

    async def traffic(self) -> dict[str, Traffic]:
        """How it goes with each address."""
        return {url: await self._store.read(webhooks.traffic, url) for url in self._subscribers}

    async def read_on(self) -> None:
        """Leaves a row for each address and each thing that is new in the record."""
        newest = await self._store.read(actions.last_record_id)
        if self._seen is not None and newest <= self._seen:
            return
        while not await self._store.write(self._leave_rows):
            pass
        self._seen = newest

    def _leave_rows(self, db: Connection) -> bool:
        """Reads the record on for all addresses; whether it was read to its end."""
        actions.hold(db)
        is_at_end = True
        for url, subscriber in self._subscribers.items():
            place = webhooks.place_of(db, url)
            if place is None:
                webhooks.begin(db, url, actions.last_record_id(db))
                continue
            found = actions.records_after(db, place, RECORDS_AT_ONCE)
            if not found:
                continue
            told = [self._delivery(db, subscriber, entry) for entry in found]
            webhooks.add(db, [each for each in told if each is not None])
            webhooks.move(db, url, found[-1]["id"])
            is_at_end = is_at_end and len(found) < RECORDS_AT_ONCE
        return is_at_end

    def _delivery(self, db: Connection, subscriber: Subscriber, entry: Mapping[str, Any]) -> Delivery | None:
        kind = _kind_of(entry["state_before"], entry["state"])
        if kind not in subscriber.kinds:
            return None
        seen = seen_call(db, entry["call_id"])
        if seen is None or (seen.call.effect == "reads" and kind is not None):
            return None
        assert kind is not None
        at = self._clock()
        return Delivery(
            id=new_id("msg"),
            url=subscriber.url,
            record_id=entry["id"],
            kind=kind,
            body=msgspec.json.encode(_content(kind, seen, entry, self._program)).decode(),
            state="waiting",
            attempts=0,
            error=None,
            created_at=at,
            next_at=at,
            ended_at=None,
        )

    async def deliver(self) -> None:
        """Sends what is due, as much as at once is good."""
        at = self._clock()
        due = await self._store.read(webhooks.due, list(self._subscribers), at, AT_ONCE_MAX)
        await asyncio.gather(*(self._deliver_one(each) for each in due))
        if self._tidied_at is None or at - self._tidied_at > TIDY_EVERY:
            self._tidied_at = at
            await self._store.write(webhooks.forget_before, at - KEPT)

    async def _deliver_one(self, delivery: Delivery) -> None:
        if not await self._store.write(webhooks.claim, delivery, self._clock() + CLAIM):
            return
        fault, is_hopeless = await self._send(delivery)
        at = self._clock()
        if fault is None:
            await self._store.write(webhooks.end, delivery.id, "delivered", None, at)
            return
        if is_hopeless or delivery.attempts >= len(PAUSES):
            log.error("The webhook %s to %s is given up. %s", delivery.id, delivery.url, fault)
            await self._store.write(webhooks.end, delivery.id, "given_up", fault, at)
            return
        log.warning("The webhook %s to %s has not arrived. %s", delivery.id, delivery.url, fault)
        await self._store.write(webhooks.try_again, delivery.id, fault, at + PAUSES[delivery.attempts])

    async def _send(self, delivery: Delivery) -> tuple[str | None, bool]:
        """What went wrong, if anything did, and whether trying again is useless."""
        assert self._signer is not None
        at = self._clock()
        headers = {
            "content-type": "application/json",
            "user-agent": f"Answerable/{__version__}",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(delivery.id, at, delivery.body),
        }
        pool = self._pools[self._subscribers[delivery.url].allow_private]
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                # What is answered beyond the status is not read, and a redirect is no arrival.
                pool.stream(
                    "POST",
                    delivery.url,
                    headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                    content=delivery.body.encode(),
                ) as response,
            ):
                status = response.status
        except TimeoutError:
            return f"It did not answer within {TIMEOUT_SECONDS:g} s.", False
        except ForbiddenAddress as error:
            return f"It may not be asked: {error}. A private address needs `private = true` in the settings.", False
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            return f"It could not be reached ({type(error).__name__}).", False
        if 200 <= status < 300:
            return None, False
        return f"It answered {status}.", status == GONE


def _kind_of(before: str | None, after: str) -> WebhookKind | None:
    """What an entry of the record tells, by the state before it."""
    if after == "awaiting_approval":
        # People are asked at once, or once the customer has said yes; not anew when one of two has approved.
        return "approval.requested" if before != "awaiting_approval" else None
    if before == "awaiting_approval" and after in _DECIDED:
        return "approval.decided"
    return _ENDINGS.get(after) if after != before else None


def _content(kind: WebhookKind, seen: Seen, entry: Mapping[str, Any], program: str) -> dict[str, Any]:
    call, approval = seen.call, seen.approval
    receipt = entry["content"]["receipt"]
    data = {
        "call_id": call.id,
        "action": call.action,
        "title": title_of(call.action),
        "effect": call.effect,
        "money": money_card(call.money),
        "state": entry["state"],
        "reason": entry["reason"],
        "by": who(entry["by"], seen.names),
        "requested_by": who(call.requested_by, seen.names),
        "customer_id": call.customer_id,
        "conversation_id": call.conversation_id,
        "clause_id": call.clause_id,
        "approval": approval_row(approval, seen.names) if approval else None,
        "receipt": {"reference": receipt["reference"], "summary": receipt["summary"]} if receipt else None,
        "link": f"{program}/console/{'approvals' if kind == 'approval.requested' else f'actions/{call.id}'}",
    }
    content: dict[str, Any] = msgspec.to_builtins({"type": kind, "timestamp": entry["at"], "data": data})
    return content


def _signer(secret: str | None) -> Webhook:
    if not secret:
        raise Invalid(
            "Webhooks need a secret to sign with: set ANSWERABLE_WEBHOOK_SECRET to whsec_ and 24 to 64 bytes in base64,"
            ' such as `echo "whsec_$(openssl rand -base64 32)"` prints.'
        )
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    # As the standard wants it: neither a word that can be guessed nor a file.
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise Invalid("ANSWERABLE_WEBHOOK_SECRET is not whsec_ and 24 to 64 bytes in base64.")
    return Webhook(secret)
