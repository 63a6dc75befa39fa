"""What can go wrong, in words for a person. Nothing here knows about HTTP; `web` turns each into a status."""

from dataclasses import dataclass


class AnswerableError(Exception):
    """The message is one sentence that helps the person who reads it."""

    may_help_to_retry: bool = False


class NotFound(AnswerableError):
    """It does not exist, or the one who asks may not see it: from outside the two look the same."""


class NotAllowed(AnswerableError):
    """Who asks is known, and may not do this."""


class NotSignedIn(AnswerableError):
    """Nobody is known to be asking."""


class Invalid(AnswerableError):
    """What was given cannot be used; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in a file, in one sentence."""

    file: str
    line: int
    """Counted from 1."""
    says: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.says}"


class Faulty(Invalid):
    """Files cannot be used: each fault says where, and why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class Conflict(AnswerableError):
    """The thing has changed in the meantime, or somebody else was first."""


class TooMuch(AnswerableError):
    """A stated limit of size was passed."""


class Unavailable(AnswerableError):
    """Something outside, or the database, does not answer."""

    may_help_to_retry = True
