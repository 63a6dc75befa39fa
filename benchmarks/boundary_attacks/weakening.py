"""Switching off one check of the boundary at a time, to see that whoever judges would notice."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import msgspec

from answerable.actions import approving, asking, limits, sending
from answerable.actions.arguments import money_of
from answerable.actions.deciders import why_not_decide
from answerable.actions.declaring import Action, Doing
from answerable.actions.sending import Sending
from answerable.domain.actions import ActionCall, Approval
from answerable.domain.people import Rep
from benchmarks.boundary_attacks.till import Till
from benchmarks.boundary_attacks.world import Template

Weaken = Callable[[Template], tuple[Template, list[Any]]]


def _no_forbidding(template: Template) -> tuple[Template, list[Any]]:
    return replace(template, rules=tuple(each for each in template.rules if each.effect != "forbids")), []


def _no_people(template: Template) -> tuple[Template, list[Any]]:
    return replace(template, rules=tuple(each for each in template.rules if each.effect != "needs_approval")), []


def _all_allowed(template: Template) -> tuple[Template, list[Any]]:
    rules = tuple(replace(each, when=()) if each.effect == "allows" else each for each in template.rules)
    return replace(template, rules=rules), []


def _no_identity(template: Template) -> tuple[Template, list[Any]]:
    patches = [patch.object(room, "is_identified", lambda *_: True) for room in (asking, sending)]
    return template, patches


def _nobody_is_who_they_say(template: Template) -> tuple[Template, list[Any]]:
    """Facts and actions take a customer's word for whose thing it is."""
    declared = {name: _for_anybody(each) for name, each in template.declared.items()}

    def any_claim(self: Till, doing: Doing, claim_id: str) -> Any:
        return self.rows("SELECT * FROM claims WHERE id = ?", claim_id)[0]

    return replace(template, declared=declared), [patch.object(Till, "claim_of", any_claim)]


def _for_anybody(declared: Action) -> Action:
    module = __import__(declared.run.__module__, fromlist=["_own_charge"])

    async def any_charge(doing: Doing, customer_id: str, charge_id: str) -> Any:
        return await module.read(doing, f"/charges/{charge_id}", module.Charge)

    if not hasattr(module, "_own_charge"):
        return declared
    return replace(
        declared,
        facts=_with(declared.facts, module, any_charge) if declared.facts is not None else None,
        run=_as_owner(declared.run, module),
    )


def _with(function: Any, module: Any, any_charge: Any) -> Any:
    async def weaker(doing: Doing, wanted: Any) -> Mapping[str, Any]:
        with patch.object(module, "_own_charge", any_charge):
            found: Mapping[str, Any] = await function(doing, wanted)
            return found

    return weaker


def _as_owner(function: Any, module: Any) -> Any:
    async def weaker(doing: Doing, wanted: Any) -> Any:
        if not hasattr(wanted, "charge_id"):
            return await function(doing, wanted)
        charge = await module.read(doing, f"/charges/{wanted.charge_id}", module.Charge)
        owner = await module.read(doing, f"/customers/{charge.customer_id}", type(await module.own_customer(doing)))

        async def owner_of_it(_: Doing) -> Any:
            return owner

        with patch.object(module, "own_customer", owner_of_it):
            return await function(doing, wanted)

    return weaker


def _anybody_approves(template: Template) -> tuple[Template, list[Any]]:
    return template, [patch.object(Rep, "may_act_as", lambda *_: True)]


def _with_another_look(change: Callable[..., dict[str, Any]]) -> list[Any]:
    """Whether somebody may decide is asked with something about the approval or the call changed."""

    def looked_at(rep: Rep, approval: Approval, call: ActionCall, *others: Any) -> Any:
        seen: dict[str, Any] = {"approval": approval, "call": call}
        seen |= change(**seen)
        return why_not_decide(rep, seen["approval"], seen["call"], *others)

    return [patch.object(approving, "why_not_decide", looked_at)]


def _askers_approve(template: Template) -> tuple[Template, list[Any]]:
    return template, _with_another_look(lambda call, **_: {"call": replace(call, requested_by="nobody")})


def _one_is_two(template: Template) -> tuple[Template, list[Any]]:
    # That the same click twice is one decision would hide it.
    forgetful = patch.object(approving, "has_approved", lambda *_: False)
    anew = _with_another_look(lambda approval, **_: {"approval": replace(approval, approved_by=())})
    return template, [forgetful, *anew]


def _approvals_for_ever(template: Template) -> tuple[Template, list[Any]]:
    def endless(approval: Approval, **_: Any) -> dict[str, Any]:
        return {"approval": replace(approval, expires_at=approval.expires_at.replace(year=2100))}

    return template, _with_another_look(endless)


def _approved_to_more(template: Template) -> tuple[Template, list[Any]]:
    def with_other(call: ActionCall, declared: Action, wanted: Any) -> ActionCall:
        return replace(call, arguments=msgspec.to_builtins(wanted), money=money_of(declared, wanted))

    return template, [patch.object(approving, "with_less", with_other)]


def _old_facts(template: Template) -> tuple[Template, list[Any]]:
    """What was approved is sent on the facts that it was asked for with."""
    real = Sending.go_on

    async def go_on(self: Sending, call: ActionCall, ended: int | None = None) -> ActionCall:
        return await real(self, call, 0 if ended is None else ended)

    patches = [patch.object(Sending, "go_on", go_on), patch.object(sending, "_held_back", lambda *_: None)]
    return template, patches


def _all_at_once(template: Template) -> tuple[Template, list[Any]]:
    return template, [patch.object(sending, "_held_back", lambda *_: None)]


def _no_limits(template: Template) -> tuple[Template, list[Any]]:
    return template, [patch.object(room, "over_limits", lambda *_: None) for room in (asking, approving, sending)]


def _each_part_alone(template: Template) -> tuple[Template, list[Any]]:
    return template, [patch.object(limits, "with_moved_before", lambda _, call, __: call)]


def _keys_of_anybody(template: Template) -> tuple[Template, list[Any]]:
    return template, [patch.object(asking, "_again", lambda answered, *_: answered.call)]


def _refused_is_done(template: Template) -> tuple[Template, list[Any]]:
    """What no clause allows is done; what a clause forbids is not."""
    patches = [
        patch.object(room, "is_refused", lambda ruling, _: not ruling.is_allowed and ruling.clause is not None)
        for room in (asking, sending)
    ]
    return template, patches


WEAKENED: dict[str, Weaken] = {
    "clauses that forbid": _no_forbidding,
    "clauses that want people": _no_people,
    "the conditions of clauses that allow": _all_allowed,
    "identity": _no_identity,
    "whose thing it is": _nobody_is_who_they_say,
    "the approver's role": _anybody_approves,
    "somebody else must approve": _askers_approve,
    "that two are two": _one_is_two,
    "the end of approvals": _approvals_for_ever,
    "that less can be approved, and not more": _approved_to_more,
    "limits": _no_limits,
    "that parts count together": _each_part_alone,
    "whose key it is": _keys_of_anybody,
    "what no clause allows is refused": _refused_is_done,
    "that facts are read again": _old_facts,
    "one call of a customer after the other": _all_at_once,
}


@contextmanager
def weakened(name: str, template: Template) -> Iterator[Template]:
    """A template, and a boundary, without that check until the end of the block."""
    weaker, patches = WEAKENED[name](template)
    for each in patches:
        each.start()
    try:
        yield weaker
    finally:
        for each in patches:
            each.stop()
