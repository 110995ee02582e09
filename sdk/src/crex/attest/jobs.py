"""What processes that measure are told, and what they have prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Job = Mapping[str, Any]

# The module that prepares each kind of job.
KINDS: Final[Mapping[str, str]] = {
    "memory-copy": "crex.attest.memory",
    "memory-triad": "crex.attest.memory",
    "matrix": "crex.attest.matrix",
    "disk": "crex.attest.disk",
    "loopback-server": "crex.attest.network",
    "loopback-client": "crex.attest.network",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job that is ready to be sampled.

    Attributes:
        sample: Takes one sample; gives how much was done, in the unit of the job: bytes, operations.
        facts: What was found while preparing, for whoever gave the job.
    """

    sample: Callable[[], int]
    facts: Mapping[str, Any] = field(default_factory=dict)
