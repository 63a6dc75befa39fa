"""What the reps' door needs, and who is at it."""

from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.di import NamedDependency

from answerable.actions.boundary import Boundary
from answerable.api.webhooks import Webhooks
from answerable.domain.people import Rep
from answerable.jobs import Jobs
from answerable.knowledge.importing import Importing
from answerable.knowledge.library import Library
from answerable.people import Proving
from answerable.releases.candidates import Candidates
from answerable.releases.line import Line
from answerable.replays import Replayer
from answerable.store import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """What the reps' door needs."""

    store: Store
    jobs: Jobs
    library: Library
    importing: Importing
    boundary: Boundary
    candidates: Candidates
    line: Line
    replayer: Replayer
    webhooks: Webhooks
    proving: Proving
    company: str
    model_name: str
    address: str
    """Where people reach the program, for links that are handed over."""
    secure: bool
    """Whether browsers come by HTTPS."""


AtDesk = NamedDependency[Desk]
RepHere = NamedDependency[Rep]


async def current_rep(request: Request[Rep, str, Any]) -> Rep:
    """Who is signed in; the guard has made sure that somebody is."""
    return request.user
