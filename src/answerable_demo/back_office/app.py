"""Puts the back office together: routes, keys, errors, faults."""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Litestar, Request, Response
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from answerable_demo.back_office.errors import Problem, Refused
from answerable_demo.back_office.faults import FaultMiddleware, FaultSwitch
from answerable_demo.back_office.routes import ROUTES, Desk
from answerable_demo.back_office.tables import Database

log = logging.getLogger(__name__)


def create_app(database: Database, *, token: str, clock: Callable[[], datetime]) -> FaultMiddleware:
    """The service, ready to be served."""
    faults = FaultSwitch()
    desk = Desk(database, clock, faults, secret=f"links of {token}".encode())

    def check_token(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if handler.opt.get("exclude_from_auth"):
            return
        given = connection.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise NotAuthorizedException("Send the key of the back office as a bearer token.")

    app = Litestar(
        route_handlers=ROUTES,
        guards=[check_token],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        exception_handlers={Refused: _refused, HTTPException: _refused_by_litestar, Exception: _failed},
        openapi_config=_OPENAPI,
        on_shutdown=[database.close],
        request_max_body_size=64 * 1024,
    )
    return FaultMiddleware(app, faults)


_OPENAPI = OpenAPIConfig(
    title="Ledgerly back office",
    version="1",
    description="The demo company's own service. Whatever changes something needs an Idempotency-Key header.",
    path="/openapi",
    render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
    security=[{"token": []}],
)


def _problem(problem: Problem) -> Response[Problem]:
    return Response(problem, status_code=problem.status, media_type="application/problem+json")


def _refused(_request: Request[Any, Any, Any], refused: Refused) -> Response[Problem]:
    return _problem(refused.problem)


def _refused_by_litestar(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    kinds = {400: "invalid", 401: "key_invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    problems = getattr(error, "extra", None) or []
    named = [f"{each.get('key', 'body')}: {each['message']}" for each in problems if isinstance(each, dict)]
    detail = "; ".join(named) or error.detail
    kind = kinds.get(error.status_code, "refused")
    title = kind.replace("_", " ").capitalize()
    return _problem(Problem(type=kind, title=title, status=error.status_code, detail=detail))


def _failed(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    log.error("%s %s failed.", request.method, request.url.path, exc_info=error)
    text = "The back office has failed; nothing was done unless its idempotency key says so."
    return _problem(Problem(type="internal", title="Internal error", status=500, detail=text))
