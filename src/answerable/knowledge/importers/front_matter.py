"""Reads what stands at the head of a Markdown file, between two lines of `---` (YAML) or `+++` (TOML)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from answerable.knowledge.importers.languages import tag
from answerable.knowledge.importers.texts import one_line

_LENGTH_MAX = 64_000
_DEPTH_MAX = 100
_HEAD = re.compile(r"(---|\+\+\+)[ \t]*\n")
# Where one was meant and is not read: below a blank line, behind a space, between lines of more signs. Text between two
# horizontal rules has none of these fields.
_MISPLACED = re.compile(
    r"(\s*)(?:-{3,}|\+{3,})[ \t]*\n"
    r"(?:[^\n]+\n){0,100}?(?:title|draft|published|lang|language|locale|section|category|slug)[ \t]*[:=][^\n]*\n"
    r"(?:[^\n]+\n){0,100}?[ \t]*(?:-{3,}|\+{3,}|\.\.\.)[ \t]*(?:\n|\Z)"
)
_KEYWORD_FIELDS = ("keywords", "tags", "labels", "label_names")
_KEYWORDS_MAX = 50
_KEYWORD_LENGTH_MAX = 100
_YES = frozenset(("true", "yes", "on", "1"))
_NO = frozenset(("false", "no", "off", "0"))
_LOOKS_LIKE_A_FIELD = re.compile(r"^[A-Za-z_][\w .-]{0,40}\s*[:=]", re.MULTILINE)


class BrokenFrontMatter(Exception):
    """It cannot be read; the message names the line of the file and what is wrong there."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a file says about its article. Fields of other names are left alone."""

    title: str | None = None
    section: str | None = None
    language: str | None = None
    url: str | None = None
    slug: str | None = None
    keywords: tuple[str, ...] = ()
    """What people call it who do not use its words."""
    is_withdrawn: bool = False
    """It is marked as a draft, or as not published."""


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The head of a Markdown file and the rest of it. A file without one has an empty head."""
    head = _HEAD.match(text)
    if head is None:
        misplaced = _MISPLACED.match(text)
        if misplaced is not None:
            line = 1 + misplaced[1].count("\n")
            raise BrokenFrontMatter(
                f"Line {line}: the front matter begins in the first line, with --- or +++ and nothing else."
            )
        return FrontMatter(), text
    mark, start = head[1], head.end()
    ends = "(?:---|\\.\\.\\.)" if mark == "---" else re.escape(mark)
    end = re.compile(rf"^{ends}[ \t]*$\n?", re.MULTILINE).search(text, start)
    if end is None:
        first_line = text[start:].lstrip("\n").partition("\n")[0]
        if _LOOKS_LIKE_A_FIELD.match(first_line):
            raise BrokenFrontMatter(f"Line 1: the front matter is opened with {mark} and never closed.")
        return FrontMatter(), text  # A horizontal rule.
    head_text, body = text[start : end.start()], text[end.end() :]
    if len(head_text) > _LENGTH_MAX:
        raise BrokenFrontMatter(f"The front matter is longer than {_LENGTH_MAX:,} characters.")
    fields = _yaml_fields(head_text) if mark == "---" else _toml_fields(head_text)
    return (FrontMatter(), text) if fields is None else (_front_matter(fields), body)


def _yaml_fields(text: str) -> Mapping[str, Any] | None:
    if text.count("[") + text.count("{") > _DEPTH_MAX and re.search(rf"(?:[\[{{]\s*){{{_DEPTH_MAX}}}", text):
        raise BrokenFrontMatter("The front matter is nested too deep.")
    try:
        # Every word stays as it is written: `no` is Norwegian and not false, and a date is not read at all.
        fields = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  # builds only strings, lists and dictionaries
    except yaml.MarkedYAMLError as error:
        if not _LOOKS_LIKE_A_FIELD.search(text):
            return None  # Words between two horizontal rules.
        mark = error.problem_mark or error.context_mark
        line = f"Line {mark.line + 2}: " if mark is not None else ""
        raise BrokenFrontMatter(
            f"{line}the front matter is not valid YAML ({error.problem or error.context})."
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BrokenFrontMatter(
            f"The front matter is not valid YAML ({one_line(str(error), length_max=100)})."
        ) from error
    if isinstance(fields, dict):
        return {str(name).strip().lower(): value for name, value in fields.items()}
    return {} if not text.strip() else None


def _toml_fields(text: str) -> Mapping[str, Any]:
    try:
        return {name.lower(): value for name, value in tomllib.loads(text).items()}
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"\(at line (\d+)", str(error))
        line = f"Line {int(found[1]) + 1}: " if found else ""
        why = re.sub(r"\s*\(at .*", "", str(error))
        raise BrokenFrontMatter(f"{line}the front matter is not valid TOML ({why}).") from error


def _front_matter(fields: Mapping[str, Any]) -> FrontMatter:
    return FrontMatter(
        title=_words(fields, "title"),
        section=_words(fields, "section", "category"),
        language=tag(_words(fields, "lang", "language", "locale")),
        url=_words(fields, "url", "canonical_url", "canonical", "permalink"),
        slug=_words(fields, "slug"),
        keywords=keywords_in(fields),
        is_withdrawn=_says(fields, "draft", _YES) or _says(fields, "published", _NO),
    )


def _words(fields: Mapping[str, Any], *names: str) -> str | None:
    """The first of the fields that holds words. A list or a table in its place is not guessed at."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int | float) and (words := one_line(str(value), length_max=2_000)):
            return words
    return None


def keywords_in(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """An article's keywords, tags and labels, however its author wrote them: a list, or words between commas."""
    found: dict[str, None] = {}
    for name in _KEYWORD_FIELDS:
        value = fields.get(name)
        listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else ()
        words = (one_line(str(each), length_max=_KEYWORD_LENGTH_MAX) for each in listed if isinstance(each, str | int))
        found |= dict.fromkeys(word for word in words if word)
    return tuple(found)[:_KEYWORDS_MAX]


def _says(fields: Mapping[str, Any], name: str, answers: frozenset[str]) -> bool:
    return str(fields.get(name, "")).strip().lower() in answers
