"""Speaks to the company's system on loopback, and tells what surely did not happen from what is not known."""

from typing import Any

import httpx
import msgspec

from answerable.actions.declaring import Doing, NotDone

NOT_FOUND, REFUSED = 404, 409


class Told(msgspec.Struct, frozen=True):
    """What the system answered."""

    reference: str
    summary: str
    content: Any


async def row(doing: Doing, kind: str, name: str) -> dict[str, Any]:
    """One row. Raises NotDone if there is none."""
    response = await _asked(doing, "GET", f"/{kind}/{name}".replace("#", "%23"))
    if response.status_code == NOT_FOUND:
        raise NotDone(f"There is nothing of the name {name}.")
    found: dict[str, Any] = response.json()
    return found


async def own_user(doing: Doing) -> dict[str, Any]:
    """The user that the customer has proved to be, by their address. Raises NotDone."""
    found = (await _asked(doing, "GET", f"/users?email={doing.customer.email}")).json() if doing.customer.email else []
    if len(found) != 1:
        raise NotDone("Nobody here has this customer's address.")
    user: dict[str, Any] = found[0]
    return user


async def use(doing: Doing, tool: str, wanted: msgspec.Struct, told: str = "") -> Told:
    """Uses a tool, once under the call's key. Raises NotDone if the system refuses."""
    response = await _asked(doing, "POST", f"/tools/{tool}", msgspec.to_builtins(wanted))
    if response.status_code == REFUSED:
        raise NotDone(response.json()["detail"])
    return answer(doing, response.json(), told)


async def used_before(doing: Doing, told: str = "") -> Told | None:
    """What was done under the call's key, or None if nothing was."""
    response = await _asked(doing, "GET", f"/keys/{doing.key}")
    return None if response.status_code == NOT_FOUND else answer(doing, response.json(), told)


def answer(doing: Doing, content: Any, told: str = "") -> Told:
    """The system's answer as a receipt has it."""
    return Told(doing.key, told or msgspec.json.encode(content).decode(), content)


async def _asked(doing: Doing, method: str, path: str, content: Any = None) -> httpx.Response:
    headers = {"Idempotency-Key": doing.key}
    # Loopback alone is spoken to: no certificates need to be read.
    async with httpx.AsyncClient(base_url=doing.settings["outside"], verify=False, trust_env=False) as client:
        response = await client.request(method, path, json=content, headers=headers)
    if response.status_code not in (NOT_FOUND, REFUSED):
        response.raise_for_status()
    return response
