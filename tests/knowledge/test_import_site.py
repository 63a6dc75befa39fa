"""Importing a site by its sitemap: politely, within limits, and nothing from inside a private network."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest

from answerable.domain.errors import AnswerableError, Invalid, Unavailable
from answerable.domain.knowledge import Draft
from answerable.knowledge.importers.fetching import SiteLimits
from answerable.knowledge.importers.importer import Item, RollCall, Skipped, Unchanged
from answerable.knowledge.importers.site import SiteImporter, Validators

pytestmark = pytest.mark.usefixtures("language_teller")

HOST = "help.tally.example"
Answer = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    path: str
    headers: Mapping[str, str]


def page(title: str, body: str = "", *, status: str = "200 OK", head: str = "", **headers: str) -> bytes:
    words = body or f"<p>{title}: what there is to say about it in a few plain words.</p>"
    html = f"<html lang=en><head>{head}</head><body><main><h1>{title}</h1>{words}</main></body></html>"
    return answer(html.encode(), status=status, content_type="text/html; charset=utf-8", **headers)


def answer(content: bytes, *, status: str = "200 OK", content_type: str = "text/html", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def redirect(target: str) -> bytes:
    return answer(b"", status="302 Found", Location=target)


MISSING = answer(b"", status="404 Not Found")


@dataclass
class Site:
    """A help centre on this machine, with whatever somebody bad would answer."""

    port: int = 0
    answers: dict[str, bytes | list[bytes] | Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    numbers: list[list[str]] = field(default_factory=list)
    """What the name resolves to, time after time; the last stays."""
    limits: SiteLimits = field(default_factory=lambda: SiteLimits(pause_seconds=0, request_seconds_max=5))
    known: Mapping[str, Validators] = field(default_factory=dict)
    importer: SiteImporter | None = None

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def sitemap(self, *paths: str) -> None:
        self.answers["/sitemap.xml"] = answer(urlset(*map(self.url, paths)), content_type="application/xml")

    def url(self, path: str) -> str:
        return path if "://" in path else self.address + path

    async def items(self, path: str = "/", *, allow_private: bool = True) -> list[Item]:
        self.importer = SiteImporter(
            self.url(path),
            limits=self.limits,
            known=self.known,
            allow_private=allow_private,
            wait=self._wait,
            resolve=self._resolve,
        )
        return [item async for item in self.importer.read()]

    async def drafts(self, path: str = "/") -> dict[str, Draft]:
        return {item.key.removeprefix(self.address): item for item in await self.items(path) if isinstance(item, Draft)}

    async def skipped(self, path: str = "/") -> dict[str, str]:
        items = await self.items(path)
        return {item.name.removeprefix(self.address): item.reason for item in items if isinstance(item, Skipped)}

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def _resolve(self, host: str, _port: int) -> list[str]:
        assert host == HOST, f"{host} was looked up"
        return self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().split("\r\n")
                headers = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in lines if line}
                request = Request(first.split()[1], headers)
                self.requests.append(request)
                what = self.answers.get(request.path, MISSING)
                if isinstance(what, list):
                    what = what.pop(0) if len(what) > 1 else what[0]
                if isinstance(what, bytes):
                    writer.write(what)
                    await writer.drain()
                else:
                    await what(request, writer)
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def urlset(*addresses: str) -> bytes:
    urls = "".join(
        f"<url><loc>{address}</loc><image:image><image:loc>x</image:loc></image:image></url>" for address in addresses
    )
    space = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {space}>{urls}</urlset>'.encode()


def index(*addresses: str) -> bytes:
    maps = "".join(f"<sitemap><loc>{address}</loc></sitemap>" for address in addresses)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{maps}</sitemapindex>'.encode()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site(numbers=[["127.0.0.1"]])
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, limit=1 << 16)
    site.port = server.sockets[0].getsockname()[1]
    yield site
    server.close()
    # Connections that a malicious answer holds open are dropped with the loop.


async def test_every_page_of_the_sitemap_is_read_once(site: Site) -> None:
    site.sitemap("/help/billing/refunds", "/help/billing/refunds", "/help/team#top")
    site.answers["/help/billing/refunds"] = page("Refunds")
    site.answers["/help/team"] = page("Team")

    assert await site.drafts() == {
        "/help/billing/refunds": Draft(
            key=site.url("/help/billing/refunds"),
            title="Refunds",
            text="Refunds: what there is to say about it in a few plain words.",
            url=site.url("/help/billing/refunds"),
            language="en",
            section="Billing",
        ),
        "/help/team": Draft(
            key=site.url("/help/team"),
            title="Team",
            text="Team: what there is to say about it in a few plain words.",
            url=site.url("/help/team"),
            language="en",
            section=None,
        ),
    }
    assert site.paths == ["/robots.txt", "/sitemap.xml", "/help/billing/refunds", "/help/team"]
    assert all(request.headers["user-agent"].startswith("Answerable/") for request in site.requests)


async def test_the_sitemap_may_be_an_index_packed_or_named_by_robots_txt(site: Site) -> None:
    site.answers["/robots.txt"] = answer(f"Sitemap: {site.url('/maps/index.xml')}\n".encode())
    site.answers["/maps/index.xml"] = answer(index(site.url("/maps/a.xml.gz"), site.url("/maps/index.xml")))
    site.answers["/maps/a.xml.gz"] = answer(gzip.compress(urlset(site.url("/a"))), content_type="application/gzip")
    site.answers["/a"] = page("A")

    assert set(await site.drafts()) == {"/a"}


async def test_a_plain_list_of_addresses_is_a_sitemap_too(site: Site) -> None:
    site.answers["/sitemap.txt"] = answer(f"{site.url('/a')}\n{site.url('/b')}".encode(), content_type="text/plain")
    site.answers["/a"], site.answers["/b"] = page("A"), page("B")

    assert set(await site.drafts("/sitemap.txt")) == {"/a", "/b"}


async def test_the_address_of_a_part_of_a_site_means_only_that_part(site: Site) -> None:
    site.sitemap("/help/a", "/help", "/blog/b", "/helpful")
    site.answers["/help/a"], site.answers["/help"] = page("A"), page("Help")

    drafts = await site.drafts("/help/")

    assert set(drafts) == {"/help/a", "/help"}
    assert not {"/blog/b", "/helpful"} & set(site.paths)


async def test_without_a_sitemap_the_error_says_what_to_do(site: Site) -> None:
    with pytest.raises(Invalid, match="No sitemap was found"):
        await site.items()
    site.answers["/sitemap.xml"] = page("A page where the sitemap should be")
    with pytest.raises(Invalid, match="It is a page, and no sitemap"):
        await site.items("/sitemap.xml")


async def test_robots_txt_is_followed(site: Site) -> None:
    site.answers["/robots.txt"] = answer(
        b"User-agent: *\nDisallow: /\n\nUser-agent: Answerable\nDisallow: /private/*\nCrawl-delay: 3\n"
    )
    site.sitemap("/private/a", "/open", "/away")
    site.answers["/open"] = page("Open")
    site.answers["/away"] = redirect("/private/b")
    site.answers["/private/b"] = page("Private")

    items = await site.items()

    assert [type(item) for item in items] == [Skipped, Draft, Skipped]
    assert "/private/a" not in site.paths
    assert all(2 < wait <= 3 for wait in site.waits[1:])
    assert isinstance(items[2], Skipped)
    assert "robots.txt" in items[2].reason


async def test_a_site_that_cannot_tell_its_rules_is_not_read(site: Site) -> None:
    site.answers["/robots.txt"] = answer(b"", status="500 Oops")
    site.sitemap("/a")

    with pytest.raises(Unavailable, match="cannot be read now"):
        await site.items()
    assert set(site.paths) == {"/robots.txt"}


async def test_pages_that_did_not_change_are_not_read_again(site: Site) -> None:
    site.sitemap("/same", "/new")
    site.answers["/same"], site.answers["/new"] = page("Same", ETag='"v1"'), page("New", Last_Modified="yesterday")
    await site.items()
    assert site.importer is not None
    site.known = site.importer.validators

    async def not_modified(request: Request, writer: asyncio.StreamWriter) -> None:
        assert request.headers["if-none-match"] == '"v1"'
        writer.write(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")

    site.answers["/same"] = not_modified
    items = await site.items()

    assert [type(item) for item in items] == [Unchanged, Draft]
    assert site.requests[-1].headers["if-modified-since"] == "yesterday"
    assert site.importer.validators == site.known


async def test_a_page_that_is_gone_is_told_from_one_that_cannot_be_read(site: Site) -> None:
    site.sitemap("/there", "/gone", "/locked", "/hidden")
    site.answers["/there"] = page("There")
    site.answers["/locked"] = answer(b"", status="403 Forbidden")
    site.answers["/hidden"] = page("Hidden", head="<meta name=robots content=noindex>")
    roll = RollCall()
    for item in await site.items():
        roll.note(item)

    assert roll.gone(map(site.url, ["/there", "/gone", "/locked", "/hidden", "/unlisted"])) == [
        site.url("/gone"),
        site.url("/hidden"),
        site.url("/unlisted"),
    ]


async def test_other_hosts_in_the_sitemap_are_counted_and_never_asked(site: Site) -> None:
    site.sitemap("/a", "http://evil.example/x", "http://evil.example/y", "file:///etc/passwd", f"http://{HOST}:1/z")
    site.answers["/a"] = page("A")

    skipped = await site.skipped()

    assert skipped["evil.example"].startswith("2 addresses in the sitemap are not on")
    assert set(site.paths) == {"/robots.txt", "/sitemap.xml", "/a"}


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/admin",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:9/",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "https://evil.example/",
        "//evil.example/",
        "file:///etc/passwd",
        "gopher://help.tally.example/",
        "http://name:password@help.tally.example/",
        "http://\x01/",
        "http://[::1/",
        "",
    ],
)
async def test_a_redirect_off_the_site_is_refused_and_never_asked(site: Site, target: str) -> None:
    site.sitemap("/a", "/b")
    site.answers["/a"] = redirect(target)
    site.answers["/b"] = page("B")

    items = await site.items()

    assert isinstance(items[0], Skipped)
    assert "redirects" in items[0].reason
    assert isinstance(items[1], Draft)


@pytest.mark.parametrize("number", ["127.0.0.1", "10.0.0.8", "192.168.1.1", "::1", "fd00::1", "100.64.0.1", "0.0.0.0"])
async def test_a_name_of_a_private_machine_is_refused_before_it_is_asked(site: Site, number: str) -> None:
    site.numbers = [["93.184.216.34", number]]
    site.sitemap("/a")

    with pytest.raises(Invalid, match="cannot be imported"):
        await site.items(allow_private=False)
    assert site.requests == []


@pytest.mark.parametrize(
    "number",
    [
        "169.254.169.254",
        "fe80::1%1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "100.100.100.200",
    ],
)
async def test_no_setting_opens_the_way_to_a_clouds_metadata(site: Site, number: str) -> None:
    site.numbers = [[number]]

    with pytest.raises(Invalid, match="is an address that no site has"):
        await site.items()


async def test_a_name_that_leads_elsewhere_the_second_time_is_refused_the_second_time(site: Site) -> None:
    async def and_close(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(urlset_answer.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))

    urlset_answer = answer(urlset(site.url("/a")))
    site.answers["/sitemap.xml"] = and_close
    site.answers["/a"] = page("A")
    site.numbers = [["127.0.0.1"], ["169.254.169.254"]]

    skipped = await site.skipped()

    assert skipped["/a"] == "It is not read, because 169.254.169.254 is an address that no site has."
    assert "/a" not in site.paths


@pytest.mark.parametrize("address", ["http://localhost/", "http://intranet/", "http://printer.local/", "http://127.1/"])
async def test_names_within_a_company_are_refused(address: str) -> None:
    with pytest.raises(AnswerableError):
        _ = [item async for item in SiteImporter(address).read()]


@pytest.mark.parametrize(
    "address", ["", "ftp://x.example", "https://", "https://a b/", "https://x.example:99999/", "file:///x"]
)
def test_what_is_no_address_of_a_site_gets_a_clear_error(address: str) -> None:
    with pytest.raises(Invalid, match="is not an address of a site"):
        SiteImporter(address)


async def test_redirects_in_a_circle_and_without_end_are_given_up(site: Site) -> None:
    site.sitemap("/circle", "/endless0")
    site.answers["/circle"] = redirect("/circle2")
    site.answers["/circle2"] = redirect("/circle")
    for number in range(20):
        site.answers[f"/endless{number}"] = redirect(f"/endless{number + 1}")

    assert await site.skipped() == {
        "/circle": "It redirects in a circle.",
        "/endless0": "It redirects more than 5 times.",
    }


async def test_a_redirect_within_the_site_is_followed_and_its_target_read_once(site: Site) -> None:
    site.sitemap("/old", "/new", "/older")
    site.answers["/old"], site.answers["/older"] = redirect("/new"), redirect(site.url("/new"))
    site.answers["/new"] = page("New")

    assert set(await site.drafts()) == {"/new"}
    assert site.paths.count("/new") == 2


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
async def test_packed_pages_are_read(site: Site, encoding: str) -> None:
    plain = page("Packed").partition(b"\r\n\r\n")[2]
    raw = zlib.compressobj(wbits=-15)
    packed = {
        "gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "raw deflate": raw.compress(plain) + raw.flush(),
    }[encoding]
    site.sitemap("/a")
    site.answers["/a"] = answer(packed, Content_Encoding=encoding.rsplit(maxsplit=1)[-1])

    assert (await site.drafts())["/a"].title == "Packed"


async def test_a_gzip_bomb_is_cut_off(site: Site) -> None:
    site.limits = SiteLimits(pause_seconds=0, page_bytes_max=100_000)
    bomb = gzip.compress(b"a" * 50_000_000)
    assert len(bomb) < 100_000
    site.sitemap("/bomb", "/odd", "/a")
    site.answers["/bomb"] = answer(bomb, Content_Encoding="gzip")
    site.answers["/odd"] = answer(b"x", Content_Encoding="br")
    site.answers["/a"] = page("A")

    assert await site.skipped() == {
        "/bomb": "It has more than 0.1 MB, which is the most that is read.",
        "/odd": "It is packed in a way that was not asked for (br).",
    }


async def test_an_endless_body_is_cut_off(site: Site) -> None:
    async def endless(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
        for _ in range(10_000):
            writer.write(b"a" * 10_000)
            await writer.drain()

    site.limits = SiteLimits(pause_seconds=0, page_bytes_max=200_000)
    site.sitemap("/endless", "/large")
    site.answers["/endless"] = endless
    site.answers["/large"] = answer(b"a" * 300_000)

    assert await site.skipped() == {
        "/endless": "It has more than 0.2 MB, which is the most that is read.",
        "/large": "It has 0.3 MB; at most 0.2 MB are read.",
    }


async def test_a_page_that_drips_is_given_up(site: Site) -> None:
    never = asyncio.Event()

    async def drip(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n<p>")
        await writer.drain()
        await never.wait()

    site.limits = SiteLimits(pause_seconds=0, request_seconds_max=0.1)
    site.sitemap("/drip")
    site.answers["/drip"] = drip

    assert await site.skipped() == {"/drip": "It took longer than 0.1 seconds."}
    never.set()


async def test_what_breaks_off_or_is_no_http_is_skipped(site: Site) -> None:
    site.limits = SiteLimits(pause_seconds=0, failures_in_a_row_max=50)
    cut = gzip.compress(b"<p>" + bytes(range(256)) * 50)[:-20]

    def and_close(content: bytes) -> Answer:
        async def write(_request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(content)

        return write

    bad = {
        "/short": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<p>too short",
        "/none": b"",
        "/garbage": b"\x00\x01\x02 no http\r\n\r\n",
        "/two": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n<p>abc",
        "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "/headers": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 300_000 + b"\r\n\r\n",
        "/cut": answer(cut, Content_Encoding="gzip"),
        "/damaged": answer(b"\x1f\x8b\x08\x00" + b"\xff" * 100, Content_Encoding="gzip"),
    }
    site.sitemap(*bad, "/whole")
    site.answers.update({path: and_close(content) for path, content in bad.items()})
    site.answers["/whole"] = page("Whole")

    items = await site.items()

    assert [type(item) for item in items] == [Skipped] * len(bad) + [Draft]
    assert not any(isinstance(item, Skipped) and item.is_withdrawn for item in items)


async def test_a_busy_site_is_given_the_time_that_it_asks_for(site: Site) -> None:
    busy = answer(b"", status="429 Too Many Requests", Retry_After="7")
    very_busy = answer(b"", status="503 Busy", Retry_After="100000")
    site.sitemap("/a", "/b", "/c")
    site.answers["/a"] = [busy, page("A")]
    site.answers["/b"] = very_busy
    site.answers["/c"] = [answer(b"", status="503 Busy", Retry_After="Thu, 01 Jan 2026 00:00:00 GMT"), page("C")]

    assert set(await site.drafts()) == {"/a", "/c"}
    assert [wait for wait in site.waits if wait > 1] == [7, 120, 120]


async def test_a_site_that_fails_again_and_again_is_left_alone(site: Site) -> None:
    site.sitemap(*(f"/{number}" for number in range(30)))
    for number in range(2, 30):
        site.answers[f"/{number}"] = answer(b"", status="502 Bad Gateway")

    items = await site.items()

    assert isinstance(items[-1], Skipped)
    assert items[-1].hides_others
    assert items[-1].reason == "The site failed 5 times in a row; the rest was not read."
    assert len(site.paths) == 2 + 2 + 5


async def test_limits_of_pages_bytes_and_time_end_an_import_without_calling_anything_gone(site: Site) -> None:
    site.sitemap(*(f"/{number}" for number in range(9)))
    for number in range(9):
        site.answers[f"/{number}"] = page(f"Page {number}")
    reasons = []
    for limits in (
        SiteLimits(pause_seconds=0, pages_max=3),
        SiteLimits(pause_seconds=0, site_bytes_max=1_800),
        SiteLimits(pause_seconds=2, import_seconds_max=1),
    ):
        site.limits = limits
        try:
            items = await site.items()
        except AnswerableError as error:
            reasons.append(str(error))
            continue
        assert isinstance(items[-1], Skipped)
        assert items[-1].hides_others
        reasons.append(items[-1].reason)

    assert reasons[0] == "The site has more than 3 pages; the rest was not read."
    assert reasons[1] == "The limit on the bytes of the whole site is reached. The rest was not read."
    assert "The time for the whole import is over." in reasons[2]


async def test_a_sitemap_with_entities_is_refused(site: Site) -> None:
    laughs = (
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + urlset(site.url("/&b;")).decode().partition("\n")[2]
    )
    outside = f'<!DOCTYPE x SYSTEM "http://{HOST}/x.dtd">' + urlset(site.url("/a")).decode().partition("\n")[2]
    for content in (laughs, outside):
        site.answers["/sitemap.xml"] = answer(content.encode())
        with pytest.raises(Invalid, match="declares a document type"):
            await site.items("/sitemap.xml")


async def test_a_sitemap_that_is_huge_is_read_up_to_the_limit(site: Site) -> None:
    site.limits = SiteLimits(pause_seconds=0, sitemap_bytes_max=1_000_000, pages_max=2)
    site.answers["/sitemap.xml"] = answer(
        gzip.compress(urlset(*(site.url(f"/{number}") for number in range(100_000)))), Content_Encoding="gzip"
    )
    site.answers["/0"], site.answers["/1"] = page("A"), page("B")

    items = await site.items()

    assert [type(item) for item in items] == [Skipped, Draft, Draft, Skipped]
    assert all(item.hides_others for item in items if isinstance(item, Skipped))


async def test_a_sitemap_that_breaks_off_hides_what_it_did_not_say(site: Site) -> None:
    site.answers["/sitemap.xml"] = answer(urlset(site.url("/a"), site.url("/b"))[:-60])
    site.answers["/a"], site.answers["/b"] = page("A"), page("B")

    items = await site.items()

    assert isinstance(items[0], Skipped)
    assert items[0].hides_others


async def test_the_same_text_at_two_addresses_is_one_article(site: Site) -> None:
    site.sitemap("/a", "/a?print=1", "/b/")
    site.answers["/a"] = page("A")
    site.answers["/a?print=1"] = page("A")
    site.answers["/b/"] = page("B", head=f"<link rel=canonical href='{site.url('/b')}'>")

    assert set(await site.drafts()) == {"/a", "/b"}


async def test_what_is_no_page_is_named_and_markdown_is_read(site: Site) -> None:
    site.sitemap("/a.pdf", "/b.md", "/script", "/x")
    site.answers["/a.pdf"] = answer(b"%PDF", content_type="application/pdf")
    site.answers["/b.md"] = answer(b"# B\n\nThe text of B.", content_type="text/markdown; charset=utf-8")
    site.answers["/script"] = answer(b"<div id=app></div><script>render()</script>")
    site.answers["/x"] = page("X", X_Robots_Tag="googlebot: noindex")

    items = await site.items()

    assert [item.title for item in items if isinstance(item, Draft)] == ["B"]
    assert [item.reason for item in items if isinstance(item, Skipped)] == [
        "It is application/pdf, and no page to read.",
        "There is no text on it that can be read without running its scripts.",
        "It asks robots to leave it out (noindex).",
    ]


async def test_a_page_in_an_old_encoding_is_read_as_it_says(site: Site) -> None:
    site.sitemap("/a", "/b")
    text = "<html lang=de><h1>Kündigen</h1><p>Öffnen Sie die Einstellungen.</p>"
    site.answers["/a"] = answer(text.encode("cp1252"), content_type="text/html; charset=ISO-8859-1")
    site.answers["/b"] = answer(
        b"<meta charset=utf-16><meta charset=cp1252>" + text.replace("K", "Auf").encode("cp1252")
    )

    drafts = await site.drafts()

    assert drafts["/a"].title == "Kündigen"
    assert drafts["/b"].title == "Aufündigen"
