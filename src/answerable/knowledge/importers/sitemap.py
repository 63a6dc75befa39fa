"""Reads a sitemap, or an index of sitemaps, as it comes: XML, packed XML, or plain lines."""

import re
from dataclasses import dataclass, field
from typing import Literal
from xml.parsers import expat

from answerable.knowledge.importers.fetching import FetchError, Unpacker, unpacker_for

_ADDRESS_LENGTH_MAX = 2_000
_GZIP_MARK = b"\x1f\x8b"


class NotASitemap(Exception):
    """It is something else; the message says what."""


@dataclass
class SitemapReader:
    """Collects the addresses in a sitemap. Bytes go in by `feed`; `end` says that all have come."""

    bytes_max: int
    addresses_max: int
    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)
    is_cut: bool = False
    """It has more addresses than are read, or it breaks off."""

    def __post_init__(self) -> None:
        self._kind: Literal["xml", "lines"] | None = None
        self._unpacker: Unpacker | None = None
        self._rest = b""
        self._open: list[str] = []
        self._words: list[str] | None = None
        # Names come with their namespace before a space, of which only the last part matters. Expat reads no entity
        # that is not declared in a document type, and a document type is refused.
        self._xml = expat.ParserCreate(namespace_separator=" ")
        self._xml.StartElementHandler = self._start
        self._xml.EndElementHandler = self._close
        self._xml.CharacterDataHandler = self._characters
        self._xml.StartDoctypeDeclHandler = self._refuse_document_type
        self._xml.buffer_text = True

    def feed(self, piece: bytes) -> None:
        """Takes in the next bytes. Raises `NotASitemap`."""
        if self._unpacker is None:
            self._rest += piece
            if len(self._rest) < len(_GZIP_MARK):
                return
            piece, self._rest = self._rest, b""
            self._unpacker = unpacker_for("gzip" if piece.startswith(_GZIP_MARK) else "", bytes_max=self.bytes_max)
        try:
            for unpacked in self._unpacker.unpacked(piece):
                self._read(unpacked)
        except FetchError as error:
            raise NotASitemap(str(error)) from error

    def end(self) -> None:
        """Reads what is left. Raises `NotASitemap` for an empty one."""
        if self._kind == "lines":
            self._read_lines(self._rest + b"\n")
        elif self._kind == "xml" and not self.is_cut:
            try:
                self._xml.Parse(b"", True)
            except expat.ExpatError:
                self.is_cut = True
        if self._kind is None:
            raise NotASitemap("It is empty.")

    def _read(self, unpacked: bytes) -> None:
        if self._kind is None:
            start = unpacked.lstrip(b"\xef\xbb\xbf \t\r\n")
            if not start:
                return
            if start[:20].lower().startswith((b"<!doctype html", b"<html")):
                raise NotASitemap("It is a page, and no sitemap.")
            is_xml = start.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
            if not is_xml and not re.match(rb"https?://", start, re.IGNORECASE):
                raise NotASitemap("It is neither XML nor a list of addresses.")
            self._kind = "xml" if is_xml else "lines"
            unpacked = start
        if self._kind == "lines":
            self._read_lines(self._rest + unpacked)
        elif not self.is_cut:
            try:
                self._xml.Parse(unpacked, False)
            except expat.ExpatError as error:
                if not self.pages and not self.sitemaps:
                    raise NotASitemap(f"It is not valid XML (line {error.lineno}).") from error
                self.is_cut = True

    def _read_lines(self, content: bytes) -> None:
        *lines, self._rest = content.split(b"\n")
        if len(self._rest) > _ADDRESS_LENGTH_MAX:
            self._rest, self.is_cut = b"", True
        for line in lines:
            if line.strip():
                self._keep(self.pages, line.decode("utf-8", "replace"))

    def _start(self, name: str, _attributes: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        if not self._open and name not in {"urlset", "sitemapindex"}:
            raise NotASitemap(f"It is no sitemap: it begins with <{name[:40]}>.")
        self._open.append(name)
        if self._open[1:] in (["url", "loc"], ["sitemap", "loc"]):
            self._words = []
        if len(self._open) > 100:
            raise NotASitemap("It is nested too deep.")

    def _characters(self, words: str) -> None:
        if self._words is not None and sum(map(len, self._words)) <= _ADDRESS_LENGTH_MAX:
            self._words.append(words)

    def _close(self, _name: str) -> None:
        if self._words is not None:
            self._keep(self.pages if self._open[1] == "url" else self.sitemaps, "".join(self._words))
            self._words = None
        self._open.pop()

    def _keep(self, addresses: list[str], address: str) -> None:
        if len(addresses) < self.addresses_max:
            addresses.append(address.strip())
        else:
            self.is_cut = True

    def _refuse_document_type(self, *_declared: object) -> None:
        raise NotASitemap("It declares a document type, which no sitemap does.")
