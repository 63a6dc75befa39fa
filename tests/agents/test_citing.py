"""A reply's sources are numbered as a reader meets them, everywhere alike."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from agents import ModelResponse, Usage
from agents.testing import ModelCall, ModelStep, ScriptedModel, assistant_message, function_call

from answerable.agents.answer import Speaker
from answerable.agents.citing import SourceNumbers
from answerable.inference.embedders import Embedder
from tests.agents.articles import ERRORS, REFUNDS, hit
from tests.walks.company import open_company

QUESTION = "What does a further seat of the Team plan cost?"


def test_numbers_count_from_one_in_the_order_of_the_text() -> None:
    numbers = SourceNumbers((1, 2, 3, 4))

    told = [numbers.take(each) for each in ("It takes 5 days. [4] ", "Abroad 10.[2][4] ", "Or none. 【1】")]

    assert told == ["It takes 5 days. [1] ", "Abroad 10.[2][1] ", "Or none. [3]"]
    assert numbers.of(3) == 4, "what no marker names comes last"


def test_what_only_looks_like_a_marker_stays() -> None:
    numbers = SourceNumbers((2, 3))
    said = ["Call `rows[3]` or see [3](https://x.example) and [9]. [3]\n", "```\n", "rows[2]\n", "```\n", "So. [2]"]

    assert "".join(map(numbers.take, said)) == (
        "Call `rows[3]` or see [3](https://x.example) and [9]. [1]\n```\nrows[2]\n```\nSo. [2]"
    )


TEN_SEATS = "The Team plan has ten seats."
FIVE_DAYS = "A refund reaches your card 3 to 5 business days after we approve it."


async def test_stream_reply_sources_and_trace_show_the_same_numbers(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    cited: list[int] = []

    def write(call: ModelCall) -> ModelResponse:
        """Cites what the search found, what it found last first."""
        hits = _hits(call)
        seats, refunds = (next(each["number"] for each in hits if words in each["text"]) for words in SAID)
        cited.extend((refunds, seats))
        text = f"{FIVE_DAYS} [{refunds}] {TEN_SEATS} [{seats}]"
        return ModelResponse([assistant_message(text)], Usage(), response_id=None)

    search = function_call("search_knowledge", {"query": QUESTION}, call_id="c1")
    model = ScriptedModel([[search], ModelStep.respond(write)])
    opening = open_company(tmp_path, sqlite_url, embedder=embedder, models={"scripted": model}, model="scripted")
    async with opening as company:
        ines, maya = await company.customer(), await company.rep("Maya Okafor")
        reply = await ines.ask(QUESTION)
        (run,) = (await maya.get(f"/api/conversations/{reply['conversation_id']}"))["runs"]
        trace = await maya.get(f"/api/runs/{run['id']}")

    assert cited[0] > cited[1], "the search ranked them the other way round"
    assert reply["text"] == f"{FIVE_DAYS} [1] {TEN_SEATS} [2]"
    assert [(each["number"], each["quote"]) for each in reply["citations"]] == [(1, FIVE_DAYS), (2, TEN_SEATS)]
    (guard,) = (span for span in trace["spans"] if span["kind"] == "guard")
    assert [(each["text"].strip(), each["passages"]) for each in guard["output"]] == [
        (f"{FIVE_DAYS} [1]", [1]),
        (f"{TEN_SEATS} [2]", [2]),
    ]


async def test_what_is_said_while_the_reply_is_written_has_the_numbers_of_the_reply() -> None:
    said: dict[int, str] = {}
    hits = {each.passage_id: each for each in (hit(REFUNDS, number=1), hit(ERRORS, number=2))}
    searching: Any = SimpleNamespace(hits=hits, is_unsure=False)
    speaker = Speaker(searching, lambda index, text: said.update({index: text}))
    text = (
        "The invoice was paid on 3 March. [2] Refunds take 90 days. [1] Refunds reach your card in 5 business days. [1]"
    )

    for letter in text:
        await speaker.hear(letter)
    sentences = await speaker.finish(text)

    assert said == {0: "The invoice was paid on 3 March. [1] "}, "and nothing behind what no passage supports"
    assert [each.text for each in sentences if each.may_be_sent] == [
        "The invoice was paid on 3 March. [1] ",
        "Refunds reach your card in 5 business days. [2]",
    ]


SAID = ("ten seats", "business days")


def _hits(call: ModelCall) -> list[dict[str, Any]]:
    items: Any = call.input
    output = next(item["output"] for item in items if item.get("type") == "function_call_output")
    hits: list[dict[str, Any]] = json.loads(output)["hits"]
    return hits
