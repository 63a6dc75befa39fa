"""Queries about reps, their one-time links and their sign-ins."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from answerable.domain.errors import Conflict
from answerable.domain.people import Rep, Role
from answerable.store.live import EVERYTHING, wake_after_commit
from answerable.store.tables import reps, sign_in_links, sign_ins

_REP = (reps.c.id, reps.c.name, reps.c.email, reps.c.role, reps.c.active, reps.c.created_at)


def add(db: Connection, rep: Rep) -> None:
    """Keeps a new rep, who cannot sign in yet. Raises Conflict if the address is taken."""
    try:
        with db.begin_nested():
            db.execute(
                insert(reps).values(
                    id=rep.id,
                    name=rep.name,
                    email=rep.email,
                    role=rep.role,
                    active=rep.active,
                    created_at=rep.created_at,
                )
            )
    except IntegrityError as error:
        raise Conflict(f"Somebody with the address {rep.email} works here already.") from error


def by_id(db: Connection, rep_id: str) -> Rep | None:
    """The rep of that name."""
    row = db.execute(select(*_REP).where(reps.c.id == rep_id)).one_or_none()
    return Rep(**row._mapping) if row else None


def everyone(db: Connection) -> list[Rep]:
    """All reps, by name."""
    return [Rep(**row._mapping) for row in db.execute(select(*_REP).order_by(reps.c.name, reps.c.id))]


def names(db: Connection) -> dict[str, str]:
    """Every rep's name, by id."""
    return {row.id: row.name for row in db.execute(select(reps.c.id, reps.c.name))}


def with_password(db: Connection, email: str) -> tuple[Rep, str | None] | None:
    """The rep of that address and the hash of their password."""
    row = db.execute(select(*_REP, reps.c.password_hash).where(reps.c.email == email)).one_or_none()
    if row is None:
        return None
    fields = dict(row._mapping)
    password_hash = fields.pop("password_hash")
    return Rep(**fields), password_hash


def change(db: Connection, rep_id: str, *, role: Role | None, active: bool | None) -> None:
    """Changes a rep's role, or lets them in or out."""
    values = {name: value for name, value in {"role": role, "active": active}.items() if value is not None}
    if values:
        db.execute(update(reps).where(reps.c.id == rep_id).values(**values))


def count_admins(db: Connection) -> int:
    """How many active admins there are."""
    query = select(func.count()).select_from(reps).where(reps.c.role == "admin", reps.c.active)
    return db.execute(query).scalar_one()


def set_password(db: Connection, rep_id: str, password_hash: str) -> None:
    """Keeps the hash of a new password."""
    db.execute(update(reps).where(reps.c.id == rep_id).values(password_hash=password_hash))


def any_admin_password(db: Connection) -> bool:
    """Whether any admin can sign in with a password."""
    with_password = select(reps.c.id).where(reps.c.role == "admin", reps.c.password_hash.is_not(None))
    return db.execute(with_password.limit(1)).first() is not None


def add_link(db: Connection, rep_id: str, *, token_digest: str, expires_at: datetime) -> None:
    """Keeps a one-time link; older ones of the same rep stop working."""
    db.execute(delete(sign_in_links).where(sign_in_links.c.rep_id == rep_id))
    db.execute(insert(sign_in_links).values(token_digest=token_digest, rep_id=rep_id, expires_at=expires_at))


def link_owner(db: Connection, token_digest: str, now: datetime) -> Rep | None:
    """Whose link it is, if it can still be used."""
    row = db.execute(
        select(*_REP)
        .join(sign_in_links)
        .where(
            sign_in_links.c.token_digest == token_digest,
            sign_in_links.c.used_at.is_(None),
            sign_in_links.c.expires_at > now,
            reps.c.active,
        )
    ).one_or_none()
    return Rep(**row._mapping) if row else None


def use_link(db: Connection, token_digest: str, now: datetime) -> bool:
    """Marks a link as used; False if somebody was first."""
    done = db.execute(
        update(sign_in_links)
        .where(sign_in_links.c.token_digest == token_digest, sign_in_links.c.used_at.is_(None))
        .values(used_at=now)
    )
    return done.rowcount == 1


def add_sign_in(db: Connection, rep_id: str, *, token_digest: str, now: datetime, expires_at: datetime) -> None:
    """Keeps that a browser is signed in, and drops sign-ins that have run out."""
    db.execute(delete(sign_ins).where(sign_ins.c.expires_at < now))
    db.execute(insert(sign_ins).values(token_digest=token_digest, rep_id=rep_id, created_at=now, expires_at=expires_at))


def signed_in(db: Connection, token_digest: str, now: datetime) -> Rep | None:
    """Who is signed in with that cookie."""
    row = db.execute(
        select(*_REP)
        .join(sign_ins)
        .where(sign_ins.c.token_digest == token_digest, sign_ins.c.expires_at > now, reps.c.active)
    ).one_or_none()
    return Rep(**row._mapping) if row else None


def sign_out(db: Connection, token_digest: str) -> None:
    """Forgets a sign-in."""
    db.execute(delete(sign_ins).where(sign_ins.c.token_digest == token_digest))
    wake_after_commit(db, EVERYTHING)


def sign_out_everywhere(db: Connection, rep_id: str) -> None:
    """Forgets all sign-ins of a rep; their streams look whether they may go on."""
    db.execute(delete(sign_ins).where(sign_ins.c.rep_id == rep_id))
    wake_after_commit(db, EVERYTHING)
