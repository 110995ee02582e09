"""What makes two requests the same, page tokens, names, and outcomes as text."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import names, v1
from crex.errors import CrexError
from crex_broker.application.idempotency import body_hash
from crex_broker.application.naming import new_id
from crex_broker.application.page_tokens import PageTokens
from crex_broker.storage.sqlite import outcomes

SECRET = bytes(32)


def _commit(**changed: object) -> v1.CommitOrderRequest:
    request = v1.CommitOrderRequest(
        request_id="request-1",
        order="crex://b.example/order/1",
        envelope=v1.Envelope(
            payload_type="text/plain", payload=b"{}", signatures=[v1.Signature(keyid="k", sig=b"1")]
        ),
    )
    for name, value in changed.items():
        setattr(request, name, value)
    return request


def test_signing_again_or_asking_again_does_not_change_what_a_request_means() -> None:
    """IDEMPOTENCY-BODY-1: identifier and signatures are no part of the meaning; payload and fields are."""
    again = _commit(request_id="request-2")
    again.envelope.signatures[0].sig = b"2"
    assert body_hash(again) == body_hash(_commit())
    assert body_hash(_commit(order="crex://b.example/order/2")) != body_hash(_commit())
    other = _commit()
    other.envelope.payload = b"{ }"
    assert body_hash(other) != body_hash(_commit())
    assert other.envelope.signatures  # hashing leaves the request alone


@given(st.text(max_size=80), st.text(max_size=20), st.text(max_size=20))
def test_a_page_token_gives_its_place_back(place: str, caller: str, state: str) -> None:
    """MARKET-PAGE-1: for the same method, filter and caller a token is read as it was made."""
    tokens = PageTokens(SECRET, "ListOrders")
    token = tokens.make(place, caller=caller, filter_=(state,))
    assert tokens.read(token, caller=caller, filter_=(state,)) == place


@pytest.mark.parametrize("token", ["x", "====", "\udcff", "AAAAAAAAAAAAAAAAAAAAAAAA", "ÄÄÄÄ"])
def test_a_token_that_was_made_up_is_refused(token: str) -> None:
    """MARKET-PAGE-1: whatever is not a token of this list is PAGE_TOKEN_MISMATCH."""
    with pytest.raises(CrexError, match="PAGE_TOKEN_MISMATCH"):
        PageTokens(SECRET, "ListOrders").read(token, caller="a.example", filter_=())


def test_a_token_of_another_method_filter_caller_or_broker_is_refused() -> None:
    """MARKET-PAGE-1: a token is bound to all of them, each apart."""
    token = PageTokens(SECRET, "ListOrders").make("7", caller="a.example", filter_=("HELD", ""))
    for tokens, caller, filter_ in [
        (PageTokens(SECRET, "ListLeases"), "a.example", ("HELD", "")),
        (PageTokens(bytes(31) + b"1", "ListOrders"), "a.example", ("HELD", "")),
        (PageTokens(SECRET, "ListOrders"), "b.example", ("HELD", "")),
        (PageTokens(SECRET, "ListOrders"), "a.example", ("", "HELD")),
        (PageTokens(SECRET, "ListOrders"), "a.example", ("HEL", "D")),
    ]:
        with pytest.raises(CrexError, match="PAGE_TOKEN_MISMATCH"):
            tokens.read(token, caller=caller, filter_=filter_)


def test_names_that_the_broker_gives_out_ascend_with_time_and_differ() -> None:
    """HOLD-NAME-1: names are well-formed, unique within a millisecond, and ordered by time."""
    ids = [new_id(now_ms) for now_ms in (0, 1, 1_772_352_000_000, 1_772_352_000_001, (1 << 48) - 1)]
    assert ids == sorted(ids)
    assert all(names.is_id(f"crex://b.example/order/{id_}") for id_ in ids)
    assert len({new_id(5) for _ in range(1000)}) == 1000


@dataclass(frozen=True)
class _Inner:
    name: str
    count: int


@dataclass(frozen=True)
class _Outer:
    inner: _Inner
    many: tuple[_Inner, ...]
    maybe: _Inner | None
    words: tuple[str, ...]
    number: int | None


_INT64 = st.integers(-(2**63), 2**63 - 1)
_INNER = st.builds(_Inner, name=st.text(), count=_INT64)


@given(
    st.builds(
        _Outer,
        inner=_INNER,
        many=st.lists(_INNER).map(tuple),
        maybe=st.none() | _INNER,
        words=st.lists(st.text()).map(tuple),
        number=st.none() | _INT64,
    )
)
def test_an_outcome_is_read_as_it_was_written(outcome: _Outer) -> None:
    """Outcomes of ports survive their text, nested, absent and empty parts included."""
    assert outcomes.decode(_Outer, outcomes.encode(outcome)) == outcome
