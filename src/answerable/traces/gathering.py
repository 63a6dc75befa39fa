"""Steps become traces: which is the first, what the customer said, what they were told."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from answerable.traces.otlp import names
from answerable.traces.otlp.understanding import reply_in, said_in
from answerable.traces.records import StepRecord, TraceRecord

Part = tuple[int, Iterable[tuple[str, StepRecord]]]
"""The number of a part of a file, and its steps, each with the id of its trace."""


def gathered(last_part: dict[str, int], parts: Iterable[Part]) -> Iterator[TraceRecord]:
    """Traces out of the parts of a file, each as soon as its last part has come; `last_part` says which that is.

    A program writes the steps of many traces as they end, so those of one are spread over a file. Only the traces
    that are under way at the same place of it are held in memory.
    """
    under_way: dict[str, list[StepRecord]] = {}
    for number, steps in parts:
        touched = dict.fromkeys(_put(steps, under_way))
        for trace_id in touched:
            if last_part.get(trace_id, number) <= number:
                yield trace_of(trace_id, under_way.pop(trace_id))


def _put(steps: Iterable[tuple[str, StepRecord]], under_way: dict[str, list[StepRecord]]) -> Iterator[str]:
    for trace_id, step in steps:
        under_way.setdefault(trace_id, []).append(step)
        yield trace_id


def trace_of(trace_id: str, steps: Sequence[StepRecord], *, name: str | None = None) -> TraceRecord:
    """The trace of these steps, by the name of its first step if it has none of its own."""
    in_order = sorted(steps, key=lambda step: step.started_ns)
    known = {step.id for step in in_order}
    firsts = [step for step in in_order if step.parent_id not in known]
    # A ring of parents has no first step; that is still a trace.
    first = firsts[0] if firsts else in_order[0]
    by_rank = [first, *(step for step in in_order if step.kind == "agent"), *in_order]
    spoken = [step for step in by_rank if step.kind in ("agent", "model")]
    return TraceRecord(
        id=trace_id,
        name=name or first.name,
        service=_first_text((first, *in_order), lambda step: step.told.resource.attributes.get(names.SERVICE_NAME)),
        conversation_id=_first_text((first, *in_order), lambda step: step.told.attributes.get(names.CONVERSATION)),
        said=next((words for step in spoken if (words := said_in(step.input))), None),
        reply=_reply(first, in_order),
        steps=tuple(in_order),
    )


def _reply(first: StepRecord, in_order: Sequence[StepRecord]) -> str | None:
    later_first = [step for step in reversed(in_order) if step.kind in ("agent", "model")]
    return next((words for step in (first, *later_first) if (words := reply_in(step.output))), None)


def _first_text(steps: Iterable[StepRecord], look: Callable[[StepRecord], object]) -> str | None:
    return next((found for step in steps if isinstance(found := look(step), str) and found), None)
