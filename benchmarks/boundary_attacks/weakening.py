"""Switching off one check of the boundary at a time, to see that whoever judges would notice."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from answerable.actions import approving, asking, sending
from answerable.actions.approving import Approving
from answerable.actions.declaring import Action, Doing
from answerable.domain.people import Rep
from answerable.store import actions as stored
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
    return replace(template, declared=declared), []


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


def _askers_approve(template: Template) -> tuple[Template, list[Any]]:
    real = Approving._open

    def opened(self: Approving, db: Any, approval_id: str, rep: Rep) -> Any:
        return real(self, db, approval_id, replace(rep, id=f"{rep.id}-else"))

    return template, [patch.object(Approving, "_open", opened)]


def _approvals_for_ever(template: Template) -> tuple[Template, list[Any]]:
    real = stored.approval_by_id

    def endless(db: Any, approval_id: str) -> Any:
        found = real(db, approval_id)
        return replace(found, expires_at=found.expires_at.replace(year=2100)) if found is not None else None

    return template, [patch.object(stored, "approval_by_id", endless)]


def _no_limits(template: Template) -> tuple[Template, list[Any]]:
    return template, [patch.object(room, "over_limits", lambda *_: None) for room in (asking, approving, sending)]


def _keys_of_anybody(template: Template) -> tuple[Template, list[Any]]:
    return template, [patch.object(asking, "_again", lambda answered, *_: answered.call)]


def _refused_is_done(template: Template) -> tuple[Template, list[Any]]:
    """What no clause allows is done."""
    return template, [patch.object(room, "is_refused", lambda *_: False) for room in (asking, sending)]


WEAKENED: dict[str, Weaken] = {
    "clauses that forbid": _no_forbidding,
    "clauses that want people": _no_people,
    "the conditions of clauses that allow": _all_allowed,
    "identity": _no_identity,
    "whose thing it is": _nobody_is_who_they_say,
    "the approver's role": _anybody_approves,
    "somebody else must approve": _askers_approve,
    "the end of approvals": _approvals_for_ever,
    "limits": _no_limits,
    "whose key it is": _keys_of_anybody,
    "what no clause allows is refused": _refused_is_done,
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
