"""What a search of the agent looks for."""

from pathlib import Path

from answerable.inference.embedders.minilm import MiniLmEmbedder
from tests.walks.company import open_company


async def test_another_question_is_not_answered_with_the_article_of_the_one_before(
    tmp_path: Path, sqlite_url: str
) -> None:
    async with open_company(tmp_path, sqlite_url, embedder=MiniLmEmbedder()) as company:
        ines = await company.customer()
        first = await ines.ask("How do I add my VAT ID?")

        second = await ines.ask("How many seats does the Team plan have?", conversation=first["conversation_id"])

    assert [source["title"] for source in first["citations"]] == ["Add your VAT ID"]
    assert [source["title"] for source in second["citations"]] == ["Seats"]
