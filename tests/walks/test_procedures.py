"""A request is handled by its procedure from the first words to the receipt, without a language model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from agents import ModelResponse, Usage
from agents.testing import ModelStep, ScriptedModel, assistant_message, function_call

from answerable.actions.recorded import agreement_in
from answerable.inference.embedders import Embedder
from answerable.store import actions, conversations
from tests.people.host import Host
from tests.walks.company import Company, Customer, open_company
from tests.walks.test_actions import POLICY, REFUNDS

FINDING = '''

class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is about who asks."""


class Charge(msgspec.Struct, frozen=True):
    """A charge."""

    id: str
    at: str
    amount: Amount


class Charges(msgspec.Struct, frozen=True):
    """What was charged."""

    reference: str
    summary: str
    charges: list[Charge]


@action(effect="reads", identity="verified")
async def find_charges(doing: Doing, wanted: Nothing) -> Charges:
    """Finds the customer's charges."""
    found = [
        Charge("ch_1", "2026-11-01", Amount("12.50", "EUR")),
        Charge("ch_2", "2026-10-01", Amount("84.00", "EUR")),
        Charge("ch_late", "2026-09-01", Amount("20.00", "EUR")),
    ]
    return Charges("list", "Your charges.", found)
'''
PROCEDURE = """---
id: refund
title: Refund a charge
when: The customer wants money back.
examples:
  - I was charged twice. Please give me the money back.
  - I want a refund
  - Please refund my last payment
  - Give me my money back
not_examples:
  - How long do refunds take?
  - When will my refund arrive?
needs:
  charge:
    kind: found
    found: charges.charges
    id: id
    shown: "{amount} on {at} ({id})"
    ask: {en: "Which charge is it?", de: "Welche Zahlung ist es?"}
  amount:
    kind: money
    currency: "{charge.amount.currency}"
    whole: "{charge.amount}"
    ask: How much of the {charge.amount} shall be given back?
  sure: {kind: yes_no, ask: "Shall I refund {amount} of {charge.id}?"}
may_promise:
  refund_charge: That the money will be back, with the days of the receipt.
steps:
  - call: find_charges
    as: charges
    on:
      else:
        - hand_off: "The charges could not be looked up: {charges.reason}"
          say: I could not look your charges up.
  - ask: charge
  - ask: amount
  - ask: sure
  - branch: sure
    cases:
      - is: "no"
        do:
          - say: All right, nothing is refunded.
          - end
    else: []
  - call: refund_charge
    as: refund
    with: {charge_id: "{charge.id}", amount: "{amount}"}
    on:
      done:
        - say: "{refund.summary}"
      else:
        - say: "{refund.summary}"
---

Find the charge, ask how much, be sure, refund.
"""


@asynccontextmanager
async def shop(
    folder: Path, url: str, embedder: Embedder, *, procedure: str = PROCEDURE, **other: Any
) -> AsyncIterator[tuple[Company, Customer, Path]]:
    """A company whose refunds are a procedure, Ines who has proved who she is, and the outside world."""
    world = folder / "refunds.txt"
    files = {
        "actions/refunds.py": REFUNDS + FINDING,
        "policies/refunds.md": POLICY,
        "procedures/refund.md": procedure,
    }
    more = f"[actions]\nfile = '{world}'\n"
    async with open_company(folder, url, embedder=embedder, files=files, more=more, **other) as company:
        ines = await company.customer()
        ines.identity = Host().token()
        yield company, ines, world


async def talk(ines: Customer, *texts: str) -> list[dict[str, Any]]:
    """What the agent says to each."""
    replies: list[dict[str, Any]] = []
    for text in texts:
        replies.append(await ines.ask(text, conversation=replies[0]["conversation_id"] if replies else None))
    return replies


async def state(company: Company, reply: dict[str, Any]) -> dict[str, Any] | None:
    found = await company.house.store.read(conversations.by_id, reply["conversation_id"])
    assert found is not None
    return found.procedure


async def test_a_refund_from_the_first_words_to_the_receipt(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, world):
        which, how_much, sure, done = await talk(
            ines, "I was charged twice. Please give me the money back.", "the first one", "all of it", "yes please"
        )

        assert which["text"].splitlines()[0] == "Which charge is it?"
        assert "- €12.50 on 1 November 2026 (ch_1)" in which["text"]
        assert how_much["text"] == "How much of the €12.50 shall be given back?"
        assert sure["text"] == "Shall I refund €12.50 of ch_1?"
        assert done["text"] == "€12.50 will be back on your card within 5 days."
        assert len(world.read_text().splitlines()) == 1
        assert await state(company, done) is None


MAIL = """I got this today.

Harbour Couriers, Lisbon. Thank you for using us. Your parcel travels by rail, and then by road to your door. Fee for
parcels that come late: paid. Fee for parcels by rail: paid. Fee for boxes: paid. Keep this letter with your papers: it
stands for the slip that used to lie in the box. Our office is open on workdays and on Saturdays. Whoever has questions
on parcels finds the courier in the telephone book, or asks at the counter in the harbour by the old bridge. With
kind regards, the team in Lisbon, which wishes you a good week and a quiet road home.

"""


async def test_what_stands_in_a_mail_that_is_passed_on_is_no_part_of_the_wish(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    options = "options: {late: Late, lost: Lost}, from_first_words: true, ask: 'What is wrong?'"
    procedure = PROCEDURE.replace("needs:", f"needs:\n  wrong: {{kind: choice, {options}}}", 1)
    procedure = procedure.replace("  - ask: charge", "  - ask: wrong\n  - ask: charge")
    async with shop(tmp_path, sqlite_url, embedder, procedure=procedure) as (_, ines, world):
        (asked,) = await talk(ines, f"{MAIL}I want a refund for a payment of mine.")
        (known,) = await talk(ines, "I want a refund for a payment of mine, it came late.")

        assert asked["text"].splitlines()[0] == "What is wrong?"
        assert known["text"].splitlines()[0] == "Which charge is it?"
        assert not world.exists()


AT_ONCE = (
    PROCEDURE.split("needs:", maxsplit=1)[0]
    + """steps:
  - call: refund_charge
    as: refund
    with: {charge_id: ch_1, amount: {amount: "12.50", currency: EUR}}
    on:
      else:
        - say: "{refund.summary}"
---

Give back what was taken in November.
"""
)


async def test_what_only_sounds_like_a_wish_changes_nothing_before_the_customer_agrees(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder, procedure=AT_ONCE) as (_, ines, world):
        (passed_on,) = await talk(ines, "Here is what I got on my money")
        assert passed_on["text"].startswith("Shall I do this?")
        assert "– Refund charge (charge id: ch_1, amount: 12.50 EUR)" in passed_on["text"]
        assert not world.exists()

        _, agreed = await talk(ines, "Here is what I got on my money", "yes")
        assert "€12.50 will be back" in agreed["text"]

        (asked,) = await talk(ines, "Please refund my last payment")
        assert "€12.50 will be back" in asked["text"], "what is asked for in so many words needs no second question"


async def test_over_the_limit_the_customer_is_told_that_a_person_decides(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (_, ines, world):
        *_, told = await talk(ines, "I want a refund", "ch_2", "84 EUR", "yes")

        assert "colleague" in told["text"] or "person" in told["text"]
        assert "will be back" not in told["text"]
        assert not world.exists()


async def test_an_outcome_that_is_not_known_is_not_told_as_done(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (_, ines, _world):
        *_, told, urged, asked = await talk(
            ines, "I want a refund", "3", "20 EUR", "yes", "yes, please do it", "did it go through?"
        )

        assert "will be back" not in told["text"]
        assert told["text"]
        for reply in (urged, asked):
            assert "it is not confirmed yet" in reply["text"]
            assert reply["text"].endswith("Nothing is done twice.")


async def test_who_they_are_is_asked_once_a_turn_however_often_a_model_follows_the_procedure(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    def follow(number: int) -> list[Any]:
        return [function_call("follow_procedure", {"procedure": "refund"}, call_id=f"c{number}")]

    done = ModelResponse([assistant_message("Please do.")], Usage(), response_id=None)
    turn = [follow(1), follow(2), follow(3), ModelStep.respond(lambda _: done)]
    steps: list[Any] = [*turn, *turn]
    models = {"scripted": ScriptedModel(steps)}
    async with shop(tmp_path, sqlite_url, embedder, models=models, model="scripted") as (company, ines, _):
        ines.identity = ""
        first, second = await talk(ines, "I want a refund", "I have no time for that")
        after = await state(company, second)

        assert first["text"].startswith("To do this I first need to be sure who you are.")
        assert after is not None
        assert (after["awaits"], after["asked_in_vain"]) == ("identity", 2), "once in each turn"


async def test_what_a_procedure_did_is_told_in_its_words_whatever_a_model_makes_of_it(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    goes_on = [function_call("follow_procedure", {"procedure": "refund"}, call_id="c1")]
    lies = ModelResponse([assistant_message("I have refunded 4,321.00 EUR to you.")], Usage(), response_id=None)
    steps: list[Any] = [goes_on, ModelStep.respond(lambda _: lies)] * 4
    models = {"scripted": ScriptedModel(steps)}
    async with shop(tmp_path, sqlite_url, embedder, models=models, model="scripted") as (_, ines, world):
        *_, told = await talk(ines, "I want a refund", "ch_2", "20 EUR", "yes")

        assert "€20.00 will be back" in told["text"]
        assert "4,321" not in told["text"]
        assert len(world.read_text().splitlines()) == 1


async def test_the_record_of_a_procedures_call_says_what_the_customer_wrote_to_what(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _):
        *_, done = await talk(ines, "I want a refund", "ch_1", "all of it", "yes please")
        calls = await company.house.store.read(actions.of_conversation, done["conversation_id"])
        (refund,) = [each for each in calls if each.action == "refund_charge"]
        agreed = agreement_in(await company.house.store.read(actions.record, refund.id))

        assert agreed is not None
        assert agreed.to.startswith("refund, step ")
        assert agreed.to.endswith("the customer wrote “yes please” to “Shall I refund €12.50 of ch_1?”.")


async def test_a_question_is_answered_and_begins_nothing(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _world):
        (answer,) = await talk(ines, "How long does a refund take to reach my card?")

        assert "3 to 5 business days" in answer["text"]
        assert not answer["asks"], "a list at its end would not be one to choose from"
        assert await state(company, answer) is None


async def test_a_question_in_between_comes_back_to_the_open_one(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _world):
        _, aside, how_much, left = await talk(
            ines, "I want a refund", "How long does a refund take to reach my card?", "ch_1", "never mind"
        )

        assert "3 to 5 business days" in aside["text"]
        assert "Which charge is it?" in aside["text"]
        assert (aside["decision"], aside["asks"]) == ("answer", True), "it can be rated, and what it asks be chosen"
        assert how_much["text"].startswith("How much of the €12.50")
        assert left["text"].startswith("All right.")
        assert await state(company, left) is None


async def test_a_question_in_between_about_which_nothing_is_found_is_not_passed_over(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _world):
        _, aside = await talk(ines, "I want a refund", "Who won the football match?")

        assert aside["text"].startswith(
            "I found nothing about this: “Who won the football match?”.\n\nWhich charge is it?"
        )
        assert await state(company, aside) is not None


async def test_an_answer_with_a_name_in_it_is_answered_in_the_language_of_before(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (_, ines, _world):
        _, again = await talk(ines, "I want a refund", "Södermannagatan 12")

        assert again["text"].startswith("I did not understand that.")


async def test_what_is_not_understood_twice_goes_to_a_person_with_all_that_is_known(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, world):
        *_, again, over = await talk(ines, "I want a refund", "ch_1", "half of it", "some of it")

        assert again["text"].startswith("I did not understand that. How much of the €12.50")
        assert "colleague" in over["text"]
        assert await state(company, over) is None
        assert not world.exists()
