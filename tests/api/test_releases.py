"""A rep sees what each release changed, by whom and why."""

from pathlib import Path

from answerable.inference.embedders import Embedder
from answerable.knowledge.importers.folder import FolderImporter
from answerable.wiring import import_sources
from tests.releases.test_handbooks import procedure
from tests.walks.company import ARTICLES, open_company


async def test_a_release_says_what_it_changed_asset_by_asset(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    files = {"procedures/refund.md": procedure("refund", 1).text, "instructions.md": "Say you."}
    async with open_company(tmp_path, database_url, embedder=embedder, files=files) as company:
        knowledge = tmp_path / "workspace" / "knowledge"
        (knowledge / "seats.md").unlink()
        (knowledge / "vat.md").write_text(f"{ARTICLES['vat.md']}\nThat is all.\n")
        await import_sources(company.house, [FolderImporter(knowledge)])
        rep = await company.rep("Maya Okafor")

        workspace, articles, changed = [await rep.get(f"/api/releases/{number}") for number in (1, 2, 3)]
        missing = [(await rep.http.get(f"/api/releases/{number}")).status_code for number in (4, 10**12)]

    assert workspace["row"]["reason"].startswith("Procedures added in the workspace: The refund.")
    assert [(each["kind"], each["title"], each["change"]) for each in workspace["differences"]] == [
        ("instruction", "Instructions", "added"),
        ("procedure", "The refund", "added"),
    ]
    assert {each["reason"] for each in workspace["differences"]} == {workspace["row"]["reason"]}
    assert articles["total"] == len(ARTICLES)
    assert [(e["title"], e["change"], e["before"], e["after"]) for e in changed["differences"]] == [
        ("Add your VAT ID", "changed", 1, 2),
        ("Seats", "removed", 1, None),
    ]
    assert {each["author"] for each in changed["differences"]} == {"Answerable"}
    assert missing == [404, 400], "no database counts so far"
