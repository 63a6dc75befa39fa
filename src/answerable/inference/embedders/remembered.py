"""The vectors of recent questions: `RememberedQueries`, since a turn asks for the same more than once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from answerable.inference.embedders.scale import Vectors

QUERIES_REMEMBERED = 2048


class RememberedQueries:
    """Keeps the vectors asked for last; may be used by many threads."""

    def __init__(self, *, size: int = QUERIES_REMEMBERED) -> None:
        self._size = size
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str, embed: Callable[[], Vectors]) -> Vectors:
        """The vector of a text, embedded now if it is not remembered."""
        with self._lock:
            if (known := self._known.get(text)) is not None:
                self._known.move_to_end(text)
                return known
        vector = embed()
        with self._lock:
            self._known[text] = vector
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return vector
