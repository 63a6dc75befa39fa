"""Faults on demand: slow, failing before or after it has acted, cut off, or talking nonsense."""

import asyncio
import fnmatch
import random
from typing import Annotated, Literal

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Meta, Struct

FaultKind = Literal["slow", "fail", "cut", "html", "nonsense", "truncated"]


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that shall go wrong."""

    kind: FaultKind
    """Slow: wait. Fail: answer `status`. Cut: break the connection. Html: an HTML page with status 200. Nonsense:
    JSON of another shape with status 200. Truncated: JSON that stops in the middle."""
    route: Annotated[str, Meta(max_length=200)] = "* *"
    """Method and path, with `*` for anything: `POST /refunds`."""
    when: Literal["before", "after"] = "before"
    """Before: what was asked is not done (but `slow` does it after waiting). After: it is done first."""
    seconds: Annotated[float, Meta(ge=0, le=120)] = 5.0
    status: Annotated[int, Meta(ge=400, le=599)] = 503
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    """The part of the requests that it strikes, by chance."""
    spares: Annotated[int, Meta(ge=0)] = 0
    """So many requests that fit are let through first, such as the dry run before a change."""
    times: Annotated[int, Meta(ge=1)] | None = None
    """After so many strikes it is over."""


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All faults in force; the first that fits a request strikes."""

    faults: list[Fault] = []
    seed: int = 0
    """The same seed strikes the same requests."""


class FaultSwitch:
    """Holds the faults in force, and decides whom they strike."""

    def __init__(self) -> None:
        self.put(Faults())

    def put(self, faults: Faults) -> None:
        """Put these in force, in place of all others."""
        self.faults = faults
        self._left = [fault.times for fault in faults.faults]
        self._spared = [fault.spares for fault in faults.faults]
        self._chance = random.Random(faults.seed)  # noqa: S311 (nothing here is secret)

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that strikes this request, if any."""
        for index, fault in enumerate(self.faults.faults):
            left = self._left[index]
            if left == 0 or not _fits(fault.route, method, path):
                continue
            if fault.share < 1 and self._chance.random() >= fault.share:
                continue
            if self._spared[index] > 0:
                self._spared[index] -= 1
                continue
            if left is not None:
                self._left[index] = left - 1
            return fault
        return None


def _fits(route: str, method: str, path: str) -> bool:
    wanted_method, _, wanted_path = route.partition(" ")
    return wanted_method in ("*", method) and fnmatch.fnmatchcase(path, wanted_path or "*")


class FaultMiddleware:
    """Stands before everything else; the switch itself and the health check are never struck."""

    def __init__(self, app: ASGIApp, switch: FaultSwitch) -> None:
        self._app = app
        self._switch = switch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or let the fault strike."""
        if scope["type"] != ScopeType.HTTP or scope["path"] in ("/faults", "/health"):
            await self._app(scope, receive, send)
            return
        fault = self._switch.strike(scope["method"], scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "slow":
            await self._wait(fault, scope, receive, send)
        else:
            if fault.when == "after":
                await self._app(scope, receive, _swallow)
            await _answer_wrongly(fault, send)

    async def _wait(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.when == "before":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
            return
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        await asyncio.sleep(fault.seconds)
        for message in kept:
            await send(message)


async def _swallow(message: Message) -> None:
    """What the back office would have said is lost."""


_HTML = b"<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1><p>The upstream server is away.</p>"
_NONSENSE = b'{"ok": "maybe", "amount": "NaN", "id": ["re_", null], "currency": "XXX", "status": 42}'
_TRUNCATED = b'{"id": "re_1", "amount": {"amount": "84'


async def _answer_wrongly(fault: Fault, send: Send) -> None:
    status, content_type, body, length = {
        "fail": (fault.status, b"application/problem+json", _failure(fault.status), None),
        "cut": (200, b"application/json", b"{", 4096),
        "html": (200, b"text/html; charset=utf-8", _HTML, None),
        "nonsense": (200, b"application/json", _NONSENSE, None),
        "truncated": (200, b"application/json", _TRUNCATED, None),
    }[fault.kind]
    headers = [(b"content-type", content_type), (b"content-length", str(length or len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    # A body shorter than its stated length makes the server break the connection.
    await send({"type": "http.response.body", "body": body, "more_body": length is not None})


def _failure(status: int) -> bytes:
    return b'{"type":"fault","title":"Fault on demand","status":%d,"detail":"A fault was switched on."}' % status
