"""A long run in several parts, each kept in a file, and all of them added up."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from benchmarks.injected.oracle import Verdict

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Part:
    """One of so many."""

    number: int
    count: int

    @classmethod
    def read(cls, text: str) -> Self:
        """From `2/6`. Raises ValueError for what is no part."""
        number, _, count = text.partition("/")
        part = cls(int(number), int(count))
        if not 1 <= part.number <= part.count:
            raise ValueError(f"{text} is no part of anything.")
        return part

    def of(self, whole: Sequence[Each]) -> list[Each]:
        """What is this part's: parts are about equally long, and all of them are the whole."""
        return list(whole[self.number - 1 :: self.count])


@dataclass(frozen=True, slots=True)
class Played:
    """What was found in a part, and in which run."""

    part: Part
    run: dict[str, Any]
    seconds: float
    verdicts: list[Verdict]


def keep(played: Played, folder: Path) -> None:
    """Writes it where `added_up` finds it."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{played.part.number}-of-{played.part.count}.json"
    (folder / name).write_bytes(msgspec.json.encode(played))


def added_up(folder: Path) -> Played:
    """All parts as one. Raises ValueError if one is missing, or they are not of the same run."""
    parts = [msgspec.json.decode(file.read_bytes(), type=Played) for file in sorted(folder.glob("*-of-*.json"))]
    count = parts[0].part.count if parts else 1
    if sorted(each.part.number for each in parts) != list(range(1, count + 1)):
        raise ValueError(f"{folder} does not have all parts: {[each.part.number for each in parts]} of {count}.")
    if any(each.run != parts[0].run or each.part.count != count for each in parts):
        raise ValueError(f"{folder} has parts of several runs.")
    verdicts = [verdict for each in parts for verdict in each.verdicts]
    return Played(Part(1, 1), parts[0].run, sum(each.seconds for each in parts), verdicts)
