"""The index gives the answers of the evaluator: the same matches, order, prices and explanations."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, assume, given, note, settings
from hypothesis import strategies as st

from crex import v1
from crex.demand import match
from crex.documents.times import to_ms
from crex_broker.application.ports.offers import StandingOffer
from crex_broker.index.offers import ColumnIndex
from reference_broker.tests.unit.index.standing import NOW, demands, is_usable, markets, view_of

# Pairs of an offer and a demand that the long run compares; `CREX_SEARCH_PAIRS` asks for more.
PAIRS = int(os.environ.get("CREX_SEARCH_PAIRS", "20000"))
MOST = 8
RELAXED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def reference(
    demand: v1.Demand, offers: Sequence[StandingOffer], *, explain: bool
) -> v1.SearchOffersResponse:
    """Gives the answer of the evaluator, offer by offer."""
    present = [view_of(one) for one in offers if one.record.expire_ms > to_ms(NOW)]
    result = match(demand, present, now=NOW, explain=explain)
    return v1.SearchOffersResponse(candidates=result.candidates, explanation=result.explanation)


def answer(
    index: ColumnIndex, demand: v1.Demand, *, explain: bool, limit: int = 1000
) -> v1.SearchOffersResponse:
    """Gives the answer of the index."""
    response = index.search(demand, limit=limit, explain=explain, now=NOW)
    response.ClearField("as_of")
    return response


@pytest.mark.slow
@settings(
    RELAXED,
    max_examples=max(PAIRS // MOST, 1),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
@given(markets(MOST), demands(), st.booleans(), st.booleans())
def test_the_index_agrees_with_the_evaluator(
    offers: list[StandingOffer], demand: v1.Demand, explain: bool, merged: bool
) -> None:
    """On random offers and demands, merged or not, the whole answer is the same."""
    assume(is_usable(demand))
    index = ColumnIndex(background=False)
    for offer in offers:
        index.put(offer)
    if merged:
        index.merge()
    note(str(demand))
    assert answer(index, demand, explain=explain) == reference(demand, offers, explain=explain)


@settings(RELAXED, max_examples=60)
@given(markets(MOST), demands(), st.integers(1, 3))
def test_a_limit_cuts_the_same_list(offers: list[StandingOffer], demand: v1.Demand, limit: int) -> None:
    """The first few are the first of all, although the search looked no further."""
    assume(is_usable(demand))
    index = ColumnIndex(background=False)
    index.load(offers)
    few = answer(index, demand, explain=False, limit=limit).candidates
    assert list(few) == list(reference(demand, offers, explain=False).candidates)[:limit]
