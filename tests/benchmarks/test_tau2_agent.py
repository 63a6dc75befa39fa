"""The runner for language models talks to an endpoint that plays a script, and judges what came of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import tau2_agent
from benchmarks.tau2_world.conversing import STOP, Talk, communicated, pass_hat
from tests.benchmarks.test_tau2 import DATABASES
from tests.inference.pretend_endpoint import Answers, Behaviour, pretending

CANCEL = Answers(call=("cancel_pending_order", {"order_id": "#W0000001", "reason": "no longer needed"}))
FIND = Answers(call=("find_user_id_by_email", {"email": "ines@example.com"}), call_id="call_0")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "dev").mkdir()
    task = {
        "id": "retail-0",
        "domain": "retail",
        "user_scenario": {"instructions": {"reason_for_call": "Cancel #W0000001.", "known_info": "You are Ines."}},
        "gold_actions": [{"name": "cancel_pending_order", "arguments": CANCEL.call[1] if CANCEL.call else {}}],
        "communicate_info": ["10"],
        "reward_basis": ["DB", "COMMUNICATE"],
    }
    for domain, database in DATABASES.items():
        (tmp_path / f"{domain}_db.json").write_text(json.dumps(database), encoding="utf-8")
        (tmp_path / f"{domain}_policy.md").write_text("# Policy\nBe kind.\n", encoding="utf-8")
        tasks = json.dumps(task) if domain == "retail" else ""
        (tmp_path / "dev" / f"{domain}_tasks.jsonl").write_text(tasks, encoding="utf-8")
    return tmp_path


async def run(data: Path, *script: Behaviour, user: str = "scripted") -> tuple[list[dict[str, Any]], list[Any]]:
    """The conversations, and what the endpoint was asked."""
    out = data / "out.jsonl"
    async with pretending(*script) as endpoint:
        wanted = ["--model", "m", "--base-url", endpoint.url, "--user", user, "--domain", "retail", "--out", str(out)]
        await tau2_agent.run([str(data), *wanted])
        asked = [request.body for request in endpoint.asked]
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()], asked


async def test_a_model_that_does_what_is_right_passes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (talk,), asked = await run(data, FIND, CANCEL, Answers("It is cancelled; 10.00 go back."))

    assert (talk["passed"], talk["ending"]) == (True, "stop")
    assert [call[0] for call in talk["calls"]] == ["find_user_id_by_email", "cancel_pending_order"]
    assert talk["messages"][1] == ["user", "Cancel #W0000001. You are Ines."]
    assert "Be kind." in json.dumps(asked[0]), "the model reads the policy"
    assert "1.000" in capsys.readouterr().out


async def test_a_model_that_only_says_so_does_not_pass(data: Path) -> None:
    (talk,), _ = await run(data, Answers("It is cancelled; 10.00 go back."))

    assert (talk["passed"], talk["calls"]) == (False, [])


async def test_a_model_that_does_not_find_the_user_first_is_refused_and_reads_why(data: Path) -> None:
    (talk,), asked = await run(data, CANCEL, Answers("That cannot be done."))

    assert not talk["passed"]
    assert talk["calls"][0][2].startswith("refused: This needs a customer who is verified")
    assert "This needs a customer who is verified" in json.dumps(asked[1])


async def test_a_model_plays_the_user_and_ends_it(data: Path) -> None:
    (talk,), asked = await run(data, Answers("Please cancel."), Answers("No."), Answers(STOP), user="model")

    assert talk["messages"][1:] == [["user", "Please cancel."], ["agent", "No."]]
    assert talk["ending"] == "stop"
    assert "Cancel #W0000001." in json.dumps(asked[0]), "the user knows the scenario"
    assert "Cancel #W0000001." not in json.dumps(asked[1]), "and the agent does not"


def test_what_had_to_be_told_is_looked_for_in_what_the_agent_wrote() -> None:
    talk = Talk(messages=[("user", "1500?"), ("agent", "It is $1,500.00.")])

    assert communicated(talk, ["1500"])
    assert not communicated(talk, ["1600"])


def test_pass_hat_k_is_how_likely_k_trials_are_all_right() -> None:
    assert [pass_hat(2, 4, k) for k in (1, 2, 3)] == [0.5, pytest.approx(1 / 6), 0.0]
