"""Writes the vectors of requirements-language.md into the conformance package.

`python -m conformance.tests.vectors.matching_vectors` writes them anew; a test proves that the files are what
this writes. Every answer in the cases is derived by hand from the specification; none comes from running an
implementation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.tests.vectors import (
    matching_buyer_cases,
    matching_demand_cases,
    matching_demand_text_cases,
    matching_edge_cases,
    matching_evidence_cases,
    matching_group_cases,
    matching_match_cases,
    matching_preference_cases,
    matching_text_cases,
    matching_trap_cases,
    matching_truth_cases,
    matching_window_cases,
)
from conformance.tests.vectors.case import write
from conformance.tests.vectors.matching_cases import Case

FOLDER: Final = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors" / "matching"
CASES: Final[list[Case]] = [
    *matching_truth_cases.CASES,
    *matching_evidence_cases.CASES,
    *matching_group_cases.CASES,
    *matching_text_cases.CASES,
    *matching_match_cases.CASES,
    *matching_demand_cases.CASES,
    *matching_buyer_cases.CASES,
    *matching_window_cases.CASES,
    *matching_preference_cases.CASES,
    *matching_demand_text_cases.CASES,
    *matching_trap_cases.CASES,
    *matching_edge_cases.CASES,
]


if __name__ == "__main__":
    write(FOLDER, CASES)
