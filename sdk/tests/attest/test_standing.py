"""By whose word an attestation holds, and drafts of attestations."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.attest.drafts import attestation, of_json, party, subject
from crex.attest.standing import Word, standing
from crex.documents import convert
from crex.documents.convert import to_timestamp
from crex.errors import CrexError, DocumentError
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import to_json
from crex.trust.identity import Identity
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[3] / "schemas/examples/valid"
SITE = "crex://cloud.example.cn/site/zhongwei-1"


def header(issuer: str = "assessor.example.cn", **members: Any) -> v1.Header:
    """Gives a header."""
    name = f"crex://{issuer}/attestation/a"
    return v1.Header(id=name, revision=1, issuer=issuer, issued_at=to_timestamp(NOW), **members)


def compliance(issuer: str, *, certificate: str | None = "42", about: str = SITE) -> v1.Attestation:
    """Gives an attestation of MLPS level 3."""
    predicate = v1.CompliancePredicate(
        scheme="mlps", level=3, valid_from="2026-01-01", valid_to="2026-12-31", certificate=certificate
    )
    return attestation(header(issuer), [subject(about)], predicate)


@pytest.fixture(scope="module")
def root() -> Identity:
    """A body that accredits, whoever it is."""
    return Identity.create("root.example.cn", roles=["provider"], now=NOW - timedelta(days=1))


def accredited(
    root: Identity, whom: str = "assessor.example.cn", **scope: list[str]
) -> Verified[v1.Attestation]:
    """Gives an accreditation, signed and verified."""
    predicate = v1.AccreditationPredicate(**scope)
    document = attestation(header(root.authority), [v1.Subject(id=party(whom))], predicate)
    trust = TrustDirectory()
    trust.pin(to_json(root.trust_document), now=NOW)
    return open_envelope(root.sign_document(document), v1.Attestation, trust, now=NOW)


def test_who_speaks_of_its_own_declares_itself() -> None:
    """An issuer that is the subject's authority speaks for itself (COMPLY-CERTIFICATE-1)."""
    found = standing(compliance("cloud.example.cn"))
    assert found.word is Word.SELF_DECLARED
    assert SITE in found.why


def test_without_a_certificate_it_is_a_declaration() -> None:
    """Another's word without a certificate is no more than the subject's own (COMPLY-CERTIFICATE-1)."""
    assert standing(compliance("assessor.example.cn", certificate=None)).word is Word.SELF_DECLARED


def test_an_accreditation_that_was_verified_counts(root: Identity) -> None:
    """An assessor is accredited by one that the caller verified, for the scheme (COMPLY-ACCREDITED-1)."""
    found = standing(compliance("assessor.example.cn"), [accredited(root, schemes=["mlps"])])
    assert (found.word, found.accredited_by) == (Word.ACCREDITED, ("root.example.cn",))


def test_a_citation_alone_counts_for_nothing() -> None:
    """An accreditation that is cited and was not given makes nobody accredited (COMPLY-ACCREDITED-1)."""
    value = json.loads((EXAMPLES / "attestation.compliance.json").read_text("utf-8"))
    found = standing(convert.to_message(value, v1.Attestation))
    assert found.word is Word.THIRD_PARTY
    assert "was not given" in found.why


@pytest.mark.parametrize(
    ("whom", "scope"),
    [
        ("assessor.example.cn", {"schemes": ["iso-27001"]}),
        ("assessor.example.cn", {"predicate_types": ["capacity"]}),
        ("other.example.cn", {"schemes": ["mlps"]}),
    ],
)
def test_an_accreditation_for_something_else(root: Identity, whom: str, scope: dict[str, list[str]]) -> None:
    """Another scheme, another predicate or another party accredits for nothing here."""
    found = standing(compliance("assessor.example.cn"), [accredited(root, whom, **scope)])
    assert found.word is Word.THIRD_PARTY


def test_a_predicate_may_be_accredited_as_such(root: Identity) -> None:
    """An accreditation for a predicate covers attestations of it; for compliance only schemes count."""
    given = [accredited(root, predicate_types=["compliance", "capacity"])]
    assert standing(compliance("assessor.example.cn"), given).word is Word.THIRD_PARTY
    observed = v1.Interval(start=to_timestamp(NOW - timedelta(hours=1)), end=to_timestamp(NOW))
    predicate = v1.CapacityPredicate(quantity=1, unit=SITE, observed=observed, method="inspection")
    counted = attestation(header(), [subject(SITE)], predicate)
    assert standing(counted, given).word is Word.ACCREDITED


def test_nobody_accredits_itself(root: Identity) -> None:
    """An accreditation by the issuer for itself counts for nothing (ACCREDIT-SELF-1)."""
    given = [accredited(root, "root.example.cn", schemes=["mlps"])]
    assert standing(compliance("root.example.cn"), given).word is Word.THIRD_PARTY


def test_bytes_belong_to_nobody_known(root: Identity) -> None:
    """Of bytes without a name nobody can tell whose they are, so no accreditation is applied."""
    value = compliance("assessor.example.cn")
    del value.subjects[:]
    value.subjects.append(v1.Subject(sha256="0" * 64))
    assert standing(value, [accredited(root, schemes=["mlps"])]).word is Word.THIRD_PARTY


def test_subjects_are_read() -> None:
    """A name, a name at a revision or digest, and a party can be named."""
    digest = "ab" * 32
    assert subject(SITE) == v1.Subject(id=SITE)
    assert subject(f"{SITE}@7") == v1.Subject(id=SITE, revision=7)
    assert subject(f"{SITE}@sha256:{digest}") == v1.Subject(id=SITE, sha256=digest)
    assert subject("p.example.cn") == v1.Subject(id="crex://p.example.cn/trust/main")


@pytest.mark.parametrize(
    "text", ["", "x", "crex://", f"{SITE}@", f"{SITE}@v1", f"{SITE}@٣", "中文.cn", "a b.cn"]
)
def test_what_names_nothing_is_refused(text: str) -> None:
    """A text that is no name and no authority is refused in words."""
    if text == f"{SITE}@":
        assert subject(text) == v1.Subject(id=SITE)
        return
    with pytest.raises(CrexError):
        subject(text)


def test_drafts_end_with_what_they_attest() -> None:
    """Compliance ends after its last day, evidence an hour after its quote, or as is stated."""
    until = compliance("assessor.example.cn").header.valid_until
    assert convert.from_timestamp(until) == datetime(2027, 1, 1, tzinfo=UTC)
    value = json.loads((EXAMPLES / "attestation.hardware-evidence.json").read_text("utf-8"))
    evidence = convert.to_message(value, v1.Attestation).hardware_evidence
    made = attestation(header(), [subject(SITE)], evidence)
    assert convert.from_timestamp(made.header.valid_until) == datetime(2026, 3, 1, 9, 0, 5, tzinfo=UTC)
    early = header(valid_until=to_timestamp(NOW + timedelta(days=2)))
    assert attestation(early, [subject(SITE)], evidence).header.valid_until == early.valid_until


def test_a_draft_that_breaks_a_rule_is_refused() -> None:
    """Nothing is drafted that a reader would refuse."""
    observed = v1.Interval(start=to_timestamp(NOW), end=to_timestamp(NOW + timedelta(hours=1)))
    predicate = v1.CapacityPredicate(quantity=1, unit=SITE, observed=observed, method="inspection")
    with pytest.raises(DocumentError, match="CAPACITY-TIME-1"):
        attestation(header(), [subject(SITE)], predicate)


def test_a_draft_from_a_file() -> None:
    """A private predicate may be written as an object; it becomes text."""
    value = {
        "subjects": [{"id": SITE}],
        "predicateType": "a.example.cn/noise",
        "other": {"dB": "61", "名": "夜"},
    }
    made = of_json(header(), value)
    assert json.loads(made.other) == {"dB": "61", "名": "夜"}
    wrongs: list[object] = [[], "text", {**value, "header": {}}]
    for wrong in wrongs:
        with pytest.raises(DocumentError, match="without a header"):
            of_json(header(), wrong)
    with pytest.raises(DocumentError, match="ATT-PREDICATE-2"):
        of_json(header(), {**value, "predicateType": "capacity"})
