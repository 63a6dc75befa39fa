"""Signing in over HTTP: the host's server says who is in front of its page, and nobody else does."""

import asyncio
import email
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

from answerable.inference.embedders import Embedder
from answerable.people import identity_of
from answerable.web import live
from tests.people.host import Host
from tests.walks.company import Company, open_company


@dataclass
class MailServer:
    """A mail server on loopback that keeps what it takes."""

    port: int
    taken: list[tuple[list[str], Message]] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.taken.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        return "250 Kept"

    def code(self) -> str:
        said = str(self.taken[-1][1].get_payload())
        return said.partition("Your code is ")[2][:6]


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@contextmanager
def mail_server() -> Iterator[MailServer]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = MailServer(probe.getsockname()[1])
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def post(mail: MailServer) -> dict[str, Any]:
    """The settings of a company that sends its letters through it."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail.port,
        "smtp_security": "none",
        "smtp_from": "Ledgerly <help@ledgerly.example>",
    }


@pytest.fixture
async def company(tmp_path: Path, database_url: str, embedder: Embedder, mail: MailServer) -> AsyncIterator[Company]:
    """Open for business, with a key of the host and a mail server."""
    async with open_company(tmp_path, database_url, embedder=embedder, **post(mail)) as opened:
        yield opened


@pytest.fixture
def host() -> Host:
    return Host()


class Browser:
    """A visitor's browser: the key that it keeps, and the token that the page gives it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http, self.key, self.token = http, "", ""

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Idempotency-Key": uuid4().hex}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if self.token:
            headers["Answerable-Identity"] = self.token
        return headers

    async def introduce(self, **said: Any) -> "Browser":
        made = await self.http.post("/chat/customers", json=said, headers=self.headers)
        assert made.status_code == 201, made.text
        self.key = made.json()["token"]
        return self

    async def say(self, text: str, conversation: str | None = None, **headers: str) -> httpx.Response:
        sent = {"text": text, "conversation_id": conversation}
        return await self.http.post("/chat/messages", json=sent, headers={**self.headers, **headers})

    async def ask(self, text: str, conversation: str | None = None) -> str:
        said = await self.say(text, conversation)
        assert said.status_code == 202, said.text
        conversation_id: str = said.json()["conversation_id"]
        return conversation_id

    async def listed(self) -> list[str]:
        found = await self.http.get("/chat/conversations", headers=self.headers)
        assert found.status_code == 200, found.text
        return [row["id"] for row in found.json()]


async def browser(company: Company) -> Browser:
    return Browser(await company.browser())


async def test_what_a_visitor_asked_is_theirs_on_every_device_once_signed_in(company: Company, host: Host) -> None:
    laptop = await (await browser(company)).introduce()
    asked = await laptop.ask("How do I add my VAT ID?")

    laptop.token = host.token()
    assert await laptop.listed() == [asked]
    phone = await browser(company)
    phone.token = host.token()
    assert await phone.listed() == [asked]
    assert await identity_of(company.house.store, asked) == "known", "a look proves nothing in the conversation"
    await phone.ask("And from my phone?", asked)
    assert await identity_of(company.house.store, asked) == "verified"


async def test_who_signs_out_or_comes_next_never_sees_what_the_former_person_said(company: Company, host: Host) -> None:
    shared = await (await browser(company)).introduce()
    shared.token = host.token()
    private = await shared.ask("Why was I charged twice?")

    shared.token = ""
    assert await shared.listed() == []
    later = await shared.ask("Somebody else at the same machine.")
    shared.token = host.token("u_2")
    assert await shared.listed() == [later], "what the visitor asked before is theirs"
    for path in ("", "/events", "?before=100"):
        hidden = await shared.http.get(f"/chat/conversations/{private}{path}", headers=shared.headers)
        assert hidden.status_code == 404
    assert (await shared.say("Let me in.", private)).status_code == 404
    shared.token = host.token()
    assert await shared.listed() == [private]


async def test_a_bad_token_is_refused_with_a_sentence_and_never_falls_back_to_anybody(
    company: Company, host: Host
) -> None:
    visitor = await (await browser(company)).introduce()
    asked = await visitor.ask("How do I add my VAT ID?")
    at = int(host.at.timestamp())
    for token, sentence in (
        ("nonsense", "it is no JWT"),
        (host.token(key="not the secret of the host, though it is just as long, or even longer"), "was not signed"),
        (host.token(iat=at - 4000, exp=at - 500), "has expired; the page must get a new one"),
    ):
        visitor.token = token
        for refused in (
            await visitor.http.get("/chat/conversations", headers=visitor.headers),
            await visitor.http.get(f"/chat/conversations/{asked}/events", headers=visitor.headers),
            await visitor.say("Hello?", asked),
        ):
            assert refused.status_code == 401
            assert refused.headers["content-type"].startswith("application/problem+json")
            assert sentence in refused.json()["detail"]

    visitor.token = ""
    assert await visitor.listed() == [asked], "without it the widget stays usable"


async def test_a_message_that_is_sent_again_after_signing_in_is_one_message(company: Company, host: Host) -> None:
    visitor = await (await browser(company)).introduce()
    first = await visitor.say("How do I add my VAT ID?", **{"Idempotency-Key": "once"})
    visitor.token = host.token()

    second = await visitor.say("How do I add my VAT ID?", **{"Idempotency-Key": "once"})

    assert second.status_code == 202, second.text
    assert second.json()["message"]["id"] == first.json()["message"]["id"]


async def test_many_first_requests_at_once_claim_once(company: Company, host: Host) -> None:
    visitor = await (await browser(company)).introduce()
    asked = await visitor.ask("How do I add my VAT ID?")
    visitor.token = host.token("u_9", name="Bram")

    lists = await asyncio.gather(*(visitor.listed() for _ in range(8)))

    assert lists == [[asked]] * 8


async def test_reps_see_who_it_is_and_what_the_page_says_of_them(company: Company, host: Host) -> None:
    ines = await browser(company)
    ines.token = host.token()
    await ines.introduce(name="Somebody else", email="bram@example.com", attributes={"plan": "Team"})
    asked = await ines.ask("How do I add my VAT ID?")

    shown = (await (await company.admin()).get(f"/api/conversations/{asked}"))["row"]["customer"]

    assert (shown["name"], shown["email"]) == ("Ines Carvalho", "ines@studiomare.example")
    assert (shown["identity"], shown["attributes"]) == ("verified", {"plan": "Team"})


async def test_a_stream_ends_with_the_token(company: Company, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEEP_ALIVE_SECONDS", 0.2)
    ines = await browser(company)
    at = int(host.at.timestamp())
    ines.token = host.token(iat=at - 600, exp=at - 58)
    asked = await ines.ask("How do I add my VAT ID?")

    async with asyncio.timeout(60):
        listening = await ines.http.get(f"/chat/conversations/{asked}/events", headers=ines.headers)

    assert listening.status_code in (200, 401)


async def test_a_code_comes_by_mail_and_is_typed_into_the_chat(company: Company, host: Host, mail: MailServer) -> None:
    ines = await browser(company)
    ines.token = host.token()
    asked = await ines.ask("Please change my address.")
    rep = await company.admin()
    assert (await rep.get(f"/api/conversations/{asked}"))["identity"] == "verified"
    assert (await rep.post(f"/api/conversations/{asked}/code")).status_code == 202
    await company.house.proving.settle()
    ((to, letter),) = mail.taken
    assert (to, letter["From"], letter["Auto-Submitted"]) == (
        ["ines@studiomare.example"],
        "Ledgerly <help@ledgerly.example>",
        "auto-generated",
    )

    said = await ines.say(f"It is {mail.code()}", asked)

    assert said.json()["message"]["text"] == "It is ••••••"
    assert await identity_of(company.house.store, asked) == "stepped_up"
    shown = await rep.get(f"/api/conversations/{asked}")
    assert shown["identity"] == "stepped_up"
    assert mail.code() not in json.dumps(shown["messages"])


async def test_other_sites_may_send_the_header_that_says_who_it_is(company: Company) -> None:
    http = await company.browser()
    asked = {
        "Origin": "https://app.ledgerly.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "answerable-identity",
    }
    answer = await http.options("/chat/messages", headers=asked)

    assert "answerable-identity" in answer.headers["access-control-allow-headers"].lower()
