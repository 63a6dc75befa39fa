"""The question whether exactly this shall be done, and what counts as a yes to it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.actions.declaring import Action
from answerable.agents import agreeing
from answerable.agents.agreeing import _every as every_language
from answerable.agents.asked import Asked
from answerable.agents.phrases import spoken_languages
from answerable.domain.actions import ActionCall
from answerable.domain.clock import now
from answerable.domain.conversations import Decision, Message

CALL = ActionCall(
    id="act_1",
    key="k",
    conversation_id="cnv_1",
    customer_id="cus_1",
    turn_id=None,
    run_id=None,
    requested_by="agent",
    action="refund_charge",
    effect="moves_money",
    arguments={"charge_id": "ch_1", "amount": {"amount": "20.00", "currency": "EUR"}},
    likeness="x",
    money=None,
    state="awaiting_customer",
    clause_id=None,
    reason="",
    facts={},
    verdicts=(),
    receipt=None,
    undone_by=None,
    attempts=0,
    created_at=now(),
    changed_at=now(),
    sent_at=None,
    look_at=None,
)
NOTHING: dict[str, Action] = {}
CODES = sorted(every_language())


def message(author: Any, text: str, kind: Any = None) -> Message:
    return Message(
        id=f"msg_{author}",
        conversation_id="cnv_1",
        episode_id="eps_1",
        number=1,
        author=author,
        rep_id=None,
        text=text,
        turn_id=None,
        run_id=None,
        outside_id=None,
        decision=Decision(kind, None, "") if kind else None,
        citations=(),
        page=None,
        helpful=None,
        created_at=now(),
    )


def said(put: str, *answers: str, kind: str = "ask", author: str = "agent") -> Asked:
    customer: Any = None
    conversation: Any = None
    return Asked(
        customer, conversation, tuple(message("customer", each) for each in answers), (message(author, put, kind),)
    )


def lines(code: str, *calls: ActionCall) -> str:
    return agreeing.question((agreeing.line_of(each, NOTHING, code) for each in calls), code)


def test_every_language_that_is_spoken_has_its_words() -> None:
    assert set(CODES) == set(spoken_languages())
    assert len({each.question for each in every_language().values()}) == len(CODES), "a question tells its language"


@pytest.mark.parametrize("code", CODES)
def test_a_question_names_exactly_its_calls_in_every_language(code: str) -> None:
    other = replace(CALL, id="act_2", arguments={**CALL.arguments, "charge_id": "ch_2"})
    put = lines(code, CALL, other)

    assert agreeing.named_in(put, [CALL, other], NOTHING) == (CALL, other)
    assert agreeing.named_in(put, [CALL], NOTHING) == (), "one of them is not there any more"
    assert agreeing.named_in(f"{put}\nThank you.", [CALL, other], NOTHING) == ()
    assert agreeing.named_in(lines(code, CALL), [CALL, other], NOTHING) == (CALL,)


@pytest.mark.parametrize("code", CODES)
def test_yes_and_no_are_heard_in_every_language(code: str) -> None:
    words = every_language()[code]
    put = lines(code, CALL)

    assert {agreeing.says(said(put, each)) for each in words.yes} == {"yes"}
    assert {agreeing.says(said(put, each)) for each in words.no} == {"no"}
    assert not words.yes & words.no
    assert agreeing.says(said(put, "Yes!")) == "yes"


@pytest.mark.parametrize(
    "asked",
    [
        said("Do you like the new design? yes/no", "yes"),
        said(f"A gift is waiting. {lines('en', CALL)}", "yes"),
        said(lines("en", CALL), "yes", author="customer"),
        said(lines("en", CALL), "yes", kind="answer"),
        said(lines("en", CALL), "yes, but only half of it"),
        said(lines("en", CALL), "yes", "no"),
        said(lines("en", CALL), "yes?", "what is that"),
    ],
)
def test_a_yes_to_anything_else_is_none(asked: Asked) -> None:
    assert agreeing.says(asked) is None


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_value_can_make_a_line_or_a_link_of_its_own(charge: str, other: str) -> None:
    call = replace(CALL, arguments={"charge_id": charge, "amount": {"amount": other, "currency": "EUR"}})
    put = lines("en", call)

    assert len(put.split("\n")) == 3
    assert not set("[]<>`|*#") & set(put)
    assert "://" not in put
    assert agreeing.named_in(put, [call], NOTHING) == (call,)


@given(st.text(max_size=200))
def test_no_other_text_is_such_a_question(text: str) -> None:
    assert agreeing.named_in(text, [CALL], NOTHING) == ()
