"""Rating: the algorithm `rate/1`, exact, from pinned inputs to lines, totals and a digest (rating.md).

Who imports whom: each module only what stands above it.

    zone, windows, terms, series                  time, restrictions, prices that move     steps 1, 5, 8
    component, agreements                         what a plan states, read once
    component_rules, agreement_rules, plan_rules  what a plan must be                      step 2
    plan, succession, bounds                      a plan; plans in turn; what is claimed   step 5
    bill                                          all that rating reads                    step 1
    layout                                        cuts, and which component prices what    steps 7, 8, 10
    measure                                       records to exact sums, cell by cell      steps 9, 12
    quantities                                    months, granularity                      steps 10 to 12
    tiers, charges                                exact amounts                            steps 12 to 15
    hourly, once, spend                           commitments and fees                     steps 13, 14
    multiplier, lines                             factors, rounding, keys                  steps 15 to 17
    adjustments, taxes, digest                    rounded amounts and their table          steps 18 to 23
    engine                                        the order of all this
    corrections                                   what notes state                         step 24

Beside it: `periods` (step 6), `tzdata` and `authoring` for who makes documents, `demand_price` for search,
`demand_bound` for the spend limit of an order, both by `demand_use`.
"""

from crex.rating.bill import Bill, LeaseUse, Openings, Standing
from crex.rating.bounds import check_bounds, check_overlaps, check_quantity
from crex.rating.charges import Factor
from crex.rating.component import Component, Tier
from crex.rating.corrections import Differences, Issued, check_horizon, differences, nothing_owed
from crex.rating.demand_bound import most_of_demand
from crex.rating.demand_price import price_of_demand, taxed_price_of_demand
from crex.rating.demand_use import UnknownPrice
from crex.rating.digest import ALGORITHM, rating_digest, rating_table
from crex.rating.engine import Rating, price, rate, rate_bill
from crex.rating.layout import Layout, edges
from crex.rating.lines import Line
from crex.rating.measure import Sums, measure, timed_uses
from crex.rating.periods import billing_period
from crex.rating.plan import Plan
from crex.rating.series import Series
from crex.rating.taxes import Tax
from crex.rating.terms import INTERRUPTIBLE_MODE, LeaseTerms, use_of
from crex.rating.tzdata import period_at, tz_transitions, zone_between
from crex.rating.zone import Zone

__all__ = [
    "ALGORITHM",
    "INTERRUPTIBLE_MODE",
    "Bill",
    "Component",
    "Differences",
    "Factor",
    "Issued",
    "Layout",
    "LeaseTerms",
    "LeaseUse",
    "Line",
    "Openings",
    "Plan",
    "Rating",
    "Series",
    "Standing",
    "Sums",
    "Tax",
    "Tier",
    "UnknownPrice",
    "Zone",
    "billing_period",
    "check_bounds",
    "check_horizon",
    "check_overlaps",
    "check_quantity",
    "differences",
    "edges",
    "measure",
    "most_of_demand",
    "nothing_owed",
    "period_at",
    "price",
    "price_of_demand",
    "rate",
    "rate_bill",
    "rating_digest",
    "rating_table",
    "taxed_price_of_demand",
    "timed_uses",
    "tz_transitions",
    "use_of",
    "zone_between",
]
