"""Every parser of hostile bytes, on bytes that were changed at random: no crash, no hang, no acceptance.

`python -m sdk.tests.fuzz.run --seconds 3600` does the same for as long as one likes, from new seeds.
"""

from __future__ import annotations

import pytest

from sdk.tests.fuzz.fuzzing import Fuzzer
from sdk.tests.fuzz.targets import targets

ROUNDS = 2000
TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_accepted(name: str) -> None:
    """What a target begins with is well formed and signed: else nothing behind the first check is reached."""
    for seed in TARGETS[name].seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_bytes_are_refused_by_name(name: str) -> None:
    """Every refusal is a `CrexError` with a reason; nothing that was changed passes for what was signed."""
    fuzzer = Fuzzer(TARGETS[name], f"{name} 1")
    for _ in range(ROUNDS):
        assert (wrong := fuzzer.step()) is None, wrong
    assert fuzzer.answers > 1
