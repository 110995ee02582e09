"""Device groups: by hand, and against trying every device in every group."""

from collections.abc import Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.demand.device_group import Devices, Member, truth_of_groups
from crex.demand.truth import Truth
from sdk.tests.demand.offers import GIB, gpu, node, truth

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
CLOSED = ("node.accelerators", "node.accelerators.rates", "node.storage", "node.network")


class TestCounting:
    """REQ-GROUP-1: the devices of the elements that satisfy the condition add up."""

    @pytest.mark.parametrize(("count", "expected"), [(7, TRUE), (8, TRUE), (9, FALSE)])
    def test_sum_over_elements(self, count: int, expected: Truth) -> None:
        """Eight devices in two elements are eight and not nine."""
        assert truth(f"{count} devices", node(gpu(count=2), gpu(count=6), closed=CLOSED)) is expected

    def test_an_open_list_may_have_more(self) -> None:
        """Fewer devices than needed in an open list leave the answer open."""
        assert truth("9 devices", node(gpu(count=8))) is UNKNOWN
        assert truth("8 devices", node(gpu(count=8))) is TRUE

    def test_elements_that_may_count(self) -> None:
        """An element that does not state what is asked counts as possible, not as certain."""
        resource = node(gpu(count=4, architecture="hopper"), gpu(count=4), closed=CLOSED)
        assert truth("4 devices{architecture = hopper}", resource) is TRUE
        assert truth("8 devices{architecture = hopper}", resource) is UNKNOWN
        assert truth("9 devices{architecture = hopper}", resource) is FALSE

    def test_disks_and_interfaces_are_one_where_no_count_is_stated(self) -> None:
        """The contract says what an unstated count of a disk means: one."""
        disks = [
            {"medium": "hdd", "capacityBytes": "1"},
            {"medium": "hdd", "capacityBytes": "1", "count": "3"},
        ]
        resource = node(closed=CLOSED, storage=disks, network=[{"technology": "ethernet"}])
        assert truth("4 of storage", resource) is TRUE
        assert truth("5 of storage", resource) is FALSE
        assert truth("1 of network and 4 of storage{medium = hdd}", resource) is TRUE

    def test_an_accelerator_without_count_may_be_any_number(self) -> None:
        """A count that a document owes and does not state is unknown, not one."""
        card = gpu()
        del card["count"]
        assert truth("1 devices", node(card, closed=CLOSED)) is UNKNOWN


class TestSame:
    """REQ-GROUP-2: one class of equal values holds the whole group."""

    def test_classes_do_not_add_up(self) -> None:
        """Four devices of each maker are no eight of one maker."""
        resource = node(gpu(count=4), gpu(count=4, vendor="amd"), closed=CLOSED)
        assert truth("8 devices", resource) is TRUE
        assert truth("8 devices same [vendor]", resource) is FALSE
        assert truth("4 devices same [vendor]", resource) is TRUE

    def test_an_unstated_class_may_be_any(self) -> None:
        """An element that does not state its class may belong to each, and certainly to none."""
        resource = node(gpu(count=4, architecture="hopper"), gpu(count=4), closed=CLOSED)
        assert truth("4 devices same [architecture]", resource) is TRUE
        assert truth("8 devices same [architecture]", resource) is UNKNOWN
        assert truth("9 devices same [architecture]", resource) is FALSE

    def test_distinct_takes_one_device_of_a_value(self) -> None:
        """Devices of one element have equal values, so only one of them can be in the group."""
        resource = node(gpu(count=4), gpu(count=4, vendor="amd"), closed=CLOSED)
        assert truth("2 devices distinct [vendor]", resource) is TRUE
        assert truth("3 devices distinct [vendor]", resource) is FALSE


class TestTogether:
    """REQ-GROUP-4: groups that stand together take disjoint devices."""

    def test_devices_are_not_counted_twice(self) -> None:
        """Eight devices are not five and another four, whichever they are."""
        resource = node(gpu(count=8), closed=CLOSED)
        assert truth("5 devices and 3 devices{vendor = nvidia}", resource) is TRUE
        assert truth("5 devices and 4 devices{vendor = nvidia}", resource) is FALSE
        assert truth("5 devices and (cpu.isa = x86-64 and 4 devices{vendor = nvidia})", resource) is FALSE
        assert truth("5 devices or 4 devices", resource) is TRUE

    def test_greedy_giving_out_would_fail(self) -> None:
        """The first group must leave the devices that only the second can use."""
        resource = node(gpu(count=2, gib=80), gpu(count=2, gib=40), closed=CLOSED)
        assert truth(f"2 devices and 2 devices{{memory.capacity >= {80 * GIB}B}}", resource) is TRUE
        assert truth(f"3 devices and 2 devices{{memory.capacity >= {80 * GIB}B}}", resource) is FALSE

    def test_different_lists_do_not_compete(self) -> None:
        """A disk is no accelerator."""
        disks = [{"medium": "hdd", "capacityBytes": "1", "count": "2"}]
        assert truth("8 devices and 2 of storage", node(gpu(count=8), closed=CLOSED, storage=disks)) is TRUE


truths = st.sampled_from([TRUE, TRUE, TRUE, UNKNOWN, FALSE])
keys = st.sampled_from(["a", "a", "b", None])


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[int], Devices]:
    """Gives up to three groups over up to four elements of up to three devices."""
    counts = draw(st.lists(st.sampled_from([0, 1, 1, 2, 2, 3, None]), min_size=1, max_size=4))
    needed = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    members: list[list[Member]] = []
    for _ in needed:
        by_class, by_value = draw(st.booleans()), draw(st.integers(0, 2)) == 0
        members.append(
            [
                Member(
                    draw(truths), draw(keys) if by_class else (), draw(keys) if by_value else None, by_value
                )
                for _ in counts
            ]
        )
    return needed, Devices(counts, members, closed=draw(st.integers(0, 3)) > 0)


def by_trying(needed: Sequence[int], devices: Devices) -> Truth:
    """Gives the truth of groups by giving every device to every group that it may be in."""
    if _assignable(needed, devices, certain=True):
        return TRUE
    return UNKNOWN if not devices.closed or _assignable(needed, devices, certain=False) else FALSE


def _assignable(needed: Sequence[int], devices: Devices, *, certain: bool) -> bool:
    counts = [(0 if certain else sum(needed)) if count is None else count for count in devices.counts]
    slots = [index for index, count in enumerate(counts) for _ in range(min(count, sum(needed)))]

    def place(group: int, free: tuple[int, ...]) -> bool:
        if group == len(needed):
            return True
        members = devices.members[group]
        usable = [
            slot
            for slot, index in enumerate(free)
            if (members[index].certain if certain else members[index].eligible is not FALSE)
        ]
        tried = set()
        for chosen in combinations(usable, needed[group]):
            taken = tuple(free[slot] for slot in chosen)
            if taken in tried or not _together(taken, members):
                continue
            tried.add(taken)
            if place(group + 1, tuple(index for slot, index in enumerate(free) if slot not in chosen)):
                return True
        return False

    return place(0, tuple(slots))


def _together(taken: Sequence[int], members: Sequence[Member]) -> bool:
    for one, other in combinations(taken, 2):
        first, second = members[one], members[other]
        if None not in (first.same, second.same) and first.same != second.same:
            return False
        if first.has_distinct:
            stated = None not in (first.distinct, second.distinct)
            if one == other or (stated and first.distinct == second.distinct):
                return False
    return True


@settings(max_examples=400, deadline=None)
@given(situations())
def test_flow_agrees_with_trying_everything(situation: tuple[list[int], Devices]) -> None:
    """The flow over classes gives what trying every device in every group gives (REQ-GROUP-5)."""
    needed, devices = situation
    assert truth_of_groups(needed, devices) is by_trying(needed, devices)


def test_documents_made_to_be_hard_are_answered_all_the_same() -> None:
    """Sixty-four elements whose classes all collide end in an answer, at worst UNKNOWN (REQ-GROUP-6)."""
    pairs = [gpu(count=1, architecture=f"c{index // 2}", vendor="abcd"[index % 2]) for index in range(64)]
    colliding = " and ".join(f"2 devices{{count <= {number}}} same [architecture]" for number in (1, 2, 3))
    answer = truth(f"{colliding} and 30 devices same [vendor]", node(*pairs, closed=CLOSED))
    assert answer in (UNKNOWN, FALSE)


def test_very_many_devices_cost_no_more_than_few() -> None:
    """Counts near the end of 64 bits are numbers like others."""
    many = 2**62
    resource = node(gpu(count=many), gpu(count=many, vendor="amd"), closed=CLOSED)
    assert truth(f"{many} devices{{vendor = nvidia}} and {many - 1} devices", resource) is TRUE
    assert truth(f"{many} devices and {many} devices and 1 devices", resource) is FALSE
