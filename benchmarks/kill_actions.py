"""Kills workers that move money, and counts it: `benchmarks/kill_actions.py --database postgres --workers 2`.

Customers of the demo company ask for refunds: of a charge that was made twice, of parts of it, of both of a pair at
once, and of what may not be given back (a disputed charge, somebody else's, more than was paid, another currency, a
negative amount). Orders are delivered twice, the back office is slow, fails, fails after it has acted and talks
nonsense, reps approve, change, decline or say nothing, clauses change meanwhile, and the workers are killed with
SIGKILL at random moments, also while they start, and started again at once. Then what the back office's own database
says is held against the append-only record. Ends with 1 if a promise was broken.
"""

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from _action_worker import the_actions
from _serving import Folder, Nursery, database, free_ports, kill, nursery, table
from sqlalchemy import Connection, create_engine, insert, select, text

import answerable_demo
from answerable.actions.policy_reading import policies_in
from answerable.domain.actions import ActionCall, Approval, Check, Clause
from answerable.domain.people import ROLES
from answerable.store import Store, actions, clauses
from answerable.store import tables as own
from answerable_demo.back_office import tables as office

PAYERS = 40
AT_ONCE = 8
"""So many of them ask at the same time."""
ANSWER_SECONDS_MAX = 30.0
QUIET_SECONDS_MAX = 300.0
STARTING_SHARE = 0.15
STARTING_SECONDS_MAX = 0.3
ALIVE_SECONDS_MAX = 4.0
TWICE_SHARE = 0.25
TODAY = datetime.now(UTC)
# Far enough before today to be no yearly renewal, near enough to each other to be a duplicate.
CHARGED_AT = TODAY - timedelta(days=9)
FAULTS = [
    {"kind": "fail", "route": "POST /refunds", "when": "before", "share": 0.06},
    {"kind": "fail", "route": "POST /refunds", "when": "after", "share": 0.08},
    {"kind": "cut", "route": "POST /refunds", "when": "before", "share": 0.05},
    {"kind": "cut", "route": "POST /refunds", "when": "after", "share": 0.06},
    {"kind": "html", "route": "POST /refunds", "when": "after", "share": 0.05},
    {"kind": "nonsense", "route": "POST /refunds", "when": "after", "share": 0.05},
    {"kind": "truncated", "route": "POST /refunds", "when": "after", "share": 0.04},
    {"kind": "slow", "route": "POST /refunds", "when": "before", "seconds": 5.0, "share": 0.04},
    {"kind": "slow", "route": "POST /refunds", "when": "before", "seconds": 9.0, "share": 0.03},
    {"kind": "slow", "route": "POST /refunds", "when": "after", "seconds": 5.0, "share": 0.04},
    {"kind": "fail", "route": "GET /idempotency-keys/*", "when": "before", "share": 0.15},
    {"kind": "html", "route": "GET /charges*", "when": "before", "share": 0.02},
]
DAY = timedelta(days=1)


@dataclass(slots=True)
class Worker:
    """One of the processes that are killed."""

    port: int
    process: int = 0


@dataclass(slots=True)
class Course:
    """What happens in the whole test."""

    workers: list[Worker]
    dice: random.Random
    store: Store
    office: httpx.AsyncClient
    runs: int
    """So many wishes are to be had."""
    people: list[tuple[str, str, str]] = field(default_factory=list)
    """Id, conversation and address of the customers who ask."""
    cents: list[int] = field(default_factory=list)
    """What each invoice is over."""
    begun: int = 0
    asked: dict[str, set[str]] = field(default_factory=dict)
    """By key of the wish: the calls that it was told to be. One that is like another is that one, until that has come
    to nothing; delivered again after that, it is a call of its own."""
    kinds: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    resent: int = 0
    twice: int = 0
    decisions: Counter[str] = field(default_factory=Counter)
    clause_changes: int = 0
    wrong: list[str] = field(default_factory=list)
    stopping: bool = False


def main() -> int:
    """Kill, check, print; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--runs", type=int, default=500, help="wishes for money, at least")
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1, help="2 needs PostgreSQL")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="leave data and log for a look")
    options = parser.parse_args()
    if options.workers == 2 and options.database == "sqlite":
        parser.error("Two workers share a PostgreSQL; a SQLite file has one.")
    folder = Folder()
    wrong: list[str] = ["it was cut off"]
    try:
        with (
            database(options.database) as given,
            _back_office(folder.path / "back_office") as (address, key),
            nursery(folder.log, "_action_worker", "psycopg", "sqlite3") as programs,
            Store(given or f"sqlite:///{folder.path / 'answerable.sqlite'}") as store,
        ):
            store.migrate()
            url = given or f"sqlite:///{folder.path / 'answerable.sqlite'}"
            wrong = asyncio.run(_run(options, store, programs, (url, address, key), folder.path / "back_office"))
    finally:
        if options.keep or wrong:
            print(f"Data and log are in {folder.path}", file=sys.stderr)
        else:
            shutil.rmtree(folder.path, ignore_errors=True)
    return 1 if wrong else 0


@contextlib.contextmanager
def _back_office(data: Path) -> Iterator[tuple[str, str]]:
    """The demo company's back office in a process of its own: its address and its key."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "answerable_demo.back_office", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen([*command, "--with-parent"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        if not process.stdout.readline().startswith("Back office at"):
            raise SystemExit("The back office did not start.")
        yield f"http://127.0.0.1:{port}", (data / "token").read_text(encoding="ascii").strip()
    finally:
        process.terminate()
        process.wait()


async def _run(
    options: argparse.Namespace, store: Store, programs: Nursery, where: tuple[str, str, str], data: Path
) -> list[str]:
    """The whole course; gives what was broken."""
    url, address, key = where

    def start(worker: Worker) -> None:
        worker.process = programs.start(url, str(worker.port), address, key)

    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as client:
        workers = [Worker(port) for port in free_ports(options.workers)]
        course = Course(workers, random.Random(options.seed), store, client, options.runs)
        await _prepare(course, data)
        began = time.monotonic()
        try:
            for worker in workers:
                start(worker)
            await _load(course, start)
            seconds = time.monotonic() - began
            await client.put("/faults", json={"faults": []})
            await _quiet(course)
        finally:
            for worker in workers:
                await kill(worker.process)
    counts = await _check(course, data / "back_office.db")
    _show(options, course, counts, seconds)
    return course.wrong


async def _load(course: Course, start: Any) -> None:
    """Customers ask, reps decide, clauses change, workers are killed, until there were enough wishes."""
    await course.office.put("/faults", json={"faults": FAULTS, "seed": course.dice.randrange(10**6)})
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(_customer(course, random.Random(course.dice.random()))) for _ in range(AT_ONCE)]
        others = [group.create_task(each) for each in (_decide(course), _change_clauses(course), _kill(course, start))]
        await asyncio.wait(asking)
        course.stopping = True
        await asyncio.wait(others)


async def _kill(course: Course, start: Any) -> None:
    while not course.stopping:
        worker = course.dice.choice(course.workers)
        if course.dice.random() < STARTING_SHARE:
            await asyncio.sleep(course.dice.uniform(0, STARTING_SECONDS_MAX))
        else:
            await _until_it_listens(worker)
            await asyncio.sleep(course.dice.uniform(0, ALIVE_SECONDS_MAX))
        await kill(worker.process)
        course.kills += 1
        start(worker)
        if course.kills % 10 == 0:
            print(f"{course.begun} runs, {course.kills} kills", file=sys.stderr, flush=True)


async def _until_it_listens(worker: Worker) -> None:
    while True:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", worker.port)
            writer.close()
            return
        await asyncio.sleep(0.02)


# -- what there is to ask for ----------------------------------------------------------------------------------------


async def _prepare(course: Course, data: Path) -> None:
    """Customers who have proved who they are, and the clauses."""
    from tests.actions.bank import asker

    for number in range(PAYERS):
        customer, conversation_id = await asker(course.store, f"payer{number}")
        course.people.append((customer.id, conversation_id, str(customer.email)))
    await course.store.write(_put_clauses, _clauses())
    engine = create_engine(f"sqlite:///{data / 'back_office.db'}")
    with engine.begin() as db:
        pattern = dict(db.execute(select(office.customers)).first()._mapping)  # type: ignore[union-attr]
        plan = dict(db.execute(select(office.subscriptions)).first()._mapping)  # type: ignore[union-attr]
        for number, (_, _, email) in enumerate(course.people):
            db.execute(insert(office.customers).values({**pattern, "id": f"cus_payer{number}", "email": email}))
            new = {"id": f"sub_payer{number}", "customer_id": f"cus_payer{number}", "interval": "monthly"}
            db.execute(insert(office.subscriptions).values({**plan, **new}))
        invoice = dict(db.execute(select(office.invoices)).first()._mapping)  # type: ignore[union-attr]
        for run in range(course.runs):
            course.cents.append(_bill(db, course.dice, invoice, run))
    engine.dispose()


def _bill(db: Connection, dice: random.Random, pattern: dict[str, Any], run: int) -> int:
    """One invoice of a payer, charged twice; of every seventh the second charge is disputed. Gives what it is over."""
    whose, number = f"cus_payer{run % PAYERS}", f"INV-1999-{run:04d}"
    cents = dice.choice([dice.randint(1, 5000), dice.randint(5001, 50_000), dice.randint(50_001, 90_000)])
    sums = {"net_cents": cents, "vat_cents": 0, "total_cents": cents, "currency": "EUR", "replaces": None}
    db.execute(insert(office.invoices).values({**pattern, **sums, "number": number, "customer_id": whose}))
    card = {"method_brand": "visa", "method_last4": "4242", "method_country": "PT"}
    for name, later in (("a", 0), ("b", 41)):
        at = (CHARGED_AT + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")
        charge = {"id": f"ch_{run}{name}", "invoice_number": number, "customer_id": whose, "cents": cents, "at": at}
        is_disputed = int(run % 7 == 6 and name == "b")
        charge |= {"refunded_cents": 0, "currency": "EUR", "status": "succeeded", "is_disputed": is_disputed}
        db.execute(insert(office.charges).values(**charge, **card))
    return cents


def _clauses() -> list[Clause]:
    return policies_in(answerable_demo.WORKSPACE / "policies", the_actions()).clauses


def _put_clauses(db: Connection, wanted: list[Clause]) -> None:
    actions.hold(db)
    clauses.put(db, wanted, datetime.now(UTC))


async def _change_clauses(course: Course) -> None:
    """Now duplicates are not given back any more, now a person looks at smaller sums, now all is as it was."""
    usual = _clauses()
    closed = [each for each in usual if each.id != "R-11"]
    strict = [replace(each, above={"EUR": "20.00"}) if each.id == "R-12" else each for each in usual]
    new = Clause(
        id="R-90", policy="refund-policy", title="Small change", says="Less than a euro is not given back.",
        effect="forbids", applies_to=("refund_charge",), when=(Check("is_small", equals=True),), above={},
        approver_role="rep", four_eyes=False, from_moment=TODAY, to_moment=None,
    )  # fmt: skip
    # A clause about a fact that nobody gives forbids: for a moment nothing is given back at all.
    while not course.stopping:
        for wanted, seconds in ((usual, 3.0), (closed, 0.4), (usual, 2.0), (strict, 2.0), ([*usual, new], 0.3)):
            await course.store.write(_put_clauses, wanted)
            course.clause_changes += 1
            await asyncio.sleep(seconds if not course.stopping else 0)
    await course.store.write(_put_clauses, usual)


# -- customers and reps ----------------------------------------------------------------------------------------------


async def _customer(course: Course, dice: random.Random) -> None:
    while course.begun < course.runs:
        run = course.begun
        course.begun += 1
        async with asyncio.TaskGroup() as wishes:
            for number, (kind, arguments) in enumerate(_wishes(course, dice, run)):
                course.kinds[kind] += 1
                customer_id, conversation_id, _ = course.people[run % PAYERS]
                request = {
                    "key": f"run{run}-{number}",
                    "action": "refund_charge",
                    "arguments": arguments,
                    "customer_id": customer_id,
                    "conversation_id": conversation_id,
                }
                wishes.create_task(_ask(course, dice, request))


def _wishes(course: Course, dice: random.Random, run: int) -> list[tuple[str, dict[str, Any]]]:
    """What a customer asks for about one invoice that was charged twice."""
    cents = course.cents[run]
    first, second = f"ch_{run}a", f"ch_{run}b"
    share = dice.random()
    if share < 0.35:
        return [("whole", _refund(second, cents))]
    if share < 0.55:
        parts = [max(1, int(cents * dice.uniform(0.2, 0.7))) for _ in range(dice.randint(2, 3))]
        return [("part", _refund(second, part)) for part in parts]
    if share < 0.7:
        return [("one of both", _refund(first, cents)), ("one of both", _refund(second, cents))]
    if share < 0.85:
        return [("the same again", _refund(second, cents))] * 3
    forbidden = [
        ("somebody else's", _refund(f"ch_{(run + 1) % course.runs}b", 100)),
        ("too much", _refund(second, cents + 1)),
        ("another currency", _refund(second, cents, "USD")),
        ("none at all", _refund(second, -5)),
    ]
    return [dice.choice(forbidden), ("whole", _refund(second, cents))]


def _refund(charge_id: str, cents: int, currency: str = "EUR") -> dict[str, Any]:
    return {"charge_id": charge_id, "amount": {"amount": f"{Decimal(cents) / 100:.2f}", "currency": currency}}


async def _ask(course: Course, dice: random.Random, request: dict[str, Any]) -> None:
    """Deliver a wish until it is answered, and now and then several times at once."""
    times = dice.choice([2, 3]) if dice.random() < TWICE_SHARE else 1
    course.twice += times - 1
    order = {"do": "request", "request": request}
    answers = await asyncio.gather(*(_insist(course, dice, order) for _ in range(times)))
    calls = {each["id"] for each in answers if "id" in each}
    if calls:
        course.asked[request["key"]] = calls
    elif any(each.get("error") != "Invalid" for each in answers):
        course.wrong.append(f"lost: {request['key']} was answered with {answers}")


async def _decide(course: Course) -> None:
    """Reps decide on most of what waits; some of it nobody decides."""
    ignored: set[str] = set()
    while not course.stopping or await _waiting(course, ignored):
        async with asyncio.TaskGroup() as reps:
            for approval in await _waiting(course, ignored):
                if course.dice.random() < 0.12:
                    ignored.add(approval.id)
                    course.decisions["left to expire"] += 1
                else:
                    reps.create_task(_decide_on(course, approval))
        await asyncio.sleep(0.3)


async def _waiting(course: Course, ignored: set[str]) -> list[Approval]:
    def look(db: Connection) -> list[Approval]:
        return actions.open_approvals(db, after=None, limit=100)

    return [each for each in await course.store.read(look) if each.id not in ignored]


async def _decide_on(course: Course, approval: Approval) -> None:
    dice = random.Random(course.dice.random())
    order: dict[str, Any] = {"do": "approve", "approval_id": approval.id, "name": "maya", "role": "lead"}
    share = dice.random()
    if share < 0.15:
        order["do"] = "decline"
    elif share < 0.3:
        call = await course.store.read(actions.by_id, approval.call_id)
        assert call is not None
        assert call.money is not None
        order["arguments"] = _refund(call.arguments["charge_id"], max(1, call.money.units // 2))
    course.decisions["declined" if order["do"] == "decline" else "changed" if "arguments" in order else "approved"] += 1
    # Whoever is not sure that it has worked presses again; a rep presses what only a lead may.
    await _insist(course, dice, {**order, "name": "jonas", "role": "rep"})
    await asyncio.gather(*(_insist(course, dice, order) for _ in range(dice.choice([1, 2]))))
    if order["do"] == "approve" and approval.needed > 1:
        await _insist(course, dice, {**order, "name": "grace", "role": "admin"})


async def _insist(course: Course, dice: random.Random, order: dict[str, Any]) -> dict[str, Any]:
    """What an order gives, sent again, to any worker, as long as none answers."""
    while True:
        worker = dice.choice(course.workers)
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                reader, writer = await asyncio.open_connection("127.0.0.1", worker.port)
                try:
                    writer.write(json.dumps(order).encode() + b"\n")
                    await writer.drain()
                    line = await reader.readline()
                finally:
                    writer.close()
            if line:
                answer: dict[str, Any] = json.loads(line)
                return answer
        except (OSError, TimeoutError):
            pass
        course.resent += 1
        await asyncio.sleep(dice.uniform(0.05, 0.3))


async def _quiet(course: Course) -> None:
    """Until every call has come to an end."""
    under_way = select(own.action_calls.c.id).where(own.action_calls.c.look_at.is_not(None))
    async with asyncio.timeout(QUIET_SECONDS_MAX):
        while True:
            if await course.store.read(lambda db: db.execute(under_way).first()) is None:
                return
            await asyncio.sleep(0.5)


# -- the count -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Counts:
    """What came of it all."""

    states: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    asked_cents: int = 0
    """Of the calls that the record calls done."""
    refunded_cents: int = 0
    """Of the refunds in the back office's database."""
    refunds: int = 0


async def _check(course: Course, file: Path) -> Counts:
    """Holds the back office's own database against the record."""
    counts = Counts()
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as db:
        made: dict[str, list[int]] = {}
        for key, cents in db.execute(text("SELECT idempotency_key, cents FROM refunds WHERE idempotency_key <> ''")):
            made.setdefault(key, []).append(cents)
        course.wrong += _wrong_in_the_office(db)
    engine.dispose()
    calls = await course.store.read(_all_calls)
    for call in calls:
        counts.states[call.state] += 1
        counts.attempts[call.attempts] += 1
        counts.asked_cents += call.money.units if call.state == "done" and call.money else 0
        course.wrong += _wrong_amount(call, made.pop(call.id, []), counts)
        course.wrong += await course.store.read(_wrong_in_the_record, call)
    course.wrong += [f"unasked: the refund under {key} has no call" for key in made]
    states = {call.id: call.state for call in calls}
    for key, told in course.asked.items():
        course.wrong += [f"lost: {key}" for each in told if each not in states]
        if sum(states.get(each) == "done" for each in told) > 1:
            course.wrong.append(f"doubled: {key} was done as {len(told)} calls")
    alike = Counter(call.likeness for call in calls if call.state == "done")
    course.wrong += [f"doubled: one wish was done {number} times" for number in alike.values() if number > 1]
    if counts.asked_cents != counts.refunded_cents:
        course.wrong.append(f"to the cent: {counts.asked_cents} asked and done, {counts.refunded_cents} refunded")
    return counts


def _all_calls(db: Connection) -> list[ActionCall]:
    ids = db.execute(select(own.action_calls.c.id).where(own.action_calls.c.action == "refund_charge"))
    return [call for (call_id,) in ids.all() if (call := actions.by_id(db, call_id)) is not None]


def _wrong_in_the_office(db: Connection) -> Iterator[str]:
    over = "SELECT id FROM charges WHERE refunded_cents > cents"
    sums = """SELECT c.id FROM charges c LEFT JOIN refunds r ON r.charge_id = c.id WHERE c.id GLOB 'ch_[0-9]*[ab]'
        AND c.invoice_number LIKE 'INV-1999-%' GROUP BY c.id HAVING c.refunded_cents <> coalesce(sum(r.cents), 0)"""
    both = """SELECT a.id FROM charges a JOIN charges b ON a.invoice_number = b.invoice_number AND a.id < b.id
        WHERE a.invoice_number LIKE 'INV-1999-%' AND a.refunded_cents > 0 AND b.refunded_cents > 0"""
    disputed = "SELECT id FROM charges WHERE is_disputed = 1 AND refunded_cents > 0"
    for meaning, query in {
        "to the cent: more than was charged": over,
        "to the cent: a charge is not the sum of its refunds": sums,
        "doubled: both charges of a pair": both,
        "clause: a disputed charge": disputed,
    }.items():
        for row in db.execute(text(query)):
            yield f"{meaning}: {row[0]}"


def _wrong_amount(call: ActionCall, made: list[int], counts: Counts) -> Iterator[str]:
    counts.refunds += len(made)
    counts.refunded_cents += sum(made)
    if len(made) > 1:
        yield f"doubled: {call.id} was refunded {len(made)} times"
    if call.state == "done" and not made:
        yield f"lost: {call.id} is done, and there is no refund"
    if call.state == "done" and made and call.money and made[0] != call.money.units:
        yield f"to the cent: {call.id} asked for {call.money.units} and got {made[0]}"
    if call.state != "done" and made:
        yield f"unallowed: {call.id} is {call.state} and was refunded"
    if call.state == "failed" and call.reason.startswith("The outside system"):
        yield f"lost: {call.id} was allowed and given up: {call.reason}"
    if call.look_at is not None:
        yield f"stuck: {call.id} is {call.state}"


def _wrong_in_the_record(db: Connection, call: ActionCall) -> list[str]:
    """What the record says against the call: its course, the clauses when it was sent, the people who decided."""
    entries = actions.record(db, call.id)
    sent = [each for each in entries if each["state"] == "sent"]
    wrong = []
    if entries[-1]["state"] != call.state or len(sent) != call.attempts:
        wrong.append(f"record: {call.id} is not what its record says")
    if not sent:
        return wrong
    facts = sent[0]["content"]["facts"]
    assert call.money is not None
    # Judged here by plain comparison, not by the code that is on trial.
    # Parts count together: what went before it on that day, and nobody approved.
    cents = call.money.units + _unseen_before(db, call, sent[0]["at"])
    speaking = [each for each in clauses.in_force(db, sent[0]["at"]) if _speaks_of(each, cents, facts)]
    wrong += [f"clause: {call.id} was sent against {each.id}" for each in speaking if each.effect == "forbids"]
    if not any(each.effect == "allows" for each in speaking):
        wrong.append(f"clause: {call.id} was sent, and nothing allowed it")
    approval = actions.approval_of(db, call.id)
    for each in speaking:
        if each.effect == "needs_approval" and not _was_approved(approval, each):
            wrong.append(f"unapproved: {call.id} was sent without {each.id}")
    return wrong


def _unseen_before(db: Connection, call: ActionCall, at: datetime) -> int:
    """How many cents the customer had got in the 24 hours before with nobody having approved it."""
    others = actions.page(db, actions.Wanted(customer_id=call.customer_id), after=None, limit=10_000)
    moved = [each for each in others if each.id != call.id and each.money and each.state in ("done", "undone")]
    unseen = [
        each for each in moved if (found := actions.approval_of(db, each.id)) is None or found.state != "approved"
    ]
    return sum(each.money.units for each in unseen if each.money and each.sent_at and at - DAY <= each.sent_at < at)


def _speaks_of(clause: Clause, cents: int, facts: dict[str, Any]) -> bool:
    if "refund_charge" not in clause.applies_to:
        return False
    for check in clause.when:
        if facts.get(check.fact) is None:
            return clause.effect != "allows"
        if check.equals is not None and facts[check.fact] != check.equals:
            return False
        if check.at_most is not None and facts[check.fact] > check.at_most:
            return False
    return not clause.above or cents > Decimal(clause.above["EUR"]) * 100


def _was_approved(approval: Approval | None, clause: Clause) -> bool:
    roles = {"rep_jonas": "rep", "rep_maya": "lead", "rep_grace": "admin"}
    if approval is None or approval.state != "approved":
        return False
    enough = [each for each in set(approval.approved_by) if _rank(roles[each]) >= _rank(clause.approver_role)]
    return len(enough) >= (2 if clause.four_eyes else 1)


def _rank(role: str) -> int:
    return [str(each) for each in ROLES].index(role)


def _show(options: argparse.Namespace, course: Course, counts: Counts, seconds: float) -> None:
    kinds = Counter(each.split(":", 1)[0] for each in course.wrong)
    head = ("database", "workers", "seed", "runs", "wishes", "kills", "delivered again", "calls", "done", "refunds",
            "asked and allowed", "refunded", "doubled", "lost", "unapproved", "clauses broken", "other")  # fmt: skip
    named = ("doubled", "lost", "unapproved", "clause")
    row = (
        options.database,
        options.workers,
        options.seed,
        course.begun,
        sum(course.kinds.values()),
        course.kills,
        course.resent + course.twice,
        sum(counts.states.values()),
        counts.states["done"],
        counts.refunds,
        f"€{counts.asked_cents / 100:,.2f}",
        f"€{counts.refunded_cents / 100:,.2f}",
        *(kinds[each] for each in named),
        sum(count for kind, count in kinds.items() if kind not in named),
    )
    print(table(head, [row]))
    several = sum(len(told) > 1 for told in course.asked.values())
    print(
        f"{seconds:.0f} s of load; clauses changed {course.clause_changes} times; {several} keys had two calls in turn."
    )
    for what, found in (
        ("Wishes", course.kinds),
        ("Calls", counts.states),
        ("Sent so often", counts.attempts),
        ("Decided by people", course.decisions),
    ):
        print(f"{what}: {', '.join(f'{name} {number}' for name, number in sorted(found.items(), key=str))}.")
    for each in course.wrong[:40]:
        print(f"  {each}")


if __name__ == "__main__":
    sys.exit(main())
