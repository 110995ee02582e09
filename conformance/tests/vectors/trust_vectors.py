"""Writes the vectors of trust.md into the conformance package.

`python -m conformance.tests.vectors.trust_vectors` writes them anew; a test proves that the files are what
this writes. Every expected reason in the cases is derived by hand from the numbered steps of
proto/spec/trust.md: the first step that the changed input fails. None comes from running an implementation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conformance.tests.vectors import (
    trust_algorithm_cases,
    trust_body_cases,
    trust_delegation_cases,
    trust_document_cases,
    trust_envelope_cases,
    trust_key_cases,
)
from conformance.tests.vectors.case import write
from conformance.tests.vectors.signing_algorithms import keep
from conformance.tests.vectors.trust_cases import Case

FOLDER: Final = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors" / "trust"
CASES: Final[list[Case]] = [
    *trust_envelope_cases.CASES,
    *trust_key_cases.CASES,
    *trust_body_cases.CASES,
    *trust_algorithm_cases.CASES,
    *trust_document_cases.CASES,
    *trust_delegation_cases.CASES,
]


if __name__ == "__main__":
    keep()
    write(FOLDER, CASES)
