"""From an edit in the console to what customers are told: tried on some, shipped to all, and taken back."""

from pathlib import Path
from typing import Any

from agents.testing import ScriptedModel, assistant_message

from answerable.inference.embedders import Embedder
from answerable.knowledge.importers.folder import FolderImporter
from answerable.wiring import import_sources
from tests.walks.company import ARTICLES, Company, Rep, open_company

QUESTION = "How long does a refund take to reach my card?"
OLD, NEW = "3 to 5 business days", "8 to 10 business days"


async def post(rep: Rep, path: str, content: Any = None) -> Any:
    response = await rep.post(path, content)
    assert response.is_success, response.text
    return response.json()


async def refunds_article(rep: Rep) -> dict[str, Any]:
    found = await rep.get("/api/articles", q="Refunds to your card")
    article: dict[str, Any] = await rep.get(f"/api/articles/{found['items'][0]['id']}")
    return article


async def edited(rep: Rep, days: str, *, urgent: bool = False) -> dict[str, Any]:
    """A candidate by which refunds take as long as this."""
    article = await refunds_article(rep)
    begun = await post(rep, "/api/candidates", {"reason": "Refunds take longer since May.", "urgent": urgent})
    edit = {
        "kind": "article",
        "asset_id": article["row"]["id"],
        "made_of": article["revisions"][0]["id"],
        "title": article["row"]["title"],
        "text": article["text"].replace(OLD, days),
    }
    row: dict[str, Any] = (await post(rep, f"/api/candidates/{begun['row']['id']}/edits", edit))["row"]
    return row


async def told(company: Company) -> str:
    """What somebody new is told."""
    text: str = (await (await company.customer()).ask(QUESTION))["text"]
    return text


async def test_a_mended_article_is_tried_on_some_then_shipped_to_all_and_taken_back(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with open_company(tmp_path, database_url, embedder=embedder) as company:
        lead = await company.rep("Maya Okafor", "lead")
        ines, jonas = await company.customer(), await company.customer("Jonas Weber")
        before = await ines.ask(QUESTION)
        old = (await lead.get("/api/releases/in-force"))["newest"]["number"]

        row = await edited(lead, NEW)
        path = f"/api/candidates/{row['id']}"
        tried = await post(lead, f"{path}/canary", {"version": row["version"], "share": 1.0})
        on_canary = await jonas.ask(QUESTION)
        still = await ines.ask(QUESTION, conversation=before["conversation_id"])
        in_force = await lead.get("/api/releases/in-force")
        stopped = await post(lead, f"{path}/stop")
        sent_on = await jonas.ask(QUESTION, conversation=on_canary["conversation_id"])

        shipped = await post(lead, f"{path}/ship", {"version": stopped["row"]["version"]})
        to_all = await told(company)
        difference = await lead.get(
            f"/api/releases/{shipped['number']}/assets/{(await refunds_article(lead))['row']['id']}"
        )
        back = await post(lead, "/api/releases/roll-back", {"to": old, "reason": "It was wrong."})
        taken_back = await told(company)

    assert OLD in before["text"]
    assert NEW in on_canary["text"]
    assert in_force["open_conversations"] == {str(old): 1, str(tried["row"]["sealed"]): 1}
    assert OLD in still["text"], "a conversation stays on its release"
    assert OLD in sent_on["text"], "but for a canary that was rolled back"
    assert NEW in to_all
    assert (OLD in difference["before"]["text"], NEW in difference["after"]["text"]) == (True, True)
    assert back["release"]["reason"] == f"Rolled back to release {old}: It was wrong."
    assert OLD in taken_back


async def test_an_urgent_change_reaches_a_conversation_that_is_open(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with open_company(tmp_path, database_url, embedder=embedder) as company:
        lead = await company.rep("Maya Okafor", "lead")
        ines = await company.customer()
        before = await ines.ask(QUESTION)
        row = await edited(lead, NEW, urgent=True)
        await post(lead, f"/api/candidates/{row['id']}/ship", {"version": row["version"]})

        after = await ines.ask(QUESTION, conversation=before["conversation_id"])

    assert NEW in after["text"]


async def test_what_a_person_mended_stays_when_the_same_articles_are_imported_again(
    tmp_path: Path, database_url: str, embedder: Embedder
) -> None:
    async with open_company(tmp_path, database_url, embedder=embedder) as company:
        lead = await company.rep("Maya Okafor", "lead")
        row = await edited(lead, NEW)
        await post(lead, f"/api/candidates/{row['id']}/ship", {"version": row["version"]})
        knowledge = tmp_path / "workspace" / "knowledge"
        (again,) = await import_sources(company.house, [FolderImporter(knowledge)])
        kept = await told(company)
        (knowledge / "refunds.md").write_text(ARTICLES["refunds.md"].replace(OLD, "2 days"))
        (both,) = await import_sources(company.house, [FolderImporter(knowledge)])
        still = await told(company)

    assert (again.changed, again.unchanged, again.release) == (0, len(ARTICLES), None)
    assert NEW in kept
    ((name, reason),) = both.skipped
    assert (name, both.changed) == ("refunds.md", 0)
    assert reason.startswith("“Refunds to your card” was changed here by a person, and has now changed at its source")
    assert NEW in still


async def edited_alone(rep: Rep, kind: str, text: str) -> dict[str, Any]:
    begun = await post(rep, "/api/candidates", {"reason": "Tried once."})
    row: dict[str, Any] = (
        await post(rep, f"/api/candidates/{begun['row']['id']}/edits", {"kind": kind, "text": text})
    )["row"]
    return row


async def test_a_threshold_holds_for_new_conversations_only(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with open_company(tmp_path, sqlite_url, embedder=embedder) as company:
        lead = await company.rep("Maya Okafor", "lead")
        ines = await company.customer()
        before = await ines.ask(QUESTION)
        row = await edited_alone(lead, "threshold", "answer = 1.0")
        await post(lead, f"/api/candidates/{row['id']}/ship", {"version": row["version"]})

        strict = await (await company.customer()).ask(QUESTION)
        still = await ines.ask(QUESTION, conversation=before["conversation_id"])

    assert (before["decision"], still["decision"]) == ("answer", "answer")
    assert strict["decision"] != "answer", "nothing is as sure as that"


async def test_another_model_answers_the_canary_and_its_runs_say_so(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    scripted = ScriptedModel([[assistant_message("Hello!")]])
    async with open_company(
        tmp_path, sqlite_url, embedder=embedder, models={"other": scripted}, model="embedded"
    ) as company:
        lead = await company.rep("Maya Okafor", "lead")
        row = await edited_alone(lead, "model", 'name = "other"')
        await post(lead, f"/api/candidates/{row['id']}/canary", {"version": row["version"], "share": 1.0})

        answered = await (await company.customer()).ask("Hello!")
        seen = await lead.get(f"/api/conversations/{answered['conversation_id']}")

    assert answered["text"] == "Hello!"
    assert "'model': 'other'" in str(seen)


async def test_only_a_lead_ships_and_only_a_builder_writes(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> None:
    async with open_company(tmp_path, sqlite_url, embedder=embedder) as company:
        builder, rep = await company.rep("Maya Okafor", "builder"), await company.rep("Jonas Weber")
        row = await edited(builder, NEW)

        refused = [
            await rep.post("/api/candidates", {"reason": "A change."}),
            await builder.post(f"/api/candidates/{row['id']}/ship", {"version": row["version"]}),
            await builder.post(f"/api/candidates/{row['id']}/canary", {"version": row["version"], "share": 0.1}),
            await builder.post("/api/releases/roll-back", {"to": 0, "reason": "I want to."}),
        ]
        seen = await rep.get(f"/api/candidates/{row['id']}")

    assert {each.status_code for each in refused} == {403}
    assert [each["title"] for each in seen["changes"]] == ["Refunds to your card"]
