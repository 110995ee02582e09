"""What holds of every requirement and every offer."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crex import v1
from crex.demand import Truth, check, evaluate, format, parse  # noqa: A004 - the inverse of `parse`
from crex.demand.explain import conditions, finding, truth_of
from crex.demand.terms import wanted
from crex.demand.truth import all_of, any_of, negate
from crex.demand.view import Surroundings
from crex.errors import RequirementError
from sdk.tests.demand import oracle
from sdk.tests.demand.oracle import World
from sdk.tests.demand.strategies import groups, poorer, requirements, time_of, view_of, worlds

# Four groups of three devices each are the most that are tried by hand in a moment.
_MOST_DEVICES = 6


def usable(requirement: v1.Requirement) -> bool:
    """Tells whether a random requirement keeps the limits of the language."""
    try:
        check(requirement)
    except RequirementError:
        return False
    return True


def judge(requirement: v1.Requirement, world: World) -> Truth:
    """Evaluates a requirement on a random offer."""
    return evaluate(requirement, view_of(world), now=world.now, price=world.price, time=time_of(world))


def join(member: str, requirements_: list[v1.Requirement]) -> v1.Requirement:
    """Joins requirements."""
    joined = v1.Requirement()
    getattr(joined, member).requirements.extend(requirements_)
    return joined


def negated(requirement: v1.Requirement) -> v1.Requirement:
    """Negates a requirement."""
    result = v1.Requirement()
    getattr(result, "not").CopyFrom(requirement)
    return result


def devices(world: World) -> int:
    """Counts the devices of a random offer."""
    return sum(int(one["count"]) for one in world.resource["node"].get("accelerators", []))


@settings(max_examples=200)
@given(requirements(), worlds)
def test_two_evaluators_agree(requirement: v1.Requirement, world: World) -> None:
    """The evaluator gives what one written from the specification alone gives."""
    assume(usable(requirement) and devices(world) <= _MOST_DEVICES)
    assert judge(requirement, world).value == oracle.evaluate(requirement, world)


@settings(max_examples=200)
@given(st.lists(groups(), min_size=1, max_size=3), worlds)
def test_device_groups_agree_with_trying_everything(several: list[v1.Requirement], world: World) -> None:
    """Flow and class choice give what trying every device in every group gives (REQ-GROUP-5)."""
    assume(devices(world) <= _MOST_DEVICES)
    requirement = join("all_of", several)
    assert judge(requirement, world).value == oracle.evaluate(requirement, world)


@settings(max_examples=120)
@given(st.lists(requirements(depth=2, with_groups=False), min_size=1, max_size=3), worlds)
def test_de_morgan(members: list[v1.Requirement], world: World) -> None:
    """Over offers as over truths: not all is any not, not any is all not."""
    assume(usable(join("all_of", [negated(join("any_of", members))])))
    truths = [judge(member, world) for member in members]
    assert judge(negated(join("all_of", members)), world) is any_of(negate(truth) for truth in truths)
    assert judge(negated(join("any_of", members)), world) is all_of(negate(truth) for truth in truths)
    each_negated = [negated(member) for member in members]
    assert judge(negated(join("all_of", members)), world) is judge(join("any_of", each_negated), world)


@settings(max_examples=120)
@given(st.data(), requirements(), worlds)
def test_learning_more_changes_no_answer(
    data: st.DataObject, requirement: v1.Requirement, world: World
) -> None:
    """TRUE and FALSE are final, whatever value, element of an open list or closed list is learnt later."""
    assume(usable(requirement))
    before = judge(requirement, data.draw(poorer(world)))
    if before is not Truth.UNKNOWN:
        assert judge(requirement, world) is before


@settings(max_examples=200)
@given(requirements(depth=4))
def test_text_and_message_are_inverse(requirement: v1.Requirement) -> None:
    """A requirement written as text and read again is the same message (TEXT-ROUND-1)."""
    assume(usable(requirement))
    text = format(requirement)
    assert parse(text) == requirement
    assert format(parse(text)) == text


@settings(max_examples=200)
@given(requirements(), worlds)
def test_every_condition_that_fails_can_be_explained(requirement: v1.Requirement, world: World) -> None:
    """What is not TRUE has a finding; one that finds a value does not call it unstated."""
    assume(usable(requirement))
    demand = v1.Demand(requirement=requirement, count=1)
    demand.duration.seconds = 3600
    want = wanted(demand, now=world.now)
    around = Surroundings(view_of(world), world.now, world.price, time_of(world))
    for condition in conditions(check(requirement)):
        truth = truth_of(condition, around, want)
        if truth is not Truth.TRUE:
            found = finding(condition, around, want)
            assert found.required
            assert not (found.unstated and found.found)
            assert truth is Truth.UNKNOWN or not found.unstated


@settings(max_examples=200)
@given(requirements(), worlds)
def test_conditions_together_are_the_requirement(requirement: v1.Requirement, world: World) -> None:
    """The conditions that explanations speak of are, together, exactly the requirement."""
    assume(usable(requirement))
    demand = v1.Demand(count=1)
    demand.duration.seconds = 3600
    want = wanted(demand, now=world.now)
    around = Surroundings(view_of(world), world.now, world.price, time_of(world))
    parts = conditions(check(requirement))[:-3]
    assert all_of(truth_of(part, around, want) for part in parts) is judge(requirement, world)
