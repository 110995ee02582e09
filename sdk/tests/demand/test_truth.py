from itertools import product

import pytest

from crex.demand.truth import Truth, all_of, any_of, negate

ALL = list(Truth)


def test_a_truth_is_no_boolean() -> None:
    """A bare `if` on a Truth is refused, because UNKNOWN would count as true."""
    with pytest.raises(TypeError, match="three values"):
        bool(Truth.UNKNOWN)


@pytest.mark.parametrize(("one", "other"), list(product(ALL, ALL)))
def test_de_morgan(one: Truth, other: Truth) -> None:
    """The negation of a conjunction is the disjunction of the negations, and the other way round."""
    assert negate(all_of([one, other])) is any_of([negate(one), negate(other)])
    assert negate(any_of([one, other])) is all_of([negate(one), negate(other)])


@pytest.mark.parametrize("one", ALL)
def test_the_tables_of_kleene(one: Truth) -> None:
    """FALSE decides a conjunction, TRUE a disjunction; UNKNOWN stays unknown beside the other."""
    assert all_of([one, Truth.FALSE]) is Truth.FALSE
    assert all_of([one, Truth.TRUE]) is one
    assert any_of([one, Truth.TRUE]) is Truth.TRUE
    assert any_of([one, Truth.FALSE]) is one
    assert negate(negate(one)) is one


def test_of_none() -> None:
    """All of nothing is true, any of nothing is false."""
    assert all_of([]) is Truth.TRUE
    assert any_of([]) is Truth.FALSE
