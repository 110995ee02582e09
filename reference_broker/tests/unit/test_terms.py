"""What an offer allows, and which offers contradict themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from crex_broker.domain.terms import (
    Sale,
    check_cancellable,
    check_duration,
    check_interface,
    check_offer,
    check_quantity,
)
from reference_broker.tests.exchange import NOW

HOUR_MS = 3_600_000


def _offer(
    valid: timedelta = timedelta(hours=24), terms: v1.OfferTerms | None = None, **more: Any
) -> v1.Offer:
    return v1.Offer(
        header=v1.Header(
            id="crex://provider.example/offer/nodes",
            issued_at=to_timestamp(NOW),
            valid_until=to_timestamp(NOW + valid),
        ),
        terms=terms or v1.OfferTerms(mode="on-demand"),
        interfaces=["ssh"],
        **more,
    )


def _sale(terms: v1.OfferTerms | None = None, **more: Any) -> Sale:
    return Sale.of(_offer(terms=terms, **more), "0" * 64)


def _check(offer: v1.Offer) -> None:
    check_offer(offer, min_ms=HOUR_MS // 4, max_ms=24 * HOUR_MS)


def test_an_offer_without_bounds_sells_any_quantity_for_any_time() -> None:
    """Terms that an offer does not state do not bind."""
    sale = _sale()
    _check(_offer())
    check_quantity(sale, 1)
    check_quantity(sale, 10**12)
    check_duration(sale, 1)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"min_quantity": 4, "max_quantity": 3}, "$.maxQuantity"),
        ({"min_quantity": 5, "max_quantity": 7, "step_quantity": 4}, "$.stepQuantity"),
        ({"terms": v1.OfferTerms(min_duration=Duration(seconds=9), max_duration=Duration(seconds=8))},
        "$.terms.maxDuration"), ({"terms": v1.OfferTerms(max_duration=Duration())}, "$.terms.maxDuration"),
        ({"terms": v1.OfferTerms(cancellation="any-time")}, "$.terms.cancellation"),
        ({"valid": timedelta(minutes=14)}, "$.header.validUntil"),
        ({"valid": timedelta(hours=25)}, "$.header.validUntil"),
    ],
)  # fmt: skip
def test_an_offer_that_nobody_could_buy_is_refused_with_its_place(more: dict[str, Any], place: str) -> None:
    """OFFER-TERMS-1, OFFER-VALIDITY-1: contradictions and validities beyond the limits name their member."""
    with pytest.raises(CrexError, match="TERMS") as refused:
        _check(_offer(**more))
    assert place in [violation.path for violation in refused.value.violations]


@pytest.mark.parametrize("quantity", [1, 9, 6])
def test_a_quantity_outside_the_offers_bounds_is_refused(quantity: int) -> None:
    """OFFER-QUANTITY-1: below the least, above the greatest, and between the steps."""
    with pytest.raises(CrexError, match="TERMS"):
        check_quantity(_sale(min_quantity=4, max_quantity=8, step_quantity=4), quantity)


@pytest.mark.parametrize("seconds", [59, 121])
def test_a_duration_outside_the_offers_bounds_is_refused(seconds: int) -> None:
    """OFFER-DURATION-1: shorter than the shortest and longer than the longest."""
    terms = v1.OfferTerms(min_duration=Duration(seconds=60), max_duration=Duration(seconds=120))
    sale = _sale(terms)
    check_duration(sale, 60_000)
    check_duration(sale, 120_000)
    with pytest.raises(CrexError, match="TERMS"):
        check_duration(sale, seconds * 1000)


def test_an_interface_must_be_among_those_of_every_offer() -> None:
    """ORDER-INTERFACE-1: one offer that does not deliver through it is enough to refuse."""
    check_interface([_sale()], "ssh")
    with pytest.raises(CrexError, match="kubernetes"):
        check_interface([_sale()], "kubernetes")


def test_cancelling_needs_terms_that_allow_it_in_every_offer() -> None:
    """ORDER-CANCEL-1: an offer that says nothing sells for good."""
    free = _sale(v1.OfferTerms(cancellation="free-before-start"))
    check_cancellable([free])
    with pytest.raises(CrexError, match="cannot be cancelled"):
        check_cancellable([free, _sale()])
