"""A turn asks who the customer is once, whatever it needs that for, however many ask at once or begin it anew."""

import asyncio
from dataclasses import replace

import pytest

from answerable.actions.declaring import Action
from answerable.agents.identifying import Identifying
from answerable.agents.live import WaysIn
from answerable.conversations.answering import _begin
from answerable.domain.conversations import Conversation
from answerable.store import Store
from answerable.traces import Ledger
from tests.actions.bank import Bank, refunding
from tests.people.host import Clock, PostOffice, Process, visitor

SAID = "My money back, please. I am ines@example.com."
REFUND = refunding(Bank())


class Company:
    """A company that sends codes, and a visitor with a turn that is being answered."""

    def __init__(self, store: Store, post: PostOffice, clock: Clock, conversation: Conversation) -> None:
        self.store, self.post, self.conversation = store, post, conversation
        self.proving = Process(store, post, company="Ledgerly", secret="s", clock=clock)

    async def begin(self) -> Identifying:
        """Begins the turn, or goes on with it from what is recorded, as a process does that finds it unfinished."""
        begun = await self.store.write(_begin, str(self.conversation.running_turn_id), lambda *_: "a model")
        assert begun is not None
        _, _, run, recorded = begun
        ways = WaysIn(self.store, self.proving, by_host=True, by_letter=True)
        return Identifying(ways, Ledger(self.store, run, recorded), self.conversation.id, "en")

    async def question(self, identifying: Identifying, action: Action = REFUND) -> str | None:
        """What the customer is told; that they were is not written down before the process ends."""
        told = await identifying.question(action, SAID, is_again=False)
        assert isinstance(identifying.ledger, Ledger)
        await identifying.ledger.settle()
        return told

    async def letters(self) -> int:
        await self.proving.settle()
        return len(self.post.letters)


@pytest.fixture
async def company(store: Store, post: PostOffice, clock: Clock) -> Company:
    _, conversation = await visitor(store, SAID)
    return Company(store, post, clock, conversation)


async def test_a_turn_that_is_cut_off_before_it_has_kept_that_a_code_was_sent_sends_no_second_one(
    company: Company,
) -> None:
    first = await company.question(await company.begin())
    sent = company.post.code if await company.letters() else ""

    again = await company.question(await company.begin())

    assert first is not None
    assert (again, await company.letters()) == (first, 1)
    assert await company.proving.prove(company.conversation.id, sent) == "proved", "the one that was sent is good"


async def test_a_later_turn_may_send_another_code(company: Company) -> None:
    await company.proving.ask_for_code(company.conversation.id, "address", address="ines@example.com", key="turn:1")
    await company.proving.ask_for_code(company.conversation.id, "address", address="ines@example.com", key="turn:2")

    assert await company.letters() == 2


async def test_two_processes_that_answer_the_same_turn_send_one_code(company: Company) -> None:
    both = [await company.begin(), await company.begin()]

    told = await asyncio.gather(*(company.question(each) for each in both))

    assert (len(set(told)), await company.letters()) == (1, 1)


async def test_steps_that_go_side_by_side_ask_one_question_whatever_each_needs(company: Company) -> None:
    identifying = await company.begin()
    strict = replace(REFUND, identity="stepped_up")

    told = await asyncio.gather(*(company.question(identifying, each) for each in (REFUND, strict, REFUND, strict)))

    assert len(set(told)) == 1
    assert [each.name for each in identifying.ledger.spans] == ["Ask who it is"]
    assert await company.letters() == 1
