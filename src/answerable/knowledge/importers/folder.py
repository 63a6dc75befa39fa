"""Imports a folder of Markdown and HTML files, or an archive (.zip) of one."""

import os
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from answerable.domain.errors import Invalid
from answerable.domain.knowledge import SourceKind
from answerable.knowledge.importers.archive import Archive, ArchiveLimits
from answerable.knowledge.importers.files import ENDINGS, OTHER_TEXTS, Place, read_file
from answerable.knowledge.importers.importer import Item, Skipped, off_the_loop
from answerable.knowledge.importers.languages import LanguageTeller
from answerable.knowledge.importers.opening import open_regular_file, reason

# Folders of programs and site generators, in which texts lie that are nobody's help.
_PASSED_OVER = frozenset(("node_modules", "__pycache__", "__MACOSX", "venv", "_build"))
_DEPTH_MAX = 60


@dataclass(frozen=True, slots=True)
class FolderLimits:
    """What is too much."""

    file_bytes_max: int = 5_000_000
    files_max: int = 50_000
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)


class FolderImporter:
    """Reads every Markdown and HTML file in a folder and the folders in it; never what lies outside."""

    kind: SourceKind = "folder"

    def __init__(
        self,
        path: Path,
        *,
        default_language: str = "en",
        base_url: str | None = None,
        limits: FolderLimits | None = None,
    ) -> None:
        self._path = path
        self._default_language = default_language
        self._base_url = base_url
        self._limits = limits or FolderLimits()

    @property
    def location(self) -> str:
        """The whole path of the folder, or of the archive: the same from wherever it is named."""
        return str(self._path.absolute())

    def read(self) -> AsyncIterator[Item]:
        """The articles, in the order of their paths."""
        return off_the_loop(self.items())

    def items(self) -> Iterator[Item]:
        """The same, for a caller that may wait."""
        try:
            top = self._path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise Invalid(f"There is no folder {self._path} to be read ({reason(error)}).") from error
        if top.is_dir():
            found = self._in_folder(top)
        elif top.suffix.lower() == ".zip":
            found = self._in_archive(top)
        else:
            raise Invalid(f"{self._path} is neither a folder nor a .zip archive.")
        return self._within_limit(found)

    def _within_limit(self, items: Iterator[Item]) -> Iterator[Item]:
        keys: set[str] = set()
        for item in items:
            if isinstance(item, Skipped):
                yield item
                continue
            key = item.key
            if key in keys:
                yield Skipped(key, "Another file has the same name, but for the way its letters are composed.")
                continue
            if len(keys) >= self._limits.files_max:
                why = f"There are more than {self._limits.files_max:,} articles; the rest was not read."
                yield Skipped(self.location, why, hides_others=True)
                return
            keys.add(key)
            yield item

    def _in_archive(self, path: Path) -> Iterator[Item]:
        teller = LanguageTeller(otherwise=self._default_language)
        with open_regular_file(path) as file:
            archive = Archive(file, self._limits.archive, file_bytes_max=self._limits.file_bytes_max)
            for entry in archive.texts():
                if isinstance(entry, Skipped):
                    yield entry
                else:
                    yield read_file(entry.content, entry.place, teller, base_url=self._base_url)

    def _in_folder(self, top: Path) -> Iterator[Item]:
        teller = LanguageTeller(otherwise=self._default_language)
        for found in _files(top, top, depth=0):
            if isinstance(found, Skipped):
                yield found
                continue
            place = Place.of(found.relative_to(top).as_posix())
            content = self._content(found, place)
            if isinstance(content, Skipped):
                yield content
            else:
                yield read_file(content, place, teller, base_url=self._base_url)

    def _content(self, path: Path, place: Place) -> bytes | Skipped:
        """What is in a file; of one that is too large nothing is read, and of one that grows no more than the limit."""
        limit = self._limits.file_bytes_max
        try:
            with open_regular_file(path, may_be_link=False) as file:
                size = os.fstat(file.fileno()).st_size
                content = b"" if size > limit else file.read(limit + 1)
                size = max(size, len(content))
        except Invalid:
            return Skipped(place.key, "It is no ordinary file, or its permissions forbid reading it.")
        except OSError as error:
            return Skipped(place.key, f"It cannot be read ({reason(error)}).")
        return too_large(place, size, limit) if size > limit else content


def too_large(place: Place, size: int, limit: int) -> Skipped:
    """Why a file of that size is not read."""
    return Skipped(place.key, f"It has {size / 1e6:,.1f} MB; at most {limit / 1e6:,.1f} MB are read.")


def _files(folder: Path, top: Path, *, depth: int) -> Iterator[Path | Skipped]:
    """The files in a folder and below, by name. No link is followed, so there is no way round in circles."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        key = Place.of(folder.relative_to(top).as_posix()).key
        yield Skipped(key, f"The folder cannot be read ({reason(error)}).", hides_others=True)
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _PASSED_OVER:
            continue
        path = Path(entry.path)
        place = Place.of(path.relative_to(top).as_posix())
        if entry.is_symlink():
            skipped = _link(path, place, top)
            if skipped is not None:
                yield skipped
        elif entry.is_dir(follow_symlinks=False):
            if depth < _DEPTH_MAX:
                yield from _files(path, top, depth=depth + 1)
            else:
                yield Skipped(place.key, f"It lies more than {_DEPTH_MAX} folders deep.", hides_others=True)
        elif place.ending in ENDINGS:
            yield path if entry.is_file(follow_symlinks=False) else Skipped(place.key, "It is no ordinary file.")
        elif place.ending in OTHER_TEXTS and entry.is_file(follow_symlinks=False):
            yield Skipped(place.key, not_read(place))


def not_read(place: Place) -> str:
    """Why a file of a kind that people may expect to be read is not."""
    return f"{place.ending} files are not read; Markdown and HTML are."


def _link(path: Path, place: Place, top: Path) -> Skipped | None:
    """Why a link is not followed: what it leads to is read under its own name, or is not in the folder."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):  # It leads nowhere, or round in circles (which Python before 3.13 tells so).
        return Skipped(place.key, "It is a link that leads nowhere, or in circles.")
    if not target.is_relative_to(top):
        return Skipped(place.key, "It is a link that leads out of the folder, and is not followed.")
    if stat.S_ISDIR(target.stat().st_mode) or place.ending in ENDINGS:
        name = Place.of(target.relative_to(top).as_posix()).key
        return Skipped(place.key, f"It is a link to {name}, which is read under its own name.", is_withdrawn=True)
    return None
