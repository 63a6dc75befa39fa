"""What the embedded model does with questions of the demo company's customers: right, wrong, asked back, handed off.

    python benchmarks/ledgerly_questions.py [--show seen]

The questions are in `ledgerly/questions.txt`. Half of them, by hash, were looked at while the agent was being mended
(`seen`); of the other half only the counts were.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import answerable_demo
from answerable.cli.opening import opened, settings_for, workspace_importers
from answerable.conversations import Arrival, receive
from answerable.domain.conversations import Message
from answerable.domain.ids import new_id
from answerable.knowledge.importers.front_matter import split_front_matter
from answerable.people import introduce
from answerable.store import messages
from answerable.wiring import House, import_sources
from benchmarks.public_sets.measures import Share, table
from benchmarks.public_sets.reading import half_of

QUESTIONS = Path(__file__).parent / "ledgerly" / "questions.txt"
REPLY_SECONDS_MAX = 60
OUTCOMES = (
    "right",
    "right article, other words",
    "wrong article",
    "asked which, with the right one",
    "asked",
    "handed off",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what is known of its answer."""

    text: str
    parts: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    """Of each part, the titles of the articles that answer it, if any, and words one of which a good reply has."""

    @property
    def is_seen(self) -> bool:
        """Whether it may be looked at."""
        return half_of(self.text) == 0

    @property
    def group(self) -> str:
        """What is counted together."""
        if len(self.parts) > 1:
            return "several questions in one"
        return "answered by an article" if self.parts[0][0] else "answered by none"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question."""

    asked: Asked
    reply: Message
    kind: str


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", choices=["seen"], help="list what came of the questions that may be looked at")
    options = parser.parse_args()
    outcomes = asyncio.run(_ask_all(read_questions()))
    if options.show:
        for each in outcomes:
            if each.asked.is_seen:
                print(_line(each))
    for half, is_seen in (("seen", True), ("unseen", False)):
        print(f"\n{half}\n")
        print(_counts([each for each in outcomes if each.asked.is_seen == is_seen]))


def read_questions() -> list[Asked]:
    """All questions."""
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [_read(line) for line in lines if line.strip() and not line.startswith("#")]


def _read(line: str) -> Asked:
    text, articles, words = (cell.strip() for cell in line.split("|"))
    parts = zip(articles.split("+"), words.split("+"), strict=True)
    return Asked(
        text,
        tuple(
            (
                _titled(names),
                tuple(each.strip() for each in said.split(";") if each.strip()),
            )
            for names, said in parts
        ),
    )


async def _ask_all(questions: Sequence[Asked]) -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        async with opened(settings_for({"data": Path(folder)})) as house:
            await import_sources(house, workspace_importers(house.settings))
            replies = [await _ask(house, each.text) for each in questions]
            return [Outcome(each, reply, _kind(each, reply)) for each, reply in zip(questions, replies, strict=True)]


async def _ask(house: House, question: str) -> Message:
    introduced = await introduce(house.store, name="A customer")
    received = await receive(house.store, house.jobs, Arrival(introduced.customer, "chat", new_id("ask"), question))
    assert received.message.turn_id is not None
    async with asyncio.timeout(REPLY_SECONDS_MAX):
        with house.store.live.listen(received.conversation.id) as listener:
            while (reply := await house.store.read(messages.reply_to, received.message.turn_id)) is None:
                await listener.wait(1.0)
            return reply


def _kind(asked: Asked, reply: Message) -> str:
    assert reply.decision is not None
    if reply.decision.kind != "answer":
        offered = {line.removeprefix("- ").strip() for line in reply.text.splitlines() if line.startswith("- ")}
        wanted = frozenset[str]().union(*(articles for articles, _ in asked.parts))
        asked_kind = OUTCOMES[3] if offered & wanted else OUTCOMES[4]
        return asked_kind if reply.decision.kind == "ask" else OUTCOMES[5]
    cited = {citation.title for citation in reply.citations}
    if not all(articles & cited for articles, _ in asked.parts if articles) or not any(a for a, _ in asked.parts):
        return OUTCOMES[2]
    told = reply.text.replace("*", "").casefold()
    good = all(any(each.replace("*", "").casefold() in told for each in words) for _, words in asked.parts if words)
    return OUTCOMES[0] if good else OUTCOMES[1]


def _titled(names: str) -> frozenset[str]:
    """The titles of articles and policies, by the names of their files."""
    return frozenset(_titles()[name.strip()] for name in names.replace("/", ",").split(",") if name.strip())


@cache
def _titles() -> dict[str, str]:
    pages = [page for folder in ("knowledge", "policies") for page in (answerable_demo.WORKSPACE / folder).glob("*.md")]
    return {page.stem: split_front_matter(page.read_text(encoding="utf-8"))[0].title or page.stem for page in pages}


def _line(outcome: Outcome) -> str:
    decision = outcome.reply.decision
    assert decision is not None
    sure = f"{decision.confidence:.2f}" if decision.confidence is not None else "-"
    cited = ", ".join(dict.fromkeys(citation.title for citation in outcome.reply.citations))
    told = " / ".join(outcome.reply.text.splitlines())[:700]
    return f"{outcome.kind:32} {sure:5} {outcome.asked.text}\n      [{cited}] {told}"


def _counts(outcomes: Sequence[Outcome]) -> str:
    groups = sorted({each.asked.group for each in outcomes})
    rows = []
    for group in groups:
        of_group = [each for each in outcomes if each.asked.group == group]
        counted = Counter(each.kind for each in of_group)
        rows.append([group, *(str(Share(counted[kind], len(of_group))) for kind in OUTCOMES)])
    return table(["questions", *OUTCOMES], rows)


if __name__ == "__main__":
    main()
