"""A host's server that signs who is in front of its page, in good and in bad ways; and a post office."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from sqlalchemy import Connection

from answerable.conversations import Arrival, receive
from answerable.domain.conversations import Conversation
from answerable.domain.people import Customer
from answerable.jobs import Jobs
from answerable.people import HostKeys, Proving, Signed, introduce, read_keys
from answerable.people.letters import Letter
from answerable.people.proving import Outcome
from answerable.store import Store, conversations

SECRET = "a secret of the host, so long that even the longest algorithm would take it"
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


class Clock:
    """The time, as the test has it; it begins now, since what a message proves begins when it came."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def oct_key(secret: str = SECRET, kid: str = "s1") -> dict[str, Any]:
    return {"kty": "oct", "kid": kid, "k": b64(secret.encode())}


def public(algorithm: Any, key: Any, kid: str) -> dict[str, Any]:
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}


KEYS = [
    oct_key(),
    public(RSAAlgorithm, RSA_KEY, "r1"),
    public(ECAlgorithm, EC_KEY, "e1"),
    public(OKPAlgorithm, ED_KEY, "d1"),
]


@dataclass
class Host:
    """The company's own system."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def claims(self, sub: str = "u_1", **other: Any) -> dict[str, Any]:
        at = int(self.at.timestamp())
        ines = {"name": "Ines Carvalho", "email": "ines@studiomare.example", "email_verified": True}
        claims = {"sub": sub, "iat": at, "exp": at + 600, **(ines if sub == "u_1" else {}), **other}
        return {name: value for name, value in claims.items() if value is not None}

    def token(
        self, sub: str = "u_1", *, key: Any = SECRET, alg: str = "HS256", kid: str | None = "s1", **other: Any
    ) -> str:
        headers = {"kid": kid} if kid is not None else None
        return jwt.encode(self.claims(sub, **other), key, algorithm=alg, headers=headers)

    def raw(self, header: dict[str, Any], claims: Any, secret: bytes | None) -> str:
        """A token as no library makes it."""
        said = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        signature = hmac.new(secret, said.encode(), hashlib.sha256).digest() if secret is not None else b""
        return f"{said}.{b64(signature)}"


def host_keys(clock: Clock, *, keys: Any = None, **other: Any) -> HostKeys:
    """What our side knows of the host."""
    held = read_keys(json.dumps({"keys": KEYS if keys is None else keys}))
    return HostKeys(lambda: held, clock=clock, **other)


def rsa_as_pem() -> bytes:
    return RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class PostOffice:
    """Keeps the letters that it is given."""

    letters: list[Letter] = field(default_factory=list)
    is_closed: bool = False

    def send(self, letter: Letter) -> None:
        if self.is_closed:
            raise OSError("closed")
        self.letters.append(letter)

    @property
    def code(self) -> str:
        """The code in the newest letter."""
        found = re.search(r"\b\d{6}\b", self.letters[-1].text)
        assert found is not None
        return found.group()


class Process(Proving):
    """One of the company's processes."""

    async def prove(self, conversation_id: str, said: str) -> Outcome | None:
        """What a customer's words prove in a conversation, as they do when a message comes."""

        def take(db: Connection) -> Outcome | None:
            conversation = conversations.by_id(db, conversation_id, for_update=True)
            assert conversation is not None
            return self.take(db, conversation, said, self._clock()).outcome

        return await self._store.write(take)


class NobodyStarts:
    """Jobs that nobody starts: these tests are about people."""

    def start_soon(self, kind: str, subject: str) -> None:
        pass


JOBS = cast(Jobs, NobodyStarts())


async def visitor(store: Store, text: str = "Hello?", **other: Any) -> tuple[Customer, Conversation]:
    """Somebody whom nobody knows, and what they asked."""
    introduced = await introduce(store, **other)
    received = await receive(store, JOBS, Arrival(introduced.customer, "chat", "m1", text))
    return introduced.customer, received.conversation


async def say(store: Store, who: Customer, text: str, *, key: str, signed: Signed | None = None, **o: Any) -> Any:
    """Something that a customer says; the conversation is opened if none is named."""
    conversation_id, proving = o.get("conversation_id"), o.get("proving")
    arrival = Arrival(who, "chat", key, text, conversation_id, None, signed, o.get("came_from"))
    return await receive(store, JOBS, arrival, proving)
