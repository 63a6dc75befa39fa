"""A small shop: its actions as procedures see them, and procedures to be taken apart."""

from answerable.domain.procedures import ActionShape, Procedure
from answerable.knowledge.procedures.linting import faults_in
from answerable.knowledge.procedures.reading import read_procedure

MONEY = {
    "type": "object",
    "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
    "additionalProperties": False,
}
CHARGE = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "at": {"type": "string"}, "amount": MONEY, "paid": {"type": "boolean"}},
}
FOUND = {
    "type": "object",
    "properties": {"reference": {"type": "string"}, "charges": {"type": "array", "items": CHARGE}},
}
ACTIONS = {
    "find_charges": ActionShape(
        "find_charges",
        "reads",
        {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
        FOUND,
    ),
    "refund": ActionShape(
        "refund",
        "moves_money",
        {
            "type": "object",
            "properties": {
                "charge_id": {"type": "string", "pattern": "^ch_"},
                "amount": MONEY,
                "kind": {"enum": ["whole", "part"]},
                "times": {"type": "integer", "default": 1},
            },
            "required": ["charge_id", "amount", "kind"],
            "additionalProperties": False,
        },
        {"type": "object", "properties": {"reference": {"type": "string"}, "summary": {"type": "string"}}},
    ),
}

REFUND = """\
---
id: refund
title: Refund
when: Somebody wants money back.
examples: [Give me my money back]
needs:
  charge:
    kind: found
    found: charges.charges
    id: id
    shown: "{amount} on {at} ({id})"
    where:
      - {field: paid, is: "yes"}
    ask: {en: "Which charge?", de: "Welche Zahlung?"}
  amount:
    kind: money
    currency: "{charge.amount.currency}"
    whole: "{charge.amount}"
    ask: How much of {charge.amount}?
  sure:
    kind: yes_no
    ask: Refund {amount} of {charge.id}?
may_promise:
  refund: That it is on its way.
steps:
  - call: find_charges
    as: charges
    on:
      else:
        - hand_off: "No charges: {charges.reason}"
  - ask: charge
    name: which
  - ask: amount
  - ask: sure
  - branch: sure
    cases:
      - is: "no"
        do:
          - back_to: which
            forget: [charge, amount, sure]
    else: []
  - call: refund
    as: receipt
    with:
      charge_id: "{charge.id}"
      amount: "{amount}"
      kind: whole
    on:
      done:
        - say: "Done: {receipt.summary}"
      awaiting_approval:
        - say: A colleague decides about {amount}.
      unknown:
        - say: I do not know yet whether it worked.
      else:
        - hand_off: "Not refunded: {receipt.reason}"
          say: I may not do that.
---

Ask which charge, how much, and whether they are sure.
"""


def procedure(text: str, file: str = "refund.md") -> Procedure:
    """What is read of a file that can be read."""
    found, faults = read_procedure(text, file=file)
    assert found is not None, faults
    return found


def faults(*texts: str) -> list[str]:
    """Everything that is said about some files, with its line."""
    found, said = [], []
    for number, text in enumerate(texts):
        read, wrong = read_procedure(text, file=f"{number}.md")
        found += [read] if read is not None else []
        said += wrong
    return [str(each) for each in sorted([*said, *faults_in(found, ACTIONS)])]


def changed(old: str, new: str, text: str = REFUND) -> str:
    """The procedure with one thing in it changed."""
    assert text.count(old) == 1, text.count(old)
    return text.replace(old, new)


BY_DEFAULT = changed(
    "needs:\n",
    """\
needs:
  kind:
    kind: choice
    options: {whole: by card, part: by cheque}
    default: whole
""",
).replace("kind: whole\n    on", 'kind: "{kind}"\n    on')
"""REFUND with a need that nobody is asked for."""
