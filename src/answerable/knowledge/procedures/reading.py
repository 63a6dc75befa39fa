"""Reading procedures from `procedures/*.md`: YAML between two lines of `---`, and words for people below it.

What cannot be read is a fault with file and line; a procedure with a fault is not given at all.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from answerable.domain.errors import Fault
from answerable.domain.page_heads import (
    NOTHING,
    BrokenYaml,
    Lined,
    in_words,
    line_with_nothing,
    plain_lines,
    read_yaml,
    split_page,
)
from answerable.domain.page_heads import Path as Place
from answerable.domain.procedures import (
    ANY_LANGUAGE,
    Ask,
    Back,
    Branch,
    Call,
    Condition,
    End,
    Filter,
    GoTo,
    HandOff,
    Mark,
    Need,
    Option,
    Procedure,
    Say,
    Step,
    Words,
)
from answerable.knowledge.procedures import heads

FILE_BYTES_MAX = 64_000
STEPS_MAX = 200

_INTEGER = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}", re.ASCII)

Shape = TypeVar("Shape")


class _Wrong(Exception):
    """Something in the head cannot be meant."""

    def __init__(self, says: str, line: int) -> None:
        super().__init__(says)
        self.line = line


def read_folder(folder: Path) -> tuple[list[Procedure], list[Fault]]:
    """The procedures of a folder, and what is wrong with its files; nothing of either if it is not there."""
    found: list[Procedure] = []
    faults: list[Fault] = []
    for file in sorted(folder.glob("*.md")) if folder.is_dir() else ():
        try:
            content = file.read_bytes()
            text = content.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault(str(file), 1, f"It cannot be read: {error}."))
            continue
        procedure, wrong = read_procedure(text, file=str(file))
        faults += wrong
        found += [procedure] if procedure is not None else []
    return found, faults


def read_procedure(text: str, *, file: str) -> tuple[Procedure | None, list[Fault]]:
    """The procedure of a file, or what is wrong with it."""
    if len(text.encode()) > FILE_BYTES_MAX:
        return None, [Fault(file, 1, f"A procedure has at most {FILE_BYTES_MAX // 1000} kB.")]
    # The same on every machine, whatever its editors put around lines.
    source = plain_lines(text)
    if (line := line_with_nothing(source)) is not None:
        return None, [Fault(file, line, NOTHING)]
    page = split_page(source)
    if page is None:
        return None, [Fault(file, 1, "A procedure begins with its head: YAML between two lines of ---.")]
    try:
        lined = read_yaml(page[0], first_line=2)
        return _Reading(file, lined).procedure(words=page[1].strip(), source=source), []
    except (BrokenYaml, _Wrong) as error:
        return None, [Fault(file, error.line, str(error))]


class _Reading:
    """Turns one head into a procedure. Raises _Wrong at the first thing that cannot be meant."""

    def __init__(self, file: str, lined: Lined) -> None:
        self._file, self._lined = file, lined
        self._steps: dict[str, Step] = {}

    def procedure(self, *, words: str, source: str) -> Procedure:
        head = self._as(heads.Head, self._lined.content, ())
        if not words:
            raise self._wrong("Below the head stand words for people and language models; there are none.", ())
        if not isinstance(head.steps, list) or not head.steps:
            raise self._wrong("A procedure has steps.", ("steps",))
        needs = {name: self._need(name, content, ("needs", name)) for name, content in head.needs.items()}
        first = self._flatten(head.steps, ("steps",), prefix="", after=None)
        assert first is not None
        return Procedure(
            id=head.id,
            title=head.title,
            file=self._file,
            revision=hashlib.sha256(source.encode()).hexdigest()[:16],
            when=head.when,
            examples=tuple(head.examples),
            not_examples=tuple(head.not_examples),
            needs=needs,
            steps=self._steps,
            first=first,
            may_promise=dict(head.may_promise),
            words=words,
            source=source,
            lines={
                **{str(path[0]): line for path, line in self._lined.lines.items() if len(path) == 1},
                **{f"may_promise.{each}": self._line(("may_promise", each)) for each in head.may_promise},
            },
        )

    def _need(self, name: str, content: Any, path: Place) -> Need:
        if not re.fullmatch(heads.NAME, name):
            raise self._wrong(f"“{name}” is no name: use small letters, digits and underscores.", path)
        read = self._as(heads.NeedHead, content, path)
        self._check_parts(read, path)
        options = read.options or {}
        if not isinstance(options, dict):
            raise self._wrong("options are values, each with what it is called.", (*path, "options"))
        also = self._also(read.also or {}, options, (*path, "also"))
        self._check_asking(read, options, path)
        return Need(
            name=name,
            line=self._line(path),
            kind=read.kind,
            ask=self._spoken(read.ask, (*path, "ask")) if not read.default else {},
            options=tuple(
                Option(value, self._spoken(words, (*path, "options", value)), also.get(value, ()))
                for value, words in options.items()
            ),
            default=read.default,
            pattern=read.pattern,
            currency=read.currency,
            whole=read.whole,
            found=read.found_in,
            id=read.id,
            shown=read.shown,
            where=tuple(
                Filter(each.field, self._condition(each, (*path, "where", place)))
                for place, each in enumerate(self._list(heads.Filter, read.where or [], (*path, "where")))
            ),
            marks=tuple(
                Mark(
                    Filter(each.field, self._condition(each, (*path, "marks", place))),
                    self._spoken(each.say, (*path, "marks", place, "say")),
                )
                for place, each in enumerate(self._list(heads.MarkHead, read.marks or [], (*path, "marks")))
            ),
            take_only_one=read.take_only_one,
            from_first_words=read.from_first_words or bool(read.default),
        )

    def _also(self, content: Any, options: Mapping[str, Any], path: Place) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(content, dict) or not all(isinstance(each, list) for each in content.values()):
            raise self._wrong("also is a list of words for each value.", path)
        for value, called in content.items():
            if value not in options:
                raise self._wrong(f"{value} is none of the options.", (*path, value))
            if not all(isinstance(each, str) and each.strip() for each in called):
                raise self._wrong("What a value is also called is words.", (*path, value))
        return {value: tuple(called) for value, called in content.items()}

    def _check_asking(self, read: heads.NeedHead, options: Mapping[str, Any], path: Place) -> None:
        """What is not asked for has a default, and what has none is asked for."""
        if not read.default and read.ask is None:
            raise self._wrong("A need says in ask how it is asked for.", path)
        if read.default and read.ask is not None:
            raise self._wrong("A need with a default is never asked for: leave ask out, or default.", (*path, "ask"))
        if read.default and read.default not in options:
            raise self._wrong(
                f"{read.default} is none of the options: {', '.join(map(str, options))}.", (*path, "default")
            )

    def _check_parts(self, read: heads.NeedHead, path: Place) -> None:
        """Each kind has its own parts; what belongs to another one is a slip."""
        wanted = {"choice": ("options",), "id": ("pattern",), "found": ("found_in", "id", "shown")}.get(read.kind, ())
        for part in wanted:
            if not getattr(read, part):
                written = "found" if part == "found_in" else part
                raise self._wrong(f"A need of the kind {read.kind} must say its {written}.", path)
        allowed = {
            *wanted,
            *{
                "choice": ("also", "default"),
                "money": ("currency", "whole"),
                "found": ("where", "marks", "take_only_one"),
            }.get(read.kind, ()),
        }
        others = (
            "options",
            "also",
            "default",
            "pattern",
            "currency",
            "whole",
            "found_in",
            "id",
            "shown",
            "where",
            "marks",
            "take_only_one",
        )
        for part in others:
            if getattr(read, part) and part not in allowed:
                written = "found" if part == "found_in" else part
                raise self._wrong(f"A need of the kind {read.kind} has no {written}.", (*path, written))
        if read.kind == "yes_no" and read.from_first_words:
            raise self._wrong("A yes is given to a question, never taken from the first words.", path)
        if read.pattern:
            try:
                re.compile(read.pattern)
            except re.error as error:
                raise self._wrong(f"The pattern cannot be used: {error}.", (*path, "pattern")) from error

    # -- steps -------------------------------------------------------------------------------------------------------

    def _flatten(self, steps: Any, path: Place, *, prefix: str, after: str | None) -> str | None:
        """Adds the steps of a list, and of the lists in them; gives the name of the first, or of what comes after."""
        if not isinstance(steps, list):
            raise self._wrong("Steps are a list: each begins with a dash.", path)
        read = [self._step_head(content, (*path, place)) for place, content in enumerate(steps)]
        names = [getattr(each, "name", None) or f"{prefix}{place}" for place, each in enumerate(read, 1)]
        for place, (name, each) in enumerate(zip(names, read, strict=True)):
            if name in self._steps:
                raise self._wrong(f"There are two steps of the name {name}.", (*path, place))
            if len(self._steps) >= STEPS_MAX:
                raise self._wrong(f"A procedure has at most {STEPS_MAX} steps.", (*path, place))
            then = names[place + 1] if place + 1 < len(names) else after
            # Taken at once, so that steps stand in the order of the file.
            self._steps[name] = End(name, 0, "")
            self._steps[name] = self._step(each, name, (*path, place), then)
        return names[0] if names else after

    def _step_head(self, content: Any, path: Place) -> Any:
        if content == "end":
            content = {"end": ""}
        if not isinstance(content, dict):
            raise self._wrong(f"A step begins with one of these words: {', '.join(heads.STEPS)}.", path)
        named = [word for word in heads.STEPS if word in content]
        if named[:2] == ["say", "hand_off"]:
            named = ["hand_off"]
        if len(named) != 1:
            begins = " and ".join(named) if named else ", ".join(content) or "nothing"
            raise self._wrong(
                f"A step begins with one of these words: {', '.join(heads.STEPS)}. This one has {begins}.", path
            )
        return self._as(heads.STEPS[named[0]], content, path)

    def _step(  # noqa: PLR0911  (one kind a line)
        self, read: Any, name: str, path: Place, then: str | None
    ) -> Step:
        line = self._line(path)
        match read:
            case heads.CallHead():
                return self._call(read, name, path, then)
            case heads.BranchHead():
                cases = self._list(heads.Case, read.cases, (*path, "cases"))
                return Branch(
                    name,
                    line,
                    read.branch,
                    tuple(
                        (
                            self._condition(each, (*path, "cases", place)),
                            self._flatten(
                                each.do, (*path, "cases", place, "do"), prefix=f"{name}.{place + 1}.", after=then
                            ),
                        )
                        for place, each in enumerate(cases)
                    ),
                    self._flatten(read.otherwise, (*path, "else"), prefix=f"{name}.else.", after=then),
                )
            case heads.AskHead():
                return Ask(name, line, read.ask, then)
            case heads.SayHead():
                return Say(name, line, self._spoken(read.say, (*path, "say")), then)
            case heads.GoToHead():
                return GoTo(name, line, read.go_to, then)
            case heads.BackHead():
                if not read.forget:
                    raise self._wrong(
                        "back_to says in forget what is asked for again, such as forget: [charge]. Without it, it goes "
                        "round for ever.",
                        path,
                    )
                return Back(name, line, read.back_to, tuple(read.forget))
            case heads.HandOffHead():
                words = self._spoken(read.say, (*path, "say")) if read.say is not None else {}
                return HandOff(name, line, read.hand_off, words)
            case _:
                return End(name, line, read.end)

    def _call(self, read: heads.CallHead, name: str, path: Place, then: str | None) -> Call:
        on = {
            state: self._flatten(steps, (*path, "on", state), prefix=f"{name}.{state}.", after=then)
            for state, steps in read.on.items()
        }
        return Call(
            name,
            self._line(path),
            read.call,
            {each: self._plain(value, (*path, "with", each)) for each, value in read.arguments.items()},
            read.result or read.call,
            {"done": then, **on},
        )

    def _plain(self, value: Any, path: Place) -> Any:
        """An argument as it is meant: 3 is a number and "3" a text."""
        if isinstance(value, dict):
            return {name: self._plain(each, (*path, name)) for name, each in value.items()}
        if isinstance(value, list):
            return [self._plain(each, (*path, place)) for place, each in enumerate(value)]
        if path not in self._lined.bare:
            return value
        if value in ("true", "false"):
            return value == "true"
        if _INTEGER.fullmatch(value):
            return int(value)
        return float(value) if _DECIMAL.fullmatch(value) else value

    # -- parts -------------------------------------------------------------------------------------------------------

    def _condition(self, read: heads.Case | heads.Filter | heads.MarkHead, path: Place) -> Condition:
        given = [read.equals, read.at_most, read.at_least, read.is_empty]
        if sum(each is not None for each in given) != 1:
            raise self._wrong("A condition is one of: is, at_most, at_least, is_empty.", path)
        return Condition(read.equals, read.at_most, read.at_least, read.is_empty)

    def _spoken(self, content: Any, path: Place) -> Words:
        texts = {ANY_LANGUAGE: content} if isinstance(content, str) else content
        if not isinstance(texts, dict) or not texts:
            raise self._wrong("Write one text, or one for each language (en: …, de: …).", path)
        for code, text in texts.items():
            if code != ANY_LANGUAGE and not re.fullmatch(r"[a-z]{2}", code):
                raise self._wrong(f"“{code}” is no language: use two letters such as en.", path)
            if not isinstance(text, str) or not text.strip() or len(text) > heads.TEXT_MAX:
                raise self._wrong(f"What is said has 1 to {heads.TEXT_MAX} characters.", (*path, code))
        return {code: text.strip() for code, text in texts.items()}

    def _list(self, shape: type[Shape], content: Any, path: Place) -> Sequence[Shape]:
        if not isinstance(content, list):
            raise self._wrong("This is a list: each part begins with a dash.", path)
        return [self._as(shape, each, (*path, place)) for place, each in enumerate(content)]

    def _as(self, shape: type[Shape], content: Any, path: Place) -> Shape:
        try:
            # Every word is a text so far; numbers and yes or no are made of them here.
            return msgspec.convert(content, shape, strict=False)
        except msgspec.ValidationError as error:
            says, inner = in_words(error, shape)
            raise self._wrong(says, (*path, *inner)) from error

    def _line(self, path: Place) -> int:
        return self._lined.line(path)

    def _wrong(self, says: str, path: Place) -> _Wrong:
        return _Wrong(says, self._line(path))


def by_id(procedures: Sequence[Procedure]) -> Mapping[str, Procedure]:
    """The procedures by their ids."""
    return {each.id: each for each in procedures}
