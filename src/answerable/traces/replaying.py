"""The steps of a replay: `ReplayedSteps(recording)`. Whatever is recorded is given, and nothing is kept anywhere.

In an *exact* replay every step must be one that is recorded, ask the same and come to the same; where it is not so the
replay has left its recording, and it says at which step. Fields that a later program has added to what it works out by
itself are not compared. In a *changed* one what the program works out by itself is
worked out anew, and only what came from outside (what a model answered, what became of an action, who somebody had
proved to be) is given from the recording, where the same was asked for.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from answerable.domain import errors
from answerable.domain.runs import Run, Span, SpanKind
from answerable.traces.steps import Step, Steps, as_kept, input_digest

FROM_OUTSIDE: frozenset[SpanKind] = frozenset({"model", "action", "policy"})
"""What a changed replay is given. Everything else is worked out by the program from what it knows."""
WORKED_OUT: frozenset[SpanKind] = frozenset({"agent", "guard", "handoff"})
"""What no replay is given: the program works it out by itself, from what it was given."""
NOT_PART_OF_THE_WISH = frozenset({"key", "digest", "tries", "first_token_us"})
"""What the same wish may differ in: which place of the turn it stands in, and how the call went."""


@dataclass(frozen=True, slots=True)
class Divergence:
    """Where a replay left its recording."""

    number: int | None
    """The recorded step, counted from 1; none if no such step is recorded."""
    kind: str
    name: str
    says: str
    """What is different, in one sentence."""
    recorded: Any = None
    replayed: Any = None


class LeftRecording(errors.AnswerableError):
    """Something is asked for that is not recorded, and a replay asks nobody else."""


class FailedAgain(Exception):
    """It is recorded that this step failed, in words that the program has no name for."""


class ReplayedSteps(Steps):
    """The steps of one replay."""

    def __init__(self, run: Run, recorded: Iterable[Span], *, is_exact: bool) -> None:
        super().__init__(run)
        self._is_exact = is_exact
        self._to_take = {span.number: span for span in sorted(recorded, key=lambda span: span.number)}
        self._digests = {number: self._digest(span.kind, span.input) for number, span in self._to_take.items()}
        # Behind all that is recorded: what is new in a replay has no place among the steps of then.
        self._last_number = max(self._to_take, default=0)
        self.divergence: Divergence | None = None
        """The first difference, if there is one."""

    @property
    def fidelity(self) -> float:
        """The share of steps that were answered from the recording, of those that need something from outside."""
        outside = [span for span in self._spans if span.kind in FROM_OUTSIDE]
        return sum(span.number in self._digests for span in outside) / len(outside) if outside else 1.0

    def take_call(self, number: int, request: dict[str, Any]) -> Span | None:
        """What the model answered to the same. An exact replay that asks something else has left its recording."""
        calls = [span for span in self._to_take.values() if span.kind == "model"]
        same = [span for span in calls if self._is_same_request(span.input, request)]
        found = next((span for span in same if span.state == "done"), next(iter(same), None))
        if found is None and self._is_exact:
            then = calls[0] if calls else None
            raise self._leave(then, "model", f"Model call {number}", then.input if then else None, request)
        if found is not None:
            self._carry(found)
        return found

    async def flush(self) -> None:
        """Nothing is kept."""

    def finish(self, recorded: Any, replayed: Any) -> None:
        """Compares what came of it all, and whether every step was taken."""
        left = [span for span in self._to_take.values() if not self._was_done_again(span)]
        if self._is_exact and left:
            self._differs(left[0], "This step is recorded and was not taken.", left[0].output, None)
        then, now = as_kept(recorded), as_kept(replayed)
        if not covers(now, then):
            self._note(Divergence(None, "agent", "Reply", "The reply is another one.", then, now))

    def _take(self, kind: SpanKind, name: str, asked: Any) -> Span | None:
        if not self._is_exact and kind not in FROM_OUTSIDE:
            return None
        asked = as_kept(asked)
        wanted = self._digest(kind, asked)
        for number, span in self._to_take.items():
            if (span.kind, span.name) != (kind, name):
                continue
            if self._digests[number] == wanted or (kind in WORKED_OUT and covers(asked, span.input)):
                self._carry(span)
                if span.state == "failed" and span.output is None:
                    raise failure(span.error or "")
                return span
        if not self._is_exact:
            return None
        then = next((span for span in self._to_take.values() if span.kind == kind), None)
        raise self._leave(then, kind, name, then.input if then else None, asked)

    def _given(self, recorded: Span, step: Step) -> None:
        output = as_kept(step.output)
        if not covers(output, recorded.output) or step.summary != recorded.summary:
            self._differs(recorded, "This step came to something else.", recorded.output, output)

    def _keep(self, span: Span) -> None:
        if self._is_exact:
            self._note(Divergence(None, span.kind, span.name, "This step is not recorded.", None, span.input))
        super()._keep(span)

    def _carry(self, span: Span) -> None:
        """Takes a recorded step, with all that was done within it."""
        within = [span.id]
        self._spans.append(self._to_take.pop(span.number))
        if span.kind not in FROM_OUTSIDE:
            # What it did outside it asks for itself.
            return
        for number, other in list(self._to_take.items()):
            if other.parent_id in within:
                within.append(other.id)
                self._spans.append(self._to_take.pop(number))

    def _was_done_again(self, span: Span) -> bool:
        """Whether a run that was cut off did this step once more: the later one was taken for both."""
        return any(
            (taken.kind, taken.name) == (span.kind, span.name)
            and self._digests.get(taken.number) == self._digests[span.number]
            for taken in self._spans
        )

    def _is_same_request(self, recorded: dict[str, Any], asked: dict[str, Any]) -> bool:
        """Whether a model is asked the same. Exactly: how the program puts its instructions may have changed since."""
        if recorded.get("digest") == asked["digest"]:
            return True
        return self._is_exact and bool(as_kept(asked["input"]) == recorded.get("input"))

    def _digest(self, kind: SpanKind, asked: Any) -> str:
        if not self._is_exact and isinstance(asked, dict) and kind in FROM_OUTSIDE:
            asked = {name: value for name, value in asked.items() if name not in NOT_PART_OF_THE_WISH}
        return input_digest(asked)

    def _leave(self, then: Span | None, kind: SpanKind, name: str, recorded: Any, asked: Any) -> LeftRecording:
        says = "Something else was asked for here." if then is not None else "This step is not recorded."
        self._note(Divergence(then.number if then else None, kind, name, says, recorded, as_kept(asked)))
        return LeftRecording(f"{name}: {says}")

    def _differs(self, span: Span, says: str, recorded: Any, replayed: Any) -> None:
        self._note(Divergence(span.number, span.kind, span.name, says, recorded, replayed))

    def _note(self, divergence: Divergence) -> None:
        if self.divergence is None:
            self.divergence = divergence


def covers(replayed: Any, recorded: Any) -> bool:
    """Whether all that is recorded has come again. What a later program tells besides is no difference."""
    if isinstance(recorded, dict):
        return isinstance(replayed, dict) and all(
            name in replayed and covers(replayed[name], value) for name, value in recorded.items()
        )
    if isinstance(recorded, list):
        return isinstance(replayed, list) and len(replayed) == len(recorded) and all(map(covers, replayed, recorded))
    return bool(replayed == recorded)


def failure(words: str) -> BaseException:
    """The error that a step is recorded to have failed with, as the ledger has it: `Invalid: There is no charge.`"""
    name, _, sentence = words.partition(": ")
    if name == asyncio.CancelledError.__name__:
        return LeftRecording("The run was cut off here.")
    kind = getattr(errors, name, None)
    is_ours = isinstance(kind, type) and issubclass(kind, errors.AnswerableError) and kind is not errors.Faulty
    return kind(sentence) if is_ours and kind is not None else FailedAgain(words)
