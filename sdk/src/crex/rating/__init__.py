"""Rating: the algorithm `rate/1`, exact, from pinned inputs to lines, totals and a digest (rating.md)."""

from crex.rating.bounds import check_bounds, check_overlaps, check_quantity
from crex.rating.demand_price import UnknownPrice, price_of_demand
from crex.rating.digest import ALGORITHM, rating_digest, rating_table
from crex.rating.engine import Rating, rate
from crex.rating.lines import Line
from crex.rating.periods import billing_period
from crex.rating.plan import Component, Plan, Tier
from crex.rating.terms import LeaseTerms, use_of
from crex.rating.tzdata import period_at, tz_transitions, zone_between
from crex.rating.zone import Zone

__all__ = [
    "ALGORITHM",
    "Component",
    "LeaseTerms",
    "Line",
    "Plan",
    "Rating",
    "Tier",
    "UnknownPrice",
    "Zone",
    "billing_period",
    "check_bounds",
    "check_overlaps",
    "check_quantity",
    "period_at",
    "price_of_demand",
    "rate",
    "rating_digest",
    "rating_table",
    "tz_transitions",
    "use_of",
    "zone_between",
]
