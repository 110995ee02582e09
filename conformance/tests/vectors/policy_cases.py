"""Vectors of policies.md: which evidence counts for which clause."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from conformance.tests.vectors.attestations import (
    OFFER,
    SITE,
    attestation,
    attested,
    attester,
    benchmark,
    compliance,
    result,
)
from conformance.tests.vectors.case import Case, apart, one_away
from conformance.tests.vectors.log_cases import OK, rejected
from conformance.tests.vectors.signing import b64
from conformance.tests.vectors.status_lists import list_body, list_file
from conformance.tests.vectors.trust_cases import NOW, PROVIDER, Value

BENCH, BENCH_2, ASSESSOR, ACCREDITOR = (
    "bench.example.org",
    "lab.example.com",
    "assessor.example.cn",
    "root.example.cn",
)
COMPLY_UNTIL: Final[Value] = {"validUntil": "2027-01-15T00:00:00Z"}
PROVIDER_TRUST: Final = f"crex://{PROVIDER}/trust/main"
DIGEST: Final = "ab" * 32
SUBJECT: Final[Value] = {
    "authority": PROVIDER,
    "documents": [
        {"id": OFFER, "revision": "4", "sha256": "cd" * 32},
        {"id": SITE, "revision": "3", "sha256": DIGEST},
        {"id": PROVIDER_TRUST},
    ],
}
ROOTS: Final = [b64(attester(it)) for it in (BENCH, BENCH_2, ASSESSOR, ACCREDITOR, PROVIDER)]


def given(policy: Value, *attestations: str, **members: Any) -> Value:
    """What is judged."""
    return {
        "policy": policy,
        "subject": SUBJECT,
        "roots": ROOTS,
        "pinnedAt": NOW,
        "attestations": list(attestations),
    } | members


def clause(kind: str = "benchmark", **members: Any) -> Value:
    """A policy of one clause."""
    return {"require": [{"predicateType": kind} | members]}


def holds(id_: str, requirement: str, why: str, policy: Value, *attestations: str, **members: Any) -> Case:
    """A policy that holds."""
    return Case(
        id_,
        [requirement],
        why,
        "policy.evaluate",
        apart(given(policy, *attestations, **members)),
        OK,
        now=NOW,
    )


def fails(
    base: Case, id_: str, requirement: str, change: str, why: str, *attestations: str, **members: Any
) -> Case:
    """A policy that is not met, one change away; without attestations those of the base stay."""
    changed = members | ({"attestations": list(attestations)} if attestations else {})
    asked = apart({name: it for name, it in (base.input | changed).items() if it is not None})
    return one_away(base, id_, [requirement], change, why, input=asked, expect=rejected("POLICY"))


def but(base: Case, id_: str, requirement: str, why: str, *attestations: str, **members: Any) -> Case:
    """A further case that holds."""
    case = fails(base, id_, requirement, "", why, *attestations, **members)
    return replace(case, base="", change="", expect=OK)


def where(path: str, **test: Any) -> Value:
    """A condition."""
    return {"path": path} | test


FIGURE: Final = attested(attestation(BENCH, "benchmark", benchmark()))
EMPTY: Final = holds("empty-policy-accepted", "POLICY-CLAUSE-1", "An empty policy demands nothing.", {})
PLAIN: Final = holds("benchmark-accepted", "POLICY-PREDICATE-1", "Somebody measured it.", clause(), FIGURE)


def figure_of(
    issuer: str = BENCH,
    subjects: list[Value] | None = None,
    predicate: Value | None = None,
    signer: str = "",
    **header: Any,
) -> str:
    """A benchmark of an issuer, signed."""
    return attested(attestation(issuer, "benchmark", predicate or benchmark(), subjects, **header), signer)


def _plain() -> list[Case]:
    two = holds(
        "two-clauses-accepted",
        "POLICY-CLAUSE-1",
        "Each clause has its attestation.",
        {"require": [{"predicateType": "benchmark"}, {"predicateType": "compliance"}]},
        FIGURE,
        attested(attestation(ASSESSOR, "compliance", compliance(), **COMPLY_UNTIL)),
    )
    exact = but(
        PLAIN,
        "benchmark-of-the-exact-revision-accepted",
        "POLICY-SUBJECT-1",
        "Name, revision and digest are those of the site.",
        figure_of(subjects=[{"id": SITE, "revision": "3", "sha256": DIGEST}]),
    )
    return [
        EMPTY,
        PLAIN,
        two,
        exact,
        but(
            PLAIN,
            "benchmark-of-the-seller-accepted",
            "POLICY-SUBJECT-1",
            "The provider stands under the name of its trust document.",
            figure_of(subjects=[{"id": PROVIDER_TRUST}]),
        ),
        but(
            PLAIN,
            "benchmark-of-the-bytes-accepted",
            "POLICY-SUBJECT-1",
            "The digest alone names the site's bytes.",
            figure_of(subjects=[{"sha256": DIGEST}]),
        ),
        but(
            PLAIN,
            "benchmark-of-another-and-this-accepted",
            "POLICY-SUBJECT-1",
            "One of its subjects is the site.",
            figure_of(subjects=[{"id": f"{SITE}b"}, {"id": SITE}]),
        ),
        fails(
            two,
            "one-clause-of-two",
            "POLICY-CLAUSE-1",
            "The compliance attestation is left out.",
            "Every clause must hold, not one.",
            FIGURE,
        ),
        fails(
            PLAIN,
            "no-evidence",
            "POLICY-CLAUSE-1",
            "There is no attestation.",
            "Missing evidence never helps.",
            attestations=[],
        ),
        fails(
            PLAIN,
            "attestation-of-another-predicate",
            "POLICY-PREDICATE-1",
            "The attestation is of capacity.",
            "A count is no measurement.",
            attested(
                attestation(
                    BENCH,
                    "capacity",
                    {
                        "quantity": "8",
                        "unit": f"{SITE}/node-class/n",
                        "observed": {"start": "2026-10-31T08:00:00Z", "end": "2026-10-31T09:00:00Z"},
                        "method": "inspection",
                    },
                )
            ),
        ),
        fails(
            PLAIN,
            "attestation-about-something-else",
            "POLICY-SUBJECT-1",
            "It is about another site.",
            "What is so of one site is not so of another.",
            figure_of(subjects=[{"id": f"{SITE}b"}]),
        ),
        fails(
            exact,
            "attestation-of-another-revision",
            "POLICY-SUBJECT-1",
            "It is about revision 2.",
            "What was so of revision 2 need not be so of revision 3.",
            figure_of(subjects=[{"id": SITE, "revision": "2"}]),
        ),
        fails(
            exact,
            "attestation-of-mixed-documents",
            "POLICY-SUBJECT-1",
            "It states the site's name with the offer's digest.",
            "Each part is true of some document, and of none together.",
            figure_of(subjects=[{"id": SITE, "sha256": "cd" * 32}]),
        ),
        fails(
            exact,
            "attestation-of-an-unknown-revision",
            "POLICY-SUBJECT-1",
            "It is about revision 1 of the provider's trust document, which the reader does not know.",
            "What is bound to a revision says nothing to whoever does not know it.",
            figure_of(subjects=[{"id": PROVIDER_TRUST, "revision": "1"}]),
        ),
        fails(
            PLAIN,
            "attestation-signed-by-a-stranger",
            "POLICY-PREDICATE-1",
            "It is signed by another's key.",
            "Only what was verified counts.",
            figure_of(signer=BENCH_2),
        ),
        fails(
            PLAIN,
            "attestation-of-an-issuer-that-is-not-pinned",
            "POLICY-PREDICATE-1",
            "The issuer's trust document is not pinned.",
            "Nobody vouches for that issuer.",
            roots=ROOTS[1:],
        ),
        fails(
            PLAIN,
            "attestation-ended",
            "POLICY-VALID-1",
            "It ends at the time of evaluation.",
            "An end is exclusive.",
            figure_of(validUntil=NOW),
        ),
        but(
            PLAIN,
            "attestation-in-its-last-moment-accepted",
            "POLICY-VALID-1",
            "It ends a millisecond later.",
            figure_of(validUntil="2026-11-01T12:30:00.001Z"),
        ),
    ]


def _revocable() -> list[Case]:
    name = f"crex://{BENCH}/status-list/a"
    roots = [b64(attester(BENCH, statusLists=[name])), *ROOTS[1:]]
    header = {"id": name, "issuer": BENCH}

    def lists(revoked: list[int]) -> list[Value]:
        return [
            {"envelope": list_file(list_body(revoked, header=header), BENCH), "at": "2026-11-01T12:05:00Z"}
        ]

    figure = figure_of(status={"list": name, "index": "7"})
    base = but(
        PLAIN,
        "revocable-attestation-accepted",
        "POLICY-VALID-1",
        "Its issuer's list says that it stands.",
        figure,
        roots=roots,
        statusLists=lists([8]),
    )
    return [
        base,
        fails(
            base,
            "revoked-attestation",
            "POLICY-VALID-1",
            "Its place is revoked.",
            "Its issuer took it back.",
            statusLists=lists([7]),
        ),
        fails(
            base,
            "attestation-of-unknown-status",
            "POLICY-VALID-1",
            "The reader has no list.",
            "What can be revoked must be shown not to be.",
            statusLists=[],
        ),
    ]


def _where() -> list[Case]:
    def of(
        id_: str,
        why: str,
        *conditions: Value,
        requirement: str = "POLICY-WHERE-1",
        predicate: Value | None = None,
    ) -> Case:
        return holds(id_, requirement, why, clause(where=list(conditions)), figure_of(predicate=predicate))

    def no(
        base: Case,
        id_: str,
        change: str,
        why: str,
        *conditions: Value,
        requirement: str = "POLICY-WHERE-1",
        predicate: Value | None = None,
    ) -> Case:
        members: Value = {"policy": clause(where=list(conditions))} if conditions else {}
        return fails(
            base,
            id_,
            requirement,
            change,
            why,
            *([figure_of(predicate=predicate)] if predicate else []),
            **members,
        )

    suite = of(
        "suite-equals-accepted",
        "The suite is the one that is asked for.",
        where("suite", equals="mlperf-inference"),
    )
    rate = of(
        "figure-of-at-least-accepted", "1200.5 is at least 1200.5.", where("results.value", gte="1200.5")
    )
    most = of("figure-of-at-most-accepted", "1200.5 is at most 1200.5.", where("results.value", lte="1200.5"))
    within = of(
        "suite-in-a-list-accepted",
        "The suite is one of two.",
        where("suite", **{"in": {"values": ["crex-host", "mlperf-inference"]}}),
    )
    both = benchmark(result("memory-copy", "12"), result("dense-matrix", "950"))
    apart_ = benchmark(result("memory-copy", "950"), result("dense-matrix", "12"))
    asked = (where("results.metric", equals="dense-matrix"), where("results.value", gte="900"))
    element = of(
        "one-element-meets-both-accepted",
        "The matrix rate itself is above 900.",
        *asked,
        requirement="POLICY-ELEMENT-1",
        predicate=both,
    )
    samples = of(
        "number-as-its-decimal-text-accepted",
        "A number compares as its decimal text.",
        where("results.samples", equals="5"),
    )
    contradicted = benchmark(result("tokens", "9", declared="20", declaredAt="$.x", contradicts=True))
    truth = of(
        "truth-value-as-text-accepted",
        "A truth value compares as `true`.",
        where("results.contradicts", equals="true"),
        predicate=contradicted,
    )
    return [
        suite,
        rate,
        most,
        within,
        element,
        samples,
        truth,
        no(
            suite,
            "suite-differs",
            "Another suite is asked for.",
            "A condition that is not read is none.",
            where("suite", equals="crex-host"),
        ),
        no(
            suite,
            "suite-in-other-letters",
            "The suite is asked for in capitals.",
            "Texts are compared as they stand.",
            where("suite", equals="MLPERF-INFERENCE"),
        ),
        no(
            suite,
            "suite-that-begins-alike",
            "A suite is asked for that begins alike.",
            "A part of a text is another text.",
            where("suite", equals="mlperf"),
        ),
        no(
            suite,
            "absent-member",
            "The digest of the program is asked for, which is not stated.",
            "An absent member meets no condition.",
            where("harnessSha256", equals="0" * 64),
        ),
        no(
            rate,
            "figure-just-below",
            "At least 1200.51 is asked for.",
            "The bound is exact.",
            where("results.value", gte="1200.51"),
        ),
        no(
            rate,
            "figure-compared-as-text",
            "At least 300 is asked for, and the figure is 1000.",
            "As text, 1000 would be below 300; the twin is that 99 is not above 300.",
            where("results.value", gte="300"),
            predicate=benchmark(result("tokens", "99")),
        ),
        no(
            most,
            "figure-just-above",
            "At most 1200.49 is asked for.",
            "The bound is exact.",
            where("results.value", lte="1200.49"),
        ),
        no(
            within,
            "suite-in-another-list",
            "The suite is none of two.",
            "One of these, and no other.",
            where("suite", **{"in": {"values": ["crex-host", "mlperf-training"]}}),
        ),
        no(
            element,
            "two-elements-meet-one-each",
            "The memory rate is 950 and the matrix rate 12.",
            "One element must meet all conditions of its list.",
            requirement="POLICY-ELEMENT-1",
            predicate=apart_,
        ),
        no(
            suite,
            "one-condition-of-two",
            "The version 9.9 is asked for as well.",
            "Every condition must be met.",
            where("suite", equals="mlperf-inference"),
            where("suiteVersion", equals="9.9"),
        ),
        no(
            truth,
            "truth-value-absent",
            "Nothing is declared, and so nothing contradicted.",
            "Absent is not false: it meets neither.",
            where("results.contradicts", equals="false"),
            predicate=benchmark(),
        ),
    ]


def _lists_and_private() -> list[Case]:
    schemes = attested(
        attestation(ACCREDITOR, "accreditation", {"schemes": ["mlps", "iso-27001"]}, [{"id": PROVIDER_TRUST}])
    )
    conditions = [where("schemes", equals="mlps"), where("schemes", equals="iso-27001")]
    lists = holds(
        "two-elements-of-a-plain-list-accepted",
        "POLICY-ELEMENT-1",
        "Each condition on a list of texts is met by some element.",
        clause("accreditation", where=conditions),
        schemes,
    )
    kind = "auditor.example.org/water-audit"

    def water(content: str) -> str:
        return attested(attestation(BENCH, kind, content))

    private = holds(
        "private-predicate-accepted",
        "POLICY-WHERE-1",
        "In a private predicate integers and decimal texts are numbers.",
        clause(kind, where=[where("year", gte="2025"), where("litres", lte="1204000")]),
        water('{"litres":"1204000","year":2025}'),
    )
    return [
        lists,
        fails(
            lists,
            "one-element-of-a-plain-list",
            "POLICY-ELEMENT-1",
            "The accreditation is for one of the two schemes.",
            "Both were asked for.",
            attested(
                attestation(ACCREDITOR, "accreditation", {"schemes": ["mlps"]}, [{"id": PROVIDER_TRUST}])
            ),
        ),
        private,
        fails(
            private,
            "private-number-of-another-kind",
            "POLICY-WHERE-1",
            "The year is a text with a letter.",
            "What is no number is neither above nor below one.",
            water('{"litres":"1204000","year":"2025a"}'),
        ),
        fails(
            private,
            "private-member-absent",
            "POLICY-WHERE-1",
            "The litres are left out.",
            "An absent member meets no condition.",
            water('{"year":2025}'),
        ),
        fails(
            private,
            "private-truth-value-is-no-number",
            "POLICY-WHERE-1",
            "The year is a truth value.",
            "Some languages take true for 1.",
            water('{"litres":"0","year":true}'),
            policy=clause(kind, where=[where("year", gte="1"), where("litres", lte="1204000")]),
        ),
    ]


CASES: Final[list[Case]] = [*_plain(), *_revocable(), *_where(), *_lists_and_private()]
