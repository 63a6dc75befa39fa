"""The back office fails on demand, before or after it has acted, and only where it was told to."""

import asyncio
from typing import Any

import httpx
import pytest

DUPLICATE = {"charge_id": "ch_fNq", "reason": "duplicate"}


async def _switch(office: httpx.AsyncClient, *faults: dict[str, Any], seed: int = 0) -> None:
    answer = await office.put("/faults", json={"faults": list(faults), "seed": seed})
    assert answer.status_code == 200


async def _refund(office: httpx.AsyncClient) -> httpx.Response:
    return await office.post("/refunds", json=DUPLICATE, headers={"Idempotency-Key": "key"})


async def _refunds(office: httpx.AsyncClient) -> list[Any]:
    refunds: list[Any] = (await office.get("/refunds", params={"charge_id": "ch_fNq"})).json()
    return refunds


async def test_failing_before_acting_does_nothing(office: httpx.AsyncClient) -> None:
    await _switch(office, {"kind": "fail", "route": "POST /refunds", "status": 503})
    failed = await _refund(office)

    assert (failed.status_code, failed.json()["type"]) == (503, "fault")
    assert await _refunds(office) == []


@pytest.mark.parametrize("kind", ["fail", "html", "nonsense", "truncated"])
async def test_failing_after_acting_has_acted_and_a_repeat_changes_nothing(
    office: httpx.AsyncClient, kind: str
) -> None:
    await _switch(office, {"kind": kind, "route": "POST /refunds", "when": "after", "times": 1})
    answer = await _refund(office)
    after = await _refund(office)

    assert answer.content != after.content
    assert after.headers["idempotency-replayed"] == "true"
    assert len(await _refunds(office)) == 1


async def test_html_and_nonsense_come_with_a_status_that_looks_well(office: httpx.AsyncClient) -> None:
    await _switch(office, {"kind": "html", "times": 1}, {"kind": "nonsense"})
    page, nonsense = await office.get("/orders"), await office.get("/orders")

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (nonsense.status_code, nonsense.json()["currency"]) == (200, "XXX")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_slow_waits_and_then_answers(office: httpx.AsyncClient, when: str) -> None:
    await _switch(office, {"kind": "slow", "route": "POST /refunds", "when": when, "seconds": 0.05})
    answer = await _refund(office)

    assert answer.status_code == 201


async def test_a_caller_that_loses_patience_may_have_been_served(office: httpx.AsyncClient) -> None:
    await _switch(office, {"kind": "slow", "route": "POST /refunds", "when": "after", "seconds": 60, "times": 1})
    waiting = asyncio.ensure_future(_refund(office))
    while not await _refunds(office):
        assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert (await _refund(office)).headers["idempotency-replayed"] == "true"


async def test_a_fault_strikes_only_its_route_and_its_number_of_times(office: httpx.AsyncClient) -> None:
    await _switch(office, {"kind": "fail", "route": "GET /customers/*", "times": 2})
    struck = [(await office.get("/customers/cus_ines")).status_code for _ in range(3)]

    assert struck == [503, 503, 200]
    assert (await office.get("/orders")).status_code == 200


async def test_a_share_strikes_the_same_requests_for_the_same_seed(office: httpx.AsyncClient) -> None:
    async def strikes() -> list[int]:
        await _switch(office, {"kind": "fail", "route": "GET /orders", "share": 0.5}, seed=7)
        return [(await office.get("/orders")).status_code for _ in range(20)]

    first, second = await strikes(), await strikes()
    assert first == second
    assert set(first) == {200, 503}


async def test_the_switch_itself_always_works(office: httpx.AsyncClient) -> None:
    await _switch(office, {"kind": "fail"})
    assert (await office.get("/orders")).status_code == 503
    assert (await office.get("/health")).status_code == 200
    await _switch(office)

    assert (await office.get("/orders")).status_code == 200
