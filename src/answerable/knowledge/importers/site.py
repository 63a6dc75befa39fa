"""Imports a site by its sitemap: politely, one host only, and nothing from inside a private network."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego

from answerable import __version__
from answerable.domain.errors import Invalid, Unavailable
from answerable.domain.knowledge import Draft, SourceKind
from answerable.knowledge.importers.addresses import Site, normal
from answerable.knowledge.importers.fetching import (
    Fetched,
    Fetcher,
    FetchError,
    ForbiddenMachine,
    ImportOver,
    PageGone,
    Resolve,
    SiteInTrouble,
    SiteLimits,
)
from answerable.knowledge.importers.importer import Item, Skipped, Unchanged
from answerable.knowledge.importers.languages import LanguageTeller
from answerable.knowledge.importers.pages import read_fetched
from answerable.knowledge.importers.sitemap import NotASitemap, SitemapReader

ROBOT = "Answerable"
"""The name that robots.txt may address."""

_USER_AGENT = f"{ROBOT}/{__version__} (imports a help centre for its support team)"
_ROBOTS_BYTES_MAX = 512_000
_SITEMAP_NAMES = ("sitemap.xml", "sitemap_index.xml", "sitemap-index.xml", "sitemap.xml.gz")
_SECONDS_TO_UNDERSTAND_A_PAGE = 30
_OTHER_HOSTS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said about the version of a page that it gave, to ask it next time for a newer one only."""

    etag: str | None = None
    last_modified: str | None = None

    def as_headers(self) -> dict[str, str]:
        """The question whether the page has changed."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}


class SiteImporter:
    """Reads the pages that a site's sitemap names.

    `known` is what `validators` held after the last import: pages that did not change since are not read again.
    `allow_private` lets it read inside a company's own network; without it only the public internet is asked.
    """

    kind: SourceKind = "site"

    def __init__(
        self,
        address: str,
        *,
        default_language: str = "en",
        limits: SiteLimits | None = None,
        known: Mapping[str, Validators] | None = None,
        allow_private: bool = False,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        resolve: Resolve | None = None,
    ) -> None:
        self.validators: dict[str, Validators] = {}
        """Of each page read so far, by its key."""
        given = address.strip()
        self._start = normal(given if "://" in given else f"https://{given}")
        path = urlsplit(self._start).path.lower()
        self.location = self._start
        self._is_sitemap = path.endswith((".xml", ".xml.gz", ".txt")) or "sitemap" in path.rpartition("/")[2]
        self._site = Site.of(self._start, is_sitemap=self._is_sitemap)
        self._limits = limits or SiteLimits()
        self._known = known or {}
        self._allow_private = allow_private
        self._wait = wait
        self._resolve = resolve
        self._teller = LanguageTeller(otherwise=default_language)

    async def read(self) -> AsyncIterator[Item]:
        """The pages, in the order of the sitemap."""
        async with Fetcher(
            self._site,
            self._limits,
            user_agent=_USER_AGENT,
            allow_private=self._allow_private,
            wait=self._wait,
            resolve=self._resolve,
        ) as fetcher:
            robots = await self._robots(fetcher)
            fetcher.pause_seconds = max(fetcher.pause_seconds, robots.crawl_delay(ROBOT) or 0.0)
            listing = _Listing(self._site, self._limits, fetcher)
            visit = _Visit(fetcher, robots, self._teller, self._limits, known=self._known, noted=self.validators)
            async for found in listing.addresses(await self._sitemaps(fetcher, robots)):
                if isinstance(found, Skipped):
                    yield found
                    continue
                item = await visit.page(found)
                if item is not None:
                    yield item
                if visit.why_over is not None:
                    yield Skipped(self.location, visit.why_over, hides_others=True)
                    return
            for skipped in listing.elsewhere():
                yield skipped

    async def _robots(self, fetcher: Fetcher) -> Protego:
        """The site's rules. Where it has none, everything may be read; where it cannot say, nothing."""
        content = bytearray()
        try:
            await fetcher.get(self._site.address("/robots.txt"), content.extend, bytes_max=_ROBOTS_BYTES_MAX)
        except SiteInTrouble as error:
            raise Unavailable(f"{self._site.address('/')} cannot be read now. {error}") from error
        except PageGone:
            content.clear()
        except ForbiddenMachine as error:
            raise Invalid(f"{self._site.address('/')} cannot be imported. {error}") from error
        except FetchError:
            if len(content) < _ROBOTS_BYTES_MAX // 2:
                content.clear()  # Not even there for strangers, or leading elsewhere: there are no rules.
        return Protego.parse(bytes(content).decode("utf-8", "replace"))

    async def _sitemaps(self, fetcher: Fetcher, robots: Protego) -> list[tuple[str, SitemapReader]]:
        """The sitemaps to begin with, already read."""
        if self._is_sitemap:
            try:
                return [(self._start, await read_sitemap(fetcher, self._start, self._limits))]
            except (FetchError, NotASitemap) as error:
                kind = Unavailable if isinstance(error, SiteInTrouble) else Invalid
                raise kind(f"The sitemap {self._start} cannot be read. {error}") from error
        found = []
        why_not = None
        for address in self._candidates(robots):
            try:
                found.append((address, await read_sitemap(fetcher, address, self._limits)))
            except (FetchError, NotASitemap) as error:
                why_not = why_not or (error if not isinstance(error, PageGone) else None)
                continue
            if address not in self._named_by(robots):
                break  # These are guesses: the first that is right will do.
        if not found:
            why = f" {why_not}" if why_not else ""
            raise Invalid(f"No sitemap was found at {self._start}: give the sitemap's own address.{why}")
        return found

    def _named_by(self, robots: Protego) -> list[str]:
        named = []
        for address in robots.sitemaps:
            try:
                named.append(self._site.own(address, base=self._start))
            except Invalid:
                continue
        return list(dict.fromkeys(named))[: self._limits.sitemaps_max]

    def _candidates(self, robots: Protego) -> list[str]:
        places = dict.fromkeys((self._site.prefix, "/"))
        guesses = [self._site.address(place + name) for place in places for name in _SITEMAP_NAMES]
        return list(dict.fromkeys([*self._named_by(robots), *guesses]))


async def read_sitemap(fetcher: Fetcher, address: str, limits: SiteLimits) -> SitemapReader:
    """What a sitemap names. Raises `FetchError` or `NotASitemap`."""
    reader = SitemapReader(bytes_max=limits.sitemap_bytes_max, addresses_max=50_000)
    try:
        await fetcher.get(address, reader.feed, bytes_max=limits.sitemap_bytes_max)
    except FetchError:
        if not reader.pages and not reader.sitemaps:
            raise
        reader.is_cut = True
    reader.end()
    return reader


class _Listing:
    """The addresses that the sitemaps name, each once, and what of them is not read."""

    def __init__(self, site: Site, limits: SiteLimits, fetcher: Fetcher) -> None:
        self._site = site
        self._limits = limits
        self._fetcher = fetcher
        self._on_other_hosts: dict[str, int] = {}
        self._outside_prefix = 0

    async def addresses(self, sitemaps: list[tuple[str, SitemapReader]]) -> AsyncIterator[str | Skipped]:
        """Page after page; a sitemap named by an index is read when its turn comes."""
        waiting: list[tuple[str, SitemapReader | None]] = list(sitemaps)
        known_sitemaps = {address for address, _ in sitemaps}
        seen: set[str] = set()
        while waiting:
            address, reader = waiting.pop(0)
            if reader is None:
                try:
                    reader = await read_sitemap(self._fetcher, address, self._limits)
                except (FetchError, NotASitemap) as error:
                    yield Skipped(address, f"This sitemap cannot be read. {error}", hides_others=True)
                    continue
            if reader.is_cut:
                yield Skipped(address, "The sitemap breaks off, or names too many pages.", hides_others=True)
            for named in reader.sitemaps:
                other = self._own(named)
                if other is None or other in known_sitemaps:
                    continue
                known_sitemaps.add(other)
                if len(known_sitemaps) > self._limits.sitemaps_max:
                    why = f"The site has more than {self._limits.sitemaps_max:,} sitemaps."
                    yield Skipped(other, why, hides_others=True)
                    break
                waiting.append((other, None))
            for named in reader.pages:
                page = self._own(named)
                if page is None or page in seen:
                    continue
                if not self._site.is_below_prefix(page):
                    self._outside_prefix += 1
                    continue
                if len(seen) >= self._limits.pages_max:
                    why = f"The site has more than {self._limits.pages_max:,} pages; the rest was not read."
                    yield Skipped(address, why, hides_others=True)
                    return
                seen.add(page)
                yield page

    def elsewhere(self) -> list[Skipped]:
        """What the sitemaps name beyond the site, told by host and not one by one."""
        skipped = [
            Skipped(host, f"{count:,} addresses in the sitemap are not on {self._site.host}, and are not read.")
            for host, count in self._on_other_hosts.items()
        ]
        if self._outside_prefix:
            where = self._site.address(self._site.prefix)
            why = f"{self._outside_prefix:,} pages of the sitemap are not below {where}, and are not read."
            skipped.append(Skipped(self._site.address("/"), why))
        return skipped

    def _own(self, address: str) -> str | None:
        try:
            return self._site.own(address)
        except Invalid:
            try:
                host = urlsplit(address).hostname or address[:100]
            except ValueError:
                host = address[:100]
            if host in self._on_other_hosts or len(self._on_other_hosts) < _OTHER_HOSTS_NAMED:
                self._on_other_hosts[host] = self._on_other_hosts.get(host, 0) + 1
            return None


class _Visit:
    """Reads page after page of one site, and remembers what it needs to read each only once."""

    def __init__(
        self,
        fetcher: Fetcher,
        robots: Protego,
        teller: LanguageTeller,
        limits: SiteLimits,
        *,
        known: Mapping[str, Validators],
        noted: dict[str, Validators],
    ) -> None:
        self._fetcher = fetcher
        self._robots = robots
        self._teller = teller
        self._limits = limits
        self._known = known
        self._noted = noted
        self._seen: set[str] = set()
        self._key_of_text: dict[bytes, str] = {}
        self._failures_in_a_row = 0
        self.why_over: str | None = None
        """Set once nothing more is to be read."""

    async def page(self, address: str) -> Item | None:
        """What is at an address of the sitemap; none for what was read already, or once it is all over."""
        if address in self._seen:
            return None
        if not self._robots.can_fetch(address, ROBOT):
            return Skipped(address, "The site's robots.txt asks robots not to read it.")
        content = bytearray()
        known = self._known.get(address, Validators())
        try:
            fetched = await self._fetcher.get(
                address, content.extend, bytes_max=self._limits.page_bytes_max, headers=known.as_headers()
            )
        except ImportOver as error:
            self.why_over = f"{error} The rest was not read."
            return None
        except FetchError as error:
            return self._failed(address, error)
        self._failures_in_a_row = 0
        if fetched.status == 304:
            self._seen.add(address)
            self._noted[address] = known
            return Unchanged(address)
        return await self._understood(address, fetched, bytes(content))

    def _failed(self, address: str, error: FetchError) -> Skipped:
        self._failures_in_a_row = self._failures_in_a_row + 1 if error.is_sites_trouble else 0
        if self._failures_in_a_row >= self._limits.failures_in_a_row_max:
            self.why_over = f"The site failed {self._failures_in_a_row} times in a row; the rest was not read."
        return Skipped(address, str(error), is_withdrawn=error.is_gone)

    async def _understood(self, address: str, fetched: Fetched, content: bytes) -> Item:
        if fetched.address in self._seen:
            return Skipped(address, f"It leads to {fetched.address}, which was read already.", is_withdrawn=True)
        if not self._robots.can_fetch(fetched.address, ROBOT):
            return Skipped(address, "It redirects to a page that robots.txt asks robots not to read.")
        self._seen |= {address, fetched.address}
        reading = asyncio.to_thread(read_fetched, fetched, content, self._teller)
        try:
            item = await asyncio.wait_for(reading, _SECONDS_TO_UNDERSTAND_A_PAGE)
        except TimeoutError:
            return Skipped(address, f"It took longer than {_SECONDS_TO_UNDERSTAND_A_PAGE} seconds to understand.")
        return self._once(item, fetched) if isinstance(item, Draft) else item

    def _once(self, draft: Draft, fetched: Fetched) -> Item:
        """The draft, unless another address gave the same: a version to print, or a second way to the page."""
        if draft.key != fetched.address and draft.key in self._seen:
            return Skipped(fetched.address, f"It is {draft.key}, which was read already.", is_withdrawn=True)
        self._seen.add(draft.key)
        said = hashlib.blake2b(f"{draft.title}\n{draft.text}".encode(), digest_size=16).digest()
        twin = self._key_of_text.setdefault(said, draft.key)
        if twin != draft.key:
            return Skipped(draft.key, f"It says the same as {twin}.", is_withdrawn=True)
        self._noted[draft.key] = Validators(fetched.headers.get("etag"), fetched.headers.get("last-modified"))
        return draft
