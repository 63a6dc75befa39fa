"""Proving by a code from an e-mail who one is, in the chat: what a customer is told, and what is sent, at each turn."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from answerable.agents.procedures.following import ASIDES_MAX
from answerable.inference.embedders import Embedder
from answerable.people import identity_of
from answerable.people.proving import ATTEMPTS_MAX, CODES_A_CUSTOMER_MAX, CODES_AN_ADDRESS_MAX
from tests.people.host import Host
from tests.walks.company import Company, Customer, open_company
from tests.walks.test_actions import POLICY, REFUNDS
from tests.walks.test_procedures import FINDING, PROCEDURE
from tests.walks.test_signing_in import MailServer, mail_server, post

WISH = "I was charged twice. Please give me the money back."
WRONG = "That is not the code. If a code was sent to you, the one in the newest mail counts"
NEW = "a new one of six digits is on its way by e-mail, good for ten minutes. An earlier one does not count any more."


class Chat:
    """Somebody who asks for money back, and the mail server of the company."""

    def __init__(self, company: Company, who: Customer, mail: MailServer) -> None:
        self.company, self.who, self.mail = company, who, mail
        self.conversation: str | None = None

    async def says(self, text: str) -> str:
        reply: dict[str, Any] = await self.who.ask(text, conversation=self.conversation)
        self.conversation = reply["conversation_id"]
        await self.company.house.proving.settle()
        return str(reply["text"])

    @property
    def letters(self) -> int:
        return len(self.mail.taken)

    def wrong(self) -> str:
        return f"{(int(self.mail.code()) + 1) % 10**6:06}"

    async def is_with_person(self) -> bool:
        found = await self.who.conversation(str(self.conversation))
        return bool(found["handled_by"] == "rep")


@asynccontextmanager
async def bank(
    folder: Path, url: str, embedder: Embedder, *, needs: str = "stepped_up", procedure: str = PROCEDURE
) -> AsyncIterator[tuple[Company, MailServer]]:
    """A company that gives money back to whoever has proved enough, and sends codes."""
    files = {
        "actions/refunds.py": REFUNDS + FINDING.replace('identity="verified"', f'identity="{needs}"'),
        "policies/refunds.md": POLICY,
        "procedures/refund.md": procedure,
    }
    with mail_server() as mail:
        more = f"[actions]\nfile = '{folder / 'refunds.txt'}'\n"
        async with open_company(folder, url, embedder=embedder, files=files, more=more, **post(mail)) as company:
            yield company, mail


@pytest.fixture
async def ines(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> AsyncIterator[Chat]:
    """Ines, who is signed in, and has asked for her money."""
    async with bank(tmp_path, sqlite_url, embedder) as (company, mail):
        who = await company.customer()
        who.identity = Host().token()
        yield Chat(company, who, mail)


async def test_a_wrong_code_sends_no_other_one_and_the_right_one_stays_good(ines: Chat) -> None:
    asked = await ines.says(WISH)
    code, wrong = ines.mail.code(), ines.wrong()
    told = [await ines.says(wrong) for _ in range(ATTEMPTS_MAX - 1)]

    assert "If a code can be sent to ines@studiomare.example, six digits are on their way to it" in asked
    assert all(each.startswith(WRONG) for each in told), told
    assert ines.letters == 1
    assert (await ines.says(code)).startswith("Which charge is it?")
    assert ines.letters == 1


async def test_after_the_last_attempt_a_new_one_is_sent_and_that_the_old_one_is_none_is_said(ines: Chat) -> None:
    await ines.says(WISH)
    code, wrong = ines.mail.code(), ines.wrong()
    *_, last = [await ines.says(wrong) for _ in range(ATTEMPTS_MAX)]

    assert last.startswith("That code does not count. ")
    assert NEW in last
    assert ines.letters == 2
    assert code == ines.mail.code() or not (await ines.says(code)).startswith("Which charge")
    assert (await ines.says(ines.mail.code())).startswith("Which charge is it?")


@pytest.mark.parametrize("text", ["I did not get it", "Can you send it again?", "it is ines@studiomare.example"])
async def test_whoever_asks_for_another_one_gets_it_and_hears_that_it_is_a_new_one(ines: Chat, text: str) -> None:
    await ines.says(WISH)

    told = await ines.says(text)

    assert NEW in told
    assert ines.letters == 2
    assert "newest mail" in await ines.says("One moment")
    assert ines.letters == 2, "whoever says something else is only told what they can do"


async def test_when_no_more_can_be_sent_it_is_said_and_a_person_takes_over(ines: Chat) -> None:
    await ines.says(WISH)
    for _ in range(CODES_A_CUSTOMER_MAX - 1):
        await ines.says("send it again")
    still = await ines.says("send it again")
    assert "no further code can be sent" in still
    assert "newest mail counts" in still, "the last one is good"
    assert not await ines.is_with_person()
    wrong = ines.wrong()

    *_, told = [await ines.says(wrong) for _ in range(ATTEMPTS_MAX)]

    assert "For now no further code can be sent. In an hour at the latest you can ask for one again." in told
    assert "colleague" in told
    assert "on their way" not in told
    assert "Which charge" not in told
    assert ines.letters == CODES_A_CUSTOMER_MAX
    assert await ines.is_with_person()
    assert await identity_of(ines.company.house.store, str(ines.conversation)) == "verified"


async def test_who_proves_nothing_gets_a_person_and_is_asked_nothing_else(ines: Chat) -> None:
    await ines.says(WISH)
    said = [await ines.says("One moment") for _ in range(4)]

    assert not any("Which charge" in each for each in said)
    assert "colleague" in said[-1]
    assert await ines.is_with_person()


async def test_whether_a_letter_went_out_is_not_to_be_told_from_what_follows(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    """S-18: others have used up what is sent to one of two addresses; nobody who asks learns of it."""
    async with bank(tmp_path, sqlite_url, embedder, needs="verified") as (company, mail):
        for _ in range(CODES_AN_ADDRESS_MAX):
            stranger = Chat(company, await company.customer("Somebody"), mail)
            await stranger.says(WISH)
            await stranger.says("it is taken@example.com")
        told: dict[str, list[str]] = {}
        sent: dict[str, int] = {}
        for address in ("taken@example.com", "free@example.com"):
            chat = Chat(company, await company.customer("Somebody"), mail)
            before = chat.letters
            told[address] = [await chat.says(WISH), await chat.says(address)]
            wrong = chat.wrong()
            told[address] += [await chat.says(wrong) for _ in range(ATTEMPTS_MAX)]
            told[address] += [await chat.says(address) for _ in range(CODES_A_CUSTOMER_MAX)]
            sent[address] = chat.letters - before

        assert told["taken@example.com"] == told["free@example.com"]
        assert sent == {"taken@example.com": 0, "free@example.com": CODES_A_CUSTOMER_MAX}
        assert told["free@example.com"][2].startswith(WRONG)


HOW_LONG = "How long do refunds take?"
ANSWER = "3 to 5 business days after we approve it"


@pytest.fixture
async def visitor(tmp_path: Path, sqlite_url: str, embedder: Embedder) -> AsyncIterator[Chat]:
    """Somebody whom nobody has signed in, where a proved address is enough."""
    async with bank(tmp_path, sqlite_url, embedder, needs="verified") as (company, mail):
        yield Chat(company, await company.customer("Somebody"), mail)


async def test_a_question_in_between_is_answered_and_the_code_still_counts(ines: Chat) -> None:
    await ines.says(WISH)
    code, wrong = ines.mail.code(), ines.wrong()

    aside = await ines.says(HOW_LONG)
    told = await ines.says(wrong)

    assert ANSWER in aside
    assert aside.endswith("counts, for ten minutes. Please type it here."), (
        "what it waits for is said behind the answer"
    )
    assert ines.letters == 1
    assert told.startswith(WRONG)
    assert (await ines.says(code)).startswith("Which charge is it?")


async def test_a_question_about_something_unknown_does_not_end_it_either(ines: Chat) -> None:
    await ines.says(WISH)
    code = ines.mail.code()

    aside = await ines.says("What is the weather like on Mars?")

    assert aside.endswith("Please type it here.")
    assert (await ines.says(code)).startswith("Which charge is it?")


async def test_questions_without_end_do_not_hold_it_open(ines: Chat) -> None:
    await ines.says(WISH)

    said = [await ines.says(HOW_LONG) for _ in range(ASIDES_MAX + 1)]

    assert all("Please type it here." in each for each in said[:-1])
    assert "Please type it here." not in said[-1]
    assert not await ines.is_with_person()


async def test_a_code_and_a_question_in_one_message_both_count(ines: Chat) -> None:
    await ines.says(WISH)
    code, wrong = ines.mail.code(), ines.wrong()

    not_yet = await ines.says(f"{wrong}. {HOW_LONG}")
    told = await ines.says(f"{code}. {HOW_LONG}")

    assert ANSWER in not_yet
    assert WRONG in not_yet
    assert ANSWER in told
    assert "Which charge is it?" in told.split(ANSWER)[1]


async def test_a_visitor_may_ask_something_in_between_as_well(visitor: Chat) -> None:
    await visitor.says(WISH)

    before = await visitor.says(HOW_LONG)
    await visitor.says("ines@studiomare.example")
    meanwhile = await visitor.says(HOW_LONG)

    assert ANSWER in before
    assert before.endswith("With the e-mail address of your account, typed here, I can send you a code.")
    assert ANSWER in meanwhile
    assert meanwhile.endswith("Please type it here.")
    assert visitor.letters == 1
    assert (await visitor.says(visitor.mail.code())).startswith("Which charge is it?")


@pytest.mark.parametrize("text", ["I did not get it", "send me another code"])
async def test_a_visitor_who_asks_for_another_one_gets_it_at_the_address_of_before(visitor: Chat, text: str) -> None:
    await visitor.says(WISH)
    await visitor.says("it is ines@studiomare.example")
    first = visitor.mail.code()

    told = [await visitor.says(text) for _ in range(2)]

    assert all(NEW in each for each in told), told
    assert visitor.letters == 3
    assert [to for to, _ in visitor.mail.taken] == [["ines@studiomare.example"]] * 3
    assert first == visitor.mail.code() or (await visitor.says(visitor.mail.code())).startswith("Which charge is it?")


async def test_what_is_to_be_sent_again_must_be_the_code(ines: Chat) -> None:
    await ines.says(WISH)
    code = ines.mail.code()

    await ines.says("Please send me an invoice again")

    assert ines.letters == 1
    assert (await ines.says(code)).startswith("Which charge is it?")


async def test_who_asks_for_another_one_again_after_the_last_gets_a_person(ines: Chat) -> None:
    await ines.says(WISH)
    said = [await ines.says("I did not get it") for _ in range(CODES_A_CUSTOMER_MAX)]

    assert "no further code can be sent" in said[-1]
    assert not await ines.is_with_person(), "the newest may still come"
    last = await ines.says("I did not get it")
    assert "colleague" in last
    assert await ines.is_with_person()


CHARGES = """---
id: charges
title: Show the charges
when: The customer wants to see what was charged.
examples:
  - Show me my charges
  - Please list what you charged me
steps:
  - call: find_charges
    as: charges
    on:
      done:
        - say: "{charges.summary}"
      else:
        - hand_off: The charges could not be looked up.
---

Look it up and tell.
"""


async def test_what_is_asked_beside_the_code_that_ends_it_is_answered_behind_the_end(
    tmp_path: Path, sqlite_url: str, embedder: Embedder
) -> None:
    async with bank(tmp_path, sqlite_url, embedder, procedure=CHARGES) as (company, mail):
        who = await company.customer()
        who.identity = Host().token()
        chat = Chat(company, who, mail)
        await chat.says("Show me my charges")

        told = await chat.says(f"{mail.code()}. {HOW_LONG}")

    assert told.startswith("Your charges.")
    assert ANSWER in told
