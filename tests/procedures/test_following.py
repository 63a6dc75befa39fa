"""A procedure is followed step by step: nothing is guessed, nothing is promised, nobody is kept in it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.agents.phrases import language, languages
from answerable.agents.procedures.following import (
    ASIDES_MAX,
    Aside,
    AskCustomer,
    CallAction,
    Ended,
    Followed,
    HandOver,
    Heard,
    Left,
    begin,
    follow,
)
from answerable.domain.actions import CallState
from answerable.domain.procedures import CallResult, Procedure, UnderWay
from answerable.people.proving import HIDDEN
from tests.procedures.shop import BY_DEFAULT, REFUND, changed, procedure

ENGLISH = language("en")
CHARGES: list[dict[str, Any]] = [
    {"id": "ch_1", "at": "2025-03-03T09:00:00Z", "amount": {"amount": "84.00", "currency": "EUR"}, "paid": True},
    {"id": "ch_2", "at": "2025-04-03T09:00:00Z", "amount": {"amount": "12.50", "currency": "EUR"}, "paid": True},
    {"id": "ch_3", "at": "2025-05-03T09:00:00Z", "amount": {"amount": "84.00", "currency": "EUR"}, "paid": False},
]
RECEIPT = "12.50 EUR will be back in 3 days (re_1)."

GREETING = """\
---
id: greeting
title: Say hello
when: Somebody wants a greeting.
examples: [greet me]
needs:
  name: {kind: text, ask: "What is your name?"}
steps:
  - ask: name
  - say: Hello {name}.
---

Words.
"""
OUTER = """\
---
id: outer
title: Outer
when: Always.
examples: [outer]
steps:
  - go_to: greeting
  - say: Welcome back.
---

Words.
"""


class Visit:
    """A customer and a procedure, as the run would bring them together; the state goes through JSON each time."""

    def __init__(self, *texts: str, start: str = "", first_words: str = "") -> None:
        self.procedures = {each.id: each for each in map(procedure, texts or (REFUND, GREETING))}
        first = self.procedures[start] if start else next(iter(self.procedures.values()))
        self.state: UnderWay | None = begin(first, first_words)
        self.charges = CHARGES
        self.ends: tuple[CallState, str, str] = ("done", RECEIPT, "")
        self.called: list[CallAction] = []
        self.last = self._on(follow(self.procedures, self.state, ENGLISH))

    def says(self, text: str, *, wants: str | None = None, asks: bool = False, person: bool = False) -> Followed:
        assert self.state is not None
        heard = Heard(text, wish=text, wants=wants, is_question=asks or text.endswith("?"), wants_person=person)
        self.last = self._on(follow(self.procedures, self.state, ENGLISH, heard=heard))
        return self.last

    def _on(self, followed: Followed) -> Followed:
        said = followed.said
        for _ in range(20):
            self._keep(followed.under_way)
            if not isinstance(followed.next, CallAction):
                return replace(followed, said=said)
            self.called.append(followed.next)
            assert self.state is not None
            followed = follow(self.procedures, self.state, ENGLISH, result=self._result(followed.next))
            said += followed.said
        raise AssertionError("It calls and calls.")

    def _keep(self, state: UnderWay | None) -> None:
        self.state = msgspec.json.decode(msgspec.json.encode(state), type=UnderWay | None)
        assert self.state == state

    def _result(self, call: CallAction) -> CallResult:
        if call.action == "find_charges":
            return CallResult("done", "Your charges.", "", {"reference": "c", "charges": self.charges}, "act_1")
        state, summary, reason = self.ends
        content = {"reference": "re_1", "summary": summary} if state == "done" else None
        return CallResult(state, summary, reason, content, "act_2")


def test_a_refund_goes_from_the_list_to_the_receipt() -> None:
    visit = Visit()

    assert visit.last.next == AskCustomer(
        "Which charge?",
        ("€84.00 on 3 March 2025 (ch_1)", "€12.50 on 3 April 2025 (ch_2)", "Something else"),
        "charge",
    ), "the charge that was not paid is not offered"
    assert visit.says("the second one").next == AskCustomer("How much of €12.50?", (), "amount")
    assert visit.says("all of it").next == AskCustomer("Refund €12.50 of ch_2?", (), "sure")
    ended = visit.says("yes please")

    assert visit.called[-1] == CallAction(
        "refund", {"charge_id": "ch_2", "amount": {"amount": "12.50", "currency": "EUR"}, "kind": "whole"}
    )
    assert ended.next == Ended()
    assert ended.said == ("Done: €12.50 will be back in 3 days (re_1).",)
    assert visit.state is None


@pytest.mark.parametrize(
    ("ends", "said", "then"),
    [
        (("awaiting_approval", "", "R-12"), "A colleague decides about €12.50.", Ended),
        (("unknown", "", "timeout"), "I do not know yet whether it worked.", Ended),
        (("sent", "", "on its way"), "I do not know yet whether it worked.", Ended),
        (("refused", "", "R-17 Open disputes"), "I may not do that.", HandOver),
        (("failed", "", "no"), "I may not do that.", HandOver),
        (("declined", "", "no"), "I may not do that.", HandOver),
        (("undone", "", "Maya took it back."), "I may not do that.", HandOver),
    ],
)
def test_only_what_is_done_is_told_as_done(ends: tuple[CallState, str, str], said: str, then: type) -> None:
    visit = Visit()
    visit.ends = ends
    for text in ("ch_2", "12.50", "yes"):
        visit.says(text)

    assert visit.last.said == (said,)
    assert isinstance(visit.last.next, then)
    if isinstance(visit.last.next, HandOver):
        assert visit.last.next.reason == f"Not refunded: {ends[2]}"
        assert "amount: 12.50 EUR." in visit.last.next.summary


def test_whoever_takes_over_reads_what_was_written_for_reps_and_not_for_the_customer() -> None:
    visit = Visit()
    visit.ends = ("refused", "I may not do this. Your payment is disputed, so you must wait.", "R-17 Open disputes.")
    for text in ("ch_2", "12.50", "yes"):
        visit.says(text)

    assert isinstance(visit.last.next, HandOver)
    assert "refused (R-17 Open disputes.)" in visit.last.next.summary
    assert "you" not in visit.last.next.summary.casefold()


def test_what_is_not_understood_is_asked_once_more_and_then_a_person_takes_over() -> None:
    visit = Visit()
    again = visit.says("the blue one")
    over = visit.says("you know which")

    assert isinstance(again.next, AskCustomer)
    assert again.next.is_again
    assert isinstance(over.next, HandOver)
    assert "charge" in over.next.reason
    assert visit.state is None


def test_what_fits_several_is_asked_again_among_those() -> None:
    visit = Visit()
    visit.charges = [*CHARGES[:2], {**CHARGES[0], "id": "ch_4", "at": "2025-06-03T09:00:00Z"}]
    visit.state = begin(visit.procedures["refund"])
    visit._on(follow(visit.procedures, visit.state, ENGLISH))

    several = visit.says("the 84 euro one")
    assert several.next == AskCustomer(
        "More than one fits. Which charge?",
        ("€84.00 on 3 March 2025 (ch_1)", "€84.00 on 3 June 2025 (ch_4)", "Something else"),
        "charge",
    )
    assert visit.says("the second one").next == AskCustomer("How much of €84.00?", (), "amount")
    assert visit.state is not None
    assert visit.state.slots["charge"]["id"] == "ch_4"


def test_what_was_narrowed_is_widened_by_what_is_outside_it() -> None:
    visit = Visit()
    visit.charges = [*CHARGES[:2], {**CHARGES[0], "id": "ch_4", "at": "2025-06-03T09:00:00Z"}]
    visit.state = begin(visit.procedures["refund"])
    visit._on(follow(visit.procedures, visit.state, ENGLISH))
    visit.says("the 84 euro one")

    assert visit.says("no, the one from April").next == AskCustomer("How much of €12.50?", (), "amount")


def test_a_name_that_is_not_there_is_said_to_be_unknown_and_what_there_is_is_shown() -> None:
    text = changed("    shown:", "    from_first_words: true\n    shown:")
    at_once = Visit(text, first_words="Please refund ch_99")
    later = Visit().says("ch_99")

    for asked in (at_once.last.next, later.next):
        assert isinstance(asked, AskCustomer)
        assert asked.question == "I find no ch_99 among yours. Which charge?"
        assert asked.options == ("€84.00 on 3 March 2025 (ch_1)", "€12.50 on 3 April 2025 (ch_2)", "Something else")


def test_first_words_that_fit_several_narrow_the_question() -> None:
    text = changed("    shown:", "    from_first_words: true\n    shown:")
    visit = Visit(text, first_words="Please refund my latest charge")

    assert visit.last.next == AskCustomer("How much of €12.50?", (), "amount")
    visit.charges = [*CHARGES[:2], {**CHARGES[1], "id": "ch_5"}]
    visit.state = begin(visit.procedures["refund"], "Please refund my latest charge")
    asked = visit._on(follow(visit.procedures, visit.state, ENGLISH)).next
    assert isinstance(asked, AskCustomer)
    assert asked.question == "More than one fits. Which charge?"
    assert len(asked.options) == 3


def test_of_a_list_of_one_yes_is_enough() -> None:
    visit = Visit()
    visit.charges = CHARGES[:1]
    visit.state = begin(visit.procedures["refund"])
    visit._on(follow(visit.procedures, visit.state, ENGLISH))

    assert visit.says("yes, that one").next == AskCustomer("How much of €84.00?", (), "amount")


def test_a_mark_stands_beside_those_of_which_it_holds() -> None:
    text = changed(
        "    where:\n",
        "    marks:\n      - {field: id, is: ch_2, say: {en: made twice, de: doppelt}}\n    where:\n",
    )
    visit = Visit(text)

    assert isinstance(visit.last.next, AskCustomer)
    assert visit.last.next.options[:2] == (
        "€84.00 on 3 March 2025 (ch_1)",
        "€12.50 on 3 April 2025 (ch_2) – made twice",
    )
    assert visit.says(visit.last.next.options[1]).next == AskCustomer("How much of €12.50?", (), "amount")


def test_a_person_reads_figures_as_they_are_kept() -> None:
    visit = Visit()
    for text in ("ch_2", "12.50"):
        visit.says(text)
    over = visit.says("let me talk to a human", person=True).next

    assert isinstance(over, HandOver)
    assert "amount: 12.50 EUR." in over.summary
    assert "12.50 EUR on 2025-04-03" in over.summary


def test_an_amount_in_another_currency_is_no_answer() -> None:
    visit = Visit()
    visit.says("ch_2")

    again = visit.says("10 £").next
    assert isinstance(again, AskCustomer)
    assert again.is_again
    assert visit.says("10 €").next == AskCustomer("Refund €10.00 of ch_2?", (), "sure")


def test_what_was_chosen_is_told_by_its_name_in_the_customers_language() -> None:
    text = GREETING.replace(
        'name: {kind: text, ask: "What is your name?"}',
        'name: {kind: choice, ask: "Which?", options: {solo_m: {en: Solo by month, de: Solo je Monat}, team: Team}}',
    )
    visit = Visit(text)

    assert visit.says("by month").said == ("Hello Solo by month.",)


def test_half_of_it_is_not_guessed() -> None:
    visit = Visit()
    visit.says("ch_1")

    assert isinstance(visit.says("half of it").next, AskCustomer)
    assert isinstance(visit.says("half of 84 EUR").next, HandOver)
    assert [call.action for call in visit.called] == ["find_charges"]


@pytest.mark.parametrize(
    ("first_words", "kind"), [("I want money back", "whole"), ("I want my money back by cheque", "part"), ("", "whole")]
)
def test_what_has_a_default_is_taken_from_the_first_words_and_not_asked_for(first_words: str, kind: str) -> None:
    visit = Visit(BY_DEFAULT, first_words=first_words)

    assert visit.last.next.question == "Which charge?"  # type: ignore[union-attr]
    visit.says("ch_2")
    visit.says("all of it")
    visit.says("no")
    visit.says("ch_2")
    visit.says("all of it")
    visit.says("yes")

    assert visit.called[-1].arguments["kind"] == kind, "also once the other answers were forgotten"


def test_a_question_in_between_is_answered_and_the_open_one_comes_back() -> None:
    visit = Visit()

    aside = visit.says("How long does that take?")
    assert isinstance(aside.next, Aside)
    assert aside.next.question == "Which charge?"
    assert visit.says("the first").next == AskCustomer("How much of €84.00?", (), "amount")


def test_questions_without_end_do_not_hold_the_procedure_open() -> None:
    visit = Visit()
    said = [type(visit.says("And how is the weather?").next) for _ in range(5)]

    assert said == [Aside] * 4 + [Left]
    assert visit.state is None


WAYS_OUT = [
    "never mind",
    "Something else",
    "vergiss es",
    "forget it, please",
    "cancel",
    "never mind, cancel it",
    "cancel that please",
    "let's leave it",
    "ok, stop",
    "abbrechen",
    "ach nein, bitte abbrechen",
    "Déjà bon, annulez",
    "mejor cancelar",
    "annulla tutto",
    "deixe para lá",
    "laat maar zitten",
    "取消吧",
]
TEXT = """\
---
id: note
title: Note
when: Somebody wants to write a note.
examples: [I want to write a note]
needs:
  note: {kind: text, ask: "What shall the note say?"}
  much: {kind: money, currency: EUR, ask: "How much?"}
may_promise: {}
steps:
  - ask: note
  - ask: much
---

Words.
"""
CANCELLING = """\
---
id: cancelling
title: End a subscription
when: Somebody wants to cancel.
examples: [I want to cancel]
needs:
  way:
    kind: choice
    options: {cancel: {en: Cancel}, pause: {en: Pause it}}
    ask: What shall be done?
  sure: {kind: yes_no, ask: "Shall I cancel it?"}
may_promise: {}
steps:
  - ask: way
  - ask: sure
  - say: It is cancelled.
---

Words.
"""


@pytest.mark.parametrize("text", WAYS_OUT)
@pytest.mark.parametrize("to", ["list", "text", "money", "yes_no"])
def test_nobody_is_kept_however_they_say_it_and_whatever_was_asked(text: str, to: str) -> None:
    visit = Visit(REFUND) if to in ("list", "yes_no") else Visit(TEXT)
    for said in {"yes_no": ["ch_2", "all of it"], "money": ["Hello"]}.get(to, []):
        visit.says(said)

    assert visit.says(text, wants="refund").next == Left("unwanted")
    assert visit.state is None


@pytest.mark.parametrize("text", ["Please cancel the order of March", "Stop sending me letters", "Say I left it"])
def test_a_note_that_speaks_of_leaving_is_a_note(text: str) -> None:
    visit = Visit(TEXT)

    assert visit.says(text).next == AskCustomer("How much?", (), "much")


def test_what_the_question_itself_offers_is_no_way_out_of_it() -> None:
    visit = Visit(CANCELLING)
    assert visit.says("cancel").next == AskCustomer("Shall I cancel it?", (), "sure"), "an option, word for word"

    again = visit.says("cancel it").next
    assert isinstance(again, AskCustomer)
    assert again.is_again, "neither a yes beyond doubt nor a way out"
    assert visit.says("yes, cancel it").said == ("It is cancelled.",)
    other = Visit(CANCELLING)
    assert other.says("never mind").next == Left("unwanted")


def test_a_yes_with_a_way_out_behind_it_does_nothing() -> None:
    visit = Visit()
    for text in ("ch_2", "all of it", "ok, cancel that"):
        visit.says(text)

    assert visit.last.next == Left("unwanted")
    assert [call.action for call in visit.called] == ["find_charges"]


@pytest.mark.parametrize("text", [HIDDEN, f"{HIDDEN}.", f"my code is {HIDDEN}"])
def test_a_code_that_comes_late_is_no_answer(text: str) -> None:
    visit = Visit(TEXT)

    again = visit.says(text).next
    assert isinstance(again, AskCustomer)
    assert (again.need, again.is_again) == ("note", True)


@pytest.mark.parametrize("text", ["never mind", "Something else", "vergiss es", "forget it, please"])
def test_nobody_is_kept_in_a_procedure(text: str) -> None:
    visit = Visit()

    assert visit.says(text).next == Left("unwanted")
    assert visit.state is None
    assert [call.action for call in visit.called] == ["find_charges"]


def test_a_no_goes_back_to_the_choice_and_asks_everything_again() -> None:
    visit = Visit(first_words="")
    for text in ("1", "84", "no"):
        visit.says(text)

    assert isinstance(visit.last.next, AskCustomer)
    assert visit.last.next.need == "charge"
    assert visit.state is not None
    assert visit.state.slots == {}


def test_whoever_asks_for_a_person_gets_one() -> None:
    over = Visit().says("let me talk to a human", person=True)

    assert over.next == HandOver("The customer asks for a person.", "Procedure: Refund. charges: done.")


def test_another_wish_is_seen_to_first_and_then_the_open_question_comes_back() -> None:
    visit = Visit()
    visit.says("ch_2")

    switched = visit.says("Wait, please greet me first of all", wants="greeting")
    assert switched.next == AskCustomer("What is your name?", (), "name")
    back = visit.says("Ines")

    assert back.said == ("Hello Ines.",)
    assert back.next == AskCustomer("How much of €12.50?", (), "amount")


TWICE = """\
---
id: twice
title: Charged twice
when: Somebody was charged twice.
examples: [charged twice]
may_promise: {refund: As the receipt says.}
steps:
  - call: refund
    as: receipt
    with: {charge_id: ch_2, amount: {amount: "12.50", currency: EUR}}
    on:
      awaiting_approval:
        - say: A colleague looks at it first.
      else:
        - say: It did not work.
---

Words.
"""


@pytest.mark.parametrize(("state", "asks_again"), [("awaiting_approval", False), ("refused", True)])
def test_what_another_wish_has_brought_about_is_not_asked_for_again(state: CallState, *, asks_again: bool) -> None:
    visit = Visit(REFUND, TWICE)
    visit.ends = (state, "", "")

    switched = visit.says("It is the one that was charged twice", wants="twice")

    assert isinstance(switched.next, AskCustomer if asks_again else Ended), "which charge it is was just told"
    assert (visit.state is None) is not asks_again


def test_an_offered_answer_word_for_word_is_no_other_wish_however_it_sounds() -> None:
    visit = Visit()
    assert isinstance(visit.last.next, AskCustomer)

    taken = visit.says(visit.last.next.options[0], wants="greeting")

    assert taken.next == AskCustomer("How much of €84.00?", (), "amount")


def test_a_procedure_that_goes_to_another_one_comes_back() -> None:
    visit = Visit(OUTER, GREETING)
    ended = visit.says("Jonas")

    assert ended.said == ("Hello Jonas.", "Welcome back.")
    assert ended.next == Ended()


def test_a_procedure_that_has_changed_is_not_gone_on_with() -> None:
    visit = Visit()
    visit.procedures = {"refund": procedure(changed("title: Refund", "title: Refunds"))}

    assert visit.says("1").next == Left("changed")


def test_an_action_that_ends_as_it_never_did_when_the_procedure_was_shipped_goes_to_a_person() -> None:
    reads = "call: find_charges\n    as: charges\n    on:\n      "
    text = changed(f"{reads}else:\n", f"{reads}done: []\n      refused: []\n      failed:\n")
    found = procedure(text)
    waits = CallResult("awaiting_approval", "A colleague decides.", "It is much.", None, "act_1")

    over = follow({"refund": found}, replace(begin(found), awaits="result"), ENGLISH, result=waits).next

    assert isinstance(over, HandOver)
    assert over.reason == "“Refund” does not say what to do if find_charges is awaiting_approval."
    assert "charges: awaiting_approval (It is much.)" in over.summary


def test_who_says_once_more_what_they_want_is_heard_anew() -> None:
    text = changed("    shown:", "    from_first_words: true\n    shown:")
    visit = Visit(text, first_words="Please refund ch_2")
    same = visit.says("Please refund the charge ch_2, I mean it", wants="refund")
    other = visit.says("No, please refund my charge ch_1 to me", wants="refund")

    assert isinstance(same.next, AskCustomer)
    assert visit.state is not None
    assert (visit.state.slots["charge"]["id"], set(visit.state.slots)) == ("ch_1", {"charge"})
    assert isinstance(other.next, AskCustomer)
    assert other.next.need == "amount"


def test_an_answer_that_stands_in_the_first_words_is_not_asked_for() -> None:
    text = changed("    shown:", "    from_first_words: true\n    shown:")
    known = Visit(text, first_words="Please refund ch_2")
    unsure = Visit(text, first_words="Please refund the 84.00 EUR or 12.50 EUR")

    assert isinstance(known.last.next, AskCustomer)
    assert known.last.next.need == "amount"
    assert isinstance(unsure.last.next, AskCustomer)
    assert unsure.last.next.need == "charge"


def test_an_empty_list_goes_to_a_person() -> None:
    visit = Visit()
    visit.charges = []
    visit.state = begin(visit.procedures["refund"])
    over = visit._on(follow(visit.procedures, visit.state, ENGLISH))

    assert isinstance(over.next, HandOver)


def test_what_comes_from_outside_is_shown_as_plain_words() -> None:
    visit = Visit()
    evil = {**CHARGES[0], "id": "[click](https://evil.example)\n# Pay <b>now</b>"}
    visit.charges = [evil, CHARGES[1]]
    visit.state = begin(visit.procedures["refund"])
    asked = visit._on(follow(visit.procedures, visit.state, ENGLISH))

    assert isinstance(asked.next, AskCustomer)
    assert asked.next.options[0] == "€84.00 on 3 March 2025 (click(…) Pay bnow/b)"


def test_a_procedure_that_the_customer_did_not_ask_for_asks_first_and_does_nothing_before() -> None:
    visit = Visit()
    visit.state = begin(visit.procedures["refund"], is_asked_for=False)
    visit.called.clear()
    asked = visit._on(follow(visit.procedures, visit.state, ENGLISH))
    assert isinstance(asked.next, AskCustomer)
    assert visit.procedures["refund"].title in asked.next.question
    waits, called = visit.state, list(visit.called)

    for no in ("no", "No. I have not asked for that. What is it?"):
        visit.state = waits
        assert visit.says(no).next == Left("unwanted")
    visit.state = waits
    assert (visit.called, called) == ([], [])
    begun = visit.says("yes").next
    assert isinstance(begun, AskCustomer)
    assert begun.need == "charge"


def test_a_result_that_says_nothing_is_not_built_upon() -> None:
    visit = Visit()
    assert visit.state is not None
    state = begin(visit.procedures["refund"])
    called = follow(visit.procedures, state, ENGLISH)
    assert called.under_way is not None
    nothing = CallResult("done", "", "", None)

    assert isinstance(follow(visit.procedures, called.under_way, ENGLISH, result=nothing).next, HandOver)


SAYINGS = [
    "yes", "no", "1", "2", "3", "the second", "ch_2", "ch_9", "84", "12,50 €", "half", "all of it", "never mind", "?",
    "How long?", "", " ", "\x00", "{charge.id}", "ja", "第一", "March", "2025-03-03", "-5 EUR", "1e9 EUR", "NaN",
    "something else", "please refund everything I ever paid you", "No, I want something quite different now",
]  # fmt: skip
STATES: list[CallState] = [
    "refused", "awaiting_approval", "declined", "expired", "ready", "sent", "unknown", "done", "failed", "undone",
]  # fmt: skip
CONTENTS = st.one_of(
    st.none(),
    st.just({"reference": "c", "charges": CHARGES}),
    st.just({"charges": [{"id": 7, "at": None, "amount": "x", "paid": True}, "no", None, CHARGES[0]]}),
    st.just({"charges": "none"}),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
)
HEARD = st.builds(
    Heard,
    text=st.sampled_from(SAYINGS) | st.text(max_size=60),
    wants=st.sampled_from([None, None, None, "greeting", "outer", "nothing"]),
    is_question=st.booleans(),
    wants_person=st.sampled_from([False] * 9 + [True]),
)
RESULTS = st.builds(
    CallResult,
    state=st.sampled_from([*STATES, *["done"] * 10]),
    summary=st.sampled_from(["", "RECEIPT", "Sent."]),
    reason=st.sampled_from(["", "because"]),
    content=CONTENTS,
)


@settings(max_examples=400)
@given(
    spoken=st.sampled_from(sorted(languages())),
    first=st.sampled_from(SAYINGS) | st.text(max_size=40),
    moves=st.lists(st.tuples(HEARD, RESULTS), max_size=25),
)
def test_no_conversation_breaks_it(spoken: str, first: str, moves: list[tuple[Heard, CallResult]]) -> None:
    """Nothing raises or goes round; every argument was given; an effect is told only from a receipt that is done."""
    procedures = {each.id: each for each in map(procedure, (REFUND, GREETING, OUTER))}
    is_done = False
    followed = follow(procedures, begin(procedures["refund"], first), language(spoken))
    for heard, result in moves:
        told = "\n".join(followed.said)
        if "Done:" in told:
            assert is_done, "it told of a receipt that was not there"
        state = followed.under_way
        if state is None:
            assert isinstance(followed.next, HandOver | Ended | Left)
            return
        if isinstance(followed.next, CallAction):
            _check_arguments(followed.next, state, procedures[state.procedure])
            is_refund = followed.next.action == "refund"
            is_done = is_done or (is_refund and result.state == "done")
            followed = follow(procedures, state, language(spoken), result=result)
        else:
            assert isinstance(followed.next, AskCustomer | Aside)
            assert state.asked_in_vain < 2
            assert len(state.put_aside) <= 6
            followed = follow(procedures, state, language(spoken), heard=heard)
        assert json.loads(msgspec.json.encode(followed.under_way)) is None or followed.under_way is not None


def _check_arguments(call: CallAction, state: UnderWay, of: Procedure) -> None:
    written = set(_leaves([getattr(each, "arguments", {}) for each in of.steps.values()]))
    known = {*_leaves(dict(state.slots)), *_leaves([each.content for each in state.results.values()]), *written}
    for leaf in _leaves(call.arguments):
        assert leaf in known, f"nobody gave {leaf!r}"


def _leaves(value: Any) -> list[Any]:
    walk: Callable[[Any], list[Any]] = _leaves
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in walk(each)]
    if isinstance(value, list | tuple):
        return [leaf for each in value for leaf in walk(each)]
    return [json.dumps(value)]


def test_what_may_be_a_way_out_of_a_wish_that_nobody_has_agreed_to_is_asked_about_once() -> None:
    visit = Visit(changed("title: Refund\n", "title: Cancel the subscription\n"))
    visit.state = begin(visit.procedures["refund"], is_asked_for=False)

    assert isinstance(visit.says("cancel it").next, AskCustomer)
    assert isinstance(visit.says("cancel it").next, Left)


def test_whoever_is_asked_whether_they_want_one_thing_may_ask_for_another_instead() -> None:
    visit = Visit()
    visit.state = begin(visit.procedures["refund"], is_asked_for=False)

    assert isinstance(visit.says("Please greet me", wants="greeting").next, AskCustomer)
    assert visit.state is not None
    assert visit.state.procedure == "greeting"
    assert not visit.state.put_aside, "what nobody has agreed to is not come back to"


def test_a_doubt_whether_something_is_wanted_ends_with_an_answer_and_not_with_the_first_words() -> None:
    visit = Visit(changed("    id: id\n", "    id: id\n    from_first_words: true\n"))
    visit.state = begin(visit.procedures["refund"], "ch_1 went from my card", is_doubtful=True)

    visit.last = visit._on(follow(visit.procedures, visit.state, ENGLISH))
    assert visit.state.is_doubtful
    visit.says("all of it")
    assert visit.state is not None
    assert not visit.state.is_doubtful


def test_a_question_about_what_is_offered_is_answered_and_the_offer_stands_for_a_while() -> None:
    visit = Visit()
    visit.state = begin(visit.procedures["refund"], is_asked_for=False)

    for _ in range(ASIDES_MAX):
        aside = visit.says("What is that?").next
        assert isinstance(aside, Aside)
        assert visit.procedures["refund"].title in aside.question
    assert isinstance(visit.says("What is that?").next, Left)


@pytest.mark.parametrize("yes", ["yes", "Sure, go ahead", "ok, yes please", "Yes and yes."])
def test_a_yes_in_several_parts_is_a_yes(yes: str) -> None:
    visit = Visit()
    visit.state = begin(visit.procedures["refund"], is_asked_for=False)

    begun = visit.says(yes).next

    assert isinstance(begun, AskCustomer)
    assert begun.need == "charge"


def test_who_neither_agrees_nor_refuses_is_asked_once_more() -> None:
    visit = Visit()
    visit.state = begin(visit.procedures["refund"], is_asked_for=False)

    assert isinstance(visit.says("maybe").next, AskCustomer)
    assert isinstance(visit.says("I am in two minds about it").next, Left)
