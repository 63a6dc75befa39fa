"""Numbers the sources of a reply as they come up in it: whatever place a search gave them, a reader meets [1] first."""

import re
from collections.abc import Iterable

# What only looks like a marker, code and the words of a link, stays as it is.
_MARKER = re.compile(r"`[^`\n]*`|!?\[[^\]\n]*\]\([^)\n]*\)|[\[【](?P<number>\d{1,3})[\]】]")
_FENCE = ("```", "~~~")


class SourceNumbers:
    """Which number a reply shows for each passage that was found."""

    def __init__(self, found: Iterable[int]) -> None:
        """`found`: the numbers that the search gave; any other is no passage's and stays as it is."""
        self._found = tuple(found)
        self._shown: dict[int, int] = {}
        self._in_code = False

    def of(self, number: int) -> int:
        """What is shown for a passage; the next number if it has not come up yet."""
        return self._shown.setdefault(number, len(self._shown) + 1)

    def take(self, sentence: str) -> str:
        """The reply's next sentence with the numbers that are shown."""
        is_fence = sentence.lstrip().startswith(_FENCE)
        if is_fence or self._in_code:
            self._in_code = self._in_code != is_fence
            return sentence
        return self.put(sentence)

    def put(self, text: str) -> str:
        """A text with the numbers that are shown."""
        return _MARKER.sub(self._put, text)

    def _put(self, marker: re.Match[str]) -> str:
        written = marker["number"]
        if written is None or int(written) not in self._found:
            return marker[0]
        return f"[{self.of(int(written))}]"
