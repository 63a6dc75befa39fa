"""A run with everything that a trace of it tells."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from answerable.domain.conversations import Conversation
from answerable.domain.runs import Run, Span
from answerable.store import Store, conversations, messages, runs

NAMES_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WholeRun:
    """A run, its steps, and what was said on both sides."""

    run: Run
    steps: tuple[Span, ...]
    conversation: Conversation
    said: tuple[str, ...]
    """The customer's messages of the turn, in order."""
    reply: str | None
    """What the customer was told; none if this run's reply was not sent."""


def whole_run(db: Connection, run_id: str) -> WholeRun | None:
    """The run of that name."""
    run = runs.by_id(db, run_id)
    conversation = conversations.by_id(db, run.conversation_id) if run else None
    if run is None or conversation is None:
        return None
    of_turn = messages.of_turn(db, run.conversation_id, run.turn_id)
    return WholeRun(
        run=run,
        steps=tuple(runs.steps(db, run_id)),
        conversation=conversation,
        said=tuple(message.text for message in of_turn if message.author == "customer"),
        reply=next((message.text for message in of_turn if message.run_id == run_id), None),
    )


async def ended_runs(store: Store, *, since: datetime | None, until: datetime | None) -> AsyncIterator[WholeRun]:
    """The runs that began in a stretch of time and have ended, oldest first; one at a time is held in memory."""
    after: tuple[datetime, str] | None = None
    while named := await store.read(runs.begun_between, since=since, until=until, after=after, limit=NAMES_AT_ONCE):
        for _, run_id in named:
            if (whole := await store.read(whole_run, run_id)) is not None:
                yield whole
        after = named[-1]
