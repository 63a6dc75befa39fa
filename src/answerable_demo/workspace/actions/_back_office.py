"""Speaks to Ledgerly's back office over HTTP, and tells what surely did not happen from what is not known."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from answerable.actions.declaring import Doing, NotDone
from answerable_demo.back_office.shapes import Customer, KeyRecord

Shape = TypeVar("Shape")

AWAY = "Our billing system cannot be reached at the moment. Nothing was changed."
TIMEOUT_SECONDS = 20.0
NOT_FOUND = 404


async def read(doing: Doing, path: str, shape: type[Shape], **query: str) -> Shape:
    """What is at that path. Raises NotDone if it is refused or cannot be reached."""
    return _shaped(await _asked(doing, "GET", path, query=query), shape)


async def act(doing: Doing, path: str, shape: type[Shape], content: Any = None) -> Shape:
    """Does something, once under the call's key. Raises NotDone if surely nothing was done."""
    return _shaped(await _asked(doing, "POST", path, content=content), shape)


async def done_before(doing: Doing, shape: type[Shape]) -> Shape | None:
    """What was done under the call's key, or None if nothing was."""
    response = await _asked(doing, "GET", f"/idempotency-keys/{doing.key}", missing_is_fine=True)
    if response.status_code == NOT_FOUND:
        return None
    return msgspec.convert(_shaped(response, KeyRecord).result, shape)


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
    async with httpx.AsyncClient(base_url=address, timeout=TIMEOUT_SECONDS) as client:
        try:
            response = await client.request(method, path, params=query, content=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            # The request never left: this much is sure.
            raise NotDone(AWAY) from error
    if response.is_success or (missing_is_fine and response.status_code == NOT_FOUND):
        return response
    if response.is_client_error and _is_json(response):
        # It was understood and refused.
        raise NotDone(str(response.json().get("detail") or "Our billing system refused that."))
    raise OSError(f"The back office answered {response.status_code}.")


def _reached_by(doing: Doing) -> tuple[str, str]:
    """The back office's address and key. Raises NotDone where they are not set, or not made yet."""
    try:
        address, key = doing.settings["back_office_url"], doing.settings.get("back_office_key")
        return address, key or Path(doing.settings["back_office_key_file"]).read_text(encoding="utf-8").strip()
    except (KeyError, OSError) as error:
        raise NotDone(AWAY) from error


def _shaped(response: httpx.Response, shape: type[Shape]) -> Shape:
    if not _is_json(response):
        raise ValueError("The back office did not answer with JSON.")
    return msgspec.json.decode(response.content, type=shape)


def _is_json(response: httpx.Response) -> bool:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].endswith("json")
