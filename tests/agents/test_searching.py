"""What a search of the agent looks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from answerable.agents.searching import Searching
from answerable.domain.runs import SpanKind
from answerable.inference.embedders import Embedder
from answerable.knowledge.library import Found, FoundPassages
from answerable.traces.steps import Step
from tests.walks.company import open_company


async def test_another_question_is_not_answered_with_the_article_of_the_one_before(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with open_company(tmp_path, sqlite_url, embedder=embedder) as company:
        ines = await company.customer()
        first = await ines.ask("How do I add my VAT ID?")

        second = await ines.ask("How many seats does the Team plan have?", conversation=first["conversation_id"])

    assert [source["title"] for source in first["citations"]] == ["Add your VAT ID"]
    assert [source["title"] for source in second["citations"]] == ["Seats"]


class Shelf:
    """A library that finds the same two articles whatever is asked, and is not sure of either."""

    async def search(self, query: str, **_: Any) -> FoundPassages:
        return FoundPassages(tuple(self._found(title) for title in ("Seats", "Refunds")), 0.3, {})

    def _found(self, title: str) -> Found:
        return Found(title, title, title, 1, title, (), "", "en", f"About {title}.", 0.5, 0.5, 0.5)


class Unrecorded:
    """A ledger that forgets."""

    @contextmanager
    def step(self, kind: SpanKind, name: str, asked: Any) -> Iterator[Step]:
        yield Step(kind, name, asked)


def searching(*, chosen_title: str | None) -> Searching:
    shelf: Any = Shelf()
    ledger: Any = Unrecorded()
    return Searching(shelf, ledger, release=1, history=(), threshold=0.5, hits={}, chosen_title=chosen_title)


async def test_the_article_that_the_customer_chose_comes_first_and_may_be_answered_from() -> None:
    not_chosen, chosen = searching(chosen_title=None), searching(chosen_title="refunds")

    guessed, known = await not_chosen.search("money"), await chosen.search("money Refunds")

    assert [hit.title for hit in guessed.hits] == ["Seats", "Refunds"]
    assert [hit.title for hit in known.hits] == ["Refunds", "Seats"]
    assert (not_chosen.is_unsure, chosen.is_unsure) == (True, False)
