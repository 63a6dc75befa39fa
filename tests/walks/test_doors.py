"""Who may come in where, and what bad input gets: a clear sentence, and nothing lost."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, event

from answerable.conversations import MESSAGES_AT_ONCE, rows_for
from answerable.domain.errors import NotFound
from answerable.people import renew_link_by_email
from answerable.store import customers
from tests.walks.company import PASSWORD, Company, talk_on

HEBREW = "כמה זמן לוקח החזר? \u202eabc"
FAMILY = "👩\u200d👩\u200d👧 ❤\ufe0f"


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        ("", 400, "The message is empty"),
        ("  \n\t ", 400, "The message is empty"),
        ("\u200b\u200b", 400, "The message is empty"),
        ("\u2060\ufeff\u00ad\u200d\u200f\u202e", 400, "The message is empty"),
        ("\u00a0\u2003\u3000\u2028", 400, "The message is empty"),
        ("\u3164\u2800\ufe0f\u034f", 400, "The message is empty"),
        ("x" * 33_000, 413, "longer than 32 kB"),
        ("é" * 17_000, 413, "longer than 32 kB"),
        ("PNG\x00\x01\x02", 400, "binary data"),
    ],
)
async def test_a_message_that_cannot_be_kept_gets_a_sentence(
    company: Company, text: str, status: int, says: str
) -> None:
    ines = await company.customer()

    refused = await ines.send(text)

    assert refused.status_code == status
    assert refused.headers["content-type"] == "application/problem+json"
    assert says in refused.json()["detail"]
    assert not refused.json()["may_help_to_retry"]
    assert (await ines.http.get("/chat/conversations", headers=ines.headers)).json() == []


async def test_a_message_of_exactly_the_largest_size_and_one_from_right_to_left_are_kept(company: Company) -> None:
    ines = await company.customer()

    for text in ("x" * 32 * 1024, HEBREW, FAMILY, "\u200fשלום", "می‌خواهم", "?"):
        sent = await ines.send(text)
        assert sent.status_code == 202
        kept = await ines.conversation(sent.json()["conversation_id"])
        assert kept["messages"][0]["text"] == text


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b'{"text": "\xff"}', rb'{"text": "\ud800 hi"}', b'{"text": "H'])
async def test_bytes_that_are_no_json_get_a_sentence(company: Company, body: bytes) -> None:
    ines = await company.customer()

    refused = await ines.http.post(
        "/chat/messages",
        content=body,
        headers={**ines.headers, "Idempotency-Key": "k", "content-type": "application/json"},
    )

    assert refused.status_code == 400
    assert refused.json()["title"] == "Not usable"
    assert "no whole JSON in UTF-8" in refused.json()["detail"]


async def test_a_request_that_is_far_too_large_is_not_read(company: Company) -> None:
    ines = await company.customer()

    refused = await ines.send("x" * 1_000_000)

    assert refused.status_code == 413


async def test_a_message_without_an_idempotency_key_is_refused(company: Company) -> None:
    ines = await company.customer()

    refused = await ines.http.post("/chat/messages", json={"text": "Hi"}, headers=ines.headers)

    assert refused.status_code == 400
    assert "Idempotency-Key" in refused.json()["detail"]


async def test_somebody_elses_conversation_looks_like_none(company: Company) -> None:
    ines, tobias = await company.customer("Ines"), await company.customer("Tobias")
    conversation = (await ines.send("How many seats?")).json()["conversation_id"]

    answers = [
        await tobias.http.get(f"/chat/conversations/{conversation}", headers=tobias.headers),
        await tobias.http.get(f"/chat/conversations/{conversation}/events", headers=tobias.headers),
        await tobias.http.post(f"/chat/conversations/{conversation}/person", headers=tobias.headers),
        await tobias.send("Me too", conversation=conversation),
        await tobias.http.get("/chat/conversations/con_nonsense", headers=tobias.headers),
    ]

    assert [(answer.status_code, answer.json()["detail"]) for answer in answers] == [
        (404, "There is no such conversation.")
    ] * 5


async def test_without_a_key_nothing_is_shown(company: Company) -> None:
    ines = await company.customer()

    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic abc"}):
        assert (await ines.http.get("/chat/conversations", headers=headers)).status_code == 401


async def test_pages_of_the_workspaces_sites_may_speak_to_the_customers_door_and_to_no_other(company: Company) -> None:
    visitor = await company.visitor()
    own, foreign = {"Origin": "https://app.ledgerly.example"}, {"Origin": "https://evil.example"}

    def allowed(answer: httpx.Response) -> str:
        return str(answer.headers.get("access-control-allow-origin", ""))

    assert allowed(await visitor.http.get("/chat/config", headers=own)) == own["Origin"]
    assert allowed(await visitor.http.get("/chat/conversations", headers=own)) == own["Origin"], "a refusal, too"
    assert allowed(await visitor.http.get("/chat/config", headers=foreign)) == ""
    assert allowed(await visitor.http.get("/api/sign-in/link/x", headers=own)) == ""
    assert allowed(await visitor.http.options("/api/sign-in", headers={**own, **asking("POST")})) == ""
    assert allowed(await visitor.http.get("/help", headers=own)) == ""


async def test_whatever_the_customers_door_takes_a_page_of_another_site_may_send(company: Company) -> None:
    visitor = await company.visitor()
    document = (await visitor.http.get("/openapi.json")).json()
    own = {"Origin": "https://app.ledgerly.example"}
    verbs = {verb.upper() for path, verbs in document["paths"].items() if path.startswith("/chat/") for verb in verbs}

    answers = {verb: await visitor.http.options("/chat/config", headers={**own, **asking(verb)}) for verb in verbs}

    assert {verb: answer.status_code for verb, answer in answers.items()} == dict.fromkeys(verbs, 204)
    assert "PATCH" in verbs


def asking(verb: str) -> dict[str, str]:
    return {"Access-Control-Request-Method": verb, "Access-Control-Request-Headers": "authorization, content-type"}


async def test_nobody_gets_into_the_reps_door_without_signing_in(company: Company) -> None:
    visitor = await company.visitor()
    document = (await visitor.http.get("/openapi.json")).json()
    readable = [path for path, verbs in document["paths"].items() if path.startswith("/api") and "get" in verbs]

    answers = {path: (await visitor.http.get(re.sub(r"\{\w+\}", "1", path))).status_code for path in readable}

    assert answers.pop("/api/sign-in/link/{token}") == 404
    assert set(answers.values()) == {401}
    assert len(answers) > 10


async def test_what_needs_a_role_is_refused_to_those_below_it(company: Company) -> None:
    maya = await company.rep("Maya Okafor", "rep")

    invite = await maya.post("/api/reps", {"name": "X", "email": "x@ledgerly.example", "role": "admin"})
    importing = await maya.post("/api/imports", {"url": "https://help.ledgerly.example/sitemap.xml"})

    assert (invite.status_code, importing.status_code) == (403, 403)
    assert "This needs the role 'admin'; yours is 'rep'." in invite.json()["detail"]


async def test_a_request_without_the_cookies_twin_is_refused(company: Company) -> None:
    admin = await company.admin()

    refused = await admin.http.post("/api/reps", json={"name": "X", "email": "x@y.example", "role": "rep"})

    assert refused.status_code == 403


async def test_a_link_works_once_and_the_password_from_then_on(company: Company) -> None:
    admin = await company.admin()
    invited = (await admin.post("/api/reps", {"name": "Maya", "email": "maya@ledgerly.example", "role": "rep"})).json()
    token = invited["link"].rsplit("/", 1)[1]
    await company.signed_in_by(token)
    visitor = await company.visitor()

    again = await visitor.post("/api/sign-in/link", {"token": token, "password": PASSWORD})
    wrong = await visitor.post("/api/sign-in", {"email": "maya@ledgerly.example", "password": "wrong"})
    nobody = await visitor.post("/api/sign-in", {"email": "nobody@ledgerly.example", "password": "wrong"})
    right = await visitor.post("/api/sign-in", {"email": " Maya@Ledgerly.example ", "password": PASSWORD})

    assert [each.status_code for each in (again, wrong, nobody, right)] == [404, 401, 401, 200]
    assert wrong.json() == nobody.json()
    assert right.json()["name"] == "Maya"


async def test_who_is_let_out_is_out_at_once_and_the_last_admin_stays(company: Company) -> None:
    admin, maya = await company.admin(), await company.rep("Maya Okafor")

    out = await admin.http.patch(f"/api/reps/{maya.me['id']}", json={"active": False}, headers=admin.headers)
    last = await admin.http.patch(f"/api/reps/{admin.me['id']}", json={"role": "rep"}, headers=admin.headers)

    assert out.status_code == 200
    assert (await maya.http.get("/api/me")).status_code == 401
    assert last.status_code == 409


async def test_pages_come_under_a_strict_policy(company: Company) -> None:
    visitor = await company.visitor()

    headers: Any = (await visitor.http.get("/help")).headers

    assert "script-src" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_browser_at_an_address_without_a_page_gets_a_page_with_a_way_on(company: Company) -> None:
    visitor = await company.visitor()
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "de-DE,en;q=0.5"}

    for path in ("/nope", "/nope/deeper.html", "/help/a/b", "/widget/nope.js", "/apiary"):
        shown = await visitor.http.get(path, headers=browser)
        assert (shown.status_code, shown.headers["content-type"]) == (404, "text/html; charset=utf-8"), path
        assert '<a href="/help?lang=de">Hilfe</a>' in shown.text
        assert "script-src" in shown.headers["content-security-policy"]
    for path in ("/api/nope", "/chat/nope"):
        assert (await visitor.http.get(path, headers=browser)).headers["content-type"] == "application/problem+json"
    for_a_program = await visitor.http.get("/nope", headers={"Accept": "*/*"})
    assert (for_a_program.status_code, for_a_program.json()["title"]) == (404, "Not found")


async def test_an_error_inside_tells_no_secret(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = await company.admin()

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(company.house.library, "search", fail)
    answer = await admin.http.get("/api/search", params={"q": "refund"})

    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "It is in the log" in answer.json()["detail"]


async def test_a_rep_who_is_let_out_hears_nothing_more(company: Company) -> None:
    admin, maya = await company.admin(), await company.rep("Maya Okafor")
    asker = await company.customer()

    async with asyncio.timeout(30), maya.http.stream("GET", "/api/events") as stream:
        lines = stream.aiter_lines()
        assert (await anext(lines)).startswith("retry")
        await admin.http.patch(f"/api/reps/{maya.me['id']}", json={"active": False}, headers=admin.headers)
        await asker.send("My card number is a secret.")
        rest = [line async for line in lines]

    assert not any("secret" in line for line in rest)
    assert (await maya.http.get("/api/events")).status_code == 401


async def test_whoever_lost_the_link_gets_a_new_one_and_the_old_one_is_worth_nothing(company: Company) -> None:
    admin, maya = await company.admin(), await company.rep("Maya Okafor")
    new = {"name": "Jonas", "email": "jonas@ledgerly.example", "role": "rep"}
    invited = (await admin.post("/api/reps", new)).json()

    renewed = await admin.post(f"/api/reps/{invited['rep']['id']}/link")
    by_a_rep = await maya.post(f"/api/reps/{invited['rep']['id']}/link")
    _, by_the_machine = await renew_link_by_email(company.house.store, " Jonas@ledgerly.example")

    assert renewed.status_code == 201
    assert by_a_rep.status_code == 403
    visitor = await company.visitor()
    for link in (invited["link"], renewed.json()["link"]):
        used = {"token": link.rsplit("/", 1)[1], "password": PASSWORD}
        assert (await visitor.post("/api/sign-in/link", used)).status_code == 404
    await company.signed_in_by(by_the_machine)
    with pytest.raises(NotFound):
        await renew_link_by_email(company.house.store, "nobody@ledgerly.example")


async def test_what_a_visitor_says_of_themselves_later_is_added(company: Company) -> None:
    admin, asker = await company.admin(), await company.customer()
    sent = (await asker.send("How long do refunds take?")).json()

    described = await asker.http.patch(
        "/chat/customers/me", json={"email": "omar@acme.example", "attributes": {"plan": "Team"}}, headers=asker.headers
    )

    assert described.status_code == 204
    shown = (await admin.get(f"/api/conversations/{sent['conversation_id']}"))["row"]["customer"]
    assert (shown["email"], shown["attributes"], shown["identity"]) == ("omar@acme.example", {"plan": "Team"}, "known")


async def test_what_two_pages_say_of_a_visitor_at_once_is_kept_of_both(company: Company) -> None:
    asker = await company.customer()

    def said(number: int) -> Awaitable[httpx.Response]:
        told = {"attributes": {f"page {number}": "open"}}
        return asker.http.patch("/chat/customers/me", json=told, headers=asker.headers)

    answers = await asyncio.gather(*(said(number) for number in range(12)))

    assert {answer.status_code for answer in answers} == {204}
    kept = await company.house.store.read(customers.by_id, asker.id)
    assert kept is not None
    assert kept.attributes == {f"page {number}": "open" for number in range(12)}


async def test_what_changed_in_many_conversations_costs_no_more_queries_than_in_one(
    company: Company,
) -> None:
    asker = await company.customer()
    names = [(await asker.send(f"Question {number}?")).json()["conversation_id"] for number in range(4)]

    def questions(db: Connection, wanted: list[str]) -> tuple[set[str], int]:
        asked: list[str] = []

        @event.listens_for(db, "before_cursor_execute")
        def count(_: object, __: object, statement: str, *___: object) -> None:
            asked.append(statement)

        rows = rows_for(db, set(wanted))
        event.remove(db, "before_cursor_execute", count)
        return set(rows), len(asked)

    one, questions_for_one = await company.house.store.read(questions, names[:1])
    all_of_them, questions_for_all = await company.house.store.read(questions, [*names, "con_nonsense"])

    assert (one, all_of_them) == (set(names[:1]), set(names))
    # The steps of runs may be asked for as well, by then.
    assert questions_for_all <= questions_for_one + 1
    assert await company.house.store.read(questions, []) == (set(), 0)


async def test_a_number_that_no_message_can_have_gets_a_sentence(company: Company) -> None:
    admin, asker = await company.admin(), await company.customer()
    name = (await asker.ask("How long do refunds take?"))["conversation_id"]

    for number in (10**30, -1):
        by_customer = await asker.http.get(f"/chat/conversations/{name}?before={number}", headers=asker.headers)
        by_rep = await admin.http.get(f"/api/conversations/{name}/messages?before={number}")

        assert (by_customer.status_code, by_rep.status_code) == (400, 400)
        assert "before" in by_customer.json()["detail"]


async def test_a_long_conversation_is_read_in_stretches_that_miss_nothing(company: Company) -> None:
    admin, asker = await company.admin(), await company.customer()
    name = (await asker.ask("How long do refunds take?"))["conversation_id"]
    await company.house.store.write(talk_on, name, 2 * MESSAGES_AT_ONCE)

    newest = await admin.get(f"/api/conversations/{name}")
    stretches = [newest]
    while stretches[0]["has_earlier"]:
        before = stretches[0]["messages"][0]["number"]
        stretches.insert(0, await admin.get(f"/api/conversations/{name}/messages", before=before))
    numbers = [message["number"] for stretch in stretches for message in stretch["messages"]]
    runs = [run["id"] for stretch in stretches for run in stretch["runs"]]

    assert [len(stretch["messages"]) for stretch in stretches[1:]] == [MESSAGES_AT_ONCE, MESSAGES_AT_ONCE]
    assert numbers == list(range(1, max(numbers) + 1))
    assert len(runs) == len(set(runs)) == 1
    seen = await asker.conversation(name)
    assert seen["has_earlier"]
    assert seen["messages"][-1]["text"] == f"Message {2 * MESSAGES_AT_ONCE}"
