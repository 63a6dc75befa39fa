"""The product's two doors, as the player uses them: for customers, and for reps."""

import asyncio
from typing import Any

import httpx

from answerable_demo.cast import Customer
from answerable_demo.history.script import Script

REPLY_SECONDS_MAX = 120.0
_PAUSE_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)


class DoorError(Exception):
    """The server did not do what was asked; the message is a sentence."""


class KeyForgottenError(DoorError):
    """The server does not know a customer's key any more: it is another one, or was emptied."""


class CustomerDoor:
    """One customer's conversation."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"}
        self.conversation_id: str | None = None

    @classmethod
    async def introduce(cls, client: httpx.AsyncClient, customer: Customer | None) -> str:
        """Make a customer known; gives the key."""
        body = _introduction(customer) if customer else {}
        key: str = (await _json(client, "POST", "/chat/customers", json=body))["token"]
        return key

    async def say(self, script: Script, text: str, key: str) -> None:
        """Say something, in a new conversation if there is none yet."""
        page = {"title": script.page_title, "path": script.page_path}
        body = {"text": text, "conversation_id": self.conversation_id, "page": page}
        headers = self._headers | {"Idempotency-Key": key}
        received = await _json(self._client, "POST", "/chat/messages", json=body, headers=headers)
        self.conversation_id = received["conversation_id"]

    async def answer(self) -> dict[str, Any]:
        """The conversation, once the agent has answered or a person has it."""
        loop = asyncio.get_running_loop()
        deadline, tries = loop.time() + REPLY_SECONDS_MAX, 0
        while True:
            conversation = await self.look()
            if conversation["handled_by"] == "rep" or _is_answered(conversation):
                return conversation
            if loop.time() > deadline:
                raise DoorError(f"Conversation {self.conversation_id} was not answered in {REPLY_SECONDS_MAX:.0f} s.")
            await asyncio.sleep(_PAUSE_SECONDS[min(tries, len(_PAUSE_SECONDS) - 1)])
            tries += 1

    async def look(self) -> dict[str, Any]:
        """The conversation as it is now."""
        path = f"/chat/conversations/{self.conversation_id}"
        conversation: dict[str, Any] = await _json(self._client, "GET", path, headers=self._headers)
        return conversation

    async def list_conversations(self) -> None:
        """See whether the key still opens the door."""
        await _json(self._client, "GET", "/chat/conversations", headers=self._headers)

    async def ask_for_person(self) -> None:
        """Press the button."""
        path = f"/chat/conversations/{self.conversation_id}/person"
        await _json(self._client, "POST", path, headers=self._headers)

    async def rate(self, conversation: dict[str, Any], *, helpful: bool) -> None:
        """Say whether the agent's answer helped; nobody rates being passed on."""
        last = conversation["messages"][-1]
        if last["author"] == "agent" and last["decision"] == "answer":
            path = f"/chat/messages/{last['id']}/feedback"
            await _json(self._client, "PUT", path, json={"helpful": helpful}, headers=self._headers)


class RepDoor:
    """One rep, signed in."""

    def __init__(self, server: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = httpx.AsyncClient(base_url=server, timeout=30, transport=transport)

    async def sign_in(self, email: str, password: str) -> None:
        """With a password."""
        await self._send("/api/sign-in", {"email": email, "password": password})

    async def sign_in_by_link(self, token: str, password: str) -> None:
        """With a one-time link; the password is what the rep wants to use from now on."""
        await self._send("/api/sign-in/link", {"token": token, "password": password})

    async def invite(self, name: str, email: str, role: str) -> str:
        """As an admin: invite somebody, and give the secret of their one-time link."""
        invitation = await self._send("/api/reps", {"name": name, "email": email, "role": role})
        return str(invitation["link"]).rsplit("/", 1)[-1]

    async def take_over(self, conversation_id: str) -> None:
        """Have the conversation from now on."""
        await self._send(f"/api/conversations/{conversation_id}/take-over")

    async def reply(self, conversation_id: str, text: str, key: str, *, resolve: bool) -> None:
        """Say something to the customer."""
        path = f"/api/conversations/{conversation_id}/reply"
        await self._send(path, {"text": text, "resolve": resolve}, key=key)

    async def hand_back(self, conversation_id: str) -> None:
        """Let the agent have it again."""
        await self._send(f"/api/conversations/{conversation_id}/hand-back")

    async def close(self) -> None:
        """Leave."""
        await self._client.aclose()

    async def _send(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        if "csrftoken" not in self._client.cookies:
            # Any safe request sets the cookie whose value every unsafe one must repeat.
            await self._client.get("/api/me")
        headers = {"x-csrftoken": self._client.cookies.get("csrftoken", "")}
        if key is not None:
            headers["Idempotency-Key"] = key
        answer: dict[str, Any] = await _json(self._client, "POST", path, json=body, headers=headers)
        return answer


async def _json(client: httpx.AsyncClient, method: str, path: str, **rest: Any) -> Any:
    """What the server says; waits when it asks to be left alone for a while."""
    for _ in range(30):
        try:
            answer = await client.request(method, path, **rest)
        except httpx.TransportError as error:
            raise DoorError(f"The server at {client.base_url} does not answer ({type(error).__name__}).") from error
        if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
            break
        await asyncio.sleep(float(answer.headers.get("retry-after", "2")))
    if answer.status_code == httpx.codes.UNAUTHORIZED and path.startswith("/chat/"):
        raise KeyForgottenError("The server does not know this customer.")
    if answer.is_error:
        raise DoorError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
    return answer.json() if answer.content else {}


def _introduction(customer: Customer) -> dict[str, Any]:
    attributes = {
        "company": customer.company,
        "plan": customer.plan.capitalize(),
        "country": customer.country,
        "locale": customer.locale,
    }
    return {"name": customer.name, "email": customer.email, "attributes": attributes}


def _is_answered(conversation: dict[str, Any]) -> bool:
    messages = conversation["messages"]
    return not conversation["agent_is_writing"] and bool(messages) and messages[-1]["author"] != "customer"
