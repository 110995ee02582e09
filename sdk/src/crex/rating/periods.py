"""Billing periods: from one local midnight on the anchor day to the next (rate/1, step 6; RATE-PERIOD-1)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from crex.errors import RatingError
from crex.metering.span import Span, show_ms
from crex.rating.zone import Zone

_MONTHS = 12


def billing_period(instant_ms: int, anchor_day: int, zone: Zone) -> Span:
    """Returns the billing period in which an instant lies.

    Args:
        instant_ms: Milliseconds since 1970 UTC.
        anchor_day: Day of the month on which periods begin, 1 to 31; in a shorter month its last day.
        zone: Pinned offsets of the plan's time zone.

    Returns:
        From local midnight on an anchor day to the next. A midnight that the clocks skip is the first instant
        after the gap; of one that they show twice, the earlier (RATE-PERIOD-1).

    Raises:
        RatingError: SCHEMA if the pinned offsets do not reach to both midnights (RATE-ZONE-1), or the
            calendar does not.
    """
    try:
        return _period(instant_ms, anchor_day, zone)
    except (ValueError, OverflowError) as error:
        raise RatingError(
            "SCHEMA",
            f"The billing period around {show_ms(instant_ms)} leaves the years 0001 to 9999, beyond which "
            "there is no calendar. Correct the period (step 6, RATE-PERIOD-1).",
            details={"step": "6", "requirement": "RATE-PERIOD-1"},
        ) from error


def _period(instant_ms: int, anchor_day: int, zone: Zone) -> Span:
    today = zone.local(instant_ms).date()
    month = today.year * _MONTHS + today.month - 1
    start = zone.midnight(_anchor(month, anchor_day))
    if instant_ms < start:
        return Span(zone.midnight(_anchor(month - 1, anchor_day)), start)
    end = zone.midnight(_anchor(month + 1, anchor_day))
    if instant_ms < end:
        return Span(start, end)
    return Span(end, zone.midnight(_anchor(month + 2, anchor_day)))  # clocks went back over this midnight


def _anchor(month: int, anchor_day: int) -> date:
    year, index = divmod(month, _MONTHS)
    return date(year, index + 1, min(anchor_day, monthrange(year, index + 1)[1]))
