"""What can be checked of ABCD's guidelines is ruled on as they say it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from answerable.actions.loading import load_actions
from answerable.actions.policies import rule
from answerable.actions.policy_heads import clauses_of
from benchmarks import abcd_policies

HERE = Path(abcd_policies.__file__).parent / "abcd_world"
DECLARED = load_actions(HERE / "actions")
CLAUSES = clauses_of("guidelines", yaml.safe_load((HERE / "clauses.yaml").read_text(encoding="utf-8")), DECLARED)
RETURN = {"kind": "return", "has_receipt": False, "is_in_packaging": False}
BILL = {"because": "disputed bill", "has_company_erred": False, "has_shipped": False}


@pytest.mark.parametrize(
    ("action", "facts", "clause"),
    [
        ("update_order", {**RETURN, "membership": "gold", "days_since_purchase": 900}, "AB-01"),
        ("update_order", {**RETURN, "membership": "silver", "days_since_purchase": 182}, "AB-02"),
        ("update_order", {**RETURN, "membership": "silver", "days_since_purchase": 183}, None),
        ("update_order", {**RETURN, "membership": "bronze", "days_since_purchase": 91}, None),
        (
            "update_order",
            {**RETURN, "membership": "bronze", "days_since_purchase": 91, "is_in_packaging": True},
            "AB-07",
        ),
        ("update_order", {**RETURN, "membership": "guest", "days_since_purchase": 31, "is_in_packaging": True}, None),
        ("update_order", {**RETURN, "membership": "guest", "days_since_purchase": 31, "has_receipt": True}, "AB-05"),
        ("update_order", {"kind": "fee", "membership": "bronze", "has_company_erred": False}, None),
        ("update_order", {"kind": "fee", "membership": "silver", "has_company_erred": False}, "AB-12"),
        ("update_order", {"kind": "method", "is_out": True}, None),
        ("update_order", {"kind": "date", "shipping": "in transit"}, None),
        ("promo_code", {"because": "a code that fails", "membership": "guest"}, None),
        ("promo_code", {"because": "a code that fails", "membership": "bronze"}, "AB-21"),
        ("update_account", {"kind": "extend subscription", "membership": "silver", "days_late": 2}, None),
        ("update_account", {"kind": "extend subscription", "membership": "silver", "days_late": 1}, "AB-31"),
        ("offer_refund", {**BILL, "membership": "silver", "amount": 9.5}, "AB-41"),
        ("offer_refund", {**BILL, "membership": "silver", "amount": 10}, None),
        ("offer_refund", {"because": "cancelled order", "membership": "guest", "has_shipped": True}, None),
        ("offer_refund", {"because": "cancelled order", "membership": "silver", "has_shipped": True}, "AB-44"),
    ],
)
def test_a_guideline_is_ruled_on_as_it_says(action: str, facts: dict[str, Any], clause: str | None) -> None:
    ruling = rule(CLAUSES, action, facts, None)

    assert ruling.is_allowed == (clause is not None)
    if clause is not None:
        assert clause in [each.clause_id for each in ruling.verdicts if each.holds]


async def test_guidelines_load_as_the_program_loads_a_workspace() -> None:
    step = {"type": "interaction", "button": "Pull up Account", "text": "Ask who it is.", "subtext": ["Name"]}
    guidelines = {"Orders": {"subflows": {"Late order": {"instructions": ["Be kind."], "actions": [step]}}}}

    loaded = await abcd_policies.load(guidelines)

    assert (loaded["guidelines"], loaded["articles"], loaded["clauses"]) == (1, 1, len(CLAUSES))
    assert abcd_policies.kind_of("Pull up Account", loaded["actions"]) == "a declared action"
    assert abcd_policies.kind_of("N/A", loaded["actions"]) == "said"
