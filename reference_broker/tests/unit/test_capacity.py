"""Capacity as a function of time, against a scan of every instant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crex_broker.domain.capacity import (
    Claim,
    Free,
    Window,
    first_cut_below_claims,
    least_free,
    units_by_pool,
)

HORIZON = 24


def _granted(windows: list[Window], at: int) -> int:
    return sum(window.quantity for window in windows if window.start_ms <= at < window.end_ms)


def _taken(claims: list[Claim], at: int, now: int) -> int:
    return sum(
        claim.quantity
        for claim in claims
        if claim.start_ms <= at and (at < claim.end_ms or claim.end_ms <= now)
    )


@st.composite
def _windows(draw: st.DrawFn) -> list[Window]:
    edges = sorted(draw(st.sets(st.integers(0, HORIZON), max_size=8)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return [Window(start, end, draw(st.integers(0, 9))) for start, end in pairs]


_CLAIMS = st.lists(
    st.tuples(st.integers(0, HORIZON), st.integers(1, HORIZON), st.integers(1, 5)).map(
        lambda raw: Claim(raw[0], raw[0] + raw[1], raw[2])
    ),
    max_size=6,
)


@given(_windows(), _CLAIMS, st.integers(0, HORIZON), st.integers(1, HORIZON), st.integers(0, HORIZON))
def test_the_least_that_is_free_is_that_of_a_scan(
    windows: list[Window], claims: list[Claim], start: int, length: int, now: int
) -> None:
    """CAP-INSTANT-1: the sweep over edges finds what a look at every instant finds, and where first."""
    every = [Free(_granted(windows, at) - _taken(claims, at, now), at) for at in range(start, start + length)]
    found = least_free(windows, claims, start, start + length, now_ms=now)
    assert found == min(every, key=lambda free: (free.units, free.at_ms))


@given(_windows(), _windows(), _CLAIMS, st.integers(0, HORIZON))
def test_a_cut_is_refused_exactly_where_a_scan_finds_claims_without_units(
    standing: list[Window], proposed: list[Window], claims: list[Claim], now: int
) -> None:
    """CAP-CUT-1: only a reduction, from now on, below what is claimed is at fault."""
    faults = [
        Free(_granted(proposed, at) - _taken(claims, at, now), at)
        for at in range(now, 3 * HORIZON)
        if _granted(proposed, at) < _granted(standing, at)
        and _taken(claims, at, now) > _granted(proposed, at)
    ]
    found = first_cut_below_claims(standing, proposed, claims, now_ms=now)
    assert (found is None) == (not faults)
    if found is not None:
        assert found == faults[0]


def test_nothing_is_free_past_the_last_window() -> None:
    """CAP-WINDOW-2: an interval that reaches past the last window has an instant with nothing."""
    assert least_free([Window(0, 10, 8)], [], 5, 11, now_ms=0) == Free(0, 10)
    assert least_free([Window(0, 10, 8)], [], 5, 10, now_ms=0) == Free(8, 5)


def test_touching_windows_leave_no_gap() -> None:
    """CAP-WINDOW-1: windows are half-open, so what touches is continuous."""
    assert least_free([Window(0, 5, 3), Window(5, 10, 4)], [], 0, 10, now_ms=0) == Free(3, 0)


def test_a_claim_whose_end_has_passed_takes_its_units_at_every_later_instant() -> None:
    """CAP-RELEASE-1: time alone frees nothing; before its end a claim leaves what follows to others."""
    windows, claim = [Window(0, 100, 8)], Claim(0, 10, 8)
    assert least_free(windows, [claim], 50, 60, now_ms=9).units == 8
    assert least_free(windows, [claim], 50, 60, now_ms=10) == Free(0, 50)


def test_an_overdue_claim_does_not_stand_in_the_way_of_a_renewal() -> None:
    """CAP-CUT-1: a grant that takes nothing away is accepted, however much is claimed."""
    claims = [Claim(0, 10, 8)]
    assert first_cut_below_claims([Window(0, 20, 8)], [Window(0, 40, 8)], claims, now_ms=15) is None
    assert first_cut_below_claims([Window(0, 20, 8)], [Window(0, 20, 7)], claims, now_ms=15) == Free(-1, 15)


def test_lines_of_one_hold_add_up_over_base_pools() -> None:
    """CAP-DRAW-1: every unit of a pool takes its share of every base pool, over all lines together."""
    draws = {"small": {"gpus": 1}, "large": {"gpus": 8, "hosts": 1}, "hosts": {}}
    units = units_by_pool([("small", 3), ("large", 2), ("hosts", 1)], draws)
    assert units == {"small": 3, "gpus": 19, "large": 2, "hosts": 3}
