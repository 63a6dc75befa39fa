"""What reps decide about, look at, take back and carry away, over HTTP."""

import asyncio
import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from answerable.domain.clock import now
from answerable.domain.money import money
from answerable.store import clauses
from tests.actions.bank import NO_DISPUTE, RULES, WHOLE_ONLY, euros
from tests.api.shop import Shop
from tests.walks.company import REPLY_SECONDS_MAX, Rep


async def test_a_refund_above_the_limit_waits_with_all_that_the_card_needs(shop: Shop) -> None:
    ines, maya = await shop.asker(says="Charged twice. My money back, please."), await shop.company.rep("Maya Okafor")

    small, large = await shop.agent_asks(ines, "20.00"), await shop.agent_asks(ines, "84.00")

    (card,) = (await maya.get("/api/approvals"))["items"]
    assert (small.state, large.state) == ("done", "awaiting_approval")
    assert card["call"]["id"] == large.id
    assert card["call"]["title"] == "Refund charge"
    assert card["call"]["money"] == {"amount": "84.00", "currency": "EUR"}
    assert card["call"]["requested_by"] == {"kind": "agent", "id": None, "name": "AI agent"}
    assert card["call"]["customer"]["name"] == "Ines Carvalho"
    assert card["arguments"] == [
        {"name": "Charge id", "value": "ch_ines"},
        {"name": "Amount", "value": "84.00 EUR"},
    ]
    assert {"name": "Is disputed", "value": "no"} in card["facts"]
    assert {(each["clause_id"], each["outcome"]) for each in card["checks"]} == {
        ("R-1", "allows"),
        ("R-2", "does_not_apply"),
        ("R-3", "needs_a_person"),
        ("R-4", "does_not_apply"),
    }
    assert card["rule"] == {"clause_id": "R-3", "title": "Clause R-3", "says": "What R-3 says."}
    assert [each["text"] for each in card["evidence"]] == ["Charged twice. My money back, please."]
    assert (card["approval"]["needed"], card["approval"]["approved_by"]) == (1, [])
    assert (card["may_decide"], card["why_not"], card["can_change"]) == (True, None, True)


async def test_who_approves_makes_it_happen_and_who_clicks_second_hears_who_was_first(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    tom = await shop.company.rep("Tom Berg")
    await shop.agent_asks(ines, "84.00")
    approval = (await maya.get("/api/approvals"))["items"][0]["approval"]["id"]

    answers = await asyncio.gather(
        *(each.post(f"/api/approvals/{approval}/approve", {}) for each in (maya, maya, tom, tom))
    )

    assert sorted(each.status_code for each in answers) == [200, 200, 409, 409], "who clicks twice has decided once"
    first, again = (each.json() for each in answers if each.status_code == 200)
    assert {first["call"]["state"], again["call"]["state"]} <= {"sent", "done"}
    who = first["approval"]["decided_by"]["name"]
    assert again["approval"] == first["approval"]
    for late in (each.json() for each in answers if each.status_code == 409):
        assert late["detail"].startswith(f"It is decided already: {who} approved it on ")
        assert late["detail"].endswith(" UTC.")
    assert len(shop.bank.refunds) == 1
    assert (await maya.get("/api/approvals"))["items"] == []
    assert [each["approval"]["id"] for each in (await maya.get("/api/approvals", state="decided"))["items"]] == [
        approval
    ]


async def test_less_can_be_approved_and_more_cannot(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    await shop.agent_asks(ines, "84.00")
    approval = (await maya.get("/api/approvals"))["items"][0]["approval"]["id"]
    path = f"/api/approvals/{approval}/approve"

    more = await maya.post(path, {"amount": "85.00"})
    unexplained = await maya.post(path, {"amount": "50.00", "reason": " "})
    nonsense = [await maya.post(path, {"amount": each}) for each in ("-5", "1e3", "NaN", "", "50.001", "٥")]
    less = await maya.post(path, {"amount": "50.0", "reason": "Half of it was used."})

    assert unexplained.status_code == 400
    assert unexplained.json()["detail"] == (
        "Say why it is less: the customer is told. Nothing is decided: it still waits."
    )
    assert more.status_code == 400
    assert "only to less" in more.json()["detail"]
    assert [each.status_code for each in nonsense] == [400] * 6
    assert less.status_code == 200
    assert less.json()["call"]["money"] == {"amount": "50.00", "currency": "EUR"}
    assert {"name": "Amount", "value": "50.00 EUR"} in less.json()["arguments"]
    assert less.json()["approval"]["reason"] == "Half of it was used."
    assert [str(each) for _, each in shop.bank.refunds.values()] == ["50.00 EUR"]


async def test_who_made_an_amount_smaller_from_what_to_what_and_why_is_said_wherever_the_call_is(shop: Shop) -> None:
    ines, lena = await shop.asker(), await shop.company.rep("Lena Vogt", "lead")
    paul = await shop.company.rep("Paul Sand", "lead")
    call = await shop.agent_asks(ines, "180.00")
    approval = (await lena.get("/api/approvals"))["items"][0]["approval"]["id"]
    path = f"/api/approvals/{approval}/approve"

    first = await lena.post(path, {"amount": "170.00", "reason": "=A part was used.", "note": "Third time this year."})
    second = await paul.post(path, {"amount": "160.00", "reason": "Another part, too."})

    card, detail = second.json()["call"], await lena.get(f"/api/actions/{call.id}")
    (row,) = (await lena.get("/api/actions"))["items"]
    assert (first.status_code, card["state"], card["money"]["amount"]) == (200, "done", "160.00")
    assert [
        (each["by"]["name"], each["before"]["amount"], each["after"]["amount"], each["reason"])
        for each in detail["call"]["changes"]
    ] == [
        ("Lena Vogt", "180.00", "170.00", "=A part was used."),
        ("Paul Sand", "170.00", "160.00", "Another part, too."),
    ]
    assert row["changes"] == card["changes"] == detail["call"]["changes"]
    assert [(each["by"]["name"], each["text"]) for each in row["notes"]] == [("Lena Vogt", "Third time this year.")]
    assert [each["money"]["amount"] for each in detail["record"]] == ["180.00", "170.00", "160.00", "160.00", "160.00"]
    assert detail["record"][1]["reason"] == "Lena Vogt approved 170.00 EUR of 180.00 EUR; one more person must."
    assert (detail["record"][1]["why"], detail["record"][1]["note"]) == ("=A part was used.", "Third time this year.")
    table = await lena.http.get("/api/actions/export", params={"format": "csv"})
    (exported,) = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert (exported["amount"], exported["amount_asked"]) == ("160.00", "180.00")
    assert exported["amount_changed_by"] == "Lena Vogt, Paul Sand"
    assert exported["amount_changed_why"] == "'=A part was used.; Another part, too."
    assert exported["notes"] == "Lena Vogt: Third time this year."
    lines = await lena.http.get("/api/actions/export", params={"format": "jsonl"})
    record = json.loads(lines.text)["record"]
    assert [each["money"]["amount"] for each in record] == ["180.00", "170.00", "160.00", "160.00", "160.00"]
    assert [each["note"] for each in record] == [None, "Third time this year.", None, None, None]


async def test_what_nobody_changed_says_so_and_what_is_said_of_all_of_it_is_a_note(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    await shop.agent_asks(ines, "84.00")
    approval = (await maya.get("/api/approvals"))["items"][0]["approval"]["id"]

    done = await maya.post(f"/api/approvals/{approval}/approve", {"amount": "84.00", "reason": "A good customer."})

    assert (done.json()["call"]["state"], done.json()["call"]["changes"]) == ("done", [])
    assert [each["text"] for each in done.json()["call"]["notes"]] == ["A good customer."]
    assert done.json()["approval"]["reason"] is None, "this is what the customer reads"


async def test_an_amount_that_a_clause_fixes_is_not_offered_for_change_and_stays(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    fixed = replace(WHOLE_ONLY, fixed_amount=True)
    await shop.company.house.store.write(clauses.put, [*RULES, fixed], now())
    await shop.agent_asks(ines, "84.00")
    shop.bank.charges[ines.charge] = ("ines@example.com", money("84.00", "EUR"))
    await shop.agent_asks(ines, "84.00")

    (card,) = (await maya.get("/api/approvals"))["items"]
    less = await maya.post(f"/api/approvals/{card['approval']['id']}/approve", {"amount": "50.00", "reason": "Half."})

    assert card["can_change"] is False
    assert card["why_not_change"] == "It is this amount or nothing. R-5 Clause R-5: What R-5 says."
    assert less.status_code == 400
    assert less.json()["detail"] == (
        "The amount cannot be changed. R-5 Clause R-5: What R-5 says. Nothing is decided: it still waits."
    )
    assert (await maya.get("/api/approvals"))["items"] == [card]


async def test_who_approves_less_than_a_clause_lets_is_told_at_once_and_nothing_is_decided(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    await shop.company.house.store.write(clauses.put, [*RULES, WHOLE_ONLY], now())
    shop.bank.charges[ines.charge] = ("ines@example.com", money("84.00", "EUR"))
    await shop.agent_asks(ines, "84.00")
    (card,) = (await maya.get("/api/approvals"))["items"]
    path = f"/api/approvals/{card['approval']['id']}/approve"

    less = await maya.post(path, {"amount": "50.00", "reason": "Half of it was used."})
    shop.bank.facts_are_away = True
    unknown = await maya.post(path, {"amount": "50.00", "reason": "Half of it was used."})
    shop.bank.facts_are_away = False

    assert (card["can_change"], card["why_not_change"]) == (True, None), "no clause says so beforehand"
    assert (less.status_code, unknown.status_code) == (400, 400)
    assert less.json()["detail"] == (
        "50.00 EUR cannot be approved. R-5 Clause R-5: What R-5 says. Nothing is decided: it still waits."
    )
    assert unknown.json()["detail"].startswith("50.00 EUR cannot be approved. What has to be known first could not be")
    assert (await maya.get("/api/approvals"))["items"] == [card]
    assert shop.bank.asked == []
    assert (await maya.post(path, {})).json()["call"]["state"] == "done"


async def test_what_a_rule_refuses_is_recorded_as_the_programs_doing_whoever_asked_or_approved(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    waits = await shop.agent_asks(ines, "84.00")
    approval = (await maya.get("/api/approvals"))["items"][0]["approval"]["id"]
    rules = [*RULES, replace(NO_DISPUTE, id="R-9", when=())]
    await shop.company.house.store.write(clauses.put, rules, now())

    at_once = await shop.agent_asks(ines, "20.00")
    late = await maya.post(f"/api/approvals/{approval}/approve", {})

    assert (at_once.state, late.json()["call"]["state"]) == ("refused", "refused")
    for call in (at_once, waits):
        (*_, last) = (await maya.get(f"/api/actions/{call.id}"))["record"]
        assert (last["state"], last["by"]["name"], last["reason"]) == (
            *("refused", "Answerable", "R-9 Clause R-2: What R-2 says."),
        )
    approved = late.json()["approval"]
    assert (approved["state"], approved["decided_by"]["name"]) == ("refused", "Answerable")
    assert [each["name"] for each in approved["approved_by"]] == ["Maya Okafor"]
    *_, yes, _ = (await maya.get(f"/api/actions/{waits.id}"))["record"]
    assert (yes["by"]["name"], yes["reason"]) == ("Maya Okafor", "Maya Okafor approved it.")


async def test_the_card_shows_what_the_clauses_of_this_moment_say(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    lena, paul = await shop.company.rep("Lena Vogt", "lead"), await shop.company.rep("Paul Sand", "lead")
    await shop.agent_asks(ines, "84.00")
    (card,) = (await maya.get("/api/approvals"))["items"]
    path = f"/api/approvals/{card['approval']['id']}"
    by_leads = replace(RULES[-1], id="R-8", above={})

    await shop.company.house.store.write(clauses.put, [*RULES, replace(NO_DISPUTE, id="R-9", when=())], now())
    forbidden = await maya.get(path)
    await shop.company.house.store.write(clauses.put, [*RULES, by_leads], now())
    for_leads = await maya.get(path)

    assert (card["may_approve"], card["forbidden"]) == (True, None)
    assert (forbidden["may_decide"], forbidden["may_approve"]) == (True, False)
    assert forbidden["forbidden"] == "R-9 Clause R-2: What R-2 says."
    assert ("R-9", "forbids") in {(each["clause_id"], each["outcome"]) for each in forbidden["checks"]}
    assert (for_leads["may_decide"], for_leads["why_not"]) == (False, "This needs the role 'lead'; yours is 'rep'.")
    assert (for_leads["approval"]["role"], for_leads["approval"]["needed"]) == ("lead", 2)
    assert for_leads["rule"]["clause_id"] == "R-8"
    assert (await lena.post(f"{path}/approve", {})).json()["call"]["state"] == "awaiting_approval"
    done = (await paul.post(f"{path}/approve", {})).json()
    assert (done["call"]["state"], done["rule"]["clause_id"]) == ("done", "R-8")


async def test_the_card_says_why_more_people_must_approve_than_the_rules_want_by_now(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    lena = await shop.company.rep("Lena Vogt", "lead")
    await shop.agent_asks(ines, "84.00")
    (card,) = (await maya.get("/api/approvals"))["items"]
    path, store = f"/api/approvals/{card['approval']['id']}", shop.company.house.store
    by_leads = replace(RULES[-1], id="R-8", above={})
    await store.write(clauses.put, [*RULES, by_leads], now())
    first = (await lena.post(f"{path}/approve", {})).json()
    await store.write(clauses.put, RULES, now())

    eased = await lena.get(path)

    assert (card["why_still"], first["why_still"]) == (None, None)
    assert (eased["approval"]["role"], eased["approval"]["needed"]) == ("lead", 2)
    assert re.fullmatch(
        r"2 people of the role 'lead' must approve: R-8 wanted it on \d+ \w+ \d{4} at \d\d:\d\d UTC\. The rules want "
        r"less by now, but what waits never becomes easier to approve\.",
        eased["why_still"],
    )


async def test_the_record_says_what_the_customer_agreed_to(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    lena = await shop.company.rep("Lena Vogt", "lead")

    asked = await shop.agent_asks(ines, "20.00", agreed="Procedure refund, step give back: “Yes”")
    await shop.has_been_given_to(maya, ines)
    by_rep = (await shop.rep_asks(maya, ines, "21.00")).json()

    detail = await maya.get(f"/api/actions/{asked.id}")
    assert detail["agreed"]["to"] == "Procedure refund, step give back: “Yes”"
    assert detail["agreed"]["by"] == {"kind": "customer", "id": None, "name": "The customer"}
    assert detail["agreed"]["at"] == detail["record"][0]["at"]
    assert (by_rep["call"]["state"], by_rep["agreed"]) == ("done", None)
    table = await lena.http.get("/api/actions/export", params={"format": "csv"})
    newer, older = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert (newer["agreed_to"], older["agreed_to"]) == ("", "Procedure refund, step give back: “Yes”")
    assert older["agreed_at"] == older["asked_at"]


async def test_declining_needs_a_reason_and_nothing_is_sent(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    await shop.agent_asks(ines, "84.00")
    approval = (await maya.get("/api/approvals"))["items"][0]["approval"]["id"]

    without = await maya.post(f"/api/approvals/{approval}/decline", {"reason": "  "})
    declined = await maya.post(f"/api/approvals/{approval}/decline", {"reason": "It was used."})
    again = await maya.post(f"/api/approvals/{approval}/approve", {})

    assert without.status_code == 400
    assert declined.json()["call"]["state"] == "declined"
    assert again.status_code == 409
    assert "Maya Okafor declined it on" in again.json()["detail"]
    assert "It was used." in again.json()["detail"]
    assert shop.bank.asked == []


async def test_what_has_expired_cannot_be_approved_any_more(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    call = await shop.agent_asks(ines, "84.00")
    approval = (await maya.get("/api/approvals"))["items"][0]["approval"]["id"]
    await shop.let_expire(call)

    late = await maya.post(f"/api/approvals/{approval}/approve", {})

    card = await maya.get(f"/api/approvals/{approval}")
    assert late.status_code == 409
    assert "nobody decided before" in late.json()["detail"]
    assert (card["call"]["state"], card["approval"]["state"], card["may_decide"]) == ("expired", "expired", False)
    assert shop.bank.asked == []


async def test_who_asked_may_not_approve_and_four_eyes_are_two_people(shop: Shop) -> None:
    ines = await shop.asker()
    maya, lena = await shop.company.rep("Maya Okafor", "lead"), await shop.company.rep("Lena Vogt", "lead")
    paul, tom = await shop.company.rep("Paul Sand", "lead"), await shop.company.rep("Tom Berg")
    await shop.has_been_given_to(maya, ines)
    asked = await shop.rep_asks(maya, ines, "180.00")
    assert asked.json()["call"]["state"] == "awaiting_approval", asked.text
    approval = asked.json()["call"]["approval"]["id"]
    path = f"/api/approvals/{approval}/approve"

    own, role = await maya.post(path, {}), await tom.post(path, {})
    first, twice = await lena.post(path, {}), await lena.post(path, {})
    between = await paul.get(f"/api/approvals/{approval}")
    nothing_yet = list(shop.bank.asked)
    second = await paul.post(path, {})

    assert (own.status_code, role.status_code, first.status_code, twice.status_code) == (403, 403, 200, 200)
    assert twice.json()["approval"] == first.json()["approval"], "whoever clicks twice is one person"
    assert "cannot approve it" in own.json()["detail"]
    assert "needs the role 'lead'" in role.json()["detail"]
    assert between["approval"]["needed"] == 2
    assert [each["name"] for each in between["approval"]["approved_by"]] == ["Lena Vogt"]
    assert nothing_yet == []
    assert second.json()["call"]["state"] == "done"
    assert len(shop.bank.refunds) == 1


async def test_what_waits_is_counted_for_whoever_may_decide_and_shown_in_the_inbox(shop: Shop) -> None:
    ines, otto = await shop.asker(), await shop.asker("Otto Lind")
    tom, lena = await shop.company.rep("Tom Berg"), await shop.company.rep("Lena Vogt", "lead")
    await shop.agent_asks(ines, "84.00")
    await shop.agent_asks(otto, "180.00")

    rows = (await tom.get("/api/inbox", view="needs_you"))["items"]

    assert {row["id"] for row in rows} == {ines.conversation, otto.conversation}
    assert sorted(each["money"]["amount"] for row in rows for each in row["approvals"]) == ["180.00", "84.00"]
    assert (await tom.get("/api/inbox/counts"))["approvals"] == 1, "the larger one needs a lead"
    assert (await lena.get("/api/inbox/counts"))["approvals"] == 2
    by_tom = {
        each["call"]["customer"]["name"]: each["may_decide"] for each in (await tom.get("/api/approvals"))["items"]
    }
    assert by_tom == {"Ines Carvalho": True, "Otto Lind": False}


async def test_only_who_has_the_conversation_may_ask_and_the_same_key_asks_once(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    before = await shop.rep_asks(maya, ines, "20.00")
    await shop.has_been_given_to(maya, ines)

    key = {"Idempotency-Key": "one"}
    answers = [await shop.rep_asks(maya, ines, "20.00", **key) for _ in range(2)]
    unknown = await maya.post(
        f"/api/conversations/{ines.conversation}/actions", {"action": "drop_tables", "arguments": {}}
    )
    wrong = await maya.post(
        f"/api/conversations/{ines.conversation}/actions", {"action": "refund_charge", "arguments": {"to": "me"}}
    )

    assert before.status_code == 409
    assert "Take the conversation over first" in before.json()["detail"]
    assert {each.json()["call"]["id"] for each in answers} == {answers[0].json()["call"]["id"]}
    assert answers[0].json()["call"]["requested_by"]["name"] == "Maya Okafor"
    assert (unknown.status_code, wrong.status_code) == (400, 400)
    assert len(shop.bank.refunds) == 1


async def test_a_call_shows_its_record_and_is_taken_back_once(shop: Shop) -> None:
    ines = await shop.asker()
    tom, lena = await shop.company.rep("Tom Berg"), await shop.company.rep("Lena Vogt", "lead")
    paul = await shop.company.rep("Paul Sand", "lead")
    call = await shop.agent_asks(ines, "180.00")
    approval = (await lena.get("/api/approvals"))["items"][0]["approval"]["id"]
    for each in (lena, paul):
        assert (await each.post(f"/api/approvals/{approval}/approve", {})).status_code == 200

    before = await tom.get(f"/api/actions/{call.id}")
    refused = await tom.post(f"/api/actions/{call.id}/undo")
    undone = await lena.post(f"/api/actions/{call.id}/undo")
    again = await lena.post(f"/api/actions/{call.id}/undo")

    assert [(each["state"], each["by"]["name"]) for each in before["record"]] == [
        ("awaiting_approval", "AI agent"),
        ("awaiting_approval", "Lena Vogt"),
        ("ready", "Paul Sand"),
        ("sent", "Answerable"),
        ("done", "Answerable"),
    ]
    assert before["call"]["receipt"]["reference"] == f"re_{call.id}"
    assert (before["call"]["undo_until"] is not None, before["may_undo"]) == (True, False)
    assert refused.status_code == 403, "what a lead approved only a lead takes back"
    assert undone.json()["call"]["state"] == "undone"
    assert undone.json()["call"]["undone_by"]["name"] == "Lena Vogt"
    assert again.status_code == 409
    assert shop.bank.refunds == {}


async def test_the_list_is_narrowed_and_paged_without_a_gap(shop: Shop) -> None:
    ines, otto = await shop.asker(), await shop.asker("Otto Lind")
    maya = await shop.company.rep("Maya Okafor")
    made = [(await shop.agent_asks(ines, f"{euros}.00")).id for euros in (1, 2, 3, 4, 5)]
    shop.bank.is_disputed = True
    refused = (await shop.agent_asks(otto, "7.00")).id
    shop.bank.is_disputed = False

    async def ids(**wanted: Any) -> list[str]:
        return [each["id"] for each in (await maya.get("/api/actions", **wanted))["items"]]

    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = await maya.get("/api/actions", limit=2, **({"cursor": cursor} if cursor else {}))
        pages.append([each["id"] for each in page["items"]])
        cursor = page["next"]

    assert [each for page in pages for each in page] == [refused, *made[::-1]]
    assert await ids(state="refused") == [refused]
    assert await ids(state=["refused", "done"]) == [refused, *made[::-1]]
    assert await ids(customer=otto.customer.id) == [refused]
    assert await ids(q="otto") == [refused]
    assert await ids(q=made[2]) == [made[2]]
    assert await ids(clause="R-2") == [refused]
    assert await ids(action="other") == []
    assert await ids(conversation=ines.conversation, limit=3) == made[:1:-1]
    assert await ids(until="2020-01-01T00:00:00Z") == []
    for wrong in ({"since": "2026-11-23T12:00:00"}, {"cursor": "x"}, {"state": "lost"}, {"since": "noon"}):
        assert (await maya.http.get("/api/actions", params=wrong)).status_code == 400


async def test_leads_carry_the_record_away_and_no_formula_with_it(shop: Shop) -> None:
    mallory = await shop.asker("=HYPERLINK(1) Mallory")
    tom, lena = await shop.company.rep("Tom Berg"), await shop.company.rep("Lena Vogt", "lead")
    call = await shop.agent_asks(mallory, "20.00")
    await shop.agent_asks(mallory, "84.00")

    refused = await tom.http.get("/api/actions/export")
    table = await lena.http.get("/api/actions/export", params={"format": "csv"})
    lines = await lena.http.get("/api/actions/export", params={"format": "jsonl", "state": "done"})

    assert refused.status_code == 403
    assert table.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert 'attachment; filename="actions-' in table.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["state"] for row in rows] == ["awaiting_approval", "done"]
    assert rows[1]["customer_name"] == "'=HYPERLINK(1) Mallory"
    assert rows[1]["receipt_reference"] == f"re_{call.id}"
    (only,) = [json.loads(line) for line in lines.text.splitlines()]
    assert only["customer_name"] == "=HYPERLINK(1) Mallory"
    assert [each["state"] for each in only["record"]] == ["ready", "sent", "done"]


async def test_who_listens_hears_of_a_request_and_of_what_became_of_it(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    states: list[str] = []

    async def hear() -> None:
        async with (
            asyncio.timeout(REPLY_SECONDS_MAX),
            maya.http.stream("GET", "/api/events", params={"after": 0}) as stream,
        ):
            name = ""
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name == "action":
                    content = json.loads(line.removeprefix("data: "))["content"]
                    assert content["row"]["id"] == ines.conversation
                    states.append(content["call"]["state"])
                    if content["call"]["state"] == "done":
                        return

    listening = asyncio.create_task(hear())
    await shop.agent_asks(ines, "84.00")
    approval = (await maya.get("/api/approvals"))["items"][0]["approval"]["id"]
    await maya.post(f"/api/approvals/{approval}/approve", {})
    await listening

    assert states[-1] == "done"


@pytest.mark.parametrize("path", ["/api/approvals", "/api/actions", "/api/actions/declared", "/api/actions/export"])
async def test_nobody_gets_in_without_signing_in(shop: Shop, path: str) -> None:
    visitor: Rep = await shop.company.visitor()

    assert (await visitor.http.get(path)).status_code == 401


async def test_what_is_not_there_gets_a_sentence(shop: Shop) -> None:
    maya = await shop.company.rep("Maya Okafor")

    for path in ("/api/approvals/apr_0", "/api/actions/act_0"):
        missing = await maya.http.get(path)
        assert missing.status_code == 404
        assert missing.json()["detail"].startswith("There is no such")
    assert (await maya.post("/api/approvals/apr_0/approve", {"amount": "1.00"})).status_code == 404
    assert (await maya.post("/api/actions/act_0/undo")).status_code == 404
    (declared,) = await maya.get("/api/actions/declared")
    assert declared["title"] == "Refund charge"
    assert declared["limits"]["per_call"] == {"EUR": "200.00"}


async def test_a_rep_tries_an_action_out_before_asking_for_it(shop: Shop) -> None:
    ines, maya = await shop.asker(), await shop.company.rep("Maya Okafor")
    path = f"/api/conversations/{ines.conversation}/actions/try"
    wish = {"action": "refund_charge", "arguments": {"charge_id": ines.charge, "amount": euros("180.00")}}
    not_hers = await maya.post(path, wish)
    await shop.has_been_given_to(maya, ines)

    tried = (await maya.post(path, wish)).json()
    wrong = await maya.post(path, {**wish, "arguments": {}})

    assert (not_hers.status_code, wrong.status_code) == (409, 400)
    assert (tried["state"], tried["title"], tried["money"]["amount"]) == (
        *("awaiting_approval", "Refund charge", "180.00"),
    )
    assert tried["approval"] == {"clause_id": "R-4", "role": "lead", "needed": 2}
    assert {each["clause_id"]: each["outcome"] for each in tried["checks"]}["R-4"] == "needs_a_person"
    assert ((await maya.get("/api/actions"))["items"], shop.bank.asked) == ([], [])
    asked = (await shop.rep_asks(maya, ines, "180.00")).json()["call"]
    again = (await maya.post(path, wish)).json()
    assert again["before"]["id"] == asked["id"]
