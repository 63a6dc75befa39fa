"""What a conversation has proved of its customer, by what, and for how long; the same on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text as sql

from answerable.conversations import sign_in
from answerable.domain.conversations import Conversation
from answerable.domain.errors import Conflict, Invalid, NotFound, Unavailable
from answerable.domain.people import Customer, Identity
from answerable.people import HostKeys, Proven, Proving, identify, identity_of, proven_in, proven_in_each
from answerable.people.letters import Mailer, MailServer, NoMailer
from answerable.people.proving import HIDDEN, address_in, code_in
from answerable.store import Store, messages
from tests.people.host import Clock, Host, PostOffice, Process, host_keys, say, visitor


class Desk:
    """Two processes of one company, and what their customers do."""

    def __init__(self, store: Store, host: Host, post: PostOffice, clock: Clock) -> None:
        self.store, self.host, self.post, self.clock = store, host, post, clock
        self.keys: HostKeys = host_keys(clock)
        self.processes = [self.proving(), self.proving()]
        self.said = 0

    def proving(self, **other: Any) -> Process:
        return Process(self.store, self.post, company="Ledgerly", secret="s", clock=self.clock, **other)

    async def signed_in(self, sub: str = "u_1", **claims: Any) -> tuple[Customer, Conversation]:
        """Somebody whom the host has signed in, and what they asked."""
        signed = self.keys.read(self.host.token(sub, **claims))
        customer = await sign_in(self.store, signed, "")
        received = await say(self.store, customer, "Hello?", key=f"first-{sub}", signed=signed)
        self.clock.at = received.message.created_at
        return customer, received.conversation

    async def ask(self, conversation: Conversation, **other: Any) -> str:
        """Asks for a code, waits until it is sent, and gives it."""
        await self.processes[0].ask_for_code(conversation.id, **other)
        await self.processes[0].settle()
        return self.post.code

    async def say(self, who: Customer, conversation: Conversation, text: str, **other: Any) -> str:
        """Says something in the chat, and gives what is kept of it."""
        self.said += 1
        given = {"key": f"k{self.said}", "conversation_id": conversation.id, "proving": self.processes[0], **other}
        received = await say(self.store, who, text, **given)
        self.clock.at = max(self.clock.at, received.message.created_at)
        kept: str = received.message.text
        return kept

    async def identity(self, conversation: Conversation) -> Identity:
        return await identity_of(self.store, conversation.id, self.clock())


@pytest.fixture
def desk(store: Store, host: Host, post: PostOffice, clock: Clock) -> Desk:
    return Desk(store, host, post, clock)


# -- signed by the host ----------------------------------------------------------------------------------------------


async def test_the_same_outside_id_is_the_same_customer_on_any_device(desk: Desk) -> None:
    phone, _ = await desk.signed_in()
    laptop = await sign_in(
        desk.store, desk.keys.read(desk.host.token(kid="s1", exp=None) if False else desk.host.token()), ""
    )
    somebody_else, _ = await desk.signed_in("u_2")

    assert phone.id == laptop.id != somebody_else.id


async def test_two_first_requests_at_once_make_one_customer(desk: Desk) -> None:
    signed = desk.keys.read(desk.host.token())

    both = await asyncio.gather(*(sign_in(desk.store, signed, "") for _ in range(6)))

    assert len({customer.id for customer in both}) == 1


async def test_what_the_host_vouches_for_holds_in_that_conversation_until_the_token_ends(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()
    assert await desk.identity(conversation) == "verified"
    proved = await desk.store.read(proven_in, conversation.id, desk.clock())
    assert proved is not None
    assert (proved.id, proved.email) == (ines.id, "ines@studiomare.example")

    desk.clock.forward(minutes=12)

    assert await desk.identity(conversation) == "known"


async def test_a_proof_in_one_conversation_is_none_in_another(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()
    other = await say(desk.store, ines, "And another thing.", key="k-other")

    assert await desk.identity(conversation) == "verified"
    assert await desk.identity(other.conversation) == "known"


async def test_an_address_that_the_host_has_not_verified_is_nobodys_to_act_on(desk: Desk) -> None:
    _, conversation = await desk.signed_in(email_verified=False)

    proved = await desk.store.read(proven_in, conversation.id, desk.clock())

    assert proved is not None
    assert (proved.identity, proved.email) == ("verified", None)


async def test_who_is_signed_in_cannot_take_another_address_by_saying_so(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()

    await identify(desk.store, ines, name="Bram", email="bram@example.com", attributes={"plan": "Team"})

    proved = await desk.store.read(proven_in, conversation.id, desk.clock())
    assert proved is not None
    assert (proved.name, proved.email, proved.attributes) == (
        "Ines Carvalho",
        "ines@studiomare.example",
        {"plan": "Team"},
    )


# -- codes -----------------------------------------------------------------------------------------------------------


async def test_a_code_typed_into_the_chat_steps_up_for_a_quarter_of_an_hour_and_is_kept_nowhere(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()
    code = await desk.ask(conversation)
    assert [(each.to, code in each.text) for each in desk.post.letters] == [("ines@studiomare.example", True)]

    kept = await desk.say(ines, conversation, f" {code[:3]} {code[3:]}.")

    assert kept == f" {HIDDEN}."
    assert await desk.identity(conversation) == "stepped_up"
    assert not await _is_anywhere(desk.store, code)
    desk.clock.forward(minutes=9)
    assert await desk.identity(conversation) == "stepped_up"
    await desk.say(ines, conversation, "Still here.", signed=desk.keys.read(_later(desk)))
    desk.clock.forward(minutes=7)
    assert await desk.identity(conversation) == "verified"


def _later(desk: Desk) -> str:
    desk.host.at = desk.clock()
    return desk.host.token()


async def _is_anywhere(store: Store, code: str) -> bool:
    """Whether the code stands anywhere in the database."""

    def look(db: Any) -> bool:
        tables = ("messages", "events", "conversations", "arrivals", "codes", "proofs", "customers")
        rows = [row for table in tables for row in db.execute(sql(f"SELECT * FROM {table}")).mappings()]
        assert rows
        # Times and ids are left out: six digits stand in them by chance.
        words = [str(v) for row in rows for k, v in row.items() if k in ("text", "last_text", "subject", "content")]
        return any(code in word.replace(" ", "") for word in words)

    return await store.read(look)


async def test_a_code_works_once_and_its_second_use_is_hidden_too(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()
    code = await desk.ask(conversation)

    first = await desk.say(ines, conversation, code)
    desk.clock.forward(minutes=1)
    second = await desk.say(ines, conversation, code)

    assert (first, second) == (HIDDEN, HIDDEN)
    notes = [each.text for each in await _told(desk, conversation) if each.author == "note"]
    assert notes == [
        "The customer typed the code that was sent to them.",
        "The customer typed a code that was used or is over already.",
    ]


async def _told(desk: Desk, conversation: Conversation) -> list[Any]:
    return await desk.store.read(messages.of_conversation, conversation.id, before=None, limit=50)


async def test_two_processes_with_the_same_code_prove_one_thing(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    code = await desk.ask(conversation)

    outcomes = await asyncio.gather(*(each.prove(conversation.id, code) for each in desk.processes * 4))

    assert sorted(str(each) for each in outcomes) == ["again"] * 7 + ["proved"]


async def test_a_message_that_comes_twice_is_one_message_and_one_use(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()
    code = await desk.ask(conversation)

    kept = [await desk.say(ines, conversation, code, key="same") for _ in range(2)]
    assert kept == [HIDDEN, HIDDEN]
    assert len([each for each in await _told(desk, conversation) if each.author == "customer"]) == 2
    with pytest.raises(Conflict):
        await desk.say(ines, conversation, "Something else.", key="same")


async def test_after_five_wrong_ones_the_right_one_is_none(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    code = await desk.ask(conversation)
    wrong = f"{(int(code) + 1) % 10**6:06}"

    outcomes = await asyncio.gather(*(each.prove(conversation.id, wrong) for each in desk.processes * 5))

    assert sorted(str(each) for each in outcomes) == ["None"] * 5 + ["spent"] + ["wrong"] * 4
    assert await desk.processes[0].prove(conversation.id, code) == "again"
    assert await desk.identity(conversation) == "verified"


async def test_a_code_is_good_for_ten_minutes_and_not_before_it_was_made(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    code = await desk.ask(conversation)

    desk.clock.forward(minutes=-1)
    assert await desk.processes[0].prove(conversation.id, code) is None
    desk.clock.forward(minutes=11, seconds=1)
    assert await desk.processes[0].prove(conversation.id, code) is None


async def test_a_code_that_comes_too_late_is_kept_from_being_read_and_from_being_an_answer(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    earlier = await desk.ask(conversation)
    later = await desk.ask(conversation)
    assert await desk.processes[0].prove(conversation.id, later) == "proved"

    async def kept(said: str) -> str:
        at = desk.clock()
        return (await desk.store.write(desk.processes[0].take, conversation, said, at)).text

    assert await kept(earlier) == HIDDEN
    desk.clock.forward(minutes=11)
    assert await kept(earlier) == HIDDEN
    assert await kept("Invoice 123456, please") == "Invoice 123456, please"
    desk.clock.forward(minutes=60)
    assert await kept("123456") == "123456", "nobody has had a code for an hour"


async def test_a_code_of_another_conversation_is_none_here(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    _, other = await desk.signed_in("u_2", email="bram@example.com", email_verified=True)
    code = await desk.ask(conversation)
    others = await desk.ask(other)

    assert await desk.processes[0].prove(other.id, code) == ("proved" if code == others else "wrong")
    assert await desk.processes[0].prove(conversation.id, code) == "proved"


async def test_a_newer_code_takes_the_place_of_an_older_one(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    older, newer = await desk.ask(conversation), await desk.ask(conversation)

    assert await desk.processes[0].prove(conversation.id, older) == ("proved" if older == newer else "wrong")
    assert await desk.processes[0].prove(conversation.id, newer) == ("again" if older == newer else "proved")


async def test_a_newer_code_is_taken_although_the_clock_went_back(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    desk.clock.forward(seconds=60)
    await desk.ask(conversation)
    desk.clock.forward(seconds=-30)

    newer = await desk.ask(conversation)

    assert await desk.processes[0].prove(conversation.id, newer) == "proved"


async def test_three_codes_an_hour_and_the_answer_is_always_the_same(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()

    told = [await desk.processes[0].ask_for_code(conversation.id) for _ in range(5)]
    await desk.processes[0].settle()

    assert len({each.words for each in told}) == 1
    assert len(desk.post.letters) == 3
    desk.clock.forward(minutes=61)
    await desk.say(ines, conversation, "Once more, please.", signed=desk.keys.read(_later(desk)))
    await desk.ask(conversation)
    assert len(desk.post.letters) == 4


async def test_a_rep_hears_where_a_code_went_or_why_none_was_sent(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    _, unverified = await desk.signed_in("u_3", email="kim@example.com", email_verified=False)
    process = desk.processes[0]

    told = [(await process.send_code(conversation.id)).words for _ in range(3)]

    assert told == ["A code is on its way to ines@studiomare.example."] * 3
    assert len(desk.post.letters) == 3
    with pytest.raises(Conflict, match="too many were within the last hour"):
        await process.send_code(conversation.id)
    with pytest.raises(Conflict, match="no address is known"):
        await process.send_code(unverified.id)
    with pytest.raises(NotFound):
        await process.send_code("con_none")
    assert len(desk.post.letters) == 3


@pytest.mark.parametrize(
    ("mailer", "why"),
    [
        (NoMailer(), "no mail server is set up"),
        (MailServer("127.0.0.1", 9, "help@ledgerly.example", "none"), "the mail server did not take the letter"),
    ],
)
async def test_a_rep_hears_that_no_letter_can_be_sent(desk: Desk, mailer: Mailer, why: str) -> None:
    _, conversation = await desk.signed_in()
    process = Proving(desk.store, mailer, company="Ledgerly", secret="s", clock=desk.clock)

    with pytest.raises(Unavailable, match=why):
        await process.send_code(conversation.id)


async def test_what_each_customer_of_a_list_has_proved_holds_as_long_as_the_proof(desk: Desk) -> None:
    ines, signed = await desk.signed_in()
    bram, told = await visitor(desk.store, email="bram@example.com")
    asking = {signed.id: ines, told.id: bram}

    now = await desk.store.read(proven_in_each, asking, desk.clock())
    await desk.say(ines, signed, f"It is {await desk.ask(signed)}")
    stepped_up = await desk.store.read(proven_in_each, asking, desk.clock())
    ended = await desk.store.read(proven_in_each, asking, desk.clock() + timedelta(days=1))

    def identities(found: dict[str, Proven]) -> list[Identity]:
        return [found[signed.id].customer.identity, found[told.id].customer.identity]

    assert identities(now) == ["verified", "known"]
    assert identities(stepped_up) == ["stepped_up", "known"]
    assert identities(ended) == ["known", "known"]
    assert now[signed.id].until is not None
    assert stepped_up[signed.id].until == now[signed.id].until, "the host's token ends before what the code proved"
    assert (now[told.id].until, ended[signed.id].until) == (None, None)


async def test_many_at_once_in_two_processes_send_no_more_than_three(desk: Desk) -> None:
    _, conversation = await desk.signed_in()

    await asyncio.gather(*(each.ask_for_code(conversation.id) for each in desk.processes * 6))
    for each in desk.processes:
        await each.settle()

    assert len(desk.post.letters) == 3


async def test_an_address_gets_three_an_hour_whoever_asks(desk: Desk) -> None:
    for _ in range(5):
        _, conversation = await visitor(desk.store)
        told = await desk.processes[0].ask_for_code(conversation.id, "address", address="Victim@Example.com")
        assert told.words.startswith("If a code can be sent to that address")
    await desk.processes[0].settle()

    assert [each.to for each in desk.post.letters] == ["Victim@Example.com"] * 3


async def test_one_place_and_all_together_have_their_caps_too(desk: Desk) -> None:
    place = desk.processes[0].place("192.0.2.7")
    assert "192.0.2.7" not in str(place)
    for number in range(12):
        who, conversation = await visitor(desk.store)
        await say(desk.store, who, "Hm.", key="k2", conversation_id=conversation.id, came_from=place)
        await desk.processes[0].ask_for_code(conversation.id, "address", address=f"a{number}@example.com")
    await desk.processes[0].settle()
    assert len(desk.post.letters) == 10

    small = desk.proving(codes_of_all_max=11)
    for number in range(3):
        _, conversation = await visitor(desk.store)
        await small.ask_for_code(conversation.id, "address", address=f"b{number}@example.com")
    await small.settle()
    assert len(desk.post.letters) == 11


async def test_who_asks_in_vain_while_too_many_do_keeps_nobody_waiting_afterwards(desk: Desk) -> None:
    small = desk.proving(codes_of_all_max=1)

    async def ask(address: str) -> str:
        _, conversation = await visitor(desk.store)
        await small.ask_for_code(conversation.id, "address", address=address)
        await small.settle()
        return conversation.id

    await ask("first@example.com")
    desk.clock.forward(minutes=50)
    unsent = [await ask(f"a{number}@example.com") for number in range(3)]
    assert len(desk.post.letters) == 1
    assert [await small.prove(each, "000000") for each in unsent] == ["wrong"] * 3, "as if one had been sent"
    desk.clock.forward(minutes=11)
    await ask("later@example.com")

    assert [each.to for each in desk.post.letters] == ["first@example.com", "later@example.com"]


async def test_only_ones_own_wishes_tell_that_no_more_are_sent(desk: Desk) -> None:
    told = []
    for _ in range(5):
        _, conversation = await visitor(desk.store)
        told.append(await desk.processes[0].ask_for_code(conversation.id, "address", address="victim@example.com"))
    own = [
        await desk.processes[0].ask_for_code(conversation.id, "address", address="victim@example.com") for _ in range(3)
    ]

    assert [each.is_capped for each in told] == [False] * 5
    assert [each.is_capped for each in own] == [False, False, True]


def test_the_machine_itself_is_no_place_for_which_codes_are_counted(desk: Desk) -> None:
    place = desk.processes[0].place

    assert (place("127.0.0.1"), place("::1")) == (None, None)
    assert place("192.0.2.7") is not None
    assert place("192.0.2.7") != place("192.0.2.8")


async def test_who_is_not_known_is_told_the_same_and_nothing_is_sent(desk: Desk) -> None:
    _, known = await desk.signed_in()
    _, unknown = await visitor(desk.store, email="ines@studiomare.example")
    _, unverified = await desk.signed_in("u_3", email="kim@example.com", email_verified=False)

    told = [await desk.processes[0].ask_for_code(each.id) for each in (known, unknown, unverified)]
    await desk.processes[0].settle()

    assert len({each.words for each in told}) == 1
    assert len(desk.post.letters) == 1
    for number in ("000000", "123456"):
        assert await desk.processes[0].prove(unknown.id, number) == "wrong"


async def test_an_address_becomes_the_customers_own_through_the_code_and_not_before(desk: Desk) -> None:
    omar, conversation = await visitor(desk.store)
    code = await desk.ask(conversation, purpose="address", address="omar@acme.example")
    before = await desk.store.read(proven_in, conversation.id, desk.clock())
    assert before is not None
    assert (before.identity, before.email) == ("anonymous", None)

    await desk.say(omar, conversation, f"It says {code}")
    desk.clock.at += timedelta(seconds=2)

    proved = await desk.store.read(proven_in, conversation.id, desk.clock())
    assert proved is not None
    assert (proved.identity, proved.email) == ("verified", "omar@acme.example")
    await identify(desk.store, omar, name=None, email="ines@studiomare.example", attributes={})
    still = await desk.store.read(proven_in, conversation.id, desk.clock())
    assert still is not None
    assert still.email == "omar@acme.example", "what is typed later is not what was proved"
    second = await desk.ask(conversation)
    assert desk.post.letters[-1].to == "omar@acme.example"
    await desk.processes[0].prove(conversation.id, second)
    assert await desk.identity(conversation) == "verified", "the same mailbox twice is no second proof"


async def test_whom_the_host_knows_proves_no_other_address(desk: Desk) -> None:
    _, conversation = await desk.signed_in()

    await desk.processes[0].ask_for_code(conversation.id, "address", address="bram@example.com")
    await desk.processes[0].settle()

    assert desk.post.letters == []


@pytest.mark.parametrize(
    "address", ["", "ines", "@", "a@b\nBcc: c@d", "a b@c", "<a@b>", "a@b,c@d", "x" * 80 + "@b.c", "a@" + "b" * 300]
)
async def test_what_is_no_address_gets_no_letter(desk: Desk, address: str) -> None:
    _, conversation = await visitor(desk.store)
    with pytest.raises(Invalid):
        await desk.processes[0].ask_for_code(conversation.id, "address", address=address)
    with pytest.raises(Invalid):
        await desk.processes[0].ask_for_code(conversation.id, "step_up", address="a@b.c")
    with pytest.raises(NotFound):
        await desk.processes[0].ask_for_code("con_none")


async def test_a_letter_that_cannot_be_sent_is_told_to_nobody(desk: Desk) -> None:
    _, conversation = await desk.signed_in()
    desk.post.is_closed = True

    told = await desk.processes[0].ask_for_code(conversation.id)
    await desk.processes[0].settle()

    assert told.words.startswith("If we know an e-mail address for you")


@pytest.mark.parametrize(
    "said", ["１２３４５６", "١٢٣٤٥٦", "123\u200b456", "12-34-56", "1 2 3 4 5 6", "*123456*", "123\u00a0456"]
)
def test_a_code_is_read_as_people_and_their_keyboards_write_it(said: str) -> None:
    found = code_in(said)
    assert found is not None
    assert (found.number, found.is_alone) == ("123456", True)
    assert "3" not in found.hidden


@pytest.mark.parametrize(
    "said", ["12345", "1234567", "123456 789", "1234.56", "1,123456", "12345O", "l23456", "²³⁴⁵⁶⁷", "①②③④⑤⑥"]
)
def test_another_number_is_no_code(said: str) -> None:
    assert code_in(said) is None


def test_a_code_among_words_is_found_if_it_is_the_only_one() -> None:
    found = code_in("My code is 123456, thanks")
    assert found is not None
    assert (found.hidden, found.is_alone) == (f"My code is {HIDDEN}, thanks", False)
    assert code_in("123456 or 654321") is None
    assert code_in(f"123456{' and more of it' * 10}") is None


async def test_somebodys_number_among_words_stays_and_costs_an_attempt(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()
    code = await desk.ask(conversation)
    number = f"{(int(code) + 1) % 10**6:06}"

    assert await desk.say(ines, conversation, f"It is about order {number}") == f"It is about order {number}"
    assert await desk.say(ines, conversation, number) == HIDDEN, "most likely a slip of the finger"
    assert await desk.say(ines, conversation, code) == HIDDEN
    assert await desk.identity(conversation) == "stepped_up"


async def test_without_an_open_code_numbers_are_what_they_are(desk: Desk) -> None:
    ines, conversation = await desk.signed_in()

    assert await desk.say(ines, conversation, "123456") == "123456"


@pytest.mark.parametrize("said", ["me@...", "ines\u200b@studiomare.example", "ines", "", f"{'i' * 300}@x.example"])
def test_what_no_letter_could_reach_is_not_taken_for_an_address(said: str) -> None:
    assert address_in(said) is None
