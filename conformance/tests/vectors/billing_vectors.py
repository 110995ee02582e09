"""Writes the vectors of rating.md into the conformance package.

`python -m conformance.tests.vectors.billing_vectors` writes them anew; a test proves that the files are what
this writes. Every answer in the cases is worked out by hand from the specification, and a second, independent
calculation agrees with it; none comes from running the SDK.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.tests.vectors import (
    billing_amount_cases,
    billing_bound_cases,
    billing_clock_cases,
    billing_commitment_cases,
    billing_correction_cases,
    billing_credit_cases,
    billing_exchange_cases,
    billing_fee_cases,
    billing_form_cases,
    billing_joint_cases,
    billing_month_cases,
    billing_period_cases,
    billing_point_cases,
    billing_promise_cases,
    billing_record_cases,
    billing_region_cases,
    billing_revision_cases,
    billing_series_cases,
    billing_share_cases,
    billing_spend_cases,
    billing_sum_cases,
    billing_tax_cases,
    billing_term_cases,
    billing_tier_cases,
    billing_time_cases,
    billing_window_cases,
)
from conformance.tests.vectors.case import Written, write

FOLDER: Final = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors" / "billing"
CASES: Final[list[Written]] = [
    *billing_time_cases.CASES,
    *billing_window_cases.CASES,
    *billing_region_cases.CASES,
    *billing_clock_cases.CASES,
    *billing_amount_cases.CASES,
    *billing_tier_cases.CASES,
    *billing_sum_cases.CASES,
    *billing_fee_cases.CASES,
    *billing_month_cases.CASES,
    *billing_revision_cases.CASES,
    *billing_series_cases.CASES,
    *billing_point_cases.CASES,
    *billing_commitment_cases.CASES,
    *billing_term_cases.CASES,
    *billing_spend_cases.CASES,
    *billing_credit_cases.CASES,
    *billing_share_cases.CASES,
    *billing_bound_cases.CASES,
    *billing_promise_cases.CASES,
    *billing_tax_cases.CASES,
    *billing_exchange_cases.CASES,
    *billing_joint_cases.CASES,
    *billing_record_cases.CASES,
    *billing_form_cases.CASES,
    *billing_correction_cases.CASES,
    *billing_period_cases.CASES,
]


if __name__ == "__main__":
    write(FOLDER, CASES)
