"""Gets pages over HTTP from one site: politely, within limits, and never from a machine that may not be asked."""

import asyncio
import email.utils
import ipaddress
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Any, Self

import certifi
import httpcore

from answerable.domain.errors import Invalid
from answerable.knowledge.importers.addresses import ForbiddenAddress, Site, check_machine, normal

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Gives the numbers of a host's machines."""

Receive = Callable[[bytes], None]

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_BUSY = frozenset((429, 503))
_TRIES = 3
_SHORT_ANSWER_BYTES = 65_536
_INTERNAL_NAMES = ("localhost", ".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".corp")


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """What is too much."""

    pages_max: int = 10_000
    page_bytes_max: int = 5_000_000
    """Of one page, unpacked."""
    sitemap_bytes_max: int = 60_000_000
    """Of one sitemap, unpacked; the protocol allows 50 MB."""
    sitemaps_max: int = 500
    site_bytes_max: int = 2_000_000_000
    """Of everything that is read."""
    redirects_max: int = 5
    request_seconds_max: float = 30
    """From asking for a page to its last byte, however slowly it drips."""
    import_seconds_max: float = 6 * 3600
    pause_seconds: float = 0.5
    """Between two requests; longer where the site's robots.txt asks for it."""
    busy_wait_seconds_max: float = 120
    """How long at most to wait where the site says that it is busy."""
    failures_in_a_row_max: int = 5


class FetchError(Exception):
    """A page could not be had; the message is a sentence that says why."""

    is_gone = False
    """The server says that there is no such page."""
    is_sites_trouble = False
    """The server, and not the page, is in trouble: others will not be had either."""


class PageGone(FetchError):
    """There is no such page any more."""

    is_gone = True


class SiteInTrouble(FetchError):
    """The server does not answer, or not now."""

    is_sites_trouble = True


class ForbiddenMachine(FetchError):
    """It is on a machine that may not be asked."""


class ImportOver(FetchError):
    """A limit of the whole import is reached: nothing more is read."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered."""

    address: str
    """Where it was in the end, after redirects."""
    status: int
    """200, or 304: not modified."""
    headers: Mapping[str, str]


class Fetcher:
    """Asks one server, one request at a time."""

    def __init__(
        self,
        site: Site,
        limits: SiteLimits,
        *,
        user_agent: str,
        allow_private: bool,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        resolve: Resolve | None = None,
    ) -> None:
        self._site = site
        self._limits = limits
        self._user_agent = user_agent
        self._wait = wait
        self._bytes_left = limits.site_bytes_max
        self._ends_at = asyncio.get_running_loop().time() + limits.import_seconds_max
        self._may_ask_at = 0.0
        self.pause_seconds = limits.pause_seconds
        machines = CheckedMachines(allow_private=allow_private, resolve=resolve)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls_context(), max_connections=1, keepalive_expiry=60, network_backend=machines
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def get(
        self, address: str, receive: Receive, *, bytes_max: int, headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Gives the page's bytes, unpacked, to `receive` as they come. Raises `FetchError`."""
        asked = {address}
        for _ in range(self._limits.redirects_max + 1):
            fetched = await self._patiently(address, receive, bytes_max=bytes_max, headers=headers or {})
            if fetched.status not in _REDIRECTS:
                return fetched
            address = self._target(fetched)
            headers = None  # What we know about the first page says nothing about another.
            if address in asked:
                raise FetchError("It redirects in a circle.")
            asked.add(address)
        raise FetchError(f"It redirects more than {self._limits.redirects_max} times.")

    def _target(self, fetched: Fetched) -> str:
        location = fetched.headers.get("location", "")
        try:
            target = normal(location, base=fetched.address)
        except Invalid as error:
            raise FetchError(f"It redirects to what is no address of a page ({location[:200]}).") from error
        try:
            return self._site.own(target)
        except Invalid as error:
            raise FetchError(f"It redirects to {target[:300]}, which is not followed. {error}") from error

    async def _patiently(
        self, address: str, receive: Receive, *, bytes_max: int, headers: Mapping[str, str]
    ) -> Fetched:
        for attempt in range(_TRIES):
            fetched = await self._once(address, receive, bytes_max=bytes_max, headers=headers)
            if fetched.status not in _BUSY:
                break
            if attempt < _TRIES - 1:
                asked_for = seconds_in(fetched.headers.get("retry-after"))
                pause = 5.0 * 3**attempt if asked_for is None else asked_for
                await self._wait(min(pause, self._limits.busy_wait_seconds_max))
        _refuse(fetched.status)
        return fetched

    async def _once(self, address: str, receive: Receive, *, bytes_max: int, headers: Mapping[str, str]) -> Fetched:
        await self._be_polite()
        try:
            async with asyncio.timeout(self._limits.request_seconds_max):
                return await self._exchange(address, receive, bytes_max=bytes_max, headers=headers)
        except TimeoutError as error:
            raise SiteInTrouble(f"It took longer than {self._limits.request_seconds_max:g} seconds.") from error
        except ForbiddenAddress as error:
            raise ForbiddenMachine(f"It is not read, because {error}.") from error
        except socket.gaierror as error:
            raise SiteInTrouble(f"There is no host {self._site.host}.") from error
        except (httpcore.NetworkError, httpcore.TimeoutException, OSError) as error:
            raise SiteInTrouble(f"The connection failed ({str(error)[:200] or type(error).__name__}).") from error
        except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
            raise FetchError(f"The server's answer is broken ({str(error)[:200]}).") from error
        finally:
            self._may_ask_at = asyncio.get_running_loop().time() + self.pause_seconds

    async def _be_polite(self) -> None:
        now = asyncio.get_running_loop().time()
        pause = self._may_ask_at - now
        if max(pause, 0) + now >= self._ends_at:
            raise ImportOver("The time for the whole import is over.")
        if pause > 0:
            await self._wait(pause)

    async def _exchange(self, address: str, receive: Receive, *, bytes_max: int, headers: Mapping[str, str]) -> Fetched:
        sent = {
            "User-Agent": self._user_agent,
            "Accept": "text/html, application/xhtml+xml, text/markdown, application/xml, text/plain;q=0.8",
            "Accept-Encoding": "gzip, deflate",
            **headers,
        }
        async with self._pool.stream("GET", address, headers=list(sent.items())) as response:
            got = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            fetched = Fetched(address, response.status, got)
            if response.status != 200:
                await self._read_away(response)
                return fetched
            length = got.get("content-length", "")
            if length.isdecimal() and len(length) < 20 and int(length) > bytes_max:
                raise FetchError(f"It has {int(length) / 1e6:,.1f} MB; at most {bytes_max / 1e6:,.1f} MB are read.")
            unpacker = unpacker_for(got.get("content-encoding", ""), bytes_max=bytes_max)
            async for packed in response.aiter_stream():
                self._bytes_left -= len(packed)
                if self._bytes_left < 0:
                    raise ImportOver("The limit on the bytes of the whole site is reached.")
                for piece in unpacker.unpacked(packed):
                    receive(piece)
            unpacker.end()
            return fetched

    async def _read_away(self, response: httpcore.Response) -> None:
        """A short answer that says only no is read to its end, so that the connection can be used again."""
        read = 0
        async for packed in response.aiter_stream():
            read += len(packed)
            self._bytes_left -= len(packed)
            if read > _SHORT_ANSWER_BYTES:
                return


def _refuse(status: int) -> None:
    if status in {200, 304} or status in _REDIRECTS:
        return
    if status in {404, 410}:
        raise PageGone(f"There is no such page (the server says {status}).")
    if status in {401, 403}:
        raise FetchError(f"It may not be read without signing in (the server says {status}).")
    if status in _BUSY or status >= 500:
        raise SiteInTrouble(f"The server is in trouble, or busy (it says {status}).")
    raise FetchError(f"The server answers with {status}.")


def seconds_in(retry_after: str | None) -> float | None:
    """How long a busy server asks to wait: in seconds, or until a time."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after.strip()[:9])
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


class Unpacker:
    """Passes bytes on, and stops where they become too many."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes_left = bytes_max

    def unpacked(self, packed: bytes) -> Iterable[bytes]:
        """What has come, in pieces that are small even where the whole is not."""
        yield self._counted(packed)

    def end(self) -> None:
        """Says that all has come."""

    def _counted(self, piece: bytes) -> bytes:
        self._bytes_left -= len(piece)
        if self._bytes_left < 0:
            raise FetchError(f"It has more than {self._bytes_max / 1e6:,.1f} MB, which is the most that is read.")
        return piece


class _Inflater(Unpacker):
    """Unpacks gzip and deflate, a little at a time: a few packed bytes may stand for very many."""

    _PIECE_BYTES = 65_536

    def __init__(self, bytes_max: int) -> None:
        super().__init__(bytes_max)
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip or zlib, by its head
        self._is_begun = False

    def unpacked(self, packed: bytes) -> Iterable[bytes]:
        while packed and not self._zlib.eof:
            try:
                piece = self._zlib.decompress(packed, self._PIECE_BYTES)
            except zlib.error as error:
                if self._is_begun:
                    raise FetchError("What it is packed in is damaged.") from error
                self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)  # Some servers mean deflate without a head.
                self._is_begun = True
                continue
            self._is_begun = True
            packed = self._zlib.unconsumed_tail
            yield self._counted(piece)

    def end(self) -> None:
        if self._is_begun and not self._zlib.eof:
            raise SiteInTrouble("It broke off before its end.")


def unpacker_for(encoding: str, *, bytes_max: int) -> Unpacker:
    """What reads a content encoding; we ask for gzip and deflate, and take nothing else."""
    names = [name for name in (part.strip().lower() for part in encoding.split(",")) if name not in {"", "identity"}]
    if not names:
        return Unpacker(bytes_max)
    if len(names) == 1 and names[0] in {"gzip", "x-gzip", "deflate"}:
        return _Inflater(bytes_max)
    raise FetchError(f"It is packed in a way that was not asked for ({encoding[:40]}).")


@cache
def tls_context() -> ssl.SSLContext:
    """Whom we trust: whom the machine does, and whom browsers do. Reading that takes longer than a request."""
    tls = ssl.create_default_context()
    tls.load_verify_locations(certifi.where())
    return tls


class CheckedMachines(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was checked, so that a name cannot lead elsewhere between check and use."""

    def __init__(self, *, allow_private: bool, resolve: Resolve | None = None) -> None:
        self._allow_private = allow_private
        self._resolve = resolve or _resolve
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (the interface's)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to a machine of that host, if all its machines may be asked."""
        numbers = await self._numbers(host, port)
        for number in numbers:
            check_machine(number, allow_private=self._allow_private)
        for number in numbers[:-1]:
            try:
                return await self._backend.connect_tcp(number, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._backend.connect_tcp(numbers[-1], port, timeout, local_address, socket_options)

    async def _numbers(self, host: str, port: int) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host.strip("[]")))]
        except ValueError:
            pass
        if not self._allow_private and ("." not in host or f".{host}".endswith(_INTERNAL_NAMES)):
            raise ForbiddenAddress(f"{host} is a name within a company or a machine")
        numbers = await self._resolve(host, port)
        if not numbers:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return numbers

    async def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        """No site is behind one."""
        raise ForbiddenAddress("it is a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        """Waits, between attempts to connect."""
        await self._backend.sleep(seconds)


async def _resolve(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
