"""The clauses that policies have for code: those of a folder, `policies_in`, or of pages, `policies_of`."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from answerable.actions.policy_heads import clauses_of
from answerable.actions.policy_pages import Head, head_of, listing, text_of
from answerable.domain.actions import Clause
from answerable.domain.errors import Fault, Faulty


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """A page of a policy."""

    name: str
    """Where it stands in the folder of policies, with slashes."""
    file: str
    """How faults name it."""
    text: str


@dataclass(frozen=True, slots=True)
class Policies:
    """What the pages of policies say."""

    clauses: list[Clause]
    by_name: Mapping[str, PolicyPage]
    """Which page each policy is, by the name that its clauses have for it."""
    titled: list[tuple[str, PolicyPage]]
    """Every page, and what it calls itself."""


def policies_in(folder: Path, declared: Collection[str]) -> Policies:
    """What the heads of a folder's policies say for code; `declared` are the names of all actions.

    Raises Faulty, with file and line, for all that cannot be meant, and for two clauses of one id.
    """
    pages, faults = _pages_in(folder)
    try:
        policies = policies_of(pages, declared)
    except Faulty as error:
        faults += error.faults
    if faults:
        raise Faulty(*faults)
    return policies


def policies_of(pages: Iterable[PolicyPage], declared: Collection[str]) -> Policies:
    """The same of pages that are read already. Raises Faulty."""
    found: list[Clause] = []
    by_policy: dict[str, PolicyPage] = {}
    titled: list[tuple[str, PolicyPage]] = []
    faults: list[Fault] = []
    places: dict[str, PolicyPage] = {}
    for page in pages:
        try:
            head = head_of(page.text, file=page.file)
            own = clauses_of(page.file, head.content, declared, policy=page.name, line=head.lined.line)
        except Faulty as error:
            faults += error.faults
            continue
        by_policy.setdefault(str(head.content.get("id") or page.name), page)
        titled.append((str(head.content.get("title") or page.name), page))
        for clause in own:
            if clause.id in places:
                faults.append(_twice(page, clause.id, head, places[clause.id]))
            places.setdefault(clause.id, page)
        found += own
    if faults:
        raise Faulty(*faults)
    return Policies(found, by_policy, titled)


def told_of_gone(gone: Iterable[Clause], pages: Mapping[str, PolicyPage]) -> list[str]:
    """Which clauses hold no longer, in a sentence for each policy that had them."""
    by_policy: dict[str, list[str]] = {}
    for each in sorted(gone, key=lambda clause: clause.id):
        by_policy.setdefault(each.policy, []).append(each.id)
    return [_gone(policy, ids, pages.get(policy)) for policy, ids in by_policy.items()]


def _gone(policy: str, ids: list[str], page: PolicyPage | None) -> str:
    *most, last = ids
    named, hold, them = (f"{', '.join(most)} and {last}", "hold", "them") if most else (last, "holds", "it")
    if page is not None:
        return f"{named} {hold} no longer: {page.file} does not have {them} with an effect any more."
    return f"{named} {hold} no longer: the policy {policy} is not there any more."


def _pages_in(folder: Path) -> tuple[list[PolicyPage], list[Fault]]:
    listed = listing(folder)
    pages, faults = [], [*listed.faults]
    for file in listed.pages:
        try:
            pages.append(PolicyPage(file.relative_to(folder).as_posix(), str(file), text_of(file)))
        except Faulty as error:
            faults += error.faults
    return pages, faults


def _twice(page: PolicyPage, clause_id: str, head: Head, other: PolicyPage) -> Fault:
    named = [place for place, each in enumerate(head.lined.content["clauses"]) if each.get("id") == clause_id]
    line = head.lined.line(("clauses", max(named, default=0), "id"))
    return Fault(page.file, line, f"The clause {clause_id} is in {other.file} as well.")
