"""Kills the program at random moments under load, and counts what was lost: `benchmarks/kill.py --database sqlite`.

Customers keep writing, and resend under the same key until a message is acknowledged; the program is killed with
SIGKILL while it starts, recovers and works, and is started again at once. After a quiet time every promise is checked
over the API and in the database. Ends with 1 if any of them was broken.
"""

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from _serving import (
    Folder,
    Heard,
    Nursery,
    arguments,
    database,
    free_ports,
    heard_on,
    kill,
    nursery,
    percentile,
    table,
    wait_until_up,
)
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

CUSTOMERS = 8
REQUEST_SECONDS_MAX = 30.0
QUIET_SECONDS_MAX = 120.0
# Of all kills: so many while the program starts, so many in the first moments after it answers again.
STARTING_SHARE, RECOVERING_SHARE = 0.25, 0.35
STARTING_SECONDS_MAX = 1.5
RECOVERING_SECONDS_MAX = 0.5
WORKING_SECONDS_MAX = 3.0

Phase = Literal["starting", "recovering", "working"]

QUESTIONS = (
    "How do I get an API key?",
    "How long do refunds take?",
    "How do I cancel my subscription?",
    "Can I invite my accountant?",
    "Why was I charged twice?",
    "How do I change the card on file?",
    "What does the error 429 of the API mean? And how do I add my VAT id?",
    "How do I bill in several currencies?",
    "Hello!",
    "Thanks a lot.",
    "And then?",
)
UNANSWERABLE = "Which wine goes with a roast of boar in October?"


@dataclass(slots=True)
class Said:
    """A message that was acknowledged."""

    key: str
    message_id: str
    conversation_id: str


@dataclass(slots=True)
class Talk:
    """A conversation as its customer knows it."""

    token: str
    id: str | None = None
    said: list[Said] = field(default_factory=list)
    asked_for_person: bool = False
    event_ids: list[int] = field(default_factory=list)
    heard: Counter[str] = field(default_factory=Counter)
    """How often each message came over the stream."""
    replies: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Worker:
    """One of the processes that are killed."""

    port: int
    process: int = 0
    started: float = 0.0
    waits_for_reply: bool = True

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


@dataclass(slots=True)
class Course:
    """What happens in the whole test."""

    workers: list[Worker]
    dice: random.Random
    talks: list[Talk] = field(default_factory=list)
    kills: Counter[Phase] = field(default_factory=Counter)
    resent: int = 0
    first_replies: list[float] = field(default_factory=list)
    """Seconds from a start to the first reply after it."""
    wrong: list[str] = field(default_factory=list)
    stopping: bool = False

    def told(self) -> None:
        """A reply was heard."""
        for worker in self.workers:
            if worker.waits_for_reply:
                worker.waits_for_reply = False
                self.first_replies.append(time.monotonic() - worker.started)


def main() -> int:
    """Kill, check, print; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1, help="2 needs PostgreSQL")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="leave data and log for a look")
    options = parser.parse_args()
    if options.workers == 2 and options.database == "sqlite":
        parser.error("Two workers share a PostgreSQL; a SQLite file has one.")
    folder = Folder()
    course = Course([Worker(port) for port in free_ports(options.workers)], random.Random(options.seed))
    try:
        with database(options.database) as url, nursery(folder.log) as programs:
            seconds = asyncio.run(_run(course, programs, folder, url, options.kills))
            address = url or f"sqlite:///{folder.data / 'answerable.sqlite'}"
            counts = _check(course, address)
        _show(options, course, counts, seconds)
    finally:
        if options.keep or course.wrong:
            print(f"Data and log are in {folder.path}", file=sys.stderr)
        else:
            shutil.rmtree(folder.path, ignore_errors=True)
    return 1 if course.wrong else 0


async def _run(course: Course, programs: Nursery, folder: Folder, url: str | None, kills: int) -> float:
    """The whole course; gives how long customers wrote."""

    def start(worker: Worker) -> None:
        # Processes on one machine would share a data folder only by mistake: each has its own.
        data = folder.data if worker is course.workers[0] else folder.path / "data2"
        worker.process = programs.start(*arguments(data, folder.workspace, worker.port, url))
        worker.started, worker.waits_for_reply = time.monotonic(), True

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    async with httpx.AsyncClient(timeout=REQUEST_SECONDS_MAX, limits=limits) as client:
        try:
            for worker in course.workers:
                start(worker)
                await wait_until_up(client, worker.address)
            began = time.monotonic()
            async with asyncio.TaskGroup() as customers:
                for number in range(CUSTOMERS):
                    customers.create_task(_customer(course, client, customers, number))
                for number in range(kills):
                    worker = course.dice.choice(course.workers)
                    await _kill(course, client, worker)
                    start(worker)
                    print(f"\r{number + 1} kills", end="", file=sys.stderr, flush=True)
                for worker in course.workers:
                    await wait_until_up(client, worker.address)
                course.stopping = True
                seconds = time.monotonic() - began
            print(file=sys.stderr)
            await _quiet(course, client)
            for talk in course.talks:
                await _hear_the_rest(course, client, talk)
            await _check_over_the_api(course, client)
        finally:
            for worker in course.workers:
                await kill(worker.process)
    return seconds


async def _kill(course: Course, client: httpx.AsyncClient, worker: Worker) -> None:
    """Kill a worker at a random moment of a random phase."""
    share = course.dice.random()
    phase: Phase = "working"
    if share < STARTING_SHARE:
        phase = "starting"
        await asyncio.sleep(course.dice.uniform(0, STARTING_SECONDS_MAX))
    else:
        await wait_until_up(client, worker.address)
        if share < STARTING_SHARE + RECOVERING_SHARE:
            phase = "recovering"
            await asyncio.sleep(course.dice.uniform(0, RECOVERING_SECONDS_MAX))
        else:
            await asyncio.sleep(course.dice.uniform(0, WORKING_SECONDS_MAX))
    await kill(worker.process)
    course.kills[phase] += 1


# -- customers -------------------------------------------------------------------------------------------------------


async def _customer(course: Course, client: httpx.AsyncClient, group: asyncio.TaskGroup, number: int) -> None:
    """One conversation after the other, until the test is over."""
    dice = random.Random(f"{course.dice.random()} {number}")
    listening: asyncio.Task[None] | None = None
    while not course.stopping:
        introduced = await _insist(course, client, dice, "POST", "/chat/customers", {}, {})
        if introduced is None:
            break
        if listening:
            listening.cancel()
        talk = Talk(introduced["token"])
        course.talks.append(talk)
        for count in range(dice.randint(2, 6)):
            await _say(course, client, dice, talk)
            if talk.id is None or course.stopping:
                break
            if count == 0:
                listening = group.create_task(_listen(course, client, dice, talk))
            if dice.random() < 0.03:
                talk.asked_for_person = True
                await _insist(course, client, dice, "POST", f"/chat/conversations/{talk.id}/person", _as(talk), None)
                break
            await _pause(dice, talk)
    if listening:
        listening.cancel()


async def _say(course: Course, client: httpx.AsyncClient, dice: random.Random, talk: Talk) -> None:
    """Send a message until it is acknowledged; now and then once more."""
    key = f"key-{dice.getrandbits(80):x}"
    words = UNANSWERABLE if dice.random() < 0.05 else dice.choice(QUESTIONS)
    body = {"text": words, "conversation_id": talk.id}
    headers = {**_as(talk), "Idempotency-Key": key}
    received = await _insist(course, client, dice, "POST", "/chat/messages", headers, body)
    if received is None:
        return
    talk.id = talk.id or received["conversation_id"]
    talk.said.append(Said(key, received["message"]["id"], received["conversation_id"]))
    if dice.random() < 0.1:
        course.resent += 1
        again = await _insist(course, client, dice, "POST", "/chat/messages", headers, body)
        if again is not None and again["message"]["id"] != received["message"]["id"]:
            course.wrong.append(f"{key} was acknowledged as two messages")


async def _pause(dice: random.Random, talk: Talk) -> None:
    """Sometimes the customer waits for the reply, sometimes not at all."""
    share = dice.random()
    if share < 0.4:
        talk.replies.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await talk.replies.wait()
    elif share < 0.7:
        await asyncio.sleep(dice.uniform(0, 0.6))


async def _insist(
    course: Course,
    client: httpx.AsyncClient,
    dice: random.Random,
    method: str,
    path: str,
    headers: dict[str, str],
    body: dict[str, Any] | None,
) -> Any:
    """What a request gives, sent again as long as the connection breaks; none once the test is over."""
    while True:
        address = dice.choice(course.workers).address
        try:
            response = await client.request(method, address + path, headers=headers, json=body)
        except httpx.TransportError:
            course.resent += 1
            await asyncio.sleep(dice.uniform(0.05, 0.3))
            continue
        if response.is_success:
            return response.json()
        if response.status_code < 500:
            course.wrong.append(f"{method} {path}: {response.status_code} {response.text[:200]}")
            return None
        if response.status_code != 503:
            course.wrong.append(f"{method} {path}: {response.status_code} {response.text[:200]}")
        await asyncio.sleep(dice.uniform(0.05, 0.3))


async def _listen(course: Course, client: httpx.AsyncClient, dice: random.Random, talk: Talk) -> None:
    """Follow a conversation's stream; after each break go on behind the last event that was seen."""
    while True:
        try:
            async for event in _events(course, client, dice.choice(course.workers), talk):
                if event.name == "message" and event.data["author"] == "agent":
                    talk.replies.set()
                    course.told()
        except httpx.TransportError:
            await asyncio.sleep(dice.uniform(0.05, 0.3))


async def _hear_the_rest(course: Course, client: httpx.AsyncClient, talk: Talk) -> None:
    """Come back to a conversation that the customer left: what was said since is told behind the last event seen."""
    if talk.id is None:
        return
    shown = await _conversation(course, client, talk)
    missing = {message["id"] for message in shown["messages"]} - talk.heard.keys()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET_SECONDS_MAX / 10):
            while missing:
                async for event in _events(course, client, course.workers[0], talk):
                    missing.discard(event.data.get("id"))
                    if not missing:
                        break


async def _events(course: Course, client: httpx.AsyncClient, worker: Worker, talk: Talk) -> AsyncIterator[Heard]:
    """What is new to the customer, noted down."""
    last = str(talk.event_ids[-1]) if talk.event_ids else "0"
    path = f"{worker.address}/chat/conversations/{talk.id}/events"
    async with client.stream("GET", path, headers={**_as(talk), "Last-Event-ID": last}) as response:
        if response.status_code != 200:
            course.wrong.append(f"a stream gave {response.status_code}")
            return
        async for event in heard_on(response):
            talk.event_ids.append(event.id)
            if event.name == "message":
                talk.heard[event.data["id"]] += 1
            yield event


def _as(talk: Talk) -> dict[str, str]:
    return {"Authorization": f"Bearer {talk.token}"}


async def _quiet(course: Course, client: httpx.AsyncClient) -> None:
    """Wait until the agent writes in no conversation any more; what then still waits is stuck."""
    waiting = [talk for talk in course.talks if talk.id]
    deadline = time.monotonic() + QUIET_SECONDS_MAX
    while waiting and time.monotonic() < deadline:
        seen = [(talk, await _conversation(course, client, talk)) for talk in waiting]
        waiting = [talk for talk, shown in seen if shown["agent_is_writing"]]
        await asyncio.sleep(0.5)
    course.wrong += [f"stuck: the agent still writes in {talk.id}" for talk in waiting]


async def _check_over_the_api(course: Course, client: httpx.AsyncClient) -> None:
    """What customers see, and what they were told while it happened."""
    for talk in course.talks:
        if talk.id is None:
            continue
        shown = await _conversation(course, client, talk)
        ids = [message["id"] for message in shown["messages"]]
        course.wrong += [f"lost: {said.key} is not shown" for said in talk.said if ids.count(said.message_id) != 1]
        if talk.event_ids != sorted(set(talk.event_ids)):
            course.wrong.append(f"doubled: the stream of {talk.id} told an event twice or out of order")
        course.wrong += [
            f"the stream of {talk.id} told {each} {talk.heard[each]} times" for each in ids if talk.heard[each] != 1
        ]


async def _conversation(course: Course, client: httpx.AsyncClient, talk: Talk) -> Any:
    response = await client.get(f"{course.workers[0].address}/chat/conversations/{talk.id}", headers=_as(talk))
    return response.raise_for_status().json()


# -- the database ----------------------------------------------------------------------------------------------------

HANDED_OVER = "EXISTS (SELECT 1 FROM handoffs h WHERE h.conversation_id = {0}.conversation_id {1})"

# What must give no row, and what it means if it does.
BROKEN = {
    "doubled: a key stands for several messages": """
        SELECT outside_id FROM messages WHERE author = 'customer' GROUP BY outside_id HAVING count(*) <> 1""",
    "lost: a message is in no turn, and no person had the conversation": f"""
        SELECT m.id FROM messages m WHERE m.author = 'customer' AND m.turn_id IS NULL
        AND NOT {HANDED_OVER.format("m", "AND h.created_at <= m.created_at")}""",
    "stuck: a turn has not ended": "SELECT id FROM turns WHERE ended_at IS NULL OR state NOT IN ('answered', 'passed')",
    "lost: an answered turn has not exactly one reply": """
        SELECT t.id FROM turns t LEFT JOIN messages m ON m.turn_id = t.id AND m.author = 'agent'
        WHERE t.state = 'answered' GROUP BY t.id HAVING count(m.id) <> 1""",
    "doubled: a turn was passed to a person and answered": """
        SELECT t.id FROM turns t JOIN messages m ON m.turn_id = t.id AND m.author = 'agent' WHERE t.state = 'passed'""",
    "lost: a turn was passed and no person has the conversation": f"""
        SELECT t.id FROM turns t WHERE t.state = 'passed' AND NOT {HANDED_OVER.format("t", "")}""",
    "lost: a turn without a message": """
        SELECT t.id FROM turns t WHERE NOT EXISTS
        (SELECT 1 FROM messages m WHERE m.turn_id = t.id AND m.author = 'customer')""",
    "message numbers have gaps": """
        SELECT m.conversation_id FROM messages m JOIN conversations c ON c.id = m.conversation_id
        GROUP BY m.conversation_id, c.message_count
        HAVING count(*) <> max(m.number) OR min(m.number) <> 1 OR count(*) <> c.message_count""",
    "stuck: a conversation has a turn under way": "SELECT id FROM conversations WHERE running_turn_id IS NOT NULL",
    "stuck: a run is under way": "SELECT id FROM runs WHERE state = 'running'",
    "a run failed": "SELECT id FROM runs WHERE state = 'failed'",
    "doubled: a turn has two finished runs": """
        SELECT turn_id FROM runs WHERE state = 'finished' GROUP BY turn_id HAVING count(*) > 1""",
    "a reply's run is not finished": """
        SELECT m.id FROM messages m LEFT JOIN runs r ON r.id = m.run_id
        WHERE m.author = 'agent' AND (r.id IS NULL OR r.state <> 'finished' OR r.turn_id <> m.turn_id)""",
    "a ledger has gaps": """
        SELECT r.id FROM runs r LEFT JOIN spans s ON s.run_id = r.id WHERE r.state = 'finished'
        GROUP BY r.id HAVING count(s.number) = 0 OR max(s.number) <> count(s.number)""",
    "an answer's ledger lacks its model, retrieval or guard": """
        SELECT r.id FROM runs r JOIN messages m ON m.run_id = r.id
        LEFT JOIN spans s ON s.run_id = r.id AND s.kind IN ('model', 'retrieval', 'guard')
        WHERE m.author = 'agent' AND m.citations <> '[]' GROUP BY r.id HAVING count(DISTINCT s.kind) <> 3""",
    "a message has not exactly one event": """
        SELECT m.conversation_id FROM messages m GROUP BY m.conversation_id HAVING count(*) <>
        (SELECT count(*) FROM events e WHERE e.conversation_id = m.conversation_id AND e.kind = 'message')""",
}


def _check(course: Course, address: str) -> dict[str, int]:
    """Every promise, in the database; gives what there is in all."""
    url = make_url(address)
    engine = create_engine(url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url)
    with engine.connect() as db:
        for meaning, query in BROKEN.items():
            written = query.replace("m.citations <> '[]'", "CAST(m.citations AS TEXT) <> '[]'")
            course.wrong += [f"{meaning}: {row[0]}" for row in db.execute(text(written))]
        kept = {row[0]: row[1] for row in db.execute(text("SELECT outside_id, message_id FROM arrivals"))}
        acknowledged = [said for talk in course.talks for said in talk.said]
        course.wrong += [f"lost: {said.key}" for said in acknowledged if kept.get(said.key) != said.message_id]
        course.wrong += _gaps_in_strips(db)
        counts = {
            "acknowledged": len(acknowledged),
            "turns": _count(db, "turns"),
            "replies": _count(db, "messages WHERE author = 'agent'"),
            "passed": _count(db, "turns WHERE state = 'passed'"),
            "given up": _count(db, "runs WHERE state = 'given_up'"),
        }
    engine.dispose()
    return counts


def _gaps_in_strips(db: Connection) -> Iterator[str]:
    steps = {row[0]: row[1] for row in db.execute(text("SELECT run_id, count(*) FROM spans GROUP BY run_id"))}
    for run_id, strip in db.execute(text("SELECT id, strip FROM runs WHERE state = 'finished'")):
        bars = json.loads(strip) if isinstance(strip, str) else strip
        if len(bars) != steps.get(run_id, 0):
            yield f"a run's strip is not its ledger: {run_id}"


def _count(db: Connection, what: str) -> int:
    return int(db.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


def _show(options: argparse.Namespace, course: Course, counts: dict[str, int], seconds: float) -> None:
    kinds = Counter(each.split(":", 1)[0] for each in course.wrong)
    head = ("database", "workers", "seed", "kills", "starting / recovering / working", "acknowledged", "turns",
            "replies", "sent again", "lost", "doubled", "stuck", "other", "restart to reply p50", "p95")  # fmt: skip
    other = sum(count for kind, count in kinds.items() if kind not in ("lost", "doubled", "stuck"))
    row = (
        options.database,
        options.workers,
        options.seed,
        sum(course.kills.values()),
        " / ".join(str(course.kills[phase]) for phase in ("starting", "recovering", "working")),
        counts["acknowledged"],
        counts["turns"],
        counts["replies"],
        course.resent,
        kinds["lost"],
        kinds["doubled"],
        kinds["stuck"],
        other,
        f"{percentile(course.first_replies, 0.5):.1f} s",
        f"{percentile(course.first_replies, 0.95):.1f} s",
    )
    print(table(head, [row]))
    print(f"{seconds:.0f} s of load; {counts['passed']} turns passed to people, {counts['given up']} runs given up.")
    for each in course.wrong[:40]:
        print(f"  {each}")


if __name__ == "__main__":
    sys.exit(main())
