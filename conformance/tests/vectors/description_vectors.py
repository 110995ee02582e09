"""Writes the vectors of descriptions and names into the conformance package.

`python -m conformance.tests.vectors.description_vectors` writes them anew; a test proves that the files are
what this writes. Every answer in the cases is derived by hand from the specification; none comes from running
an implementation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.tests.vectors import (
    description_device_cases,
    description_fact_cases,
    description_link_cases,
    description_name_cases,
    description_node_cases,
    description_resource_cases,
    description_token_cases,
)
from conformance.tests.vectors.case import Case, write

FOLDER: Final = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors" / "description"
CASES: Final[list[Case]] = [
    *description_node_cases.CASES,
    *description_device_cases.CASES,
    *description_resource_cases.CASES,
    *description_fact_cases.CASES,
    *description_link_cases.CASES,
    *description_name_cases.CASES,
    *description_token_cases.CASES,
]


if __name__ == "__main__":
    write(FOLDER, CASES)
