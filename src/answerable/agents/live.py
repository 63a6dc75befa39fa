"""Answering turns in the world as it is: the boundary of actions, and letters that arrive."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from answerable.agents.agents import AgentOf
from answerable.agents.answer import SupportAgent
from answerable.agents.asked import Asked, Say
from answerable.agents.world import World
from answerable.domain.clock import now
from answerable.domain.conversations import Reply
from answerable.domain.people import Customer, Purpose
from answerable.people import Proving, proven_in
from answerable.people.proving import CodeAsked, Standing
from answerable.releases.chosen import chosen_model
from answerable.releases.pinned import model_in
from answerable.store import Store
from answerable.traces import Steps


@dataclass(frozen=True, slots=True)
class WaysIn:
    """How customers prove who they are here."""

    store: Store
    proving: Proving
    by_host: bool
    by_letter: bool

    async def who(self, conversation_id: str) -> Customer:
        """The customer, as they have proved by now to be."""
        customer = await self.store.read(proven_in, conversation_id, now())
        assert customer is not None
        return customer

    async def standing(self, conversation_id: str, purpose: Purpose, *, but_key: str) -> Standing:
        """How the code stands that was asked for last."""
        return await self.proving.standing(conversation_id, purpose, but_key=but_key)

    async def ask_for_code(self, conversation_id: str, purpose: Purpose, *, address: str | None, key: str) -> CodeAsked:
        """Sends a code."""
        return await self.proving.ask_for_code(conversation_id, purpose, address=address, key=key)


@dataclass(frozen=True, slots=True)
class LiveAgent:
    """The agent of each conversation's release, in the world as it is."""

    agent_of: AgentOf
    world: World
    named: Callable[[str | None], str]
    """The whole name of a model; without one, of the one that settings name."""

    @property
    def default_model(self) -> str:
        """The model of releases that choose none."""
        return self.named(None)

    def model_in(self, db: Connection, release: int) -> str:
        """The model that a release answers on."""
        revision = model_in(db, release)
        return self.named(chosen_model(revision).name)

    async def answer(self, asked: Asked, ledger: Steps, say: Say) -> Reply:
        """The reply to a turn. Raises AnswerableError if the model cannot be had."""
        agent = await self.agent_of(asked.conversation.release)
        return await agent.answer(asked, ledger, say, self.world)

    def apology(self, asked: Asked, reason: str) -> Reply:
        """What is said when no reply could be had: the conversation goes to a person."""
        return SupportAgent.apology(asked, reason)
