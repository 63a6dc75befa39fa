"""From the customer's question to a sourced answer, a person, and back: over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agents.items import TResponseStreamEvent
from agents.testing import ScriptedModel, function_call

from answerable.conversations import answering
from answerable.inference.embedders import Embedder
from tests.walks.company import REPLY_SECONDS_MAX, Company, open_company


def texts(conversation: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["author"], message["text"]) for message in conversation["messages"]]


def is_message(event: dict[str, Any]) -> bool:
    return bool(event["name"] == "message")


def is_reply(event: dict[str, Any]) -> bool:
    return is_message(event) and event["data"]["author"] == "agent"


async def test_a_question_is_answered_with_the_words_of_an_article_and_its_source(company: Company) -> None:
    ines = await company.customer()

    reply = await ines.ask("How long does a refund take to reach my card?")

    assert reply["decision"] == "answer"
    assert "3 to 5 business days" in reply["text"]
    assert [(source["title"], source["url"]) for source in reply["citations"]] == [
        ("Refunds to your card", "/help/refunds-to-your-card")
    ]
    assert "3 to 5 business days" in reply["citations"][0]["quote"]


async def test_what_no_article_answers_goes_to_a_person_with_the_question(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")

    reply = await ines.ask("Which llama breeds may I insure with you?")

    waiting = await maya.get("/api/inbox", view="needs_you")
    detail = await maya.get(f"/api/conversations/{reply['conversation_id']}")
    assert reply["decision"] == "hand_off"
    assert reply["citations"] == []
    assert [row["id"] for row in waiting["items"]] == [reply["conversation_id"]]
    assert [handoff["question"] for handoff in detail["handoffs"]] == ["Which llama breeds may I insure with you?"]


async def test_a_rep_sees_every_step_of_how_an_answer_came_about(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    reply = await ines.ask("How do I add my VAT ID?")

    detail = await maya.get(f"/api/conversations/{reply['conversation_id']}")
    trace = await maya.get(f"/api/runs/{detail['runs'][0]['id']}")

    kinds = [span["kind"] for span in trace["spans"]]
    retrieval = next(span for span in trace["spans"] if span["kind"] == "retrieval")
    assert kinds == ["model", "retrieval", "model", "guard"]
    assert retrieval["output"]["hits"][0]["title"] == "Add your VAT ID"
    assert {"score", "lexical", "dense", "passage_id"} <= retrieval["output"]["hits"][0].keys()
    assert [bar["kind"] for bar in trace["run"]["strip"]] == kinds
    assert trace["run"]["release"] == 1
    assert all(span["duration_us"] >= 0 for span in trace["spans"])


async def test_the_same_message_twice_is_one_message_with_one_reply(company: Company) -> None:
    ines = await company.customer()

    first, second = await asyncio.gather(ines.send("How many seats?", key="k1"), ines.send("How many seats?", key="k1"))
    await ines.reply_to(first.json()["conversation_id"], first.json()["turn_id"])
    third = await ines.send("How many seats?", key="k1")

    conversation = await ines.conversation(first.json()["conversation_id"])
    assert first.json()["message"]["id"] == second.json()["message"]["id"] == third.json()["message"]["id"]
    assert [author for author, _ in texts(conversation)] == ["customer", "agent"]


async def test_a_key_used_for_other_words_is_refused(company: Company) -> None:
    ines = await company.customer()
    await ines.send("How many seats?", key="k1")

    again = await ines.send("Something else", key="k1")

    assert again.status_code == 409
    assert "Use a new one for each message" in again.json()["detail"]


async def test_messages_that_come_while_the_agent_works_are_the_next_turn(company: Company) -> None:
    ines = await company.customer()
    first = (await ines.send("How do I add my VAT ID?")).json()
    conversation = first["conversation_id"]

    others = [
        (await ines.send(text, conversation=conversation)).json()
        for text in ("How many seats has the Team plan?", "And what does a further seat cost?")
    ]
    for each in (first, *others):
        await ines.reply_to(conversation, each["turn_id"])

    said = (await ines.conversation(conversation))["messages"]
    replies = [message["turn_id"] for message in said if message["author"] == "agent"]
    assert len(replies) == len(set(replies))
    assert {message["turn_id"] for message in said if message["author"] == "customer"} == set(replies)


async def test_a_rep_takes_over_replies_and_the_customer_sees_it_live(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    asked = await ines.ask("Which llama breeds may I insure with you?")
    conversation = asked["conversation_id"]
    seen = (await ines.conversation(conversation))["last_event_id"]

    await maya.do(conversation, "take-over")
    await maya.do(conversation, "reply", {"text": "None, I am afraid."})

    heard = await ines.hear(conversation, until=is_message, after=seen)
    said = heard[-1]["data"]
    assert (said["author"], said["name"], said["text"]) == ("rep", "Maya", "None, I am afraid.")


async def test_what_a_model_says_out_of_turn_is_in_no_log_and_in_no_reason(
    tmp_path: Path, sqlite_url: str, embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    model = ScriptedModel([[function_call("call_ines_at_0171_555", {}, call_id="1")]])
    opening = open_company(tmp_path, sqlite_url, embedder=embedder, models={"wild": model}, model="wild")
    async with opening as company:
        ines, maya = await company.customer(), await company.rep("Maya Okafor")

        reply = await ines.ask("How many seats has the Team plan?")

        (handoff,) = (await maya.get(f"/api/conversations/{reply['conversation_id']}"))["handoffs"]
        assert handoff["reason"] == "The model's answer could not be used (ModelBehaviorError)."
        assert "was handed off: The model's answer could not be used" in caplog.text
        assert "0171" not in caplog.text


class Endless(ScriptedModel):
    """A language model that never comes to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.stopped = asyncio.Event(), asyncio.Event()

    async def stream_response(self, *given: Any, **more: Any) -> AsyncIterator[TResponseStreamEvent]:
        self.began.set()
        try:
            await asyncio.Event().wait()
            yield  # type: ignore[misc]
        finally:
            self.stopped.set()


async def test_a_language_model_stops_writing_when_a_rep_takes_over(
    tmp_path: Path, database_url: str, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "LOOK_SECONDS", 0.01)
    model = Endless()
    opening = open_company(tmp_path, database_url, embedder=embedder, models={"endless": model}, model="endless")
    async with opening as company, asyncio.timeout(REPLY_SECONDS_MAX):
        ines, maya = await company.customer(), await company.rep("Maya Okafor")
        conversation = (await ines.send("How many seats has the Team plan?")).json()["conversation_id"]
        await model.began.wait()

        await maya.do(conversation, "take-over")
        await model.stopped.wait()

        (run,) = (await maya.get(f"/api/conversations/{conversation}"))["runs"]
        assert run["state"] == "given_up"
        assert [author for author, _ in texts(await ines.conversation(conversation))] == ["customer"]


async def test_while_a_person_has_it_the_agent_is_silent_and_after_handing_back_it_answers(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    asked = await ines.ask("Which llama breeds may I insure with you?")
    conversation = asked["conversation_id"]
    await maya.do(conversation, "take-over")
    await maya.do(conversation, "reply", {"text": "None."})
    silent = (await ines.send("How do I add my VAT ID?", conversation=conversation)).json()

    detail = await maya.do(conversation, "hand-back")
    turn = next(each["turn_id"] for each in detail["messages"] if each["id"] == silent["message"]["id"])
    reply = await ines.reply_to(conversation, turn)

    assert silent["turn_id"] is None
    assert "Settings › Taxes" in reply["text"]


async def test_what_is_handed_back_is_answered_only_where_it_is_still_open(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    asked = await ines.ask("Which llama breeds may I insure with you?")
    conversation = asked["conversation_id"]
    await maya.do(conversation, "take-over")

    await maya.do(conversation, "reply", {"text": "None."})
    await ines.send("Thank you very much!", conversation=conversation)
    thanked = await maya.do(conversation, "hand-back")

    assert (thanked["row"]["handled_by"], thanked["row"]["waiting_on"]) == ("agent", "customer")
    said = texts(await ines.conversation(conversation))
    assert [author for author, _ in said] == ["customer", "agent", "rep", "customer"], "nothing came back twice"


async def test_what_is_handed_back_unanswered_is_not_forgotten(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    asked = await ines.ask("Which llama breeds may I insure with you?")
    conversation = asked["conversation_id"]
    await maya.do(conversation, "take-over")

    detail = await maya.do(conversation, "hand-back")
    turn = detail["messages"][0]["turn_id"]
    reply = await ines.reply_to(conversation, turn)

    assert turn != asked["turn_id"]
    assert reply["decision"] == "hand_off"
    assert (await maya.get(f"/api/conversations/{conversation}"))["row"]["waiting_on"] == "rep"


async def test_a_resolved_conversation_opens_again_as_a_new_episode(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    asked = await ines.ask("How many seats has the Team plan?")
    conversation = asked["conversation_id"]
    await maya.do(conversation, "resolve")

    again = await ines.send("How do I add my VAT ID?", conversation=conversation)
    await ines.reply_to(conversation, again.json()["turn_id"])

    detail = await maya.get(f"/api/conversations/{conversation}")
    assert [episode["number"] for episode in detail["episodes"]] == [1, 2]
    assert detail["episodes"][0]["resolved_by"] == maya.me["id"]
    assert detail["row"]["status"] == "open"


async def test_a_customer_can_have_a_person_at_any_time(company: Company) -> None:
    ines = await company.customer()
    asked = await ines.ask("How many seats has the Team plan?")

    response = await ines.http.post(f"/chat/conversations/{asked['conversation_id']}/person", headers=ines.headers)

    assert response.status_code == 202
    assert response.json()["handled_by"] == "rep"


async def test_a_stream_that_was_cut_off_goes_on_where_it_stopped(company: Company) -> None:
    ines = await company.customer()
    asked = await ines.ask("How many seats has the Team plan?")
    conversation = asked["conversation_id"]
    seen = await ines.hear(conversation, until=is_reply)

    rest = await ines.hear(conversation, until=is_reply, after=seen[0]["id"])

    assert [event["id"] for event in rest] == [event["id"] for event in seen[1:]]


async def test_a_rep_hears_of_everything_that_happens(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    asked = await ines.ask("How many seats has the Team plan?")

    kinds = set()
    async with maya.http.stream("GET", "/api/events", params={"after": 0}) as response:
        async for line in response.aiter_lines():
            if line.startswith("event: "):
                kinds.add(line.removeprefix("event: "))
            if {"message", "step", "run", "conversation"} <= kinds:
                break

    assert asked["decision"] == "answer"


async def test_whether_a_reply_helped_is_kept(company: Company) -> None:
    ines, maya = await company.customer(), await company.rep("Maya Okafor")
    reply = await ines.ask("How many seats has the Team plan?")

    await ines.http.put(f"/chat/messages/{reply['id']}/feedback", json={"helpful": False}, headers=ines.headers)

    detail = await maya.get(f"/api/conversations/{reply['conversation_id']}")
    assert [message["helpful"] for message in detail["messages"]] == [None, False]


async def test_who_waits_longest_for_a_person_comes_first_and_writing_again_does_not_cost_the_place(
    company: Company,
) -> None:
    maya = await company.rep("Maya Okafor")
    names = ("Ines Carvalho", "Tobias Lindqvist", "Hanna Kowalczyk")
    customers = [await company.customer(name) for name in names]
    ids = [(await each.ask("Which llama breeds may I insure with you?"))["conversation_id"] for each in customers]

    await customers[0].send("Are you still there?", conversation=ids[0])
    pages: list[list[str]] = []
    cursor = None
    while cursor or not pages:
        page = await maya.get("/api/inbox", view="needs_you", limit=1, **({"cursor": cursor} if cursor else {}))
        pages.append([row["customer"]["name"] for row in page["items"]])
        cursor = page["next"]
    newest_first = await maya.get("/api/inbox", view="all")
    answered = await maya.do(ids[0], "reply", {"text": "Yes."})
    await customers[0].send("And llamas?", conversation=ids[0])
    afterwards = await maya.get("/api/inbox", view="needs_you")

    assert pages == [[name] for name in names]
    assert newest_first["items"][0]["customer"]["name"] == "Ines Carvalho"
    assert answered["row"]["waiting_on"] == "customer"
    assert [row["customer"]["name"] for row in afterwards["items"]] == [*names[1:], names[0]]
