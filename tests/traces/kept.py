"""Runs of Ines as the store keeps them."""

from datetime import timedelta

from sqlalchemy import Connection, insert

from answerable.domain.people import Customer
from answerable.domain.runs import Run, RunState, Span, Usage
from answerable.store import conversations, customers, runs
from answerable.store.tables import episodes, messages, turns
from tests.traces.generated import NOON, conversation

DAY = timedelta(days=1)
INES = Customer("cus_1", "Ines Carvalho", "ines@studiomare.example", "known", {}, NOON)


def keep_runs(db: Connection, number: int) -> None:
    """A conversation of Ines in which each day one run has ended, and a last one that is under way."""
    customers.add(db, INES, token_digest="d1")
    conversations.add(db, conversation())
    db.execute(insert(episodes).values(id="epi_1", conversation_id="con_1", number=1, opened_at=NOON))
    for each in range(1, number + 2):
        keep_run(db, each, ended=each <= number)


def keep_run(db: Connection, number: int, *, ended: bool = True, state: RunState = "finished") -> None:
    """A run of the conversation: one search for what Ines said, and the reply."""
    at = NOON + (number - 1) * DAY
    turn = {"id": f"trn_{number}", "conversation_id": "con_1", "episode_id": "epi_1", "number": number}
    db.execute(insert(turns).values(**turn, state="running", opened_at=at))
    _keep_message(db, number, 2 * number - 1, "customer", f"Ines asks {number}", None)
    run = Run(
        f"run_{number}", f"trn_{number}", "con_1", 0, "embedded", "running", None, None, None, Usage(), at, None
    )  # fmt: skip
    runs.start(db, run, {})
    asked = {"query": f"Ines asks {number}", "release": 0}
    step = Span(
        f"spn_{number}", run.id, None, 1, "retrieval", "Retrieve", "1 passage", "done", asked, None, None, Usage(),
        at, 9,
    )  # fmt: skip
    runs.record(db, [step])
    if ended:
        _keep_message(db, number, 2 * number, "agent", f"Told {number}", run.id)
        runs.end(
            db, run.id, state=state, decision=None, usage=Usage(), strip=(), reply=None, at=at + timedelta(seconds=1)
        )


def _keep_message(db: Connection, turn: int, number: int, author: str, text: str, run_id: str | None) -> None:
    db.execute(
        insert(messages).values(
            id=f"msg_{number}",
            conversation_id="con_1",
            episode_id="epi_1",
            number=number,
            author=author,
            text=text,
            turn_id=f"trn_{turn}",
            run_id=run_id,
            citations=[],
            created_at=NOON,
        )
    )
