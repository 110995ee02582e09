"""Device groups: whether a list holds the devices that several groups need at once, exactly (REQ-GROUP-5).

A group needs a number of devices from elements that satisfy its condition, all of one `same` class, at most
one of each `distinct` value. Groups that stand together take disjoint devices. With the class of every group
chosen, that is a flow problem: groups on one side, the devices of the elements on the other. All choices are
tried, at most four groups deep, and a choice is given up as soon as the groups chosen so far do not fit. Only
documents made for the purpose need more than a few tries; `MAX_TRIES` bounds them, and then nobody knows.

Asked twice: with the devices that certainly count (then the answer TRUE is certain), and with all that may
count (then the answer FALSE is).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from crex.demand.truth import Truth

# Combinations of classes that are tried before the answer is UNKNOWN (REQ-GROUP-6).
MAX_TRIES: Final = 256


@dataclass(frozen=True, slots=True)
class Member:
    """What one element is to one group.

    Attributes:
        eligible: Truth of the group's condition on the element.
        same: The element's values at the group's `same` paths; None: not all stated.
        distinct: Likewise at its `distinct` paths; None: not all stated, or the group has no such paths.
        has_distinct: Whether the group has `distinct` paths.
    """

    eligible: Truth
    same: Hashable | None
    distinct: Hashable | None
    has_distinct: bool

    @property
    def certain(self) -> bool:
        """Whether the element's devices count for the group, whatever is not stated."""
        stated = self.same is not None and (self.distinct is not None or not self.has_distinct)
        return self.eligible is Truth.TRUE and stated


@dataclass(frozen=True, slots=True)
class Devices:
    """What a device list holds for some groups.

    Attributes:
        counts: Devices of each element; None: not stated.
        members: For each group, what each element is to it.
        closed: Whether the list is complete.
    """

    counts: Sequence[int | None]
    members: Sequence[Sequence[Member]]
    closed: bool


def truth_of_groups(needed: Sequence[int], devices: Devices) -> Truth:
    """Gives the truth of groups that stand together (REQ-GROUP-5).

    Args:
        needed: Devices that each group needs.
        devices: What the list holds for each of them.

    Returns:
        TRUE where the devices that certainly count are enough, FALSE where the list is closed and all that
        may count are not, else UNKNOWN.
    """
    stock = [sum(needed) if count is None else count for count in devices.counts]
    if _Fitting(needed, _choices(needed, devices, stock, certain=True), stock).fits() is True:
        return Truth.TRUE
    if not devices.closed:
        return Truth.UNKNOWN
    possible = _Fitting(needed, _choices(needed, devices, stock, certain=False), stock).fits()
    return Truth.FALSE if possible is False else Truth.UNKNOWN


def most(devices: Devices) -> int:
    """Gives the greatest number of devices that certainly count for the first group alone."""
    counts = [count or 0 for count in devices.counts]
    choices = _classes(devices, 0, certain=True)
    return max((_own(choice, counts) for choice in choices), default=0)


# One choice of a group: for each element that it may take from, the value that only one of its devices may
# have; None: any number of devices.
_Choice: TypeAlias = dict[int, Hashable | None]


def _choices(
    needed: Sequence[int], devices: Devices, stock: Sequence[int], *, certain: bool
) -> list[list[_Choice]]:
    """Gives, for each group, the classes that alone hold enough devices for it."""
    return [
        [choice for choice in _classes(devices, group, certain=certain) if _own(choice, stock) >= count]
        for group, count in enumerate(needed)
    ]


def _classes(devices: Devices, group: int, *, certain: bool) -> list[_Choice]:
    """Gives the elements of each `same` class of a group.

    Where not only certain members count, an element that does not state its class is in every class, and one
    that does not state its `distinct` values differs from all others; its own devices still have one value,
    so one may be taken.
    """
    classes: dict[Hashable, _Choice] = {}
    anywhere: _Choice = {}
    for index, member in enumerate(devices.members[group]):
        if certain and (not member.certain or devices.counts[index] is None):
            continue
        if member.eligible is Truth.FALSE:
            continue
        token: Hashable | None = None
        if member.has_distinct:
            token = ("stated", member.distinct) if member.distinct is not None else ("element", index)
        target = anywhere if member.same is None else classes.setdefault(member.same, {})
        target[index] = token
    if not classes and anywhere:
        return [anywhere]
    return [{**choice, **anywhere} for choice in classes.values()]


def _own(choice: _Choice, stock: Sequence[int]) -> int:
    """Gives the devices that a group can take from one class when it is alone."""
    free = sum(stock[index] for index, token in choice.items() if token is None)
    return free + len({token for index, token in choice.items() if token is not None and stock[index] > 0})


class _Fitting:
    """The search for a class for every group so that each gets its devices, all disjoint."""

    def __init__(
        self, needed: Sequence[int], choices: Sequence[Sequence[_Choice]], stock: Sequence[int]
    ) -> None:
        self._needed = needed
        self._choices = choices
        self._stock = stock
        self._order = sorted(range(len(needed)), key=lambda group: len(choices[group]))
        self._tries = 0

    def fits(self) -> bool | None:
        """Tells whether there is such a choice; None where MAX_TRIES did not tell."""
        merged = [
            {index: token for choice in several for index, token in choice.items()}
            for several in self._choices
        ]
        if not all(self._choices) or not _flow(list(zip(self._needed, merged, strict=True)), self._stock):
            return False  # not even with all classes mixed
        return self._choose(())

    def _choose(self, chosen: tuple[tuple[int, _Choice], ...]) -> bool | None:
        if len(chosen) == len(self._order):
            return True
        group = self._order[len(chosen)]
        for choice in self._choices[group]:
            if self._tries == MAX_TRIES:
                return None
            self._tries += 1
            together = (*chosen, (self._needed[group], choice))
            answer = self._choose(together) if _flow(together, self._stock) else False
            if answer is not False:
                return answer
        return False


def _flow(groups: Sequence[tuple[int, _Choice]], stock: Sequence[int]) -> bool:
    """Tells whether devices can be given out so that every group has its number (maximum flow).

    Edges lead from the source over each group, over each of its distinct values (room for one device), over
    the elements to the sink; augmented along shortest ways (Edmonds and Karp), so the time does not depend on
    counts.
    """
    room: dict[Hashable, dict[Hashable, int]] = {}

    def edge(start: Hashable, end: Hashable, capacity: int) -> None:
        room.setdefault(start, {})[end] = room.get(start, {}).get(end, 0) + capacity
        room.setdefault(end, {}).setdefault(start, 0)

    total = sum(needed for needed, _ in groups)
    used: set[int] = set()
    for number, (needed, choice) in enumerate(groups):
        edge("source", ("group", number), needed)
        for index, token in choice.items():
            used.add(index)
            if token is None:
                edge(("group", number), ("element", index), total)
            else:
                room.setdefault(("group", number), {})[("token", number, token)] = 1
                room.setdefault(("token", number, token), {}).setdefault(("group", number), 0)
                edge(("token", number, token), ("element", index), 1)
    for index in used:
        edge(("element", index), "sink", stock[index])
    moved = 0
    while moved < total:
        step = _augment(room)
        if not step:
            return False
        moved += step
    return True


def _augment(room: dict[Hashable, dict[Hashable, int]]) -> int:
    """Sends what a shortest way from source to sink takes; gives the amount, 0 where there is no way."""
    came_from: dict[Hashable, Hashable] = {"source": "source"}
    queue: deque[Hashable] = deque(["source"])
    while queue and "sink" not in came_from:
        here = queue.popleft()
        for there, capacity in room.get(here, {}).items():
            if capacity > 0 and there not in came_from:
                came_from[there] = here
                queue.append(there)
    if "sink" not in came_from:
        return 0
    way: list[tuple[Hashable, Hashable]] = []
    end: Hashable = "sink"
    while end != "source":
        way.append((came_from[end], end))
        end = came_from[end]
    amount = min(room[start][end] for start, end in way)
    for start, end in way:
        room[start][end] -= amount
        room[end][start] += amount
    return amount
