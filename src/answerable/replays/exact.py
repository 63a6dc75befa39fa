"""Exact replay: `Replayer(agent_of).exact(recording)` answers a run again from nothing but its recording.

What a run did outside itself is given from the recording: model, knowledge, actions, proofs. All else is worked out
anew: procedures, guards, wording, decision. Both together must come to the very reply and the very steps that are
recorded, as canonical JSON, or the replay says at which step it left the recording.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from answerable.agents.answer import SupportAgent
from answerable.agents.asked import Asked
from answerable.domain.conversations import Reply
from answerable.domain.errors import AnswerableError
from answerable.domain.runs import UNEXPECTED, Span
from answerable.replays.nowhere import nowhere
from answerable.traces.recording import Recording
from answerable.traces.replaying import Divergence, ReplayedSteps

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a replay."""

    run_id: str
    """The run that was replayed."""
    reply: Reply
    steps: tuple[Span, ...]
    divergence: Divergence | None
    """Where it left its recording; none if it is equal to it."""
    fidelity: float
    """From 0 to 1: the share of what came from outside that was answered from the recording."""
    duration_us: int

    @property
    def is_equal(self) -> bool:
        """Whether reply and steps are those that are recorded."""
        return self.divergence is None


class Replayer:
    """Replays runs."""

    def __init__(self, agent_of: Callable[[str, int], Awaitable[SupportAgent]]) -> None:
        """`agent_of(model, release)` is the agent as a run of that model and release had it, on a model of nobody's."""
        self._agent_of = agent_of

    async def exact(self, recording: Recording) -> Replay:
        """Answers a run again, from its recording alone."""
        run = recording.run
        agent = await self._agent_of(run.model, run.release)
        steps = ReplayedSteps(run, recording.steps, is_exact=True)
        asked = Asked(recording.customer, recording.conversation, recording.said, recording.before)
        started = time.perf_counter_ns()
        try:
            reply = await agent.answer(asked, steps, _to_nobody, nowhere())
        except AnswerableError as error:
            reply = agent.apology(asked, str(error))
        except Exception:
            # It may have failed like this then: the reply tells.
            log.debug("The replay of run %s failed.", run.id, exc_info=True)
            reply = agent.apology(asked, UNEXPECTED)
        steps.finish(recording.reply, reply)
        took = (time.perf_counter_ns() - started) // 1000
        return Replay(run.id, reply, steps.spans, steps.divergence, steps.fidelity, took)


def _to_nobody(index: int, text: str) -> None:
    """No customer reads along."""
