"""The question whether exactly this shall be done, and what counts as a yes to it."""

from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import assume, given
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


def test_whatever_is_said_to_such_a_question_answers_no_other_one() -> None:
    begins = agreeing.question(["Cancel"], "en")

    assert agreeing.was_asked(said(lines("en", CALL), "Yes", author="agent"), but="Cancel")
    assert not agreeing.was_asked(said(begins, "Yes"), but="Cancel"), "this one is the procedure's own"
    assert not agreeing.was_asked(said("Which charge?", "Yes"))


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
    assert put.replace("\n", "").isprintable()
    assert not set("[]<>`|*#\\~") & set(put)
    assert "://" not in put
    assert agreeing.named_in(put, [call], NOTHING) == (call,)


TEMPLATES = {
    "told with their names": None,
    "in a sentence": "Deliver {charge_id} at the time {amount}, as agreed",
    "set close": "{charge_id}{amount}は",
}
ODD = st.sampled_from(
    [
        *("2026-11-24T18:00", "2026-11-24T09:00", "2026-11-24T18:00Z", "2026-11-24T18:00+01:00", "2026-11-24 18:00"),
        *(
            "2026-11-24",
            "yes",
            "no",
            "–",
            "",
            " ",
            "a",
            "a ",
            "a  b",
            "a b",
            "at_end",
            "at end",
            "at-end",
            "at_the_time_a",
            "20.00",
            "20.00 EUR",
        ),
        *("a, amount: b", "<b>", "[b]", "b", "*b*", "_b_", "b__b", "``", "http://b.example", "http:b.example", "\n"),
        *("mailto:b@b.example", "&lt;", "“", "”", "“b”", "‹U+0020›", "\u3164", "\ufe0f", "\u202e", "\u2028", "x" * 400),
        *("x" * 401, '"', "{a}", "(a)", "a, b", "null", "1", "1.0", "\\", "\\\\"),
    ]
)
TEXTS = st.one_of(ODD, st.text(max_size=12), st.text("ab_ .,:()“”‹›\\-–", max_size=6))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(TEXTS, inner, max_size=3),
        st.fixed_dictionaries({"amount": inner, "currency": st.sampled_from(["EUR", "eur", "", "EUR, x"])}),
    ),
    max_leaves=5,
)


def asking(template: str | None) -> dict[str, Action]:
    """The actions, of which one is asked about in these words."""
    return {CALL.action: cast(Action, Asks({"en": template} if template else {}))}


class Asks:
    """What a question needs of an action."""

    def __init__(self, asks: dict[str, str]) -> None:
        self.asks = asks


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@given(st.lists(VALUES, min_size=4, max_size=4))
def test_different_arguments_give_different_lines(template: str | None, values: list[Any]) -> None:
    one, other = (
        replace(CALL, arguments={"charge_id": first, "amount": second}) for first, second in (values[:2], values[2:])
    )
    # True is not 1.
    assume(repr(one.arguments) != repr(other.arguments) and one.arguments != other.arguments)
    declared = asking(template)

    assert agreeing.line_of(one, declared, "en") != agreeing.line_of(other, declared, "en")


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
@given(ODD, ODD)
def test_values_that_look_alike_are_told_apart(template: str | None, one: str, other: str) -> None:
    assume(one != other)
    declared = asking(template)
    first, second = (
        agreeing.line_of(replace(CALL, arguments={"charge_id": each, "amount": each}), declared, "en")
        for each in (one, other)
    )

    # As a page shows it: spaces are one, and those at an end are none.
    assert " ".join(first.split()) != " ".join(second.split())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-11-24T18:00", "2026-11-24 18:00"),
        ("2026-11-24T18:00:00Z", "2026-11-24 18:00:00 UTC"),
        ("2026-11-24T18:00+01:00", "2026-11-24 18:00 UTC+01:00"),
        ({"from": "2026-11-24T09:00", "days": [1, 2]}, "{days: (1, 2), from: 2026-11-24 09:00}"),
        ({"amount": "20.00", "currency": "EUR"}, "20.00 EUR"),
        ("at_period_end", "at-period-end"),
        ("at-period-end", "“at-period-end”"),
        ("at period end", "“at period end”"),
        ("ines@example.com", "ines@example.com"),
        ("12 Long Street", "“12 Long Street”"),
        ("[here](http://x.example)", "“‹U+005B›here‹U+005D›(http‹U+003A›//x.example)”"),
        ("x" * 400, "x" * 400),
        (None, "–"),
        (True, "yes"),
        ("yes", "“yes”"),
    ],
)
def test_a_value_is_shown_whole(value: Any, shown: str) -> None:
    call = replace(CALL, arguments={"to": value})

    assert agreeing.line_of(call, NOTHING, "en") == f"Refund charge (to: {shown})"


def test_a_line_that_could_mean_two_wishes_names_neither() -> None:
    declared = asking("Give {amount} back")
    one, other = (replace(CALL, id=each, arguments={**CALL.arguments, "charge_id": each}) for each in ("ch_1", "ch_2"))
    newer = replace(one, id="act_3")
    put = agreeing.question([agreeing.line_of(one, declared, "en")], "en")

    assert agreeing.named_in(put, [one, other], declared) == ()
    assert agreeing.named_in(put, [other, one], declared) == ()
    assert agreeing.named_in(put, [one, newer], declared) == (newer,), (
        "of two calls for the same the newer one is meant"
    )


OTHER = replace(CALL, id="act_2", arguments={**CALL.arguments, "charge_id": "ch_2"})


@given(st.sampled_from(CODES), st.data())
def test_no_other_text_is_such_a_question(code: str, data: st.DataObject) -> None:
    put = lines(code, CALL, OTHER)
    assert agreeing.named_in(put, [CALL, OTHER], NOTHING) == (CALL, OTHER)
    at = data.draw(st.integers(0, len(put) - 1), label="at")
    letter = data.draw(st.characters(), label="letter")
    row = data.draw(st.integers(0, 4), label="row")
    rows = put.split("\n")
    changed = data.draw(
        st.sampled_from(
            [
                put[:at] + letter + put[at + 1 :],
                put[:at] + letter + put[at:],
                put[:at] + put[at + 1 :],
                "\n".join([*rows[:row], letter, *rows[row:]]),
                "\n".join([*rows[:row], rows[-1], *rows[row:]]),
                f"{put}{letter}",
                f"{put}\n",
                "\n".join(rows[:2]),
            ]
        ),
        label="changed",
    )
    assume(changed != put)

    assert agreeing.named_in(changed, [CALL, OTHER], NOTHING) == ()


@pytest.mark.parametrize("code", CODES)
def test_a_question_under_another_head_or_without_a_line_is_another_question(code: str) -> None:
    words = every_language()
    put = lines(code, CALL, OTHER)

    assert agreeing.named_in(put.removeprefix(words[code].question), [CALL, OTHER], NOTHING) == ()
    assert agreeing.named_in(put.rpartition("\n")[0], [CALL, OTHER], NOTHING) == (CALL,), (
        "nothing that it does not name"
    )
    # A head tells the language that the lines below are read in.
    own = {each: f"{each} {{charge_id}}, {{amount}}" for each in words}
    spoken = {CALL.action: cast(Action, Asks(own))}
    put = agreeing.question([agreeing.line_of(CALL, spoken, code)], code)
    for other in set(words) - {code}:
        changed = put.replace(words[code].question, words[other].question)
        assert agreeing.named_in(changed, [CALL], spoken) == ()
