"""Past conversations: written the same for the same seed, varied, and replayed once however often they are played."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

import answerable_demo
from answerable_demo.cast import the_cast
from answerable_demo.history.doors import RepDoor
from answerable_demo.history.keeping import Memory
from answerable_demo.history.playing import Player
from answerable_demo.history.script import AsksForPerson, RepHandles, Says, Script
from answerable_demo.history.writing import topics, write_scripts


class Product:
    """Answers like the product's doors: an agent that hands over whatever has no question mark."""

    def __init__(self) -> None:
        self.conversations: dict[str, dict[str, Any]] = {}
        self.arrived: dict[str, str] = {}
        self.customers: list[dict[str, Any]] = []
        self.ratings: list[bool] = []
        self.reps: list[str] = []
        self.fails_after = 10**9

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if len(self.arrived) >= self.fails_after:
            raise httpx.ConnectError("gone")
        body = json.loads(request.content or b"{}")
        path = request.url.path
        if path == "/chat/customers":
            self.customers.append(body)
            return httpx.Response(201, json={"customer_id": "c", "token": f"t{len(self.customers)}"})
        if path == "/chat/messages":
            return httpx.Response(202, json={"conversation_id": self._say(request.headers["Idempotency-Key"], body)})
        if path.startswith("/chat/messages/"):
            self.ratings.append(body["helpful"])
            return httpx.Response(200, json={})
        if path == "/chat/conversations":
            known = int(request.headers["Authorization"].removeprefix("Bearer t")) <= len(self.customers)
            return httpx.Response(200 if known else 401, json=[])
        if path in ("/api/me", "/api/sign-in"):
            return httpx.Response(200, json={}, headers={"set-cookie": "csrftoken=c; Path=/"})
        return self._conversation(path, request, body)

    def _say(self, key: str, body: dict[str, Any]) -> str:
        if key not in self.arrived:
            conversation_id = body["conversation_id"] or f"cnv_{len(self.conversations)}"
            conversation = self.conversations.setdefault(
                conversation_id,
                {"handled_by": "agent", "agent_is_writing": False, "status": "open", "messages": []},
            )
            conversation["messages"].append({"id": key, "author": "customer", "text": body["text"]})
            if "?" not in body["text"]:
                conversation["handled_by"] = "rep"
            if conversation["handled_by"] == "agent":
                reply = {"id": f"re-{key}", "author": "agent", "decision": "answer", "text": "As the article says."}
                conversation["messages"].append(reply)
            self.arrived[key] = conversation_id
        return self.arrived[key]

    def _conversation(self, path: str, request: httpx.Request, body: dict[str, Any]) -> httpx.Response:
        _, _door, _, conversation_id, *rest = path.split("/")
        conversation = self.conversations[conversation_id]
        if rest in (["person"], ["take-over"]):
            conversation["handled_by"] = "rep"
        elif rest == ["reply"] and (key := request.headers["Idempotency-Key"]) not in self.arrived:
            assert request.headers["x-csrftoken"] == "c"
            self.arrived[key] = conversation_id
            conversation["messages"].append({"id": key, "author": "rep", "text": body["text"]})
            conversation["status"] = "resolved" if body["resolve"] else "open"
        elif rest == ["hand-back"]:
            conversation["handled_by"] = "agent"
        return httpx.Response(200, json=conversation)

    async def play(self, scripts: list[Script], folder: Path) -> Player:
        transport = httpx.MockTransport(self)
        rep = RepDoor("http://product", transport)
        await rep.sign_in("maya@ledgerly.example", "password")
        async with httpx.AsyncClient(base_url="http://product", transport=transport) as client:
            player = Player(client, Memory.of(folder), {each.email: rep for each in the_cast().reps})
            await player.play_all(scripts, at_once=3, told=lambda _: None)
        await rep.close()
        return player


def _said(product: Product) -> list[list[tuple[str, str]]]:
    return sorted(
        [(message["author"], message["text"]) for message in conversation["messages"]]
        for conversation in product.conversations.values()
    )


def test_the_same_seed_writes_the_same_and_a_higher_count_only_adds() -> None:
    some, more = write_scripts(60, 7), write_scripts(90, 7)

    assert some[:52] == more[:52]
    assert [script.id for script in some[52:]] == [script.id for script in more[82:]], "the known ones come last"
    assert write_scripts(60, 8)[:52] != some[:52]


def test_what_people_say_is_varied() -> None:
    scripts = write_scripts(240, 2025)
    texts = [step.text for script in scripts for step in script.steps if isinstance(step, Says)]

    assert len(scripts) == 240
    assert len(set(texts)) >= 240
    assert {"question", "outside", "person", "angry", "small_talk", "not_helped", "two_at_once", "known"} == {
        script.kind for script in scripts
    }
    assert len({script.topic for script in scripts}) >= 45
    assert {"en", "de", "es", "fr"} <= {script.language for script in scripts}
    assert 20 <= sum(script.customer_key is None for script in scripts) <= 60
    assert any(isinstance(step, AsksForPerson) for script in scripts for step in script.steps)
    assert {step.helpful for script in scripts for step in script.steps if isinstance(step, Says)} == {
        None,
        True,
        False,
    }


def test_every_topic_is_an_article_and_most_articles_are_asked_about() -> None:
    articles = {page.stem for page in (answerable_demo.WORKSPACE / "knowledge").glob("*.md")}
    asked = {topic.slug for topic in topics()}

    assert asked <= articles
    assert len(asked) >= 45


def test_nothing_is_left_to_be_filled_in() -> None:
    for script in write_scripts(400, 3):
        for step in script.steps:
            text = getattr(step, "text", "")
            assert not re.search(r"[{}]", text), text
            assert isinstance(step, RepHandles) or not isinstance(step, Says) or text.strip()


def test_reps_speak_the_language_of_the_conversation() -> None:
    handled = Counter(
        step.rep_email.split("@")[0]
        for script in write_scripts(400, 3)
        if script.language == "de"
        for step in script.steps
        if isinstance(step, RepHandles)
    )

    assert set(handled) == {"jonas"}


async def test_playing_twice_adds_nothing(tmp_path: Path) -> None:
    product, scripts = Product(), write_scripts(40, 1)
    first = await product.play(scripts, tmp_path)
    said, customers = _said(product), len(product.customers)
    await product.play(scripts, tmp_path)

    assert first.failures == []
    assert (_said(product), len(product.customers)) == (said, customers)
    assert len(product.conversations) == 40
    assert product.ratings


async def test_a_play_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, broken, scripts = Product(), Product(), write_scripts(30, 1)
    await whole.play(scripts, tmp_path / "whole")
    broken.fails_after = 20
    cut_off = await broken.play(scripts, tmp_path / "broken")
    broken.fails_after = 10**9
    await broken.play(scripts, tmp_path / "broken")

    assert cut_off.failures
    assert "does not answer" in cut_off.failures[-1]
    assert _said(broken) == _said(whole)


async def test_a_rep_deals_only_with_what_came_to_a_person(tmp_path: Path) -> None:
    rep = RepHandles("maya@ledgerly.example", "I take care of it.", "resolve")
    answered, handed_over = (
        Script(f"s{text}", "question", "ines", "en", None, "Billing", "/app/billing", (Says(text), rep))
        for text in ("How?", "Help")
    )
    product = Product()
    await product.play([answered, handed_over], tmp_path)

    authors = sorted([message["author"] for message in each["messages"]] for each in product.conversations.values())
    assert authors == [["customer", "agent"], ["customer", "rep"]]
    assert len(product.customers) == 1, "Ines is one customer, however often she asks"
    assert product.customers[0]["attributes"]["plan"] == "Team"


async def test_an_emptied_server_is_filled_anew(tmp_path: Path) -> None:
    scripts = write_scripts(12, 1)
    before, after = Product(), Product()
    await before.play(scripts, tmp_path)
    await after.play(scripts, tmp_path)

    assert _said(after) == _said(before)


def test_what_is_remembered_can_be_read_only_by_its_owner(tmp_path: Path) -> None:
    memory = Memory.of(tmp_path / "history")
    memory.new_password("maya@ledgerly.example")
    memory.save()

    assert {oct(file.stat().st_mode)[-3:] for file in (tmp_path / "history").iterdir()} == {"600"}


@pytest.mark.parametrize("torn", ["", "{", "[]"])
def test_a_torn_memory_is_no_obstacle(tmp_path: Path, torn: str) -> None:
    (tmp_path / "memory.json").write_text(torn)

    assert Memory.of(tmp_path).done == set()
