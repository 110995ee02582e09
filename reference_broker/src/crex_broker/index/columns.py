"""Growing columns: one value for each row of a table, missing where a document does not state it.

A column is only ever appended to. It grows by copying, so whoever holds an older array still reads every row
that was there when it looked: readers need no lock (ADR 0019).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Ints: TypeAlias = npt.NDArray[np.int64]
Codes: TypeAlias = npt.NDArray[np.int32]
Flags: TypeAlias = npt.NDArray[np.bool_]

# Stands for what is not stated. A document that states the least number of 64 bits itself is judged by the
# evaluator (`Shredder.odd`).
MISSING: Final = -(1 << 63)
NO_CODE: Final = -1
_FIRST: Final = 64


class Growing:
    """An array that grows at its end; rows that nobody sets have the value of what is missing."""

    def __init__(self, dtype: npt.DTypeLike, missing: int, capacity: int = _FIRST) -> None:
        self._missing = missing
        self.data: npt.NDArray[Any] = np.full(max(capacity, _FIRST), missing, dtype=dtype)

    def reserve(self, rows: int) -> None:
        """Makes room for so many rows."""
        have = len(self.data)
        if rows > have:
            larger = np.full(max(rows, have * 2), self._missing, dtype=self.data.dtype)
            larger[:have] = self.data
            self.data = larger

    def set(self, row: int, value: int) -> None:
        """Sets a row, which must not have been shown to a reader."""
        self.reserve(row + 1)
        self.data[row] = value

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return int(self.data.nbytes)


class IntColumn:
    """Integers, instants in milliseconds, lengths of time in milliseconds, truth values (0 and 1)."""

    def __init__(self, capacity: int) -> None:
        self.values = Growing(np.int64, MISSING, capacity)

    def stated(self, rows: Ints) -> Flags:
        """Tells for some rows whether they state a value."""
        found: Flags = self.values.data[rows] != MISSING
        return found

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.values.nbytes


class CodeColumn:
    """Texts and decimals, each known by its number in a dictionary of the column."""

    def __init__(self, capacity: int) -> None:
        self.values = Growing(np.int32, NO_CODE, capacity)
        self.words: list[str | Fraction] = []
        self._code: dict[str | Fraction, int] = {}
        self._judged: dict[object, npt.NDArray[np.int8]] = {}

    def code_of(self, word: str | Fraction) -> int:
        """Gives the number of a word, which it takes in."""
        code = self._code.get(word)
        if code is None:
            code = len(self.words)
            self.words.append(word)
            self._code[word] = code
        return code

    def known(self, word: object) -> int:
        """Gives the number of a word; `NO_CODE` - 1, which no row has, where no row states it."""
        code = self._code.get(word) if isinstance(word, (str, Fraction)) else None
        return NO_CODE - 1 if code is None else code

    def stated(self, rows: Ints) -> Flags:
        """Tells for some rows whether they state a value."""
        found: Flags = self.values.data[rows] != NO_CODE
        return found

    def judged(self, key: object, judge: Callable[[str | Fraction], int]) -> npt.NDArray[np.int8]:
        """Judges every word once; gives the judgements by number.

        Args:
            key: What is asked; the same question is not put to a word again.
            judge: Answers it for one word.
        """
        known = self._judged.get(key)
        have = 0 if known is None else len(known)
        count = len(self.words)
        if known is None or have < count:
            more = np.fromiter((judge(word) for word in self.words[have:count]), np.int8, count - have)
            known = more if known is None else np.concatenate([known, more])
            if len(self._judged) >= _MOST_QUESTIONS:
                self._judged.clear()
            self._judged[key] = known
        return known

    @property
    def nbytes(self) -> int:
        """Memory that it takes, its words at about what CPython needs for them."""
        return self.values.nbytes + sum(_WORD_BYTES + len(str(word)) for word in self.words)


Column: TypeAlias = IntColumn | CodeColumn

# Questions that a column remembers the judgements of.
_MOST_QUESTIONS: Final = 64
# A text object, its place in a list and in a dictionary.
_WORD_BYTES: Final = 49 + 8 + 100
