"""Signing in, and who works here."""

from typing import Any

from litestar import Request, Response, get, patch, post
from litestar.middleware.rate_limit import RateLimitConfig
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from answerable.api.desk import AtDesk, Desk, RepHere
from answerable.api.shapes import (
    Invitation,
    LinkOwner,
    Me,
    NewRep,
    RepChange,
    RepRow,
    SignIn,
    SignInByLink,
)
from answerable.api.showing import rep_row
from answerable.domain.people import Rep
from answerable.people import SignedIn, change_rep, invite, link_owner, renew_link, sign_in, sign_in_by_link, sign_out
from answerable.store import releases, reps
from answerable.web import at_least, link_address, sign_in_cookie, sign_out_cookie

# Guessing passwords is slow: so many tries a minute from one address.
SIGN_INS_A_MINUTE_MAX = 30
_limited = [RateLimitConfig(rate_limit=("minute", SIGN_INS_A_MINUTE_MAX)).middleware]


@post("/sign-in", status_code=HTTP_200_OK, middleware=_limited)
async def sign_in_with_password(desk: AtDesk, data: JSONBody[SignIn]) -> Response[Me]:
    """Signs in with a password."""
    return await _welcome(desk, await sign_in(desk.store, email=data.email, password=data.password))


@get("/sign-in/link/{token:str}")
async def whose_link(desk: AtDesk, token: FromPath[str]) -> LinkOwner:
    """Whose one-time link it is, before it is used."""
    rep = await link_owner(desk.store, token)
    return LinkOwner(name=rep.name, email=rep.email)


@post("/sign-in/link", status_code=HTTP_200_OK)
async def use_link(desk: AtDesk, data: JSONBody[SignInByLink]) -> Response[Me]:
    """Uses a one-time link up: sets the password and signs in."""
    return await _welcome(desk, await sign_in_by_link(desk.store, data.token, password=data.password))


@post("/sign-out", status_code=HTTP_204_NO_CONTENT)
async def leave(desk: AtDesk, request: Request[Rep | None, str | None, Any]) -> Response[None]:
    """Signs out; doing it twice is fine."""
    if request.auth:
        await sign_out(desk.store, request.auth)
    cookie = sign_out_cookie(secure=desk.secure)
    return Response(None, status_code=HTTP_204_NO_CONTENT, cookies=[cookie])


@get("/me", guards=[at_least("rep")])
async def who_am_i(desk: AtDesk, rep: RepHere) -> Me:
    """Who is signed in."""
    return await _me(desk, rep)


@get("/reps", guards=[at_least("rep")])
async def everyone(desk: AtDesk) -> list[RepRow]:
    """All who work here, by name."""
    return [rep_row(each) for each in await desk.store.read(reps.everyone)]


@post("/reps", guards=[at_least("admin")], status_code=HTTP_201_CREATED)
async def invite_rep(desk: AtDesk, rep: RepHere, data: JSONBody[NewRep]) -> Invitation:
    """Invites somebody; the link is shown only this once."""
    invited, token = await invite(desk.store, rep, name=data.name, email=data.email, role=data.role)
    return Invitation(rep=rep_row(invited), link=link_address(desk.address, token))


@post("/reps/{rep_id:str}/link", guards=[at_least("admin")], status_code=HTTP_201_CREATED)
async def renew_one_link(desk: AtDesk, rep: RepHere, rep_id: FromPath[str]) -> Invitation:
    """A new one-time link, for somebody who lost theirs or the password; older ones stop working."""
    renewed, token = await renew_link(desk.store, rep, rep_id)
    return Invitation(rep=rep_row(renewed), link=link_address(desk.address, token))


@patch("/reps/{rep_id:str}", guards=[at_least("admin")])
async def change_one(desk: AtDesk, rep: RepHere, rep_id: FromPath[str], data: JSONBody[RepChange]) -> RepRow:
    """Changes a rep's role, or lets them in or out."""
    return rep_row(await change_rep(desk.store, rep, rep_id, role=data.role, active=data.active))


async def _welcome(desk: Desk, signed_in: SignedIn) -> Response[Me]:
    cookie = sign_in_cookie(signed_in.token, secure=desk.secure)
    return Response(await _me(desk, signed_in.rep), cookies=[cookie])


async def _me(desk: Desk, rep: Rep) -> Me:
    release = await desk.store.read(releases.newest)
    return Me(id=rep.id, name=rep.name, email=rep.email, role=rep.role, company=desk.company, release=release)


ROUTES = [
    sign_in_with_password,
    whose_link,
    use_link,
    leave,
    who_am_i,
    everyone,
    invite_rep,
    renew_one_link,
    change_one,
]
