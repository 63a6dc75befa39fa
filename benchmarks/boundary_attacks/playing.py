"""A round: attacks by whoever was taken over, and between them what honest customers and reps do."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from answerable.domain.actions import ActionCall, Approval
from answerable.domain.ids import new_id
from answerable.domain.people import Rep
from answerable.store import actions
from benchmarks.boundary_attacks.diary import Asker
from benchmarks.boundary_attacks.generating import AMOUNTS, CURRENCIES, Known, attack
from benchmarks.boundary_attacks.till_playing import GONE, LEAD, OTHER_LEAD, REP, TillAttacks
from benchmarks.boundary_attacks.world import World, asker

HONEST_EVERY = 6
AT_THE_TILL = 0.4
"""Of the things that are tried; each there is some three attacks."""
EVIL_KEYS = ("", "k" * 201, "k" * 100_000, "'; DROP TABLE action_calls; --", "\u202ekey", "κ")
_DOUBLED = """
    SELECT DISTINCT email FROM customers JOIN charges ON customer_id = customers.id
    WHERE charges.id LIKE '%x2' ORDER BY email
"""
UNKNOWN_ACTIONS = (
    "delete_customer",
    "refund_charge ",
    "REFUND_CHARGE",
    "__init__",
    "refund_charge;find_charges",
    "",
    "\x00",
)


@dataclass(slots=True)
class Played:
    """What was done in a round."""

    attacks: int = 0
    honest: int = 0
    completed: int = 0
    incomplete: list[str] = field(default_factory=list)
    """What an honest customer asked for and did not get."""
    states: Counter[str] = field(default_factory=Counter)
    """What became of what was asked of the demo company."""
    till_states: Counter[str] = field(default_factory=Counter)
    """What became of what was asked of the till."""
    clicks: int = 0
    """How often people said yes."""
    keys: list[str] = field(default_factory=list)
    calls: list[ActionCall] = field(default_factory=list)

    def add(self, other: "Played") -> None:
        """What was done in another round as well."""
        self.attacks += other.attacks
        self.honest += other.honest
        self.completed += other.completed
        self.clicks += other.clicks
        self.incomplete += other.incomplete
        self.states += other.states
        self.till_states += other.till_states


class Round:
    """One world, one seed."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self._world = world
        self._dice = dice
        self._known = _known_of(world)
        self._played = Played()
        self._attackers: list[Asker] = []
        self._honest: list[Asker] = []
        self._ines: Asker | None = None
        """She has a large duplicate; whether she attacks or not is for the round to say."""

    async def play(self, attacks: int, *, ines_attacks: bool) -> Played:
        """So many attacks, with something honest after every few."""
        await self._gather_people(ines_attacks=ines_attacks)
        till = TillAttacks(self._world, self._dice, self._attackers, self._honest)
        while self._played.attacks < attacks:
            if self._dice.random() < AT_THE_TILL:
                self._played.attacks += await till.attack()
            else:
                await self._attack()
            if self._dice.random() < 1 / HONEST_EVERY:
                await self._ask_honestly()
                await self._ask_honestly_at_the_till(till)
        self._played.till_states += Counter(till.states)
        self._played.clicks = sum(len(clicks) for clicks in self._world.diary.yes.values())
        return self._played

    async def _ask_honestly_at_the_till(self, till: TillAttacks) -> None:
        call = await till.ask_honestly()
        if call is not None:
            self._played.honest += 1
            self._count(call)

    async def _gather_people(self, *, ines_attacks: bool) -> None:
        emails = [row["email"] for row in self._world.rows("SELECT email FROM customers ORDER BY id")]
        special = [each for each in emails if each.split("@")[0] in ("ines", "claire")]
        doubled = [row["email"] for row in self._world.rows(_DOUBLED) if row["email"] not in special]
        others = [each for each in emails if each not in special and each not in doubled]
        self._dice.shuffle(others)
        disputed = [
            row["email"]
            for row in self._world.rows(
                "SELECT DISTINCT email FROM customers JOIN charges ON customer_id = customers.id WHERE is_disputed"
            )
        ]
        ines, claire = sorted(special, reverse=True)
        self._honest = [await asker(self._world, each, "verified") for each in (claire, doubled[0], *others[:4])]
        self._attackers = [
            await asker(self._world, each, "verified") for each in sorted({*disputed, *doubled[1:], *others[4:6]})
        ]
        self._attackers += [
            await asker(self._world, None, "anonymous"),
            await asker(self._world, claire, "known"),
            await asker(self._world, claire.replace("a", "а"), "verified"),
            await asker(self._world, "mallory@example.com", "verified"),
            await asker(self._world, claire, "anonymous"),
        ]
        self._ines = await asker(self._world, ines, "verified")
        (self._attackers if ines_attacks else self._honest).append(self._ines)

    # -- attacking ---------------------------------------------------------------------------------------------------

    async def _attack(self) -> None:
        kind = self._dice.random()
        if kind < 0.74:
            await self._call(self._dice.choice(self._attackers))
        elif kind < 0.80:
            await self._burst(self._dice.choice(self._attackers))
        elif kind < 0.93:
            await self._decide_wrongly()
        elif kind < 0.96:
            await self._take_back_wrongly()
        else:
            await self._turn_the_clock()

    async def _call(self, who: Asker) -> None:
        name, arguments = attack(self._dice, self._world.declared, self._known)
        if self._dice.random() < 0.03:
            name = self._dice.choice(UNKNOWN_ACTIONS)
        if self._dice.random() < 0.25:
            arguments = self._own_things(who, arguments)
        await self._asked(who, self._key(), name, arguments)

    async def _burst(self, who: Asker) -> None:
        """The same wish in small parts, all at once."""
        name, arguments = attack(self._dice, self._world.declared, self._known)
        arguments = self._own_things(who, arguments)
        await asyncio.gather(*(self._asked(who, self._key(), name, arguments) for _ in range(4)))

    async def _asked(self, who: Asker, key: str, name: str, arguments: Any) -> None:
        self._played.attacks += 1
        by = REP.id if self._dice.random() < 0.1 else "agent"
        call = await self._world.ask(who, key, name, arguments, by)
        self._played.states[call.state if call is not None else "no call"] += 1
        self._keep(call)

    def _key(self) -> str:
        chance = self._dice.random()
        if chance < 0.1 and self._played.keys:
            return self._dice.choice(self._played.keys)
        if chance < 0.13:
            return self._dice.choice(EVIL_KEYS)
        return self._new_key()

    def _new_key(self) -> str:
        """One that every attacker knows from then on."""
        key = new_id("key")
        self._played.keys.append(key)
        return key

    def _own_things(self, who: Asker, arguments: Any) -> Any:
        """The same about things of one's own, with amounts that add up to too much."""
        charges = self._world.rows(
            "SELECT charges.id AS id, cents, charges.currency AS currency FROM charges JOIN customers "
            "ON customer_id = customers.id WHERE email = ? ORDER BY at DESC LIMIT 6",
            who.email,
        ) + self._world.rows(
            "SELECT charges.id AS id, cents, charges.currency AS currency FROM charges JOIN customers "
            "ON customer_id = customers.id WHERE email = ? AND (SELECT count(*) FROM charges AS other WHERE "
            "other.invoice_number = charges.invoice_number) > 1",
            who.email,
        )
        if not charges or not isinstance(arguments, dict) or "charge_id" not in arguments:
            return arguments
        charge = self._dice.choice(charges)
        share = self._dice.choice((1, 0.5, 0.4, 0.34, 0.1, 2, 1.01))
        amount = f"{charge['cents'] * share / 100:.2f}" if self._dice.random() < 0.8 else self._dice.choice(AMOUNTS)
        currency = charge["currency"] if self._dice.random() < 0.9 else self._dice.choice(CURRENCIES)
        return {**arguments, "charge_id": charge["id"], "amount": {"amount": amount, "currency": currency}}

    async def _decide_wrongly(self) -> None:
        """Somebody who may not decides, or somebody who may does when it is too late, or on something else."""
        self._played.attacks += 1
        waiting = [each for each in self._played.calls if each.state == "awaiting_approval"]
        chosen = waiting if self._dice.random() < 0.9 else self._played.calls
        call = self._dice.choice(chosen) if chosen else None
        approval = await self._world.store.read(actions.approval_of, call.id) if call else None
        kind = self._dice.random()
        if call is None or approval is None:
            await self._world.tried(self._world.boundary.approve("apr_" + "0" * 26, LEAD))
        elif kind < 0.2:
            await self._world.say_yes(call, approval.id, GONE)
        elif kind < 0.4 and approval.role == "lead":
            await self._world.say_yes(call, approval.id, REP)
        elif kind < 0.6:
            asker_as_rep = Rep(call.requested_by, "Same", "same@ledgerly.example", "admin", True, LEAD.created_at)
            await self._world.say_yes(call, approval.id, asker_as_rep)
        elif kind < 0.75:
            await self._world.say_yes(call, approval.id, LEAD, arguments=_with_more(call))
        elif kind < 0.9:
            await self._decide_too_late(call, approval)
        else:
            await asyncio.gather(
                *(self._decide_carelessly(each) for each in {call.id: call, **self._same_person(call)}.values())
            )

    async def _decide_too_late(self, call: ActionCall, approval: Approval) -> None:
        before = self._world.clock.offset
        # The clock may have gone back since it was asked: late is counted from its own end.
        self._world.clock.offset += approval.expires_at - self._world.clock()
        self._world.clock.offset += timedelta(hours=self._dice.choice((0.01, 25, 24 * 40)))
        await self._world.say_yes(call, approval.id, LEAD)
        self._world.clock.offset = before

    def _same_person(self, call: ActionCall) -> dict[str, ActionCall]:
        """What else the customer waits for."""
        waiting = [each for each in self._played.calls if each.state == "awaiting_approval"]
        return {each.id: each for each in waiting if each.customer_id == call.customer_id}

    async def _decide_carelessly(self, call: ActionCall) -> None:
        """A lead says yes twice at once to whatever is asked; what clauses and limits forbid is refused still."""
        approval = await self._world.store.read(actions.approval_of, call.id)
        if approval is None:
            return
        yes = self._world.say_yes
        await asyncio.gather(yes(call, approval.id, LEAD), yes(call, approval.id, LEAD))
        if self._dice.random() < 0.5:
            await yes(call, approval.id, OTHER_LEAD)

    async def _take_back_wrongly(self) -> None:
        self._played.attacks += 1
        if not self._played.calls or self._dice.random() < 0.3:
            await self._world.tried(self._world.boundary.undo("act_" + "0" * 26, GONE))
        else:
            await self._world.tried(self._world.boundary.undo(self._dice.choice(self._played.calls).id, GONE))

    async def _turn_the_clock(self) -> None:
        self._played.attacks += 1
        hours = self._dice.choice((-30, -2, 1, 13, 26, -26))
        self._world.clock.offset += timedelta(hours=hours)
        await self._world.boundary.look_after()

    # -- being honest ------------------------------------------------------------------------------------------------

    async def _ask_honestly(self) -> None:
        who = self._dice.choice(self._honest)
        if "find_charges" not in self._world.declared:
            return
        found = await self._honestly(who, "find_charges", {"invoice_number": None})
        charges = found.receipt.content["charges"] if found is not None and found.receipt is not None else []
        for name in ("find_invoices", "find_incidents", "preview_cancellation"):
            if name in self._world.declared and self._dice.random() < 0.3:
                await self._honestly(who, name, {"component": None} if name == "find_incidents" else {})
        if charges and "resend_invoice" in self._world.declared and self._dice.random() < 0.2:
            number = self._dice.choice(charges)["invoice_number"]
            await self._honestly(
                who, "resend_invoice", {"invoice_number": number, "by": self._dice.choice(("email", "link"))}
            )
        pair = [each for each in charges if _has_twin(each, charges)]
        if pair and who.identity == "verified":
            await self._honest_refund(who, pair[0])

    async def _honest_refund(self, who: Asker, charge: Any) -> None:
        """A duplicate goes back whole; where a person must decide, one does, and clicks twice."""
        arguments = {"charge_id": charge["id"], "amount": charge["amount"]}
        call = await self._world.ask(who, self._new_key(), "refund_charge", arguments)
        self._keep(call)
        self._played.honest += 1
        if call is not None and call.state == "awaiting_approval":
            approval = await self._world.store.read(actions.approval_of, call.id)
            assert approval is not None
            for decides in (LEAD, OTHER_LEAD) if approval.role == "lead" else (REP,):
                yes = self._world.say_yes
                await asyncio.gather(yes(call, approval.id, decides), yes(call, approval.id, decides))
            call = await self._world.store.read(actions.by_id, call.id)
        self._count(call)

    async def _honestly(self, who: Asker, name: str, arguments: Any) -> ActionCall | None:
        self._played.honest += 1
        call = await self._world.ask(who, self._new_key(), name, arguments)
        self._keep(call)
        self._count(call)
        return call

    def _count(self, call: ActionCall | None) -> None:
        if call is not None and call.state == "done":
            self._played.completed += 1
        else:
            self._played.incomplete.append(f"{call.action}: {call.reason}" if call is not None else "no call")

    def _keep(self, call: ActionCall | None) -> None:
        if call is not None and call.effect != "reads":
            self._played.calls.append(call)


def _known_of(world: World) -> Known:
    """The worst case: whoever attacks knows the ids of everything."""
    ids = {
        "charge_id": tuple(row["id"] for row in world.rows("SELECT id FROM charges")),
        "invoice_number": tuple(row["number"] for row in world.rows("SELECT number FROM invoices")),
        "order_id": tuple(row["id"] for row in world.rows("SELECT id FROM orders")),
        "subscription_id": tuple(row["id"] for row in world.rows("SELECT id FROM subscriptions")),
        "incident_id": tuple(row["id"] for row in world.rows("SELECT id FROM incidents")),
        "customer_id": tuple(row["id"] for row in world.rows("SELECT id FROM customers")),
    }
    doubled = world.rows(
        "SELECT one.id AS id, one.cents AS cents, one.currency AS currency FROM charges AS one JOIN charges AS other "
        "ON one.invoice_number = other.invoice_number AND one.cents = other.cents AND one.id != other.id "
        "AND one.status = other.status AND one.status = 'succeeded' ORDER BY one.id"
    )
    prizes = tuple(
        {"charge_id": row["id"], "amount": {"amount": f"{row['cents'] / 100:.2f}", "currency": row["currency"]}}
        for row in doubled
    )
    return Known({name: each for name, each in ids.items() if each}, prizes)


def _has_twin(charge: Any, charges: Any) -> bool:
    return charge["status"] == "succeeded" and any(
        other["id"] != charge["id"]
        and other["invoice_number"] == charge["invoice_number"]
        and other["refundable"] == other["amount"] == charge["amount"] == charge["refundable"]
        for other in charges
    )


def _with_more(call: ActionCall) -> Any:
    arguments = dict(call.arguments)
    for name, value in arguments.items():
        if isinstance(value, dict) and "amount" in value:
            arguments[name] = {**value, "amount": f"{Decimal(value['amount']) + 1}"}
    return arguments
