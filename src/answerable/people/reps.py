"""Reps: invitations by one-time link, signing in and out."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection

from answerable.domain.clock import now
from answerable.domain.errors import Conflict, NotFound, NotSignedIn
from answerable.domain.ids import new_id
from answerable.domain.people import Rep, Role
from answerable.people.access import require_role
from answerable.people.tokens import digest, new_token
from answerable.store import Store, reps

SIGN_IN_LASTS = timedelta(days=30)
LINK_LASTS = timedelta(days=7)

# argon2id with the library's defaults (RFC 9106, low-memory profile).
_hasher = PasswordHasher()
# Verified when there is no such rep, so that the time taken does not tell who works here. It is of a secret that was
# thrown away, and written down here because making it at each start takes as long as a sign-in.
_NOBODYS_HASH = "$argon2id$v=19$m=65536,t=3,p=4$RmMpUKLHbNLjSuN8B4Dxcg$hgQC0n/H5GnvyePETWRU1UkJ2ZecMn/SVi1Kl7JJpXM"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A rep and the secret for their browser's cookie."""

    rep: Rep
    token: str


async def sign_in(store: Store, *, email: str, password: str) -> SignedIn:
    """Signs a rep in with their password. Raises NotSignedIn, with the same words whatever was wrong."""
    found = await store.read(reps.with_password, email.strip().lower())
    password_hash = (found and found[1]) or _NOBODYS_HASH
    matches = await asyncio.to_thread(_matches, password_hash, password)
    if found is None or not found[1] or not found[0].active or not matches:
        raise NotSignedIn("The address or the password is wrong.")
    return await _start(store, found[0])


async def link_owner(store: Store, token: str) -> Rep:
    """Whose one-time link it is. Raises NotFound if it was used or has run out."""
    rep = await store.read(reps.link_owner, digest(token), now())
    if rep is None:
        raise NotFound("This link was used already or has run out. Ask an admin for a new one.")
    return rep


async def sign_in_by_link(store: Store, token: str, *, password: str) -> SignedIn:
    """Uses a one-time link up: sets the rep's password and signs them in. Raises NotFound."""
    rep = await link_owner(store, token)
    password_hash = await asyncio.to_thread(_hasher.hash, password)

    def use(db: Connection) -> bool:
        used = reps.use_link(db, digest(token), now())
        if used:
            reps.set_password(db, rep.id, password_hash)
            reps.sign_out_everywhere(db, rep.id)
        return used

    if not await store.write(use):
        raise NotFound("This link was used already or has run out. Ask an admin for a new one.")
    return await _start(store, rep)


async def rep_with(store: Store, token: str) -> Rep:
    """The rep whose browser holds this secret. Raises NotSignedIn."""
    rep = await store.read(reps.signed_in, digest(token), now()) if token else None
    if rep is None:
        raise NotSignedIn("Please sign in.")
    return rep


def is_signed_in(db: Connection, token: str) -> bool:
    """Whether the secret still opens the door."""
    return reps.signed_in(db, digest(token), now()) is not None


async def sign_out(store: Store, token: str) -> None:
    """Forgets the sign-in."""
    await store.write(reps.sign_out, digest(token))


async def invite(store: Store, by: Rep, *, name: str, email: str, role: Role) -> tuple[Rep, str]:
    """Adds a rep and gives the secret of their one-time link. Raises NotAllowed, Conflict."""
    require_role(by, "admin")
    return await _add(store, name=name, email=email, role=role)


async def change_rep(store: Store, by: Rep, rep_id: str, *, role: Role | None, active: bool | None) -> Rep:
    """Changes a rep's role or lets them in or out. Raises NotAllowed, NotFound, Conflict."""
    require_role(by, "admin")

    def change(db: Connection) -> Rep:
        if reps.by_id(db, rep_id) is None:
            raise NotFound("There is no such rep.")
        # Two admins who remove each other at once must not both succeed.
        db.info["lock"](db, "people")
        reps.change(db, rep_id, role=role, active=active)
        if reps.count_admins(db) == 0:
            raise Conflict("Somebody must stay admin. Make another rep admin first.")
        if active is False:
            reps.sign_out_everywhere(db, rep_id)
        changed = reps.by_id(db, rep_id)
        assert changed is not None
        return changed

    return await store.write(change)


async def renew_link(store: Store, by: Rep, rep_id: str) -> tuple[Rep, str]:
    """A new one-time link for a rep who lost the old one or the password. Raises NotAllowed, NotFound, Conflict."""
    require_role(by, "admin")
    rep = await store.read(reps.by_id, rep_id)
    if rep is None:
        raise NotFound("There is no such rep.")
    return rep, await _renew(store, rep)


async def renew_link_by_email(store: Store, email: str) -> tuple[Rep, str]:
    """The same for whoever has the machine, when no admin can sign in any more. Raises NotFound, Conflict."""
    found = await store.read(reps.with_password, email.strip().lower())
    if found is None:
        raise NotFound(f"Nobody with the address {email} works here.")
    rep, _ = found
    return rep, await _renew(store, rep)


async def first_admin_link(store: Store, *, name: str, email: str) -> str | None:
    """The secret of a new one-time link for the first admin, as long as no admin has set a password yet."""

    email = email.strip().lower()

    def renew(db: Connection) -> str | None:
        if reps.any_admin_password(db):
            return None
        found = reps.with_password(db, email)
        rep = found[0] if found else Rep(new_id("rep"), name, email, "admin", active=True, created_at=now())
        if found is None:
            reps.add(db, rep)
        reps.change(db, rep.id, role="admin", active=True)
        return _add_link(db, rep)

    return await store.write(renew)


async def _add(store: Store, *, name: str, email: str, role: Role) -> tuple[Rep, str]:
    rep = Rep(new_id("rep"), name.strip(), email.strip().lower(), role, active=True, created_at=now())

    def add(db: Connection) -> str:
        reps.add(db, rep)
        return _add_link(db, rep)

    return rep, await store.write(add)


async def _renew(store: Store, rep: Rep) -> str:
    if not rep.active:
        raise Conflict(f"{rep.name} is not let in. An admin can let them in again in the console.")
    return await store.write(_add_link, rep)


def _add_link(db: Connection, rep: Rep) -> str:
    token = new_token()
    reps.add_link(db, rep.id, token_digest=digest(token), expires_at=now() + LINK_LASTS)
    return token


async def _start(store: Store, rep: Rep) -> SignedIn:
    token = new_token()
    at = now()
    await store.write(reps.add_sign_in, rep.id, token_digest=digest(token), now=at, expires_at=at + SIGN_IN_LASTS)
    return SignedIn(rep, token)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
