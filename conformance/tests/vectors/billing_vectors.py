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
    billing_form_cases,
    billing_period_cases,
    billing_record_cases,
    billing_time_cases,
)
from conformance.tests.vectors.billing_cases import Case
from conformance.tests.vectors.billing_period_cases import PeriodCase
from conformance.tests.vectors.case import write

FOLDER: Final = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors" / "billing"
CASES: Final[list[Case | PeriodCase]] = [
    *billing_time_cases.CASES,
    *billing_amount_cases.CASES,
    *billing_record_cases.CASES,
    *billing_form_cases.CASES,
    *billing_period_cases.CASES,
]


if __name__ == "__main__":
    write(FOLDER, CASES)
