"""A run is answered again from its recording alone, to the very reply and steps, and without any connection."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FunctionType, MethodType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update

from answerable.actions.boundary import Boundary
from answerable.actions.declaring import Action
from answerable.domain.errors import Invalid
from answerable.inference.embedders import Embedder
from answerable.people import Proving
from answerable.people.letters import LetterFolder, MailServer
from answerable.replays import Replay
from answerable.replays.nowhere import nowhere
from answerable.store.tables import runs
from answerable.traces.recording import KEPT_LESS, NOT_ENDED, SCHEMA, Recording, read_file, read_recording, write_file
from answerable.traces.replaying import covers
from tests.walks.company import Company
from tests.walks.ledgerly import open_ledgerly
from tests.walks.test_procedures import shop, talk


def run_ids(db: Connection) -> list[str]:
    return list(db.execute(select(runs.c.id).order_by(runs.c.started_at)).scalars())


async def recordings(company: Company) -> list[Recording]:
    store = company.house.store
    return [await store.read(read_recording, each) for each in await store.read(run_ids)]


async def replay_all(company: Company) -> list[Replay]:
    return [await company.house.replayer.exact(each) for each in await recordings(company)]


async def test_whatever_a_run_came_to_its_replay_comes_to_the_same(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, database_url, embedder) as (company, ines, world):
        twice = "I was charged twice. Please give me the money back."
        await talk(ines, twice, "the first one", "all of it", "yes please")
        await talk(ines, "How long does a refund take?", "And what does a further seat cost?", "Thanks!")
        between = "How long does a refund take to reach my card?"
        await talk(ines, "I want a refund", between, "ch_late", "20 EUR", "never mind")
        await talk(ines, "Which colour has the sky on Mars?")
        await talk(ines, "I would like to talk to a person, please")
        sent = world.read_text()

        replays = await replay_all(company)

        assert [each.divergence for each in replays if not each.is_equal] == []
        assert {each.reply.decision.kind for each in replays} >= {"answer", "ask", "act", "hand_off"}
        assert all(each.fidelity == 1 for each in replays)
        assert world.read_text() == sent


async def test_a_replay_of_money_that_moved_opens_no_connection(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_ledgerly(tmp_path, embedder) as ledgerly:
        amount = ledgerly.charge_twice("katrin")
        katrin = await ledgerly.company.customer()
        katrin.identity = ledgerly.token("katrin")
        await talk(katrin, "I was charged twice, please give it back", "yes")
        await talk(katrin, "Please send me my last invoice again")
        await talk(katrin, "Please change my plan to Business, paid yearly.", "yes")
        await talk(katrin, "Please cancel my subscription", "yes")
        assert ledgerly.refunded("katrin") == [amount]
        every = await recordings(ledgerly.company)
        opened: list[Any] = []

        def connect(self: socket.socket, address: Any) -> None:
            opened.append(address)
            raise OSError("nothing may be connected to")

        with monkeypatch.context() as closed:
            closed.setattr(socket.socket, "connect", connect)
            closed.setattr(socket.socket, "connect_ex", connect)
            replays = [await ledgerly.company.house.replayer.exact(each) for each in every]

        assert [each.divergence for each in replays if not each.is_equal] == []
        assert opened == []
        assert ledgerly.refunded("katrin") == [amount]
        changed = {step.name for each in replays for step in each.steps if step.kind == "action"}
        assert {"Refund charge", "Resend invoice", "Change plan", "Cancel subscription"} <= changed


async def test_there_is_nothing_in_a_replay_by_which_it_could_touch_the_world(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, _, _):
        agent = await company.house.replayer._agent_of("embedded", 1)

        connected = (Action, Boundary, Proving, LetterFolder, MailServer)
        assert [each for each in held_by([agent, nowhere()]) if isinstance(each, connected)] == []
        assert [each for each in held_by([company.house.answering]) if isinstance(each, Boundary)], "it would be seen"


def held_by(found: list[Any]) -> Iterator[Any]:
    """Everything that can be reached from some objects: their attributes, items, closures and bound selves."""
    seen: set[int] = set()
    while found:
        each = found.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | float | type):
            continue
        seen.add(id(each))
        yield each
        found += _parts(each)


def _parts(each: Any) -> list[Any]:
    if isinstance(each, dict):
        return [*each.keys(), *each.values()]
    if isinstance(each, list | tuple | set | frozenset):
        return list(each)
    if isinstance(each, MethodType):
        return [each.__self__, each.__func__]
    if isinstance(each, FunctionType):
        return [cell.cell_contents for cell in each.__closure__ or ()]
    parts = list(getattr(each, "__dict__", {}).values())
    for name in {name for kind in type(each).__mro__ for name in getattr(kind, "__slots__", ())}:
        with suppress(AttributeError, TypeError):
            parts.append(getattr(each, name))
    return parts


async def test_where_a_recording_says_something_else_the_replay_says_at_which_step(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _):
        await talk(ines, "How long does a refund take?")
        (recording,) = await recordings(company)
        replayer = company.house.replayer
        retrieved = next(each for each in recording.steps if each.kind == "retrieval" and each.name == "Retrieve")
        guarded = next(each for each in recording.steps if each.kind == "guard")

        def without(number: int) -> Recording:
            return replace(recording, steps=tuple(each for each in recording.steps if each.number != number))

        def with_step(step: Any) -> Recording:
            return replace(without(step.number), steps=(*without(step.number).steps, step))

        missing = (await replayer.exact(without(retrieved.number))).divergence
        other = (await replayer.exact(with_step(replace(guarded, summary="nothing claimed")))).divergence
        more = (await replayer.exact(with_step(replace(retrieved, number=99, input={"query": "?"})))).divergence
        reply = replace(recording.reply, text="Something else.")
        said = (await replayer.exact(replace(recording, reply=reply))).divergence

        assert missing is not None
        assert (missing.number, missing.name) == (None, "Retrieve")
        assert other is not None
        assert (other.number, other.says) == (guarded.number, "This step came to something else.")
        assert more is not None
        assert more.kind == "retrieval"
        assert said is not None
        assert (said.name, said.recorded["text"]) == ("Reply", "Something else.")


async def test_a_recording_is_read_back_from_its_file(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _):
        await talk(ines, "I want a refund", "ch_1")
        every = await recordings(company)

        for recording in every:
            write_file(recording, tmp_path / "run.json")
            assert read_file(tmp_path / "run.json") == recording


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"schema": 1, "run": {"id": "run_1"', "cut off"),
        ("", "cut off"),
        ('{"schema": 999}', "newer program"),
        ('{"answer": 42}', "does not say which schema"),
        ('{"schema": 1, "run": {}}', "missing"),
        ("[1, 2]", "does not say which schema"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_in_words(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "run.json").write_text(content)

    with pytest.raises(Invalid, match=says):
        read_file(tmp_path / "run.json")


async def test_a_run_of_which_an_older_program_kept_less_is_not_replayed(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _):
        await talk(ines, "How long does a refund take?")
        store = company.house.store
        (run_id,) = await store.read(run_ids)

        await store.write(lambda db: db.execute(update(runs).values(reply=None)) and None)
        with pytest.raises(Invalid, match=KEPT_LESS[:30]):
            await store.read(read_recording, run_id)
        await store.write(lambda db: db.execute(update(runs).values(state="given_up")) and None)
        with pytest.raises(Invalid, match=NOT_ENDED[:30]):
            await store.read(read_recording, run_id)


KEPT = Path(__file__).parent / "recordings"


async def test_what_an_earlier_program_recorded_is_still_replayed_to_the_same(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    files = sorted(KEPT.glob("schema-*/*.json"))
    assert {int(file.parent.name.removeprefix("schema-")) for file in files} == set(range(1, SCHEMA + 1))
    async with shop(tmp_path, sqlite_url, embedder) as (company, _, _):
        replays = [await company.house.replayer.exact(read_file(file)) for file in files]

    assert [each.divergence for each in replays if not each.is_equal] == []


async def test_a_rep_replays_a_run_over_the_api(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> None:
    async with shop(tmp_path, sqlite_url, embedder) as (company, ines, _):
        await talk(ines, "How long does a refund take?")
        (run_id,) = await company.house.store.read(run_ids)
        maya = await company.rep("Maya")

        answer = await maya.post(f"/api/runs/{run_id}/replays", {})
        unknown = await maya.post("/api/runs/run_nobody/replays", {})

        assert answer.status_code == 200, answer.text
        assert (answer.json()["is_equal"], answer.json()["fidelity"]) == (True, 1)
        assert "3 to 5 business days" in answer.json()["text"]
        assert unknown.status_code == 404


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=2), each, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_what_is_recorded_is_covered_by_itself_and_by_itself_with_more(recorded: Any, more: Any) -> None:
    assert covers(recorded, recorded)
    assert covers({"kept": recorded, "added": more}, {"kept": recorded})
    assert not covers({"kept": recorded}, {"kept": recorded, "added": more})
    assert covers([recorded], [more]) == covers(recorded, more)
    assert not covers([recorded, more], [recorded])
