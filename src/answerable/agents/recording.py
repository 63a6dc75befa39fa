"""How a run's model calls stand in its ledger."""

from collections.abc import Mapping
from typing import Any

from answerable.agents.embedded import EMBEDDED_MODEL
from answerable.agents.instructions import TERMINAL_TOOLS
from answerable.domain.errors import Unavailable
from answerable.inference.models.recording import RecordedCall, RecordedResponse
from answerable.traces import Step, Steps


class CallsInLedger:
    """The model's side of a run's steps: gives what is recorded, and records what is new."""

    def __init__(self, ledger: Steps) -> None:
        self._ledger = ledger

    async def recorded(self, number: int, digest: str, request: Mapping[str, Any]) -> RecordedResponse | None:
        """What the model answered, if that is recorded. Raises Unavailable if it is recorded that it failed."""
        span = self._ledger.take_call(number, {**request, "digest": digest})
        if span is None:
            return None
        if span.state == "failed":
            raise Unavailable(span.error or "The call was given up.")
        return RecordedResponse(span.output)

    async def record(self, call: RecordedCall) -> None:
        """Keeps a call that was made."""
        content = call.response.content if call.response else None
        name, summary = _in_words(content) if content else ("Think", "failed")
        step = Step("model", name, _request(call), output=content, summary=summary, usage=call.usage, error=call.error)
        if call.error is not None:
            step.state = "failed"
        self._ledger.add(step, started_at=call.started_at, duration_us=call.duration_us)


def _request(call: RecordedCall) -> dict[str, Any]:
    asked: dict[str, Any] = {"model": call.model, "digest": call.digest, **call.request}
    if call.model == EMBEDDED_MODEL:
        # It reads neither instructions nor descriptions, so they are not part of what it was asked.
        asked = {**asked, "instructions": None, "tools": [tool["name"] for tool in call.request["tools"]]}
    else:
        asked |= {"tries": [str(each) for each in call.tries], "first_token_us": call.first_token_us}
    return asked


def _in_words(content: dict[str, Any]) -> tuple[str, str]:
    """The step's name and what came of it, as a rep reads it."""
    calls = [item["name"] for item in content["output"] if item.get("type") == "function_call"]
    if not calls:
        texts = [part.get("text", "") for item in content["output"] for part in item.get("content") or ()]
        words = len(" ".join(texts).split())
        return "Write answer", f"{words} words"
    named = ", ".join(call.replace("_", " ") for call in calls)
    return ("Decide" if set(calls) <= TERMINAL_TOOLS else "Understand"), named
