"""What becomes of work whose process was killed, the same on both databases."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import Connection, select

from answerable.agents.asked import Asked, Say
from answerable.conversations import Answering, Arrival, Received, answering, ask_for_person, receive
from answerable.conversations.keeping import keep_message
from answerable.domain.clock import now
from answerable.domain.conversations import Decision, Message, Reply
from answerable.domain.people import Customer
from answerable.domain.runs import Run
from answerable.jobs import Jobs
from answerable.people import introduce
from answerable.store import Store, conversations, messages, runs, tables, workers
from answerable.traces import Ledger, Steps

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class NobodyStarts:
    """Jobs that are never started: their process died first."""

    def start_soon(self, kind: str, subject: str) -> None:
        pass


class Thinking:
    """An agent that thinks until it is allowed to answer."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.was_stopped = False

    def model_in(self, db: Connection, release: int) -> str:
        return "scripted"

    async def answer(self, asked: Asked, ledger: Steps, say: Say) -> Reply:
        self.began.set()
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.was_stopped = True
            raise
        return Reply("It takes 3 to 5 days.", Decision("answer", 0.9, "Answered."))

    def apology(self, asked: Asked, reason: str) -> Reply:
        return Reply(reason, Decision("hand_off", None, reason))


@pytest.fixture
async def ines(store: Store) -> Customer:
    return (await introduce(store, name="Ines Carvalho")).customer


async def asked_by(ines: Customer, store: Store, key: str = "key-1") -> Received:
    arrival = Arrival(ines, "chat", key, "How long do refunds take?")
    return await receive(store, cast(Jobs, NobodyStarts()), arrival)


def unfinished_run(db: Connection, turn_id: str) -> Run:
    run = runs.unfinished(db, turn_id)
    assert run is not None
    return run


async def run_states(store: Store) -> list[str]:
    def look(db: Connection) -> list[Any]:
        return [row.state for row in db.execute(select(tables.runs.c.state).order_by(tables.runs.c.started_at))]

    return await store.read(look)


async def test_a_run_that_was_cut_off_ends_when_the_customer_asks_for_a_person(store: Store, ines: Customer) -> None:
    asked = await asked_by(ines, store)
    agent = Thinking()
    process = asyncio.create_task(Answering(store, agent).answer_turn(str(asked.turn_to_start)))
    await agent.began.wait()
    process.cancel()
    await asyncio.wait([process])
    assert await run_states(store) == ["running"], "whoever takes over goes on with it"

    await ask_for_person(store, ines, asked.conversation.id)

    assert await run_states(store) == ["given_up"]


async def test_an_agent_stops_soon_after_a_person_took_over_in_another_process(
    store: Store, database_url: str, ines: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "LOOK_SECONDS", 0.01)
    asked = await asked_by(ines, store)
    agent = Thinking()
    process = asyncio.create_task(Answering(store, agent).answer_turn(str(asked.turn_to_start)))
    await agent.began.wait()

    with Store(database_url) as of_another_process:
        await ask_for_person(of_another_process, ines, asked.conversation.id)
    async with asyncio.timeout(10):
        await process

    assert agent.was_stopped
    assert await run_states(store) == ["given_up"]
    assert await store.read(messages.reply_to, str(asked.turn_to_start)) is None


async def test_two_processes_that_begin_one_turn_share_its_run_and_reply_once(store: Store, ines: Customer) -> None:
    asked = await asked_by(ines, store)
    agents = [Thinking(), Thinking()]
    processes = [asyncio.create_task(Answering(store, agent).answer_turn(str(asked.turn_to_start))) for agent in agents]
    # The first must not answer before the second has begun, or the second finds nothing left to do.
    for agent in agents:
        await agent.began.wait()
    for agent in agents:
        agent.may_answer.set()
    await asyncio.gather(*processes)

    assert await run_states(store) == ["finished"]


async def test_a_step_that_was_cut_off_beside_a_faster_one_takes_its_place_when_done_again(
    store: Store, ines: Customer
) -> None:
    asked = await asked_by(ines, store)
    agent = Thinking()
    process = asyncio.create_task(Answering(store, agent).answer_turn(str(asked.turn_to_start)))
    await agent.began.wait()
    process.cancel()
    await asyncio.wait([process])
    run = await store.read(unfinished_run, str(asked.turn_to_start))
    ledger = Ledger(store, run)
    with ledger.step("retrieval", "Retrieve", {"query": "one"}):
        pass
    with ledger.step("retrieval", "Retrieve", {"query": "two, slower"}) as slower:
        with ledger.step("retrieval", "Retrieve", {"query": "three"}):
            pass
        await ledger.settle()
        await store.write(ledger.write_rest)
        recorded = await store.read(runs.steps, run.id)
        slower.state = "failed"

    resumed = Ledger(store, run, recorded)
    with resumed.step("retrieval", "Retrieve", {"query": "two, slower"}):
        pass
    with resumed.step("model", "Write answer", {"input": []}):
        pass

    assert [span.number for span in recorded] == [1, 3]
    assert sorted((span.number, span.input.get("query")) for span in resumed.spans) == [
        (1, "one"), (2, "two, slower"), (3, "three"), (4, None),
    ]  # fmt: skip


async def test_a_dead_worker_is_taken_over_once_and_again_when_its_heir_dies(store: Store) -> None:
    await store.write(workers.add, "wrk_dead", host="here", process=100, at=NOON)
    later = NOON + timedelta(seconds=20)

    first = await store.write(workers.claim, "wrk_dead", seen_before=NOON, host="here", process=200, at=later)
    second = await store.write(workers.claim, "wrk_dead", seen_before=NOON, host="here", process=300, at=later)
    ((_, _, heir, seen_at),) = await store.read(workers.others, "wrk_new")
    after_its_death = await store.write(
        workers.claim, "wrk_dead", seen_before=seen_at, host="here", process=300, at=later
    )

    assert (first, second, after_its_death) == (True, False, True)
    assert heir == 200


async def test_what_waits_for_a_conversation_comes_after_what_was_done_in_it_meanwhile(
    store: Store, ines: Customer
) -> None:
    asked = await asked_by(ines, store)
    has_it, may_go = threading.Event(), threading.Event()

    def note_slowly(db: Connection) -> Message:
        conversation = conversations.by_id(db, asked.conversation.id, for_update=True)
        assert conversation is not None
        has_it.set()
        may_go.wait()
        episode = conversations.last_episode(db, conversation.id)
        return keep_message(db, conversation.id, episode.id, "note", "Mine.", now())

    noting = asyncio.create_task(store.write(note_slowly))
    await asyncio.to_thread(has_it.wait)
    arrival = Arrival(ines, "chat", "key-2", "And then?", conversation_id=asked.conversation.id)
    receiving = asyncio.create_task(receive(store, cast(Jobs, NobodyStarts()), arrival))
    # From here on it waits for its turn.
    await asyncio.sleep(0)
    may_go.set()
    note, received = await noting, await receiving

    assert received.message.number > note.number
    assert received.message.created_at >= note.created_at
