"""A procedure that cannot be followed to its end is found before a customer is led into it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.knowledge.procedures.heads import schema
from answerable.knowledge.procedures.promises import states_effect
from answerable.knowledge.procedures.reading import read_procedure
from tests.procedures.shop import BY_DEFAULT, REFUND, changed, faults


def test_a_procedure_without_faults_is_left_in_peace() -> None:
    assert faults(REFUND) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("call: refund\n", "call: refnd\n", "0.md:42: There is no action refnd. There is: find_charges, refund."),
        ("      kind: whole\n", "", "refund needs kind, and it is not given."),
        ("      kind: whole\n", "      kind: half\n", "refund.kind is 'half', and must be one of whole, part."),
        ("      kind: whole\n", "      kind: whole\n      colour: red\n", "refund does not take colour."),
        ("      kind: whole\n", '      kind: whole\n      times: "3"\n', "refund.times is '3', and must be a whole"),
        ('"{amount}"\n      kind', '"{charge.id}"\n      kind', "refund.amount: {charge.id} is a text, and must be"),
        ('"{amount}"\n      kind', '"{charge}"\n      kind', "refund.amount: {charge} has no currency."),
        ('charge_id: "{charge.id}"', 'charge_id: "{sure}"', "is yes or no, and must be a text."),
        ('charge_id: "{charge.id}"', "charge_id: 7", "refund.charge_id is 7, and must be a text."),
        ('charge_id: "{charge.id}"', "charge_id: in_7", "must look like ^ch_."),
        ('charge_id: "{charge.id}"', 'charge_id: "{chargé}"', "A brace that is no place"),
        ('charge_id: "{charge.id}"', 'charge_id: "{card.id}"', "Nothing is called card. There is: amount, charge"),
        ('charge_id: "{charge.id}"', 'charge_id: "{charge.name}"', "charge has no name."),
        ("kind: whole\n    on:", "kind: whole\n    as_: x\n    on:", "It contains unknown field “as_”."),
        ("      unknown:\n", "      perhaps:\n", "A call of refund never ends as perhaps"),
        ("      else:\n        - hand_off: \"No charges: {charges.reason}\"", "      failed: []", "ends as refused?"),
        ("    else: []\n", "", "missing required field “else”"),
        ('is: "no"', 'is: "nope"', "sure is never nope: it is one of yes, no."),
        ("branch: sure", "branch: surely", "Nothing is called surely."),
        ("branch: sure", "branch: receipt.state", "receipt is not known here on every way that leads here."),
        ("forget: [charge, amount, sure]", "forget: [where]", "goes round for ever"),
        ("back_to: which", "back_to: nowhere", "There is no step of the name nowhere."),
        ("  - ask: amount\n", "", "amount is not known here on every way that leads here."),
        ("  - ask: amount\n", "  - ask: colour\n", "There is no need colour."),
        ("found: charges.charges", "found: charges.reference", "charges.reference is no list to choose from."),
        ("found: charges.charges", "found: charges.bills", "charges has no bills."),
        ("({id})", "({name})", "One of charges.charges has no name."),
        ("field: paid", "field: payed", "One of charges.charges has no payed."),
        ("say: I may not do that.", "say: It was refunded anyway.", "“It was refunded anyway.” promises an effect"),
        ("say: I do not know yet", "say: I have refunded {amount}. I do not know yet", "“I have refunded this.”"),
        ("say: I do not know yet", 'say: "{receipt.reference}. I do not know yet', "This is not valid YAML"),
        ("  refund: That it is on its way.", "  find_charges: Everything.", "may_promise does not name refund."),
        ("  refund: That it is on its way.", "  find_charges: All.", "find_charges only reads: there is nothing"),
        ("may_promise:\n", "may_promise:\n  send_flowers: Roses.\n", "It promises send_flowers and never does it."),
        ('say: "Done: {receipt.summary}"', "say: It is done.", "“It is done.” promises an effect"),
        ('say: "Done: {receipt.summary}"', "say: It has been paid.", "“It has been paid.” promises an effect"),
        ("say: I may not do that.", "say: I'll refund you right away.", "“I'll refund you right away.” promises an"),
        ("kind: yes_no", "kind: maybe", "kind: Invalid enum value 'maybe'. It is one of: choice, date, found, id, mon"),
        ("            forget: [charge, amount, sure]\n", "", "back_to says in forget what is asked for again"),
        ("    ask: How much of {charge.amount}?\n", "", "A need says in ask how it is asked for."),
        ("kind: yes_no", "kind: choice", "A need of the kind choice must say its options."),
        ("kind: yes_no", "kind: yes_no\n    pattern: x", "A need of the kind yes_no has no pattern."),
        ("kind: yes_no", "kind: id\n    pattern: '['", "The pattern cannot be used"),
        ("kind: yes_no", "kind: yes_no\n    also: {a: [b]}", "A need of the kind yes_no has no also."),
        ("kind: yes_no", "kind: choice\n    options: {a: A}\n    also: {b: [c]}", "b is none of the options."),
        ("kind: yes_no", "kind: choice\n    options: {a: A}\n    also: {a: c}", "also is a list of words for each"),
        ("id: refund\n", "id: Refund me\n", "id: Expected “str” matching regex"),
        ("title: Refund\n", "title: Refund\ntitle: Again\n", "0.md:4: “title” stands here twice."),
        ("examples: [Give me my money back]", "examples: []", "examples:"),
        ("    name: which\n", "    name: 7th\n", "name:"),
        ("  - ask: sure\n", "  - asks: sure\n", "A step begins with one of these words: call, ask"),
        ("  - ask: sure\n", "  - just this\n", "A step begins with one of these words: call, ask"),
        ("  - ask: sure\n", "  - ask: sure\n    call: refund\n", "This one has call and ask."),
        ("\nAsk which charge, how much, and whether they are sure.\n", "\n", "Below the head stand words for people"),
        ("ask: How much of {charge.amount}?", "ask: {english: How much}", "“english” is no language"),
        ("is: \"no\"\n", 'is: "no"\n        at_most: 3\n', "A condition is one of: is, at_most, at_least, is_empty."),
        ("as: receipt", "as: sure", "sure is the name of a need as well."),
    ],
    ids=lambda text: str(text)[:30],
)  # fmt: skip
def test_each_fault_is_a_sentence_with_file_and_line(old: str, new: str, said: str) -> None:
    found = faults(changed(old, new))

    assert any(said.replace("“", "").replace("”", "") in each.replace("“", "").replace("”", "") for each in found), (
        found
    )
    assert all(each.startswith("0.md:") and each.split(":")[1].isdigit() for each in found)


def test_what_is_never_reached_and_what_is_never_asked_is_told() -> None:
    unreached = changed("  - ask: amount\n", "  - ask: amount\n  - end: Enough.\n")
    unasked = changed("needs:\n", "needs:\n  colour:\n    kind: text\n    ask: Which colour?\n")

    assert any("Nothing leads to this step." in each for each in faults(unreached))
    assert faults(unasked) == ["0.md:7: colour is never asked for."]


def test_what_has_a_default_is_known_everywhere_and_never_asked_for() -> None:
    assert faults(BY_DEFAULT) == []
    assert faults(BY_DEFAULT.replace("default: whole", "default: half")) == [
        "0.md:10: half is none of the options: whole, part."
    ]
    assert faults(BY_DEFAULT.replace("default: whole", "default: whole\n    ask: Which?")) == [
        "0.md:11: A need with a default is never asked for: leave ask out, or default."
    ]
    assert faults(BY_DEFAULT.replace("  - ask: amount\n", "  - ask: amount\n  - ask: kind\n")) == [
        "0.md:38: kind has a default and is never asked for: leave this step out."
    ]
    assert any(
        "kind has a default and is never asked for: it cannot be forgotten." in each
        for each in faults(BY_DEFAULT.replace("[charge, amount, sure]", "[charge, amount, sure, kind]"))
    )


def test_a_receipt_is_told_only_where_the_call_is_done() -> None:
    elsewhere = changed("say: I do not know yet whether it worked.", 'say: "{receipt.reference}?"')
    mixed = changed("      unknown:\n        - say: I do not know yet whether it worked.\n", "")

    assert any("receipt.reference is there only if receipt is done" in each for each in faults(elsewhere))
    assert faults(mixed) == [], "the rest goes to else"


GO_TO = """\
---
id: {id}
title: {id}
when: Always.
examples: [hello]
steps:
{steps}
---

Words.
"""


def _goes(id_: str, *steps: str) -> str:
    return GO_TO.format(id=id_, steps="\n".join(f"  - {each}" for each in steps))


@pytest.mark.parametrize(
    "said", ["It has been paid.", "Your payout was made.", "Ihr Geld wurde ausgezahlt.", "Le virement a été effectué."]
)
def test_a_procedure_that_does_nothing_promises_nothing(said: str) -> None:
    found = faults(_goes("one", f'say: "{said}"'))

    assert len(found) == 1
    assert f"“{said}” promises an effect without its receipt" in found[0]
    assert faults(_goes("one", 'say: "The invoice was paid on 3 March."')) == []


def test_a_way_to_another_procedure_comes_back() -> None:
    there_and_back = [_goes("one", "go_to: two", "say: Welcome back."), _goes("two", "say: Here.")]
    never = [_goes("one", "go_to: two"), _goes("two", "hand_off: Too hard.")]
    for_ever = [_goes("one", "go_to: two"), _goes("two", "go_to: one")]
    alone = [_goes("one", "go_to: one")]

    assert faults(*there_and_back) == []
    assert faults(*never) == ["0.md:7: two never comes back: every way through it goes to a person."]
    assert len(faults(*for_ever)) == 2
    assert "leads back here" in faults(*alone)[0]
    assert faults(_goes("one", "go_to: three")) == ["0.md:7: There is no procedure three. There is: one."]


def test_an_id_belongs_to_one_procedure() -> None:
    assert faults(_goes("one", "end"), _goes("one", "end")) == ["1.md:2: 0.md has the id one, too."]


@pytest.mark.parametrize(
    "text",
    [
        "It has been refunded.",
        "I've cancelled your plan for you.",
        "Your money is on its way!",
        "You will receive an e-mail.",
        "It's done.",
        "Nothing else is needed, and your invoice was sent.",
        "Der Betrag wurde erstattet.",
        "Ich habe die Rechnung verschickt.",
        "Se le ha reembolsado el importe.",
        "Votre abonnement est résilié.",
        "已退款",
    ],
)
def test_a_promise_is_told_in_several_languages(text: str) -> None:
    assert states_effect(text)


@pytest.mark.parametrize(
    "text",
    [
        "Shall it be refunded?",
        "Nothing was refunded.",
        "It cannot be changed here.",
        "A colleague decides whether it is refunded.",
        "Es wurde nichts erstattet.",
        "No se ha enviado nada.",
        "How much shall be given back?",
        "I am asking my colleague.",
        "未退款",
    ],
)
def test_what_denies_or_asks_promises_nothing(text: str) -> None:
    assert states_effect(text) is None


@given(st.text(max_size=400))
def test_no_file_makes_the_reader_stumble(text: str) -> None:
    for whole in (text, f"---\n{text}\n---\nWords.", f"---\nid: a\ntitle: b\nsteps:\n{text}\n---\nWords."):
        found, wrong = read_procedure(whole, file="any.md")
        assert (found is None) == bool(wrong)


def test_aliases_of_aliases_are_refused() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    found, wrong = read_procedure(f"---\na0: &a0 [x]\n{levels}---\nWords.", file="bomb.md")

    assert found is None
    assert "too large" in str(wrong[0])


def test_the_schema_in_the_docs_is_the_one_of_the_code() -> None:
    kept = Path(__file__).resolve().parents[2] / "docs" / "reference" / "procedure.schema.json"

    assert json.loads(kept.read_text()) == schema(), "run `python -m tools.procedure_schema`"
