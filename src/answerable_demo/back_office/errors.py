"""Refusals, as problem details (RFC 9457)."""

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why something was not done."""

    type: str
    """A word that a program can rely on."""
    title: str
    status: int
    detail: str
    """One sentence for a person."""


class Refused(Exception):
    """Nothing was done; the problem says why."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(type=kind, title=kind.replace("_", " ").capitalize(), status=status, detail=detail)


def not_found(what: str) -> Refused:
    """The refusal for a thing that does not exist."""
    return Refused(404, "not_found", f"There is no {what}.")


def conflict(kind: str, detail: str) -> Refused:
    """The refusal for something that the state of things does not allow."""
    return Refused(409, kind, detail)


def invalid(kind: str, detail: str) -> Refused:
    """The refusal for something that makes no sense, whatever the state of things."""
    return Refused(422, kind, detail)
