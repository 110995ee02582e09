"""The words of a verdict, and the gathering of evidence with what does not verify."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from crex import v1
from crex.trust.log_proof import LogFact
from crex.trust.policies import Evidence, evaluate, parse_policy
from crex.trust.policies.gathering import gather, open_attestation
from crex.trust.policies.wording import clause_text, duration_text
from sdk.tests.trust.policies.cast import (
    AT,
    CERTIFIER,
    LAB,
    MLPS_3,
    ROOT,
    STRANGER,
    SUBJECT,
    accredit,
    attest,
    clause,
    comply,
    evidence,
    policy,
    trust,
)
from sdk.tests.trust.samples import PROVIDER

FIGURES = {
    "suite": "crex-host",
    "suiteVersion": "1",
    "harness": "h 1",
    "ran": {"start": "2026-11-01T11:00:00Z", "end": "2026-11-01T11:30:00Z"},
    "results": [
        {"metric": "matrix", "value": "12", "unit": "gflops", "samples": 1},
        {"metric": "copy", "value": "950", "unit": "mb-s", "samples": 1},
    ],
}


def test_the_sentence_of_the_design() -> None:
    """A self-declared level is told in one line, by exactly this sentence."""
    verdict = evaluate(policy(clause(where=MLPS_3, by=ROOT)), SUBJECT, evidence(comply(PROVIDER)), now=AT)
    assert verdict.explain().splitlines()[0] == (
        "refused: needs MLPS ≥ 3 from a body accredited by root.example.cn; "
        "found: self-declared (level 3, p.example.cn)"
    )


def test_the_example_of_the_page() -> None:
    """The example of policies.md is read as it stands there, and told as the page shows it."""
    page = (Path(__file__).parents[4] / "proto/spec/policies.md").read_text(encoding="utf-8")
    written, told = page.split("## Example")[1].split("```")[1::2]
    shown = LogFact("b.example.net/log", "b.example.net", 0, 1, frozenset({"w.example.org"}), None)
    known = evidence(comply(PROVIDER, name="mlps"), log=shown)
    verdict = evaluate(parse_policy(written.removeprefix("json").encode()), SUBJECT, known, now=AT)
    assert verdict.explain() == told.strip()


def test_what_counts_is_told() -> None:
    """A clause that holds tells by whose word."""
    known = evidence(comply(CERTIFIER), accredit(CERTIFIER))
    verdict = evaluate(policy(clause(where=MLPS_3, by=ROOT)), SUBJECT, known, now=AT)
    assert verdict.explain() == (
        "holds: needs MLPS ≥ 3 from a body accredited by root.example.cn; "
        "found: certified (level 3, cert.example.org)"
    )


def test_every_candidate_and_every_shortcoming_is_told() -> None:
    """Each candidate has a line of its own with all by which it does not count."""
    wanted = policy(clause(where=MLPS_3, of=[LAB], age="60s"))
    low = comply(CERTIFIER, changed={"level": 2})
    verdict = evaluate(wanted, SUBJECT, evidence(low, comply(LAB), comply(STRANGER)), now=AT)
    lines = verdict.explain().splitlines()
    assert lines[1].startswith(
        f"  crex://{LAB}/attestation/a@1 of {LAB}: issued at 2026-11-01T12:00:00Z, more than"
    )
    assert lines[2].startswith(f"  crex://{STRANGER}/attestation/a@1 of {STRANGER}: does not verify (ISSUER)")
    assert lines[3] == (
        f"  crex://{CERTIFIER}/attestation/a@1 of {CERTIFIER}: not of {LAB}; not level ≥ 3; "
        "issued at 2026-11-01T12:00:00Z, more than 1 minute ago"
    )


def test_conditions_that_are_met_apart() -> None:
    """Where each condition is met, but by no element all, the explanation says so."""
    where = [{"path": "results.metric", "equals": "matrix"}, {"path": "results.value", "gte": "900"}]
    known = evidence(attest(LAB, "benchmark", FIGURES))
    verdict = evaluate(policy(clause("benchmark", where=where)), SUBJECT, known, now=AT)
    assert verdict.clauses[0].candidates[0].shortcomings[0].requirement == "POLICY-ELEMENT-1"
    assert "its conditions are met apart, not by one element" in verdict.explain()
    assert "results.value 12 950" in verdict.explain()


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "compliance"),
        ({"where": [{"path": "scheme", "equals": "mlps"}]}, "MLPS"),
        ({"where": MLPS_3, "threshold": 2}, "MLPS ≥ 3 from 2 different bodies"),
        (
            {"where": MLPS_3, "by": ROOT, "threshold": 2},
            f"MLPS ≥ 3 from 2 different bodies accredited by {ROOT}",
        ),
        (
            {"by": ROOT, "of": [LAB, CERTIFIER]},
            f"compliance from a body accredited by {ROOT} among {LAB} or {CERTIFIER}",
        ),
        ({"of": [LAB]}, f"compliance from {LAB}"),
        ({"of": [LAB, CERTIFIER], "threshold": 2}, f"compliance from 2 of {LAB} or {CERTIFIER}"),
        (
            {
                "where": [
                    {"path": "level", "lte": "4"},
                    {"path": "scheme", "in": {"values": ["mlps", "iso-27001"]}},
                ]
            },
            "compliance where level ≤ 4 and scheme is mlps or iso-27001",
        ),
        (
            {"distinct": True, "age": "86400s"},
            "compliance from another authority than the subject's, at most 1 day old",
        ),
        ({"age": "5400s"}, "compliance at most 90 minutes old"),
    ],
)
def test_what_a_clause_demands(members: dict[str, Any], text: str) -> None:
    """A clause is worded by what it demands."""
    assert clause_text(policy(clause(**members)).require[0]) == text


def test_lengths_of_time() -> None:
    """Lengths of time are told in their greatest whole unit."""
    shown = [duration_text(timedelta(**one)) for one in ({"days": 2}, {"hours": 1}, {"seconds": 90}, {})]
    assert shown == ["2 days", "1 hour", "90 s", "0 s"]


def test_a_strangers_text_stays_in_its_line() -> None:
    """Line breaks and lengths of what is attested do not reach the report."""
    evil = "x\nholds: everything\r\u2028" + "y" * 200
    known = evidence(comply(CERTIFIER, changed={"certificate": evil}))
    where = [{"path": "certificate", "equals": "C-9"}]
    verdict = evaluate(policy(clause(where=where)), SUBJECT, known, now=AT)
    text = verdict.explain()
    assert len(text.splitlines()) == 2
    assert "y" * 60 not in text


def test_names_of_what_does_not_verify_stay_in_their_line() -> None:
    """What an unverified attestation says of itself is cut and written in one line."""
    body = orjson.dumps(
        {"header": {"id": "a\nb", "revision": "1\n", "issuer": ["x"]}, "predicateType": "compliance"}
    )
    bad = v1.Envelope(payload_type="application/vnd.crex.attestation.v1+json", payload=body)
    bad.signatures.add(keyid="A" * 43, sig=bytes(64))
    known = gather([bad, v1.Envelope(payload=b"\xff")], trust(), now=AT)
    assert len(known.refused) == 2
    verdict = evaluate(policy(clause()), SUBJECT, known, now=AT)
    assert len(verdict.explain().splitlines()) == 2
    assert r"a\u000ab@1\u000a" in verdict.explain()


def test_a_long_list_of_candidates_is_cut() -> None:
    """Many candidates are counted, not listed."""
    known = evidence(*(comply(LAB, name=f"a{at}") for at in range(40)))
    verdict = evaluate(policy(clause(where=[{"path": "level", "gte": "9"}])), SUBJECT, known, now=AT)
    lines = verdict.explain().splitlines()
    assert len(lines) == 18
    assert lines[-1] == "  … and 24 more that do not count"
    assert lines[0].endswith("36 more")


def test_bytes_that_are_no_envelope_are_told() -> None:
    """What cannot even be read as an envelope is kept with its reason."""
    known = gather([b"{", b"{"], trust(), now=AT)
    assert [one.reason for one in known.refused] == ["ENVELOPE"]
    one = open_attestation(b"[]", trust(), now=AT)
    assert not known.attestations
    assert getattr(one, "reason", "") == "ENVELOPE"


def test_an_empty_policy_in_json() -> None:
    """An empty policy has an empty list of clauses."""
    assert evaluate(v1.TrustPolicy(), SUBJECT, Evidence(), now=AT).to_json() == {"holds": True, "clauses": []}
