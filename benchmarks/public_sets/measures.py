"""Measures with their intervals, and the tables that show them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the 95 % interval of Wilson."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share itself."""
        return self.hits / self.total if self.total else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Where it lies with 95 % certainty."""
        if not self.total:
            return (0.0, 1.0)
        spread = Z95 * math.sqrt(self.value * (1 - self.value) / self.total + Z95**2 / (4 * self.total**2))
        middle = self.value + Z95**2 / (2 * self.total)
        whole = 1 + Z95**2 / self.total
        return (middle - spread) / whole, (middle + spread) / whole

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}] of {self.total}"


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """How likely a right one has the higher score than a wrong one; ties count half."""
    right = [score for score, label in zip(scores, labels, strict=True) if label]
    wrong = [score for score, label in zip(scores, labels, strict=True) if not label]
    if not right or not wrong:
        return float("nan")
    wins = sum((one > other) + 0.5 * (one == other) for one in right for other in wrong)
    return wins / (len(right) * len(wrong))


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table with even columns."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
