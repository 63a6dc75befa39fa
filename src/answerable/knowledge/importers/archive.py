"""Reads the texts in a .zip archive without unpacking it anywhere, and without being blown up by it."""

import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from answerable.domain.errors import Invalid, TooMuch
from answerable.knowledge.importers.files import ENDINGS, OTHER_TEXTS, Place
from answerable.knowledge.importers.importer import Skipped

_END_OF_DIRECTORY = struct.Struct("<4s4H2LH")
_END_MARK = b"PK\x05\x06"
_END_OF_LARGE_DIRECTORY_MARK = b"PK\x06\x07"
_COMMENT_BYTES_MAX = 65_535
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SMALL_BYTES = 100_000
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What is too much."""

    archive_bytes_max: int = 500_000_000
    directory_bytes_max: int = 16_000_000
    """The list of what is in the archive; about a hundred bytes an entry. It is held in memory."""
    entries_max: int = 50_000
    unpacked_bytes_max: int = 500_000_000
    """Of all the texts together."""
    ratio_max: int = 150
    """How many times its packed size a text may have. Prose has five to ten times, a bomb a thousand."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text in an archive."""

    place: Place
    content: bytes


class Archive:
    """An archive in an open file."""

    def __init__(self, file: BinaryIO, limits: ArchiveLimits, *, file_bytes_max: int) -> None:
        self._file = file
        self._limits = limits
        self._file_bytes_max = file_bytes_max

    def texts(self) -> Iterator[Text | Skipped]:
        """The Markdown and HTML files in it by name, each unpacked only when its turn comes."""
        self._refuse_large_directory()
        try:
            archive = zipfile.ZipFile(self._file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, struct.error) as error:
            raise Invalid("The archive is damaged, or no .zip archive at all.") from error
        with archive:
            entries = archive.infolist()
            if len(entries) > self._limits.entries_max:
                raise TooMuch(
                    f"The archive has {len(entries):,} entries; at most {self._limits.entries_max:,} are read."
                )
            yield from self._unpacked(archive, sorted(entries, key=lambda entry: entry.filename))

    def _unpacked(self, archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> Iterator[Text | Skipped]:
        unpacked_bytes = 0
        names: set[str] = set()
        for entry in entries:
            place = _place(entry)
            if place is None:
                name = Place.of(entry.filename[:200]).key
                yield Skipped(name, "Its name leads out of the archive, so it is not read.")
                continue
            if entry.is_dir() or _is_passed_over(place):
                continue
            if place.key in names:
                yield Skipped(place.key, "The archive has another file of this name.")
                continue
            names.add(place.key)
            text = self._text(archive, entry, place)
            if isinstance(text, Text):
                unpacked_bytes += len(text.content)
                if unpacked_bytes > self._limits.unpacked_bytes_max:
                    limit = f"{self._limits.unpacked_bytes_max / 1e6:,.1f} MB"
                    raise TooMuch(f"The texts of the archive have more than {limit} unpacked, so it is not read.")
            if text is not None:
                yield text

    def _text(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Place) -> Text | Skipped | None:
        why_not = self._why_not(entry, place)
        if why_not is not None:
            return Skipped(place.key, why_not)
        if place.ending not in ENDINGS:
            return None
        try:
            with archive.open(entry) as packed:
                content = packed.read(self._file_bytes_max + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
            return Skipped(place.key, "It is damaged in the archive.")
        if len(content) > self._file_bytes_max:  # The archive had stated another size.
            return Skipped(place.key, f"It has more than {self._file_bytes_max / 1e6:,.1f} MB unpacked.")
        return Text(place, content)

    def _why_not(  # noqa: PLR0911  (one rule a line, the first that fits)
        self, entry: zipfile.ZipInfo, place: Place
    ) -> str | None:
        limit = self._file_bytes_max
        if stat.S_ISLNK(entry.external_attr >> 16):
            return "It is a link, and links in an archive are not followed."
        if place.ending not in ENDINGS:
            return f"{place.ending} files are not read; Markdown and HTML are." if place.ending in OTHER_TEXTS else None
        if entry.flag_bits & _ENCRYPTED:
            return "It is encrypted."
        if entry.compress_type not in _READ:
            return "It is packed in a way that is not read; .zip's usual one (deflate) is."
        if entry.file_size > max(_SMALL_BYTES, self._limits.ratio_max * entry.compress_size):
            return f"It would unpack to {entry.file_size // max(entry.compress_size, 1):,} times its size."
        if entry.file_size > limit:
            return f"It has {entry.file_size / 1e6:,.1f} MB; at most {limit / 1e6:,.1f} MB are read."
        return None

    def _refuse_large_directory(self) -> None:
        """Looks at the archive's end before all of its directory is read into memory."""
        size = self._file.seek(0, 2)
        if size > self._limits.archive_bytes_max:
            limit = self._limits.archive_bytes_max / 1e6
            raise TooMuch(f"The archive has {size / 1e6:,.0f} MB; at most {limit:,.0f} MB are read.")
        self._file.seek(max(0, size - _COMMENT_BYTES_MAX - _END_OF_DIRECTORY.size))
        tail = self._file.read()
        at = tail.rfind(_END_MARK)
        if at < 0 or len(tail) - at < _END_OF_DIRECTORY.size:
            raise Invalid("The archive is damaged, or no .zip archive at all.")
        directory_bytes = _END_OF_DIRECTORY.unpack_from(tail, at)[5]
        if (
            _END_OF_LARGE_DIRECTORY_MARK in tail[max(0, at - 20) : at]
            or directory_bytes > self._limits.directory_bytes_max
        ):
            raise TooMuch("The archive has too many entries; split it, or import the unpacked folder.")
        self._file.seek(0)


def _place(entry: zipfile.ZipInfo) -> Place | None:
    """Where an entry stands; none for a name that is absolute or leads upwards."""
    name = entry.filename.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
        return None
    return Place.of(str(PurePosixPath(*parts)))


def _is_passed_over(place: Place) -> bool:
    return any(part.startswith(".") or part in {"__MACOSX", "node_modules"} for part in place.path.parts)
