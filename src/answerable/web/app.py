"""The application: doors, errors, headers and OpenAPI put together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from litestar import Litestar, Request, get
from litestar.config.cors import CORSConfig
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import MutableScopeHeaders, State
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Server
from litestar.stores.memory import MemoryStore
from litestar.types import ControllerRouterHandler, Message, Scope

from answerable import __version__
from answerable.store import Store
from answerable.web.errors import HANDLERS, MissingPage

BODY_BYTES_MAX = 256 * 1024
LIMITS_TIDIED_SECONDS = 60.0

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

# The doors that pages of other sites may come to. Litestar lets them in everywhere or nowhere.
OPEN_TO_OTHER_SITES = ("/chat/", "/widget/")
CROSSING_HEADERS = ("Origin", "Headers", "Methods")

# What must not be protected by the cookie's twin: customers' requests carry a key that no other site has.
WITHOUT_COOKIE = ["^/chat/", "^/healthz$", "^/widget/", "^/help", "^/demo"]


def build_app(
    store: Store,
    routes: Sequence[ControllerRouterHandler],
    *,
    secret: str,
    secure: bool,
    cors: CORSConfig | None = None,
    missing_page: MissingPage,
) -> Litestar:
    """The whole application. `secret` signs CSRF cookies; `secure` says that browsers come by HTTPS;
    `missing_page` is what a browser shows for an address that has no page.
    """
    limits = MemoryStore()
    return Litestar(
        route_handlers=[alive, openapi_document, *routes],
        state=State({"store": store, "missing_page": missing_page}),
        stores={"rate_limit": limits},
        lifespan=[_tidied(limits)],
        exception_handlers=HANDLERS,
        csrf_config=CSRFConfig(
            secret=secret,
            cookie_secure=secure,
            cookie_samesite="lax",
            exclude=WITHOUT_COOKIE,
        ),
        before_send=[add_headers],
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=OpenAPIConfig(
            title="Answerable",
            version=__version__,
            description="Customers' door: /chat. Reps' door: /api. Errors are application/problem+json (RFC 9457).",
            path="/docs",
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            servers=[Server(url="/")],
        ),
        cors_config=cors,
        logging_config=None,
    )


@asynccontextmanager
async def _tidied(limits: MemoryStore) -> AsyncIterator[None]:
    """Forgets the counts of those who came once: every made-up key would have one for ever."""

    async def tidy_for_ever() -> None:
        while True:
            await asyncio.sleep(LIMITS_TIDIED_SECONDS)
            await limits.delete_expired()

    tidying = asyncio.create_task(tidy_for_ever())
    try:
        yield
    finally:
        tidying.cancel()
        with suppress(asyncio.CancelledError):
            await tidying


@get("/healthz", include_in_schema=False)
async def alive() -> dict[str, str]:
    """Says that the program is alive."""
    return {"status": "alive", "version": __version__}


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi_document(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The whole API, for programs that make clients of it."""
    return request.app.openapi_schema.to_schema()


async def add_headers(message: Message, scope: Scope) -> None:
    """What every response tells the browser to be careful about."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not scope["path"].startswith(OPEN_TO_OTHER_SITES):
        for name in CROSSING_HEADERS:
            headers.pop(f"Access-Control-Allow-{name}", None)
    if "html" in headers.get("content-type", ""):
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
