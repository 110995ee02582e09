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
    value: Json, member: str, limit: int | None, limit_at: Path, path: Path, requirement: str
) -> Iterator[Violation]:
    """Refuses a member that exceeds a limit.

    Args:
        value: The message.
        member: The member.
        limit: The limit; None: not stated.
        limit_at: Path of the limit.
        path: Path of the message.
        requirement: The rule.
    """
    found = whole_number(value, member)
    if found is not None and limit is not None and found > limit:
        message = f"it is {found}, and {json_path(limit_at)} is {limit}"
        yield Violation(json_path((*path, member)), message, requirement, _CORRECT)


def rates(value: Json, path: Path) -> Iterator[Violation]:
    """Refuses rates of one thing that contradict each other (DESC-RATE-4, DESC-RATE-5).

    Rates are of one thing where format, accumulator, unit, clock and basis are the same.
    """
    if "rates" not in value:
        return

    def place(at: int) -> str:
        return json_path((*path, "rates", at, "mopsPerS"))

    stated = value["rates"]
    known: dict[tuple[object, ...], int] = {}
    sparse: list[tuple[tuple[object, ...], int]] = []
    for index, rate in enumerate(stated):
        subject, sparsity = _subject(rate), rate["sparsity"]
        earlier = known.setdefault((*subject, sparsity), index)
        if earlier != index:
            message = f"{place(earlier)} states the same rate already, as {stated[earlier]['mopsPerS']}"
            yield Violation(place(index), message, "DESC-RATE-5", "state one of them")
        elif sparsity != _DENSE:
            sparse.append((subject, index))
    for subject, index in sparse:
        dense = known.get((*subject, _DENSE))
        if dense is None:
            continue
        amount, most = int(stated[index]["mopsPerS"]), int(stated[dense]["mopsPerS"])
        if amount < most:
            sparsity = stated[index]["sparsity"]
            message = f"with sparsity {sparsity} it is {amount}, and the dense rate {place(dense)} is {most}"
            fix = "correct whichever is wrong; a datasheet's figure with sparsity is the larger one"
            yield Violation(place(index), message, "DESC-RATE-4", fix)


def _subject(rate: Json) -> tuple[object, ...]:
    read = rate.get
    return (
        read("numberFormat"),
        read("accumulateFormat"),
        read("unit"),
        read("clockMhz"),
        rate["provenance"]["basis"],
    )
