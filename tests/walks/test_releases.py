"""A conversation goes on as it began, whatever is edited meanwhile; the next one gets what is there now."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from agents import ModelResponse, Usage
from agents.testing import ModelStep, ScriptedModel, assistant_message
from sqlalchemy import Connection

from answerable.domain.errors import Invalid
from answerable.inference.embedders import Embedder
from answerable.store import Store, conversations, releases
from answerable.store.tables import revisions
from tests.walks.company import Company, Customer
from tests.walks.test_actions import REFUNDS
from tests.walks.test_procedures import FINDING, PROCEDURE, shop, talk

WISH = "I was charged twice. Please give me the money back."
ASKED = "Which charge is it?"
ASKED_NOW = "Which payment do you mean?"


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Changes one thing in a file of the workspace."""
    file = folder / "workspace" / name
    text = file.read_text()
    assert text.count(old) >= 1
    file.write_text(text.replace(old, new))


@asynccontextmanager
async def opened_again(
    folder: Path, url: str, embedder: Embedder, before: Customer, **other: Any
) -> AsyncIterator[tuple[Company, Customer, Customer]]:
    """The company started once more, Ines as she was, and somebody new."""
    with threads_of_its_own():
        async with shop(folder, url, embedder, **other) as (company, new, _):
            http = await company.browser()
            yield company, Customer(http, before.id, before.token, identity=before.identity), new


@contextmanager
def threads_of_its_own() -> Iterator[None]:
    """A program is one event loop; here it is started twice in one, and the first has closed the loop's threads."""
    with ThreadPoolExecutor() as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        yield


async def newest(url: str) -> int:
    with Store(url) as store:
        return await store.read(releases.newest)


async def test_a_conversation_in_the_middle_of_a_procedure_goes_on_with_it_after_it_was_changed(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, database_url, embedder) as (_, ines, world):
        (asked,) = await talk(ines, WISH)
    edit(tmp_path, "procedures/refund.md", "How much of the {charge.amount} shall be given back?", "How much then?")
    edit(tmp_path, "procedures/refund.md", ASKED, ASKED_NOW)

    async with opened_again(tmp_path, database_url, embedder, ines) as (_, ines, jonas):
        how_much = await ines.ask("the first one", conversation=asked["conversation_id"])
        sure = await ines.ask("all of it", conversation=asked["conversation_id"])
        done = await ines.ask("yes please", conversation=asked["conversation_id"])
        (asked_now,) = await talk(jonas, WISH)

    assert asked["text"].startswith(ASKED)
    assert how_much["text"] == "How much of the €12.50 shall be given back?"
    assert sure["text"] == "Shall I refund €12.50 of ch_1?"
    assert done["text"] == "€12.50 will be back on your card within 5 days."
    assert len(world.read_text().splitlines()) == 1
    assert asked_now["text"].startswith(ASKED_NOW)


async def test_a_procedure_that_was_taken_away_is_there_for_conversations_from_before(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (_, ines, _world):
        (hello,) = await talk(ines, "Hello!")
    (tmp_path / "workspace" / "procedures" / "refund.md").unlink()

    async with opened_again(tmp_path, sqlite_url, embedder, ines) as (_, ines, jonas):
        before = await ines.ask(WISH, conversation=hello["conversation_id"])
        (now,) = await talk(jonas, WISH)

    assert before["text"].startswith(ASKED)
    assert ASKED not in now["text"]


async def test_what_was_begun_before_releases_had_procedures_is_left_and_the_message_answered(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    def as_an_older_program_kept_it(db: Connection) -> None:
        # The conversation's release has no such procedure.
        db.execute(revisions.update().where(revisions.c.title == "Refund a charge").values(to_release=2))

    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _):
        (asked,) = await talk(ines, WISH)
        await company.house.store.write(as_an_older_program_kept_it)

    async with opened_again(tmp_path, sqlite_url, embedder, ines) as (company, ines, _jonas):
        answer = await ines.ask("How long does a refund take to reach my card?", conversation=asked["conversation_id"])
        kept = await company.house.store.read(conversations.by_id, answer["conversation_id"])

    assert "3 to 5 business days" in answer["text"]
    assert kept is not None
    assert kept.procedure is None


GONE = {
    "the action": ("async def refund_charge", "async def pay_back", "There is no action 'refund_charge'."),
    "an argument": (
        "charge_id: str",
        "charge: str",
        "The arguments of refund_charge are not right. It contains unknown field “charge_id”.",
    ),
}


@pytest.mark.parametrize(("old", "new", "says"), GONE.values(), ids=GONE)
async def test_an_old_procedure_that_asks_for_what_no_action_takes_any_more_goes_to_a_person(
    tmp_path: Path, sqlite_url: str, embedder: Embedder, old: str, new: str, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    said, handed = '- say: "{refund.summary}"\n---', '- hand_off: "No refund. {refund.reason}"\n---'
    hands_over = PROCEDURE.replace(said, handed)
    async with shop(tmp_path, sqlite_url, embedder, procedure=hands_over) as (_, ines, world):
        *_, sure = await talk(ines, WISH, "the first one", "all of it")
    (tmp_path / "workspace" / "procedures" / "refund.md").unlink()
    (tmp_path / "workspace" / "policies" / "refunds.md").unlink()
    (tmp_path / "workspace" / "actions" / "refunds.py").write_text((REFUNDS + FINDING).replace(old, new))

    async with opened_again(tmp_path, sqlite_url, embedder, ines) as (company, ines, _jonas):
        over = await ines.ask("yes", conversation=sure["conversation_id"])
        kept = await company.house.store.read(conversations.by_id, over["conversation_id"])

    assert over["decision"] == "hand_off"
    assert kept is not None
    assert kept.why == f"No refund. {says}"
    assert not world.exists()
    assert "Traceback" not in caplog.text


async def test_a_workspace_with_a_fault_ships_nothing_and_says_where(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder):
        pass
    before = await newest(sqlite_url)
    (tmp_path / "workspace" / "instructions.md").write_text("Say you.")
    edit(tmp_path, "procedures/refund.md", "call: refund_charge", "call: refund_everything")

    with threads_of_its_own(), pytest.raises(Invalid, match=r"refund\.md:\d+: There is no action refund_everything"):
        async with shop(tmp_path, sqlite_url, embedder):
            pass

    assert await newest(sqlite_url) == before


async def test_a_language_model_reads_the_companys_instructions_of_the_conversations_release(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    read: list[str] = []

    def listen(call: Any) -> ModelResponse:
        read.append(call.system_instructions)
        return ModelResponse([assistant_message("Hello!")], Usage(), response_id=None)

    scripted: dict[str, Any] = {
        "models": {"scripted": ScriptedModel([ModelStep.respond(listen)] * 3)},
        "model": "scripted",
    }
    async with shop(tmp_path, sqlite_url, embedder, **scripted) as (_, ines, _world):
        (hello,) = await talk(ines, "Hello!")
    (tmp_path / "workspace" / "instructions.md").write_text("Say {company}, and never the company.\n")

    async with opened_again(tmp_path, sqlite_url, embedder, ines, **scripted) as (_, ines, jonas):
        await ines.ask("Are you there?", conversation=hello["conversation_id"])
        await talk(jonas, "Hello!")

    first, old, new = read
    assert first == old
    assert new.startswith(first)
    assert "What Ledgerly asks of you besides." in new
    assert new.endswith("Say {company}, and never the company.")
