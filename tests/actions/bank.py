"""An outside system that the boundary's tests act on: it keeps what it did, under keys, and fails as it is told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import msgspec
from sqlalchemy import Connection, delete

from answerable.actions.declaring import Action, Amount, Doing, Limits, NotDone, action
from answerable.conversations import Arrival, receive
from answerable.domain.actions import Check, Clause
from answerable.domain.ids import new_id
from answerable.domain.money import Money
from answerable.domain.people import Customer, Identity, Proof, ProofKind, Rep, Role
from answerable.jobs import Jobs
from answerable.people import introduce
from answerable.store import Store, clauses, proofs, tables

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FOR_EVER = datetime(2020, 1, 1, tzinfo=UTC)
NEVER = datetime(2120, 1, 1, tzinfo=UTC)

Fault = Literal["none", "refuse", "refuse_illegibly", "lost_before", "lost_after", "late", "nonsense", "illegible"]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refund, as it is asked for."""

    charge_id: str
    amount: Amount


class Refunded(msgspec.Struct, frozen=True):
    """A refund that was made."""

    reference: str
    summary: str
    amount: Amount


class Clock:
    """The time, as the test has it."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, by: timedelta) -> None:
        self.at += by


@dataclass
class Bank:
    """Charges, refunds, and what shall go wrong next."""

    charges: dict[str, tuple[str, Money]] = field(default_factory=dict)
    """By id: the e-mail address of whom it belongs to, and how much it was."""
    refunds: dict[str, tuple[str, Money]] = field(default_factory=dict)
    """By key: the charge and how much was given back."""
    asked: list[str] = field(default_factory=list)
    """The key of every request that came."""
    faults: list[Fault] = field(default_factory=list)
    late: list[tuple[str, Wanted]] = field(default_factory=list)
    """Requests that are still on their way."""
    is_silent: bool = False
    """Whether it cannot even be asked what was done."""
    facts_are_away: bool = False
    """Whether it cannot be asked about a charge."""
    days: int = 3
    is_disputed: bool = False

    def make(self, key: str, wanted: Wanted) -> Refunded:
        charge_id, moves = wanted.charge_id, wanted.amount.money
        if key not in self.refunds:
            _, charged = self.charges[charge_id]
            given = sum(each.units for charge, each in self.refunds.values() if charge == charge_id)
            if given + moves.units > charged.units:
                raise NotDone("So much of it cannot be given back.")
            self.refunds[key] = (charge_id, moves)
        return Refunded(f"re_{key}", f"{moves} are on their way.", wanted.amount)

    async def refund(self, doing: Doing, wanted: Wanted) -> Refunded:
        self.asked.append(doing.key)
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "refuse":
            raise NotDone("The bank says no.")
        if fault == "refuse_illegibly":
            raise NotDone("The bank\0 says \ud83d no.")
        if fault == "lost_before":
            raise ConnectionError("reset")
        if fault == "late":
            self.late.append((doing.key, wanted))
            raise TimeoutError
        made = self.make(doing.key, wanted)
        if fault == "lost_after":
            raise ConnectionError("reset")
        if fault == "nonsense":
            return msgspec.structs.replace(made, amount=42)
        if fault == "illegible":
            return msgspec.structs.replace(made, summary="On its way\0 \ud83d.")
        return made

    async def look_up(self, doing: Doing, wanted: Wanted) -> Refunded | None:
        if self.is_silent:
            raise ConnectionError("away")
        if doing.key not in self.refunds:
            return None
        return self.make(doing.key, wanted)

    def arrive(self) -> None:
        """What was on its way arrives."""
        for key, wanted in self.late:
            try:
                self.make(key, wanted)
            except NotDone:
                continue
        self.late.clear()

    async def facts(self, doing: Doing, wanted: Wanted) -> Mapping[str, Any]:
        if self.facts_are_away:
            raise ConnectionError("away")
        owner, charged = self.charges.get(wanted.charge_id, ("", None))
        if charged is None or owner != doing.customer.email:
            raise NotDone("There is no such charge.")
        is_whole = wanted.amount.money == charged
        return {"days_since_charge": self.days, "is_disputed": self.is_disputed, "is_whole": is_whole}


def refunding(bank: Bank, **other: Any) -> Action:
    """The action that gives the bank's money back."""

    async def refund_charge(doing: Doing, wanted: Wanted) -> Refunded:
        """Gives money back to the card that paid."""
        return await bank.refund(doing, wanted)

    declared: dict[str, Any] = {
        "effect": "moves_money",
        "identity": "verified",
        "limits": Limits(per_call={"EUR": "200.00"}, per_customer_a_day={"EUR": "250.00"}, per_day={"EUR": "400.00"}),
        "facts": bank.facts,
        "money": lambda wanted: wanted.amount.money,
        "look_up": bank.look_up,
        "simulate": lambda doing, wanted: Refunded("re_0", "Nothing moves.", wanted.amount),
        "timeout_seconds": 5.0,
    }
    return action(**{**declared, **other})(refund_charge)


def clause(id: str, effect: Any, *when: Check, **other: Any) -> Clause:  # noqa: A002
    """A clause about refunds, in force for ever."""
    values: dict[str, Any] = {
        "policy": "refund-policy",
        "title": f"Clause {id}",
        "says": f"What {id} says.",
        "applies_to": ("refund_charge",),
        "above": {},
        "approver_role": "rep",
        "four_eyes": False,
        "from_moment": FOR_EVER,
        "to_moment": None,
    }
    return Clause(id=id, effect=effect, when=when, **{**values, **other})


WITHIN_14_DAYS = clause("R-1", "allows", Check("days_since_charge", at_most=14))
NO_DISPUTE = clause("R-2", "forbids", Check("is_disputed", equals=True))
OVER_50 = clause("R-3", "needs_approval", above={"EUR": "50.00"})
OVER_150 = clause("R-4", "needs_approval", above={"EUR": "150.00"}, approver_role="lead", four_eyes=True)
WHOLE_ONLY = clause("R-5", "forbids", Check("is_whole", equals=False))
"""What was charged is given back whole, or not at all."""
RULES = (WITHIN_14_DAYS, NO_DISPUTE, OVER_50, OVER_150)
NO_PEOPLE = (WITHIN_14_DAYS, NO_DISPUTE)
"""Nobody has to decide, however much it is: limits alone hold."""


async def put_rules(store: Store, *rules: Clause, at: datetime = NOON) -> None:
    """From now on these clauses hold."""
    await store.write(clauses.put, rules, at)


async def asker(
    store: Store, name: str = "ines", identity: Identity = "verified", *, customer: Customer | None = None
) -> tuple[Customer, str]:
    """A customer, new unless given, and a new conversation of theirs."""
    if customer is None:
        customer = (await introduce(store, name=name, email=f"{name}@example.com")).customer
    arrival = Arrival(customer, "chat", new_id("msg"), "My money back, please.")
    received = await receive(store, cast(Jobs, NobodyStarts()), arrival)
    await prove(store, customer, received.conversation.id, identity)
    return customer, received.conversation.id


async def prove(store: Store, customer: Customer, conversation_id: str, identity: Identity) -> None:
    """From now on, and for all times before, so much is proved in the conversation, and no more."""
    kinds: dict[Identity, tuple[ProofKind, ...]] = {"verified": ("signed",), "stepped_up": ("signed", "code")}

    def put(db: Connection) -> None:
        db.execute(delete(tables.proofs).where(tables.proofs.c.conversation_id == conversation_id))
        for kind in kinds.get(identity, ()):
            name = f"{conversation_id}-{kind}"
            proof = Proof(name, conversation_id, customer.id, kind, customer.email, "test", FOR_EVER, NEVER)
            proofs.add(db, proof)

    await store.write(put)


class NobodyStarts:
    """Jobs that nobody starts: the boundary's tests are about calls."""

    def start_soon(self, kind: str, subject: str) -> None:
        pass


def rep(name: str, role: Role = "rep") -> Rep:
    """Somebody who works here."""
    return Rep(f"rep_{name}", name.title(), f"{name}@ledgerly.example", role, active=True, created_at=NOON)


def euros(amount: str) -> dict[str, str]:
    """So many euros as an argument."""
    return {"amount": amount, "currency": "EUR"}
