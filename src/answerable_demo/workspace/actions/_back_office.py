"""Speaks to Ledgerly's back office over HTTP, and tells what surely did not happen from what is not known."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar
from weakref import WeakKeyDictionary

import httpx
import msgspec

from answerable.actions.declaring import Doing, NotDone
from answerable_demo.back_office.shapes import Customer, Health, KeyRecord, Money

Shape = TypeVar("Shape")
InvoiceNumber = Annotated[str, msgspec.Meta(pattern=r"^INV-[0-9]{4}-[0-9]{4,6}$", description="Such as INV-2025-0317.")]

AWAY = "Our billing system cannot be reached at the moment. Nothing was changed."
TIMEOUT_SECONDS = 20.0
NOT_FOUND = 404


_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = WeakKeyDictionary()


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """There is nothing to say: it is about the customer who asks."""


async def read(doing: Doing, path: str, shape: type[Shape], **query: str) -> Shape:
    """What is at that path. Raises NotDone if it is refused or cannot be reached."""
    return _shaped(await _asked(doing, "GET", path, query=query), shape)


async def act(doing: Doing, path: str, shape: type[Shape], content: Any = None) -> Shape:
    """Does something, once under the call's key. Raises NotDone if surely nothing was done."""
    if doing.dry_run:
        return await try_out(doing, path, shape, content)
    return _shaped(await _asked(doing, "POST", path, content=content), shape)


async def try_out(doing: Doing, path: str, shape: type[Shape], content: Any = None) -> Shape:
    """What would come of it; nothing is kept. Raises NotDone if it would be refused."""
    return _shaped(await _asked(doing, "POST", path, query={"dry_run": "true"}, content=content), shape)


async def take_away(doing: Doing, path: str) -> None:
    """Removes what is at that path; that it is gone already is as good. Raises NotDone if it is refused."""
    await _asked(doing, "DELETE", path, missing_is_fine=True)


async def done_before(doing: Doing, shape: type[Shape]) -> Shape | None:
    """What was done under the call's key, or None if nothing was."""
    response = await _asked(doing, "GET", f"/idempotency-keys/{doing.key}", missing_is_fine=True)
    if response.status_code == NOT_FOUND:
        return None
    return msgspec.convert(_shaped(response, KeyRecord).result, shape)


async def clock_of(doing: Doing) -> datetime:
    """The time as the back office has it: days and windows are counted by the clock that dates everything else."""
    return datetime.fromisoformat((await read(doing, "/health", Health)).now)


def words(amount: Money) -> str:
    """Money as a customer reads it: `84.00 EUR`."""
    return f"{amount.amount} {amount.currency}"


async def own_customer(doing: Doing) -> Customer:
    """The customer as the back office knows them, by the address that they proved. Raises NotDone."""
    if not doing.customer.email:
        raise NotDone("We do not know the e-mail address of this account.")
    found = await read(doing, "/customers", list[Customer], email=doing.customer.email)
    if len(found) != 1:
        raise NotDone("There is no Ledgerly account with this e-mail address.")
    return found[0]


async def _asked(
    doing: Doing,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    content: Any = None,
    missing_is_fine: bool = False,
) -> httpx.Response:
    address, key = _reached_by(doing)
    headers = {"Authorization": f"Bearer {key}"}
    if method == "POST":
        headers |= {"Idempotency-Key": doing.key, "Content-Type": "application/json"}
    body = msgspec.json.encode(content) if content is not None else None
    try:
        response = await _client().request(method, f"{address}{path}", params=query, content=body, headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        # The request never left: this much is sure.
        raise NotDone(AWAY) from error
    if response.is_success or (missing_is_fine and response.status_code == NOT_FOUND):
        return response
    if response.is_client_error and _is_json(response):
        problem = response.json()
        if problem.get("type") == "key_reused":
            # Something was done under this key, and what it was must be looked up.
            raise OSError("The key of this call was used before.")
        # It was understood and refused.
        raise NotDone(str(problem.get("detail") or "Our billing system refused that."))
    raise OSError(f"The back office answered {response.status_code}.")


def _reached_by(doing: Doing) -> tuple[str, str]:
    """The back office's address and key. Raises NotDone where they are not set, or not made yet."""
    try:
        address, key = doing.settings["back_office_url"], doing.settings.get("back_office_key")
        return address, key or Path(doing.settings["back_office_key_file"]).read_text(encoding="utf-8").strip()
    except (KeyError, OSError) as error:
        raise NotDone(AWAY) from error


def _client() -> httpx.AsyncClient:
    """One for each event loop: making one costs as much as a request to the machine itself.

    It keeps no connection: that the other side has ended one would be found out only by sending something over it.
    """
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        limits = httpx.Limits(max_keepalive_connections=0)
        _clients[loop] = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits, verify=_trusted())
    return _clients[loop]


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust; reading that anew for each request costs more than the request."""
    return ssl.create_default_context()


def _shaped(response: httpx.Response, shape: type[Shape]) -> Shape:
    if not _is_json(response):
        raise ValueError("The back office did not answer with JSON.")
    return msgspec.json.decode(response.content, type=shape)


def _is_json(response: httpx.Response) -> bool:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].endswith("json")
