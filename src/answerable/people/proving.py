"""Proving who a customer is, in one conversation and for a while.

A proof belongs to the conversation in which it was given, and it ends. What a host's server has signed holds as long as
its token; a one-time code, sent by e-mail, steps up from there for a quarter of an hour. Nothing else proves anything.
"""

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import logging
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.conversations import Conversation
from answerable.domain.errors import Conflict, Invalid, NotFound, Unavailable
from answerable.domain.ids import new_id
from answerable.domain.people import Code, Customer, Identity, Proof, Purpose
from answerable.people.letters import Letter, Mailer, NoMailer
from answerable.people.signed import EMAIL_CHARACTERS_MAX, Signed
from answerable.store import Store, conversations, customers, proofs

log = logging.getLogger(__name__)

CODE_DIGITS = 6
CODE_LASTS = timedelta(minutes=10)
ATTEMPTS_MAX = 5
STEP_UP_LASTS = timedelta(minutes=15)
ADDRESS_LASTS = timedelta(hours=1)
CAPPED = timedelta(hours=1)
CODES_A_CUSTOMER_MAX = 3
CODES_AN_ADDRESS_MAX = 3
CODES_A_PLACE_MAX = 10
CODES_OF_ALL_MAX = 200

HIDDEN = "••••••"
ON_ITS_WAY = (
    "If we know an e-mail address for you, a code of six digits is on its way to it. It is good for ten minutes. "
    "Please type it here."
)
ON_ITS_WAY_THERE = (
    "If a code can be sent to that address, one of six digits is on its way to it. It is good for ten minutes. "
    "Please type it here."
)

NO_MAILER = "No code was sent: no mail server is set up. An admin sets ANSWERABLE_SMTP_HOST."
NO_ADDRESS = "No code was sent: in this conversation no address is known by which the customer has signed in."
TOO_MANY = "No code was sent: too many were within the last hour. Try again later."
NOT_TAKEN = "No code was sent: the mail server did not take the letter. Try again in a few minutes."

# Six digits, alone or in groups; not a piece of a longer number or of an amount.
_BETWEEN = "[ \u00a0\u200b-\u200f\u2060\ufeff\u2010-\u2015-]"
_JOINED = "[ \u00a0\u200b-\u200f\u2060\ufeff\u2010-\u2015.,-]"
_CODE = re.compile(rf"(?<!\d)(?<!\d{_JOINED})\d(?:{_BETWEEN}{{0,2}}\d){{5}}(?!{_JOINED}?\d)", re.ASCII)
# In longer texts a number is rather an invoice's.
TALK_CHARACTERS_MAX = 80
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]{1,189}")

Standing = Literal["none", "good", "used", "over"]
"""None: none was sent. Good: it may still be typed. Used: it proved something. Over: its time or its attempts are."""

Outcome = Literal["proved", "wrong", "spent", "again"]
"""Proved: it was right. Wrong: it was not. Spent: that was the last attempt. Again: it is over already."""


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """What is told to whoever asked for a code: to a customer the same, whether there is an address or not."""

    words: str
    expires_at: datetime
    is_capped: bool = False
    """Whether no more are sent for now: by what they have asked for themselves, or to the address that is theirs."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What became of the wish for a code."""

    code: Code | None = None
    """None if it was made before, or none may be made."""
    is_capped: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A message, after a look for a code in it."""

    text: str
    """As it may be kept."""
    outcome: Outcome | None
    """None if it was no code."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A customer as they have proved themselves to be in a conversation."""

    customer: Customer
    until: datetime | None
    """Until when all of it holds; none if nothing was proved."""


class Proving:
    """Sends codes and takes them."""

    def __init__(
        self,
        store: Store,
        mailer: Mailer,
        *,
        company: str,
        secret: str,
        clock: Callable[[], datetime] = now,
        codes_of_all_max: int = CODES_OF_ALL_MAX,
    ) -> None:
        self._store = store
        self._mailer = mailer
        self._company = company
        self._secret = secret.encode()
        self._clock = clock
        self._codes_of_all_max = codes_of_all_max
        self._sending: set[asyncio.Task[None]] = set()

    async def ask_for_code(
        self,
        conversation_id: str,
        purpose: Purpose = "step_up",
        *,
        address: str | None = None,
        key: str | None = None,
    ) -> CodeAsked:
        """Sends a code, if there is somebody to send it to and not too many were sent.

        To step up, it goes to the address that the host's server vouched for in this conversation, and to no other. To
        prove an address, it goes to `address`, which becomes the customer's own once the code comes back; that is for
        those whom no host has signed in. Whoever asks is told the same, and after the same time, in any case.

        The customer's own cap, and to step up any cap, is told as `is_capped`. That others have asked for codes to an
        address, or from the same place, is told to nobody: what is typed then is taken as if one had been sent.

        With a `key` one code at most is ever sent for it in the conversation: who asks again because it was stopped,
        and cannot know whether the letter is out, sends no second one. Who does not get it asks for another one.

        Raises NotFound, and Invalid for what is no address at all.
        """
        if (purpose == "address") != (address is not None):
            raise Invalid("An address is named to prove it, and only then.")
        wanted = _address(address) if address is not None else None
        number = _new_number()
        code_id = new_id("cod") if key is None else _code_id(conversation_id, key)
        kept = await self._store.write(self._keep, code_id, conversation_id, purpose, wanted, number)
        if kept.code is not None and kept.code.address is not None:
            sending = asyncio.create_task(self._send(kept.code.address, number))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
        words = ON_ITS_WAY if purpose == "step_up" else ON_ITS_WAY_THERE
        return CodeAsked(words, self._clock() + CODE_LASTS, kept.is_capped)

    async def standing(self, conversation_id: str, purpose: Purpose, *, but_key: str) -> Standing:
        """How the code stands that was asked for last in a conversation, for this purpose and by whose it is.

        That with the key does not count. It is told by what was asked for and typed, and so is the same whether a
        letter went out or not.
        """

        def look(db: Connection) -> Code | None:
            but = _code_id(conversation_id, but_key)
            code = proofs.last_code(db, conversation_id, purpose=purpose, but=but)
            conversation = conversations.by_id(db, conversation_id)
            is_theirs = code is not None and conversation is not None and code.customer_id == conversation.customer_id
            return code if is_theirs else None

        code = await self._store.read(look)
        if code is None:
            return "none"
        if code.state == "used":
            return "used"
        is_good = code.state == "open" and code.attempts < ATTEMPTS_MAX
        return "good" if is_good and code.created_at <= self._clock() < code.expires_at else "over"

    async def send_code(self, conversation_id: str) -> CodeAsked:
        """Sends a code to step up for a rep, who sees the customer's address anyway and hears what came of it.

        Raises NotFound, and Conflict or Unavailable with the sentence that says why no code was sent.
        """
        if isinstance(self._mailer, NoMailer):
            raise Unavailable(NO_MAILER)
        number = _new_number()
        kept = await self._store.write(self._keep, new_id("cod"), conversation_id, "step_up", None, number)
        code = kept.code
        if code is None:
            raise Conflict(TOO_MANY)
        if code.address is None:
            raise Conflict(NO_ADDRESS)
        try:
            await asyncio.to_thread(self._mailer.send, self._letter(code.address, number))
        except Unavailable as error:
            log.warning("A code could not be sent: %s", type(error).__name__)
            raise Unavailable(NOT_TAKEN) from error
        return CodeAsked(f"A code is on its way to {code.address}.", code.expires_at)

    def _keep(
        self, db: Connection, code_id: str, conversation_id: str, purpose: Purpose, address: str | None, number: str
    ) -> _Kept:
        """Keeps the code that is to be sent, if one may be."""
        at = self._clock()
        customer = proven_in(db, conversation_id, at)
        if customer is None:
            raise NotFound("There is no such conversation.")
        if purpose == "step_up":
            to = customer.email if customer.identity in ("verified", "stepped_up") else None
        else:
            to = address if customer.outside_id is None else None
        proofs.hold(db)
        if proofs.has_code(db, code_id):
            return _Kept()
        place = proofs.place_of(db, conversation_id)
        over = self._cap_reached(db, customer, to, place, at - CAPPED)
        if over is not None:
            log.warning("A code was asked for in conversation %s, but too many were within the hour.", conversation_id)
            if over == "own" or purpose == "step_up":
                return _Kept(is_capped=True)
            # It is asked for and typed like any other. It counts for nobody but the customer, or whoever asks while
            # too many do would keep all others waiting.
            to = place = None
        code = Code(
            id=code_id,
            conversation_id=conversation_id,
            customer_id=customer.id,
            purpose=purpose,
            address=to and to.lower(),
            digest=self._digest(code_id, conversation_id, purpose, number),
            attempts=0,
            state="open",
            came_from=place,
            created_at=at,
            expires_at=at + CODE_LASTS,
        )
        proofs.add_code(db, code)
        return _Kept(replace(code, address=to))

    def _cap_reached(
        self, db: Connection, customer: Customer, to: str | None, place: str | None, since: datetime
    ) -> Literal["own", "others"] | None:
        if proofs.sent_since(db, since, customer_id=customer.id) >= CODES_A_CUSTOMER_MAX:
            return "own"
        is_over = (
            (to is not None and proofs.sent_since(db, since, address=to.lower()) >= CODES_AN_ADDRESS_MAX)
            or (place is not None and proofs.sent_since(db, since, came_from=place) >= CODES_A_PLACE_MAX)
            or proofs.sent_since(db, since) >= self._codes_of_all_max
        )
        return "others" if is_over else None

    async def _send(self, address: str, number: str) -> None:
        try:
            await asyncio.to_thread(self._mailer.send, self._letter(address, number))
        except Exception as error:
            log.warning("A code could not be sent: %s", type(error).__name__)

    def _letter(self, address: str, number: str) -> Letter:
        # Kept nowhere on its way: who does not get it asks for another one.
        words = (
            f"Your code is {number}.\n\n"
            f"Type it into the chat with {self._company}. It is good for ten minutes, once.\n\n"
            f"If you did not ask for it, somebody else has: tell nobody the code. Nothing happens without it.\n"
        )
        return Letter(to=address, subject=f"Your code for {self._company}", text=words)

    async def settle(self) -> None:
        """Waits until what is on its way is sent."""
        while self._sending:
            await asyncio.wait(self._sending)

    def take(self, db: Connection, conversation: Conversation, text: str, at: datetime) -> Taken:
        """Takes a code out of a customer's message: it counts as an attempt, and the right one is not kept in clear."""
        found = code_in(text)
        if found is None:
            return Taken(text, None)
        code = proofs.newest_code(db, conversation.id, at)
        if code is None or code.customer_id != conversation.customer_id:
            # One that comes too late is no answer to anything else, and as little to be read by others.
            last = proofs.last_code(db, conversation.id) if found.is_alone else None
            is_late = last is not None and last.created_at > at - CAPPED
            return Taken(found.hidden if is_late else text, None)
        is_same = hmac.compare_digest(
            self._digest(code.id, conversation.id, code.purpose, found.number).encode(), code.digest.encode()
        )
        # Nobody has read a code that went nowhere: whoever types it has guessed it.
        is_right = is_same and code.address is not None
        # A number among words that is not the code is somebody's invoice: it counts, and stays.
        kept = found.hidden if is_right or found.is_alone else text
        if code.state != "open" or not proofs.attempt(db, code.id, ATTEMPTS_MAX):
            return Taken(kept, "again" if is_right else None)
        if not is_right:
            is_spent = code.attempts + 1 >= ATTEMPTS_MAX
            if is_spent:
                proofs.end_code(db, code.id, "spent")
            return Taken(kept, "spent" if is_spent else "wrong")
        if not proofs.end_code(db, code.id, "used"):
            return Taken(kept, "again")
        self._keep_proof(db, code, at)
        return Taken(kept, "proved")

    def _keep_proof(self, db: Connection, code: Code, at: datetime) -> None:
        is_address = code.purpose == "address"
        if is_address:
            customer = customers.by_id(db, code.customer_id, for_update=True)
            assert customer is not None
            customers.describe(db, replace(customer, email=code.address, identity="known"))
        proof = Proof(
            id=new_id("prf"),
            conversation_id=code.conversation_id,
            customer_id=code.customer_id,
            kind="address" if is_address else "code",
            email=code.address,
            by=code.id,
            proved_at=at,
            expires_at=at + (ADDRESS_LASTS if is_address else STEP_UP_LASTS),
        )
        proofs.add(db, proof)

    def place(self, address: str) -> str | None:
        """What is kept of a network address: enough to count by, and not the address.

        None for the machine's own: it is the demo, or a proxy behind which all customers would be one.
        """
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(address).is_loopback:
                return None
        return hmac.new(self._secret, f"place:{address}".encode(), hashlib.sha256).hexdigest()

    def _digest(self, code_id: str, conversation_id: str, purpose: Purpose, number: str) -> str:
        """What is kept of a code. Six digits are soon guessed from a plain hash; without the secret they cannot be."""
        said = f"code:{code_id}:{conversation_id}:{purpose}:{number}"
        return hmac.new(self._secret, said.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """A text that may be a code."""

    number: str
    hidden: str
    """The text without it."""
    is_alone: bool


def code_in(text: str) -> Found | None:
    """The six digits in a text that may be a code; none if there are several such, or it is a long text."""
    if len(text) > TALK_CHARACTERS_MAX:
        return None
    # Some keyboards write digits of another script, or wide ones.
    plain = "".join(str(unicodedata.decimal(sign, None) if sign.isdecimal() else sign) for sign in text)
    matches = list(_CODE.finditer(plain))
    if len(matches) != 1:
        return None
    start, end = matches[0].span()
    rest = plain[:start] + plain[end:]
    number = re.sub(r"\D", "", matches[0].group(), flags=re.ASCII)
    return Found(number, f"{text[:start]}{HIDDEN}{text[end:]}", not any(sign.isalnum() for sign in rest))


def has_code(text: str) -> bool:
    """Whether a code was typed, or what may be one: also where it has been taken out."""
    return HIDDEN in text or code_in(text) is not None


def address_in(text: str) -> str | None:
    """The e-mail address in a text; none if there are several, or it is a long text."""
    if len(text) > 2 * TALK_CHARACTERS_MAX:
        return None
    found = {each.rstrip(".!?") for each in _ADDRESS.findall(text)}
    address = found.pop() if len(found) == 1 else ""
    return address if _is_address(address) else None


def keep_signed(db: Connection, conversation: Conversation, signed: Signed, at: datetime) -> None:
    """Keeps that a host's server has vouched for the customer of a conversation; once for each token."""
    name = hashlib.sha256(f"{conversation.id}:{signed.digest}".encode()).hexdigest()[:26]
    proof = Proof(
        id=f"prf_{name}",
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        kind="signed",
        email=signed.email if signed.email_is_verified else None,
        by=signed.key_id,
        proved_at=at,
        expires_at=signed.expires_at,
    )
    proofs.add(db, proof)


def proven_in(db: Connection, conversation_id: str, at: datetime) -> Customer | None:
    """The customer of a conversation as they have proved themselves to be there, at that moment."""
    conversation = conversations.by_id(db, conversation_id)
    return proven(db, conversation_id, conversation.customer_id, at) if conversation is not None else None


def proven(db: Connection, conversation_id: str, customer_id: str, at: datetime) -> Customer | None:
    """A customer as they had proved themselves to be in a conversation, at that moment.

    Where something was proved, the e-mail address is the proved one, or none. What was proved in another conversation,
    or by somebody else in this one, is no proof here.
    """
    customer = customers.by_id(db, customer_id)
    if customer is None:
        return None
    return _as_proven(customer, proofs.in_force(db, conversation_id, at)).customer


def proven_in_each(db: Connection, asking: Mapping[str, Customer], at: datetime) -> dict[str, Proven]:
    """What the customers of several conversations, by the conversation's id, have proved there."""
    held = proofs.in_force_in(db, set(asking), at)
    return {each: _as_proven(customer, held.get(each, [])) for each, customer in asking.items()}


def _as_proven(customer: Customer, proved: list[Proof]) -> Proven:
    held = [each for each in proved if each.customer_id == customer.id]
    signed = next((each for each in held if each.kind == "signed"), None)
    base = signed or next((each for each in held if each.kind == "address"), None)
    if base is None:
        told: Identity = "known" if customer.email or customer.outside_id else "anonymous"
        return Proven(replace(customer, identity=told), None)
    # A code to the address steps up from what the host has signed; from a code to the same address it would not.
    code = next(
        (each for each in held if signed and each.kind == "code" and each.email == (signed.email or "").lower()), None
    )
    identity: Identity = "stepped_up" if code else "verified"
    until = min(base.expires_at, code.expires_at) if code else base.expires_at
    return Proven(replace(customer, identity=identity, email=base.email), until)


async def identity_of(store: Store, conversation_id: str, at: datetime | None = None) -> Identity:
    """How sure we are in a conversation who its customer is, now or at a moment. Raises NotFound."""
    customer = await store.read(proven_in, conversation_id, at or now())
    if customer is None:
        raise NotFound("There is no such conversation.")
    return customer.identity


def _code_id(conversation_id: str, key: str) -> str:
    return f"cod_{hashlib.sha256(f'{conversation_id}:{key}'.encode()).hexdigest()[:26]}"


def _new_number() -> str:
    return "".join(str(secrets.randbelow(10)) for _ in range(CODE_DIGITS))


def _address(said: str) -> str:
    address = said.strip()
    if not _is_address(address):
        raise Invalid("That is no e-mail address.")
    return address


def _is_address(said: str) -> bool:
    return len(said) <= EMAIL_CHARACTERS_MAX and said.isprintable() and _ADDRESS.fullmatch(said) is not None
