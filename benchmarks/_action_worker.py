"""A process that only decides on actions and does them: orders come as lines of JSON over a socket."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import answerable_demo
from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action, Limits
from answerable.actions.loading import load_actions
from answerable.domain.actions import ActionCall
from answerable.domain.errors import AnswerableError
from answerable.domain.people import Rep, Role
from answerable.store import Store

TIMEOUT_SECONDS = 4.0
SETTLE = timedelta(seconds=2)
SWEEP_SECONDS = 0.5
EXPIRES_AFTER = timedelta(seconds=20)
# Limits on a day's sum would end a test of hundreds of refunds; that they hold, the property-based model shows.
MUCH = {"EUR": "9000000.00", "GBP": "9000000.00", "USD": "9000000.00"}


def the_actions() -> dict[str, Action]:
    """The demo company's actions, with the patience of a test and limits for a whole year."""
    declared = load_actions(answerable_demo.WORKSPACE / "actions")
    return {name: _hurried(each) for name, each in declared.items()}


def _hurried(declared: Action) -> Action:
    limits = Limits(declared.limits.per_call, MUCH, MUCH) if declared.limits.per_call else declared.limits
    return replace(declared, timeout_seconds=TIMEOUT_SECONDS, approval_expires_after=EXPIRES_AFTER, limits=limits)


DECLARED = the_actions()
"""Read once, before workers are forked."""


def a_rep(name: str, role: Role) -> Rep:
    """Somebody who decides."""
    return Rep(f"rep_{name}", name, f"{name}@ledgerly.example", role, active=True, created_at=datetime.now(UTC))


def main(arguments: list[str]) -> None:
    """Serve until killed: database, port, address of the back office, its key."""
    url, port, address, key = arguments
    with Store(url) as store:
        settings = {"back_office_url": address, "back_office_key": key}
        boundary = Boundary(store, DECLARED, settings=settings, settle=SETTLE)
        asyncio.run(_serve(boundary, int(port)))


async def _serve(boundary: Boundary, port: int) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            # Whoever only looks whether anybody listens says nothing.
            if line:
                writer.write(json.dumps(await _obey(boundary, json.loads(line))).encode() + b"\n")
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    async with server:
        while True:
            try:
                await boundary.look_after()
            except Exception as error:
                print(f"Looking after the calls failed: {error!r}", file=sys.stderr, flush=True)
            await asyncio.sleep(SWEEP_SECONDS)


async def _obey(boundary: Boundary, order: dict[str, Any]) -> dict[str, Any]:
    """What became of an order; a refusal has a reason and no state."""
    try:
        return _told(await _done(boundary, order))
    except AnswerableError as error:
        return {"error": type(error).__name__, "reason": str(error)}


async def _done(boundary: Boundary, order: dict[str, Any]) -> ActionCall:
    if order["do"] == "request":
        return await boundary.request(Request(**order["request"], requested_by="agent", agreed="the benchmark"))
    rep = a_rep(order["name"], order["role"])
    if order["do"] == "decline":
        return await boundary.decline(order["approval_id"], rep, reason="Not today.")
    return await boundary.approve(
        order["approval_id"], rep, arguments=order.get("arguments"), reason="A part of it was used."
    )


def _told(call: ActionCall) -> dict[str, Any]:
    return {"id": call.id, "state": call.state, "reason": call.reason, "clause_id": call.clause_id}
