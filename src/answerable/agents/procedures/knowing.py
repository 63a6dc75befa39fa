"""What a procedure knows while it is followed: answers, and what actions gave. Nothing else is told or passed on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from answerable.agents.figures import for_customer
from answerable.agents.phrases import Language
from answerable.agents.procedures.things import Thing, thing_of
from answerable.domain.procedures import Condition, Need, Procedure, UnderWay, words_in
from answerable.knowledge.procedures.templates import Missing, at, fill, is_one_place, places, shown

THINGS_MAX = 10
"""So many of a list are shown."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at one step."""

    procedure: Procedure
    now: UnderWay
    spoken: Language

    def look(self, path: str, *, or_nothing: bool = False) -> Any:
        """What stands at a path of answers and results. Raises Missing, or gives None."""
        try:
            return self._found(path)
        except Missing:
            if or_nothing:
                return None
            raise Missing(path) from None

    def told(self, template: str) -> str:
        """A text for the customer, with amounts and days as their language writes them. Raises Missing."""
        links = frozenset(link for result in self.now.results.values() for link in result.links)
        return fill(template, self._look_for_customer, say=self._say, links=links)

    def noted(self, template: str) -> str:
        """A text for a rep, with everything as it is kept. Raises Missing."""
        return fill(template, self.look)

    def arguments(self, arguments: Any) -> Any:
        """The arguments of a call with their places filled; one that stands alone keeps its type. Raises Missing."""
        if isinstance(arguments, Mapping):
            return {name: self.arguments(value) for name, value in arguments.items()}
        if isinstance(arguments, list):
            return [self.arguments(value) for value in arguments]
        if not isinstance(arguments, str):
            return arguments
        path = is_one_place(arguments)
        return self.look(path) if path is not None else fill(arguments, self.look)

    def things(self, need: Need) -> tuple[Thing, ...]:
        """What may be chosen from, as it is shown. What cannot be shown cannot be chosen either."""
        listed = self.look(need.found, or_nothing=True) if need.kind == "found" else None
        found = []
        for each in listed if isinstance(listed, list) else ():
            try:
                if all(holds(only.condition, _at(each, only.field)) for only in need.where):
                    found.append(self._thing(need, each))
            except Missing:
                continue
        return tuple(found)

    def offered(self, need: Need) -> tuple[Thing, ...]:
        """Those that the customer sees: the first of the list, or the few that fit what they have said."""
        things = self.things(need)
        narrowed = tuple(each for each in things if each.id in self.now.narrowed)
        return (narrowed or things)[:THINGS_MAX]

    def currency(self, need: Need) -> str | None:
        """The currency that is meant where none is said."""
        try:
            return self.noted(need.currency) or None
        except Missing:
            return None

    def summary(self) -> str:
        """All of it in words, for a rep."""
        parts = [f"Procedure: {self.procedure.title}."]
        for name, value in self.now.slots.items():
            need = self.procedure.needs.get(name)
            if need is not None:
                parts.append(f"{name}: {_in_words(need, value)}.")
        for name, result in self.now.results.items():
            # The reason is written for reps, the summary for the customer.
            told = result.reason or result.summary
            parts.append(f"{name}: {result.state}{f' ({shown(told)})' if result.state != 'done' and told else ''}.")
        return " ".join(parts)

    def _thing(self, need: Need, each: Any) -> Thing:
        text = fill(need.shown, lambda path: at(each, path.split(".")), say=self._say)
        for mark in need.marks:
            if holds(mark.which.condition, _at(each, mark.which.field)):
                text = f"{text} – {words_in(mark.words, self.spoken.code)}"
        values = [at(each, path.split(".")) for path in places(need.shown)]
        return thing_of(each, values, shown=text, name=shown(at(each, need.id.split("."))))

    def _look_for_customer(self, path: str) -> Any:
        """What stands there; of a choice what it is called, not the value that stands for it."""
        value, need = self.look(path), self.procedure.needs.get(path)
        options = need.options if need is not None and path in self.now.slots else ()
        return next((words_in(each.words, self.spoken.code) for each in options if each.value == value), value)

    def _say(self, text: str) -> str:
        return for_customer(text, self.spoken.code)

    def _found(self, path: str) -> Any:
        name, *rest = path.split(".")
        if name in self.now.slots:
            value = self.now.slots[name]
            need = self.procedure.needs.get(name)
            if not rest and need is not None and need.kind == "choice":
                return value
            return at(value, rest)
        if name not in self.now.results:
            raise Missing(name)
        result = self.now.results[name]
        match rest:
            case ["state"]:
                return result.state
            case ["summary"]:
                return at(result.summary or None, [])
            case ["reason"]:
                return at(result.reason or None, [])
            case _ if result.state == "done":
                return at(result.content, rest)
            case _:
                raise Missing(path)


def holds(condition: Condition, value: Any) -> bool:
    """Whether a condition holds of a value; of what is not there, only that it is empty."""
    if condition.is_empty is not None:
        return (value is None or (isinstance(value, str | list | Mapping) and not value)) == condition.is_empty
    if condition.equals is not None:
        return value is not None and condition.equals in _spellings(value)
    number = _number(value)
    if number is None:
        return False
    if condition.at_most is not None:
        return number <= condition.at_most
    return condition.at_least is not None and number >= condition.at_least


def _spellings(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("yes", "true") if value else ("no", "false")
    return (str(value),)


def _number(value: Any) -> float | None:
    if isinstance(value, Mapping) and "amount" in value:
        value = value["amount"]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _at(each: Any, path: str) -> Any:
    try:
        return at(each, path.split("."))
    except Missing:
        return None


def _in_words(need: Need, value: Any) -> str:
    try:
        if need.kind == "found":
            return fill(need.shown, lambda path: at(value, path.split(".")))
        return shown(value)
    except Missing:
        return "?"
