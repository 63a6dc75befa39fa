"""How a run's model calls stand in its ledger."""

from typing import Any

from answerable.agents.embedded import EMBEDDED_MODEL
from answerable.agents.instructions import TERMINAL_TOOLS
from answerable.inference.models.recording import RecordedCall, RecordedResponse
from answerable.traces import Ledger, Step


class CallsInLedger:
    """The model's side of a run's ledger: gives what is recorded, and records what is new."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._recorded = [span for span in ledger.spans if span.kind == "model" and span.state == "done"]

    async def recorded(self, call_number: int, request_digest: str) -> RecordedResponse | None:
        """What the model answered before the run was cut off, as long as it is asked the same."""
        if call_number > len(self._recorded):
            return None
        span = self._recorded[call_number - 1]
        if span.input["digest"] != request_digest:
            # The run goes another way than before: from here on everything is asked anew.
            self._recorded = self._recorded[: call_number - 1]
            return None
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
