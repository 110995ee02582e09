"""`crex usage` without a network: proofs of records."""

from __future__ import annotations

from pathlib import Path

import pytest

from crex.metering.proof import prove, to_json
from crex.trust.envelope import to_json as envelope_json
from crex.trust.identity import Identity
from sdk.tests.cli.conftest import Shell
from sdk.tests.metering.samples import PROVIDER, START, Batches, hours


@pytest.fixture(scope="module")
def provider() -> Identity:
    """The provider that signed."""
    return Identity.create(PROVIDER, roles=["provider"], now=START)


@pytest.fixture
def proof(provider: Identity, tmp_path: Path) -> tuple[Path, Path]:
    """A proof of the second of five records, and the provider's trust document."""
    batches = Batches(provider)
    draft = batches.draft(hours(5))
    place, trust = tmp_path / "record.proof", tmp_path / "provider.json"
    place.write_bytes(to_json(prove([(batches.sign(draft.message), draft.bodies)], "units", 2)))
    trust.write_bytes(envelope_json(provider.trust_document))
    return place, trust


def test_a_proof_is_checked(crex: Shell, proof: tuple[Path, Path]) -> None:
    """PROOF-BATCH-1: with the provider's trust document alone, and what is proven is shown."""
    place, trust = map(str, proof)
    options = ("--trust", trust, "--at", "2026-03-31T12:00:00Z")
    answer = crex.json("usage", "check-proof", place, *options)
    assert answer["verified"] is True
    assert (answer["record"]["seq"], answer["leafIndex"], answer["treeSize"]) == ("2", "1", "5")
    assert crex("usage", "check-proof", place, *options) == 0
    assert "provider.example signed for this record" in crex.out
    assert "number 2" in crex.out


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"treeSize":"5"', '"treeSize":"6"', "SUBJECT"),
        ('"leafIndex":"1"', '"leafIndex":1', "SCHEMA"),
        ('"leafIndex":"1"', '"leafIndex":"2"', "SUBJECT"),
    ],
)
def test_a_changed_proof_is_refused(
    crex: Shell, proof: tuple[Path, Path], old: str, new: str, reason: str
) -> None:
    """The file is named, and what is wrong with it; the exit code says so too."""
    place, trust = proof
    place.write_text(place.read_text("utf-8").replace(old, new), "utf-8")
    error = crex.json("usage", "check-proof", str(place), "--trust", str(trust))
    assert (crex.code, error["reason"], error["source"]) == (1, reason, str(place))


def test_a_proof_of_a_stranger_is_refused(crex: Shell, proof: tuple[Path, Path]) -> None:
    """Who is not pinned proves nothing."""
    crex("init", "c.example.org", "--role", "consumer")
    error = crex.json("usage", "check-proof", str(proof[0]))
    assert (crex.code, error["reason"]) == (1, "ISSUER")
