"""Random bills against the second calculation of the conformance suite, which shares nothing with the engine.

The vectors hold both to figures worked out by hand; this holds them to each other where nobody thought of a
vector: to the last byte of the rating table, and to each closing.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from conformance.tests.independent import rating as independent
from conformance.tests.independent.refusal import Refused
from crex.errors import CrexError
from crex.rating import Standing, rate_bill
from sdk.tests.rating.strategies import Json, inputs
from sdk.tests.rating.vector_bills import bill_of


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(inputs())
def test_two_calculations_agree(given_: Json) -> None:
    """Lines, taxes, totals and closings are the same, whatever switches a bill uses."""
    try:
        other = independent.rate(given_)
    except Refused:
        with pytest.raises(CrexError):
            rate_bill(bill_of(given_))
        return
    found = rate_bill(bill_of(given_))
    assert [line.key for line in found.lines] == [line["key"] for line in other.lines]
    assert found.total.amount == other.total
    assert found.digest == other.rating_digest
    assert list(map(shown, found.closings)) == other.closings


def shown(one: Standing) -> Json:
    """A closing as vectors state it."""
    named = {"component": one.component, "credit": one.credit, "lease": one.lease}
    value = {"num": str(one.value.numerator), "den": str(one.value.denominator)}
    return {**{name: text for name, text in named.items() if text is not None}, "value": value}
