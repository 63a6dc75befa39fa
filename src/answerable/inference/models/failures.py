"""What can go wrong with a model, in sentences that say what to do. The caller hands the conversation to a person."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import openai
from agents.exceptions import AgentsException

from answerable.domain.errors import AnswerableError
from answerable.inference.models.endpoint import Endpoint


class ModelFailed(AnswerableError):
    """A language model gave no usable answer."""

    retry_after_seconds: float | None = None
    """How long the endpoint asked to wait, if it did."""


class KeyRefused(ModelFailed):
    """The endpoint does not accept the key, or not for this model."""


class ModelUnknown(ModelFailed):
    """The endpoint does not have the model."""


class QuotaUsedUp(ModelFailed):
    """The account may not use more until somebody pays or raises its limit."""


class TooManyCalls(ModelFailed):
    """The endpoint asks to slow down."""

    may_help_to_retry = True


class EndpointDown(ModelFailed):
    """Nobody answers at the address, or the endpoint says that it has a fault of its own."""

    may_help_to_retry = True


class TooSlow(ModelFailed):
    """No answer in the time allowed."""

    may_help_to_retry = True


class AnswerGarbled(ModelFailed):
    """What came back is cut off or not what the wire format says."""

    may_help_to_retry = True


class AnswerTooLong(ModelFailed):
    """The answer was cut off at the limit of tokens."""


class AnswerFiltered(ModelFailed):
    """The endpoint's content filter stopped question or answer."""


class ContextTooLong(ModelFailed):
    """The conversation and the passages are more than the model can read."""


class RequestRefused(ModelFailed):
    """The endpoint understood the request and does not accept it."""


class NotAnAnswer(Exception):
    """Raised inside the transport: a success whose content cannot be an answer."""


_CONTEXT = re.compile(
    r"context.{0,3}(length|size|window)|too many tokens|maximum context|prompt is too long", re.IGNORECASE
)
_FILTER = re.compile(r"content.?(filter|policy|management)|safety", re.IGNORECASE)
_EXCERPT_LETTERS_MAX = 200


def as_failure(  # noqa: PLR0911  (one kind a line, the first that fits)
    error: BaseException, endpoint: Endpoint
) -> ModelFailed | None:
    """The failure that an error of the libraries below stands for; none if it is a fault of ours."""
    if isinstance(error, ModelFailed):
        return error
    for each in _chain(error):
        if isinstance(each, NotAnAnswer):
            return AnswerGarbled(f"{endpoint.host} answered with something that is not a model's answer: {each}")
        if isinstance(each, openai.APIStatusError):
            return _of_status(each, endpoint)
    if isinstance(error, TimeoutError | openai.APITimeoutError | httpx2.TimeoutException):
        return _too_slow(error, endpoint)
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError):
        return _no_connection(error, endpoint)
    if isinstance(error, openai.APIError | AgentsException):
        return _of_words(error, endpoint)
    # The libraries read what a server sent without checking its shape: these are what a wrong shape ends in.
    if isinstance(
        error, ValueError | TypeError | AttributeError | KeyError | IndexError | UnicodeError | AssertionError
    ):
        return AnswerGarbled(f"{endpoint.host} gave an answer that cannot be read ({type(error).__name__}).")
    return None


def _of_status(error: openai.APIStatusError, endpoint: Endpoint) -> ModelFailed:
    status, words = error.status_code, _words(error)
    failure = _of_code(words, endpoint) if status in (400, 403, 404, 413, 422) else None
    if failure is None:
        failure = _of_bare_status(status, words, endpoint)
    failure.retry_after_seconds = _retry_after(error.response.headers)
    return failure


def _of_bare_status(  # noqa: PLR0911  (one status a line)
    status: int, words: str, endpoint: Endpoint
) -> ModelFailed:
    host, model = endpoint.host, endpoint.model
    if status in (401, 403):
        return KeyRefused(f"{host} refused the key ({status}). Check that OPENAI_API_KEY is right and may use {model}.")
    if status in (404, 405, 501):
        return ModelUnknown(f"{host} does not know {model} ({status}). Check the model's name and the address.")
    if status == 413:
        return _context_too_long(endpoint)
    if status == 402 or (status == 429 and "insufficient_quota" in words):
        return QuotaUsedUp(f"The quota at {host} is used up. Add credit or raise the limit there.")
    if status == 429:
        return TooManyCalls(
            f"{host} asks to slow down (429). Allow fewer calls at once, or raise the rate limit there."
        )
    if status in (408, 409) or status >= 500:
        return EndpointDown(f"{host} has a fault of its own at the moment ({status}).")
    return RequestRefused(f"{host} does not accept the request ({status}): {_excerpt(words, endpoint)}")


def _of_code(words: str, endpoint: Endpoint) -> ModelFailed | None:
    """What the words of an answer say, whatever its status is."""
    if "model_not_found" in words:
        return ModelUnknown(
            f"{endpoint.host} does not know {endpoint.model}. Check the model's name and the key's rights."
        )
    if _CONTEXT.search(words):
        return _context_too_long(endpoint)
    if _FILTER.search(words):
        return AnswerFiltered(f"The content filter of {endpoint.host} stopped this turn. A person should read it.")
    return None


def _of_words(error: BaseException, endpoint: Endpoint) -> ModelFailed:
    """An error that came inside a stream or an answer, without a status."""
    words = _words(error)
    if "max_output_tokens" in words or "token limit" in words or "length truncat" in words.lower():
        return AnswerTooLong(
            f"{endpoint.model} stopped at its limit of tokens. Allow it more, or ask it to be shorter."
        )
    if "insufficient_quota" in words:
        return QuotaUsedUp(f"The quota at {endpoint.host} is used up. Add credit or raise the limit there.")
    if "rate_limit" in words:
        return TooManyCalls(f"{endpoint.host} asks to slow down. Allow fewer calls at once, or raise the limit there.")
    if "server_error" in words or "overloaded" in words:
        return EndpointDown(f"{endpoint.host} has a fault of its own at the moment.")
    if failure := _of_code(words, endpoint):
        return failure
    # The words of the Agents SDK may be the model's, and those the customer's.
    shown = type(error).__name__ if isinstance(error, AgentsException) else _excerpt(words, endpoint)
    return AnswerGarbled(f"{endpoint.host} broke off its answer: {shown}")


def _too_slow(error: BaseException, endpoint: Endpoint) -> ModelFailed:
    if any(isinstance(each, httpx2.ConnectTimeout) for each in _chain(error)):
        return EndpointDown(f"{endpoint.host} did not take the call in {endpoint.patience.connect_seconds:g} seconds.")
    return TooSlow(f"{endpoint.host} gave no answer with {endpoint.model} in the time allowed.")


def _no_connection(error: BaseException, endpoint: Endpoint) -> ModelFailed:
    for each in _chain(error):
        if isinstance(each, socket.gaierror) or "name resolution" in str(each).lower() or "getaddrinfo" in str(each):
            return EndpointDown(f"There is no host called {endpoint.host}. Check OPENAI_BASE_URL and the network.")
        if isinstance(each, ssl.SSLError) or "CERTIFICATE" in str(each):
            return EndpointDown(f"The certificate of {endpoint.host} cannot be trusted. Check OPENAI_BASE_URL.")
        if isinstance(each, httpx2.RemoteProtocolError | httpx2.ReadError):
            return AnswerGarbled(f"{endpoint.host} cut the connection in the middle of an answer.")
        if isinstance(each, httpx2.UnsupportedProtocol):
            return EndpointDown("The endpoint's address must begin with http:// or https://. Check OPENAI_BASE_URL.")
    return EndpointDown(f"Nobody answers at {endpoint.host}. Check OPENAI_BASE_URL and whether the endpoint runs.")


def _context_too_long(endpoint: Endpoint) -> ContextTooLong:
    return ContextTooLong(f"The conversation is longer than {endpoint.model} can read. A person should take it.")


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _words(error: BaseException) -> str:
    body = getattr(error, "body", None)
    return f"{error} {json.dumps(body, default=str, ensure_ascii=False) if body else ''}"


def _excerpt(words: str, endpoint: Endpoint) -> str:
    """The first words of what the endpoint said, without the key, on one line."""
    shown = endpoint.key.hide_in(words) if endpoint.key else words
    message = re.search(r'[\'"]message[\'"]:\s*[\'"](.+?)[\'"][,}]', shown)
    return " ".join((message[1] if message else shown).split())[:_EXCERPT_LETTERS_MAX]


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Seconds to wait, from milliseconds, seconds or a date."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with suppress(ValueError):
            return max(0.0, float(headers.get(name, "")) / unit)
    with suppress(ValueError):
        return max(0.0, (parsedate_to_datetime(headers.get("retry-after", "")) - datetime.now(UTC)).total_seconds())
    return None
