"""Queries about what customers have proved, and about one-time codes."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, select, update

from answerable.domain.people import Code, CodeState, Proof, Purpose
from answerable.store.tables import codes, conversations, proofs

_PROOF = tuple(proofs.c[name] for name in Proof.__slots__)
_CODE = tuple(codes.c[name] for name in Code.__slots__)

# Asked with every message of somebody who is signed in: building a statement costs more than running it.
_BY_ID = select(proofs.c.id).where(proofs.c.id == bindparam("wanted"))
_IN_FORCE = (
    select(*_PROOF)
    .where(
        proofs.c.conversation_id == bindparam("wanted"),
        proofs.c.proved_at <= bindparam("at"),
        proofs.c.expires_at > bindparam("at"),
    )
    .order_by(proofs.c.proved_at.desc(), proofs.c.id.desc())
)
_NEWEST = (
    select(*_CODE)
    .where(codes.c.conversation_id == bindparam("wanted"))
    # Only the one sent last can be open; where the clock went back, an earlier one bears a later time.
    .order_by(codes.c.state != "open", codes.c.created_at.desc(), codes.c.id.desc())
    .limit(1)
)


def add(db: Connection, proof: Proof) -> None:
    """Keeps a proof; one that is there already stays as it is."""
    if db.execute(_BY_ID, {"wanted": proof.id}).one_or_none() is None:
        db.execute(insert(proofs).values({name: getattr(proof, name) for name in Proof.__slots__}))


def in_force(db: Connection, conversation_id: str, at: datetime) -> list[Proof]:
    """What was proved in a conversation and held at that moment, newest first."""
    return [Proof(*row) for row in db.execute(_IN_FORCE, {"wanted": conversation_id, "at": at})]


def in_force_in(db: Connection, conversation_ids: set[str], at: datetime) -> dict[str, list[Proof]]:
    """What was proved in each of several conversations and held at that moment, newest first, by conversation."""
    own = proofs.c
    query = select(*_PROOF).where(own.conversation_id.in_(conversation_ids), own.proved_at <= at, own.expires_at > at)
    found: dict[str, list[Proof]] = {}
    for row in db.execute(query.order_by(own.proved_at.desc(), own.id.desc())):
        proof = Proof(*row)
        found.setdefault(proof.conversation_id, []).append(proof)
    return found


# -- codes -----------------------------------------------------------------------------------------------------------


def hold(db: Connection) -> None:
    """From here to the end of the transaction nobody else sends a code: what is counted stays as it is."""
    db.info["lock"](db, "people")


def add_code(db: Connection, code: Code) -> None:
    """Keeps a code; one that is open in the conversation is not good any more."""
    db.execute(
        update(codes)
        .where(codes.c.conversation_id == code.conversation_id, codes.c.state == "open")
        .values(state="replaced")
    )
    db.execute(insert(codes).values({name: getattr(code, name) for name in Code.__slots__}))


def has_code(db: Connection, code_id: str) -> bool:
    """Whether there is a code of that name, good or not."""
    return db.execute(select(codes.c.id).where(codes.c.id == code_id)).one_or_none() is not None


def newest_code(db: Connection, conversation_id: str, at: datetime) -> Code | None:
    """The code that was sent last in a conversation, used or not, as long as its time is not over."""
    row = db.execute(_NEWEST, {"wanted": conversation_id}).one_or_none()
    code = Code(*row) if row else None
    # A clock that went backwards makes nothing hold for longer.
    return code if code is not None and code.created_at <= at < code.expires_at else None


def last_code(
    db: Connection, conversation_id: str, *, purpose: Purpose | None = None, but: str | None = None
) -> Code | None:
    """The code of a conversation that is open or else was sent last, whatever became of it.

    Only one for this purpose, if one is named; and not the one with the id `but`.
    """
    wanted = [codes.c.conversation_id == conversation_id]
    wanted += [codes.c.purpose == purpose] if purpose is not None else []
    wanted += [codes.c.id != but] if but is not None else []
    query = (
        select(*_CODE)
        .where(*wanted)
        .order_by(codes.c.state != "open", codes.c.created_at.desc(), codes.c.id.desc())
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return Code(*row) if row else None


def attempt(db: Connection, code_id: str, most: int) -> bool:
    """Counts one more attempt; False if the code is not open, or has had its attempts."""
    taken = db.execute(
        update(codes)
        .where(codes.c.id == code_id, codes.c.state == "open", codes.c.attempts < most)
        .values(attempts=codes.c.attempts + 1)
    )
    return taken.rowcount == 1


def end_code(db: Connection, code_id: str, state: CodeState) -> bool:
    """Ends an open code; False if somebody else was first."""
    ended = db.execute(update(codes).where(codes.c.id == code_id, codes.c.state == "open").values(state=state))
    return ended.rowcount == 1


def sent_since(
    db: Connection,
    since: datetime,
    *,
    customer_id: str | None = None,
    address: str | None = None,
    came_from: str | None = None,
) -> int:
    """How many codes were asked for since then: by a customer, to an address, from a place; or sent, to anybody."""
    query = select(func.count()).select_from(codes).where(codes.c.created_at > since)
    if customer_id is None and address is None and came_from is None:
        query = query.where(codes.c.address.is_not(None))
    if customer_id is not None:
        query = query.where(codes.c.customer_id == customer_id)
    if address is not None:
        query = query.where(codes.c.address == address)
    if came_from is not None:
        query = query.where(codes.c.came_from == came_from)
    return db.execute(query).scalar_one()


def place_of(db: Connection, conversation_id: str) -> str | None:
    """Where the customer of a conversation wrote from last, as a digest."""
    query = select(conversations.c.came_from).where(conversations.c.id == conversation_id)
    return db.execute(query).scalar_one_or_none()
