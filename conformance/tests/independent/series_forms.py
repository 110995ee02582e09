"""Step 2 of `rate/1`: price series and exchange rates, from pricing.md."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from conformance.tests.independent import forms

_SERIES: Final[forms.Members] = {
    "header": forms.an_object,
    "currency": forms.currency,
    "baseCurrency?": forms.currency,
    "interval": forms.an_object,
    "points": forms.items(1, 10000),
}
_POINT: Final[forms.Members] = {"start": forms.time, "unitPrice?": forms.decimal, "rate?": forms.an_object}


def check(series: Mapping[str, Any]) -> None:
    """Refuses a series that is not in strict form or breaks a constraint.

    Raises:
        Refused: SCHEMA.
    """
    forms.members(series, _SERIES)
    forms.interval(series["interval"])
    for point in series["points"]:
        forms.members(point, _POINT)
        if "baseCurrency" in series:
            forms.must("rate" in point and "unitPrice" not in point, "a point of rates")
            forms.must(forms.rational(point["rate"]) > 0, "a rate above zero")
        else:
            forms.must("unitPrice" in point and "rate" not in point, "a point of prices")
    first, end = (forms.instant(series["interval"][it]) for it in ("start", "end"))
    starts = [forms.instant(point["start"]) for point in series["points"]]
    forms.must(starts[0] == first, "the first point begins the interval")
    forms.must(all(a < b for a, b in pairwise(starts)), "points ascend")
    forms.must(starts[-1] < end, "points lie within the interval")
