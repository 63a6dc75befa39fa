"""A language model on the tasks of tau2-bench, at our boundary: pass^1 to pass^k, in one command.

    OPENAI_API_KEY=... python benchmarks/tau2_agent.py DATA --model gpt-4.1 --trials 4

DATA is as for `benchmarks/tau2.py`. The endpoint is OpenAI's or that of `--base-url` (or OPENAI_BASE_URL). The user is
played by a model (`--user-model`, the same one if it is not given) or by a script (`--user scripted`), which is for
trying things and comparable with nothing. A task is passed if the company's database ends as it does by the gold
actions and, where the task says so, everything was told that had to be. What the published benchmark lets a model
judge (NL_ASSERTION) is not looked at. Where a clause wants a person, a person says yes.
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from answerable.inference.models.calling import EndpointClient, EndpointModel
from answerable.inference.models.endpoint import OPENAI_URL, Endpoint, Patience, Secret
from benchmarks.tau2_world.conversing import (
    ModelUser,
    ScriptedUser,
    Talk,
    User,
    communicated,
    converse,
    pass_hat,
    user_named_in,
)
from benchmarks.tau2_world.desk import (
    DOMAINS,
    Domain,
    Workspace,
    opened_desk,
    opened_store,
    outside_of,
    tasks_of,
    write_workspace,
)
from benchmarks.tau2_world.outside import Outside, Refused, served
from benchmarks.tau2_world.state import digest

PATIENCE = Patience(first_token_seconds=300, total_seconds=600)


@contextlib.asynccontextmanager
async def model_at(given: argparse.Namespace, name: str) -> AsyncIterator[EndpointModel]:
    """The model behind the endpoint."""
    key = Secret(os.environ.get("OPENAI_API_KEY", "none"))
    endpoint = Endpoint(name=name, base_url=given.base_url, key=key, wire=given.wire, patience=PATIENCE)
    client = EndpointClient(endpoint)
    try:
        yield EndpointModel(endpoint, client)
    finally:
        await client.close()


def gold_of(task: dict[str, Any], outside: Outside) -> str:
    """The hash of the database after the task's gold actions."""
    outside.reset()
    for each in task["gold_actions"]:
        try:
            outside.act(each["name"], each["arguments"])
        except Refused:
            continue
    return outside.digest


async def trial(
    given: argparse.Namespace,
    task: dict[str, Any],
    number: int,
    workspace: Workspace,
    outside: Outside,
    address: str,
    folder: Path,
) -> tuple[bool, Talk]:
    """One conversation, and whether it passed."""
    gold = gold_of(task, outside)
    outside.reset()
    scenario = task["user_scenario"]
    agent, player = model_at(given, given.model), model_at(given, given.user_model or given.model)
    async with agent as model, player as player_model:
        with opened_store(folder / "empty.db", folder / "desk.db") as store:
            user: User = ModelUser(player_model, scenario) if given.user == "model" else ScriptedUser(scenario)
            desk = await opened_desk(store, workspace, workspace.clauses, outside, address)
            known = user_named_in(scenario, outside.tools.rows["users"])
            if task["domain"] == "airline" and known is not None:
                # The airline takes a user id for proof; here the door knows it, as of somebody who is signed in.
                desk.verify(known)
                await desk.keep_customer()
            talk = await converse(
                desk,
                workspace,
                model,
                user,
                name=f"{task['id']}-{number}",
                turns_max=given.turns,
                temperature=given.temperature,
            )
    told = "COMMUNICATE" not in task["reward_basis"] or communicated(talk, task["communicate_info"] or [])
    return outside.digest == gold and told, talk


async def measure(given: argparse.Namespace, domain: Domain, data: Path, console: Console, summary: Table) -> None:
    """All wanted tasks of a domain, each so many times."""
    tasks, outside = tasks_of(domain, data), outside_of(domain, data)
    wanted = [each for each in tasks if each["id"] in given.task] if given.task else tasks[: given.tasks]
    passed: dict[str, int] = defaultdict(int)
    nothing, idle = digest(outside.initial), 0
    with tempfile.TemporaryDirectory() as temporary, served(outside) as address:
        workspace = write_workspace(domain, data, Path(temporary) / domain)
        for task in wanted:
            needs_words = "COMMUNICATE" in task["reward_basis"] and bool(task["communicate_info"])
            idle += gold_of(task, outside) == nothing and not needs_words
            for number in range(given.trials):
                well, talk = await trial(given, task, number, workspace, outside, address, Path(temporary))
                passed[task["id"]] += well
                console.print(f"{task['id']} {'passed' if well else 'failed'} ({talk.ending}, {len(talk.calls)} calls)")
                if given.out:
                    line = {"task": task["id"], "trial": number, "passed": well, "ending": talk.ending}
                    with given.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({**line, "messages": talk.messages, "calls": talk.calls}) + "\n")
    if not wanted:
        return
    shares = [
        f"{sum(pass_hat(passed[each['id']], given.trials, k) for each in wanted) / len(wanted):.3f}"
        for k in range(1, given.trials + 1)
    ]
    summary.add_row(domain, str(len(wanted)), *shares, f"{idle / len(wanted):.3f}")


async def run(arguments: list[str]) -> None:
    """Talks, and prints pass^k."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--base-url", default=os.environ.get("OPENAI_BASE_URL", OPENAI_URL))
    parser.add_argument("--wire", choices=("auto", "responses", "chat_completions"), default="auto")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--user", choices=("model", "scripted"), default="model")
    parser.add_argument("--user-model", help="whoever plays the user, at the same endpoint")
    parser.add_argument("--domain", choices=DOMAINS, action="append", help="only this one")
    parser.add_argument("--task", action="append", help="only this one, such as retail-0")
    parser.add_argument("--tasks", type=int, help="only the first so many")
    parser.add_argument("--trials", type=int, default=1, help="k: how often each task is tried")
    parser.add_argument("--turns", type=int, default=30, help="messages of the user at most")
    parser.add_argument("--out", type=Path, help="a file to which each conversation is added, as a line of JSON")
    given = parser.parse_args(arguments)
    data = given.data / "tau2" if (given.data / "tau2").is_dir() else given.data
    console = Console(width=140, highlight=False)
    summary = Table("domain", "tasks", *(f"pass^{k}" for k in range(1, given.trials + 1)), "by doing nothing")
    for domain in given.domain or DOMAINS:
        await measure(given, domain, data, console, summary)
    console.print(summary)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:]))
