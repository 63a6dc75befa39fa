"""Who is at the reps' door: a cookie that holds a secret, and the least role that a route asks for."""

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import Guard

from answerable.domain.errors import NotSignedIn
from answerable.domain.people import Rep, Role
from answerable.people import require_role
from answerable.people.reps import SIGN_IN_LASTS, rep_with
from answerable.store import Store

COOKIE = "answerable_sign_in"


class RepAuthentication(AbstractAuthenticationMiddleware):
    """Finds out who is signed in; a route's guard decides whether that is enough."""

    async def authenticate_request(self, connection: ASGIConnection) -> AuthenticationResult:  # type: ignore[type-arg]
        """The rep of the cookie, or nobody."""
        store: Store = connection.app.state.store
        token = connection.cookies.get(COOKIE, "")
        try:
            rep = await rep_with(store, token)
        except NotSignedIn:
            return AuthenticationResult(user=None, auth=None)
        return AuthenticationResult(user=rep, auth=token)


def at_least(role: Role) -> Guard:
    """Lets in whoever's role reaches to `role`. Raises NotSignedIn, NotAllowed."""

    def guard(connection: ASGIConnection, _: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        rep: Rep | None = connection.user
        if rep is None:
            raise NotSignedIn("Please sign in.")
        require_role(rep, role)

    return guard


def sign_in_cookie(token: str, *, secure: bool) -> Cookie:
    """Carries the secret; scripts cannot read it and other sites cannot send it."""
    seconds = int(SIGN_IN_LASTS.total_seconds())
    return Cookie(key=COOKIE, value=token, path="/", max_age=seconds, httponly=True, samesite="lax", secure=secure)


def link_address(program: str, token: str) -> str:
    """Where a one-time link leads; `program` is the address of the program."""
    return f"{program}/console/link/{token}"


def sign_out_cookie(*, secure: bool) -> Cookie:
    """Takes the secret away."""
    return Cookie(key=COOKIE, value="", path="/", max_age=0, httponly=True, samesite="lax", secure=secure)
