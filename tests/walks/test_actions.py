"""An action from the customer's words to its receipt: decided by clauses and people, and told truthfully."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agents import Model, ModelResponse, Usage
from agents.testing import ModelCall, ModelStep, ScriptedModel, assistant_message, function_call

from answerable.domain.actions import Approval
from answerable.domain.clock import now
from answerable.domain.errors import Unavailable
from answerable.domain.people import Rep as Colleague
from answerable.inference.embedders import Embedder
from answerable.store import actions, clauses
from tests.actions.bank import clause
from tests.people.host import Host
from tests.walks.company import Company, Customer, open_company

MONEY_BACK = "I was charged twice. Please give me the money back."
SHALL_I = """Shall I do this? Please answer “yes” or “no”.

– Refund charge (charge id: ch_1, amount: 20.00 EUR)"""
# Each refund is a line of a file: the outside world, which can be counted.
REFUNDS = '''
"""Refunds, each a line of a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from answerable.actions.declaring import Amount, Doing, Limits, action


class RefundWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to give back."""

    charge_id: str
    amount: Amount


class Refunded(msgspec.Struct, frozen=True):
    """A refund."""

    reference: str
    summary: str


def _made(doing: Doing, wanted: RefundWanted) -> Refunded:
    return Refunded(f"re_{wanted.charge_id}", f"{wanted.amount.money} will be back on your card within 5 days.")


async def find(doing: Doing, wanted: RefundWanted) -> Refunded | None:
    """What was done under the key."""
    file = Path(doing.settings["file"])
    return _made(doing, wanted) if file.exists() and doing.key in file.read_text() else None


async def facts(doing: Doing, wanted: RefundWanted) -> Mapping[str, Any]:
    """What the clauses need."""
    return {"is_lost": wanted.charge_id == "ch_lost"}


@action(
    effect="moves_money",
    identity="verified",
    limits=Limits(per_call={"EUR": "200.00"}, per_customer_a_day={"EUR": "200.00"}, per_day={"EUR": "400.00"}),
    facts=facts,
    money=lambda wanted: wanted.amount.money,
    look_up=find,
    simulate=_made,
)
async def refund_charge(doing: Doing, wanted: RefundWanted) -> Refunded:
    """Gives a charge back."""
    with Path(doing.settings["file"]).open("a") as file:
        file.write(doing.key + chr(10))
    if wanted.charge_id == "ch_late":
        raise TimeoutError
    return _made(doing, wanted)
'''
POLICY = """---
title: Refunds
clauses:
  - {id: R-1, title: Refunds, says: We give money back., effect: allows, actions: [refund_charge]}
  - id: R-2
    title: Larger ones
    says: Refunds over €50.00 need a person.
    effect: needs_approval
    actions: [refund_charge]
    above: {EUR: "50.00"}
  - id: R-3
    title: Lost charges
    says: A charge that was lost is not given back.
    effect: forbids
    actions: [refund_charge]
    when: [{fact: is_lost, equals: true}]
---
# Refunds

We give money back.
"""


@asynccontextmanager
async def desk(
    folder: Path, database_url: str, embedder: Embedder, model: Model
) -> AsyncIterator[tuple[Company, Customer, Path]]:
    """The company with its refunds, a customer who has proved who she is, and the outside world."""
    world = folder / "refunds.txt"
    settings = f"[actions]\nfile = '{world}'\n"
    files = {"actions/refunds.py": REFUNDS, "policies/refunds.md": POLICY}
    async with open_company(
        folder,
        database_url,
        embedder=embedder,
        models={"scripted": model},
        model="scripted",
        files=files,
        more=settings,
    ) as company:
        ines = await company.customer()
        ines.identity = Host().token()
        yield company, ines, world


def refunding(
    euros: str, *, charge: str = "ch_1", says: Callable[[str], str] = str, wheedles: str = "Shall I go on?"
) -> ScriptedModel:
    """A model that asks for a refund, whatever it was asked, and once that is decided says what `says` makes of it."""
    wanted = {"charge_id": charge, "amount": {"amount": euros, "currency": "EUR"}}

    def tell(asked: ModelCall) -> ModelResponse:
        outcome = outcome_in(asked)
        is_decided = outcome is not None and outcome["state"] != "awaiting_customer"
        text = says(outcome["summary"]) if outcome is not None and is_decided else wheedles
        return ModelResponse([assistant_message(text)], Usage(), response_id=None)

    steps: list[Any] = [[function_call("refund_charge", wanted, call_id="c1")], *[ModelStep.respond(tell)] * 3]
    return ScriptedModel(steps)


def claim_more(_: str) -> str:
    """What a model says that is not true."""
    return "I have refunded 90.00 EUR to your card."


def break_down(_: str) -> str:
    """A model that is gone once its action is done."""
    raise Unavailable("The model is gone.")


def outcome_in(asked: ModelCall) -> dict[str, Any] | None:
    items: Any = asked.input
    outputs = [json.loads(item["output"]) for item in items if item.get("type") == "function_call_output"]
    return outputs[-1] if outputs else None


async def agreed(ines: Customer) -> dict[str, Any]:
    """The reply to the customer's yes."""
    asked = await ines.ask(MONEY_BACK)
    return await ines.ask("Yes", conversation=asked["conversation_id"])


def made(world: Path) -> int:
    return len(world.read_text().splitlines()) if world.exists() else 0


async def approval_in(company: Company) -> Approval:
    (approval,) = await company.house.store.read(lambda db: actions.open_approvals(db, after=None, limit=9))
    return approval


READ_HERE = "You will read here what was decided."
MAYA = Colleague("rep_maya", "Maya", "maya@ledgerly.example", "rep", active=True, created_at=now())


async def told_later(ines: Customer, conversation: str, number: int) -> dict[str, Any]:
    def is_it(event: dict[str, Any]) -> bool:
        return bool(event["name"] == "message" and event["data"]["number"] == number)

    heard = await ines.hear(conversation, until=is_it)
    said: dict[str, Any] = heard[-1]["data"]
    return said


async def test_a_refund_within_the_rules_is_done_and_told_in_the_words_of_its_receipt(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00")) as (company, ines, world):
        reply = await agreed(ines)
        maya = await company.rep("Maya Okafor")
        _, run = (await maya.get(f"/api/conversations/{reply['conversation_id']}"))["runs"]
        trace = await maya.get(f"/api/runs/{run['id']}")

    assert reply["text"] == "€20.00 will be back on your card within 5 days."
    assert (run["decision"], made(world)) == ("act", 1)
    kinds = [span["kind"] for span in trace["spans"]]
    assert kinds == ["action", "policy", "model", "guard"]
    (action, policy) = (span for span in trace["spans"] if span["kind"] in ("action", "policy"))
    assert action["input"] == {"question": SHALL_I, "answer": "yes"}
    assert policy["summary"] == "R-1 allows"
    assert policy["input"]["facts"] == {"is_lost": False, "identity": "verified"}


async def test_nothing_is_changed_on_a_models_word_alone(tmp_path: Path, database_url: str, embedder: Embedder) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00", wheedles="Say yes for a gift!")) as (
        company,
        ines,
        world,
    ):
        reply = await ines.ask("What does it cost?")
        maya = await company.rep("Maya Okafor")
        (call,) = (await maya.get("/api/actions"))["items"]

    assert reply["text"] == SHALL_I
    assert (call["state"], made(world)) == ("awaiting_customer", 0)


async def test_whatever_is_not_a_yes_to_exactly_this_does_nothing(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00")) as (company, ines, world):
        conversation = (await ines.ask(MONEY_BACK))["conversation_id"]
        await ines.ask("Yesterday I paid twice.", conversation=conversation)
        await ines.ask("Yes", conversation=conversation)
        maya = await company.rep("Maya Okafor")
        (call,) = (await maya.get("/api/actions"))["items"]

    assert (call["state"], made(world)) == ("awaiting_customer", 0)


async def test_a_no_is_kept_and_nothing_is_done(tmp_path: Path, database_url: str, embedder: Embedder) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00")) as (company, ines, world):
        conversation = (await ines.ask(MONEY_BACK))["conversation_id"]
        reply = await ines.ask("No, thanks", conversation=conversation)
        maya = await company.rep("Maya Okafor")
        (call,) = (await maya.get("/api/actions"))["items"]
        detail = await maya.get(f"/api/actions/{call['id']}")

    assert reply["text"] == "All right, nothing was done."
    assert (call["state"], made(world)) == ("declined", 0)
    assert [(each["state"], each["by"]["kind"]) for each in detail["record"]] == [
        ("awaiting_customer", "agent"),
        ("declined", "customer"),
    ]


async def test_what_waits_for_the_customers_yes_ends_the_turn_with_its_question(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    wanted = {"charge_id": "ch_1", "amount": {"amount": "20.00", "currency": "EUR"}}
    gives_up = function_call("refuse", {"reason": "Refund 20.00 EUR", "message": "I can't."}, call_id="c2")
    model = ScriptedModel([[function_call("refund_charge", wanted, call_id="c1")], [gives_up]])
    async with desk(tmp_path, database_url, embedder, model) as (company, ines, _):
        reply = await ines.ask(MONEY_BACK)
        maya = await company.rep("Maya Okafor")
        (run,) = (await maya.get(f"/api/conversations/{reply['conversation_id']}"))["runs"]
        trace = await maya.get(f"/api/runs/{run['id']}")

    assert (reply["decision"], reply["text"]) == ("ask", SHALL_I)
    assert [span["kind"] for span in trace["spans"]].count("model") == 1, "nobody would read what it wrote after that"


async def test_a_reply_that_claims_more_than_the_receipt_is_not_sent(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    lie = refunding("90.00", says=lambda _: "I have refunded 90.00 EUR to your card.")
    async with desk(tmp_path, database_url, embedder, lie) as (_, ines, world):
        reply = await agreed(ines)

    assert reply["text"] == "A colleague has to decide about this first. Nothing has been done yet. " + READ_HERE
    assert made(world) == 0


async def test_how_far_it_has_come_is_told_also_by_a_model_that_speaks_of_something_else(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    asks_back = refunding("90.00", says=lambda _: "Is that all right with you?")
    async with desk(tmp_path, database_url, embedder, asks_back) as (_, ines, _):
        reply = await agreed(ines)

    assert reply["text"] == (
        f"A colleague has to decide about this first. Nothing has been done yet. {READ_HERE}\n\n"
        "Is that all right with you?"
    )


async def test_what_was_done_is_told_whatever_else_a_model_makes_of_it(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00", says=claim_more)) as (_, ines, world):
        reply = await agreed(ines)

    assert (reply["decision"], made(world)) == ("act", 1)
    assert reply["text"] == "€20.00 will be back on your card within 5 days."


async def test_what_was_done_is_told_also_where_the_model_breaks_down_after_it(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00", says=break_down)) as (_, ines, world):
        reply = await agreed(ines)
        told = await told_later(ines, reply["conversation_id"], 5)

    assert (reply["decision"], made(world)) == ("hand_off", 1)
    assert "€20.00 will be back on your card within 5 days." in told["text"]


async def test_over_the_limit_a_person_decides_and_the_customer_is_told_once_what(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("90.00")) as (company, ines, world):
        reply = await agreed(ines)
        assert reply["text"].startswith("A colleague has to decide about this first. Nothing has been done yet.")
        assert made(world) == 0

        of_all_of_it = "She has complained before."
        await company.house.boundary.approve((await approval_in(company)).id, MAYA, reason=of_all_of_it)
        told = await told_later(ines, reply["conversation_id"], 5)
        whole = await ines.conversation(reply["conversation_id"])

    assert told["text"] == "€90.00 will be back on your card within 5 days."
    assert [message["author"] for message in whole["messages"]] == ["customer", "agent"] * 2 + ["agent"]
    assert made(world) == 1


async def test_why_a_person_gave_less_is_told_and_what_they_say_to_colleagues_is_not(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("90.00")) as (company, ines, _):
        reply = await agreed(ines)
        less = {"charge_id": "ch_1", "amount": {"amount": "60.00", "currency": "EUR"}}
        why, note = "A part of it was used.", "She has complained before."
        approval = (await approval_in(company)).id
        await company.house.boundary.approve(approval, MAYA, arguments=less, reason=why, note=note)
        told = await told_later(ines, reply["conversation_id"], 5)

    assert told["text"] == (
        "A colleague has decided about this. A part of it was used. €60.00 will be back on your card within 5 days."
    )


async def test_what_a_person_declines_is_told_with_the_reason_and_not_done(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("90.00")) as (company, ines, world):
        reply = await agreed(ines)
        await company.house.boundary.decline(
            (await approval_in(company)).id, MAYA, reason="It was one charge.", note="Hm."
        )
        told = await told_later(ines, reply["conversation_id"], 5)

    assert told["text"] == (
        "A colleague has decided that this cannot be done. It was one charge. "
        "You can ask for a person here at any time."
    )
    assert made(world) == 0


async def test_what_a_rule_forbids_although_a_person_approved_it_is_told_with_a_way_on(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("90.00")) as (company, ines, world):
        reply = await agreed(ines)
        store = company.house.store
        rules = await store.read(clauses.in_force_now, now())
        stop = clause("R-9", "forbids", says="From today nothing is given back.")
        await store.write(clauses.put, [*rules, stop], now())
        await company.house.boundary.approve((await approval_in(company)).id, MAYA)
        told = await told_later(ines, reply["conversation_id"], 5)

    assert told["text"] == (
        "I may not do this. From today nothing is given back. You can ask for a person here at any time."
    )
    assert made(world) == 0


async def test_what_is_not_known_is_not_promised(tmp_path: Path, database_url: str, embedder: Embedder) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00", charge="ch_late")) as (_, ines, world):
        reply = await agreed(ines)

    assert reply["text"].startswith("I have asked for this, and it is not confirmed yet.")
    assert made(world) == 1


async def test_what_a_clause_forbids_is_told_in_its_words(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, database_url, embedder, refunding("20.00", charge="ch_lost")) as (_, ines, world):
        reply = await ines.ask(MONEY_BACK)

    assert reply["text"] == "I may not do this. A charge that was lost is not given back."
    assert made(world) == 0


async def test_whoever_is_not_known_is_told_how_to_change_that(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with desk(tmp_path, sqlite_url, embedder, refunding("20.00")) as (_, ines, world):
        ines.identity = ""
        reply = await ines.ask(MONEY_BACK)

    assert reply["text"].startswith("To do this I first need to be sure who you are. Please sign in on this page")
    assert made(world) == 0
