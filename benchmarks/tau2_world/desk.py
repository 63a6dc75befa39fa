"""A desk of this program in front of one of tau2-bench's companies: a workspace in a folder, and its boundary."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from answerable.actions.asking import Request
from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action
from answerable.actions.loading import load_actions
from answerable.actions.policy_heads import clauses_of
from answerable.conversations import Arrival, receive
from answerable.domain.actions import ActionCall, Clause
from answerable.domain.clock import now
from answerable.domain.people import Customer, Rep
from answerable.jobs import Jobs
from answerable.people import introduce
from answerable.store import Store, actions, clauses, customers
from benchmarks.proving import prove
from benchmarks.tau2_world.airline import Airline
from benchmarks.tau2_world.outside import Outside
from benchmarks.tau2_world.shop import Shop

HERE = Path(__file__).resolve().parent
Domain = Literal["retail", "airline"]
DOMAINS: tuple[Domain, ...] = ("retail", "airline")
REP = Rep(
    "rep_replay", "Replay", "replay@desk.example", "lead", active=True, created_at=datetime(2024, 1, 1, tzinfo=UTC)
)
FINDS_USER = ("find_user_id_by_email", "find_user_id_by_name_zip")


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a desk was set up with."""

    folder: Path
    policy: str
    """As published, for people and models."""
    declared: Mapping[str, Action]
    clauses: tuple[Clause, ...]

    @property
    def without_rules(self) -> tuple[Clause, ...]:
        """One clause that allows whatever changes something; identity and types still hold."""
        changing = tuple(name for name, each in self.declared.items() if each.effect != "reads")
        pattern = next(each for each in self.clauses if each.effect == "allows")
        return (replace(pattern, id="ALL", title="Everything", says="Everything.", applies_to=changing, when=()),)


def outside_of(domain: Domain, data: Path) -> Outside:
    """The company's system with the published database."""
    initial = json.loads((data / f"{domain}_db.json").read_text(encoding="utf-8"))
    return Outside(Shop if domain == "retail" else Airline, initial)


def tasks_of(domain: Domain, data: Path) -> list[dict[str, Any]]:
    """The tasks of the development part."""
    lines = (data / "dev" / f"{domain}_tasks.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def write_workspace(domain: Domain, data: Path, folder: Path) -> Workspace:
    """Writes a workspace: our actions and clauses, and the published policy below them."""
    (folder / "actions").mkdir(parents=True)
    (folder / "policies").mkdir()
    for name in ("_outside.py", f"{domain}.py"):
        shutil.copy(HERE / "actions" / name, folder / "actions" / name)
    head = (HERE / f"{domain}.yaml").read_text(encoding="utf-8")
    policy = (data / f"{domain}_policy.md").read_text(encoding="utf-8")
    page = folder / "policies" / f"{domain}.md"
    page.write_text(f"---\n{head}---\n\n{policy}", encoding="utf-8")
    (folder / "answerable.toml").write_text(
        f'[company]\nname = "tau2 {domain}"\nabout = "A desk of the public benchmark tau2-bench."\n'
        'website = "https://desk.example"\n\n[[sources]]\npath = "policies"\n',
        encoding="utf-8",
    )
    declared = load_actions(folder / "actions")
    return Workspace(folder, policy, declared, tuple(clauses_of(page.name, yaml.safe_load(head), declared)))


class Desk:
    """One conversation with one customer, at the boundary."""

    def __init__(self, store: Store, boundary: Boundary, outside: Outside, customer: Customer, conversation: str):
        self.store = store
        self.boundary = boundary
        self.outside = outside
        self._customer = customer
        self._conversation = conversation
        self.approved: list[ActionCall] = []
        """What only a person could let pass."""

    def verify(self, user_id: str) -> None:
        """The door has proved the customer to be this user."""
        user = self.outside.tools.rows["users"][user_id]
        self._customer = replace(self._customer, email=user["email"], identity="verified")

    async def keep_customer(self) -> None:
        """Keeps who the customer is by now, and that it was proved in this conversation."""
        await self.store.write(customers.describe, self._customer)
        await prove(self.store, self._customer.id, self._conversation, self._customer.email)

    async def ask(self, key: str, action: str, arguments: Any) -> ActionCall:
        """What became of a call, with a person who says yes where one is asked."""
        wanted = Request(key, action, arguments, self._customer.id, self._conversation, "agent", agreed="the task")
        call = await self.boundary.request(wanted)
        if call.state == "awaiting_approval":
            approval = await self.store.read(actions.approval_of, call.id)
            assert approval is not None
            self.approved.append(call)
            call = await self.boundary.approve(approval.id, REP)
        if action in FINDS_USER and call.state == "done" and call.receipt is not None:
            # What the retail policy calls authenticating: the door takes it as proof, as that company does.
            self.verify(call.receipt.content["content"])
            await self.keep_customer()
        return call


@contextmanager
def opened_store(template: Path, file: Path) -> Iterator[Store]:
    """A fresh database, made by copying one that has been migrated."""
    if not template.exists():
        with Store(f"sqlite:///{template}") as made:
            made.migrate()
    shutil.copy(template, file)
    with Store(f"sqlite:///{file}") as store:
        yield store
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


async def opened_desk(
    store: Store, workspace: Workspace, rules: tuple[Clause, ...], outside: Outside, address: str
) -> Desk:
    """A desk whose customer has said nothing about themselves yet."""
    await store.write(clauses.put, rules, now())
    customer = (await introduce(store, name=None, email=None)).customer
    received = await receive(store, cast(Jobs, _NobodyStarts()), Arrival(customer, "chat", "m1", "Hello."))
    boundary = Boundary(store, workspace.declared, settings={"outside": address})
    return Desk(store, boundary, outside, customer, received.conversation.id)


def user_of(task: Mapping[str, Any], outside: Outside) -> str | None:
    """Whom a task is about, by what its gold actions touch."""
    rows = outside.tools.rows
    for gold in task["gold_actions"]:
        given = gold["arguments"]
        if "user_id" in given:
            return str(given["user_id"])
        for kind, name in (("orders", given.get("order_id")), ("reservations", given.get("reservation_id"))):
            if name in rows.get(kind, {}):
                return str(rows[kind][name]["user_id"])
    return None


class _NobodyStarts:
    """Jobs that nobody starts: here only calls are made."""

    def start_soon(self, kind: str, subject: str) -> None:
        """Leaves it."""
