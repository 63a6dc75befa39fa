"""A company that gives money back: its doors, its bank, and customers who have proved who they are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, update

from answerable.actions.asking import Request
from answerable.actions.declaring import Doing
from answerable.domain.actions import ActionCall
from answerable.domain.money import Money
from answerable.inference.embedders import Embedder
from answerable.store import clauses, customers
from answerable.store.tables import action_calls, approvals
from tests.actions.bank import FOR_EVER, RULES, Bank, Refunded, Wanted, euros, prove, refunding
from tests.walks.company import Company, Customer, Rep, open_company


@dataclass
class Asker:
    """A customer with a charge, in a conversation."""

    customer: Customer
    conversation: str
    charge: str


@dataclass
class Shop:
    """The company, its bank, and what is asked of both."""

    company: Company
    bank: Bank

    async def asker(self, name: str = "Ines Carvalho", says: str = "My money back, please.") -> Asker:
        """Somebody who has proved who they are, has been charged, and wants their money back."""
        first = name.split(maxsplit=1)[0].lower()
        customer = await self.company.customer(name)
        sent = await customer.send(says)
        assert sent.status_code == 202, sent.text
        store = self.company.house.store
        known = await store.read(customers.by_id, customer.id)
        assert known is not None
        proved = replace(known, email=f"{first}@example.com")
        await prove(store, proved, sent.json()["conversation_id"], "verified")
        charge = f"ch_{first}"
        self.bank.charges[charge] = (f"{first}@example.com", Money(Decimal("300.00"), "EUR"))
        conversation = sent.json()["conversation_id"]
        await customer.reply_to(conversation, sent.json()["turn_id"])
        return Asker(customer, conversation, charge)

    async def agent_asks(
        self, asker: Asker, amount: str, *, agreed: str | None = "a step of a procedure"
    ) -> ActionCall:
        """The agent asks for a refund."""
        return await self.company.house.boundary.request(
            Request(
                key=f"turn:{uuid4().hex}",
                action="refund_charge",
                arguments={"charge_id": asker.charge, "amount": euros(amount)},
                customer_id=asker.customer.id,
                conversation_id=asker.conversation,
                requested_by="agent",
                agreed=agreed,
            )
        )

    async def rep_asks(self, rep: Rep, asker: Asker, amount: str, **headers: str) -> Any:
        """A rep asks for a refund, over HTTP."""
        content = {"action": "refund_charge", "arguments": {"charge_id": asker.charge, "amount": euros(amount)}}
        return await rep.post(f"/api/conversations/{asker.conversation}/actions", content, **headers)

    async def has_been_given_to(self, rep: Rep, asker: Asker) -> None:
        """The rep has the conversation."""
        await rep.do(asker.conversation, "take-over")

    async def let_expire(self, call: ActionCall) -> None:
        """Nobody decided in time."""

        def long_ago(db: Connection) -> None:
            at = call.created_at - timedelta(days=2)
            db.execute(update(approvals).where(approvals.c.call_id == call.id).values(expires_at=at))
            db.execute(update(action_calls).where(action_calls.c.id == call.id).values(look_at=at))

        await self.company.house.store.write(long_ago)
        await self.company.house.boundary.look_after()


def paying(bank: Bank) -> Any:
    """The bank's refund, which can be taken back for an hour."""

    async def take_back(doing: Doing, wanted: Wanted, refunded: Refunded) -> None:
        bank.refunds.pop(refunded.reference.removeprefix("re_"), None)

    return refunding(bank, undo=take_back, undo_within=timedelta(hours=1))


@asynccontextmanager
async def open_shop(folder: Path, database_url: str, *, embedder: Embedder) -> AsyncIterator[Shop]:
    """Opens the company's doors, and the bank."""
    bank = Bank()
    actions = {"refund_charge": paying(bank)}
    async with open_company(folder, database_url, embedder=embedder, actions=actions) as company:
        await company.house.store.write(clauses.put, RULES, FOR_EVER)
        yield Shop(company, bank)
