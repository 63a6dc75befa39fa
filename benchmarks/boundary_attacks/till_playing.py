"""What is tried at the till that believes everything: above all calls that wait for people, and limits from below."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from answerable.domain.actions import ActionCall, Approval
from answerable.domain.ids import new_id
from answerable.domain.people import Rep
from answerable.store import actions
from benchmarks.boundary_attacks.diary import Asker
from benchmarks.boundary_attacks.world import World, rep

LEAD, OTHER_LEAD = rep("maya", "lead"), rep("grace", "admin")
REP, OTHER_REP, BUILDER = rep("jonas", "rep"), rep("lotte", "rep"), rep("bo", "builder")
GONE, ALSO_GONE = rep("gone", "lead", active=False), rep("left", "admin", active=False)
# What everybody has, in cents; all amounts differ, so that no two wishes are the same.
SMALL = tuple(range(1_901, 4_999, 240))
MEDIUM, LARGE, LARGEST = (6_300, 8_200, 9_999), (11_300, 12_700, 14_999), (16_400, 18_200, 20_000)
"""Wanted by one person, by a lead, by two leads."""
HONEST = (3_100, 4_400, 6_900, 9_600)


@dataclass(slots=True)
class Claims:
    """What somebody has a claim to, by what may be done with it; those that were asked for are taken out."""

    small: list[tuple[str, int]] = field(default_factory=list)
    waiting: list[tuple[str, int]] = field(default_factory=list)
    """Above what is paid without a person."""
    too_large: list[tuple[str, int]] = field(default_factory=list)
    frozen: list[tuple[str, int]] = field(default_factory=list)
    old: list[tuple[str, int]] = field(default_factory=list)
    shared: list[tuple[str, int]] = field(default_factory=list)
    """Parts of these are asked for at once."""


class TillAttacks:
    """Attackers, honest customers and what each still has."""

    def __init__(self, world: World, dice: random.Random, attackers: Sequence[Asker], honest: Sequence[Asker]) -> None:
        """Opens an account for each. Not all of the attackers have proved whose it is."""
        self._world, self._dice = world, dice
        self._attackers = attackers
        self._claims = {who.email: self._owed(who) for who in attackers if who.email and who.has_proved}
        self._honest = [(who, self._owe(who, cents, "deposit")) for who in honest for cents in HONEST]
        self._everything = [row["id"] for row in world.till.rows("SELECT id FROM claims ORDER BY id")]
        self.states: list[str] = []
        """What became of each wish."""
        dice.shuffle(self._honest)

    def _owed(self, who: Asker) -> Claims:
        owned = Claims()
        for cents in SMALL * 2:
            owned.small.append((self._owe(who, cents, "purchase"), cents))
        for cents in MEDIUM + LARGE + LARGEST + LARGEST:
            owned.waiting.append((self._owe(who, cents, "deposit"), cents))
        owned.too_large += [(self._owe(who, cents, "deposit"), cents) for cents in (20_001, 24_000)]
        owned.old += [(self._owe(who, cents, "purchase", days=60), cents) for cents in SMALL[:6]]
        owned.shared += [(self._owe(who, cents, "purchase"), cents) for cents in (4_000, 4_600, 5_000) * 2]
        for cents in SMALL[:6]:
            owned.frozen.append((self._owe(who, cents, "deposit"), cents))
            self._world.till.happens("frozen", claim_id=owned.frozen[-1][0])
        return owned

    def _owe(self, who: Asker, cents: int, kind: str, *, days: int = 1) -> str:
        name = f"cl_{self._dice.getrandbits(60):x}"
        at = self._world.clock() - timedelta(days=days)
        self._world.till.owe(name, who.email or "", cents, at, kind)
        return name

    # -- attacking ---------------------------------------------------------------------------------------------------

    async def attack(self) -> int:
        """One thing that somebody tries; gives how many wishes and decisions it was."""
        tries: tuple[tuple[int, Callable[[Asker], Awaitable[int]]], ...] = (
            (40, self._wait_and_decide_wrongly),
            (12, self._ask_for_all_that_is_small),
            (8, self._ask_for_parts_at_once),
            (8, self._let_leads_agree),
            (6, self._ask_for_bonuses),
            (8, self._ask_for_what_is_forbidden),
            (6, self._ask_for_what_nothing_allows),
            (8, self._ask_for_what_others_have),
            (4, self._look_and_move),
        )
        (chosen,) = self._dice.choices([each for _, each in tries], [weight for weight, _ in tries])
        return await chosen(self._dice.choice(self._attackers))

    async def _ask(
        self, who: Asker, action: str, arguments: Any, *, by: str = "agent", as_if: str | None = None
    ) -> ActionCall | None:
        call = await self._world.ask(who, new_id("key"), action, arguments, by, as_if=as_if)
        self.states.append(call.state if call is not None else "no call")
        return call

    async def _pay(self, who: Asker, claim_id: str, cents: int, **other: Any) -> ActionCall | None:
        return await self._ask(who, "pay_out", _wish(claim_id, cents), **other)

    def _of(self, who: Asker) -> Claims:
        """Their own, or somebody's if they have none."""
        return self._claims.get(who.email or "") or self._dice.choice(list(self._claims.values()))

    async def _ask_for_all_that_is_small(self, who: Asker) -> int:
        """From below to what one customer gets in a day, in money and number, or all at once; some answers get lost."""
        own = self._of(who).small
        chosen = [own.pop() for _ in range(min(len(own), self._dice.choice((1, 3, 6))))]
        if self._dice.random() < 0.3:
            chosen = [(claim_id, cents // 10) for claim_id, cents in chosen]
        if self._dice.random() < 0.2:
            self._world.till.loses_answers = 1
        if self._dice.random() < 0.5:
            await asyncio.gather(*(self._pay(who, *each) for each in chosen))
        else:
            for each in chosen:
                await self._pay(who, *each)
        await self._world.boundary.look_after()
        self._world.till.loses_answers = 0
        return len(chosen)

    async def _ask_for_parts_at_once(self, who: Asker) -> int:
        """Each part is left, and all together are more than there is."""
        own = self._of(who).shared
        if not own:
            return await self._ask_for_what_is_forbidden(who)
        claim_id, cents = own.pop()
        parts = [cents * share // 100 for share in (60, 55, 50)]
        calls = await asyncio.gather(*(self._pay(who, claim_id, part) for part in parts))
        # Parts count together, so that most of them wait; whoever looks at each by itself finds nothing wrong with it.
        await asyncio.gather(*(self._agree_to(call) for call in calls if call is not None))
        await self._world.boundary.look_after()
        return len(parts)

    async def _agree_to(self, call: ActionCall) -> None:
        approval = await self._world.store.read(actions.approval_of, call.id)
        if approval is not None:
            await self._world.say_yes(call, approval.id, OTHER_LEAD)

    async def _ask_for_bonuses(self, who: Asker) -> int:
        amounts = [self._dice.choice((100, 700, 1_300, 2_000, 2_001)) for _ in range(self._dice.choice((1, 4, 6)))]
        wishes = [{**_wish("", cents), "occasion": new_id("why")} for cents in amounts]
        for wish in wishes:
            del wish["claim_id"]
        await asyncio.gather(*(self._ask(who, "pay_bonus", wish) for wish in wishes))
        return len(wishes)

    async def _ask_for_what_is_forbidden(self, who: Asker) -> int:
        own = self._of(who)
        claim_id, cents = self._dice.choice(own.frozen + own.old + own.small[-1:])
        kind = self._dice.random()
        wish = _wish(claim_id, cents)
        if kind < 0.2:
            wish["amount"]["currency"] = self._dice.choice(("USD", "GBP"))
        elif kind < 0.4:
            wish = _wish(claim_id, cents + self._dice.choice((1, 100, 5_000)))
        await self._ask(who, "pay_out", wish, by=self._dice.choice(("agent", REP.id)))
        return 1

    async def _ask_for_what_nothing_allows(self, who: Asker) -> int:
        await self._ask(who, "waive_claim", {"claim_id": self._dice.choice(self._everything)})
        return 1

    async def _ask_for_what_others_have(self, who: Asker) -> int:
        claim = self._dice.choice(self._everything)
        (row,) = self._world.till.rows("SELECT cents FROM claims WHERE id = ?", claim)
        as_if = self._dice.choice((None, None, self._dice.choice(self._attackers).id))
        await self._pay(who, claim, row["cents"] // self._dice.choice((1, 3)), as_if=as_if)
        return 1

    async def _look_and_move(self, who: Asker) -> int:
        await self._ask(who, "find_claims", {})
        await self._ask(who, "move_account", {"account": new_id("acc")})
        return 2

    # -- waiting for people ------------------------------------------------------------------------------------------

    async def _wait_and_decide_wrongly(self, who: Asker) -> int:
        """Something that people must decide, and people who may not, or not so, or not any more."""
        own = self._of(who).waiting
        claim_id, cents = self._dice.choice(own)
        by = self._dice.choice(("agent", "agent", LEAD.id, REP.id))
        # Each time another part of it, so that it is another wish.
        cents -= self._dice.randrange(1_200)
        call = await self._pay(who, claim_id, cents, by=by)
        approval = await self._world.store.read(actions.approval_of, call.id) if call is not None else None
        if call is None or approval is None:
            return 1
        wrongly = self._dice.choice(
            (
                self._by_who_has_left,
                self._by_who_may_not,
                self._by_who_asked,
                self._by_one_as_two,
                self._too_late,
                self._to_more,
                self._after_no,
                self._after_it_was_over,
                self._of_what_is_frozen_since,
            )
        )
        return 1 + await wrongly(call, approval)

    async def _all_say_yes(self, call: ActionCall, approval: Approval, *people: Rep, arguments: Any = None) -> int:
        for each in people:
            await self._world.say_yes(call, approval.id, each, arguments=arguments)
        return len(people)

    async def _by_who_has_left(self, call: ActionCall, approval: Approval) -> int:
        return await self._all_say_yes(call, approval, GONE, ALSO_GONE)

    async def _by_who_may_not(self, call: ActionCall, approval: Approval) -> int:
        return await self._all_say_yes(
            call, approval, *((REP, OTHER_REP, BUILDER) if approval.role == "lead" else (GONE,))
        )

    async def _by_who_asked(self, call: ActionCall, approval: Approval) -> int:
        """Where two must, with one other; whose name it is does not help."""
        same = {LEAD.id: LEAD, REP.id: REP}.get(call.requested_by, rep("agent", "admin"))
        others = (OTHER_LEAD,) if approval.needed > 1 else ()
        return await self._all_say_yes(call, approval, *others, same)

    async def _by_one_as_two(self, call: ActionCall, approval: Approval) -> int:
        one = OTHER_LEAD if approval.needed > 1 else GONE
        yes = self._world.say_yes
        await asyncio.gather(yes(call, approval.id, one), yes(call, approval.id, one))
        return 2 + await self._all_say_yes(call, approval, one)

    async def _too_late(self, call: ActionCall, approval: Approval) -> int:
        before = self._world.clock.offset
        # The clock may have gone back since it was asked: late is counted from its own end.
        self._world.clock.offset += approval.expires_at - self._world.clock()
        self._world.clock.offset += timedelta(hours=self._dice.choice((0.01, 1, 25)))
        number = await self._all_say_yes(call, approval, OTHER_LEAD, rep("nora", "lead"))
        self._world.clock.offset = before
        return number

    async def _to_more(self, call: ActionCall, approval: Approval) -> int:
        wish = dict(call.arguments)
        if self._dice.random() < 0.5:
            wish = _wish(wish["claim_id"], int(float(wish["amount"]["amount"]) * 100) + 1)
        else:
            wish = {**wish, "claim_id": self._dice.choice(self._everything)}
        return await self._all_say_yes(call, approval, OTHER_LEAD, rep("nora", "lead"), arguments=wish)

    async def _after_no(self, call: ActionCall, approval: Approval) -> int:
        await self._world.tried(self._world.boundary.decline(approval.id, OTHER_LEAD, reason="No."))
        return 1 + await self._all_say_yes(call, approval, GONE, BUILDER)

    async def _after_it_was_over(self, call: ActionCall, approval: Approval) -> int:
        """Nobody has decided in time; the clock goes on and somebody does."""
        self._world.clock.offset += timedelta(hours=3)
        await self._world.boundary.look_after()
        return await self._all_say_yes(call, approval, OTHER_LEAD, rep("nora", "lead"))

    async def _of_what_is_frozen_since(self, call: ActionCall, approval: Approval) -> int:
        """Who decides may do so, and the world has gone on."""
        claim_id = call.arguments["claim_id"]
        self._world.till.happens("frozen", claim_id=claim_id)
        number = await self._all_say_yes(call, approval, OTHER_LEAD, rep("nora", "lead"))
        self._world.till.happens("freed", claim_id=claim_id)
        return number

    async def _let_leads_agree(self, who: Asker) -> int:
        """Two leads say yes to whatever is asked: limits hold for them as well."""
        own = self._of(who)
        chosen = self._dice.sample(own.waiting, 3) + own.too_large
        calls = await asyncio.gather(*(self._pay(who, *each) for each in chosen))
        number = len(calls)
        for call in calls:
            approval = await self._world.store.read(actions.approval_of, call.id) if call is not None else None
            if call is not None and approval is not None:
                number += await self._all_say_yes(call, approval, OTHER_LEAD, rep("nora", "lead"))
        await self._world.boundary.look_after()
        return number

    # -- being honest ------------------------------------------------------------------------------------------------

    async def ask_honestly(self) -> ActionCall | None:
        """A claim of one's own, whole, decided on by those who may; None if everything is paid by now."""
        if not self._honest:
            return None
        who, claim_id = self._honest.pop()
        (row,) = self._world.till.rows("SELECT cents FROM claims WHERE id = ?", claim_id)
        call = await self._world.ask(who, new_id("key"), "pay_out", _wish(claim_id, row["cents"]))
        approval = await self._world.store.read(actions.approval_of, call.id) if call is not None else None
        if call is None or approval is None:
            return call
        for _ in range(2):
            # Clicked twice; with what was paid without anybody's yes before, a lead's may be wanted.
            await self._world.say_yes(call, approval.id, OTHER_LEAD)
        return await self._world.store.read(actions.by_id, call.id)


def _wish(claim_id: str, cents: int) -> dict[str, Any]:
    return {"claim_id": claim_id, "amount": {"amount": f"{cents // 100}.{cents % 100:02}", "currency": "EUR"}}
