"""The pages of a folder of policies: which files they are, and the head of each.

A rule that is not read is a rule that does not hold. So nothing that may have been meant as one is passed over: a file
of another kind, a head that is not closed and a clause that stands outside of a head are faults.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from answerable.domain.errors import Fault, Faulty
from answerable.domain.page_heads import BrokenYaml, Lined, plain_lines, read_yaml, slip_of_head, split_page

ENDING = ".md"
_PICTURES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".avif"))
_NOTES = frozenset(("README", "LICENSE"))
"""What people put beside pages to say something of the folder. As Markdown they are pages like any other."""
# A line of a clause, or of the list of them, also in the style of JSON, in a list or in a quotation.
_LINE_OF_A_CLAUSE = re.compile(
    r"""^[ \t>]*["']?clauses["']?[ \t]*:[ \t]*(?:[\[{|>\#].*)?$"""
    r"""|^[ \t>]*-[ \t]+\{?[ \t]*["']?id["']?[ \t]*:[ \t]*\S+"""
    r"""|(?:^|[\s{,>])["']?effect["']?[ \t]*:[ \t]*["']?(?:allows|forbids|needs_approval)\b""",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in a folder of policies."""

    pages: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()
    """What nobody reads, and may have been meant to be read."""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """A page's head, with its types; empty for a page without one."""

    content: Mapping[str, Any] = field(default_factory=dict)
    lined: Lined = field(default_factory=Lined)


def listing(folder: Path) -> Listing:
    """The pages of a folder and of those in it; nothing if it is not there.

    Hidden files and folders are passed over, and so are the copies that editors keep, pictures, and a README or LICENSE
    that is no Markdown.
    """
    pages: list[Path] = []
    others: list[Path] = []
    faults: list[Fault] = []

    def cannot_be_read(error: OSError) -> None:
        faults.append(Fault(str(error.filename), 1, f"This folder cannot be read: {error.strerror}."))

    if not os.path.lexists(folder):
        return Listing()
    for place, folders, names in os.walk(folder, onerror=cannot_be_read):
        folders[:] = [each for each in folders if not each.startswith(".")]
        for each in (Path(place) / name for name in folders):
            if each.is_symlink():
                others.append(each)
                faults.append(Fault(str(each), 1, "A link to a folder is not followed: put its pages here themselves."))
        for each in (Path(place) / name for name in names if not _is_hidden(name)):
            if each.suffix == ENDING:
                pages.append(each)
            elif not _is_beside_pages(each):
                others.append(each)
                faults.append(
                    Fault(
                        str(each),
                        1,
                        f"It is not read: policies are pages that end in {ENDING}, with their clauses in the head. "
                        "Make it one, or move it out of this folder.",
                    )
                )
    return Listing(tuple(sorted(pages)), tuple(sorted(others)), tuple(sorted(faults)))


def _is_hidden(name: str) -> bool:
    """Hidden, or what editors keep beside a file: `refunds.md~`, `#refunds.md#`."""
    return name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))


def _is_beside_pages(file: Path) -> bool:
    return file.suffix.lower() in _PICTURES or file.name.partition(".")[0].upper() in _NOTES


def text_of(file: Path) -> str:
    """What stands in a page, without what editors put around lines. Raises Faulty if it cannot be read."""
    try:
        return plain_lines(file.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Faulty(Fault(str(file), 1, "It cannot be read.")) from error


def head_of(text: str, *, file: str) -> Head:
    """What a page's head says. Raises Faulty, also for a page in whose text there is what belongs into a head."""
    page = split_page(text)
    slip = slip_of_head(text) if page is None else None
    if slip is not None:
        raise Faulty(Fault(file, slip[1], slip[0]))
    head, words = page or ("", text)
    _must_be_words(file, text, words)
    return _head(file, head)


def _must_be_words(file: str, text: str, words: str) -> None:
    """Raises Faulty where the text below a head, or of a page without one, has a line of a clause."""
    found = _LINE_OF_A_CLAUSE.search(words)
    if found is None:
        return
    written = found[0].strip()
    line = 1 + text.count("\n", 0, len(text) - len(words) + found.end() - 1)
    raise Faulty(
        Fault(
            file,
            line,
            f"“{written:.60}” stands outside of the head, where nothing checks it: clauses stand in the first lines of "
            "the file, between two lines of three dashes (---).",
        )
    )


def _head(file: str, head: str) -> Head:
    try:
        lined, content = read_yaml(head, first_line=2), yaml.safe_load(head)
    except BrokenYaml as error:
        raise Faulty(Fault(file, error.line, str(error))) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Such as a day that there is not.
        raise Faulty(Fault(file, 2, f"Its head is not valid YAML: {error}.")) from error
    if content is not None and not isinstance(content, dict):
        raise Faulty(Fault(file, 2, "A head is made of fields, such as title and clauses; this one is not."))
    return Head(content or {}, lined)
