"""A till that believes everything: it pays whatever it is told to, as often as it is told, and writes that down.

The demo company's back office looks at each refund once more, and so hides what the boundary lets pass. Here nothing is
looked at: what the clauses, limits and people do not stop has happened.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec

from answerable.actions.declaring import Action, Amount, Doing, Limits, NotDone, action
from answerable.domain.actions import Check, Clause

_FOR_EVER = datetime(2020, 1, 1, tzinfo=UTC)
_TABLES = """
    CREATE TABLE claims (id TEXT PRIMARY KEY, owner TEXT, cents INTEGER, currency TEXT, at TEXT, kind TEXT);
    CREATE TABLE happened (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT, what TEXT, key TEXT, owner TEXT, claim_id TEXT, cents INTEGER, currency TEXT
    );
"""
ClaimId = Annotated[str, msgspec.Meta(pattern=r"^cl_[a-z0-9]{1,40}$")]
Words = Annotated[str, msgspec.Meta(max_length=80)]


class PayWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim, or a part of it."""

    claim_id: ClaimId
    amount: Amount


class BonusWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something extra."""

    amount: Amount
    occasion: Words


class WaiveWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A claim of the company's own that it is to forget."""

    claim_id: ClaimId


class AccountWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where everything is paid to from now on."""

    account: Words


class ClaimsWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of them."""


class Told(msgspec.Struct, frozen=True):
    """What the till has written down."""

    reference: str
    summary: str


class Till:
    """The till, and beside it the file that says what it has really done."""

    def __init__(self, file: Path, clock: Callable[[], datetime]) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
        self._clock = clock
        self.loses_answers = 0
        """So many of the next payments are made and not answered."""

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """What the file holds."""
        return self._db.execute(query, values).fetchall()

    def owe(self, claim_id: str, owner: str, cents: int, at: datetime, kind: str) -> None:
        """A claim that somebody has."""
        self._db.execute(
            "INSERT INTO claims VALUES (?, ?, ?, 'EUR', ?, ?)", (claim_id, owner, cents, at.isoformat(), kind)
        )

    def happens(self, what: str, *, key: str = "", owner: str = "", claim_id: str = "", amount: Any = None) -> Told:
        """Writes down that it happened."""
        cents = int(amount.money.amount * 100) if amount is not None else None
        row = (
            self._clock().isoformat(),
            what,
            key,
            owner,
            claim_id,
            cents,
            amount.currency if amount is not None else None,
        )
        self._db.execute(
            "INSERT INTO happened (at, what, key, owner, claim_id, cents, currency) VALUES (?, ?, ?, ?, ?, ?, ?)", row
        )
        if key and self.loses_answers:
            self.loses_answers -= 1
            raise ConnectionError("reset")
        return Told(f"done_{key}", f"{what} {claim_id}".strip())

    async def look_up(self, doing: Doing, wanted: Any) -> Told | None:
        """What was done under that key."""
        found = self.rows("SELECT what, claim_id FROM happened WHERE key = ?", doing.key)
        return Told(f"done_{doing.key}", f"{found[0]['what']} {found[0]['claim_id']}".strip()) if found else None

    def claim_of(self, doing: Doing, claim_id: str) -> sqlite3.Row:
        """One of the customer's own claims; somebody else's is as if it were not there."""
        found = self.rows("SELECT * FROM claims WHERE id = ? AND owner = ?", claim_id, doing.customer.email)
        if not found:
            raise NotDone("There is no such claim.")
        return found[0]

    async def facts(self, doing: Doing, wanted: PayWanted) -> Mapping[str, Any]:
        """What the clauses need to know; nothing of it is looked at again when it is paid."""
        claim = self.claim_of(doing, wanted.claim_id)
        paid = self.rows(
            "SELECT coalesce(sum(cents), 0) AS cents FROM happened WHERE what = 'paid' AND claim_id = ?", claim["id"]
        )
        frozen = self.rows(
            "SELECT what FROM happened WHERE what IN ('frozen', 'freed') AND claim_id = ? ORDER BY number DESC LIMIT 1",
            claim["id"],
        )
        return {
            "kind": claim["kind"],
            "days_since": (self._clock() - datetime.fromisoformat(claim["at"])).days,
            "is_frozen": bool(frozen) and frozen[0]["what"] == "frozen",
            "is_in_currency": wanted.amount.currency == claim["currency"],
            "exceeds_what_is_left": int(wanted.amount.money.amount * 100) + paid[0]["cents"] > claim["cents"],
        }

    def actions(self) -> dict[str, Action]:
        """What can be asked of it."""

        async def pay_out(doing: Doing, wanted: PayWanted) -> Told:
            """Pays a claim of the customer, or a part of it."""
            owner = doing.customer.email or ""
            return self.happens("paid", key=doing.key, owner=owner, claim_id=wanted.claim_id, amount=wanted.amount)

        async def pay_bonus(doing: Doing, wanted: BonusWanted) -> Told:
            """Pays the customer a little for their trouble."""
            return self.happens("bonus", key=doing.key, owner=doing.customer.email or "", amount=wanted.amount)

        async def waive_claim(doing: Doing, wanted: WaiveWanted) -> Told:
            """Forgets a claim. No clause allows it to anybody."""
            return self.happens("waived", key=doing.key, owner=doing.customer.email or "", claim_id=wanted.claim_id)

        async def move_account(doing: Doing, wanted: AccountWanted) -> Told:
            """Pays to another account from now on."""
            return self.happens("moved", key=doing.key, owner=doing.customer.email or "")

        async def find_claims(doing: Doing, wanted: ClaimsWanted) -> Told:
            """Lists the customer's claims."""
            own = self.rows("SELECT id, cents FROM claims WHERE owner = ? ORDER BY id", doing.customer.email)
            return Told("claims", "; ".join(f"{each['id']} {each['cents']}" for each in own) or "There are none.")

        changes: dict[str, Any] = {"look_up": self.look_up, "simulate": lambda *_: Told("0", "Nothing.")}
        moves: dict[str, Any] = {
            **changes,
            "effect": "moves_money",
            "identity": "verified",
            "money": lambda wanted: wanted.amount.money,
            "approval_expires_after": timedelta(hours=2),
        }
        declared = (
            action(effect="reads", identity="verified")(find_claims),
            action(**moves, facts=self.facts, limits=PAY_LIMITS)(pay_out),
            action(**moves, limits=BONUS_LIMITS)(pay_bonus),
            action(**changes, effect="writes", identity="verified")(waive_claim),
            action(**changes, effect="writes", identity="stepped_up")(move_account),
        )
        return {each.name: each for each in declared}


def _both(amount: str) -> dict[str, str]:
    return {"EUR": amount, "USD": amount}


PAY_LIMITS = Limits(_both("200.00"), _both("250.00"), _both("9000.00"), calls_per_customer_a_day=8)
BONUS_LIMITS = Limits(_both("20.00"), _both("60.00"), _both("150.00"), calls_per_day=12)


def _clause(name: str, effect: Any, *when: Check, about: str = "pay_out", **other: Any) -> Clause:
    values: dict[str, Any] = {
        "policy": "till",
        "title": name,
        "says": f"What {name} says.",
        "applies_to": (about,),
        "above": {},
        "approver_role": "rep",
        "four_eyes": False,
        "from_moment": _FOR_EVER,
        "to_moment": None,
    }
    return Clause(id=name, effect=effect, when=when, **{**values, **other})


TILL_RULES = (
    _clause("TILL-1", "allows", Check("kind", equals="deposit")),
    _clause("TILL-2", "allows", Check("days_since", at_most=14)),
    _clause("TILL-3", "forbids", Check("is_frozen", equals=True)),
    _clause("TILL-4", "forbids", Check("is_in_currency", equals=False)),
    _clause("TILL-5", "forbids", Check("exceeds_what_is_left", equals=True)),
    _clause("TILL-6", "needs_approval", above=_both("50.00")),
    _clause("TILL-7", "needs_approval", above=_both("100.00"), approver_role="lead"),
    _clause("TILL-8", "needs_approval", above=_both("150.00"), approver_role="lead", four_eyes=True),
    _clause("TILL-9", "allows", about="pay_bonus"),
    _clause("TILL-10", "allows", about="move_account"),
)
