"""Finds what is wrong with procedures before a customer does: `faults_in(procedures, actions)`.

It follows every way through each procedure, and knows at each step what is known there: which questions were answered,
and in which states each call may have ended.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from answerable.domain.errors import Fault
from answerable.domain.procedures import (
    ActionShape,
    Ask,
    Back,
    Branch,
    Call,
    End,
    GoTo,
    HandOff,
    Need,
    Procedure,
    Say,
    Step,
)
from answerable.knowledge.procedures.promises import states_effect
from answerable.knowledge.procedures.schemas import argument_fault, part, type_of_need
from answerable.knowledge.procedures.templates import PLACE, has_stray_brace, places

STATES = {
    "reads": ("done", "refused", "failed"),
    "writes": ("done", "refused", "awaiting_approval", "failed", "unknown"),
    "moves_money": ("done", "refused", "awaiting_approval", "failed", "unknown"),
}
"""How a call can end, as procedures speak of it."""
SAID = frozenset({"said"})
OF_CALL = ("state", "summary", "reason")

Known = Mapping[str, frozenset[str]]
"""By name: the states in which a call may have ended, or that the customer said it."""


def faults_in(procedures: Sequence[Procedure], actions: Mapping[str, ActionShape]) -> list[Fault]:
    """Every fault, by file and line."""
    by_id: dict[str, Procedure] = {}
    faults: list[Fault] = []
    for each in procedures:
        if each.id in by_id:
            also = by_id[each.id].file
            faults.append(Fault(each.file, each.lines.get("id", 1), f"{also} has the id {each.id}, too."))
        by_id.setdefault(each.id, each)
    ending = _that_end(by_id)
    for each in procedures:
        faults += _Linting(each, by_id, ending, actions).faults()
    return sorted(set(faults))


class _Linting:
    """Looks through one procedure."""

    def __init__(
        self,
        procedure: Procedure,
        others: Mapping[str, Procedure],
        ending: frozenset[str],
        actions: Mapping[str, ActionShape],
    ) -> None:
        self._procedure, self._others, self._ending, self._actions = procedure, others, ending, actions
        self._found: list[Fault] = []
        self._results = {each.result: each for each in procedure.steps.values() if isinstance(each, Call)}

    def faults(self) -> list[Fault]:
        known = self._known()
        for step in self._procedure.steps.values():
            self._check_names(step)
            if step.name not in known:
                self._fault(step.line, "Nothing leads to this step.")
                continue
            self._check(step, known[step.name])
        self._check_whole()
        return self._found

    def _fault(self, line: int, says: str) -> None:
        self._found.append(Fault(self._procedure.file, line, says))

    # -- what is known where -----------------------------------------------------------------------------------------

    def _known(self) -> dict[str, Known]:
        """What is surely known before each step that can be reached."""
        by_default = {each.name: SAID for each in self._procedure.needs.values() if each.default}
        known: dict[str, Known] = {self._procedure.first: by_default}
        waiting = [self._procedure.first]
        while waiting:
            step = self._procedure.steps[waiting.pop()]
            for name, after in self._ways(step, known[step.name]):
                if name is None or name not in self._procedure.steps:
                    continue
                joined = _joined(known[name], after) if name in known else after
                if name not in known or joined != known[name]:
                    known[name] = joined
                    waiting.append(name)
        return known

    def _ways(self, step: Step, known: Known) -> Iterator[tuple[str | None, Known]]:
        """Where a step leads, and what is known there."""
        match step:
            case Call():
                states = STATES[self._actions[step.action].effect if step.action in self._actions else "writes"]
                rest = frozenset(states) - step.on.keys()
                for state, then in step.on.items():
                    ended = rest if state == "else" else frozenset({state})
                    if ended:
                        yield then, {**known, step.result: ended}
            case Ask():
                yield step.then, {**known, step.need: SAID}
            case Branch():
                yield from self._branches(step, known)
            case Back():
                yield step.step, {name: states for name, states in known.items() if name not in step.forget}
            case Say() | GoTo():
                yield step.then, known
            case _:
                return

    def _branches(self, step: Branch, known: Known) -> Iterator[tuple[str | None, Known]]:
        name, _, rest = step.fact.partition(".")
        left = known.get(name, frozenset())
        for condition, then in step.cases:
            if rest == "state" and condition.equals is not None:
                yield then, {**known, name: frozenset({condition.equals})}
                left -= {condition.equals}
            else:
                yield then, known
        yield step.otherwise, {**known, name: left} if rest == "state" and left else known

    # -- one step ----------------------------------------------------------------------------------------------------

    def _check_names(self, step: Step) -> None:
        match step:
            case Call() if step.action not in self._actions:
                self._fault(step.line, f"There is no action {step.action}. {_known_names(self._actions)}")
            case Ask() if step.need not in self._procedure.needs:
                self._fault(step.line, f"There is no need {step.need}. {_known_names(self._procedure.needs)}")
            case GoTo() if step.procedure not in self._others:
                self._fault(step.line, f"There is no procedure {step.procedure}. {_known_names(self._others)}")
            case Back() if step.step not in self._procedure.steps:
                self._fault(step.line, f"There is no step of the name {step.step}.")
            case _:
                return

    def _check(self, step: Step, known: Known) -> None:
        match step:
            case Call() if step.action in self._actions:
                self._check_call(step, known, self._actions[step.action])
            case Ask() if step.need in self._procedure.needs:
                self._check_ask(step, known, self._procedure.needs[step.need])
            case Branch():
                self._check_branch(step, known)
            case Say():
                self._check_words(step.words.values(), step.line, known)
            case HandOff():
                self._check_words(step.words.values(), step.line, known)
                self._check_places(step.reason, step.line, known)
            case Back() if step.step in self._procedure.steps:
                self._check_loop(step)
            case GoTo() if step.procedure in self._others:
                self._check_go_to(step)
            case _:
                return

    def _check_call(self, step: Call, known: Known, shape: ActionShape) -> None:
        states = STATES[shape.effect]
        for state in step.on:
            if state not in (*states, "else"):
                self._fault(step.line, f"A call of {step.action} never ends as {state}: it {shape.effect}.")
        missing = [each for each in states if each not in step.on]
        if missing and "else" not in step.on:
            self._fault(
                step.line, f"What is done if {step.action} ends as {' or '.join(missing)}? Name it in on, or add else."
            )
        if step.result in self._procedure.needs:
            self._fault(step.line, f"{step.result} is the name of a need as well. Give the result another one with as.")
        for text in _texts(step.arguments):
            self._check_places(text, step.line, known)
        fault = argument_fault(step.arguments, shape.parameters, lambda path: self._type(path, known), step.action)
        if fault is not None:
            self._fault(step.line, fault)

    def _check_ask(self, step: Ask, known: Known, need: Need) -> None:
        if need.default:
            self._fault(step.line, f"{need.name} has a default and is never asked for: leave this step out.")
        self._check_words(need.ask.values(), need.line, known)
        for template in (need.currency, need.whole):
            self._check_places(template, need.line, known)
        if need.kind == "found":
            self._check_found(need, known)

    def _check_found(self, need: Need, known: Known) -> None:
        if not self._is_known(need.found, need.line, known):
            return
        listed = self._type(need.found, known)
        if not listed:
            # The action is not there, which has its own sentence, or says nothing of what it gives.
            return
        if listed.get("type") != "array":
            self._fault(need.line, f"{need.found} is no list to choose from.")
            return
        items = {**listed.get("items", {}), "$defs": listed.get("$defs", {})}
        if has_stray_brace(need.shown):
            self._fault(need.line, "A brace in what is shown is no place such as {name}.")
        fields = (*(each.field for each in need.where), *(each.which.field for each in need.marks))
        for path in (need.id, *places(need.shown), *fields):
            if part(items, path.split(".")) is None:
                self._fault(need.line, f"One of {need.found} has no {path}.")

    def _check_branch(self, step: Branch, known: Known) -> None:
        if not self._is_known(step.fact, step.line, known):
            return
        need = self._procedure.needs.get(step.fact)
        allowed: tuple[str, ...] | None = None
        if need is not None and need.kind == "yes_no":
            allowed = ("yes", "no")
        elif need is not None and need.kind == "choice":
            allowed = tuple(each.value for each in need.options)
        elif step.fact.partition(".")[2] == "state":
            allowed = tuple(sorted(known[step.fact.partition(".")[0]]))
        for condition, _ in step.cases:
            if allowed is not None and condition.equals is not None and condition.equals not in allowed:
                self._fault(step.line, f"{step.fact} is never {condition.equals}: it is one of {', '.join(allowed)}.")

    def _check_words(self, texts: Iterable[str], line: int, known: Known) -> None:
        for text in texts:
            self._check_places(text, line, known)
            named = [path.split(".") for path in places(text)]
            receipts = [path[0] for path in named if path[1:] in (["summary"], ["reference"]) and path[0] in known]
            changing = [each for each in receipts if self._changes(each)]
            for each in changing:
                action = self._results[each].action
                if known[each] == {"done"} and action not in self._procedure.may_promise:
                    self._fault(line, f"It tells what {action} did, and may_promise does not name {action}.")
            claim = states_effect(PLACE.sub("this", text))
            if claim is not None and not any(known[each] == {"done"} for each in changing):
                self._fault(
                    line,
                    f"“{claim}” promises an effect without its receipt. Say it where the call is done, and name the "
                    "receipt, such as {refund.summary}.",
                )

    def _check_loop(self, step: Back) -> None:
        asks = {
            each.name for each in self._procedure.steps.values() if isinstance(each, Ask) and each.need in step.forget
        }
        reached, waiting = set(), [step.step]
        while waiting:
            name = waiting.pop()
            if name in reached or name in asks or name not in self._procedure.steps:
                continue
            reached.add(name)
            waiting += [then for then, _ in self._ways(self._procedure.steps[name], {}) if then is not None]
        if step.name in reached:
            self._fault(step.line, f"This goes round for ever: on the way from {step.step} nothing is asked again.")
        for name in step.forget:
            if name not in self._procedure.needs:
                self._fault(step.line, f"There is no need {name} that could be forgotten.")
            elif self._procedure.needs[name].default:
                self._fault(step.line, f"{name} has a default and is never asked for: it cannot be forgotten.")

    def _check_go_to(self, step: GoTo) -> None:
        if self._procedure.id in _reachable(step.procedure, self._others):
            self._fault(step.line, f"{step.procedure} leads back here, so that nothing ever comes to an end.")
        elif step.procedure not in self._ending:
            self._fault(step.line, f"{step.procedure} never comes back: every way through it goes to a person.")

    # -- names and places --------------------------------------------------------------------------------------------

    def _check_places(self, template: str, line: int, known: Known) -> None:
        if has_stray_brace(template):
            self._fault(line, "A brace that is no place such as {name} or {name.field}.")
        for path in places(template):
            self._is_known(path, line, known)

    def _is_known(self, path: str, line: int, known: Known) -> bool:
        name, _, rest = path.partition(".")
        if name not in self._procedure.needs and name not in self._results:
            self._fault(line, f"Nothing is called {name}. {_known_names([*self._procedure.needs, *self._results])}")
        elif name not in known:
            self._fault(line, f"{name} is not known here on every way that leads here.")
        elif name in self._results and rest.partition(".")[0] not in OF_CALL and known[name] != {"done"}:
            ended = ", ".join(sorted(known[name] - {"done"}))
            self._fault(line, f"{path} is there only if {name} is done; here it may have ended as {ended}.")
        elif name in self._results and rest == "summary" and self._changes(name) and "done" in known[name] != {"done"}:
            self._fault(line, f"{path} is the receipt only if {name} is done; here it may have ended otherwise, too.")
        elif self._type(path, known) is None:
            self._fault(line, f"{name} has no {rest}.")
        else:
            return True
        return False

    def _type(self, path: str, known: Known) -> dict[str, Any] | None:
        """JSON Schema of what stands at a path; None if nothing does."""
        name, *rest = path.split(".")
        if name in self._procedure.needs:
            need = self._procedure.needs[name]
            if need.kind == "found":
                listed = self._type(need.found, known)
                if listed is None:
                    return None
                return part({**listed.get("items", {}), "$defs": listed.get("$defs", {})}, rest)
            return part(type_of_need(need), rest)
        if name not in self._results:
            return None
        if rest and rest[0] in OF_CALL:
            return {"type": "string"} if len(rest) == 1 else None
        shape = self._actions.get(self._results[name].action)
        return part(shape.result, rest) if shape is not None else {}

    def _changes(self, name: str) -> bool:
        call = self._results.get(name)
        shape = self._actions.get(call.action) if call is not None else None
        return shape is not None and shape.effect != "reads"

    # -- the whole ---------------------------------------------------------------------------------------------------

    def _check_whole(self) -> None:
        called = {each.action for each in self._procedure.steps.values() if isinstance(each, Call)}
        for action in self._procedure.may_promise:
            line = self._procedure.lines.get(f"may_promise.{action}", 1)
            if action not in called:
                self._fault(line, f"It promises {action} and never does it.")
            elif action in self._actions and self._actions[action].effect == "reads":
                self._fault(line, f"{action} only reads: there is nothing to promise of it.")
        asked = {each.need for each in self._procedure.steps.values() if isinstance(each, Ask)}
        for name, need in self._procedure.needs.items():
            if name not in asked and not need.default:
                self._fault(need.line, f"{name} is never asked for.")


def _joined(one: Known, other: Known) -> Known:
    return {name: states | other[name] for name, states in one.items() if name in other}


def _known_names(names: Iterable[str]) -> str:
    listed = sorted(names)
    return f"There is: {', '.join(listed)}." if listed else "There is none."


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _goes_to(procedure: Procedure) -> set[str]:
    return {each.procedure for each in procedure.steps.values() if isinstance(each, GoTo)}


def _reachable(start: str, procedures: Mapping[str, Procedure]) -> set[str]:
    """Every procedure that one leads to, with itself."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in procedures:
            reached.add(name)
            waiting += _goes_to(procedures[name])
    return reached


def _that_end(procedures: Mapping[str, Procedure]) -> frozenset[str]:
    """Those that can come to an end without a person."""
    ending: frozenset[str] = frozenset()
    while True:
        more = frozenset(name for name, each in procedures.items() if _may_end(each, ending))
        if more == ending:
            return ending
        ending = more


def _may_end(procedure: Procedure, ending: frozenset[str]) -> bool:
    reached: set[str | None] = set()
    waiting: list[str | None] = [procedure.first]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        if name is None:
            return True
        match procedure.steps.get(name):
            case End():
                return True
            case Call() as step:
                waiting += step.on.values()
            case Branch() as step:
                waiting += [*(then for _, then in step.cases), step.otherwise]
            case Ask() | Say() as step:
                waiting.append(step.then)
            case GoTo() as step if step.procedure in ending:
                waiting.append(step.then)
            case _:
                continue
    return False
