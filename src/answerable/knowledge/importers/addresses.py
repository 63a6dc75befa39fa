"""Addresses of pages: one spelling for each, which of them belong to a site, and which machines may be asked."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from answerable.domain.errors import Invalid

_LENGTH_MAX = 2_000
_PORTS = {"http": 80, "https": 443}
_KEPT_IN_PATH = "/:@!$&'()*+,;=-._~%"
_KEPT_IN_QUERY = _KEPT_IN_PATH + "?"

_Network = IPv4Network | IPv6Network

# What a machine inside a company, or at a cloud, answers to although its number looks public, and what leads back in.
_NEVER: tuple[_Network, ...] = tuple(
    IPv4Network(network) if ":" not in network else IPv6Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "169.254.0.0/16",  # link-local, and the metadata services of most clouds
        "168.63.129.16/32",  # Azure's agent on every machine
        "192.0.0.0/24",  # protocol assignments, and Oracle's metadata service
        "192.88.99.0/24",  # the former 6to4 relays
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/128",
        "100::/64",  # discard
        "fd00:ec2::/32",  # Amazon's metadata service
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local
        "ff00::/8",  # multicast
    )
)
_PRIVATE: tuple[_Network, ...] = tuple(
    IPv4Network(network) if ":" not in network else IPv6Network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # a provider's own (CGNAT), and Alibaba's metadata service
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "::1/128",
        "fc00::/7",
    )
)
_CGNAT_METADATA = IPv4Address("100.100.100.200")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_6TO4 = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")


class ForbiddenAddress(Exception):
    """A machine that may not be asked; the message says why."""


def check_machine(number: str, *, allow_private: bool) -> None:
    """Raises `ForbiddenAddress` unless the machine of that number may be asked.

    Without `allow_private` only the public internet may be; with it a company's own network too, but still no
    metadata service of a cloud and nothing link-local.
    """
    try:
        address = _real(ip_address(number.partition("%")[0]))
    except ValueError as error:
        raise ForbiddenAddress(f"{number} is no address of a machine") from error
    if address == _CGNAT_METADATA or any(
        address in network for network in _NEVER if network.version == address.version
    ):
        raise ForbiddenAddress(f"{number} is an address that no site has")
    if any(address in network for network in _PRIVATE if network.version == address.version):
        if allow_private:
            return
        raise ForbiddenAddress(f"{number} is a private address")
    if not address.is_global or (isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST):
        raise ForbiddenAddress(f"{number} is not an address of the public internet")


def _real(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address only wraps: whoever connects to the one reaches the other."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in _6TO4:
        return IPv4Address((int(address) >> 80) & 0xFFFF_FFFF)
    if address in _TEREDO:
        return IPv4Address(~int(address) & 0xFFFF_FFFF)
    return address


def normal(address: str, *, base: str | None = None) -> str:
    """The one spelling of an address: host in small letters, no fragment, signs escaped. Raises `Invalid`."""
    address = address.strip()
    try:
        parts = urlsplit(urljoin(base, address) if base else address)
        port = parts.port
    except ValueError as error:
        raise Invalid(f"{address[:200]} is not an address of a site.") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise Invalid(f"{address[:200]} is not an address of a site: it must begin with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise Invalid("An address with a name and a password in it is not read.")
    host = _host(parts.hostname or "")
    if host is None or len(address) > _LENGTH_MAX or re.search(r"[\x00-\x20\x7f]", address):
        raise Invalid(f"{address[:200]} is not an address of a site.")
    place = host if port in {None, _PORTS[scheme]} else f"{host}:{port}"
    path = quote(_without_dots(parts.path) or "/", safe=_KEPT_IN_PATH)
    return urlunsplit((scheme, place, path, quote(parts.query, safe=_KEPT_IN_QUERY), ""))


def _host(name: str) -> str | None:
    name = name.rstrip(".").lower()
    try:
        if ":" in name:
            return f"[{IPv6Address(name)}]"
        ascii_name = name if name.isascii() else name.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return None
    return ascii_name if re.fullmatch(r"[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?", ascii_name) else None


def _without_dots(path: str) -> str:
    if "/." not in path:
        return path
    return urlsplit(urljoin("http://x/", path)).path


def words_of_path(address: str) -> list[str]:
    """The names in an address's path, as people would read them."""
    return [unquote(name) for name in urlsplit(address).path.split("/") if name]


def without_variants(address: str) -> str:
    """An address without what often differs although the page is the same: query and last slash."""
    parts = urlsplit(address)
    return urlunsplit(("", parts.netloc, parts.path.rstrip("/"), "", ""))


@dataclass(frozen=True, slots=True)
class Site:
    """The one host that an import reads."""

    scheme: str
    host: str
    port: int
    prefix: str
    """Only pages whose path begins so are read: `/` for the whole site."""

    @classmethod
    def of(cls, address: str, *, is_sitemap: bool) -> "Site":
        """The site of a normal address. The address of a page stands for what is below it."""
        parts = urlsplit(address)
        prefix = "/" if is_sitemap else parts.path.rstrip("/") + "/"
        return cls(parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme], prefix)

    def address(self, path: str) -> str:
        """An address of this site."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"
        return f"{self.scheme}://{place}{path}"

    def own(self, address: str, *, base: str | None = None) -> str:
        """The normal spelling of an address of this site, with encryption if the site has it; else `Invalid`."""
        found = normal(address, base=base)
        parts = urlsplit(found)
        port = parts.port or _PORTS[parts.scheme]
        is_plain_twin = (self.scheme, self.port, port) == ("https", 443, 80) and parts.scheme == "http"
        is_secure_twin = (self.scheme, self.port, port) == ("http", 80, 443) and parts.scheme == "https"
        if parts.hostname != self.host:
            raise Invalid(f"It is on another host, {parts.hostname}; only {self.host} is read.")
        if is_plain_twin:
            return "https" + found.removeprefix("http")
        if not is_secure_twin and (port != self.port or parts.scheme != self.scheme):
            raise Invalid(f"It is at another port or without encryption; only {self.address('/')} is read.")
        return found

    def is_below_prefix(self, address: str) -> bool:
        """Whether it lies where the import was told to read."""
        return (urlsplit(address).path.rstrip("/") + "/").startswith(self.prefix)
