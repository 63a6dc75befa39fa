"""Files of traces: OTLP/JSON with one request a line, as the collector's file exporter writes them, or protobuf.

Protobuf comes in two ways: one message for the whole file, which is what we write, or many, each behind its length in
four bytes, which is what the collector writes. The first is read one resource at a time, so that a file may be larger
than the memory.
"""

import io
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from google.protobuf import proto
from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, TracesData

from answerable.domain.clock import now
from answerable.domain.errors import Fault, Faulty, Invalid, Unavailable
from answerable.traces.gathering import gathered
from answerable.traces.otlp.wire import from_json, steps_of, trace_id_of
from answerable.traces.records import StepRecord, TraceRecord
from answerable.traces.refusing import CUT_OFF, PART_BYTES_MAX, at, refuse_the_future, too_large

_RESOURCE_SPANS = b"\x0a"
"""How each part of a whole message begins: the first field, with its length."""
_LENGTH_BYTES = 4
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5": "zstd"}
_DAMAGED = "This cannot be read as a trace of OTLP; it is damaged, or something else."

_Parts = Iterator[tuple[int, TracesData]]


def read_otlp(path: Path, *, clock: Callable[[], datetime] = now) -> Iterator[TraceRecord]:
    """The traces of a file, each once it is whole. It is read twice: the steps of a trace may be anywhere in it.

    Raises Faulty with file and line, or Invalid, if it is cut off, no trace, or from a newer program; TooMuch if a
    part of it is too large; Unavailable if it cannot be read.
    """
    last_part: dict[str, int] = {}
    for number, request in _parts(path):
        for span in _spans(request):
            try:
                last_part[trace_id_of(span)] = number
            except Invalid as error:
                raise at(path, number, error) from error
    moment = clock()
    yield from gathered(last_part, ((number, _steps(path, number, each, moment)) for number, each in _parts(path)))


def _spans(request: TracesData) -> Iterator[Any]:
    return (
        span
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    )


def _steps(path: Path, number: int, request: TracesData, moment: datetime) -> Iterator[tuple[str, StepRecord]]:
    try:
        for trace_id, step in steps_of(request):
            refuse_the_future(step, moment)
            yield trace_id, step
    except Invalid as error:
        raise at(path, number, error) from error


# -- the parts of a file -----------------------------------------------------------------------------------------------


def _parts(path: Path) -> _Parts:
    """The requests of a file, with their numbers: lines of JSON, or parts of protobuf."""
    try:
        with path.open("rb") as file:
            start = file.read(_LENGTH_BYTES)
            file.seek(0)
            yield from _reader(path, start)(file)
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.") from error


def _reader(path: Path, start: bytes) -> Callable[[IO[bytes]], _Parts]:
    if start.removeprefix(_BYTE_ORDER_MARK).lstrip(b" \t\r")[:1] == b"{":
        return partial(_lines, path)
    if start[:1] == _RESOURCE_SPANS:
        return partial(_whole_message, path)
    if start[:1] == b"\0":
        return partial(_behind_lengths, path)
    if not start:
        return lambda _: iter(())
    packed = _PACKED.get(start[:2])
    what = f"It is packed with {packed}; unpack it first." if packed else "This is neither OTLP/JSON nor protobuf."
    raise Invalid(f"{path}: {what}")


def _lines(path: Path, file: IO[bytes]) -> _Parts:
    number = 0
    while line := file.readline(PART_BYTES_MAX + 1):
        number += 1
        if len(line) > PART_BYTES_MAX:
            raise too_large(path, number)
        text = line.removeprefix(_BYTE_ORDER_MARK).strip()
        if not text:
            continue
        try:
            yield number, from_json(text)
        except Invalid as error:
            is_last = not line.endswith(b"\n")
            says = CUT_OFF if is_last and not text.endswith(b"}") else str(error)
            raise Faulty(Fault(str(path), number, says)) from error


def _whole_message(path: Path, file: IO[bytes]) -> _Parts:
    number = 0
    while tag := file.read(1):
        number += 1
        if tag != _RESOURCE_SPANS:
            raise Faulty(Fault(str(path), number, "This is protobuf, or not even that, but no trace as OTLP has it."))
        measured = _Measured(path, number, file)
        try:
            # It asks for a buffer in memory, but only reads from it.
            of_resource = proto.parse_length_prefixed(ResourceSpans, cast(io.BytesIO, measured))
        except (DecodeError, ValueError, EOFError) as error:
            raise Faulty(Fault(str(path), number, CUT_OFF if measured.is_at_end else _DAMAGED)) from error
        if of_resource is None:
            raise Faulty(Fault(str(path), number, CUT_OFF))
        yield number, TracesData(resource_spans=[of_resource])


def _behind_lengths(path: Path, file: IO[bytes]) -> _Parts:
    number = 0
    while prefix := file.read(_LENGTH_BYTES):
        number += 1
        length = int.from_bytes(prefix, "big")
        if length > PART_BYTES_MAX:
            raise too_large(path, number)
        content = file.read(length)
        if len(prefix) < _LENGTH_BYTES or len(content) < length:
            raise Faulty(Fault(str(path), number, CUT_OFF))
        try:
            yield number, TracesData.FromString(content)
        except DecodeError as error:
            raise Faulty(Fault(str(path), number, _DAMAGED)) from error


class _Measured:
    """Reads from a file, and stops before it reads too much at once."""

    def __init__(self, path: Path, number: int, file: IO[bytes]) -> None:
        self._path, self._number, self._file = path, number, file
        self.is_at_end = False
        """Whether there was less than was asked for."""

    def read(self, size: int) -> bytes:
        """The next bytes."""
        if size > PART_BYTES_MAX:
            raise too_large(self._path, self._number)
        read = self._file.read(size)
        self.is_at_end = len(read) < size
        return read
