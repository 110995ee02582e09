"""What is liked, beside what is required: points for values near to the better end (DEMAND-PREFERENCE-2).

A preference orders; it never lets an offer match that does not, and never keeps one out. Everything is exact,
and rounded once, into a score from 0 to 1000 (DEMAND-PREFERENCE-3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol

from crex import v1
from crex.demand.checker import asks_sparsity, check, unknown_path
from crex.demand.evaluator import truth
from crex.demand.nodes import Node
from crex.demand.paths import Path, Registry, Root, registry
from crex.demand.truth import Truth
from crex.demand.values import NUMERIC, read_operand, read_stated
from crex.demand.view import Cursor, Reached, Surroundings
from crex.errors import RequirementError, Violation
from crex.names import is_token


class _Refuse(Protocol):
    def __call__(self, member: str, message: str, fix: str, requirement: str = ..., /) -> None: ...


FULL_SCORE: Final = 1000
_MAX_WEIGHT: Final = 1000
_MAX_PREFERENCES: Final = 16


@dataclass(frozen=True, slots=True)
class Wish:
    """A checked preference.

    Attributes:
        path: Path of the value.
        low: Value at the lower end, in the path's unit.
        high: Value at the upper end, above it.
        minimize: Whether less is better.
        weight: Weight among all, from 1.
        where: Requirement on the element of the last list on the path; None: every element counts.
        bases: Accepted bases; empty: any.
    """

    path: Path
    low: Fraction
    high: Fraction
    minimize: bool
    weight: int = 1
    where: Node | None = None
    bases: tuple[str, ...] = ()

    def points(self, value: Fraction) -> Fraction:
        """Gives the share of the points that a value gets, 0 to 1."""
        share = min(max((value - self.low) / (self.high - self.low), Fraction(0)), Fraction(1))
        return 1 - share if self.minimize else share


def score(wishes: Sequence[Wish], around: Surroundings) -> int:
    """Gives the score of an offer, 0 to 1000.

    Args:
        wishes: The preferences, at least one.
        around: The offer, the instant, the price.
    """
    total = sum(wish.weight for wish in wishes)
    reached = sum((wish.weight * best_points(wish, around) for wish in wishes), Fraction(0))
    exact = reached * FULL_SCORE / total
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)  # half up


def best_points(wish: Wish, around: Surroundings) -> Fraction:
    """Gives the points of the best value that counts; 0 where none is stated."""
    return max((wish.points(value) for value in _values(wish, around)), default=Fraction(0))


def _values(wish: Wish, around: Surroundings) -> Iterator[Fraction]:
    for one in _reached(wish, around):
        if one is None or (wish.bases and one.cursor.basis not in wish.bases):
            continue
        value = read_stated(one.raw, wish.path.type)
        if isinstance(value, (int, Fraction)):
            yield Fraction(value)


def _reached(wish: Wish, around: Surroundings) -> Iterator[Reached | None]:
    if wish.where is None:
        yield from around.follow(wish.path, None, dense=True)
        return
    above, below = _parted(wish.path)
    # Who says which sparsity is meant means that one, as in an element (REQ-DENSE-1).
    dense = not asks_sparsity(above, wish.where)
    for one in around.follow(above, None, dense=dense):
        if one is not None and _satisfies(wish.where, around, one.cursor):
            yield from around.follow(below, one.cursor, dense=dense)


def _satisfies(where: Node, around: Surroundings, element: Cursor) -> bool:
    return truth(where, around, element) is Truth.TRUE


def _parted(path: Path) -> tuple[Path, Path]:
    """Parts a path after its last list: the path of the list, and the rest from its element."""
    last = max(index for index, step in enumerate(path.steps) if step.repeated and step.message)
    above = Path("", path.root, path.steps[: last + 1], path.type)
    return above, Path("", Root.ELEMENT, path.steps[last + 1 :], path.type)


def check_preferences(preferences: Sequence[v1.Preference]) -> tuple[Wish, ...]:
    """Checks the preferences of a demand.

    Raises:
        RequirementError: SCHEMA with every violation (DEMAND-PREFERENCE-1), or the error of a `where`.
    """
    violations: list[Violation] = []
    if len(preferences) > _MAX_PREFERENCES:
        message = f"{len(preferences)} preferences, of at most {_MAX_PREFERENCES}"
        violations.append(
            Violation("$.preferences", message, "DEMAND-PREFERENCE-1", "keep those that matter")
        )
    wishes = [
        _wish(preference, f"$.preferences[{index}]", violations)
        for index, preference in enumerate(preferences[:_MAX_PREFERENCES])
    ]
    if violations:
        message = f"The demand cannot be used: {violations[0].message}."
        raise RequirementError("SCHEMA", message, violations=violations)
    return tuple(wish for wish in wishes if wish is not None)


def _wish(preference: v1.Preference, place: str, violations: list[Violation]) -> Wish | None:
    before = len(violations)

    def refuse(member: str, message: str, fix: str, requirement: str = "DEMAND-PREFERENCE-1") -> None:
        violations.append(Violation(f"{place}{member}", message, requirement, fix))

    path = registry().get(preference.path)
    if path is None:
        message, requirement, fix = unknown_path(preference.path, registry(), in_element=False)
        refuse(".path", message, fix, requirement)
        return None
    if path.type not in NUMERIC:
        refuse(".path", f"{path.name} has no numbers to prefer", "name a path of numbers, such as `price`")
        return None
    if preference.direction not in (1, 2):
        refuse(".direction", "the direction is not stated", "state whether less or more is better")
    weight = preference.weight if preference.HasField("weight") else 1
    if not 1 <= weight <= _MAX_WEIGHT:
        refuse(".weight", f"the weight is {weight}", f"weigh from 1 to {_MAX_WEIGHT}")
    if preference.accepted_bases and not (
        path.has_basis and all(is_token(token) for token in preference.accepted_bases)
    ):
        message = f"no such basis can be stated for {path.name}"
        refuse(".acceptedBases", message, "leave the accepted basis out", "REQ-BASIS-2")
    low, high = (_reference(preference, name, path, refuse) for name in ("ref_low", "ref_high"))
    if low is not None and high is not None and low >= high:
        refuse(".refHigh", "it is not above refLow", "state two different references, the lower first")
    where = _where(preference, path, refuse)
    if low is None or high is None or len(violations) > before:
        return None
    minimize = preference.direction == v1.PreferenceDirection.PREFERENCE_DIRECTION_MINIMIZE
    return Wish(path, low, high, minimize, weight, where, tuple(preference.accepted_bases))


def _reference(preference: v1.Preference, name: str, path: Path, refuse: _Refuse) -> Fraction | None:
    member = ".refLow" if name == "ref_low" else ".refHigh"
    try:
        value = read_operand(getattr(preference, name), path.type)
    except ValueError as error:
        refuse(member, f"{path.name}: {error}", "state a number in the unit of the path", "REQ-VALUE-1")
        return None
    return Fraction(value) if isinstance(value, (int, Fraction)) else None


def _where(preference: v1.Preference, path: Path, refuse: _Refuse) -> Node | None:
    if not preference.HasField("where"):
        return None
    inside = element_paths(path)
    if inside is None:
        refuse(
            ".where", f"{path.name} leads through no list whose elements could be told apart", "leave it out"
        )
        return None
    return check(preference.where, inside)


def element_paths(path: Path) -> Registry | None:
    """Gives the paths that begin at an element of the last list on a path; None where there is no list."""
    lists = [index for index, step in enumerate(path.steps) if step.repeated and step.message]
    if not lists:
        return None
    last = path.steps[: lists[-1] + 1]
    return registry().inside(
        Path(
            "",
            path.root,
            last,
            path.type,
            has_basis=any(step.basis for step in last),
            has_assurance=any(step.assurance for step in last),
        )
    )
