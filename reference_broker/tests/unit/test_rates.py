"""How much one party may ask (RPC-RATE-1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import CrexError
from crex_broker.rpc.rates import RateLimits, Rates

A, B = "a.example", "b.example"
SECOND = 1_000_000_000


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        """Tells the time in nanoseconds."""
        return self.now


def refused(rates: Rates, authority: str, size: int = 0) -> int:
    """Milliseconds after which a refused call may come again."""
    with pytest.raises(CrexError) as caught:
        rates.charge(authority, size)
    assert caught.value.reason == "RATE_LIMITED"
    assert authority in caught.value.message
    return int(caught.value.details["retry_after_ms"])


def test_a_burst_is_let_through_and_then_the_rate() -> None:
    """RPC-RATE-1: after the burst a call is let through when its time has come, and not a moment earlier."""
    clock = Clock()
    rates = Rates(RateLimits(calls_per_second=10, call_burst=3), clock)
    for _ in range(3):
        rates.charge(A, 0)
    assert refused(rates, A) == 100
    clock.now += 99 * SECOND // 1000
    assert refused(rates, A) == 1
    clock.now += SECOND // 1000
    rates.charge(A, 0)
    assert refused(rates, A) == 100


def test_one_party_never_pays_for_another() -> None:
    """RPC-RATE-1: who floods is refused, and everyone else is served as before."""
    rates = Rates(RateLimits(calls_per_second=1, call_burst=1), Clock())
    rates.charge(A, 0)
    refused(rates, A)
    rates.charge(B, 0)


def test_bytes_count_beside_calls() -> None:
    """RPC-RATE-1: large requests use up bytes, and a refused one uses up nothing."""
    clock = Clock()
    rates = Rates(RateLimits(call_burst=10, bytes_per_second=1000, byte_burst=1000), clock)
    rates.charge(A, 900)
    assert refused(rates, A, 200) == 100
    rates.charge(A, 100)
    clock.now += SECOND
    rates.charge(A, 1000)


def test_what_is_larger_than_a_burst_waits_for_a_full_one() -> None:
    """A request above the burst is not refused for ever: a full bucket lets it through."""
    clock = Clock()
    rates = Rates(RateLimits(bytes_per_second=10, byte_burst=100), clock)
    rates.charge(A, 1000)
    assert refused(rates, A, 1000) == 10_000
    clock.now += 10 * SECOND
    rates.charge(A, 1000)


def test_streams_are_counted_while_they_last() -> None:
    """RPC-RATE-1: a party has so many streams at once, and an ended one makes room, however it ended."""
    rates = Rates(RateLimits(streams=1), Clock())
    with rates.stream(A):
        with pytest.raises(CrexError) as caught, rates.stream(A):
            pytest.fail("a second stream began")
        assert caught.value.reason == "RATE_LIMITED"
        with rates.stream(B):
            pass
    with pytest.raises(ZeroDivisionError), rates.stream(A):
        _ = 1 // 0
    with rates.stream(A):
        pass


@given(st.lists(st.tuples(st.integers(0, SECOND), st.integers(0, 50)), max_size=60))
def test_never_more_than_burst_and_rate_allow(steps: list[tuple[int, int]]) -> None:
    """Whatever the order of calls, bytes let through never exceed a burst and the rate times the time."""
    clock = Clock()
    limits = RateLimits(calls_per_second=10**9, call_burst=10**9, bytes_per_second=7, byte_burst=60)
    rates, through = Rates(limits, clock), 0
    for wait, size in steps:
        clock.now += wait
        try:
            rates.charge(A, size)
        except CrexError:
            continue
        through += size
        assert through * SECOND <= 60 * SECOND + 7 * clock.now
