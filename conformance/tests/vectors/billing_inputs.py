"""Inputs of bills of an account, and of bills under a plan and the one that supersedes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.tests.vectors.billing_cases import (
    IN_UTC,
    LATER_SHA256,
    MARCH,
    PLAN_SHA256,
    Value,
    event,
    named,
    offsets_of,
    use,
)
from conformance.tests.vectors.billing_lines import ACCOUNT, LEASE_PATH
from conformance.tests.vectors.case import apart


def lease(name: str, *records: Value, start: str = MARCH[0], quantity: str = "8", **further: Any) -> Value:
    """One of the leases of an account; each of its records is made one of it."""
    return {
        **named(name, start, quantity),
        "records": [{**record, "lease": LEASE_PATH + name} for record in records],
        "service_events": [event("ACTIVATED", start)],
        "gaps": [],
        **further,
    }


def account(
    prices: Value,
    *leases: Value,
    period: tuple[str, str] = MARCH,
    offsets: Sequence[tuple[str, int]] = IN_UTC,
    **further: Any,
) -> Value:
    """The input of a vector: the bill of an account."""
    start, end = period
    value = {
        "plans": [{"plan": prices, "sha256": PLAN_SHA256}],
        "account": ACCOUNT,
        "leases": list(leases),
        "period": {"start": start, "end": end},
        "tz_transitions": offsets_of(prices, offsets),
        **further,
    }
    return apart(value)


def succeeded(prices: Value, at: str, *records: Value, **members: Any) -> Value:
    """The input of a vector: a lease under a plan that ends at an instant, and under its successor.

    Args:
        prices: The earlier plan, without an end.
        at: When the later one takes its place.
        records: The lease's records.
        members: Members of the later plan that are other than the earlier plan's.
    """
    header = prices["header"]
    later = {
        **prices,
        "header": {**header, "id": header["id"].replace("p1", "p2")},
        "effectiveStart": at,
        "supersedes": {"id": header["id"], "revision": "1", "sha256": PLAN_SHA256},
        **members,
    }
    value = use({**prices, "effectiveEnd": at}, *records)
    earlier, sha256 = value.pop("plan"), value.pop("plan_sha256")
    plans = [{"plan": earlier, "sha256": sha256}, {"plan": later, "sha256": LATER_SHA256}]
    return apart({"plans": plans, **value})
