"""Runs a target on changed bytes, and keeps those that showed something new."""

from __future__ import annotations

import time
from random import Random
from typing import Final

from crex.errors import CrexError
from sdk.tests.fuzz.mutation import mutate
from sdk.tests.fuzz.targets import AcceptedError, Target

# No parser of a text of a few kilobytes may take so long, on a machine however busy.
HANG_S: Final = 10.0
_CORPUS: Final = 2_000


class Fuzzer:
    """One target, its corpus, and what it has answered so far.

    What a text is refused for stands in for the branch that it took: a text with a new answer is kept and
    changed further.
    """

    def __init__(self, target: Target, seed: str) -> None:
        self._target = target
        self._random = Random(seed)
        self._corpus = list(target.seeds)
        self._answers: set[tuple[str, ...]] = set()

    @property
    def answers(self) -> int:
        """How many different answers were seen."""
        return len(self._answers)

    def step(self) -> str | None:
        """Tries one text; gives what is wrong, or nothing."""
        random, target = self._random, self._target
        data = mutate(random, random.choice(self._corpus), target.words, target.seeds)
        began = time.monotonic()
        try:
            answer = self._answer(data)
        except AcceptedError as error:
            return f"accepted {error}: {data!r}"
        except Exception as error:
            return f"{type(error).__name__}: {error} of {data!r}"
        if time.monotonic() - began >= HANG_S:
            return f"took {time.monotonic() - began:.1f} s: {data!r}"
        if answer not in self._answers:
            self._answers.add(answer)
            self._corpus = [*self._corpus, data][-_CORPUS:]
        return None

    def _answer(self, data: bytes) -> tuple[str, ...]:
        try:
            self._target.run(data)
        except CrexError as error:
            if not error.reason or not error.message:
                raise AssertionError("a refusal without reason or message") from error
            str(error)
            return (error.reason, *sorted({one.requirement for one in error.violations}))
        return ("accepted",)
