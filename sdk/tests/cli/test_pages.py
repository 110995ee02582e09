"""Listings of a broker, page by page."""

from __future__ import annotations

from itertools import islice

import pytest

from crex import v1
from crex.cli.party import pages
from crex.errors import CrexError


def test_a_listing_is_followed_to_its_end() -> None:
    """Each page is asked for by the token of the one before, and the one without a token is the last."""
    asked: list[str] = []

    def listing(request: v1.ListOrdersRequest) -> v1.ListOrdersResponse:
        asked.append(request.page_token)
        return v1.ListOrdersResponse(next_page_token={"": "a", "a": "b"}.get(request.page_token, ""))

    assert len(list(pages(listing, v1.ListOrdersRequest()))) == 3
    assert asked == ["", "a", "b"]


@pytest.mark.parametrize("circle", [{"": "a", "a": "a"}, {"": "a", "a": "b", "b": "c", "c": "a"}])
def test_a_listing_that_goes_round_in_a_circle_is_left(circle: dict[str, str]) -> None:
    """A broker that names a page twice keeps nobody busy for ever."""

    def listing(request: v1.ListOrdersRequest) -> v1.ListOrdersResponse:
        return v1.ListOrdersResponse(next_page_token=circle[request.page_token])

    with pytest.raises(CrexError, match="would never end") as refused:
        list(islice(pages(listing, v1.ListOrdersRequest()), 100))
    assert refused.value.reason == "PAGE_TOKEN_MISMATCH"
