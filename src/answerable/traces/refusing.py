"""What is not read, out of whichever file of traces it comes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from answerable.domain.errors import AnswerableError, Fault, Faulty, Invalid, TooMuch
from answerable.traces.otlp import names
from answerable.traces.records import StepRecord

PART_BYTES_MAX = 64 * 1024 * 1024
CUT_OFF = "The file is cut off here; what comes before it was whole."
# Clocks differ, but not by so much.
_AHEAD_MAX = timedelta(days=1)
_LAST_SECOND = 253_402_300_799
"""Of the year 9999, after which Python has no dates."""


def refuse_the_future(step: StepRecord, moment: datetime) -> None:
    """Raises Invalid for what a newer program wrote, and for a step that begins long after this moment."""
    written = step.told.attributes.get(names.FORMAT_NUMBER)
    if isinstance(written, int) and written > names.FORMAT:
        raise Invalid(
            f"It was written by a newer Answerable (format {written}; this one reads up to {names.FORMAT}). "
            "Bring this one up to date first."
        )
    seconds = step.started_ns // 1_000_000_000
    if seconds > (moment + _AHEAD_MAX).timestamp():
        day = datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC).date()
        raise Invalid(f"The span “{step.name}” begins on {day}, which is in the future: one of the clocks is wrong.")


def at(path: Path, number: int, error: AnswerableError) -> AnswerableError:
    """The error with its place in a file."""
    return error if isinstance(error, Faulty) else Faulty(Fault(str(path), number, str(error)))


def too_large(path: Path, number: int) -> TooMuch:
    """What is raised for a part of a file that is larger than `PART_BYTES_MAX`."""
    return TooMuch(f"{path}:{number}: It is larger than {PART_BYTES_MAX // 1024 // 1024} MB, the most for one part.")
