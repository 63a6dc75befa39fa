"""Reads the public sets of the data folder into one shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELP_CENTRES = ("actualbudget", "cloudgov", "odk", "hoppscotch", "plausible", "logingov")


@dataclass(frozen=True, slots=True)
class Page:
    """An article of a set."""

    id: str
    title: str
    text: str
    collection: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the articles that answer it."""

    id: str
    query: str
    history: tuple[str, ...]
    """What both sides said before, oldest first."""
    gold: frozenset[str]
    is_answerable: bool
    collection: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class PublicSet:
    """Articles and questions."""

    name: str
    pages: tuple[Page, ...]
    questions: tuple[Asked, ...]


def half_of(question_id: str) -> int:
    """0 or 1, by hash: what is chosen on one half is reported on the other."""
    return hashlib.sha256(question_id.encode()).digest()[0] % 2


def read_set(data: Path, name: str, *, part: str = "dev") -> PublicSet:
    """One of `SETS`, with the questions of a part."""
    return SETS[name](data, part)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def help_centre(data: Path, name: str, *, language: str = "en") -> tuple[Page, ...]:
    """The articles of one of the help centres, in one language."""
    return tuple(
        Page(row["id"], row["title"] or "", row["body"], name)
        for row in _lines(data / f"kb_{name}" / "articles.jsonl")
        if row["locale"] == language
    )


def _wixqa(data: Path, part: str) -> PublicSet:
    pages = [
        Page(row["article_id"], row["title"], row["text"], "wix")
        for row in _lines(data / "wixqa_sample" / "kb_articles.jsonl")
    ]
    for name in HELP_CENTRES:
        pages.extend(help_centre(data, name))
    questions = (
        Asked(row["id"], row["question"], (), frozenset(row["gold_article_ids"]), True, "wix")
        for row in _lines(data / "wixqa_sample" / part / "expertwritten.jsonl")
    )
    return PublicSet("wixqa", tuple(pages), tuple(questions))


def _retired(data: Path, part: str) -> PublicSet:
    questions = (
        Asked(row["id"], row["query"], (), frozenset([row["gold_article_id"]]), True, "logingov")
        for row in _lines(data / "kb_logingov" / part / "redirect_queries.jsonl")
    )
    return PublicSet("retired", help_centre(data, "logingov"), tuple(questions))


def _across_languages(data: Path, part: str) -> PublicSet:
    questions = (
        Asked(row["id"], row["query"], (), frozenset([row["gold_article_id"]]), True, "logingov", row["query_locale"])
        for row in _lines(data / "kb_logingov" / part / "crosslingual_queries.jsonl")
    )
    return PublicSet("languages", help_centre(data, "logingov"), tuple(questions))


def _techqa(data: Path, part: str) -> PublicSet:
    pages = []
    for row in _lines(data / "techqa_sample" / "documents.jsonl"):
        title, _, text = row["text"].partition("\n")
        title = title.removeprefix("Title:").strip()
        pages.append(Page(row["doc_id"], title, text.lstrip().removeprefix("Text:"), "techqa"))
    questions = (
        Asked(row["id"], row["question"], (), frozenset(row["gold_doc_ids"]), not row["is_impossible"], "techqa")
        for row in _lines(data / "techqa_sample" / part / "questions.jsonl")
    )
    return PublicSet("techqa", tuple(pages), tuple(questions))


def _doc2dial(data: Path, part: str) -> PublicSet:
    pages = (
        Page(row["doc_id"], row["title"], row["text"], row["domain"])
        for row in _lines(data / "doc2dial" / "documents.jsonl")
    )
    questions = (
        Asked(
            row["id"],
            row["latest_user"],
            tuple(turn["text"] for turn in reversed(row["history_most_recent_first"])),
            frozenset([row["doc_id"]]),
            True,
            row["domain"],
        )
        for row in _lines(data / "doc2dial" / part / "questions.jsonl")
    )
    return PublicSet("doc2dial", tuple(pages), tuple(questions))


def _mtrag(data: Path, part: str) -> PublicSet:
    """Underspecified tasks are left out: there the right thing is to ask, neither to answer nor to hand off."""
    pages = (
        Page(row["passage_id"], row["title"] or "", row["text"], row["collection"])
        for row in _lines(data / "mtrag_un" / "passages.jsonl")
    )
    questions = (
        Asked(
            row["id"],
            row["turns"][-1]["text"],
            tuple(turn["text"] for turn in row["turns"][:-1]),
            frozenset(row["gold_passage_ids"]),
            row["answerability"][0] in ("ANSWERABLE", "PARTIAL"),
            row["collection"],
        )
        for row in _lines(data / "mtrag_un" / part / "tasks.jsonl")
        if row["answerability"][0] != "UNDERSPECIFIED"
    )
    return PublicSet("mtrag_un", tuple(pages), tuple(questions))


SETS: dict[str, Callable[[Path, str], PublicSet]] = {
    "wixqa": _wixqa,
    "retired": _retired,
    "techqa": _techqa,
    "doc2dial": _doc2dial,
    "mtrag_un": _mtrag,
    "languages": _across_languages,
}
