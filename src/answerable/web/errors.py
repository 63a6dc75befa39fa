"""Errors at the doors: a sentence for the person, facts for the log, never a secret (RFC 9457)."""

import logging
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from msgspec import Struct

from answerable.domain.errors import (
    AnswerableError,
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMuch,
    Unavailable,
)

log = logging.getLogger(__name__)


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong (RFC 9457)."""

    status: int
    title: str
    detail: str
    """One sentence for a person."""
    may_help_to_retry: bool = False


STATUS: dict[type[AnswerableError], tuple[int, str]] = {
    Invalid: (400, "Not usable"),
    NotSignedIn: (401, "Not signed in"),
    NotAllowed: (403, "Not allowed"),
    NotFound: (404, "Not found"),
    Conflict: (409, "Conflict"),
    TooMuch: (413, "Too much"),
    Unavailable: (503, "Not available"),
}


UNREADABLE = (
    "What was sent is no whole JSON in UTF-8: it may be cut off, or hold half a character, such as \\ud800 alone."
)
DETAILS = {
    404: "There is nothing at this address.",
    413: "What was sent is larger than is allowed here.",
    429: "Too many requests in a short time. Please wait a moment and try again.",
}


MissingPage = Callable[[str, str | None], str]
"""The page for an address that has none, by the languages that a browser accepts and why it is missing, if known."""

# Where programs ask, whatever they say that they accept.
FOR_PROGRAMS = ("/api/", "/chat/")


def problem(status: int, title: str, detail: str, *, may_help_to_retry: bool = False) -> Response[Problem]:
    """An error as a response."""
    return Response(
        Problem(status=status, title=title, detail=detail, may_help_to_retry=may_help_to_retry),
        status_code=status,
        media_type="application/problem+json",
    )


def for_our_error(request: Request[Any, Any, Any], error: AnswerableError) -> Response[Any]:
    """The room's own sentence, with the status that fits."""
    if isinstance(error, NotFound) and _is_for_a_person(request):
        return _missing(request, str(error))
    status, title = next((found for kind, found in STATUS.items() if isinstance(error, kind)), (500, "Failed"))
    return problem(status, title, str(error), may_help_to_retry=error.may_help_to_retry)


def for_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refused, in our shape."""
    if error.status_code == 404 and _is_for_a_person(request):
        return _missing(request, None)
    return problem(
        error.status_code, _title(error.status_code), _detail(error), may_help_to_retry=error.status_code == 429
    )


def for_other_bytes(request: Request[Any, Any, Any], error: UnicodeDecodeError) -> Response[Problem]:
    """A body that is no UTF-8; nothing else that comes in is decoded without a look first."""
    log.info("%s %s: the body is no UTF-8.", request.method, request.scope.get("path_template", "?"), exc_info=error)
    return problem(400, _title(400), UNREADABLE)


def for_any_error(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Something nobody expected: the log gets the facts, the person gets no secret."""
    # The template, not the address: an address may hold a one-time secret.
    log.error("%s %s failed.", request.method, request.scope.get("path_template", "?"), exc_info=error)
    return problem(
        HTTP_500_INTERNAL_SERVER_ERROR,
        "Failed",
        "Something went wrong on our side. It is in the log; trying again may help.",
        may_help_to_retry=True,
    )


HANDLERS: dict[int | type[Exception], Any] = {
    AnswerableError: for_our_error,
    HTTPException: for_http_error,
    UnicodeDecodeError: for_other_bytes,
    Exception: for_any_error,
}


def _is_for_a_person(request: Request[Any, Any, Any]) -> bool:
    asks_for_a_page = "text/html" in request.headers.get("accept", "")
    return asks_for_a_page and not request.url.path.startswith(FOR_PROGRAMS) and "missing_page" in request.app.state


def _missing(request: Request[Any, Any, Any], why: str | None) -> Response[str]:
    page: MissingPage = request.app.state["missing_page"]
    return Response(
        page(request.headers.get("accept-language", ""), why),
        status_code=404,
        media_type=MediaType.HTML,
        headers={"Cache-Control": "no-cache", "Vary": "Accept, Accept-Language"},
    )


def _title(status: int) -> str:
    titles = {400: "Not usable", 401: "Not signed in", 403: "Not allowed", 404: "Not found", 405: "Not possible here"}
    return {**titles, 413: "Too much", 415: "Not usable", 429: "Too many"}.get(status, "Failed")


def _detail(error: HTTPException) -> str:
    if isinstance(error, ValidationException):
        parts = [f"{each.get('key', '')}: {each.get('message', '')}".strip(": ") for each in _extra(error)]
        return "; ".join(parts) or error.detail or "What was sent does not have the shape that is asked for."
    if _is_unreadable(error):
        return UNREADABLE
    if error.status_code in DETAILS:
        return DETAILS[error.status_code]
    if "CSRF" in error.detail:
        return "This page has gone stale. Reload it and try again. (Programs send the csrftoken cookie as x-csrftoken.)"
    return error.detail or "The request was refused."


def _is_unreadable(error: BaseException) -> bool:
    """Whether the body could not even be read, unlike one of another shape than is asked for."""
    cause = error.__cause__
    if isinstance(cause, msgspec.ValidationError) or cause is None:
        return False
    return isinstance(cause, msgspec.DecodeError) or _is_unreadable(cause)


def _extra(error: ValidationException) -> list[dict[str, Any]]:
    return [each for each in error.extra if isinstance(each, dict)] if isinstance(error.extra, list) else []
