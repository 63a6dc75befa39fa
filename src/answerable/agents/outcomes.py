"""What a customer is told of an action: never more than is known, in their language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from answerable.agents.figures import for_customer
from answerable.agents.phrases import DEFAULT_LANGUAGE, languages
from answerable.domain.actions import ActionCall, CallState

_ENDS = ".!?…。！？؟।"
"""What ends a sentence, in any of the languages."""
_CLOSING = "\"'”’»›“)]）」』"
"""What may stand behind the end of a sentence."""
_OPEN_ENDS = ",;:-–— "
# On its way is not confirmed.
_TOLD_AS: dict[CallState, CallState] = {"ready": "unknown", "sent": "unknown"}


def outcome_in_words(call: ActionCall, *, code: str, why: str | None = None) -> str:
    """How far the call has come, true and complete, in the language with that code.

    What was done is told in the words of its receipt, after `why` a person decided so, if they said it. Amounts and
    days are written as the language writes them.
    """
    by_state = _sentences().get(code, _sentences()[DEFAULT_LANGUAGE])
    if call.state == "done" and call.receipt is not None:
        decided = by_state["decided"].replace("{reason}", as_sentence(why)) if why else ""
        return f"{decided} {for_customer(call.receipt.summary_in(code), code)}".strip()
    told = (
        for_customer(call.receipt.summary_in(code), code) if call.receipt is not None else call.action.replace("_", " ")
    )
    sentence = by_state[_TOLD_AS.get(call.state, call.state)]
    sentence = sentence.replace("{reason}", for_customer(_reason(call), code)).replace("{told}", told).strip()
    return _with_person(sentence, by_state) if call.state == "expired" else sentence


def ended_in_words(call: ActionCall, *, code: str, why: str | None = None) -> str:
    """What became of a call, for whoever waited for it: where it came to nothing, they may ask for a person."""
    told = outcome_in_words(call, code=code, why=why)
    if call.state not in ("refused", "declined", "failed"):
        return told
    return _with_person(told, _sentences().get(code, _sentences()[DEFAULT_LANGUAGE]))


def urged_in_words(call: ActionCall, *, code: str) -> str:
    """How far a call has come, for whoever urges it: what is not known yet is looked up, and not done a second time."""
    told = outcome_in_words(call, code=code)
    if _TOLD_AS.get(call.state, call.state) != "unknown":
        return told
    return f"{told} {_sentences().get(code, _sentences()[DEFAULT_LANGUAGE])['twice']}"


def is_told_in(text: str, call: ActionCall) -> bool:
    """Whether a text tells what was done: in the words of its receipt, with figures as any language writes them."""
    if call.receipt is None:
        return False
    told = {call.receipt.summary, *(for_customer(call.receipt.summary_in(code), code) for code in languages())}
    return any(each in text for each in told if each)


def as_sentence(text: str) -> str:
    """What somebody wrote, with an end to its last sentence: something else stands behind it."""
    text = text.strip()
    last = text.rstrip(_CLOSING)[-1:]
    if not last.isalnum():
        return text if last in _ENDS else f"{text.rstrip(_OPEN_ENDS)}."
    # Japanese and Chinese, Hindi, and all others.
    full_stop = "。" if "\u3040" <= last <= "\u9fff" else "।" if "\u0900" <= last <= "\u097f" else "."
    return f"{text}{full_stop}"


def _reason(call: ActionCall) -> str:
    """Why not, as far as it is the customer's business: in the words of the clause, a person, or the other system."""
    if call.state in ("declined", "failed"):
        return as_sentence(call.reason)
    for verdict in call.verdicts:
        if verdict.clause_id == call.clause_id and verdict.effect == "forbids":
            return verdict.says
    # Before any clause was asked, a fact could not be had, or who they are is not known: the reason says so.
    return "" if call.verdicts else call.reason


def _with_person(told: str, words: Mapping[str, str]) -> str:
    # Japanese and Chinese set no space between sentences.
    return f"{told}{'' if told.endswith('。') else ' '}{words['person']}"


@cache
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads((resources.files(__package__) / "outcomes.toml").read_text("utf-8"))
