"""Vectors of policies: who attests, for whom it is accredited, and what no policy may say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from conformance.tests.vectors.attestations import (
    attestation,
    attested,
    attester,
    compliance,
    without,
)
from conformance.tests.vectors.case import Case
from conformance.tests.vectors.log_cases import OK, rejected
from conformance.tests.vectors.policy_cases import (
    ACCREDITOR,
    ASSESSOR,
    BENCH,
    BENCH_2,
    COMPLY_UNTIL,
    DIGEST,
    FIGURE,
    ROOTS,
    but,
    clause,
    fails,
    figure_of,
    holds,
    where,
)
from conformance.tests.vectors.signing import b64
from conformance.tests.vectors.trust_cases import NOW, PROVIDER, Value


def _issuers() -> list[Case]:
    named = holds(
        "named-issuer-accepted",
        "POLICY-ISSUER-1",
        "The issuer is one of those named.",
        clause(issuers=[BENCH]),
        FIGURE,
    )
    distinct = holds(
        "third-party-benchmark-accepted",
        "POLICY-DISTINCT-1",
        "Somebody else measured.",
        clause(distinctFromSubject=True),
        FIGURE,
    )
    own = figure_of(PROVIDER)
    age = holds(
        "benchmark-of-this-age-accepted",
        "POLICY-AGE-1",
        "It was issued exactly as long ago as the greatest age.",
        clause(maxAge="1800s"),
        FIGURE,
    )
    second = figure_of(BENCH_2)
    two = holds(
        "two-issuers-accepted",
        "POLICY-THRESHOLD-1",
        "Two issuers attest.",
        clause(threshold=2),
        FIGURE,
        second,
    )
    lent = [{"to": BENCH, "types": ["attestation"], "maxDepth": 0, "expiresAt": "2027-11-01T12:00:00Z"}]
    lending = [*ROOTS[:1], b64(attester(BENCH_2, delegations=lent)), *ROOTS[2:]]
    return [
        named,
        distinct,
        age,
        two,
        but(
            distinct,
            "self-issued-benchmark-where-it-may-be-accepted",
            "POLICY-DISTINCT-1",
            "The clause does not ask for somebody else.",
            own,
            policy=clause(),
        ),
        fails(
            named,
            "issuer-that-is-not-named",
            "POLICY-ISSUER-1",
            "Another issuer is named.",
            "Whom the reader names, it means.",
            policy=clause(issuers=[BENCH_2]),
        ),
        fails(
            distinct,
            "self-issued-benchmark",
            "POLICY-DISTINCT-1",
            "The provider measured itself.",
            "A declaration with a method is a declaration.",
            own,
        ),
        fails(
            distinct,
            "self-issued-benchmark-in-anothers-name",
            "POLICY-DISTINCT-1",
            "The provider signed in the name of another that delegates to it.",
            "What it signs in another's name is its own as well.",
            figure_of(BENCH, signer=PROVIDER),
            roots=[b64(attester(BENCH, delegations=[{**lent[0], "to": PROVIDER}])), *ROOTS[1:]],
        ),
        fails(
            age,
            "benchmark-too-old",
            "POLICY-AGE-1",
            "The greatest age is a millisecond less.",
            "Age is exact.",
            policy=clause(maxAge="1799.999s"),
        ),
        fails(
            two,
            "one-issuer-twice",
            "POLICY-THRESHOLD-1",
            "Both attestations are of one issuer.",
            "Attestations are not issuers.",
            FIGURE,
            figure_of(name="2"),
        ),
        fails(
            two,
            "two-issuers-of-one-signer",
            "POLICY-THRESHOLD-2",
            "The second is in another's name, signed by the first under a delegation.",
            "Two names in one hand are one voice.",
            FIGURE,
            figure_of(BENCH_2, signer=BENCH),
            roots=lending,
        ),
        but(
            two,
            "two-issuers-of-which-one-signed-twice-accepted",
            "POLICY-THRESHOLD-2",
            "The second issuer signed for itself, too: each can be given a signer of its own.",
            FIGURE,
            figure_of(BENCH_2, signer=BENCH),
            figure_of(BENCH_2, name="2"),
            roots=lending,
        ),
    ]


def _accredited() -> list[Case]:
    certificate = attested(attestation(ASSESSOR, "compliance", compliance(), **COMPLY_UNTIL))
    policy = clause(
        "compliance",
        where=[where("scheme", equals="mlps"), where("level", gte="3")],
        issuersAccreditedBy=ACCREDITOR,
    )
    assessor = f"crex://{ASSESSOR}/trust/main"

    def accreditation(issuer: str = ACCREDITOR, subject: Value | None = None, **predicate: Any) -> str:
        return attested(
            attestation(
                issuer, "accreditation", predicate or {"schemes": ["mlps"]}, [subject or {"id": assessor}]
            )
        )

    base = holds(
        "accredited-compliance-accepted",
        "POLICY-ACCREDITED-1",
        "Level 3 by a body that the named authority accredits.",
        policy,
        certificate,
        accreditation(),
    )
    level_2 = attested(attestation(ASSESSOR, "compliance", compliance(2), **COMPLY_UNTIL))
    self_declared = attested(
        attestation(ASSESSOR, "compliance", without(compliance(), "certificate"), **COMPLY_UNTIL)
    )
    plain = holds(
        "self-declared-compliance-accepted",
        "POLICY-SELF-1",
        "The clause asks for no more than somebody's word.",
        clause("compliance"),
        attested(attestation(PROVIDER, "compliance", without(compliance(), "certificate"), **COMPLY_UNTIL)),
    )
    ended = compliance(validTo="2026-10-31")
    figure = clause(issuersAccreditedBy=ACCREDITOR)
    to_bench: Value = {"id": f"crex://{BENCH}/trust/main"}
    by_type = holds(
        "accredited-benchmark-accepted",
        "POLICY-ACCREDITED-1",
        "Of what is no compliance, the type must be named.",
        figure,
        FIGURE,
        accreditation(subject=to_bench, predicateTypes=["benchmark"]),
    )
    return [
        base,
        plain,
        by_type,
        but(
            base,
            "accreditation-of-a-revision-accepted",
            "POLICY-ACCREDITED-1",
            "Bound to the revision of the trust document by which the attestation was judged.",
            certificate,
            accreditation(subject={"id": assessor, "revision": "1"}),
        ),
        fails(
            base,
            "unaccredited-issuer",
            "POLICY-ACCREDITED-1",
            "There is no accreditation.",
            "Anybody can print a certificate.",
            certificate,
        ),
        fails(
            base,
            "accredited-by-another",
            "POLICY-ACCREDITED-1",
            "The accreditation is another authority's.",
            "The reader says whose accreditation counts.",
            certificate,
            accreditation(BENCH),
        ),
        fails(
            base,
            "accredited-by-itself",
            "ACCREDIT-SELF-1",
            "The assessor accredits itself, and is the authority that is named.",
            "Nobody accredits itself.",
            certificate,
            accreditation(ASSESSOR),
            policy={"require": [{**policy["require"][0], "issuersAccreditedBy": ASSESSOR}]},
        ),
        fails(
            base,
            "accredited-for-another-scheme",
            "POLICY-ACCREDITED-1",
            "The accreditation is for another scheme.",
            "A body is accredited for what it knows.",
            certificate,
            accreditation(schemes=["iso-27001"]),
        ),
        fails(
            base,
            "accredited-for-the-type-only",
            "POLICY-ACCREDITED-1",
            "The accreditation names the type compliance and no scheme.",
            "For compliance only the scheme counts.",
            certificate,
            accreditation(predicateTypes=["compliance"]),
        ),
        fails(
            by_type,
            "accredited-for-a-scheme-only",
            "POLICY-ACCREDITED-1",
            "The accreditation names a scheme, and the attestation is a benchmark.",
            "For all else only the type counts.",
            FIGURE,
            accreditation(subject=to_bench, schemes=["mlps"]),
        ),
        fails(
            base,
            "accreditation-of-another-body",
            "POLICY-ACCREDITED-1",
            "The accreditation is of another body.",
            "One is accredited by name.",
            certificate,
            accreditation(subject=to_bench),
        ),
        fails(
            base,
            "accreditation-of-another-revision",
            "POLICY-ACCREDITED-1",
            "The accreditation is bound to revision 2 of the assessor's trust document.",
            "It covers what was judged by that revision.",
            certificate,
            accreditation(subject={"id": assessor, "revision": "2"}),
        ),
        fails(
            base,
            "accreditation-of-bytes",
            "POLICY-ACCREDITED-1",
            "The accreditation is bound to a digest of the trust document.",
            "A reader of an attestation does not have these bytes.",
            certificate,
            accreditation(subject={"id": assessor, "sha256": DIGEST}),
        ),
        fails(
            base,
            "accredited-at-second-hand",
            "POLICY-ACCREDITED-1",
            "The named authority accredits a body that accredits the assessor.",
            "It is one step.",
            certificate,
            accreditation(BENCH),
            accreditation(subject=to_bench, schemes=["mlps"], predicateTypes=["accreditation"]),
        ),
        fails(
            base,
            "accreditation-ended",
            "POLICY-VALID-1",
            "The accreditation has ended.",
            "When it falls, what was issued under it falls with it.",
            certificate,
            attested(
                attestation(
                    ACCREDITOR, "accreditation", {"schemes": ["mlps"]}, [{"id": assessor}], validUntil=NOW
                )
            ),
        ),
        fails(
            base,
            "level-too-low",
            "POLICY-WHERE-1",
            "The certificate is of level 2.",
            "Level 2 is below level 3.",
            level_2,
            accreditation(),
        ),
        fails(
            base,
            "level-absent",
            "POLICY-WHERE-1",
            "The certificate states no level.",
            "An absent level is none.",
            attested(attestation(ASSESSOR, "compliance", compliance(None), **COMPLY_UNTIL)),
            accreditation(),
        ),
        fails(
            base,
            "accredited-and-self-declared",
            "POLICY-SELF-1",
            "No certificate was issued.",
            "An accredited body's word without a certificate is a word.",
            self_declared,
            accreditation(),
        ),
        fails(
            plain,
            "self-declared-where-another-is-asked",
            "POLICY-SELF-1",
            "The clause asks for a distinct issuer.",
            "The subject's own word is not another's.",
            policy=clause("compliance", distinctFromSubject=True),
        ),
        but(
            plain,
            "certificate-on-its-first-day-accepted",
            "POLICY-VALID-1",
            "The first day has begun at midnight UTC.",
            attested(attestation(PROVIDER, "compliance", compliance(validFrom="2026-11-01"), **COMPLY_UNTIL)),
        ),
        fails(
            plain,
            "certificate-before-its-first-day",
            "POLICY-VALID-1",
            "The first day is tomorrow.",
            "A certificate begins with its first day.",
            attested(attestation(PROVIDER, "compliance", compliance(validFrom="2026-11-02"), **COMPLY_UNTIL)),
        ),
        fails(
            plain,
            "certificate-after-its-last-day",
            "POLICY-VALID-1",
            "The last day was yesterday.",
            "A certificate ends with its last day.",
            attested(
                attestation(
                    PROVIDER,
                    "compliance",
                    ended,
                    validUntil="2026-11-01T00:00:00Z",
                    issuedAt="2026-10-30T00:00:00Z",
                )
            ),
        ),
    ]


def _document() -> list[Case]:
    families = holds(
        "both-families-accepted",
        "POLICY-FAMILY-1",
        "A key of each family signed.",
        {"signatureFamilies": ["classical", "post-quantum"]},
        families=["classical", "post-quantum"],
    )
    fact: Value = {"log": "l.example.net/log", "witnesses": ["w1.example.org", "w2.example.com"]}
    log = holds(
        "in-a-watched-log-accepted",
        "POLICY-LOG-1",
        "In a log that two witnesses saw.",
        {"log": {"required": True, "quorum": 2}},
        log=fact,
    )
    named = but(
        log,
        "in-a-named-log-accepted",
        "POLICY-LOG-1",
        "In a log of the named authority.",
        policy={"log": {"required": True, "logs": ["l.example.net"]}},
    )
    return [
        families,
        log,
        named,
        fails(
            families,
            "classical-family-only",
            "POLICY-FAMILY-1",
            "Only a classical key signed.",
            "Both must be broken to forge, or one was asked for in vain.",
            families=["classical"],
        ),
        fails(
            log,
            "not-in-a-log",
            "POLICY-LOG-1",
            "There is no proof.",
            "What is not shown is not so.",
            log=None,
        ),
        replace(
            fails(
                log,
                "quorum-of-one",
                "POLICY-QUORUM-1",
                "One witness saw it.",
                "Witnesses are counted.",
                log={**fact, "witnesses": ["w1.example.org"]},
            ),
            expect=rejected("QUORUM"),
        ),
        fails(
            log,
            "quorum-without-required-demands-the-log",
            "POLICY-QUORUM-1",
            "`required` is left out, and there is no proof.",
            "A quorum above 0 requires the log.",
            policy={"log": {"quorum": 2}},
            log=None,
        ),
        fails(
            named,
            "in-another-log",
            "POLICY-LOG-1",
            "Another log is named.",
            "A reader may accept some logs only.",
            policy={"log": {"required": True, "logs": ["m.example.com"]}},
        ),
        replace(
            fails(
                log,
                "witnesses-that-are-not-named",
                "POLICY-QUORUM-1",
                "The policy names one of the two and another.",
                "A reader may count some witnesses only.",
                policy={
                    "log": {"required": True, "quorum": 2, "witnesses": ["w1.example.org", "w3.example.cn"]}
                },
            ),
            expect=rejected("QUORUM"),
        ),
        replace(
            fails(
                log,
                "quorum-with-the-logs-own-witness",
                "POLICY-QUORUM-1",
                "The second witness is of the log's own authority.",
                "Nobody is a witness of itself.",
                log={**fact, "witnesses": ["l.example.net", "w1.example.org"]},
            ),
            expect=rejected("QUORUM"),
        ),
    ]


def _checks() -> list[Case]:
    """What a policy file must not be."""
    good: Value = {
        "require": [
            {
                "predicateType": "benchmark",
                "where": [where("suite", equals="mlperf-inference"), where("results.value", gte="1")],
                "issuers": [BENCH, BENCH_2],
                "threshold": 2,
            },
            {"predicateType": "x.example.com/audit", "where": [where("any.thing", gte="1")]},
        ],
        "log": {"required": True, "quorum": 2, "witnesses": ["w1.example.org", "w2.example.com"]},
        "signatureFamilies": ["classical", "post-quantum"],
    }
    base = Case(
        "policy-that-can-be-met-accepted",
        ["POLICY-CHECK-1"],
        "A policy of all parts.",
        "policy.check",
        {"policy": good},
        OK,
    )

    def no(id_: str, place: str, value: Any, why: str) -> Case:
        return base.but(id_, ["POLICY-CHECK-1"], f"policy.{place}", value, rejected("SCHEMA"), why)

    first = "require[0].where[0]"
    return [
        base,
        no(
            "policy-of-an-unknown-predicate",
            "require[0].predicateType",
            "benchmarks",
            "A slip of the pen would refuse every offer.",
        ),
        no("policy-of-an-unknown-member", f"{first}.path", "suites", "No benchmark has such a member."),
        no(
            "policy-path-that-ends-early", f"{first}.path", "results", "A list of figures is no single value."
        ),
        no("policy-path-beyond-a-text", f"{first}.path", "suite.name", "A text has no members."),
        no(
            "policy-number-of-a-text",
            f"{first}",
            where("suite", gte="1"),
            "A suite is neither above nor below a number.",
        ),
        no(
            "policy-of-two-texts-at-once",
            "require[0].where[1]",
            where("suite", equals="crex-host"),
            "One suite cannot be two.",
        ),
        no(
            "policy-threshold-above-its-issuers",
            "require[0].threshold",
            3,
            "Two issuers are named, and three must attest.",
        ),
        no(
            "policy-quorum-above-its-witnesses",
            "log.quorum",
            3,
            "Two witnesses are named, and three must sign.",
        ),
        no(
            "policy-quorum-of-a-log-not-required",
            "log.required",
            False,
            "A quorum of a log that is not required.",
        ),
        no("policy-of-an-unknown-family", "signatureFamilies[1]", "quantum", "There is no such family."),
    ]


CASES: Final[list[Case]] = [*_issuers(), *_accredited(), *_document(), *_checks()]
