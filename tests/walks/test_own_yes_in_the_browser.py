"""What a language model wants to change waits for the customer's own yes, whatever the model says."""

from pathlib import Path
from typing import Any

from agents import ModelResponse, Usage
from agents.testing import ModelCall, ModelStep, ScriptedModel, assistant_message, function_call

from answerable.inference.embedders import Embedder
from answerable_demo.back_office import tables
from tests.walks.ledgerly import open_ledgerly
from tests.walks.test_actions import outcome_in

WANTED = {"invoice_number": "INV-2025-0317", "by": "email"}


def what_came_of_it(asked: ModelCall) -> ModelResponse:
    """A model that says what the last outcome says."""
    outcome = outcome_in(asked)
    assert outcome is not None
    return ModelResponse([assistant_message(outcome["summary"])], Usage(), response_id=None)


async def test_nothing_is_sent_before_the_customer_has_said_yes_to_exactly_this(
    tmp_path: Path, embedder: Embedder
) -> None:
    asking = [function_call("resend_invoice", WANTED, call_id="c1")]
    both_turns: list[Any] = [asking, ModelStep.respond(what_came_of_it)]
    model = ScriptedModel([*both_turns, *both_turns])
    async with open_ledgerly(tmp_path, embedder, models={"scripted": model}, model="scripted") as ledgerly:
        unsure, ines = await ledgerly.customer("ines", size="phone"), await ledgerly.customer("ines")
        question = "Shall I do this? Please answer “yes” or “no”."
        await unsure.asks(("I cannot find my invoice of March 2025", question), ("no", "All right, nothing was done."))
        assert ledgerly.rows(tables.mails, customer_id="cus_ines") == []

        await ines.says("I cannot find my invoice of March 2025")
        await ines.reads(question, "Send the invoice INV-2025-0317 again by email")
        await ines.seat.picture("walk-own-yes")
        assert ledgerly.rows(tables.mails, customer_id="cus_ines") == []
        await ines.asks(("yes", "The PDF of invoice INV-2025-0317 was sent by e-mail to ines@studiomare.example."))

        (_,) = ledgerly.rows(tables.mails, customer_id="cus_ines")
        assert ledgerly.windows.troubles() == []
