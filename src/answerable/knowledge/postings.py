"""Which passages hold a word, and how often: `Postings`, the lexical half of the index."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int32]
Counts = npt.NDArray[np.uint16]

COUNT_MAX = 65_535

_VOWELS = tuple("aeiouy")
NEAR_LETTERS_MIN = 7
"""In shorter words one other letter makes another word."""
NEAR_LETTERS_MAX = 40
"""What is longer is no word, and its slips of the pen would fill the memory: they grow by the square."""

_NO_ROWS: Rows = np.zeros(0, dtype=np.int32)
_NO_COUNTS: Counts = np.zeros(0, dtype=np.uint16)


@dataclass(frozen=True, slots=True)
class Postings:
    """An unchanging inverted list over rows 0 to n-1."""

    terms: dict[str, int]
    starts: npt.NDArray[np.int64]
    """Where the rows of each term begin; one more at the end."""
    rows: Rows
    counts: Counts
    lengths: npt.NDArray[np.int32]
    """How many words each row has."""

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> Postings:
        """Postings of tokenised texts, one row each."""
        terms: dict[str, int] = {}
        term_column, row_column, count_column, lengths = array("i"), array("i"), array("H"), array("i")
        for row, tokens in enumerate(texts):
            lengths.append(len(tokens))
            for term, count in Counter(tokens).items():
                term_column.append(terms.setdefault(term, len(terms)))
                row_column.append(row)
                count_column.append(min(count, COUNT_MAX))
        return _sorted_by_term(
            terms,
            np.frombuffer(term_column, dtype=np.int32) if term_column else _NO_ROWS,
            np.frombuffer(row_column, dtype=np.int32) if row_column else _NO_ROWS,
            np.frombuffer(count_column, dtype=np.uint16) if count_column else _NO_COUNTS,
            np.array(lengths, dtype=np.int32),
        )

    def of_term(self, term: str) -> tuple[Rows, Counts]:
        """The rows that hold a term, ascending, and how often each does."""
        number = self.terms.get(term)
        if number is None:
            return _NO_ROWS, _NO_COUNTS
        held = slice(self.starts[number], self.starts[number + 1])
        return self.rows[held], self.counts[held]

    def near(self, term: str) -> list[str]:
        """The terms that are one slip of the pen away, in alphabetical order.

        One letter left out, put in or swapped with the next, or one vowel mistaken, and never the first letter: another
        consonant mostly makes another word ("project", "protect").
        """
        if not (NEAR_LETTERS_MIN <= len(term) <= NEAR_LETTERS_MAX and term.isascii() and term.isalpha()):
            return []
        return sorted(each for each in _one_slip_from(term) if each in self.terms)

    def followed_by(self, other: Postings) -> Postings:
        """These rows and then the other's, as one."""
        terms = dict(self.terms)
        renumbered = np.array([terms.setdefault(term, len(terms)) for term in other.terms], dtype=np.int32)
        return _sorted_by_term(
            terms,
            np.concatenate([self._term_column(), renumbered[other._term_column()]]),
            np.concatenate([self.rows, other.rows + np.int32(len(self.lengths))]),
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.lengths, other.lengths]),
        )

    def _term_column(self) -> Rows:
        return np.repeat(np.arange(len(self.terms), dtype=np.int32), np.diff(self.starts))


def _one_slip_from(term: str) -> set[str]:
    cuts = [(term[:at], term[at:]) for at in range(1, len(term) + 1)]
    left_out = {before + after[1:] for before, after in cuts if after}
    swapped = {before + after[1] + after[0] + after[2:] for before, after in cuts if len(after) > 1}
    mistaken = {before + letter + after[1:] for before, after in cuts if after[:1] in _VOWELS for letter in _VOWELS}
    put_in = {before + letter + after for before, after in cuts for letter in ascii_lowercase}
    return (left_out | swapped | mistaken | put_in) - {term}


def _sorted_by_term(
    terms: dict[str, int], term_column: Rows, rows: Rows, counts: Counts, lengths: npt.NDArray[np.int32]
) -> Postings:
    order = np.argsort(term_column, kind="stable")
    starts = np.zeros(len(terms) + 1, dtype=np.int64)
    np.cumsum(np.bincount(term_column, minlength=len(terms)), out=starts[1:])
    return Postings(terms, starts, rows[order], counts[order], lengths)
