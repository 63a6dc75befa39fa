"""A small company, open for business: real doors on a real port, people with names."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import httpx
import pytest
import uvicorn
from agents import Model
from sqlalchemy import Connection

from answerable.actions.declaring import Action
from answerable.conversations.keeping import keep_message
from answerable.domain.clock import now
from answerable.domain.people import Role
from answerable.inference.embedders import Embedder
from answerable.knowledge.importers.folder import FolderImporter
from answerable.people import first_admin_link
from answerable.settings import read_settings
from answerable.store import conversations
from answerable.web.pages import ASSETS
from answerable.wiring import House, import_sources, open_house, web_app
from tests.languages import kept_teller
from tests.people.host import oct_key

PASSWORD = "correct horse battery staple"
REPLY_SECONDS_MAX = 30

ARTICLES = {
    "refunds.md": "# Refunds to your card\n\nA refund reaches your card 3 to 5 business days after we approve it.\n",
    "vat.md": "# Add your VAT ID\n\n1. Go to **Settings › Taxes**.\n2. Enter your VAT ID.\n3. Press **Check**.\n",
    "export.md": "# Export to DATEV\n\nOpen *Reports*, choose the month and press **Export to DATEV**.\n",
    "seats.md": "# Seats\n\nThe Team plan has ten seats. Each further seat costs €8 a month.\n",
}

WORKSPACE = """
[company]
name = "Ledgerly"

[chat]
origins = ["https://app.ledgerly.example"]
suggestions = [{ path = "/billing", questions = ["Why was I charged twice?"] }]
"""


def skip_unless_built(*parts: Literal["console", "widget"]) -> None:
    """Skips the test where what a browser is to load has not been built."""
    begins = {"console": "index.html", "widget": "answerable.js"}
    missing = [each for each in parts if not (ASSETS / each / begins[each]).is_file()]
    if missing:
        pytest.skip(f"Not tried in a browser: {' and '.join(missing)} not built (./dev setup).")


@dataclass
class Customer:
    """Somebody in a chat, as their browser is: a key, and what it says over HTTP."""

    http: httpx.AsyncClient
    id: str
    token: str
    identity: str = ""
    """What the host's server says of who they are, if they are signed in."""

    @property
    def headers(self) -> dict[str, str]:
        own = {"Authorization": f"Bearer {self.token}"}
        return {**own, "Answerable-Identity": self.identity} if self.identity else own

    async def send(
        self, text: str, *, conversation: str | None = None, key: str | None = None, **more: Any
    ) -> httpx.Response:
        return await self.http.post(
            "/chat/messages",
            json={"text": text, "conversation_id": conversation, **more},
            headers={**self.headers, "Idempotency-Key": key or uuid4().hex},
        )

    async def ask(self, text: str, *, conversation: str | None = None) -> dict[str, Any]:
        """Says something and gives the agent's reply to it."""
        sent = await self.send(text, conversation=conversation)
        assert sent.status_code == 202, sent.text
        received = sent.json()
        return await self.reply_to(received["conversation_id"], received["turn_id"])

    async def reply_to(self, conversation: str, turn: str) -> dict[str, Any]:
        def is_reply(event: dict[str, Any]) -> bool:
            said = event["data"]
            return bool(event["name"] == "message" and said["turn_id"] == turn and said["author"] == "agent")

        heard = await self.hear(conversation, until=is_reply)
        return {**heard[-1]["data"], "conversation_id": conversation}

    async def hear(
        self, conversation: str, *, until: Callable[[dict[str, Any]], bool], after: int = 0
    ) -> list[dict[str, Any]]:
        """What happens in a conversation, up to the first event that fits."""
        heard: list[dict[str, Any]] = []
        async with aclosing(self.events(conversation, after=after)) as events:
            async for event in events:
                heard.append(event)
                if until(event):
                    return heard
        raise AssertionError("the stream ended before that")

    async def events(self, conversation: str, *, after: int = 0) -> AsyncGenerator[dict[str, Any]]:
        """What happens in a conversation; gives up when nothing happens for long."""
        url = f"/chat/conversations/{conversation}/events"
        async with (
            asyncio.timeout(REPLY_SECONDS_MAX),
            self.http.stream("GET", url, headers={**self.headers, "Last-Event-ID": str(after)}) as response,
        ):
            assert response.status_code == 200
            event: dict[str, Any] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    event["id"] = int(value)
                elif name == "event":
                    event["name"] = value
                elif name == "data":
                    yield {**event, "data": json.loads(value)}

    async def conversation(self, conversation: str) -> dict[str, Any]:
        response = await self.http.get(f"/chat/conversations/{conversation}", headers=self.headers)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found


@dataclass
class Rep:
    """Somebody at the console, as their browser is: cookies, and what it says over HTTP."""

    http: httpx.AsyncClient
    me: dict[str, Any] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"x-csrftoken": self.http.cookies.get("csrftoken") or "", "Idempotency-Key": uuid4().hex}

    async def get(self, path: str, **params: Any) -> Any:
        response = await self.http.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, content: Any = None, **headers: str) -> httpx.Response:
        return await self.http.post(path, json=content, headers={**self.headers, **headers})

    async def do(self, conversation: str, verb: str, content: Any = None) -> dict[str, Any]:
        response = await self.post(f"/api/conversations/{conversation}/{verb}", content)
        assert response.status_code == 200, response.text
        done: dict[str, Any] = response.json()
        return done


@dataclass
class Company:
    """The company and its doors."""

    house: House
    address: str
    browsers: AsyncExitStack
    _admin: Rep | None = None

    async def browser(self) -> httpx.AsyncClient:
        return await self.browsers.enter_async_context(
            # Nothing here speaks TLS, and reading whom the machine trusts takes as long as ten requests.
            httpx.AsyncClient(base_url=self.address, timeout=REPLY_SECONDS_MAX, verify=False)
        )

    async def customer(self, name: str = "Ines Carvalho") -> Customer:
        http = await self.browser()
        response = await http.post("/chat/customers", json={"name": name})
        assert response.status_code == 201, response.text
        key = response.json()
        return Customer(http, key["customer_id"], key["token"])

    async def visitor(self) -> Rep:
        """Somebody at the console who has not signed in."""
        http = await self.browser()
        await http.get("/api/me")
        return Rep(http)

    async def admin(self) -> Rep:
        if self._admin is None:
            token = await first_admin_link(self.house.store, name="Noor Admin", email="noor@ledgerly.example")
            assert token is not None
            self._admin = await self.signed_in_by(token)
        return self._admin

    async def rep(self, name: str, role: Role = "rep") -> Rep:
        """Invited by the admin, and signed in."""
        email = f"{name.split(maxsplit=1)[0].lower()}@ledgerly.example"
        invited = await (await self.admin()).post("/api/reps", {"name": name, "email": email, "role": role})
        assert invited.status_code == 201, invited.text
        return await self.signed_in_by(invited.json()["link"].rsplit("/", 1)[1])

    async def signed_in_by(self, token: str) -> Rep:
        rep = await self.visitor()
        response = await rep.post("/api/sign-in/link", {"token": token, "password": PASSWORD})
        assert response.status_code == 200, response.text
        rep.me = response.json()
        return rep


def talk_on(db: Connection, conversation_id: str, messages: int) -> None:
    """The customer says so many things more, and nobody answers."""
    conversation = conversations.by_id(db, conversation_id)
    assert conversation is not None
    episode = conversations.last_episode(db, conversation_id)
    for number in range(1, messages + 1):
        keep_message(db, conversation_id, episode.id, "customer", f"Message {number}", now())


@asynccontextmanager
async def open_company(
    folder: Path,
    database_url: str,
    *,
    embedder: Embedder,
    models: dict[str, Model] | None = None,
    model: str = "embedded",
    actions: Mapping[str, Action] | None = None,
    files: dict[str, str] | None = None,
    more: str = "",
    **given: Any,
) -> AsyncIterator[Company]:
    """Opens the doors on a free port, with the articles above, and with other `files` and `more` settings."""
    workspace = folder / "workspace"
    knowledge = workspace / "knowledge"
    if not workspace.exists():
        knowledge.mkdir(parents=True)
        (workspace / "answerable.toml").write_text(WORKSPACE + more)
        for name, text in ARTICLES.items():
            (knowledge / name).write_text(text)
        for name, text in (files or {}).items():
            (workspace / name).parent.mkdir(exist_ok=True)
            (workspace / name).write_text(text)
    kept_teller()
    keys = folder / "keys.json"
    keys.write_text(json.dumps({"keys": [oct_key()]}))
    settings = read_settings(
        workspace,
        workspace=workspace,
        identity_keys=keys,
        data=folder / "data",
        database=database_url,
        model=model,
        messages_a_minute_max=0,
        customers_a_minute_max=0,
        **given,
    )
    async with open_house(
        settings, lambda place: FolderImporter(Path(place)), embedder=embedder, own_models=models, own_actions=actions
    ) as house:
        await import_sources(house, [FolderImporter(knowledge)])
        server = uvicorn.Server(
            uvicorn.Config(web_app(house, None), port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1)
        )
        serving = asyncio.create_task(server.serve())
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            async with AsyncExitStack() as browsers:
                yield Company(house, f"http://127.0.0.1:{port}", browsers)
        finally:
            server.should_exit = True
            await serving
