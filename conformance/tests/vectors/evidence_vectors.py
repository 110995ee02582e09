"""Writes the vectors of logs, status, policies, streams and evidence into the conformance package.

`python -m conformance.tests.vectors.evidence_vectors` writes them anew; a test proves that the files are what
this writes. Every answer is derived by hand from the specification; none from running an
implementation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from conformance.tests.vectors import (
    evidence_hardware_cases,
    evidence_log_cases,
    evidence_status_cases,
    log_cases,
    log_checkpoint_cases,
    policy_cases,
    policy_issuer_cases,
    status_cases,
    stream_cases,
)
from conformance.tests.vectors.case import Written, write
from conformance.tests.vectors.signing_algorithms import keep

FOLDER: Final = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors"
AREAS: Final[Mapping[str, Sequence[Written]]] = {
    "log": [*log_cases.CASES, *log_checkpoint_cases.CASES],
    "policy": [*policy_cases.CASES, *policy_issuer_cases.CASES],
    "status": status_cases.CASES,
    "streams": stream_cases.CASES,
    "trust-evidence": [
        *evidence_log_cases.CASES,
        *evidence_status_cases.CASES,
        *evidence_hardware_cases.CASES,
    ],
}


if __name__ == "__main__":
    keep()
    for area, cases in AREAS.items():
        write(FOLDER / area, cases)
