"""Answering a turn: the job that opens a run, lets the agent answer, and keeps exactly one reply."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from answerable.agents.asked import Answers, Asked
from answerable.conversations.keeping import (
    WHY_CHARACTERS,
    keep_handoff,
    keep_message,
    pass_turns,
    shortened,
    tell,
    waiting_turn,
)
from answerable.domain.clock import now
from answerable.domain.conversations import Conversation, Decision, Message, Reply, Turn
from answerable.domain.errors import AnswerableError, Unavailable
from answerable.domain.ids import new_id
from answerable.domain.runs import UNEXPECTED, Run, RunState, Span, Usage
from answerable.jobs import Jobs
from answerable.store import Store, actions, conversations, customers, events, messages, releases, runs, turns
from answerable.traces import Ledger
from answerable.traces.recording import beginning

log = logging.getLogger(__name__)

SWEEP_SECONDS = 5.0
# So often a run looks whether a person has taken over: from then on a language model would write for nobody, and cost.
LOOK_SECONDS = 1.0
# Sentences that follow each other this fast are sent together; the whole reply may be there by then.
SEND_AFTER_SECONDS = 0.05
# A browser that was cut off for longer reads its conversation anew instead of resuming its stream.
EVENTS_KEPT = timedelta(days=7)
FORGET_SECONDS = 3600.0
# Writers wait no longer than it takes to drop so many events.
FORGOTTEN_AT_ONCE_MAX = 2_000
ModelIn = Callable[[Connection, int], str]
"""The model that a release answers on."""
TAKEN_AWAY = "Somebody else has the turn now."


class _TakenAway(Exception):
    """The turn has ended while the agent was at it: a person has it, or another worker was first."""


class Answering:
    """Runs the agent for the turns of this process."""

    def __init__(self, store: Store, agent: Answers) -> None:
        self._store = store
        self._agent = agent
        self._under_way: set[str] = set()
        self._jobs: Jobs | None = None

    def work_with(self, jobs: Jobs) -> None:
        """The jobs that start turns; set once, before the first turn."""
        self._jobs = jobs

    async def answer_turn(self, turn_id: str) -> None:
        """Answers a turn; done twice, it is answered once. Raises only if the database cannot be reached."""
        if turn_id in self._under_way:
            return
        self._under_way.add(turn_id)
        try:
            following = await self._answer(turn_id)
        finally:
            self._under_way.discard(turn_id)
        if following is not None and self._jobs is not None:
            self._jobs.start_soon("answer_turn", following)

    async def sweep(self) -> None:
        """Starts every turn that should be under way and is not; once."""
        assert self._jobs is not None
        for turn_id in await self._store.read(turns.unfinished):
            if turn_id not in self._under_way and not await self._jobs.ensure("answer_turn", turn_id):
                await self._store.write(_give_up, turn_id)

    async def sweep_for_ever(self) -> None:
        """Sweeps again and again, until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("The sweep of unfinished turns failed; the next one follows in %s s.", SWEEP_SECONDS)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _answer(self, turn_id: str) -> str | None:
        begun = await self._store.write(_begin, turn_id, self._agent.model_in)
        if begun is None:
            return None
        asked, turn, run, recorded = begun
        ledger = Ledger(self._store, run, recorded)
        parts = _Parts(self._store, run)
        state: RunState = "finished"
        try:
            reply = await self._while_running(turn_id, self._agent.answer(asked, ledger, parts.say))
        except _TakenAway:
            state, reply = "given_up", self._agent.apology(asked, TAKEN_AWAY)
        except AnswerableError as error:
            log.warning("Run %s was handed off: %s", run.id, error)
            state, reply = "failed", self._agent.apology(asked, str(error))
        except Exception:
            log.exception("Run %s failed.", run.id)
            state, reply = "failed", self._agent.apology(asked, UNEXPECTED)
        await parts.settle()
        await ledger.settle()
        return await self._store.write(_finish, turn, run, ledger, reply, state)

    async def _while_running(self, turn_id: str, answering: Coroutine[Any, Any, Reply]) -> Reply:
        """The reply. Stops the agent and raises _TakenAway as soon as the turn has ended, in whatever process."""
        writing = asyncio.create_task(answering)
        try:
            while not (await asyncio.wait((writing,), timeout=LOOK_SECONDS))[0]:
                # Not being told is no reason to stop: what may be kept is asked again at the end.
                with suppress(Unavailable):
                    turn = await self._store.read(turns.by_id, turn_id)
                    if turn is None or turn.ended_at is not None:
                        raise _TakenAway
            return writing.result()
        finally:
            if writing.cancel():
                await asyncio.wait((writing,))


async def forget_old_events_for_ever(store: Store) -> None:
    """Drops events that no listener asks for any more, once an hour; messages and runs stay."""
    while True:
        try:
            before = now() - EVENTS_KEPT
            dropped = FORGOTTEN_AT_ONCE_MAX
            while dropped == FORGOTTEN_AT_ONCE_MAX:
                dropped = await store.write(events.forget_before, before, limit=FORGOTTEN_AT_ONCE_MAX)
        except Exception:
            log.exception("Old events could not be dropped; the next try follows in an hour.")
        await asyncio.sleep(FORGET_SECONDS)


class _Parts:
    """Sends the sentences of a reply ahead, in batches. What is not sent when the reply is kept need not be."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self._run = run
        self._waiting: list[tuple[int, str]] = []
        self._sending: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def say(self, index: int, text: str) -> None:
        self._waiting.append((index, text))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SEND_AFTER_SECONDS, self._begin_to_send)

    async def settle(self) -> None:
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
        if self._sending is not None:
            await self._sending

    def _begin_to_send(self) -> None:
        self._sending = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                await self._store.write(_send_parts, self._run, batch)
        except Exception:
            # The parts are only a preview of the reply that is kept.
            log.warning("A part of run %s could not be sent ahead.", self._run.id, exc_info=True)
        finally:
            self._timer = None


def _send_parts(db: Connection, run: Run, batch: Sequence[tuple[int, str]]) -> None:
    turn = turns.by_id(db, run.turn_id)
    if turn is None or turn.state != "running":
        # A person has taken over: what the agent goes on writing is not for the customer.
        return
    at = now()
    contents = [{"turn_id": run.turn_id, "index": index, "text": text} for index, text in batch]
    events.append_all(db, run.conversation_id, [("reply_part", content, at, True) for content in contents])


def _begin(db: Connection, turn_id: str, model_in: ModelIn) -> tuple[Asked, Turn, Run, list[Span]] | None:
    """The turn's question and its run: the one that was cut off, with what is recorded of it, or a new one."""
    turn = turns.by_id(db, turn_id)
    if turn is None:
        return None
    # Whoever begins or ends the same turn at the same time waits here, and then finds this run or its end.
    conversation = conversations.by_id(db, turn.conversation_id, for_update=True)
    assert conversation is not None
    if conversation.running_turn_id != turn.id:
        return None
    customer = customers.by_id(db, conversation.customer_id)
    assert customer is not None
    said, before = messages.asked_in(db, turn)
    asked = Asked(customer, conversation, said, before)
    run = runs.unfinished(db, turn.id)
    if run is not None and run.model == model_in(db, run.release):
        return asked, turn, run, runs.steps(db, run.id)
    at = now()
    if run is not None:
        # The model was changed between crash and restart: what it did until then stays on the record.
        runs.end(db, run.id, state="given_up", decision=None, usage=Usage(), strip=(), reply=None, at=at)
    conversation = _on_its_release(db, conversation, at)
    asked = replace(asked, conversation=conversation)
    run = Run(
        id=new_id("run"),
        turn_id=turn.id,
        conversation_id=conversation.id,
        release=conversation.release,
        model=model_in(db, conversation.release),
        state="running",
        decision=None,
        confidence=None,
        reason=None,
        usage=Usage(),
        started_at=at,
        ended_at=None,
    )
    runs.start(db, run, beginning(customer, conversation))
    return asked, turn, run, []


def _on_its_release(db: Connection, conversation: Conversation, at: datetime) -> Conversation:
    """The conversation on the release that its next turn is answered by: mostly the one that it is on."""
    release = releases.goes_on_with(db, conversation.release)
    if release == conversation.release:
        return conversation
    return conversations.change(db, conversation.id, at, release=release)


def _finish(db: Connection, turn: Turn, run: Run, ledger: Ledger, reply: Reply, state: RunState) -> str | None:
    """Keeps the reply and the rest of the ledger, and gives the next turn if it must be started."""
    conversation = conversations.by_id(db, run.conversation_id, for_update=True)
    assert conversation is not None
    at = now()
    ledger.write_rest(db)
    if conversation.running_turn_id != turn.id:
        # A person took over, or another worker was first: this reply is not sent.
        ended = turns.by_id(db, turn.id)
        if ended is not None and ended.state == "passed":
            runs.end(
                db, run.id, state="given_up", decision=None, usage=ledger.usage, strip=ledger.strip, reply=None, at=at
            )
        return None
    message = _keep_reply(db, conversation, turn, run, reply)
    if state == "failed":
        actions.tell_later(db, turn.conversation_id, run.id)
    actions.tell(db, reply.told, only_in=turn.conversation_id)
    runs.end(
        db, run.id, state=state, decision=reply.decision, usage=ledger.usage, strip=ledger.strip, reply=reply, at=at
    )
    turns.end(db, turn.id, "answered", at)
    conversation = _after(db, conversation, turn, run, reply)
    events.append(db, conversation.id, "run", {"run_id": run.id}, at, customer_sees=False)
    tell(db, conversation, at, message)
    return conversation.running_turn_id


def _give_up(db: Connection, turn_id: str) -> None:
    """Hands a turn that could not be answered however often it was tried to a person."""
    turn = turns.by_id(db, turn_id)
    conversation = conversations.by_id(db, turn.conversation_id, for_update=True) if turn is not None else None
    if turn is None or conversation is None or turn.ended_at is not None:
        return
    at = now()
    pass_turns(db, conversation, at)
    handed_over = keep_handoff(
        db,
        conversation.id,
        turn.episode_id,
        at,
        reason=UNEXPECTED,
        summary=UNEXPECTED,
        tried=(),
        question=_question(db, turn),
        run_id=None,
    )
    note = keep_message(db, conversation.id, turn.episode_id, "note", UNEXPECTED, at)
    tell(db, handed_over, at, note)


def _keep_reply(db: Connection, conversation: Conversation, turn: Turn, run: Run, reply: Reply) -> Message:
    at = now()
    message = keep_message(
        db,
        conversation.id,
        turn.episode_id,
        "agent",
        # PostgreSQL cannot keep U+0000.
        reply.text.replace("\x00", ""),
        at,
        turn_id=turn.id,
        run_id=run.id,
        decision=reply.decision,
        citations=reply.citations,
    )
    messages.put_out(db, message, conversation.surface, "delivered", at)
    return message


def _after(db: Connection, conversation: Conversation, turn: Turn, run: Run, reply: Reply) -> Conversation:
    """What comes after a reply: people, the turn that gathered meanwhile, or the customer."""
    at = now()
    waiting = waiting_turn(db, conversation.id)
    if reply.decision.kind == "hand_off":
        if waiting is not None:
            turns.end(db, waiting.id, "passed", at)
        return keep_handoff(
            db,
            conversation.id,
            turn.episode_id,
            at,
            reason=reply.decision.reason,
            summary=reply.handoff_summary or reply.decision.reason,
            tried=reply.tried,
            question=_question(db, turn),
            run_id=run.id,
        )
    if waiting is not None:
        turns.start(db, waiting.id)
    return conversations.change(
        db,
        conversation.id,
        at,
        waiting_on="customer" if waiting is None else "agent",
        running_turn_id=None if waiting is None else waiting.id,
        procedure=reply.procedure,
        why=_why(reply.decision),
    )


def _question(db: Connection, turn: Turn) -> str:
    told = messages.of_episode(db, turn.episode_id)
    return "\n".join(each.text for each in told if each.turn_id == turn.id and each.author == "customer")


def _why(decision: Decision) -> str:
    return shortened(decision.reason, WHY_CHARACTERS)
