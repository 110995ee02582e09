"""What rules between members are, and the comparisons that several of them make.

A rule reads one message in strict JSON form that its schema accepts, and gives every contradiction with its
place; the message names the other place. What is absent is unknown and contradicts nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from crex.documents.paths import json_path
from crex.errors import Violation

Json: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]
Rule: TypeAlias = Callable[[Json, Path], Iterator[Violation]]

_DENSE: Final = "dense"
_CORRECT: Final = "correct whichever is wrong"


def whole_number(value: Json, member: str) -> int | None:
    """Gives an int64 member, which the strict form writes as text; None where it is absent."""
    return int(value[member]) if member in value else None


def at_most(
    value: Json, member: str, limit: int | None, limit_at: str, path: Path, requirement: str
) -> Iterator[Violation]:
    """Refuses a member that exceeds a limit.

    Args:
        value: The message.
        member: The member.
        limit: The limit; None: not stated.
        limit_at: JSON path of the limit.
        path: Path of the message.
        requirement: The rule.
    """
    found = whole_number(value, member)
    if found is not None and limit is not None and found > limit:
        message = f"it is {found}, and {limit_at} is {limit}"
        yield Violation(json_path((*path, member)), message, requirement, _CORRECT)


def rates(value: Json, path: Path) -> Iterator[Violation]:
    """Refuses rates of one thing that contradict each other (DESC-RATE-4, DESC-RATE-5).

    Rates are of one thing where format, accumulator, unit, clock and basis are the same.
    """
    known: dict[tuple[str, ...], tuple[int, str]] = {}
    for index, rate in enumerate(value.get("rates", ())):
        place, amount = json_path((*path, "rates", index, "mopsPerS")), int(rate["mopsPerS"])
        key = (*_subject(rate), rate["sparsity"])
        earlier = known.setdefault(key, (amount, place))
        if earlier[1] != place:
            message = f"{earlier[1]} states the same rate already, as {earlier[0]}"
            yield Violation(place, message, "DESC-RATE-5", "state one of them")
    for (*subject, sparsity), (amount, place) in known.items():
        dense = known.get((*subject, _DENSE))
        if sparsity != _DENSE and dense is not None and amount < dense[0]:
            message = f"with sparsity {sparsity} it is {amount}, and the dense rate {dense[1]} is {dense[0]}"
            fix = "correct whichever is wrong; a datasheet's figure with sparsity is the larger one"
            yield Violation(place, message, "DESC-RATE-4", fix)


def _subject(rate: Json) -> tuple[str, ...]:
    names = ("numberFormat", "accumulateFormat", "unit", "clockMhz")
    return (*(str(rate.get(name, "")) for name in names), rate["provenance"]["basis"])
